"""What the model says of the picture in sight: the label as a batch would have it, and bars that move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import percent
from desktop_app.widgets.labels import ElidedLabel, Picture, muted_label
from desktop_app.widgets.prediction.detail import TopBars
from desktop_app.widgets.prediction.model import LABEL, cell, sign
from desktop_app.widgets.thumbnails import shown

if TYPE_CHECKING:
    from engine.prediction.picture import PictureAnswer

LOADING = "Loading the model…"
FRAME = "The model sees what is inside the frame."
NOTHING = "\N{NO-BREAK SPACE}"
"""Keeps a line its height, so that what is below does not jump."""


class Verdict(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answered = False
        self.label = ElidedLabel(NOTHING)
        self.label.setFont(theme.group_font())
        self._sign = Picture("circle-help", 20, "unsure")
        self._sign.hide()
        self.why = ElidedLabel(NOTHING)
        self.why.setProperty("role", "muted")
        self.bars = TopBars()
        self.frame = muted_label(FRAME, wrap=True)
        self.frame.hide()
        answer = QHBoxLayout(spacing=theme.GRID)
        answer.addWidget(self.label)
        answer.addWidget(self._sign)  # behind the word, which keeps its place while the sign comes and goes
        answer.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(muted_label("The model says"))
        column.addLayout(answer)
        column.addWidget(self.why)
        column.addSpacing(theme.GRID)
        column.addWidget(self.bars)
        column.addWidget(self.frame)

    def await_first(self) -> None:
        """Pictures come; the model's first answer takes a moment."""
        if not self._answered:
            self.label.set_whole(LOADING)

    def show_answer(self, answer: PictureAnswer) -> None:
        found, self._answered = answer.prediction, True
        icon, colour = sign(found)
        self._sign.setVisible(bool(icon))
        if icon:
            self._sign.set_icon(icon, colour)
        words = cell(found, LABEL)
        # An “unknown” has no confidence: that of the likeliest class stands at its bar.
        self.label.set_whole(words if icon else f"{words}  {percent(found.confidence)}")
        self.why.set_whole(shown(found.error) or _wanting(answer, bool(icon)) or NOTHING)
        self.bars.set_top(answer.steady)


def _wanting(answer: PictureAnswer, unknown: bool) -> str:
    """Why the label is unknown."""
    if not unknown or not answer.prediction.top:
        return ""
    return f"“{shown(answer.prediction.top[0][0])}” counts from {percent(answer.needed)} on"
