"""What this machine has for Thaw, and whether Thaw works on it. Light: torch is asked for, never loaded."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Literal

from PIL import Image

import resources
from engine import runs
from engine.dataset.row_store import stores_folder
from engine.devices.survey import survey
from engine.errors import ThawError
from engine.events import Check, ChecksFinished, Prediction
from engine.keep_awake import kept_awake
from engine.models.catalog import CATALOG
from engine.models.pretrained import weights
from engine.prediction.batch import predict
from engine.reachable import nearest_folder

LITTLE_SPACE_GIB = 2
WINDOW_SECONDS = 120  # a slow disk and a first start; a window that hangs must not hang the doctor

SELF_CHECK_MODEL = Path(resources.__file__).parent / "self_check.thaw"
"""Tells red, green and blue by the mean colour; made by packaging/make_self_check_model.py."""

# Title, distribution, what its absence means: "note" where Thaw still does part of its work.
PARTS = (
    ("Window", "PySide6-Essentials", "problem"),
    ("Prediction", "onnxruntime", "problem"),
    ("Photos", "pillow", "problem"),
    ("HEIC photos", "pi-heif", "note"),
    ("Live camera", "PySide6-Addons", "note"),
    ("Training", "torch", "note"),
    ("Training models", "torchvision", "note"),
)


def checks() -> Generator[Check | ChecksFinished, None, None]:
    """Versions, the device and why it is the one, folders, weights and space; ChecksFinished last."""
    yield from _counted(_describe())


def self_check() -> Generator[Check | ChecksFinished, None, None]:
    """Load a model file, classify one photo, draw the window offscreen; ChecksFinished last."""
    yield from _counted(_try_out())


def _counted(found: Iterator[Check]) -> Generator[Check | ChecksFinished, None, None]:
    problems = 0
    for check in found:
        problems += check.status == "problem"
        yield check
    yield ChecksFinished(problems)


def _describe() -> Iterator[Check]:
    yield Check("Thaw", "ok", f"{_version('thaw') or 'not installed'} in {Path(__file__).parents[1]}")
    yield Check("System", "ok", f"{platform.platform()}, Python {platform.python_version()}")
    for title, distribution, when_absent in PARTS:
        version = _version(distribution)
        text = f"{distribution} {version}" if version else f"{distribution} is not installed here."
        yield Check(title, "ok" if version else when_absent, text)
    for device in survey():
        told = ", ".join(filter(None, (device.name, device.details)))
        status: Literal["ok", "note"] = "note" if device.kind != "cpu" and not device.used else "ok"
        yield Check("Device", status, f"{told}. {device.reason} {device.remedy}".rstrip())
    yield from _awake()
    yield _folder("Runs", runs.default_runs_folder())
    yield _folder("Fetched weights", weights.cache_folder())
    yield _folder("Kept results of frozen layers", stores_folder())
    yield _space(runs.default_runs_folder())
    yield from _weights()


def _awake() -> Iterator[Check]:
    """Whether this machine can be kept from sleeping; nothing where what asks it is not installed."""
    with kept_awake() as active:
        if active:
            yield Check("Kept awake", "ok", "This machine does not go to sleep by itself while it works.")
        elif active is not None:
            text = "This machine cannot be kept awake from here; before long work, switch its sleep off."
            yield Check("Kept awake", "note", text)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _folder(title: str, folder: Path) -> Check:
    """Whether files can be made there; a folder that is not there yet is judged by the nearest that is."""
    try:
        with contextlib.suppress(FileNotFoundError):
            folder.stat()  # a drive that answers with an error holds no folder that is still to be made
        with tempfile.TemporaryFile(dir=nearest_folder(folder) or folder):
            pass
    except OSError as error:
        return Check(title, "problem", f"{folder} cannot be written to: {error.strerror or error}.")
    return Check(title, "ok", str(folder))


def _space(folder: Path) -> Check:
    try:
        free_gib = shutil.disk_usage(nearest_folder(folder) or folder).free / 2**30
    except OSError as error:
        return Check("Disk space", "note", f"How much is free at {folder} is not known: {error.strerror or error}.")
    if free_gib < LITTLE_SPACE_GIB:
        return Check("Disk space", "problem", f"Only {free_gib:.1f} GiB are free where runs are kept; make room.")
    return Check("Disk space", "ok", f"{free_gib:.0f} GiB free")


def _weights() -> Iterator[Check]:
    found = [spec.name for spec in CATALOG.values() if weights.find(spec)]
    missing = [spec.name for spec in CATALOG.values() if spec.weights and spec.name not in found]
    if found:
        yield Check("Weights here", "ok", ", ".join(found))
    if missing:
        yield Check("Weights not here", "note", ", ".join(missing) + "; fetched when first used.")


def _try_out() -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="thaw-self-check-") as folder:
        yield _classify(Path(folder))
    yield _draw_window()


def _classify(folder: Path) -> Check:
    photo = folder / "red.png"
    Image.new("RGB", (48, 40), (200, 30, 20)).save(photo)
    try:
        answers = [event for event in predict(SELF_CHECK_MODEL, [photo]) if isinstance(event, Prediction)]
    except ThawError as error:
        return Check("Prediction", "problem", f"{error} {error.details}".strip())
    labels = [answer.label or answer.error for answer in answers]
    if labels != ["red"]:
        return Check("Prediction", "problem", f"A red picture was classified as {', '.join(labels) or 'nothing'}.")
    heavy = " torch was loaded, which prediction must not do." if "torch" in sys.modules else ""
    return Check("Prediction", "problem" if heavy else "ok", f"A model was loaded and a picture classified.{heavy}")


def _draw_window() -> Check:
    """The window runs as a process of its own: the engine knows no Qt. It finds and leaves nothing of the person's."""
    command = [*_window_program(), "--self-check"]
    try:
        with tempfile.TemporaryDirectory(prefix="thaw-self-check-") as home:
            result = subprocess.run(
                command,
                env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "THAW_HOME": home},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=WINDOW_SECONDS,
            )
    except subprocess.TimeoutExpired:
        return Check("Drawing the window", "problem", f"The window was not drawn within {WINDOW_SECONDS} s.")
    except OSError as error:
        return Check("Drawing the window", "problem", f"The window could not be started: {error.strerror or error}.")
    if result.returncode:
        told = result.stderr.strip() or f"exit status {result.returncode}"
        return Check("Drawing the window", "problem", f"The window could not be drawn: {told[-1000:]}")
    return Check("Drawing the window", "ok", "The window was drawn offscreen.")


def _window_program() -> list[str]:
    if getattr(sys, "frozen", False):
        name = "thaw-app.exe" if sys.platform == "win32" else "thaw-app"
        return [str(Path(sys.executable).with_name(name))]
    return [sys.executable, "-m", "desktop_app"]
