from __future__ import annotations

import io
import os
import time
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from engine.control import Control
from engine.dataset import folders
from engine.dataset.index import DatasetIndex, load, scan
from engine.errors import DatasetError
from engine.events import Event, Notice, ScanFinished, ScanProgress
from engine.wire import from_json, to_json
from tests.shared_data import shared


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, kind)
    return buffer.getvalue()


PICTURES = {kind: picture(kind) for kind in ("JPEG", "PNG", "GIF")}


def fill(folder: Path, count: int = 3, kind: str = "JPEG") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        (folder / f"photo {number}.{'jpg' if kind == 'JPEG' else kind.lower()}").write_bytes(PICTURES[kind])
    return folder


def scanned(root: Path) -> tuple[DatasetIndex, list[Event]]:
    events: list[Event] = []
    generator = scan(root)
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            assert end.value is not None
            return end.value, events


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events if isinstance(event, Notice)]


def test_class_folders_in_natural_order(tmp_path: Path) -> None:
    fill(tmp_path / "class 10", 11)
    fill(tmp_path / "class 2")
    index, events = scanned(tmp_path)
    assert index.classes == ("class 2", "class 10")
    names = [photo.path.name for photo in index.photos if photo.label == "class 10"]
    assert names == [f"photo {number}.jpg" for number in range(1, 12)]
    assert all(photo.split == "" and photo.path.is_absolute() for photo in index.photos)
    assert events[-1] == ScanFinished(
        tmp_path, index.classes, 14, 0, (), (("class 2", 0, 0, 0, 3), ("class 10", 0, 0, 0, 11))
    )
    assert sum(isinstance(event, ScanProgress) for event in events) >= 2
    assert load(tmp_path) == index


@pytest.mark.parametrize(("val", "test"), [("val", "test"), ("valid", "Test"), ("Validation", "testing")])
def test_split_folders(tmp_path: Path, val: str, test: str) -> None:
    for split, count in (("train", 4), (val, 2), (test, 1)):
        for label in ("ants", "bees"):
            fill(tmp_path / split / label, count)
    index, events = scanned(tmp_path)
    assert Counter(photo.split for photo in index.photos) == {"train": 8, "val": 4, "test": 2}
    assert isinstance(events[-1], ScanFinished) and events[-1].counts[0] == ("ants", 4, 2, 1, 0)
    assert [photo.split for photo in index.photos if photo.label == "ants"] == ["train"] * 4 + ["val"] * 2 + ["test"]


def test_what_is_no_photo_is_named_and_is_no_class(tmp_path: Path) -> None:
    for label in ("ants", "bees"):
        fill(tmp_path / label)
    for name in (".git", "__MACOSX", "@eaDir", ".hidden"):
        fill(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.me").write_text("text")
    (tmp_path / "stray.jpg").write_bytes(PICTURES["JPEG"])
    (tmp_path / "list.csv").write_text("a,b")
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini"):
        (tmp_path / "ants" / name).write_bytes(b"x")
    (tmp_path / "ants" / "empty.jpg").touch()
    (tmp_path / "ants" / "page.jpg").write_text("<html>")
    (tmp_path / "ants" / "raw.nef").write_bytes(b"II*\0" + b"\0" * 60)
    (tmp_path / "ants" / "video.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (tmp_path / "ants" / "photo without extension").write_bytes(PICTURES["JPEG"])
    index, events = scanned(tmp_path)
    assert index.classes == ("ants", "bees") and len(index.photos) == 7
    reasons = {item.path.relative_to(tmp_path).as_posix(): item.reason for item in index.skipped}
    assert reasons == {
        ".git": "hidden",
        ".hidden": "hidden",
        "@eaDir": "hidden",
        "__MACOSX": "hidden",
        "ants/.DS_Store": "hidden",
        "ants/Thumbs.db": "hidden",
        "ants/desktop.ini": "hidden",
        "ants/empty.jpg": "empty (0 bytes)",
        "ants/page.jpg": "damaged, or no photo in spite of its name",
        "ants/raw.nef": "a raw camera file; export it as JPEG or TIFF",
        "ants/video.mp4": "no photo",
        "empty": "a folder without photos",
        "list.csv": "no photo",
        "notes": "a folder without photos",
        "notes/read.me": "no photo",
        "stray.jpg": "a photo outside the class folders",
    }
    assert kinds(events) == ["empty_class", "empty_class"]
    assert isinstance(events[-1], ScanFinished) and events[-1].skipped == len(reasons)


def test_photos_in_folders_below_count_for_the_class(tmp_path: Path) -> None:
    fill(tmp_path / "ants" / "2024" / "june")
    fill(tmp_path / "ants", 2)
    fill(tmp_path / "bees")
    index, events = scanned(tmp_path)
    assert Counter(photo.label for photo in index.photos) == {"ants": 5, "bees": 3}
    assert kinds(events) == ["sub_folders"]


def test_a_stray_format_is_a_finding_and_stays_a_photo(tmp_path: Path) -> None:
    fill(tmp_path / "ants", 20)
    stray = tmp_path / "ants" / "missing.jpg"
    stray.write_bytes(PICTURES["GIF"])  # told by its bytes, whatever its name says
    fill(tmp_path / "bees", 20)
    fill(tmp_path / "bees", 3, "PNG")
    index, events = scanned(tmp_path)
    assert [(event.kind, event.path) for event in events if isinstance(event, Notice)] == [("odd_format", stray)]
    assert len(index.photos) == 44 and len(index.findings) == 1 and "GIF" in index.findings[0]


def test_the_stray_gif_of_the_ants() -> None:
    index, events = scanned(shared("data/hymenoptera"))
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert notice.path is not None and notice.path.name == "imageNotFound.gif"
    assert len(index.photos) == 398 and index.classes == ("ants", "bees")
    assert Counter(photo.split for photo in index.photos) == {"train": 245, "val": 153}


def test_one_name_in_two_unicode_forms_is_one_class(tmp_path: Path) -> None:
    for split, form in (("train", "NFC"), ("val", "NFD")):
        for label in ("čmelák", "včela"):
            fill(tmp_path / split / unicodedata.normalize(form, label))
    assert set(load(tmp_path).classes) == {"včela", "čmelák"}
    both = tmp_path / "both"
    for form in ("NFC", "NFD"):
        fill(both / unicodedata.normalize(form, "čmelák"))
    if len(list(both.iterdir())) == 2:
        fill(both / "včela")
        index, events = scanned(both)
        assert len(index.classes) == 2 and kinds(events) == ["same_name"]


def test_names_that_differ_in_capitals_are_told(tmp_path: Path) -> None:
    for label in ("Ants", "ants", "bees", "bees  "):
        fill(tmp_path / label)
    if len(list(tmp_path.iterdir())) < 4:
        pytest.skip("this file system takes them for one")
    index, events = scanned(tmp_path)
    assert index.classes == ("Ants", "ants", "bees", "bees  ") and kinds(events) == ["alike_names"] * 2


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    fill(tmp_path / "bees")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/ant\xff"))
    try:
        fill(odd)
        (odd / os.fsdecode(b"photo\xfe.jpg")).write_bytes(PICTURES["JPEG"])
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    index, events = scanned(tmp_path)
    assert index.classes == ("ant\\xff", "bees")
    assert [from_json(to_json(event)) for event in events] == events
    for text in (*index.classes, *index.findings):
        text.encode()


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    root = tmp_path / "root"
    fill(root / "ants")
    fill(root / "bees")
    outside = fill(tmp_path / "outside", 4)
    try:
        (root / "ants" / "back").symlink_to(root)
        (root / "ants" / "a more").symlink_to(outside)
        (root / "ants" / "again").symlink_to(outside)
        (root / "ants" / "other class").symlink_to(root / "bees")
        (root / "ants" / "nowhere.jpg").symlink_to(tmp_path / "absent.jpg")
        (root / "ants" / "self").symlink_to(root / "ants" / "self")
        (root / "copy of bees").symlink_to(root / "bees")
    except OSError:
        pytest.skip("no links here")
    index = load(root)
    assert Counter(photo.label for photo in index.photos) == {"ants": 7, "bees": 3}
    reasons = {item.path.name: item.reason for item in index.skipped}
    assert reasons.pop("nowhere.jpg") == reasons.pop("self") == "a link that leads nowhere"
    assert set(reasons) == {"back", "again", "other class", "copy of bees"}


def test_what_cannot_be_listed_is_never_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for label in ("ants", "bees", "wasps"):
        fill(tmp_path / label)
    real = os.scandir

    def broken(error: OSError) -> None:
        def scandir(path: Path) -> object:
            if Path(path).name == "bees":
                raise error
            return real(path)

        monkeypatch.setattr(folders.os, "scandir", scandir)

    broken(PermissionError(13, "Permission denied"))
    with pytest.raises(DatasetError, match="“bees” may not be read"):
        load(tmp_path)
    broken(OSError(5, "Input/output error"))
    with pytest.raises(DatasetError, match="drive is connected"):
        load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    for label in ("ants", "bees", "wasps"):
        fill(tmp_path / label)
    (tmp_path / "bees").chmod(0)
    with pytest.raises(DatasetError, match="“bees” may not be read"):
        load(tmp_path)
    (tmp_path / "bees").chmod(0o755)


def test_a_folder_that_goes_away_during_the_scan(tmp_path: Path) -> None:
    root = tmp_path / "root"
    fill(root / "ants")
    fill(root / "bees")
    events = scan(root)
    next(events)
    root.rename(tmp_path / "gone")
    with pytest.raises(DatasetError, match="drive"):
        list(events)


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    def says(words: str, root: Path) -> None:
        with pytest.raises(DatasetError, match=words):
            load(root)

    says("There is no folder", tmp_path / "absent")
    says("There is no folder", tmp_path / ("x" * 300))  # as on a drive that answers with an error
    fill(tmp_path / "flat")
    says("is a file", tmp_path / "flat" / "photo 1.jpg")
    says("choose the folder above it", tmp_path / "flat")
    (tmp_path / "nothing").mkdir()
    says(r"holds no photos; choose .* class\.$", tmp_path / "nothing")
    fill(tmp_path / "one" / "ants")
    says(r"only one class, “ants”.*for instance\.$", tmp_path / "one")
    (tmp_path / "one" / "bees").mkdir()
    for name in ("1.cr2", "2.CR2", "notes.txt"):
        (tmp_path / "one" / "bees" / name).write_bytes(b"raw")
    says(r"Left out: 2 files \(a raw camera file; export it as JPEG or TIFF\)\.$", tmp_path / "one")
    for label in ("ants", "bees"):
        fill(tmp_path / "above" / "dataset" / label)
    says("choose “dataset” instead", tmp_path / "above")
    fill(tmp_path / "few" / "ants")
    fill(tmp_path / "few" / "wasps", 1)
    says("“wasps” has only one photo", tmp_path / "few")


def test_split_folders_that_do_not_fit_together(tmp_path: Path) -> None:
    def made(name: str, *places: str) -> Path:
        for place in places:
            fill(tmp_path / name / place)
        return tmp_path / name

    unknown = made("unknown", "train/ants", "train/bees", "test/wasps")
    with pytest.raises(DatasetError, match="“wasps”, which the train folder lacks"):
        load(unknown)
    twice = made("twice", "train/ants", "train/bees", "val/ants", "valid/ants")
    with pytest.raises(DatasetError, match="same split"):
        load(twice)
    headless = made("headless", "val/ants", "val/bees")
    with pytest.raises(DatasetError, match="no folder “train”"):
        load(headless)
    assert len(load(headless, for_training=False).photos) == 6
    _, events = scanned(made("lacking", "train/ants", "train/bees", "val/ants", "other/ants"))
    assert kinds(events) == ["unused_folder", "missing_class"]
    _, events = scanned(made("flat_test", "train/ants", "train/bees", "test"))
    assert kinds(events) == ["unused_folder"]
    trains = load(made("vehicles", "train", "bus", "car"))
    assert trains.classes == ("bus", "car", "train")


def test_stop_gives_no_half_index(tmp_path: Path) -> None:
    for label in ("ants", "bees"):
        fill(tmp_path / label)
    control = Control()
    events = scan(tmp_path, control)
    next(events)
    control.stop()
    with pytest.raises(StopIteration) as end:
        while True:
            next(events)
    assert end.value.value is None
    with pytest.raises(DatasetError, match="stopped"):
        load(tmp_path, control)


def test_the_tiny_digits_are_in_order() -> None:
    index = load(shared("data/mnist_tiny"))
    assert index.classes == tuple("0123456789")
    assert Counter(photo.split for photo in index.photos) == {"train": 63, "test": 63}
    assert not index.skipped


@pytest.mark.bench
def test_ten_thousand_photos_take_seconds(tmp_path: Path) -> None:
    for number in range(10):
        fill(tmp_path / str(number), 1000)
    began = time.perf_counter()
    events = list(scan(tmp_path))
    seconds = time.perf_counter() - began
    print(f"{seconds:.2f} s for 10,000 photos")  # noqa: T201
    assert seconds < 5 and len(events) < 11 + 10 * seconds + 3
