"""What resume needs, on disk after every epoch, whole or not at all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engine import runs
from engine.errors import RunError
from engine.training.optimizer import state_by_name

FORMAT = 2  # 1: the optimizer's state by number; still read


@dataclass(frozen=True)
class Progress:
    """Where a run stands after `epoch` epochs; epoch 0 is before the first. `weights` says what it began with.

    `stage_epochs` are the epochs in which the first stages of an unfreezing that waits for validation began.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_val_accuracy: float = -1.0
    best_val_loss: float = float("inf")
    seconds: float = 0.0
    trained_photos: int = 0
    training_seconds: float = 0.0
    weights: str = ""
    stage_epochs: tuple[int, ...] = (1,)


def save(run_dir: Path, network: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Write last.pt, then best.safetensors where this epoch is the best.

    In this order a crash between the two loses nothing: last.pt then holds the best weights itself (see `load`).
    """
    whole = {
        "format": FORMAT,
        "progress": vars(progress),
        "network": network.state_dict(),
        "optimizer": state_by_name(optimizer, network),
    }
    part = run_dir / (runs.LAST + ".part")
    torch.save(whole, part)
    part.replace(run_dir / runs.LAST)
    if progress.best_epoch == progress.epoch:
        save_best(run_dir, network, progress.epoch)


def save_best(run_dir: Path, network: nn.Module, epoch: int) -> None:
    """Write best.safetensors, which names its epoch."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    runs.write_whole(run_dir / runs.BEST, safetensors.torch.save(tensors, {"epoch": str(epoch)}))


def load(run_dir: Path, network: nn.Module) -> tuple[Progress, dict[str, Any] | None]:
    """Put the last checkpoint's weights into `network`; returns where the run stands and the optimizer's state.

    Progress() and None where there is no checkpoint yet. Raises RunError where it is damaged or of another network.
    """
    path = run_dir / runs.LAST
    if not path.is_file():
        return Progress(), None
    try:
        whole = torch.load(path, map_location="cpu", weights_only=True)
        state, progress = whole["network"], Progress(**whole["progress"])
    except Exception as error:  # torch raises many kinds on a damaged file, and all mean the same here
        raise RunError(f"The checkpoint {path} is damaged, so this run cannot go on; start a new one.") from error
    try:
        put_weights(network, state)
    except (RuntimeError, KeyError, AttributeError, TypeError) as error:
        raise RunError(
            f"The checkpoint {path} is damaged, or the model was changed since, as one of your own can be; this run "
            "cannot go on, so start a new one."
        ) from error
    if progress.best_epoch == progress.epoch and best_epoch(run_dir) != progress.epoch:
        save_best(run_dir, network, progress.epoch)
    return progress, whole["optimizer"]


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
