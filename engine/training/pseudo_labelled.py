"""Photos that an earlier model has labelled and a person has taken: they join the training split and no other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from engine.dataset.index import Photo
from engine.events import Notice
from engine.prediction.pseudo_labels import read_pseudo_labels

Planned = tuple[tuple[Photo, ...], list[str]]


def with_pseudo_labels(
    source: Path, photos: Sequence[Photo], hashes: Sequence[str], content_hash: Callable[[Photo], str]
) -> Generator[Notice, None, Planned]:
    """`photos` and their `hashes` (SHA-256 of the content, "" unknown), and after them those that the file adds to the
    training split.

    A photo whose content is in the dataset already is left out: a copy of a val or test photo among the training photos
    would make their figures lie. Raises ThawError for a file that cannot be read or names another dataset's class.
    """
    classes = tuple(dict.fromkeys(photo.label for photo in photos))
    there = set(hashes) - {""}
    added: list[Photo] = []
    new: list[str] = []
    rows = read_pseudo_labels(source, classes)
    for path, label in rows:
        photo = Photo(path.absolute(), label, "train")
        digest = content_hash(photo)
        if digest in there:
            continue
        there |= {digest} - {""}
        added.append(photo)
        new.append(digest)
    left_out = len(rows) - len(added)
    besides = f"; {left_out} are in the dataset already and are left out" if left_out else ""
    yield Notice(f"{len(added)} pseudo-labelled photos join the training photos{besides}.", "pseudo_labels", source)
    return (*photos, *added), [*hashes, *new]
