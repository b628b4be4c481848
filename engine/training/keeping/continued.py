"""Starting from an earlier run: its best weights, with a row of the head for each class that it knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from engine import runs
from engine.config import TrainConfig
from engine.errors import ConfigError, RunError
from engine.models.spec import ModelSpec
from engine.training.keeping import checkpoint


@dataclass(frozen=True)
class EarlierRun:
    """`classes` in the order of its head's rows."""

    folder: Path
    config: TrainConfig
    classes: tuple[str, ...]


def earlier_run(config: TrainConfig) -> EarlierRun:
    """The run that `config` names, checked against it. Raises RunError where it cannot be gone on from."""
    folder = config.continue_from
    assert folder
    if runs.state(folder) == "absent":
        raise RunError(f"There is no run in {folder} to continue from; name the folder of a run.")
    try:
        earlier = runs.read_config(folder)
        _, photos, _ = runs.read_dataset(folder)
    except (ConfigError, OSError, ValueError) as error:
        raise RunError(f"The run in {folder} is damaged, so nothing can continue from it: {error}") from None
    if not (folder / runs.BEST).is_file():
        raise RunError(f"The run in {folder} has no best weights yet; let it finish an epoch, or choose another run.")
    _check_same("model", earlier.model, config.model, folder)
    _check_same("head", earlier.head, config.head, folder)
    if config.head in ("mlp", "batchnorm-mlp"):
        _check_same("head_width", str(earlier.head_width), str(config.head_width), folder)
    return EarlierRun(folder, earlier, tuple(dict.fromkeys(photo.label for photo in photos)))


def _check_same(setting: str, theirs: str, asked: str, folder: Path) -> None:
    if theirs != asked:
        raise RunError(
            f"The run in {folder} has {setting} “{theirs}”, not “{asked}”; to continue from it, set {setting} to "
            f"“{theirs}”."
        )


def check_classes(earlier: EarlierRun, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that are new. Raises RunError that names a class of the earlier run that this dataset lacks."""
    missing = [name for name in earlier.classes if name not in classes]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise RunError(
            f"The class “{missing[0]}”{others} of the run in {earlier.folder} is missing from this dataset; put its "
            "folder of photos back, or start without that run."
        )
    return tuple(name for name in classes if name not in earlier.classes)


def load_earlier(
    network: nn.Module, last_layers: tuple[str, ...], earlier: EarlierRun, classes: tuple[str, ...]
) -> str:
    """Put the earlier run's best weights into `network`; returns what they are, in words.

    The rows of `last_layers` (dotted names of the linear layers with a row for each class) go by the names of the
    classes; those of new classes keep their random beginning. Raises RunError where the weights are damaged.
    """
    path = earlier.folder / runs.BEST
    try:
        state = safetensors.torch.load_file(path)
        wanted = network.state_dict()
        for name in last_layers:
            for part in (f"{name}.weight", f"{name}.bias"):
                state[part] = _rows_by_class(wanted[part], state[part], earlier.classes, classes)
        checkpoint.put_weights(network, state)
    except (OSError, SafetensorError, RuntimeError, KeyError, IndexError) as error:
        raise RunError(f"{path} is damaged or made for another network; nothing can continue from it.") from error
    return f"the run “{earlier.folder.name}”, its best epoch {checkpoint.best_epoch(earlier.folder)}"


def _rows_by_class(new: Tensor, old: Tensor, known: tuple[str, ...], classes: tuple[str, ...]) -> Tensor:
    if len(old) != len(known):
        raise IndexError(f"{len(old)} rows for {len(known)} classes")
    rows = new.clone()
    for row, name in enumerate(classes):
        if name in known:
            rows[row] = old[known.index(name)]
    return rows


def class_layers(network: nn.Module, final: nn.Linear, spec: ModelSpec) -> tuple[str, ...]:
    """The dotted names of the layers with a row for each class: the head's last, and those of auxiliary classifiers."""
    (name,) = (name for name, module in network.named_modules() if module is final)
    return (name, *spec.head.auxiliary)
