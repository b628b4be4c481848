"""What resume needs, on disk after every epoch and within long ones, whole or not at all."""

from __future__ import annotations

import math
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engine import runs
from engine.errors import RunError
from engine.events import Notice
from engine.training.learner.averaging import shown_tensors
from engine.whole_file import whole_file

FORMAT = 3
"""1 had the optimizer's state by number, 2 knew nothing within an epoch; both are still read."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands after `epoch` epochs; epoch 0 is before the first. `weights` says what it began with.

    `stage_epochs` are the epochs in which the first stages of an unfreezing that waits for validation began,
    `rate_drops` those from which validation had lowered the learning rate. `room` is how many bytes of memory were free
    when the run began on its device, 0 where nobody looked. `network` is what a model of the person's own was by its
    files (`own_models.as_written`), "" for any other and in earlier versions.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_val_accuracy: float = -1.0
    best_val_loss: float = math.inf
    seconds: float = 0.0
    trained_photos: int = 0
    training_seconds: float = 0.0
    weights: str = ""
    stage_epochs: tuple[int, ...] = (1,)
    rate_drops: tuple[int, ...] = ()
    room: int = 0
    network: str = ""


@dataclass(frozen=True)
class Partway:
    """Where the epoch after `Progress.epoch` stands: the sums over its first steps, and the state of the generators
    that dropout draws from, by device."""

    sums: dict[str, Any]
    random: dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """What stands in last.pt beside the network's tensors; `learner` is None where no epoch was begun. `notices` say
    what was damaged, where it was read from the disk."""

    progress: Progress
    learner: dict[str, Any] | None = None
    partway: Partway | None = None
    notices: tuple[Notice, ...] = ()


def save(run_dir: Path, network: nn.Module, made: Checkpoint) -> None:
    """Write last.pt; the one until then stays as last.previous.pt, for a disk can damage what was whole.

    Where an epoch is done and the best, `save_best` comes after it: so a crash between the two loses nothing, as
    last.pt then holds the best weights itself (see `load`). Raises OSError; what is there then stays.
    """
    progress, partway = made.progress, made.partway
    whole = {
        "format": FORMAT,
        "progress": vars(progress),
        "network": network.state_dict(),
        "learner": made.learner,
        "partway": vars(partway) if partway else None,
    }
    try:
        with whole_file(run_dir / runs.LAST, kept_as=run_dir / runs.PREVIOUS) as file:
            torch.save(whole, file)
    except RuntimeError as error:  # torch's own words where the disk refused
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


def save_best(run_dir: Path, tensors: Mapping[str, Tensor], epoch: int) -> None:
    """Write best.safetensors, which names its epoch. Raises OSError."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    runs.write_whole(run_dir / runs.BEST, safetensors.torch.save(whole, {"epoch": str(epoch)}))


def is_there(run_dir: Path) -> bool:
    """Whether there is a checkpoint to go on from."""
    return (run_dir / runs.LAST).is_file() or (run_dir / runs.PREVIOUS).is_file()


def load(run_dir: Path, network: nn.Module, written: str = "") -> Checkpoint:
    """Put the last whole checkpoint's weights into `network`, which by its own files is `written`; returns the rest.

    An empty one where there is none yet. Raises RunError where all are damaged, of another network, or of a newer Thaw.
    """
    if not is_there(run_dir):
        return Checkpoint(Progress(network=written))
    last, previous = run_dir / runs.LAST, run_dir / runs.PREVIOUS
    # After a crash between the two moves of a checkpoint into its place there is the previous one only.
    found = _read(last) if last.is_file() else _read(previous)
    notices: tuple[Notice, ...] = ()
    if found is None and previous.is_file() and (found := _read(previous)):
        last.unlink()  # else it would take the place of the one that is whole
        text = "The last checkpoint was damaged on the disk; the run goes on from the one before it."
        notices = (Notice(text, "checkpoint_damaged", last),)
    if found is None:
        raise RunError(f"The checkpoint {last} is damaged, so this run cannot go on; start a new one.")
    state, made = found
    if written and made.progress.network not in ("", written):
        raise RunError(
            "The model of this run was changed since it began, as one of your own can be, and half a run of one and "
            "half of another is none; put its file back as it was, or start a new run."
        )
    made = replace(made, progress=replace(made.progress, network=written))
    try:
        put_weights(network, state)
    except (RuntimeError, KeyError, AttributeError, TypeError) as error:
        raise RunError(
            f"The checkpoint {last} is damaged, or the model was changed since, as one of your own can be; this run "
            "cannot go on, so start a new one."
        ) from error
    whole = _with_best(run_dir, network, made)
    return replace(whole, notices=notices + whole.notices)


def _read(path: Path) -> tuple[Mapping[str, Tensor], Checkpoint] | None:
    """The tensors and the rest, None where the file is damaged. torch looks at no checksum, so it is done here. Raises
    RunError where a newer Thaw wrote it."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip():
                return None
        whole = torch.load(path, map_location="cpu", weights_only=True)
        newer = whole.get("format", 1) > FORMAT
        found = None if newer else (whole["network"], _checkpoint(whole))
    except Exception:  # torch raises many kinds on a damaged file, and all mean the same here
        return None
    if newer:
        raise RunError(f"The checkpoint {path} is of a newer Thaw; resume the run with that one, or start a new one.")
    return found


def _with_best(run_dir: Path, network: nn.Module, made: Checkpoint) -> Checkpoint:
    """`made`, with best.safetensors written where a crash came before it; where it is damaged or of an epoch that is
    done again, the best is chosen anew from here on: the weights that are here are the best until others are."""
    progress, there = made.progress, best_epoch(run_dir)
    if progress.best_epoch == there or not progress.best_epoch:
        return made
    if not made.partway:
        save_best(run_dir, shown_tensors(network, (made.learner or {}).get("average")), progress.epoch)
        if progress.best_epoch == progress.epoch:
            return made
    best = 0 if made.partway else progress.epoch
    text = "The best weights are damaged or gone; the best are chosen anew, from the last checkpoint on."
    return replace(
        made,
        progress=replace(progress, best_epoch=best, best_val_accuracy=-1.0, best_val_loss=math.inf),
        notices=(Notice(text, "best_lost", run_dir / runs.BEST),),
    )


def _checkpoint(whole: Mapping[str, Any]) -> Checkpoint:
    learner = {"optimizer": whole["optimizer"]} if "optimizer" in whole else whole["learner"]
    partway = whole.get("partway")
    return Checkpoint(Progress(**whole["progress"]), learner, Partway(**partway) if partway else None)


def random_state() -> dict[str, Tensor]:
    """The state of torch's generators, by the devices that are used."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_initialized():
        states["cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def restore_random_state(states: Mapping[str, Tensor]) -> None:
    """Take back what `random_state` gave; that of a device which is not here is left out."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])


def read_progress(run_dir: Path) -> Progress:
    """Where the run of the last checkpoint stands. Raises RunError where it is damaged."""
    path = run_dir / runs.LAST
    try:
        return Progress(**torch.load(path, map_location="cpu", weights_only=True, mmap=True)["progress"])
    except Exception as error:  # as in `load`
        raise RunError(f"The checkpoint {path} is damaged, so nothing can go on from it.") from error


def put_weights(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load all of a network's tensors, as of the versions that its modules have here: a .safetensors file names none,
    and some (MNASNet) read by it. Raises RuntimeError where a tensor is missing, unknown or of another shape."""
    state = OrderedDict(tensors)
    state._metadata = network.state_dict()._metadata  # type: ignore[attr-defined]
    network.load_state_dict(state)


def best_epoch(run_dir: Path) -> int | None:
    """The epoch of best.safetensors, None where there is none or it is damaged."""
    try:
        with safe_open(run_dir / runs.BEST, "pt") as file:
            return int((file.metadata() or {})["epoch"])
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def load_best(run_dir: Path, network: nn.Module) -> None:
    """Put the best epoch's weights into `network`. Raises RunError where they are damaged."""
    try:
        put_weights(network, safetensors.torch.load_file(run_dir / runs.BEST))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise RunError(f"{run_dir / runs.BEST} is damaged; resume the run.") from error
