"""A photo's row in a ledger, from an Answer and to a Prediction; and the tables it stands in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from engine.events import Prediction
from engine.prediction.classify import Answer
from engine.prediction.ledger.met_again import key_of
from engine.prediction.rules import ranked

SCHEMA = (
    "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE photo (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,      -- its absolute path, as bytes: names need not be UTF-8; see met_again.py
    path BLOB NOT NULL,            -- as it was named
    size INTEGER NOT NULL,         -- bytes
    modified INTEGER NOT NULL,     -- nanoseconds since 1970
    sha256 TEXT NOT NULL,
    taken TEXT NOT NULL,
    camera TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    error TEXT NOT NULL,
    label TEXT NOT NULL,           -- by the rules that were applied last
    confidence REAL NOT NULL,
    probabilities BLOB,            -- float32, little-endian, by class
    series INTEGER                 -- the photos that were decided on together have the same number
)""",
    "CREATE TABLE verdict (photo INTEGER PRIMARY KEY, label TEXT NOT NULL, said TEXT NOT NULL)",
)
INSERT = f"INSERT OR REPLACE INTO photo VALUES ({', '.join('?' * 15)})"
SELECT = (
    "SELECT id, path, size, sha256, taken, camera, latitude, longitude, error, photo.label, confidence, probabilities, "
    "series, verdict.label FROM photo LEFT JOIN verdict ON verdict.photo = id"
)
"""What `prediction` takes, the id first."""


def values(id_: int | None, answer: Answer, label: str, confidence: float, key: bytes | None = None) -> tuple[Any, ...]:
    """What `INSERT` takes; without an `id_` the row gets the next one, without a `key` that of the photo's path."""
    found, facts = answer.found, answer.facts
    blob = None if answer.probabilities is None else answer.probabilities.astype("<f4").tobytes()
    return (
        id_, key or key_of(found.path), os.fsencode(found.path), found.size, found.modified, answer.sha256, facts.taken,
        facts.camera, facts.latitude, facts.longitude, answer.error, label, confidence, blob, None,
    )  # fmt: skip


def prediction(row: tuple[Any, ...], classes: tuple[str, ...], top: int) -> Prediction:
    """The Prediction of a row of `SELECT`, with the `top` best classes."""
    _, path, size, sha256, taken, camera, latitude, longitude, error, label, confidence, blob, series, verdict = row
    best = () if blob is None else ranked(classes, np.frombuffer(blob, "<f4"), top)
    return Prediction(
        Path(os.fsdecode(path)), label, confidence, best, error, size, taken, camera, latitude, longitude, sha256,
        verdict or "", series,
    )  # fmt: skip


def predictions_of(
    answers: Iterable[Answer], decided: Iterable[tuple[str, float]], classes: tuple[str, ...], top: int
) -> list[Prediction]:
    """Answers that are not read back from a ledger, as the ledger would tell them."""
    return [
        Prediction(
            answer.found.path, label, confidence,
            () if answer.probabilities is None else ranked(classes, answer.probabilities, top), answer.error,
            answer.found.size, answer.facts.taken, answer.facts.camera, answer.facts.latitude, answer.facts.longitude,
            answer.sha256,
        )
        for answer, (label, confidence) in zip(answers, decided, strict=True)
    ]  # fmt: skip
