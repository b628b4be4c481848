"""A file that one process holds, and nobody any more once that process is gone."""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import file_lock
from engine.file_lock import HeldElsewhere, Holder, holder_of, take

HOLDING = """
import sys, time
from pathlib import Path
from engine.file_lock import take
lock = take(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the file “lock”."""
    child = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def test_another_process_is_named_and_a_killed_one_holds_nothing(
    tmp_path: Path, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "PATIENCE_SECONDS", 0.05)
    path = tmp_path / "lock"
    assert holder_of(path) == Holder(other.pid, platform.node())
    with pytest.raises(HeldElsewhere, match=f"process {other.pid} on "):
        take(path)
    assert holder_of(path) == Holder(other.pid, platform.node())
    other.kill()
    other.wait()
    assert path.exists() and holder_of(path) is None
    lock = take(path)
    assert lock and holder_of(path) == Holder(os.getpid(), platform.node())
    lock.release()
    assert not path.exists() and holder_of(path) is None


def test_looking_changes_nothing(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "lock") is None and not list(tmp_path.iterdir())
    (tmp_path / "lock").write_bytes(b"\x00old")
    before = (tmp_path / "lock").stat()
    assert holder_of(tmp_path / "lock") is None
    assert (tmp_path / "lock").read_bytes() == b"\x00old" and (tmp_path / "lock").stat().st_mtime == before.st_mtime


def test_whoever_only_looks_turns_nobody_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = iter((False, False, True))
    monkeypatch.setattr(file_lock, "lock_descriptor", lambda _fd, blocking: next(looked))  # noqa: ARG005
    monkeypatch.setattr(file_lock, "SECONDS_BETWEEN", 0.0)
    assert take(tmp_path / "lock") is not None


@pytest.mark.skipif(os.name != "posix", reason="Windows removes no open file")
def test_a_file_that_was_removed_meanwhile_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, gone = tmp_path / "lock", iter((True, False))

    def locked(_descriptor: int, blocking: bool) -> bool:  # noqa: ARG001
        if next(gone):
            path.unlink()
        return True

    monkeypatch.setattr(file_lock, "lock_descriptor", locked)
    assert take(path) is not None and path.exists()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_a_drive_without_locks_is_told_from_one_that_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refused(_descriptor: int, blocking: bool) -> bool:  # noqa: ARG001
        raise OSError(code, "no locks")

    monkeypatch.setattr(file_lock, "lock_descriptor", refused)
    assert take(tmp_path / "lock") is None
    assert not list(tmp_path.iterdir()) and holder_of(tmp_path / "lock") is None
