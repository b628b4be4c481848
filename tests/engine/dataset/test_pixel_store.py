"""Decoded photos on disk: found again in their own shapes, whole or not at all, shared, and never more than fits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dataset import pixel_store, row_store
from engine.dataset.pixel_store import PixelStore
from engine.dataset.row_store import INDEX, ROWS

SHAPES = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12)


def photo(number: int, height: int = 4, width: int = 5) -> np.ndarray:
    """A photo that says which it is."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


@settings(max_examples=20, deadline=None)
@given(SHAPES, st.integers(1, 300))
def test_photos_of_any_shapes_are_read_again_at_once_and_by_another(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, int]], together: int
) -> None:
    folder = tmp_path_factory.mktemp("store")
    photos = {str(number): photo(number, *shape) for number, shape in enumerate(shapes)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixel_store, "WRITTEN_TOGETHER", together)
        store = PixelStore(folder)
        for name, pixels in photos.items():
            store.put(name, pixels)
            assert np.array_equal(store.get(name), pixels)
        store.close()
    again = PixelStore(folder)
    for name, pixels in photos.items():
        assert np.array_equal(again.get(name), pixels)
    assert again.get("none") is None and not again.full
    again.close()


def test_two_that_write_in_turn_do_not_take_each_others_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_store, "WRITTEN_TOGETHER", 1)
    stores = PixelStore(tmp_path), PixelStore(tmp_path)
    for number in range(6):
        stores[number % 2].put("both" if number < 2 else str(number), photo(max(1, number)))
    for store in stores:
        assert np.array_equal(store.get("both"), photo(1))
        store.close()
    third = PixelStore(tmp_path)
    assert all(np.array_equal(third.get(str(number)), photo(number)) for number in range(2, 6))
    third.close()


def test_what_was_killed_while_writing_left_whole_photos_only(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from engine.dataset import pixel_store\n"
        "pixel_store.WRITTEN_TOGETHER = 1\n"
        "store = pixel_store.PixelStore(Path(sys.argv[1]))\n"
        "store.put('whole', np.ones((4, 5, 3), np.uint8))\n"
        "def half(file, content, place):\n"
        "    os.pwrite(file, content[: len(content) // 2], place)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "pixel_store.write_whole = half\n"
        "store.put('cut off', np.ones((4, 5, 3), np.uint8))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    store = PixelStore(tmp_path)
    assert store.get("cut off") is None
    store.put("cut off", photo(2))
    store.close()
    store = PixelStore(tmp_path)
    assert np.array_equal(store.get("cut off"), photo(2)) and store.get("whole").max() == 1
    store.close()


def test_photos_beyond_the_end_of_the_file_and_a_damaged_index_are_decoded_anew(tmp_path: Path) -> None:
    store = PixelStore(tmp_path)
    store.put("a", photo(1))
    store.put("b", photo(2))
    store.close()
    os.truncate(tmp_path / ROWS, 70)
    store = PixelStore(tmp_path)
    assert np.array_equal(store.get("a"), photo(1)) and store.get("b") is None
    store.put("c", photo(3))
    store.close()
    store = PixelStore(tmp_path)  # the next photo takes the lost one's place: no hole reads as black
    assert store.get("b") is None and np.array_equal(store.get("c"), photo(3))
    assert (tmp_path / ROWS).stat().st_size == 2 * photo(1).nbytes
    store.close()
    (tmp_path / INDEX).write_bytes(b"no database" * 100)
    store = PixelStore(tmp_path)
    assert store.get("a") is None
    store.close()


def test_what_has_no_room_is_not_kept_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_store, "WRITTEN_TOGETHER", 1)
    store = PixelStore(tmp_path / "a")
    store.put("kept", photo(1))
    monkeypatch.setattr(row_store, "_free", lambda _folder: row_store.KEPT_FREE + 10)
    store.put("no room", photo(2))
    assert store.get("no room") is None and "room" in store.full
    store.put("nor later", photo(3))
    assert store.get("nor later") is None and np.array_equal(store.get("kept"), photo(1))
    store.close()


def test_a_disk_that_fails_ends_keeping_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(pixel_store, "WRITTEN_TOGETHER", 1)
    monkeypatch.setattr(pixel_store, "write_whole", fails)
    store = PixelStore(tmp_path)
    store.put("a", photo(1))
    assert store.full == "the disk is gone" and store.get("a") is None
    store.close()
    assert PixelStore(tmp_path).get("a") is None
