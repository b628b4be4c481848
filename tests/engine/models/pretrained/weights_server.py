"""A server on this machine that hands out one file, and misbehaves as it is told."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.models import catalog
from engine.models.pretrained import listing, weights
from engine.models.spec import ModelSpec

CONTENT = bytes(range(256)) * 12_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """`answers` are used up by one request each; then the file is served as it should be. `asked` gathers the path and
    the first byte of every request, `sent` the length of every body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Callable[[_Handler], None]] = []
        self.asked: list[tuple[str, int]] = []
        self.sent: list[int] = []

    def handle_error(self, *_: object) -> None:
        """A client that leaves in the middle is what some tests are about."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.first_byte()))
        answer = self.server.answers.pop(0) if self.server.answers else whole
        answer(self)

    def first_byte(self) -> int:
        return int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))

    def answer(self, status: int, body: bytes = b"", promised: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.server.sent.append(len(body))

    def log_message(self, *_: object) -> None:
        pass


def whole(handler: _Handler) -> None:
    """The file, from the byte that was asked for."""
    start = handler.first_byte()
    if start >= len(CONTENT):
        handler.send_error(416)
    elif start:
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        handler.answer(206, CONTENT[start:], Content_Range=span)
    else:
        handler.answer(200, CONTENT)


def without_ranges(handler: _Handler) -> None:
    handler.answer(200, CONTENT)


def other_range(handler: _Handler) -> None:
    handler.answer(206, CONTENT[5:], Content_Range=f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}")


def broken_off(bytes_sent: int) -> Callable[[_Handler], None]:
    """The connection ends after that many bytes of what was promised."""

    def answer(handler: _Handler) -> None:
        body = CONTENT[handler.first_byte() :]
        handler.answer(206 if handler.first_byte() else 200, body[:bytes_sent], promised=len(body))
        handler.close_connection = True

    return answer


def refused(status: int) -> Callable[[_Handler], None]:
    return lambda handler: handler.send_error(status)


def redirected(to: str, etag: str = SHA256) -> Callable[[_Handler], None]:
    """As Hugging Face does: the redirect says what the file hashes to."""
    headers = {"X_Linked_ETag": f'"{etag}"'} if etag else {}
    return lambda handler: handler.answer(302, Location=to, **headers)


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))  # looks this often whether it is to end
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def own_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; no folder of this machine takes part."""
    cache = folder / "cache"
    monkeypatch.setattr(weights, "cache_folder", lambda: cache)
    monkeypatch.setenv("TORCH_HOME", str(folder / "torch"))
    monkeypatch.delenv("THAW_WEIGHTS_DIR", raising=False)
    cache.mkdir()
    return cache


def offer(rows: dict[str, ModelSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    """These rows and no others have weights to fetch."""
    monkeypatch.setattr(listing, "CATALOG", rows)
    for name, row in rows.items():
        monkeypatch.setitem(catalog.CATALOG, name, row)
