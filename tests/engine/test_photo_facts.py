from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin
from PIL.Image import Exif

from engine.photo_facts import NOTHING, PhotoFacts
from engine.photos import read
from tests.shared_data import shared

Rational = TiffImagePlugin.IFDRational


def saved(path: Path, exif: Exif) -> PhotoFacts:
    Image.new("RGB", (40, 30)).save(path, exif=exif.tobytes())  # as bytes: TIFF drops the inner parts of an Exif
    return read(path, 32, with_facts=True).facts


def full() -> Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "RECONYX", "HYPERFIRE 2", "2020:01:01 00:00:00"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:03 14:22:01"
    exif.get_ifd(0x8825).update({1: "S", 2: (Rational(1), Rational(30), Rational(36)), 3: "E", 4: (36.0, 0.0, 0.0)})
    return exif


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_time_camera_and_place_are_found_in_every_format(tmp_path: Path, ending: str) -> None:
    assert saved(tmp_path / f"a.{ending}", full()) == PhotoFacts(
        "2024-05-03T14:22:01", "RECONYX HYPERFIRE 2", -1.51, 36.0
    )


def test_facts_are_only_looked_for_when_asked(tmp_path: Path) -> None:
    saved(tmp_path / "a.jpg", full())
    assert read(tmp_path / "a.jpg", 32).facts is NOTHING


def test_a_make_that_the_model_repeats_stands_once(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "Canon\0EOS\n5D"
    assert saved(tmp_path / "a.jpg", exif).camera == "Canon"
    exif[0x0110] = "Canon EOS\n5D"
    assert saved(tmp_path / "a.jpg", exif).camera == "Canon EOS 5D"


@pytest.mark.parametrize(
    "clock", ["0000:00:00 00:00:00", "2024:13:45 99:00:00", "yesterday", "", "    :  :     :  :  "]
)
def test_a_clock_that_was_never_set_says_nothing(tmp_path: Path, clock: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = clock
    assert saved(tmp_path / "a.jpg", exif).taken == ""
    exif[0x0132] = "2020:01:01 00:00:00"
    assert saved(tmp_path / "a.jpg", exif).taken == "2020-01-01T00:00:00"


@pytest.mark.parametrize(
    "place",
    [
        {2: (Rational(0, 0),) * 3, 4: (1.0, 0.0, 0.0)},
        {2: (91.0, 0.0, 0.0), 4: (1.0, 0.0, 0.0)},
        {2: (1.0, 0.0, 0.0)},
        {2: (1.0,), 4: (1.0, 0.0, 0.0)},
    ],
)
def test_a_place_that_is_none_says_nothing(tmp_path: Path, place: dict[int, object]) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(place)
    found = saved(tmp_path / "a.jpg", exif)
    assert (found.latitude, found.longitude) == (None, None)


def test_broken_exif_says_nothing_and_the_photo_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    saved(path, full())
    content = path.read_bytes()
    start = content.index(b"Exif\0\0") + 6
    for place in range(start, start + 60):
        path.write_bytes(content[:place] + b"\xff" * 4 + content[place + 4 :])
        assert read(path, 32, with_facts=True).pixels.shape == (32, 32, 3)


def test_real_photos_with_and_without_exif_are_read_the_same() -> None:
    photo = next(iter(sorted((shared("data/hymenoptera") / "val" / "ants").iterdir())))
    with_facts, without = read(photo, 64, with_facts=True), read(photo, 64)
    assert (with_facts.pixels == without.pixels).all()
