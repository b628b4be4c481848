"""The two sides of a run at one place: what can be known before the next one, and what the last one told."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.segments import Segments

NEXT, RUN = "next", "run"


class RunSwitch(QWidget):
    """Shows `before` or `run`. While there was no run there is nothing to switch."""

    def __init__(self, before: QWidget, run: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        parts = (
            (NEXT, "Next run", "What can be known or found out before the next run starts"),
            (RUN, "Last run", "Curves, facts and result of the run"),
        )
        self.segments = Segments(parts, "What is shown")
        self._stack = QStackedWidget()
        self._stack.addWidget(before)
        self._stack.addWidget(run)
        self._head = QWidget()
        row = QHBoxLayout(self._head)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.segments)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self._head)
        column.addWidget(self._stack, 1)
        self.segments.chosen.connect(self.show_side)
        self._head.hide()

    def side(self) -> str:
        return self.segments.choice()

    def show_side(self, name: str) -> None:
        """“next” or “run”."""
        self.segments.choose(name)
        self._stack.setCurrentIndex(int(name == RUN))

    def begin_run(self) -> None:
        """A run has started: it is what a person wants to see."""
        self._head.show()
        self._name_run("This run")
        self.show_side(RUN)

    def end_run(self, told_something: bool) -> None:
        """The run is over; one that told nothing is not worth a side."""
        self._name_run("Last run")
        if not told_something:
            self._head.hide()
            self.show_side(NEXT)

    def _name_run(self, title: str) -> None:
        button = self.segments.buttons[RUN]
        button.setText(title)
        button.setAccessibleName(f"What is shown: {title}")
