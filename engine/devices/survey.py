"""Every device of this machine that could train: whether it is used, why not, and what to do. Takes seconds where there
is an NVIDIA driver to ask; loads no torch."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.devices import cpu_threads
from engine.devices.nvidia import Driver, DriverError, Gpu, ask_driver, has_driver, visible
from engine.devices.torch_build import TorchBuild, torch_build

# What is told of a CPU of those that torch's kernels choose between, by the flag in /proc/cpuinfo.
INSTRUCTIONS = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "AVX-512 BF16", "amx_bf16": "AMX"}
OTHER_VENDORS = {"0x1002": "AMD GPU", "0x8086": "Intel GPU"}
NO_TRAINING = "This edition of Thaw has no training part; prediction runs on the CPU."
GONE_WITH_CUDA_13 = ("Maxwell", "Pascal", "Volta")
"""Generations that CUDA 13 cannot compute on (its release notes)."""


@dataclass(frozen=True)
class Device:
    """`used` is whether a run whose device is “auto” trains there; `reason` is a sentence that says why or why not, and
    `remedy` one that says what to do, "" where there is nothing to do."""

    kind: Literal["cpu", "cuda", "mps", "other"]
    name: str
    details: str
    used: bool
    reason: str
    remedy: str = ""


def survey(ask: Callable[[], Driver] = ask_driver) -> tuple[Device, ...]:
    """The fastest first, the CPU last."""
    build = torch_build()
    gpus = [*_apple(build), *_nvidia(build, ask), *_others()]
    return (*gpus, _cpu(build, any(gpu.used for gpu in gpus)))


def _apple(build: TorchBuild | None) -> Iterator[Device]:
    if sys.platform != "darwin" or platform.machine() != "arm64":
        return
    if build is None:
        yield Device("mps", "Apple GPU", "", False, NO_TRAINING)
    else:
        yield Device("mps", "Apple GPU", "through MPS", True, "Training runs here.")


def _nvidia(build: TorchBuild | None, ask: Callable[[], Driver]) -> Iterator[Device]:
    if not has_driver():
        return
    try:
        driver = ask()
    except DriverError as error:
        yield Device(
            "cuda", "NVIDIA GPU", "", False, f"The driver is installed and does not answer: {error}.",
            "Restart the computer; if that does not help, install NVIDIA's driver anew.",
        )  # fmt: skip
        return
    seen = visible(driver.gpus)
    for gpu in driver.gpus:
        yield _judged(gpu, driver, seen, build)


def _judged(gpu: Gpu, driver: Driver, seen: tuple[Gpu, ...], build: TorchBuild | None) -> Device:
    """Whether this GPU is used: the first obstacle that is in its way counts."""
    number = driver.gpus.index(gpu)
    memory = f"{gpu.memory / 1024:.0f} GiB" if gpu.memory else ""
    if gpu.mig:
        parts = ", ".join(f"{part / 1024:.0f}" for part in gpu.instances)
        memory = f"{memory} in instances of {parts} GiB" if parts else memory
    details = ", ".join(filter(None, (memory, f"driver {driver.version}" if driver.version else "")))
    if obstacle := _obstacle(gpu, driver, build):
        return Device("cuda", gpu.name, details, False, *obstacle)
    if gpu not in seen:
        return Device(
            "cuda", gpu.name, details, False, "The variable CUDA_VISIBLE_DEVICES hides it from programs.",
            f"Start Thaw without that variable, or with CUDA_VISIBLE_DEVICES={number}.",
        )  # fmt: skip
    if gpu is not seen[0]:
        return Device(
            "cuda", gpu.name, details, False, "A run trains on one GPU, and takes the first.",
            f"To train here, start Thaw with CUDA_VISIBLE_DEVICES={number}.",
        )  # fmt: skip
    which = " on the first of its instances" if gpu.mig else ""
    return Device("cuda", gpu.name, details, True, f"Training runs here{which}.")


def _obstacle(gpu: Gpu, driver: Driver, build: TorchBuild | None) -> tuple[str, str] | None:
    """(reason, remedy) where torch cannot compute on the GPU."""
    if build is None:
        return NO_TRAINING, "Install Thaw with its training part."
    if build.cuda is None:
        return f"The installed torch ({build.version}) is a build for CPUs.", "Install a CUDA build of torch."
    needs = ".".join(map(str, build.cuda))
    if driver.cuda and driver.cuda[0] < build.cuda[0]:
        can = ".".join(map(str, driver.cuda))
        return (
            f"The driver is too old: it runs CUDA up to {can}, and the installed torch needs {needs}.",
            "Install a newer NVIDIA driver.",
        )
    if build.cuda[0] >= 13 and gpu.architecture in GONE_WITH_CUDA_13:
        return (
            f"GPUs of the {gpu.architecture} generation cannot run CUDA {needs}, which the installed torch needs.",
            "Install a build of torch for CUDA 12.6.",
        )
    if gpu.mig and not gpu.instances:
        return "It is set to be parted into instances (MIG), and there are none.", "Make an instance, or turn MIG off."
    return None


def _others() -> Iterator[Device]:
    """GPUs of makers whose torch Thaw does not use; from Linux's list only."""
    for path in sorted(Path("/sys/class/drm").glob("card[0-9]/device/vendor")):
        try:
            name = OTHER_VENDORS.get(path.read_text(encoding="ascii").strip())
        except OSError:
            continue
        if name:
            yield Device("other", name, "", False, "Thaw trains on NVIDIA's and Apple's GPUs only.")


def _cpu(build: TorchBuild | None, other: bool) -> Device:
    threads, cores = cpu_threads(), os.cpu_count() or 1
    count = f"{cores} core{'s' if cores != 1 else ''}"
    known = ", ".join(_instructions())
    details = ", ".join(filter(None, (count, known)))
    if build is None:
        reason, remedy = NO_TRAINING, ""
    elif other:
        reason, remedy = "It reads the photos and makes them ready; training runs on the GPU.", ""
    else:
        reason, remedy = f"Training runs here, on {threads} thread{'s' if threads != 1 else ''}.", ""
    if hasattr(os, "sched_getaffinity") and threads < cores:
        remedy = f"This process may use {threads} of the {cores} cores; whoever started it decided so."
    return Device("cpu", _cpu_name(), details, build is not None and not other, reason, remedy)


def _cpu_name() -> str:
    return _cpuinfo().get("model name") or platform.processor() or platform.machine() or "CPU"


def _instructions() -> list[str]:
    flags = set(_cpuinfo().get("flags", "").split())
    return [title for flag, title in INSTRUCTIONS.items() if flag in flags]


def _cpuinfo() -> dict[str, str]:
    """The first processor of /proc/cpuinfo; empty where there is none."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
