"""Rules applied to a whole ledger, from the probabilities in it: the network is not needed again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from engine.prediction.hierarchy import Hierarchy
from engine.prediction.ledger.ledger import ROWS_AT_A_TIME, Ledger
from engine.prediction.rules import CLASS_CALLED_SO, Rules, decide

KEY = "rules"


def decide_anew(ledger: Ledger, rules: Rules) -> None:
    """Decide on every photo, and together on those of one series; that also where the rules are those of before, for
    the batch may have ended before it came to it."""
    use_rules(ledger, rules)
    if rules.series_seconds:
        vote(ledger, rules)


def use_rules(ledger: Ledger, rules: Rules) -> bool:
    """Decide anew on every photo, unless it was these rules that decided last; whether that was done."""
    named_apart = [CLASS_CALLED_SO] * (CLASS_CALLED_SO in rules.classes)  # older ledgers are decided anew, once
    groups = dict(rules.hierarchy.group_of) if rules.hierarchy else {}
    text = json.dumps([rules.needed, groups, rules.series_seconds, *named_apart])
    if ledger.noted(KEY) == text:
        return False
    ledger.note(KEY, text)
    with ledger.statements() as run:
        run("UPDATE photo SET series = NULL WHERE series IS NOT NULL")
    for rows in ledger.in_parts(
        "SELECT id, label, confidence, probabilities FROM photo WHERE id > ? AND error = '' "
        f"ORDER BY id LIMIT {ROWS_AT_A_TIME}"
    ):
        decided = decide(rules, np.stack([np.frombuffer(row[-1], "<f4") for row in rows]))
        # A threshold that moves a little changes few of them.
        others = [(*now, row[0]) for row, now in zip(rows, decided, strict=True) if row[1:3] != now]
        ledger.change("UPDATE photo SET label = ?, confidence = ? WHERE id = ?", others)
    ledger.commit()
    return True


def rules_used(ledger: Ledger) -> Rules | None:
    """The rules that decided last, None where none did yet."""
    text = ledger.noted(KEY)
    if text is None:
        return None
    needed, group_of, series_seconds, *_ = json.loads(text)
    return Rules(ledger.about.classes, tuple(needed), Hierarchy(group_of) if group_of else None, series_seconds)


def vote(ledger: Ledger, rules: Rules) -> int:
    """Decide together on photos of one series; how many photos that were.

    A series is what one camera took in one folder, each photo at most `series_seconds` after the one before. Its
    probabilities are the mean of its photos' (a linear opinion pool, Stone 1961); each photo keeps its own scores.
    """
    number = voted = 0
    with ledger.statements() as run:
        # Written first: from here on nobody else writes, which would end this as it goes from reading to writing.
        run("UPDATE photo SET series = NULL WHERE series IS NOT NULL")
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
