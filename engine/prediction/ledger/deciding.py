"""Rules applied to a whole ledger, from the probabilities in it: the network is not needed again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from engine.prediction.ledger.ledger import ROWS_AT_A_TIME, Ledger
from engine.prediction.rules import Rules, decide


def use_rules(ledger: Ledger, rules: Rules) -> bool:
    """Decide anew on every photo, unless it was these rules that decided last; whether that was done."""
    text = json.dumps([rules.needed, dict(rules.hierarchy.group_of) if rules.hierarchy else {}, rules.series_seconds])
    with ledger.statements() as run:
        if run("SELECT value FROM about WHERE key = 'rules'").fetchone() == (text,):
            return False
        run("INSERT OR REPLACE INTO about VALUES ('rules', ?)", (text,))
        run("UPDATE photo SET series = NULL WHERE series IS NOT NULL")
    statement = f"SELECT id, probabilities FROM photo WHERE id > ? AND error = '' ORDER BY id LIMIT {ROWS_AT_A_TIME}"
    for rows in ledger.in_parts(statement):
        decided = decide(rules, np.stack([np.frombuffer(blob, "<f4") for _, blob in rows]))
        with ledger.statements() as run:
            for (id_, _), (label, confidence) in zip(rows, decided, strict=True):
                run("UPDATE photo SET label = ?, confidence = ? WHERE id = ?", (label, confidence, id_))
    ledger.commit()
    return True


def vote(ledger: Ledger, rules: Rules) -> int:
    """Decide together on photos of one series; how many photos that were.

    A series is what one camera took in one folder, each photo at most `series_seconds` after the one before. Its
    probabilities are the mean of its photos' (a linear opinion pool, Stone 1961); each photo keeps its own scores.
    """
    number = voted = 0
    for series in _series(ledger, rules.series_seconds):
        if len(series) < 2:
            continue
        number, voted = number + 1, voted + len(series)
        rows = np.stack([np.frombuffer(blob, "<f4") for _, blob in series])
        ((label, confidence),) = decide(rules, rows.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32))
        with ledger.statements() as run:
            for id_, _ in series:
                run(
                    "UPDATE photo SET label = ?, confidence = ?, series = ? WHERE id = ?",
                    (label, confidence, number, id_),
                )
    ledger.commit()
    return voted


def _series(ledger: Ledger, seconds: float) -> Iterator[list[tuple[int, bytes]]]:
    series: list[tuple[int, bytes]] = []
    place, moment = None, 0
    with ledger.statements() as run:
        rows = run(  # sorted before the first row comes, so changing the table on the way changes nothing here
            "SELECT id, probabilities, camera, folder(key), strftime('%s', taken) FROM photo "
            "WHERE error = '' AND taken <> '' ORDER BY camera, folder(key), taken, id"
        )
        for id_, blob, camera, folder, taken in rows:
            if series and not (place == (camera, folder) and int(taken) - moment <= seconds):
                yield series
                series = []
            series.append((id_, blob))
            place, moment = (camera, folder), int(taken)
        if series:
            yield series
