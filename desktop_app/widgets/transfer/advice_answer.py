"""The adviser's answer: a small table, why, what it was measured from, and what can be done with it."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import duration, quantity
from desktop_app.widgets.labels import muted_label
from engine.config.augmentations import PRESETS
from engine.events import Advice
from engine.models.catalog import find_model
from engine.models.heads import HEADS
from engine.models.strategies import STRATEGIES

ROWS = ("Model", "Strategy", "Head", "Augmentation", "Epochs")


def in_words(advice: Advice) -> tuple[str, ...]:
    """The cells of the table, in the order of ROWS."""
    return (
        find_model(advice.model).title,
        STRATEGIES[advice.strategy].title,
        HEADS[advice.head].title,
        PRESETS[advice.augmentation].title,
        str(advice.epochs),
    )


class AdviceAnswer(QWidget):
    """What is done when `use` and `self_training` are clicked is up to whoever asked for the advice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = {name: QLabel() for name in ROWS}
        self.because = QLabel()
        self.measured = muted_label(wrap=True)
        self.use = QPushButton("Use this")
        self.self_training = QPushButton("Self-training…")
        self._lay_out()

    def show_advice(self, advice: Advice, left_out: int, no_weights: str) -> None:
        """`left_out` photos could not be read; `no_weights` says why nothing was measured, where nothing was."""
        for name, text in zip(ROWS, in_words(advice), strict=True):
            self.cells[name].setText(text)
            self.cells[name].setAccessibleName(f"{name}: {text}")
        self.because.setText(" ".join(advice.sentences))
        self.measured.setText(no_weights if advice.similarity is None else _measured(advice, left_out))
        self.self_training.setVisible(advice.self_training)

    def show_in_use(self, in_use: bool) -> None:
        self.use.setText("In use" if in_use else "Use this")
        self.use.setAccessibleName(self.use.text())
        theme.set_icon(self.use, "check" if in_use else "")
        self.use.setEnabled(not in_use)

    def _lay_out(self) -> None:
        self.because.setWordWrap(True)
        self.self_training.setProperty("kind", "quiet")
        self.self_training.setToolTip("Let a finished run label photos that have no class yet")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        for widget in (self._table(), self.because, self.measured, self._buttons()):
            column.addWidget(widget)

    def _table(self) -> QWidget:
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(4)
        for place, (name, cell) in enumerate(self.cells.items()):
            grid.addWidget(muted_label(name), place, 0)
            grid.addWidget(cell, place, 1)
        grid.setColumnStretch(1, 1)
        return table

    def _buttons(self) -> QWidget:
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.use)
        row.addWidget(self.self_training)
        row.addStretch(1)
        return buttons


def _measured(advice: Advice, left_out: int) -> str:
    unread = f" {quantity(left_out, 'photo')} could not be read." if left_out else ""
    return f"Similarity {advice.similarity:.2f} of 1, measured in {duration(advice.seconds)}.{unread}"
