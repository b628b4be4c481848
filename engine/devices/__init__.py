"""What this machine computes with, found without torch, and why something is not used."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any, Literal

from engine.devices.torch_build import torch_build

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
    psutil: Any = importlib.import_module("psutil")  # here, as elsewhere it would only make a small batch wait
    return int(psutil.cpu_count(logical=False) or os.cpu_count() or 1)


def describe() -> DeviceReport:
    """The fastest device that training would take here, at once: by what is installed. `survey` asks the driver too."""
    threads = cpu_threads()
    cpu = f"CPU · {threads} thread{'s' if threads != 1 else ''}"
    build = torch_build()
    if build is None:
        return DeviceReport(cpu, "cpu", threads, "This edition has no training part; prediction runs on the CPU.")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return DeviceReport("Apple GPU (MPS)", "mps", threads, "Training runs on the GPU of this Mac.")
    if not importlib.import_module("engine.devices.nvidia").has_driver():
        return DeviceReport(cpu, "cpu", threads, "No NVIDIA driver was found, so training runs on the CPU.")
    if build.cuda is None:
        reason = "An NVIDIA GPU is here, but the installed torch is a CPU build; install a CUDA build to use the GPU."
        return DeviceReport(cpu, "cpu", threads, reason)
    return DeviceReport("NVIDIA GPU (CUDA)", "cuda", threads, "Training runs on the NVIDIA GPU.")


def has_training() -> bool:
    """Whether the training part (torch) is installed."""
    return torch_build() is not None
