"""A file is the old one or the new one, whatever happens in between."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from engine.whole_file import whole_file, write_whole


def test_a_write_that_fails_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"old")

    def failing() -> None:
        with whole_file(path, kept_as=tmp_path / "before") as file:
            file.write(b"new, but")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        failing()
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_the_one_before_is_kept_where_asked(tmp_path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        with whole_file(tmp_path / "now", kept_as=tmp_path / "before") as file:
            file.write(content)
    assert (tmp_path / "now").read_bytes() == b"3" and (tmp_path / "before").read_bytes() == b"2"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no folders to sync")
def test_content_is_on_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut leaves depends on the order."""
    order: list[str] = []
    sync, move = os.fsync, Path.replace

    def synced(file: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "content")
        sync(file)

    def moved(self: Path, target: Any) -> Any:
        order.append("move")
        return move(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    write_whole(tmp_path / "kept", b"new")
    assert order == ["content", "move", "folder"]
