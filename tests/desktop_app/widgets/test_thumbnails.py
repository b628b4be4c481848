from __future__ import annotations

from pathlib import Path

from PIL import Image
from pytestqt.qtbot import QtBot

from desktop_app.widgets.thumbnails import Meant, Thumbnails, is_another


def take(path: Path, taken: str, words: str = "") -> Path:
    exif = Image.Exif()
    exif[0x010E] = words
    exif.get_ifd(0x8769)[0x9003] = taken
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def test_the_next_cards_photo_is_not_taken_for_the_one_that_was_there(tmp_path: Path) -> None:
    photo = take(tmp_path / "IMG_0001.JPG", "2024:05:03 14:22:01")
    meant = Meant(photo.stat().st_size, "2024-05-03T14:22:01", "")
    assert not is_another(photo, meant)
    take(photo, "2024:05:03 14:22:01", "keywords written into it")
    assert not is_another(photo, meant) and is_another(photo, meant._replace(taken=""))
    take(photo, "2024:05:09 08:00:00", "the next card")
    assert is_another(photo, meant) and not is_another(photo, None)
    assert not is_another(tmp_path / "gone.jpg", meant), "reading it says what is wrong"


def test_a_folder_that_is_read_anew_shows_what_its_photos_are_now(qtbot: QtBot, tmp_path: Path) -> None:
    photo, store = tmp_path / "ants" / "1.jpg", Thumbnails()
    photo.parent.mkdir()

    def read() -> None:
        with qtbot.waitSignal(store.ready, timeout=5000):
            store.get(photo, 64)

    read()
    assert "does not exist" in store.reason(photo, 64)
    Image.new("RGB", (8, 6)).save(photo)
    store.forget(tmp_path / "others")
    assert store.reason(photo, 64)
    store.forget(tmp_path)
    read()
    picture = store.get(photo, 64)
    assert picture is not None and picture.width() == 8
    store.forget(tmp_path)
    assert store._bytes == 0
    store.close()
