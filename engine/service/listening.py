"""Where an application listens: a place that is bound first, then served from a thread of its own, then let go."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import ThawError

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
MOST_CONNECTIONS = 256
SECONDS_TO_END = 10


@dataclass(frozen=True)
class Listening:
    """`port` is the one that was taken, where any was asked for."""

    host: str
    port: int
    thread: threading.Thread

    @property
    def address(self) -> str:
        """By the name that this machine has for the place."""
        name = EVERYWHERE.get(self.host, self.host)
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    def goes_on(self) -> bool:
        return self.thread.is_alive()


@contextlib.contextmanager
def listening(app: Any, uvicorn: Any, host: str, port: int) -> Iterator[Listening]:
    """Serve `app` there (port 0 takes a free one) by that library. Raises ThawError where the place is taken or
    nothing can be served."""
    with _bound(host, port) as place:
        server = uvicorn.Server(
            uvicorn.Config(
                app,
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
        thread = threading.Thread(target=server.run, args=([place],), name="serve", daemon=True)
        thread.start()
        try:
            _wait_until_it_runs(server, thread)
            yield Listening(host, place.getsockname()[1], thread)
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_it_runs(server: Any, thread: threading.Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise ThawError("The service could not be started.")
        time.sleep(0.01)


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


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


logging.getLogger("uvicorn").setLevel(logging.WARNING)
