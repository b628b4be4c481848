"""Which classes are offered for a photo: the likeliest, or those that have in their name what was typed."""

from __future__ import annotations

from collections.abc import Sequence

from desktop_app.widgets.prediction.choices import Choice
from desktop_app.widgets.prediction.model import NONE_OF_THEM
from desktop_app.widgets.thumbnails import shown
from engine.events import Prediction
from engine.prediction.ledger.views import UNKNOWN_LABEL

MOST_CHOICES = 9


class Naming:
    """What was `typed` to find a class, and which of those found Enter would take."""

    def __init__(self) -> None:
        self.typed, self._marked = "", 0

    def type(self, text: str) -> None:
        self.typed, self._marked = self.typed + text, 0

    def take_back(self) -> None:
        """The last letter."""
        self.typed, self._marked = self.typed[:-1], 0

    def forget(self) -> None:
        self.typed, self._marked = "", 0

    def mark(self, step: int, offered: Sequence[Choice]) -> None:
        """So many further down."""
        self._marked = min(max(0, self._marked + step), max(0, len(offered) - 1))

    def offered(self, prediction: Prediction, classes: Sequence[str]) -> list[Choice]:
        """Of the `classes`, at most `MOST_CHOICES`; without anything typed, “none of them” too."""
        if prediction.error:
            return []
        return self._found(prediction, classes) if self.typed else _likeliest(prediction)

    def _found(self, prediction: Prediction, classes: Sequence[str]) -> list[Choice]:
        wanted, shares = self.typed.casefold(), dict(prediction.top)
        found = [name for name in classes if wanted in name.casefold()]
        found.sort(key=lambda name: (not name.casefold().startswith(wanted), name.casefold()))
        return [
            Choice("", name, shown(name), shares.get(name), name == prediction.verdict, place == self._marked)
            for place, name in enumerate(found[:MOST_CHOICES])
        ]


def _likeliest(prediction: Prediction) -> list[Choice]:
    verdict = prediction.verdict
    best = [
        Choice(str(number), name, shown(name), share, name == verdict)
        for number, (name, share) in enumerate(prediction.top[:MOST_CHOICES], 1)
    ]
    if verdict not in ("", UNKNOWN_LABEL, *dict(prediction.top)):
        best.append(Choice("", verdict, shown(verdict), None, True))
    return [*best, Choice("0", UNKNOWN_LABEL, NONE_OF_THEM, None, verdict == UNKNOWN_LABEL)]
