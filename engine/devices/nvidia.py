"""What nvidia-smi says of the GPUs here. Read as XML: all in one call, and old drivers write it as new ones do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SECONDS = 20
"""A driver that does not answer for so long has crashed; the first call after a start can take some seconds."""

Run = Callable[[], "tuple[int, str]"]
"""Gives nvidia-smi's exit status and what it wrote."""


@dataclass(frozen=True)
class Gpu:
    """`memory` in MiB, 0 where it is not told; `uuid` is "GPU-…". `mig` is whether it is parted into instances, whose
    memories (MiB) are `instances`. `architecture` is NVIDIA's name for the generation, "" where it is not told."""

    name: str
    uuid: str
    memory: int
    architecture: str = ""
    mig: bool = False
    instances: tuple[int, ...] = ()


@dataclass(frozen=True)
class Driver:
    """`cuda` is the newest CUDA that the driver can run, as (major, minor); None where it is not told."""

    version: str
    cuda: tuple[int, int] | None
    gpus: tuple[Gpu, ...]


class DriverError(Exception):
    """The driver is there and does not answer; the text is what it said."""


def has_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _run() -> tuple[int, str]:
    hidden = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW, which Python knows on Windows only
    done = subprocess.run(
        ["nvidia-smi", "-q", "-x"], capture_output=True, text=True, errors="replace", timeout=SECONDS,
        creationflags=hidden, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def ask_driver(run: Run = _run) -> Driver:
    """Takes up to some seconds. Raises DriverError."""
    try:
        status, text = run()
    except subprocess.TimeoutExpired as error:
        raise DriverError(f"it did not answer within {SECONDS} s") from error
    except OSError as error:
        raise DriverError(f"nvidia-smi cannot be started: {error.strerror or error}") from error
    if status:
        raise DriverError(" ".join(text.split())[:300] or f"exit status {status}")
    try:
        log = ElementTree.fromstring(text[text.index("<") :])
    except (ValueError, ElementTree.ParseError) as error:
        raise DriverError("nvidia-smi answered with something that cannot be read") from error
    major, _, minor = log.findtext("cuda_version", "").partition(".")
    cuda = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
    return Driver(log.findtext("driver_version", ""), cuda, tuple(map(_gpu, log.iter("gpu"))))


def _gpu(found: ElementTree.Element) -> Gpu:
    return Gpu(
        name=found.findtext("product_name", "NVIDIA GPU"),
        uuid=found.findtext("uuid", ""),
        memory=_mib(found),
        architecture=found.findtext("product_architecture", ""),
        mig=found.findtext("mig_mode/current_mig") == "Enabled",
        instances=tuple(_mib(instance) for instance in found.iter("mig_device")),
    )


def _mib(found: ElementTree.Element) -> int:
    number = found.findtext("fb_memory_usage/total", "").partition(" ")[0]
    return int(number) if number.isdigit() else 0


def visible(gpus: tuple[Gpu, ...], wanted: str | None = None) -> tuple[Gpu, ...]:
    """Those that programs are let see, in the order in which they see them, by CUDA_VISIBLE_DEVICES: numbers or the
    beginnings of UUIDs, up to the first that names none."""
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES") if wanted is None else wanted
    if wanted is None:
        return gpus
    found: list[Gpu] = []
    for name in (part.strip() for part in wanted.split(",")):
        if name.isdigit() and int(name) < len(gpus):
            found.append(gpus[int(name)])
        elif name.startswith("GPU-") and (named := [gpu for gpu in gpus if gpu.uuid.startswith(name)]):
            found.append(named[0])
        elif name.startswith("MIG-") and (parted := [gpu for gpu in gpus if gpu.mig]):
            found.append(parted[0])
        else:
            break
    return tuple(found)
