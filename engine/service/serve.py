"""serve: a model as an HTTP service on this machine, until it is stopped. No torch."""

from __future__ import annotations

import importlib
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.control import Control
from engine.devices import cpu_threads
from engine.errors import ThawError
from engine.events import Notice, Served, ServiceFinished, ServiceStarted
from engine.model_file import ModelFile, locate, open_model
from engine.photos import MAX_MEGAPIXELS
from engine.prediction.hierarchy import read_hierarchy
from engine.prediction.rules import rules_for
from engine.prediction.runtime import Classifier
from engine.service.limits import BODY_BYTES, Limits, is_loopback
from engine.service.listening import Listening, listening

if TYPE_CHECKING:
    from engine.service.answering import Answering

LIBRARIES = ("fastapi", "starlette", "uvicorn", "python_multipart", "h11", "anyio")
HOST, PORT = "127.0.0.1", 8000
MOST_THREADS = 16  # unless told
REQUESTS_A_THREAD = 4
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_BETWEEN_WORDS = 1.0

ServeEvent = Notice | ServiceStarted | Served | ServiceFinished


def serve(
    model: Path,
    host: str = HOST,
    port: int = PORT,
    *,
    top: int = 5,
    threshold: float = 0.0,
    by_class: Mapping[str, float] | None = None,
    groups: Path | None = None,
    threads: int | None = None,
    requests: int | None = None,
    body_bytes: int = BODY_BYTES,
    megapixels: float = MAX_MEGAPIXELS,
    control: Control | None = None,
) -> Generator[ServeEvent, None, None]:
    """Answer requests at `host` and `port` (0 takes a free one), by the rules of `predict`, until a stop or finish.

    ServiceStarted tells the address; Served comes at most once a second where something was answered; ServiceFinished
    is last. While paused, photos are refused. `threads` photos are worked on at once (None: one for each core), and
    `requests` are let in (None: four for each thread); the next are told to try again. A Notice warns where other
    machines can reach it, as it asks nobody for a password.

    Raises ThawError where nothing can begin: FastAPI or Uvicorn are not installed, no such model, a port that is taken.
    """
    control, began = control or Control(), time.monotonic()
    if top < 1:
        raise ThawError(f"The number of best classes must be 1 or more, not {top}.")
    make_app, uvicorn = _libraries()
    width = threads or min(cpu_threads(), MOST_THREADS)
    limits = Limits(width, requests or REQUESTS_A_THREAD * width, body_bytes, megapixels=megapixels)
    answering = _answering(open_model(locate(Path(model))), limits, top, threshold, by_class, groups)
    try:
        with listening(make_app(answering, control, is_loopback(host)), uvicorn, host, port) as place:
            yield from _told(answering, place, control)
    finally:
        answering.pool.shutdown()
    yield ServiceFinished(answering.requests, answering.photos, answering.failed, time.monotonic() - began)


def _answering(
    model_file: ModelFile, limits: Limits, top: int, threshold: float, by_class: Mapping[str, float] | None,
    groups: Path | None,
) -> Answering:  # fmt: skip
    manifest, hierarchy = model_file.manifest, read_hierarchy(groups) if groups else None
    rules = rules_for(
        manifest.classes, manifest.thresholds, threshold=threshold, by_class=by_class, hierarchy=hierarchy
    )
    # Loaded here: its requests are read by a library that may lack.
    made: Answering = importlib.import_module("engine.service.answering").Answering(
        Classifier(model_file, threads=1), rules, limits, min(top, len(manifest.classes))
    )
    return made


def _told(
    answering: Answering, place: Listening, control: Control
) -> Generator[Notice | ServiceStarted | Served, None, None]:
    """Where it is served, then what, until a stop."""
    if not is_loopback(place.host):
        yield Notice(
            f"Whoever can reach this machine can use this service at {place.host}: it asks nobody for a password.",
            "open",
        )
    name = answering.classifier.model_file.manifest.name
    yield ServiceStarted(place.address, name, place.host, place.port, answering.limits.requests)
    told, before = Served(0, 0, 0), time.monotonic()
    while not (control.stopping or control.finishing):
        if not place.goes_on():
            raise ThawError("The service ended by itself; start it again.")
        now = Served(answering.requests, answering.photos, answering.failed)
        if now != told and time.monotonic() - before >= SECONDS_BETWEEN_WORDS:
            told, before = now, time.monotonic()
            yield now
        control.wait_for_stop(SECONDS_BETWEEN_LOOKS)


def _libraries() -> tuple[Any, Any]:
    """What makes the application, and uvicorn."""
    try:
        return importlib.import_module("engine.service.app").make_app, importlib.import_module("uvicorn")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in LIBRARIES:
            raise
        raise ThawError(
            "Serving needs FastAPI and Uvicorn, which are not installed; install Thaw with its serve extra: "
            "pip install thaw[serve]."
        ) from error
