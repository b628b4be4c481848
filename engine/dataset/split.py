"""Which photos train, which are validated on during the run, and which are locked away for the test."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.dataset.health import SPLIT_TITLES, named
from engine.dataset.index import DatasetIndex, Photo, Split
from engine.errors import DatasetError
from engine.events import Notice

LEAST_TO_TRAIN = 2
# Below this many photos a class's own figures jump by 20 points and more with each photo.
FEW = 5


def assign_splits(
    index: DatasetIndex, seed: int, val_share: float = 0.15, test_share: float = 0.10
) -> tuple[tuple[Photo, ...], tuple[Notice, ...]]:
    """Every photo of the index, in its order, with train, val or test; and what is worth saying about it.

    A folder without splits is cut class by class into val, test and train. A folder with train but no val has val cut
    from train; its test photos stay test, and where it has none there are none. A photo's place is decided by a hash of
    the seed and its path below the root, so it is the same on every machine, and new photos move few others.
    Raises DatasetError where a class keeps fewer than two photos to train on, or nothing is left for val.
    """
    given = {photo.split for photo in index.photos}
    pools: dict[str, list[Photo]] = {label: [] for label in index.classes}
    for photo in index.photos:
        if photo.split in ("", "train"):
            pools[photo.label].append(photo)
    assigned: dict[Photo, Split] = {}
    for label, pool in pools.items():
        _check_enough(label, len(pool))
        if "val" in given:
            continue
        ranked = sorted(pool, key=lambda photo: _rank(index, photo, seed))
        val = _number(len(pool), val_share, LEAST_TO_TRAIN)
        test = _number(len(pool), test_share, LEAST_TO_TRAIN + val) if given == {""} else 0
        # Val from one end and test from the other: growing the one takes nothing from the other.
        assigned.update((photo, "val") for photo in ranked[:val])
        assigned.update((photo, "test") for photo in ranked[len(ranked) - test :])
    photos = tuple(replace(photo, split=assigned.get(photo, photo.split or "train")) for photo in index.photos)
    if not any(photo.split == "val" for photo in photos):
        raise DatasetError("There are too few photos to keep one for validation; add at least one to some class.")
    return photos, tuple(_few(index, photos))


def _check_enough(label: str, photos: int) -> None:
    if photos < LEAST_TO_TRAIN:
        raise DatasetError(
            f"“{label}” has {'only one photo' if photos else 'no photos'} to train on; "
            f"a class needs at least {LEAST_TO_TRAIN}, and some dozens to be learned well."
        )


def _number(photos: int, share: float, kept: int) -> int:
    """How many of a class's photos a share means: rounded, at least one, and at most what leaves `kept`."""
    if share <= 0:
        return 0
    return max(0, min(max(1, int(photos * share + 0.5)), photos - kept))


def _rank(index: DatasetIndex, photo: Photo, seed: int) -> tuple[bytes, str]:
    below = unicodedata.normalize("NFC", photo.path.relative_to(index.root).as_posix())
    text = f"{seed}\0{below}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest(), below


def _few(index: DatasetIndex, photos: Sequence[Photo]) -> Iterator[Notice]:
    for split in ("val", "test"):
        counts = Counter(photo.label for photo in photos if photo.split == split)
        few = [label for label in index.classes if counts[label] < FEW]
        if not counts or not few:
            continue
        text = f"There are fewer than {FEW} {SPLIT_TITLES[split]} photos of {named(few)}"
        none = [label for label in few if not counts[label]]
        if none:
            text += f", and none of {named(none)}" if len(none) < len(few) else " (none at all)"
        yield Notice(f"{text}; figures for so few say little.", f"few_{split}")
