"""In place of the results that a run has not yet: why, and how far it came."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.curves import Curves
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.page_frame import EmptyState
from engine.events import EpochFinished

SENTENCES = {
    "interrupted": "This run was interrupted and has no results yet. Resume it to finish.",
    "stopped": "This run was stopped before its first epoch was done. Resume it to get a model.",
    "running": "This run is being trained now. Its results appear here when it is done.",
}


class NoResults(QStackedWidget):
    """A sentence, above the curves of the epochs that are done where there are any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.nothing = EmptyState("", "", "chart-line")
        self.sentence = muted_label()
        self.curves = Curves(with_steps=False)
        so_far = QWidget()
        column = QVBoxLayout(so_far)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.sentence)
        column.addWidget(self.curves, 1)
        self.addWidget(self.nothing)
        self.addWidget(so_far)

    def show_run(self, state: str, history: Sequence[EpochFinished]) -> None:
        text = SENTENCES.get(state, "This run has no results.")
        self.show_sentence(text)
        self.sentence.setText(text)
        self.curves.set_history(history)
        self.setCurrentIndex(1 if history else 0)

    def show_sentence(self, text: str, icon: str = "chart-line") -> None:
        """Why there is nothing to see."""
        self.nothing.set(text, "", icon)
        self.setCurrentIndex(0)
