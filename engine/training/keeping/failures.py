"""What ends a run from outside, as a sentence: a full disk or memory, a folder that is gone, a GPU that stopped
answering."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.disk_room import is_full
from engine.errors import DeviceLostError, DiskFullError, RunError, ThawError
from engine.training.learner.out_of_memory import is_out_of_memory

UNKNOWN = "An error in Thaw itself ended the run; run.log has the details."
LOST = (
    "CUDA error",
    "CUDA driver error",
    "device-side assert",
    "unspecified launch failure",
    "cuDNN error: CUDNN_STATUS",
)
"""How torch's errors begin, or what they hold, where a device and not the program failed."""


def in_a_sentence(error: Exception, run_dir: Path) -> ThawError | None:
    """`error` as what a person can act on, which it may be already; None where nothing is known of it."""
    if is_full(error) and not isinstance(error, DiskFullError):
        return DiskFullError(
            f"The disk is full, so the run could not go on. Make room on the disk of {run_dir} and resume it: what was "
            "kept is whole."
        )
    if isinstance(error, ThawError):
        return error
    if is_out_of_memory(error):
        return ThawError(
            "The memory ran out, so the run could not go on. Close other programs, or choose a smaller model, image or "
            "batch size; what was kept is whole.",
            str(error),
        )
    if _lost(error):
        return DeviceLostError(
            "The GPU stopped answering, as it does when its driver fails, it is unplugged or the machine slept. Resume "
            "the run, on the CPU if need be (--device cpu): what was kept is whole.",
            str(error),
        )
    if isinstance(error, OSError) and _concerns(error, run_dir):
        return RunError(
            f"The run's folder {run_dir} cannot be written any more ({error.strerror or error}). Connect its drive "
            "again, or make it writable, and resume the run: what was kept is whole."
        )
    return None


def _lost(error: Exception) -> bool:
    if not isinstance(error, RuntimeError):
        return False
    kind = getattr(torch, "AcceleratorError", None)
    return (kind is not None and isinstance(error, kind)) or any(words in str(error) for words in LOST)


def _concerns(error: OSError, run_dir: Path) -> bool:
    """Whether the error is of a file of the run; one that came in writing names none."""
    return error.filename is None or not run_dir.is_dir() or run_dir in Path(str(error.filename)).parents
