"""A batch that somebody looked at: small photos, a ledger of what a model said, and what a person said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image

from engine.photo_facts import PhotoFacts
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.opening import open_ledger
from engine.prediction.ledger.verdicts import say
from tests.engine import tiny_model

WHEN = datetime(2024, 5, 4, 18, 30)


@dataclass(frozen=True)
class Shot:
    """A photo of one grey value, what the model said of it, and the person (None: nothing)."""

    grey: int
    model: str
    person: str | None
    size: tuple[int, int] = (40, 24)


def take(path: Path, shot: Shot) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x010F] = "ACME"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", shot.size, (shot.grey,) * 3).save(path, quality=95, exif=exif)
    return path


def make_field(folder: Path, shots: Mapping[str, Shot], classes: tuple[str, ...] = tiny_model.CLASSES) -> Path:
    """The ledger of the photos in `folder`/photos."""
    model = tiny_model.make(folder / "m.thaw", classes)
    ledger = open_ledger(folder / "answers.thaw-ledger", model)
    for name, shot in shots.items():
        status = take(folder / "photos" / name, shot).stat()
        found = Found(folder / "photos" / name, status.st_size, status.st_mtime_ns)
        facts = PhotoFacts("2024-05-03T14:22:01", "ACME", 48.5, 9.25)
        ledger.add([Answer(found, np.full(3, 1 / 3, np.float32), "", facts)], [(shot.model, 0.75)])
    said = {id_: shot.person for id_, shot in enumerate(shots.values(), 1) if shot.person is not None}
    say(ledger, said, WHEN)
    ledger.close()
    return ledger.path


def make_dataset(root: Path, photos: Mapping[str, int]) -> Path:
    """Photos of these grey values at these places."""
    for name, grey in photos.items():
        take(root / name, Shot(grey, "", None))
    return root
