"""What this machine computes with, found without torch, and why something is not used."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

Kind = Literal["cpu", "cuda", "mps"]


@dataclass(frozen=True)
class DeviceReport:
    """`name` is for the status bar; `reason` says in a sentence or two why this device and not a faster one."""

    name: str
    kind: Kind
    threads: int
    reason: str


def cpu_threads() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return psutil.cpu_count(logical=False) or os.cpu_count() or 1


def describe() -> DeviceReport:
    """The fastest device that training would take here. Looks at drivers and installed packages only; `thaw doctor`
    is the same answer in the terminal."""
    threads = cpu_threads()
    cpu = f"CPU · {threads} thread{'s' if threads != 1 else ''}"
    torch = _torch_version()
    if torch is None:
        return DeviceReport(cpu, "cpu", threads, "This edition has no training part; prediction runs on the CPU.")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return DeviceReport("Apple GPU (MPS)", "mps", threads, "Training runs on the GPU of this Mac.")
    if not _has_nvidia_driver():
        return DeviceReport(cpu, "cpu", threads, "No NVIDIA driver was found, so training runs on the CPU.")
    if "+cpu" in torch:
        reason = "An NVIDIA GPU is here, but the installed torch is a CPU build; install a CUDA build to use the GPU."
        return DeviceReport(cpu, "cpu", threads, reason)
    return DeviceReport("NVIDIA GPU (CUDA)", "cuda", threads, "Training runs on the NVIDIA GPU.")


def has_training() -> bool:
    """Whether the training part (torch) is installed."""
    return _torch_version() is not None


def _torch_version() -> str | None:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
