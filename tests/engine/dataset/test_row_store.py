"""Rows on disk: found again, whole or not at all, shared by processes, and never more than the disk has room for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
    assert not room_for(tmp_path / "new", 5000, most=3000)
    assert (tmp_path / "new").is_dir()  # the one that is asked for is never removed


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
