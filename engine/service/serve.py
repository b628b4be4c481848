"""serve: a model as an HTTP service on this machine, until it is stopped. No torch."""

from __future__ import annotations

import importlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from engine.control import Control
from engine.devices import cpu_threads
from engine.errors import ThawError
from engine.events import Notice, Served, ServiceFinished, ServiceStarted
from engine.model_file import locate, open_model
from engine.photos import MAX_MEGAPIXELS
from engine.prediction.hierarchy import read_hierarchy
from engine.prediction.rules import rules_for
from engine.prediction.runtime import Classifier
from engine.service.limits import BODY_BYTES, Limits, is_loopback

LIBRARIES = ("fastapi", "starlette", "uvicorn", "python_multipart", "h11", "anyio")
HOST, PORT = "127.0.0.1", 8000
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
MOST_THREADS = 16  # unless told
REQUESTS_A_THREAD = 4
MOST_CONNECTIONS = 256
SECONDS_TO_END = 10
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
    model_file = open_model(locate(Path(model)))
    manifest, hierarchy = model_file.manifest, read_hierarchy(groups) if groups else None
    rules = rules_for(
        manifest.classes, manifest.thresholds, threshold=threshold, by_class=by_class, hierarchy=hierarchy
    )
    width = threads or min(cpu_threads(), MOST_THREADS)
    limits = Limits(width, requests or REQUESTS_A_THREAD * width, body_bytes, megapixels=megapixels)
    answering = importlib.import_module("engine.service.answering").Answering(
        Classifier(model_file, threads=1), rules, limits, min(top, len(manifest.classes))
    )
    only_this_machine = is_loopback(host)
    with _bound(host, port) as place:
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(answering, control, only_this_machine),
                log_config=None,
                access_log=False,
                lifespan="off",
                loop="asyncio",
                http="h11",
                ws="none",
                server_header=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=SECONDS_TO_END,
            )
        )
        running = threading.Thread(target=server.run, args=([place],), name="serve", daemon=True)
        running.start()
        try:
            _wait_until_it_runs(server, running)
            if not only_this_machine:
                yield Notice(
                    f"Whoever can reach this machine can use this service at {host}: it asks nobody for a password.",
                    "open",
                )
            number = place.getsockname()[1]
            yield ServiceStarted(f"http://{_name(host)}:{number}", manifest.name, host, number, limits.requests)
            yield from _told(answering, running, control)
        finally:
            server.should_exit = True
            running.join()
            answering.pool.shutdown()
    yield ServiceFinished(answering.requests, answering.photos, answering.failed, time.monotonic() - began)


def _told(answering: Any, running: threading.Thread, control: Control) -> Generator[Served, None, None]:
    """What is served, until a stop."""
    told, before = Served(0, 0, 0), time.monotonic()
    while not (control.stopping or control.finishing):
        if not running.is_alive():
            raise ThawError("The service ended by itself; start it again.")
        now = Served(answering.requests, answering.photos, answering.failed)
        if now != told and time.monotonic() - before >= SECONDS_BETWEEN_WORDS:
            told, before = now, time.monotonic()
            yield now
        control.wait_for_stop(SECONDS_BETWEEN_LOOKS)


def _wait_until_it_runs(server: Any, running: threading.Thread) -> None:
    while not server.started:
        if not running.is_alive():
            raise ThawError("The service could not be started.")
        time.sleep(0.01)


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


def _bound(host: str, port: int) -> socket.socket:
    """A socket that is bound and does not listen yet."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        place = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise ThawError(f"There is no address “{host}” on this machine ({_reason(error)}).") from None
    try:
        if sys.platform == "win32":
            place.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # else two could share a port
        else:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(address)
    except OSError as error:
        place.close()
        raise ThawError(
            f"{host}:{port} cannot be used ({_reason(error)}); choose another --port, or 0 for a free one."
        ) from None
    return place


def _name(host: str) -> str:
    """What this machine calls a place where it listens, in an address."""
    name = EVERYWHERE.get(host, host)
    return f"[{name}]" if ":" in name else name


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


logging.getLogger("uvicorn").setLevel(logging.WARNING)
