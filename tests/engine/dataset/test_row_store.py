"""Rows on disk: found again, whole or not at all, shared by processes, and never more than the disk has room for."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dataset import row_store
from engine.dataset.row_store import INDEX, ROWS, RowStore, room_for

NAMES = st.lists(st.text("abcdef/0123", min_size=1, max_size=8), min_size=1, max_size=12, unique=True)


def filled(names: list[str], values: int = 3) -> np.ndarray:
    """Rows that say whose they are."""
    return np.array([[hash(name) % 1000, *range(1, values)] for name in names], np.float32)


@settings(max_examples=30, deadline=None)
@given(NAMES, st.data())
def test_what_was_added_is_read_again_by_another(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("store")
    cut = data.draw(st.integers(0, len(names)))
    store = RowStore(folder, "float32", 3)
    for part in (names[:cut], names[cut:]):
        if part:
            store.add(part, filled(part))
    store.close()
    again = RowStore(folder, "float32", 3)
    wanted = data.draw(st.permutations(names))
    assert np.array_equal(again.rows(wanted), filled(list(wanted)))
    assert not again.has("none")
    again.close()


def test_two_that_write_in_turn_do_not_take_each_others_place(tmp_path: Path) -> None:
    one, other = RowStore(tmp_path, "float32", 3), RowStore(tmp_path, "float32", 3)
    for number in range(3):
        one.add([f"one {number}"], filled([f"one {number}"]))
        other.add([f"other {number}"], filled([f"other {number}"]))
    names = [f"{who} {number}" for who in ("one", "other") for number in range(3)]
    third = RowStore(tmp_path, "float32", 3)
    assert np.array_equal(third.rows(names), filled(names))
    for store in (one, other, third):
        store.close()


def test_what_was_killed_while_writing_left_whole_rows_only(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from engine.dataset import row_store\n"
        "store = row_store.RowStore(Path(sys.argv[1]), 'float32', 1000)\n"
        "store.add(['whole'], np.ones((1, 1000), np.float32))\n"
        "def half(file, content, place):\n"
        "    os.pwrite(file, content[: len(content) // 2], place)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "row_store.write_whole = half\n"
        "store.add(['cut off'], np.ones((1, 1000), np.float32))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    store = RowStore(tmp_path, "float32", 1000)
    assert store.has("whole") and not store.has("cut off")
    store.add(["cut off"], np.full((1, 1000), 2, np.float32))
    assert store.rows(["cut off", "whole"])[:, 0].tolist() == [2, 1]
    store.close()


def test_rows_beyond_the_end_of_the_file_are_computed_anew(tmp_path: Path) -> None:
    store = RowStore(tmp_path, "float32", 3)
    store.add(["a", "b"], filled(["a", "b"]))
    store.close()
    os.truncate(tmp_path / ROWS, 20)
    store = RowStore(tmp_path, "float32", 3)
    assert store.has("a") and not store.has("b")
    store.add(["c"], filled(["c"]))
    store.close()
    store = RowStore(tmp_path, "float32", 3)  # the next row takes the lost one's place: no hole reads as zeros
    assert not store.has("b") and np.array_equal(store.rows(["c", "a"]), filled(["c", "a"]))
    assert (tmp_path / ROWS).stat().st_size == 2 * store.row_bytes
    store.close()


def test_a_damaged_index_is_begun_anew(tmp_path: Path) -> None:
    store = RowStore(tmp_path, "float32", 3)
    store.add(["a"], filled(["a"]))
    store.close()
    (tmp_path / INDEX).write_bytes(b"no database" * 100)
    store = RowStore(tmp_path, "float32", 3)
    assert not store.has("a")
    store.add(["a"], filled(["a"]))
    assert np.array_equal(store.rows(["a"]), filled(["a"]))
    store.close()


def test_an_index_that_another_is_using_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that begin at once: SQLite turns one of them away. Its index removed, both would write to one place."""
    store, real, refused = RowStore(tmp_path, "float32", 3), sqlite3.connect, list[bool]()
    store.add(["a"], filled(["a"]))

    def connect(*place: Any, **options: Any) -> Any:
        if refused:
            return real(*place, **options)
        refused.append(True)
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY  # type: ignore[misc]
        return SimpleNamespace(execute=Mock(side_effect=busy), close=Mock())

    monkeypatch.setattr(sqlite3, "connect", connect)
    other = RowStore(tmp_path, "float32", 3)
    assert refused and other.has("a")
    other.add(["b"], filled(["b"]))
    store.add(["c"], filled(["c"]))
    assert np.array_equal(other.rows(["a", "b"]), filled(["a", "b"]))
    other.close()
    store.close()


def test_a_damaged_index_takes_its_rows_with_it(tmp_path: Path) -> None:
    """Whoever has them open still has them, and nobody writes over them."""
    store = RowStore(tmp_path, "float32", 3)
    store.add(["a"], filled(["a"]))
    (tmp_path / INDEX).unlink()
    (tmp_path / INDEX).write_bytes(b"no database" * 100)
    with contextlib.suppress(PermissionError):  # Windows removes nothing that is open
        other = RowStore(tmp_path, "float32", 3)
        other.add(["b"], filled(["b"]))
        other.close()
    assert np.array_equal(store.rows(["a"]), filled(["a"]))
    store.close()


def test_rows_of_another_length_are_refused(tmp_path: Path) -> None:
    store = RowStore(tmp_path, "float32", 3)
    with pytest.raises(ValueError, match="2 rows of 3"):
        store.add(["a", "b"], np.zeros((2, 4), np.float32))
    store.close()


def test_the_store_longest_unused_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_store, "KEPT_FREE", 0)
    for age, name in ((30, "new"), (300, "old"), (200, "middle")):
        (tmp_path / name).mkdir()
        path = tmp_path / name / ROWS
        path.write_bytes(bytes(1000))
        os.utime(path, (1e9 - age, 1e9 - age))
    assert room_for(tmp_path / "new", 500, most=3000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["middle", "new"]
    assert room_for(tmp_path / "new", 2000, most=3000)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]  # the one that is asked for is never removed


def test_a_store_that_is_only_read_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_store, "KEPT_FREE", 0)
    for age, name in ((300, "read"), (200, "written")):
        store = RowStore(tmp_path / name, "float32", 3)
        store.add(["a"], filled(["a"]))
        store.close()
        for path in (tmp_path / name).iterdir():
            os.utime(path, (1e9 - age, 1e9 - age))
    RowStore(tmp_path / "read", "float32", 3).close()
    size = sum(path.stat().st_size for path in tmp_path.glob("*/*"))
    assert room_for(tmp_path / "new", 100, most=size)
    assert [path.name for path in tmp_path.iterdir()] == ["read"]


def test_what_cannot_have_room_removes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ROWS).write_bytes(bytes(1000))
    monkeypatch.setattr(row_store, "KEPT_FREE", 0)
    assert not room_for(tmp_path / "new", 2001, most=3000)
    monkeypatch.setattr(row_store, "_free", lambda _folder: 100)
    assert not room_for(tmp_path / "new", 1101, most=3000)
    assert (tmp_path / "old" / ROWS).is_file()


def test_a_file_that_goes_while_stores_are_counted_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What SQLite has beside an index goes when the last process lets go of it."""
    (tmp_path / "a").mkdir()
    monkeypatch.setattr(Path, "glob", lambda self, _pattern: iter([self / "a", self / "gone-wal"]))
    monkeypatch.setattr(row_store, "KEPT_FREE", 0)
    assert room_for(tmp_path / "a", 100)


def test_the_disk_keeps_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_store, "_free", lambda _folder: row_store.KEPT_FREE + 100)
    assert room_for(tmp_path / "a", 100) and not room_for(tmp_path / "a", 101)


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a file that is open")
def test_a_store_that_another_removed_is_read_to_the_end(tmp_path: Path) -> None:
    store = RowStore(tmp_path / "store", "float32", 3)
    store.add(["a", "b"], filled(["a", "b"]))
    shutil.rmtree(tmp_path / "store")
    assert np.array_equal(store.rows(["b", "a"]), filled(["b", "a"]))
    store.close()
