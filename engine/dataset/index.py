"""scan: what a dataset folder holds, and what in it is left out, and why."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.control import Control
from engine.dataset.folders import FolderWalk, FoundPhoto, natural_key
from engine.dataset.health import alike_names, missing_classes, named, odd_formats
from engine.errors import DatasetError
from engine.events import Notice, ScanFinished, ScanProgress
from engine.photo_formats import is_photo_name, is_raw_name
from engine.photos import printable
from engine.reachable import is_folder, is_there

_OUTSIDE = "a photo outside the class folders"

Split = Literal["train", "val", "test", ""]
ScanEvent = ScanProgress | Notice | ScanFinished

_SPLITS: tuple[Split, ...] = ("train", "val", "test", "")
SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Photo:
    """`path` is absolute; `split` is "" until the folder or the seed says."""

    path: Path
    label: str
    split: Split = ""


@dataclass(frozen=True)
class Skipped:
    path: Path
    reason: str


@dataclass(frozen=True)
class DatasetIndex:
    """`photos` stand in natural order of their paths, class by class; `findings` are sentences for a person."""

    root: Path
    classes: tuple[str, ...]
    photos: tuple[Photo, ...]
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[str, ...] = ()


Gathered = dict[str, dict[Split, list[FoundPhoto]]]


def scan(
    root: Path, control: Control | None = None, *, for_training: bool = True
) -> Generator[ScanEvent, None, DatasetIndex | None]:
    """Read a dataset folder: one folder per class, or train/ and optionally val/ and test/ of such.

    A folder holds splits when its “train” holds folders (“val” may be “valid” or “validation”, in any letter case).
    Photos in folders below a class folder count for the class. A file is judged by its first bytes; nothing is decoded.
    Yields ScanProgress (about ten a second, and one for each class folder), a Notice for each finding, and ScanFinished
    last. The generator's return value is the index, or None when it was stopped: half an index would look like a whole
    one. Raises DatasetError where a folder cannot be read and, `for_training`, where the photos cannot train a model.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100  ".." taken out, links kept
    _check_is_folder(root)
    walk = FolderWalk(root, control or Control())
    gathered: Gathered = {}
    notices: list[Notice] = []
    for split, holder in _layout(walk, notices, for_training):
        yield from _gather(walk, split, holder, gathered, notices)
    if walk.control.stopping:
        return None
    classes = tuple(sorted(gathered, key=natural_key))
    counts = {split: Counter({label: len(gathered[label].get(split, ())) for label in classes}) for split in _SPLITS}
    if for_training:
        _check_can_train(walk, classes, counts)
    elif not classes:
        raise DatasetError(_no_classes(walk))
    notices += [*alike_names(classes), *missing_classes(classes, counts)]
    for label in classes:
        notices += odd_formats(root, label, [found for photos in gathered[label].values() for found in photos])
    yield from notices
    index = DatasetIndex(
        root,
        classes,
        tuple(
            Photo(found.path, label, split)
            for label in classes
            for split in _SPLITS
            for found in gathered[label].get(split, ())
        ),
        tuple(Skipped(path, reason) for path, reason in walk.skipped.items()),
        tuple(notice.text for notice in notices),
    )
    train, val, test, unsplit = (counts[split] for split in _SPLITS)
    rows = tuple((label, train[label], val[label], test[label], unsplit[label]) for label in classes)
    yield ScanFinished(root, classes, len(index.photos), len(index.skipped), index.findings, rows)
    return index


def load(root: Path, control: Control | None = None, *, for_training: bool = True) -> DatasetIndex:
    """The index of a dataset folder, without the events. Raises DatasetError as `scan` does, and when stopped."""
    events = scan(root, control, for_training=for_training)
    while True:
        try:
            next(events)
        except StopIteration as end:
            if end.value is None:
                raise DatasetError("The scan was stopped before the whole folder was read.") from None
            index: DatasetIndex = end.value
            return index


def class_name(folder: Path) -> str:
    """The class a folder stands for. Two computers may write one name in two Unicode forms; NFC makes them one."""
    return unicodedata.normalize("NFC", printable(folder.name))


def _check_is_folder(root: Path) -> None:
    if is_folder(root):
        return
    name = printable(str(root))
    if is_there(root):
        raise DatasetError(f"“{name}” is a file; choose the folder that holds one folder of photos per class.")
    raise DatasetError(f"There is no folder “{name}”; if it is on a removable drive, check that it is connected.")


def _layout(walk: FolderWalk, notices: list[Notice], for_training: bool) -> list[tuple[Split, Path]]:
    """Which folders hold class folders, and for which split."""
    folders, files = walk.listed(walk.root)
    splits = {
        folder: SPLIT_FOLDERS[folder.name.casefold()] for folder in folders if folder.name.casefold() in SPLIT_FOLDERS
    }
    # A class of railway photos may well be called “train”: a split holds folders, a class holds photos.
    holders = {folder: split for folder, split in splits.items() if _holds_folders(folder)}
    if "train" not in holders.values() and not (holders and len(splits) == len(folders)):
        return [("", walk.root)]
    if for_training and "train" not in holders.values():
        raise DatasetError(
            f"“{walk.shown(walk.root)}” has {named([walk.shown(folder) for folder in holders])} but no folder “train” "
            "with one folder of photos per class."
        )
    for split in _SPLITS:
        same = [walk.shown(folder) for folder in holders if holders[folder] == split]
        if len(same) > 1:
            raise DatasetError(f"{named(same)} mean the same split; keep one of them.")
    walk.skipped |= {path: _reason_outside(path) for path in files}
    for folder in folders:
        if folder not in holders:
            reason = "holds no class folders" if folder in splits else "stands beside the train folder"
            walk.skipped[folder] = f"{reason} and is not used"
            text = f"The folder “{walk.shown(folder)}” {reason} and is not used."
            notices.append(Notice(text, "unused_folder", folder))
    return [(holders[folder], folder) for folder in walk.claimed(holders)]


def _gather(
    walk: FolderWalk, split: Split, holder: Path, gathered: Gathered, notices: list[Notice]
) -> Generator[ScanProgress, None, None]:
    folders, files = walk.listed(holder)
    walk.skipped |= {path: _reason_outside(path) for path in files}
    names: dict[str, Path] = {}
    for folder in walk.claimed(folders):
        yield ScanProgress(folder, walk.count)
        found = yield from walk.photos(folder)
        if walk.control.stopping:
            return
        if not found:
            walk.skipped[folder] = "a folder without photos"
            notices.append(Notice(f"“{walk.shown(folder)}” holds no photos and is no class.", "empty_class", folder))
            continue
        label = class_name(folder)
        if label in names:
            notices.append(
                Notice(
                    f"Two folders are named “{label}” in different Unicode forms; they are one class.",
                    "same_name",
                    folder,
                )
            )
        names[label] = folder
        gathered.setdefault(label, {}).setdefault(split, []).extend(found)
        below = sum(photo.path.parent != folder for photo in found)
        if below:
            text = f"{below} of the photos of “{walk.shown(folder)}” are in folders below it; they count for “{label}”."
            notices.append(Notice(text, "sub_folders", folder))


def _reason_outside(path: Path) -> str:
    return _OUTSIDE if is_photo_name(path) else "no photo"


def _holds_folders(folder: Path) -> bool:
    # Hidden ones do not count: a class “train” may hold a “.thumbnails”.
    return bool(FolderWalk(folder, Control()).listed(folder)[0])


def _check_can_train(walk: FolderWalk, classes: tuple[str, ...], counts: dict[Split, Counter[str]]) -> None:
    if not classes:
        raise DatasetError(_no_classes(walk))
    split = any(counts["train"].values()) or any(counts["val"].values()) or any(counts["test"].values())
    training = counts["train"] if split else counts[""]
    for other in ("val", "test"):
        unknown = [label for label in classes if counts[other][label] and not training[label]]
        if unknown:
            raise DatasetError(
                f"The {other} folder has {named(unknown)}, which the train folder lacks; add photos of it to train, "
                f"or take it out of {other}."
            )
    if len(classes) < 2:
        raise DatasetError(_one_class(walk, classes[0]))
    few = [label for label in classes if training[label] < 2]
    if few:
        raise DatasetError(
            f"{named(few)} {'has' if len(few) == 1 else 'have'} only one photo to train on; "
            "a class needs at least two, and some dozens to be learned well."
        )


def _no_classes(walk: FolderWalk) -> str:
    name = walk.shown(walk.root)
    _, files = walk.listed(walk.root)
    if any(is_photo_name(path) for path in files):
        return (
            f"“{name}” holds photos but no folders of photos; put the photos of each class into a folder of their own. "
            "If it is one class of several, choose the folder above it."
        )
    return f"“{name}” holds no photos; choose the folder that holds one folder of photos per class.{_not_taken(walk)}"


def _one_class(walk: FolderWalk, label: str) -> str:
    folders, _ = walk.listed(walk.root)
    inside = next((folder for folder in folders if class_name(folder) == label), None)
    if inside is not None and len(walk.listed(inside)[0]) > 1:
        return f"“{label}” is the only folder with photos here, and holds folders itself; choose “{label}” instead."
    return (
        f"There is only one class, “{label}”; a classifier needs at least two. "
        f"Add a folder of photos of something else, “other” for instance.{_not_taken(walk)}"
    )


def _not_taken(walk: FolderWalk) -> str:
    """What else may be the cause: files that are meant for photos, and the commonest reason why they were left out."""
    counts = Counter(
        reason
        for path, reason in walk.skipped.items()
        if reason not in ("hidden", _OUTSIDE) and (is_photo_name(path) or is_raw_name(path))
    )
    if not counts:
        return ""
    reason, number = counts.most_common(1)[0]
    return f" Left out: {number} {'file' if number == 1 else 'files'} ({reason})."
