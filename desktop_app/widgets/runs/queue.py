"""The runs that wait their turn, above the settings of the next one."""

from __future__ import annotations

import functools

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.queue_file import QueuedRun
from desktop_app.run_queue import RunQueue
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.labels import ElidedLabel, Picture, group_label, muted_label
from engine.models import strategies
from engine.models.catalog import title_of

HELD = "They wait until you let them start."
ROWS_IN_SIGHT = 3


class QueueList(QFrame):
    """Takes no room where nothing waits."""

    def __init__(self, queue: RunQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._queue = queue
        self.title = group_label("")
        self.held = muted_label(HELD)
        self.trouble = QLabel(wordWrap=True)
        self.trouble.setProperty("role", "error")
        self.go_on = QPushButton("Start them")
        theme.set_icon(self.go_on, "play")
        self.go_on.clicked.connect(queue.go_on)
        self._rows = QVBoxLayout()
        self._buttons: list[dict[str, QToolButton]] = []
        self._lay_out()
        queue.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        while item := self._rows.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        self._buttons = []
        runs, waiting = self._queue.runs, len(self._queue.waiting())
        failed = len(runs) - waiting
        parts = [quantity(waiting, "run waits", "runs wait")] if waiting else []
        parts += [quantity(failed, "run failed", "runs failed")] if failed else []
        self.title.setText(", ".join(parts))
        for widget in (self.held, self.go_on):
            widget.setVisible(self._queue.held and waiting > 0)
        for place, run in enumerate(runs):
            self._rows.addWidget(self._row(place, run))
        self.trouble.setText(f"✗ {self._queue.trouble}" if self._queue.trouble else "")
        self.trouble.setVisible(bool(self._queue.trouble))
        self._scroll.setFixedHeight(min(ROWS_IN_SIGHT, len(runs)) * (theme.row() + 2))
        self.setVisible(bool(runs))

    def _row(self, place: int, run: QueuedRun) -> QWidget:
        row = QWidget()
        row.setFixedHeight(theme.row() + 2)
        self._buttons.append({})
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.GRID)
        line.addWidget(Picture("circle-alert" if run.failure else "clock", 16, "wrong" if run.failure else "muted"))
        words = ElidedLabel(in_words(run), mode=Qt.TextElideMode.ElideRight)
        line.addWidget(words, 1)
        last = len(self._queue.runs) - 1
        name = f"{title_of(run.config.model)}, {run.config.data.name}"
        if run.failure:
            again = self._button("rotate-ccw", f"Try again: {name}", functools.partial(self._queue.retry, place))
            line.addWidget(again)
        for icon, tip, by, possible in (
            ("chevron-up", "Earlier", -1, place > 0),
            ("chevron-down", "Later", 1, place < last),
        ):
            button = self._button(icon, f"{tip}: {name}", functools.partial(self._move, place, by))
            button.setEnabled(possible)
            line.addWidget(button)
        line.addWidget(self._button("x", f"Remove: {name}", functools.partial(self._queue.remove, place)))
        return row

    def _button(self, icon: str, name: str, act: functools.partial[None]) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setToolTip(name.partition(":")[0])
        button.setAccessibleName(name)
        button.clicked.connect(lambda _checked=False: act())
        self._buttons[-1][button.toolTip()] = button
        return button

    def _move(self, place: int, by: int) -> None:
        """The rows are made anew; whoever moves one by keyboard stays at it."""
        self._queue.move(place, by)
        buttons = self._buttons[place + by]
        wanted, other = ("Earlier", "Later") if by < 0 else ("Later", "Earlier")
        button = buttons[wanted] if buttons[wanted].isEnabled() else buttons[other]
        button.setFocus()

    def _lay_out(self) -> None:
        head = QHBoxLayout(spacing=2 * theme.GRID)
        head.addWidget(self.title)
        head.addWidget(self.held, 1)
        head.addStretch(0)
        head.addWidget(self.go_on)
        body = QWidget(objectName="scrolled")
        body.setLayout(self._rows)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(body)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID // 2)
        column.addLayout(head)
        column.addWidget(self.trouble)
        column.addWidget(self._scroll)


def in_words(run: QueuedRun) -> str:
    """A run that waits, in one line."""
    config = run.config
    parts = [config.data.name, title_of(config.model), strategies.title_of(config.strategy)]
    if config.extends:
        parts.append(f"on to {quantity(config.epochs, 'epoch')}, from “{config.extends.name}”")
    else:
        parts.append(quantity(config.epochs, "epoch"))
    return " · ".join(parts) + (f" – {run.failure}" if run.failure else "")
