"""A ledger with as many photos as a test needs, written by SQLite itself, so that 200,000 take a second."""

from __future__ import annotations

from pathlib import Path

from engine.model_file import ModelFile
from engine.prediction.ledger import course
from engine.prediction.ledger.opening import open_ledger

LABELS = ("red", "green", "blue", "unknown")


def confidence(number: int) -> float:
    return number * 7919 % 10007 / 10007


def label(number: int) -> str:
    return LABELS[number % 4]


def fails(number: int) -> bool:
    return number % 1000 == 0


def write(path: Path, model: ModelFile, photos: int, first: int = 1) -> None:
    """Photos number `first` to `first + photos - 1`: IMG_1.jpg in folder 1 and so on; each thousandth was not read."""
    ledger = open_ledger(path, model, resume=True)
    try:
        course.begin(ledger, (Path("/photos"),), model.path)
        course.note(ledger, total=first + photos - 1, finished=True)
        with ledger.statements() as run:
            run(
                """WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
                INSERT INTO photo SELECT i, CAST(path AS BLOB), CAST(path AS BLOB), 10, 5, '', '', '', NULL, NULL,
                CASE WHEN i % 1000 THEN '' ELSE '“IMG_' || i || '.jpg” is damaged.' END,
                CASE WHEN i % 1000 THEN CASE i % 4 WHEN 0 THEN 'red' WHEN 1 THEN 'green' WHEN 2 THEN 'blue'
                ELSE 'unknown' END ELSE '' END,
                CASE WHEN i % 1000 THEN i * 7919 % 10007 / 10007.0 ELSE 0.0 END,
                CASE WHEN i % 1000 THEN x'0000003F0000803E0000803E' END, NULL
                FROM (SELECT i, '/photos/' || (i % 50) || '/IMG_' || i || '.jpg' AS path FROM n)""",
                {"first": first, "last": first + photos - 1},
            )
        ledger.commit()
    finally:
        ledger.close()
