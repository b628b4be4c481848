"""Official weights from the network: gone on with where a fetch broke off, and kept only where the SHA-256 is right."""

from __future__ import annotations

import contextlib
import email.message
import errno
import hashlib
import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from engine.control import Control
from engine.errors import WeightsError
from engine.events import Transferred
from engine.file_lock import FileLock, HeldElsewhere, take
from engine.models.spec import WeightsSource

CHUNK_BYTES = 1 << 20
PART_SUFFIX, LOCK_SUFFIX = ".part", ".lock"
TIMEOUT_SECONDS = 20
ATTEMPTS = 5
"""A connection that breaks is taken up again this often, as long as each time something has arrived."""
SECONDS_BETWEEN_EVENTS = 0.2
STATED_HASH = "X-Linked-ETag"
"""Where Hugging Face states the SHA-256 of a large file: in its redirect to the storage that holds it."""
_OF_THE_DISK = (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


class FetchStopped(WeightsError):
    """The person stopped it. What has arrived is kept."""


def part_of(target: Path) -> Path:
    """Where a file is gathered until it is whole."""
    return target.with_name(target.name + PART_SUFFIX)


def sidecar(target: Path) -> Path:
    """Where the hash that a server stated is kept, as `sha256sum` writes it."""
    return target.with_name(target.name + ".sha256")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(source: WeightsSource, folder: Path, control: Control | None = None) -> Generator[Transferred, None, Path]:
    """Download to `folder`, going on from a part file where one was left; returns the verified file's path.

    Raises FetchStopped after `control.stop()`, WeightsError where the file cannot be had or is not what it should be.
    """
    control, target = control or Control(), folder / source.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = yield from _alone(source, target, control)
    except OSError as error:
        raise WeightsError(_why_not(source, folder, error)) from error
    try:
        if _is_whole(source, target):  # another one has just fetched it
            return target
        return (yield from _fetched(source, target, control))
    finally:
        if lock:
            lock.release()


def _alone(source: WeightsSource, target: Path, control: Control) -> Generator[Transferred, None, FileLock | None]:
    """Waits while another run or window fetches the same file: two that add to one part would damage it."""
    while True:
        try:
            return take(target.with_name(target.name + LOCK_SUFFIX), patience=0)
        except HeldElsewhere:
            if control.stopping:
                raise FetchStopped("Fetching the weights was stopped; another Thaw goes on with it.") from None
            yield Transferred(source.file_name, _size(part_of(target)), 0)
            time.sleep(SECONDS_BETWEEN_EVENTS)


def _is_whole(source: WeightsSource, target: Path) -> bool:
    try:
        promised = source.sha256_start or sidecar(target).read_text(encoding="ascii").split(maxsplit=1)[0]
        return sha256_of(target).startswith(promised)
    except (OSError, ValueError, IndexError):
        return False


def _fetched(source: WeightsSource, target: Path, control: Control) -> Generator[Transferred, None, Path]:
    part, folder = part_of(target), target.parent
    for attempt in range(1, ATTEMPTS + 1):
        begun = _size(part)
        try:
            stated = yield from _transfer(source, part, control)
        except (OSError, http.client.HTTPException) as error:
            answered = isinstance(error, urllib.error.HTTPError)
            if answered or _is_of_disk(error) or _size(part) <= begun or attempt == ATTEMPTS:
                raise WeightsError(_why_not(source, folder, error)) from error
            continue
        promised = source.sha256_start or stated
        if not promised:
            raise WeightsError(
                f"The server does not say what {source.file_name} should hash to, so it could not be verified."
            )
        try:
            if sha256_of(part).startswith(promised):
                if not source.sha256_start:
                    sidecar(target).write_text(f"{promised}  {target.name}\n", encoding="ascii")
                part.replace(target)
                return target
            part.unlink()
        except OSError as error:
            raise WeightsError(_why_not(source, folder, error)) from error
        if not begun:
            break  # it was whole; one that went on with an older part may be of two versions, and is fetched anew
    raise WeightsError(f"The weights {source.file_name} arrived damaged; try again.")


def _transfer(source: WeightsSource, part: Path, control: Control) -> Generator[Transferred, None, str]:
    """Append what is missing to `part`; returns the SHA-256 that the server stated, "" where it stated none."""
    have = _size(part)
    request = urllib.request.Request(source.url, headers={"Range": f"bytes={have}-"} if have else {})
    redirects = _Redirects()
    try:
        answer = urllib.request.build_opener(redirects).open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # the part is whole already (or longer than the file: then its hash will not fit)
            return redirects.stated or _stated_in(error.headers)
        raise
    with contextlib.closing(answer):
        goes_on = answer.status == 206 and _first_byte(answer.headers, have) == have
        if answer.status == 206 and not goes_on:
            part.unlink()
            raise ConnectionError("the server sent another part than it was asked for")
        with part.open("ab" if goes_on else "wb") as file:
            yield from _received(answer, file, source.file_name, have if goes_on else 0, control)
        return redirects.stated or _stated_in(answer.headers)


def _received(answer: Any, file: IO[bytes], name: str, have: int, control: Control) -> Generator[Transferred]:
    length = int(answer.headers.get("Content-Length") or 0)
    total = have + length if length else 0
    told = 0.0
    while chunk := answer.read1(CHUNK_BYTES):
        if control.stopping:
            raise FetchStopped("Fetching the weights was stopped; what has arrived is kept for the next time.")
        file.write(chunk)
        have += len(chunk)
        if time.monotonic() - told > SECONDS_BETWEEN_EVENTS:
            told = time.monotonic()
            yield Transferred(name, have, total)
    if have < total:  # a connection that is closed too soon looks like the end
        raise ConnectionError(f"the connection ended after {have / 1e6:.1f} of {total / 1e6:.1f} MB")
    yield Transferred(name, have, max(total, have))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects and remembers the hash that one of them states."""

    stated = ""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        self.stated = _stated_in(headers) or self.stated
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _stated_in(headers: email.message.Message) -> str:
    stated = (headers.get(STATED_HASH) or "").strip().removeprefix("W/").strip('"').lower()
    return stated if re.fullmatch(r"[0-9a-f]{64}", stated) else ""


def _first_byte(headers: email.message.Message, asked: int) -> int:
    """The place in the file at which the answer begins: the one asked for, where the server does not say."""
    given = re.match(r"bytes (\d+)-", headers.get("Content-Range") or "")
    return int(given[1]) if given else asked


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_of_disk(error: BaseException) -> bool:
    return isinstance(error, OSError) and not isinstance(error, urllib.error.URLError) and error.errno in _OF_THE_DISK


def _why_not(source: WeightsSource, folder: Path, error: BaseException) -> str:
    cause = getattr(error, "reason", error)
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    if _is_of_disk(error):
        return f"The weights {source.file_name} could not be kept in {folder} ({reason}); make room and try again."
    if isinstance(error, urllib.error.HTTPError):
        server = urllib.parse.urlsplit(source.url).hostname
        return (
            f"The weights {source.file_name} could not be fetched: {server} answered {error.code} ({error.reason}). "
            f"Try again later, or put the file in {folder}."
        )
    return (
        f"The weights {source.file_name} could not be fetched ({reason}). Connect to the network, "
        f"or put the file in {folder}."
    )
