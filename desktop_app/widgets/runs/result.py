"""How a run ended: one number large enough to see, how sure it is, and what to do next."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import THIN, count, interval, percent, quantity
from desktop_app.widgets.labels import Picture, muted_label

NARROW = 600
SPLITS = {"val": "val", "test": "the locked test set"}


class RunResult(QFrame):
    """A card with the result and its buttons."""

    review_wanted = Signal()
    predict_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._sign = Picture("circle-check", 20, "right")
        self.title = QLabel()
        self.title.setFont(theme.group_font())
        self.details = muted_label(wrap=True)
        self.resume = QPushButton("Resume")
        self.review = QPushButton("Review")
        self.predict = QPushButton("Classify photos")
        self.resume.clicked.connect(self.resume_wanted)
        self.review.clicked.connect(self.review_wanted)
        self.predict.clicked.connect(self.predict_wanted)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.details)
        head = QHBoxLayout(spacing=theme.GRID)
        head.addWidget(self._sign)
        head.addLayout(words, 1)
        buttons = QHBoxLayout(spacing=theme.GRID)
        buttons.addStretch(1)
        for button in (self.resume, self.review, self.predict):
            buttons.addWidget(button)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(12, 12, 12, 12)
        self._row.setSpacing(theme.GRID)
        self._row.addLayout(head, 1)
        self._row.addLayout(buttons)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is no room for words beside the buttons, they stand above."""
        narrow = event.size().width() < theme.wide(NARROW)
        self._row.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        super().resizeEvent(event)

    def show_busy(self, reason: str) -> None:
        """Why nothing can be resumed now; "" where it can."""
        self.resume.setEnabled(not reason)
        self.resume.setToolTip(reason)

    def show_result(self, metrics: dict[str, Any], stopped: bool, epochs: int) -> None:
        """`metrics` as metrics.json has them; empty where the run was stopped before its first epoch was done."""
        self._sign.set_icon("circle-stop" if stopped else "circle-check", "muted" if stopped else "right")
        self.resume.setVisible(stopped)
        self.review.setVisible(bool(metrics))
        self.predict.setVisible(bool(metrics))
        if not metrics:
            self.title.setText("Stopped before the first epoch was done")
            self.details.setText("There is no model yet. The run can be resumed.")
            return
        self.title.setText(f"{percent(metrics['val']['accuracy'])} of the validation photos are right")
        parts = [_in_words(metrics["val"])]
        if metrics.get("test"):
            parts.append(
                f"Of {SPLITS['test']}, {percent(metrics['test']['accuracy'])} are right: {_in_words(metrics['test'])}"
            )
        if metrics.get("baseline"):
            parts.append(_gained(metrics["val"]["accuracy"] - metrics["baseline"]["val_accuracy"], metrics["baseline"]))
        parts.append(f"Best epoch {metrics['best_epoch']} of {epochs}{', stopped early by you' if stopped else ''}.")
        self.details.setText(" ".join(parts))


def _in_words(split: dict[str, Any]) -> str:
    right = round(split["accuracy"] * split["photos"])
    bounds = interval(split["low"], split["high"])
    return f"{count(right)} of {quantity(split['photos'], 'photo')}, 95{THIN}% interval {bounds}."


def _gained(points: float, baseline: dict[str, Any]) -> str:
    """What the run gained over the figure from before any training."""
    amount = f"{abs(points) * 100:.1f} points {'above' if points > 0 else 'below'}"
    if round(abs(points) * 1000) == 0:
        amount = "As good as"
    return f"{amount} the baseline of {percent(baseline['val_accuracy'])}."
