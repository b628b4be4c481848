"""What is odd about a dataset though it can be trained on: each finding is a Notice with a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.dataset.folders import FoundPhoto
from engine.events import Notice
from engine.photos import printable

SPLIT_TITLES = {"train": "training", "val": "validation", "test": "test"}
# A format is a stray's where nine of ten photos of the class share another one. Two formats side by side in numbers are
# somebody's habit and not a slip, hence the second bound.
_COMMON_SHARE = 0.9
_STRAY_SHARE = 0.01
_STRAYS_AT_LEAST = 2
_NAMED_AT_MOST = 5


def odd_formats(root: Path, label: str, photos: Sequence[FoundPhoto]) -> Iterator[Notice]:
    """One Notice for each photo whose format differs from that of nearly all others of its class."""
    counts = Counter(photo.format for photo in photos)
    common, number = counts.most_common(1)[0]
    if number == len(photos) or number < _COMMON_SHARE * len(photos):
        return
    strays_at_most = max(_STRAYS_AT_LEAST, _STRAY_SHARE * len(photos))
    for photo in photos:
        if photo.format != common and counts[photo.format] <= strays_at_most:
            name = printable(photo.path.relative_to(root).as_posix())
            yield Notice(
                f"“{name}” is a {photo.format} file, while {number} of the {len(photos)} photos of “{label}” are "
                f"{common}; check that it belongs there.",
                "odd_format",
                photo.path,
            )


def alike_names(labels: Sequence[str]) -> Iterator[Notice]:
    """Classes that differ in capital letters or spaces only: most often one class that was typed twice."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault("".join(label.casefold().split()), []).append(label)
    for group in groups.values():
        if len(group) > 1:
            yield Notice(
                f"{named(group)} differ only in capital letters or spaces and count as {len(group)} classes; "
                "put them into one folder if they are one.",
                "alike_names",
            )


def missing_classes(labels: Sequence[str], counts: Mapping[Any, Counter[str]]) -> Iterator[Notice]:
    """Classes without photos in a val or test folder that has others. `counts` maps a split to photos per class."""
    for split in ("val", "test"):
        absent = [label for label in labels if counts[split].total() and not counts[split][label]]
        if absent:
            yield Notice(
                f"The {split} folder has no photos of {named(absent)}; its figures will say nothing about "
                f"{'that class' if len(absent) == 1 else 'those classes'}.",
                "missing_class",
            )


def named(names: Sequence[str]) -> str:
    """Names for a sentence: “ants”, “bees” and 3 more."""
    quoted = [f"“{name}”" for name in names[:_NAMED_AT_MOST]]
    rest = len(names) - len(quoted)
    if rest:
        return f"{', '.join(quoted)} and {rest} more"
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else quoted[0]
