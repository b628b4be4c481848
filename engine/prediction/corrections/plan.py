"""What becomes of each correction in a dataset. Nothing is written here."""

from __future__ import annotations

import hashlib
import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.dataset.index import Photo
from engine.errors import PhotoError
from engine.photo_formats import looks_like_photo
from engine.prediction.corrections.contents import Correction
from engine.prediction.corrections.journal import Application
from engine.prediction.corrections.opened_pack import Pack
from engine.prediction.corrections.target import Target, sha256_of
from engine.prediction.ledger.verdicts import NONE_OF_THEM
from engine.prediction.rules import CLASS_CALLED_SO, UNKNOWN

NO_PHOTO = "It is neither on this machine as it was, nor is there a copy of it in the pack."
TWO_LABELS = "The pack gives this photo two labels; it is for a person to say which is right."


@dataclass(frozen=True)
class Addition:
    """A photo to be added to the class `label`: the original at `source`, or the small copy."""

    correction: Correction
    label: str
    source: Path | None
    copy: bytes = b""


@dataclass(frozen=True)
class Settled:
    """Nothing is added: `known` is in the dataset, `misplaced` there as another class (`photo` says where), `none`
    shows none of the classes, `unknown` is of a class that the dataset lacks, `left out` for a reason."""

    why: Literal["known", "misplaced", "none", "unknown", "left out"]
    label: str = ""
    photo: Photo | None = None
    reason: str = ""


class Plan:
    """Follows what was added: a photo that stands in a pack twice is known the second time."""

    def __init__(self, pack: Pack, target: Target, earlier: Iterable[Application], new_classes: bool) -> None:
        self._pack, self._target, self._new_classes = pack, target, new_classes
        sizes = {one.size for one in pack.corrections} | {pack.copy_size(one) for one in pack.corrections}
        self._known: dict[str, list[Photo]] = defaultdict(list)
        for sha256, photo in target.by_content(sizes):
            self._known[sha256].append(photo)
        self._remember_copies(earlier)
        self._labels: dict[str, set[str]] = defaultdict(set)
        for one in pack.corrections:
            self._labels[one.sha256].add(one.label)

    def judge(self, one: Correction) -> Addition | Settled:
        """What becomes of it."""
        if self._is_none(one.label):
            return Settled("none")
        label = self._named(one.label)
        if one.sha256 and len(self._labels[one.sha256]) > 1:
            return Settled("left out", label, reason=TWO_LABELS)
        if there := self._known.get(one.sha256):
            return self._settled(label, there)
        if not self._target.label(label) and not self._new_classes:
            return Settled("unknown", label)
        if original := _original(one):
            return Addition(one, label, original)
        if not one.copy:
            return Settled("left out", label, reason=NO_PHOTO)
        try:
            copy = self._pack.copy(one)
        except PhotoError as error:
            return Settled("left out", label, reason=str(error))
        there = self._known.get(hashlib.sha256(copy).hexdigest(), [])  # added on another computer, say
        return self._settled(label, there) if there else Addition(one, label, None, copy)

    def _is_none(self, said: str) -> bool:
        """Whether it was said that a photo shows none of the classes. In packs of before, a class may be called so."""
        return said == NONE_OF_THEM and not (said in self._pack.manifest.classes and self._target.label(said))

    def _named(self, said: str) -> str:
        """The class as the dataset calls it, or would."""
        own = UNKNOWN if said == CLASS_CALLED_SO and said in self._pack.manifest.classes else said
        return self._target.label(own) or own

    def took(self, addition: Addition, path: Path) -> None:
        """It is in the dataset now."""
        self._known[addition.correction.sha256].append(Photo(path, addition.label))

    def _remember_copies(self, earlier: Iterable[Application]) -> None:
        """Small copies of earlier stand for their originals, whose content is not in the dataset."""
        by_path = {photo.path: photo for photo in self._target.index.photos}
        for application in earlier:
            for added in application.added:
                photo = by_path.get(self._target.root / added.path)
                if photo and added.of != added.sha256:
                    self._known[added.of].append(photo)

    @staticmethod
    def _settled(label: str, there: list[Photo]) -> Settled:
        if any(photo.label == label for photo in there):
            return Settled("known", label)
        return Settled("misplaced", label, there[0])


def _original(one: Correction) -> Path | None:
    """The photo as it was when the pack was made, where this machine has it."""
    # A path on another computer would be asked for over the network, with the person's name and password.
    if not one.sha256 or not one.path[:2].strip("/\\"):
        return None
    path = Path(one.path)
    try:
        status = path.stat()
        is_it = path.is_absolute() and stat.S_ISREG(status.st_mode) and status.st_size == one.size
        return path if is_it and looks_like_photo(path) and sha256_of(path) == one.sha256 else None
    except (OSError, ValueError):
        return None
