"""A step and an answer that do not fit into memory are done in smaller parts."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from engine.errors import ThawError

# What torch says where it has no kind of its own: on CPUs (Linux and Windows), on Apple's GPUs, in CUDA's libraries.
SAID = ("can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED")
FEWEST = 2
"""Photos that a part has at least: batch norm cannot train on one."""


def is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in SAID)
    )


def free_memory() -> None:
    """Let go of what a failed attempt left behind. Call outside its `except`: the exception holds its tensors."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def parts_of(photos: int, parts: int) -> list[slice]:
    """A batch in so many parts, or in fewer: each has at least two photos, where the batch has."""
    size = max(FEWEST, -(-photos // parts))
    starts = list(range(0, photos, size))
    if len(starts) > 1 and photos - starts[-1] < FEWEST:
        starts.pop()
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], photos], strict=True)]


def more_parts(photos: int, parts: int) -> int:
    """Twice as many parts. Raises ThawError where they would hold no fewer photos."""
    if len(parts_of(photos, parts)) == len(parts_of(photos, 2 * parts)):
        raise too_little()
    return 2 * parts


def too_little() -> ThawError:
    return ThawError(
        "The memory is too small even for two photos at once; choose a smaller model or image size, or close other "
        "programs."
    )


class Buffers:
    """The running statistics of a network as they were before a step that may have to be done again."""

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        norms = [module for module in modules if isinstance(module, nn.modules.batchnorm._BatchNorm)]
        by_type: dict[torch.dtype, list[Tensor]] = {}
        for norm in norms:
            for buffer in norm.buffers(recurse=False):
                by_type.setdefault(buffer.dtype, []).append(buffer)
        self._pairs = [(buffers, [buffer.clone() for buffer in buffers]) for buffers in by_type.values()]

    def keep(self) -> None:
        """Remember them as they are now."""
        for buffers, kept in self._pairs:
            torch._foreach_copy_(kept, buffers)

    def put_back(self) -> None:
        for buffers, kept in self._pairs:
            torch._foreach_copy_(buffers, kept)


def answered(
    classifier: Callable[[Tensor], Tensor | Sequence[Tensor]], pixels: Tensor, most: int
) -> tuple[Tensor, int]:
    """What a classifier in eval mode, or whatever gives rows of tensors, answers (N×C), and how many photos at a time
    fitted: `most`, or fewer where the memory was too small. Raises ThawError where not even one fits."""
    while True:
        try:
            return torch.cat([_whole(classifier(part)) for part in pixels.split(most)]), most
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        if most == 1:
            raise too_little()
        free_memory()
        most = max(1, min(most, len(pixels)) // 2)


def _whole(answers: Tensor | Sequence[Tensor]) -> Tensor:
    return answers if isinstance(answers, Tensor) else answers[0]
