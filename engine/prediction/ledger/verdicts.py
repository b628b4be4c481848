"""What a person says that photos show, kept in the ledger beside the model's label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.errors import LedgerError
from engine.prediction.ledger.deciding import rules_used
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.rules import UNKNOWN

NONE_OF_THEM = UNKNOWN
"""What is said of a photo that shows none of the classes."""


@dataclass(frozen=True)
class Verified:
    """Photos that a person looked at: `right` of `labelled` have the label that the person gave them; `seen` are all of
    them. Neither right nor wrong are those that the model left unknown, and `finer` ones: of them the person named only
    the group that the model's class is in."""

    seen: int
    labelled: int
    right: int
    finer: int = 0


def say(ledger: Ledger, said: Mapping[int, str | None], now: datetime | None = None) -> None:
    """Keep the labels that a person gave to photos, by id; None takes back what was said. Kept at once, all of it or
    nothing. Raises LedgerError, also where another process has been writing for ten seconds."""
    moment = (now or datetime.now()).isoformat(timespec="seconds")
    try:
        with ledger.statements() as run:
            for photo, label in said.items():
                if label is None:
                    run("DELETE FROM verdict WHERE photo = ?", (photo,))
                else:
                    run("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?)", (photo, label, moment))
            ledger.commit()
    except LedgerError:
        ledger.forget()
        raise


def take_back(ledger: Ledger, photo: int) -> None:
    """Forget what was said of a photo."""
    say(ledger, {photo: None})


def verified(ledger: Ledger) -> Verified:
    """How often the model was right, by the labels of now. A group is right where the person named a class in it."""
    with ledger.statements() as run:
        pairs = run(
            "SELECT photo.label, verdict.label, count(*) FROM verdict JOIN photo ON photo.id = verdict.photo "
            "WHERE photo.error = '' GROUP BY 1, 2"
        ).fetchall()
    rules = rules_used(ledger)
    hierarchy = rules.hierarchy if rules else None

    def above(name: str) -> list[str]:
        return hierarchy.above(name) if hierarchy else []

    labelled = [pair for pair in pairs if pair[0] != UNKNOWN]
    finer = sum(number for model, person, number in labelled if person in above(model))
    return Verified(
        sum(number for *_, number in pairs),
        sum(number for *_, number in labelled) - finer,
        sum(number for model, person, number in labelled if model == person or model in above(person)),
        finer,
    )
