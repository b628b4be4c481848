"""Photos that stand in a dataset more than once, told by what their files hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from engine.dataset.health import named
from engine.dataset.index import Photo
from engine.events import Notice
from engine.photos import shown_name


def copies(photos: Sequence[Photo], hashes: Sequence[str]) -> Iterator[Notice]:
    """What makes figures lie: copies of training photos among those that measure, and one photo under two classes.

    `photos` have their splits; `hashes` are the SHA-256 of their contents, "" where unknown.
    """
    alike: dict[str, list[Photo]] = defaultdict(list)
    for photo, digest in zip(photos, hashes, strict=True):
        if digest:
            alike[digest].append(photo)
    groups = [group for group in alike.values() if len(group) > 1]
    known = [
        photo for group in groups if any(photo.split == "train" for photo in group)
        for photo in group if photo.split != "train"
    ]  # fmt: skip
    if known:
        holds, them = ("photo holds", "it") if len(known) == 1 else ("photos hold", "them")
        yield Notice(
            f"{len(known)} validation or test {holds} the same as a training photo ({_names(known)}), so the figures "
            f"will be better than on new photos; take {them} out.",
            "copies_in_splits",
            known[0].path,
        )
    twofold = [group for group in groups if len({photo.label for photo in group}) > 1]
    if twofold:
        labels = named(sorted({photo.label for group in twofold for photo in group}))
        stand = "photo stands" if len(twofold) == 1 else "photos stand"
        yield Notice(
            f"{len(twofold)} {stand} in two classes ({_names([group[0] for group in twofold])}; {labels}); "
            "keep each where it belongs.",
            "copies_in_classes",
            twofold[0][0].path,
        )


def _names(photos: Sequence[Photo]) -> str:
    return named([shown_name(photo.path) for photo in photos])
