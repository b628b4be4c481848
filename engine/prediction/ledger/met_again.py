"""A path that a ledger knows, and a file there that is another by now: the same photo, or the next memory card's.

Cameras begin with the same names on every card. The row of a photo whose place another one has taken is set aside: it
keeps its id, its answer and what a person said, and stands in every table; what tells its file apart is in its key.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.prediction.classify import Answer, Found

CLOSE = 0.01
"""Probabilities that differ no more are those of one picture, whose file got keywords or a place, say."""
SELECT = (
    "SELECT photo.id, key, size, modified, taken, camera, error, probabilities, verdict.label FROM photo "
    "LEFT JOIN verdict ON verdict.photo = photo.id WHERE key IN (?, ?) ORDER BY length(key) DESC LIMIT 1"
)
_APART = b"\0"  # no path has it


@dataclass(frozen=True, slots=True)
class Known:
    """The row that a ledger has for a file. `verdict` is what a person said, None where nobody did."""

    id: int
    key: bytes
    size: int
    modified: int
    taken: str
    camera: str
    error: str
    probabilities: bytes | None
    verdict: str | None


def key_of(path: Path) -> bytes:
    """The key of what is at a path now."""
    return os.fsencode(os.path.normpath(path.absolute()))


def key_aside(key: bytes, size: int, modified: int) -> bytes:
    """The key of a file of this size and time, whose place at the path of `key` another one has taken."""
    return b"%b%b%d %d" % (key, _APART, size, modified)


def path_of(key: bytes) -> Path:
    """The absolute path in a key; of a row that was set aside, where its photo was."""
    return Path(os.fsdecode(key.partition(_APART)[0]))


def is_aside(key: bytes) -> bool:
    return _APART in key


def known_at(run: Callable[..., sqlite3.Cursor], found: Found) -> Known | None:
    """The row of this very file where it was set aside, else that of its path."""
    key = key_of(found.path)
    row = run(SELECT, (key, key_aside(key, found.size, found.modified))).fetchone()
    return None if row is None else Known(*row)


def what_it_is(known: Known, answer: Answer) -> Literal["same", "other", "gone"]:
    """What an answer is to the row of its path: an answer for the same photo, which takes its place; one for another
    photo; or word that the photo is not there, which is no answer for it.

    A file of another size or time is the same photo where its EXIF tells the same time and camera (where there is none,
    the size must be the same), and the model answers the same: programs write keywords and places into photos. With a
    row that has neither an answer nor a person's word, nothing is lost.
    """
    found = answer.found
    if (known.size, known.modified) == (found.size, found.modified):
        return "same"
    if known.error and known.verdict is None:
        return "same"
    if known.probabilities is not None and not (found.size or found.modified):
        return "gone"
    if known.probabilities is None or answer.probabilities is None:
        return "other"
    facts = answer.facts
    told = (known.taken, known.camera) == (facts.taken, facts.camera) and (facts.taken or known.size == found.size)
    close = np.allclose(np.frombuffer(known.probabilities, "<f4"), answer.probabilities, rtol=0, atol=CLOSE)
    return "same" if told and close else "other"
