"""Packs that come from elsewhere and mean harm, or are damaged."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import CorrectionsError
from engine.events import CorrectionsApplied, LeftOut
from engine.prediction.corrections.apply import apply_corrections
from engine.prediction.corrections.contents import COLUMNS, Correction, from_csv, to_csv
from engine.prediction.corrections.opened_pack import opened_pack
from tests.engine.prediction.corrections.field import make_dataset

MANIFEST = {"format": 1, "model": "m", "model_sha256": "", "classes": ["red"], "photos": 1, "corrected": 0, "copies": 1,
            "longest_side": 512}  # fmt: skip
COPY = "photos/000001.jpg"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))


def jpeg(size: tuple[int, int] = (8, 8)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, "JPEG")
    return stream.getvalue()


def row(path: str = "/nowhere/1.jpg", label: str = "red", copy: str = COPY, sha256: str = "ab" * 32) -> Correction:
    return Correction(path, sha256, 5, label, "red", 0.5, "", "", copy)


def pack(folder: Path, *rows: Correction, **members: bytes) -> Path:
    """A zip of the rows and one copy; `members` are added, or stand in place of others."""
    path = folder / "x.thaw-corrections"
    told = {"manifest.json": json.dumps(MANIFEST).encode(), "corrections.csv": to_csv(rows or (row(),)), COPY: jpeg()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (told | members).items():
            archive.writestr(name, content)
    return path


def line(**changes: object) -> bytes:
    """A table of one row, with some cells as they should not be."""
    cells = dict(zip(COLUMNS, to_csv([row()]).decode().splitlines()[1].split(","), strict=True)) | changes
    return f"{','.join(COLUMNS)}\r\n{','.join(map(str, cells.values()))}\r\n".encode()


@pytest.mark.parametrize(
    "members",
    [
        {"../evil.jpg": b"x"},
        {"/etc/evil": b"x"},
        {"photos/../../evil.jpg": b"x"},
        {"photos\\1.jpg": b"x"},
        {"photos/1.png": b"x"},
        {"manifest.json": b"[]"},
        {"manifest.json": b"{}"},
        {"manifest.json": b"\xff"},
        {"manifest.json": json.dumps(MANIFEST | {"format": "1"}).encode()},
        {"manifest.json": b"[" * 100_000},
        {"manifest.json": b" " * (2**20 + 1)},
        {"photos/2.jpg": b" " * (2**24 + 1)},
        {"corrections.csv": b""},
        {"corrections.csv": b"path,label\r\n"},
        {"corrections.csv": line(confidence="nan")},
        {"corrections.csv": line(size="-1")},
        {"corrections.csv": line(sha256="../..")},
        {"corrections.csv": line(sha256="")},
        {"corrections.csv": line(copy="photos/9.jpg")},
        {"corrections.csv": line(copy="../1.jpg")},
        {"corrections.csv": line(label="")},
        {"corrections.csv": line(label="a\x1b[2J")},
        {"corrections.csv": line(path="")},
        {"corrections.csv": line(latitude="91")},
        {"corrections.csv": line() + b"one cell\r\n"},
    ],
    ids=lambda members: f"{next(iter(members.items()))}"[:60],
)  # fmt: skip
def test_a_pack_that_cannot_be_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    path = pack(tmp_path, **members)
    with pytest.raises(CorrectionsError, match="no correction pack of Thaw's"), opened_pack(path):
        pass


def compressed(path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photos/7.jpg", b"\0" * 40)


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(COPY, jpeg())


def lying(path: Path) -> None:
    """The directory says that the copy is as large as the whole file."""
    content = bytearray(path.read_bytes())
    place = content.rindex(COPY.encode()) - 46
    content[place + 20 : place + 28] = len(content).to_bytes(4, "little") * 2
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def no_zip(path: Path) -> None:
    path.write_bytes(b"path,label\r\n")


@pytest.mark.parametrize("harm", [compressed, twice, lying, cut_off, no_zip])
def test_a_zip_that_lies_is_refused(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = pack(tmp_path)
    harm(path)
    with pytest.raises(CorrectionsError, match="no correction pack of Thaw's"), opened_pack(path):
        pass


def test_what_is_newer_or_absent_is_said(tmp_path: Path) -> None:
    path = pack(tmp_path, **{"manifest.json": json.dumps(MANIFEST | {"format": 2}).encode()})
    with pytest.raises(CorrectionsError, match="newer Thaw"), opened_pack(path):
        pass
    for wrong in (tmp_path / "absent", tmp_path):
        with pytest.raises(CorrectionsError), opened_pack(wrong):
            pass


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"GIF89a", jpeg((5000, 5000))], ids=["cut", "gif", "bomb"])
def test_a_copy_that_is_no_small_photo_is_left_out(tmp_path: Path, content: bytes) -> None:
    root = make_dataset(tmp_path / "data", {"red/1.jpg": 1, "green/1.jpg": 2})
    *told, finished = apply_corrections(pack(tmp_path, **{COPY: content}), root)
    assert isinstance(finished, CorrectionsApplied)
    assert [event.path.name for event in told if isinstance(event, LeftOut)] == ["1.jpg"]
    assert (finished.added, finished.left_out) == (0, 1)


@pytest.mark.parametrize("label", ["../../up", "..", ".hidden", "a/b", "C:\\x", "CON"])
@pytest.mark.parametrize("path", ["/x/../../../1.jpg", "C:\\photos\\..", "\\\\host\\share\\1.jpg", "//host/1.jpg"])
def test_no_name_leads_out_of_the_dataset(tmp_path: Path, label: str, path: str) -> None:
    root = make_dataset(tmp_path / "in" / "data", {"red/1.jpg": 1, "green/1.jpg": 2})
    before = {found for found in tmp_path.rglob("*") if found.is_file()}
    finished = list(apply_corrections(pack(tmp_path, row(path, label)), root, new_classes=True))[-1]
    assert isinstance(finished, CorrectionsApplied)
    assert finished.added == 1
    new = [found for found in tmp_path.rglob("*") if found.is_file() and found not in before]
    new = [found for found in new if not found.is_relative_to(tmp_path / "home") and found.parent != tmp_path]
    assert [found.parent.parent for found in new] == [root]
    assert not any(part.startswith(".") for found in new for part in found.relative_to(root).parts)


def test_no_other_file_of_this_machine_is_taken(tmp_path: Path) -> None:
    """The pack knows the hash of a file that is no photo."""
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"12345")
    root = make_dataset(tmp_path / "data", {"red/1.jpg": 1, "green/1.jpg": 2})
    sha256 = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"
    finished = list(apply_corrections(pack(tmp_path, row(str(secret), "red", "", sha256)), root))[-1]
    assert isinstance(finished, CorrectionsApplied)
    assert (finished.added, finished.left_out) == (0, 1)


def test_no_other_computer_is_asked_for_a_photo(tmp_path: Path) -> None:
    """Here //tmp is /tmp; elsewhere it is a computer that would get to know who asks."""
    photo = tmp_path / "1.jpg"
    photo.write_bytes(jpeg())
    root = make_dataset(tmp_path / "data", {"red/1.jpg": 1, "green/1.jpg": 2})
    for path, originals in ((str(photo), 1), (f"/{photo}", 0)):
        sha256 = hashlib.sha256(jpeg()).hexdigest()
        one = dataclasses.replace(row(path, sha256=sha256), size=len(jpeg()))
        finished = list(apply_corrections(pack(tmp_path, one), root, dry_run=True))[-1]
        assert isinstance(finished, CorrectionsApplied)
        assert (finished.added, finished.originals) == (1, originals)


def test_one_photo_with_two_labels_is_left_to_a_person(tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "data", {"red/1.jpg": 1, "green/1.jpg": 2})
    rows = (row(), row("/nowhere/2.jpg", "green", ""))
    *_, finished = apply_corrections(pack(tmp_path, *rows), root)
    assert isinstance(finished, CorrectionsApplied)
    assert (finished.added, finished.left_out) == (0, 2)


def test_marks_that_join_or_part_letters_are_in_labels_and_what_turns_the_writing_round_is_not() -> None:
    for label in ("گربه\u200cسان", "Vulpes\u00a0vulpes", "क्\u200dष"):
        (one,) = from_csv(to_csv([row(label=label)]))
        assert one.label == label
    for label in ("a\u202eb", "a\u2028b", "a\x00b"):
        with pytest.raises(ValueError, match="a label that is none"):
            from_csv(to_csv([row(label=label)]))
