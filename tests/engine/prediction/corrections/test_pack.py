from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from engine.control import Control
from engine.errors import ThawError
from engine.events import CorrectionsPacked, LeftOut
from engine.prediction.corrections.contents import from_csv
from engine.prediction.corrections.pack import pack_corrections
from tests.engine.prediction.corrections.field import Shot, make_field

SHOTS = {
    "a.jpg": Shot(10, "red", "red", (900, 300)),
    "b.jpg": Shot(60, "red", "green"),
    "c.jpg": Shot(110, "blue", None),
    "gone.jpg": Shot(160, "unknown", "blue"),
    "changed.jpg": Shot(210, "blue", "red"),
}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = make_field(tmp_path_factory.mktemp("field"), SHOTS)
    (ledger.parent / "photos" / "gone.jpg").unlink()
    (ledger.parent / "photos" / "changed.jpg").write_bytes(b"something else")
    return ledger


def test_what_was_said_is_packed_with_small_copies(field: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (field.parent / "photos").iterdir()}
    out = tmp_path / "x.thaw-corrections"
    *told, finished = pack_corrections(field, out)
    assert isinstance(finished, CorrectionsPacked)
    assert (finished.photos, finished.corrected, finished.copies) == (4, 3, 2)
    left_out = [event for event in told if isinstance(event, LeftOut)]
    assert [(event.path.name, event.reason[:9]) for event in left_out] == [
        ("changed.jpg", "It change"),
        ("gone.jpg", "It is not"),
    ]
    assert {path: path.read_bytes() for path in (field.parent / "photos").iterdir()} == before

    with zipfile.ZipFile(out) as archive:
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        rows = {Path(row.path).name: row for row in from_csv(archive.read("corrections.csv"))}
        manifest = json.loads(archive.read("manifest.json"))
        first = archive.read(rows["a.jpg"].copy)
    assert (manifest["model"], manifest["photos"], manifest["last_said"]) == ("Colours", 4, "2024-05-04T18:30:00")
    assert (rows["b.jpg"].label, rows["b.jpg"].model_label, rows["b.jpg"].confidence) == ("green", "red", 0.75)
    assert rows["a.jpg"].sha256 == hashlib.sha256(before[field.parent / "photos" / "a.jpg"]).hexdigest()
    assert (rows["gone.jpg"].sha256, rows["gone.jpg"].copy) == ("", "")
    copy = Image.open(io.BytesIO(first))
    assert copy.size == (512, 171)
    exif = copy.getexif()
    assert exif.get_ifd(0x8769) == {0x9003: "2024:05:03 14:22:01"}
    assert set(exif) == {0x8769}, "a copy says when it was taken, and nothing else"
    assert {(row.latitude, row.longitude) for row in rows.values()} == {(None, None)}


def test_the_same_words_are_the_same_bytes(field: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.thaw-corrections", tmp_path / "2.thaw-corrections"
    for out in (first, second):
        list(pack_corrections(field, out))
        os.utime(field)
    assert first.read_bytes() == second.read_bytes()


def test_what_was_asked_for_is_inside(field: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.thaw-corrections"
    finished = list(pack_corrections(field, out, only_corrected=True, size=32, places=True))[-1]
    assert isinstance(finished, CorrectionsPacked)
    assert finished.photos == finished.corrected == 3
    with zipfile.ZipFile(out) as archive:
        rows = from_csv(archive.read("corrections.csv"))
        small = Image.open(io.BytesIO(archive.read("photos/000001.jpg")))
    assert {(row.latitude, row.longitude) for row in rows} == {(48.5, 9.25)}
    assert max(small.size) == 32


def test_a_stop_leaves_nothing(field: Path, tmp_path: Path) -> None:
    control = Control()
    control.stop()
    (finished,) = pack_corrections(field, tmp_path / "x.thaw-corrections", control=control)
    assert finished == CorrectionsPacked(None, 0, 0, 0, 0, finished.seconds, stopped=True)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_packed_is_refused(field: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.thaw-corrections"
    there.write_bytes(b"mine")
    for out, word in ((there, "exists"), (tmp_path / "x.zip", "ends in"), (tmp_path / "no" / there.name, "no folder")):
        with pytest.raises(ThawError, match=word):
            list(pack_corrections(field, out))
    with pytest.raises(ThawError, match="longest side"):
        list(pack_corrections(field, tmp_path / "x.thaw-corrections", size=5))
    assert there.read_bytes() == b"mine"
    silent = make_field(tmp_path, {"a.jpg": Shot(1, "red", None), "b.jpg": Shot(9, "red", None)})
    with pytest.raises(ThawError, match="Nobody has said"):
        list(pack_corrections(silent, tmp_path / "x.thaw-corrections"))
