"""Before a phase's first step: in how many parts a batch goes through the network to fit into the free memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor, nn

from engine.dataset.loader import Batch
from engine.events import Notice
from engine.training.learner.out_of_memory import free_memory, is_out_of_memory, parts_of
from engine.training.learner.step import Learner
from engine.training.learner.step_memory import answer_bytes, step_bytes

USED = 0.8
"""Of what is free, so much may be used: libraries take memory within an operation, and other programs grow."""
ROOMY = 0.5
"""What would take less of it than this with everything trained is not looked at any further."""
FLOAT = 4


@dataclass(frozen=True)
class Asked:
    """What must fit: `photos` a step, each to the network a tensor of `shape`, and `together` to answer for at once. An
    optimizer keeps `kept` numbers of each parameter. `room` is how many bytes are free for it, 0 where nobody knows;
    `by_trial` says that steps are tried for real, as CUDA can tell what they took, and `room` is what is free now."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    photos: int
    together: int
    kept: int
    room: int
    by_trial: bool = False

    def blank(self, photos: int, device: torch.device | str = "meta") -> Tensor:
        return torch.zeros(photos, *self.shape, dtype=self.dtype, device=device)


def free_bytes(device: str) -> int:
    """What can still be taken on a device, as its driver or the system says."""
    if device == "cuda":
        own = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return int(torch.cuda.mem_get_info()[0]) + own
    available = int(psutil.virtual_memory().available)
    if device == "mps":
        return max(0, min(available, torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()))
    return available


def roomy(module: nn.Module, asked: Asked) -> bool:
    """Whether there is room in plenty, whatever part of the network trains; also where nothing can be told."""
    if not asked.room:
        return True
    step = step_bytes(module, asked.blank(asked.photos), everything=True)
    answer = answer_bytes(module, asked.blank(asked.together))
    if step is None or answer is None:
        return True
    return max(step, answer) + _left_behind(module, asked) <= ROOMY * asked.room


def fit(learner: Learner, asked: Asked) -> None:
    """Let `learner` go through the network in the fewest parts that fit, told as a notice where they are more than
    before. Nothing that a step depends on changes but the parts.

    What a step takes is tried where that can be told, else reckoned: so nothing is swapped out on the way, and the same
    `asked` gives the same parts.
    """
    parts = learner.parts
    while (size := _largest(asked.photos, parts)) > _largest(asked.photos, 2 * parts) and not _fits(
        learner, asked, size
    ):
        parts *= 2
    if parts > learner.parts:
        learner.parts = parts
        text = (
            f"Not enough memory is free for {asked.photos} photos at once: they go through the network {size} at a "
            "time, and make one step together."
        )
        learner.notices.append(Notice(text, "batch_parted"))


def answered_together(module: nn.Module, asked: Asked) -> int:
    """How many photos at once fit into an answer, beside all that a step leaves behind."""
    together = asked.together
    while together > 1:
        needed = answer_bytes(module, asked.blank(together))
        if needed is None or needed + _left_behind(module, asked) <= USED * asked.room:
            return together
        together //= 2
    return together


def _left_behind(module: nn.Module, asked: Asked) -> int:
    """Gradients and what the optimizer keeps, of all parameters."""
    return FLOAT * (1 + asked.kept) * sum(parameter.numel() for parameter in module.parameters())


def _largest(photos: int, parts: int) -> int:
    return max(int(place.stop) - int(place.start) for place in parts_of(photos, parts))


def _fits(learner: Learner, asked: Asked, photos: int) -> bool:
    if not asked.by_trial:
        needed = step_bytes(learner.module, asked.blank(photos))
        return needed is None or needed + _state_bytes(learner, asked) <= USED * asked.room
    taken = tried(learner, asked, photos)
    return taken is not None and taken + _state_bytes(learner, asked) <= USED * asked.room


def _state_bytes(learner: Learner, asked: Asked) -> int:
    """Gradients, for those of an earlier part are there when the next goes forward, and what the optimizer keeps; where
    the room is that of now, only what is not there yet."""
    own: list[Tensor] = [parameter for group in learner.optimizer.param_groups for parameter in group["params"]]
    new = [p for p in own if p not in learner.optimizer.state] if asked.by_trial else own
    return FLOAT * (sum(p.numel() for p in own) + asked.kept * sum(p.numel() for p in new))


def tried(learner: Learner, asked: Asked, photos: int) -> int | None:
    """The bytes that so many photos take on a CUDA device beside what is there, None where they do not fit."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    try:
        with untouched(learner):
            labels = torch.zeros(photos, dtype=torch.int64, device=learner.device)
            learner.rehearse(Batch(asked.blank(photos, learner.device), labels, tuple(range(photos))))
        return int(torch.cuda.max_memory_allocated()) - before
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
    free_memory()
    return None


@contextlib.contextmanager
def untouched(learner: Learner) -> Iterator[None]:
    """What is rehearsed within this leaves buffers and the state of torch's generators as they were, and no gradients.

    No gradients may wait for a step.
    """
    kept = [(buffer, buffer.clone()) for buffer in learner.module.buffers()]
    devices = [torch.cuda.current_device()] if learner.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        learner.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)
