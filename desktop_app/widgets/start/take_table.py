"""A table of choices that were held beside each other, and the button that takes one for the next run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.plain_table import Column, PlainTable


class TakeTable(QWidget):
    """`taken` carries the row that the person wants. `beside` is the room left of the button."""

    taken = Signal(object)

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        title_of: Callable[[Any], str],
        reason: str,
        parent: QWidget | None = None,
    ) -> None:
        """`title_of` says what a row is called, `reason` why the row that is in use already cannot be taken."""
        super().__init__(parent)
        self._title_of, self._reason = title_of, reason
        self._chosen: Any = None
        self._current: Any = None
        self.table = PlainTable(name, columns)
        self.use = QPushButton()
        self.beside = QHBoxLayout(spacing=theme.GRID)
        foot = QHBoxLayout(spacing=theme.GRID)
        foot.addLayout(self.beside, 1)
        foot.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.table)
        column.addLayout(foot)
        self.use.clicked.connect(self._on_use_clicked)
        self.table.chosen.connect(self._on_chosen)
        self.table.activated.connect(lambda _index: self._on_use_clicked())
        self._show_use()

    def show_rows(self, rows: Sequence[Any], chosen: Any) -> None:
        """Show these, with `chosen` selected; None for none."""
        if tuple(rows) != tuple(self.table.rows()):
            self.table.show_rows(rows)
            self.table.fit_height()
        self._chosen = chosen
        if chosen is not None:
            self.table.choose(chosen)
        self._show_use()

    def chosen(self) -> Any:
        """The row that is selected, None for none."""
        return self._chosen

    def show_current(self, row: Any) -> None:
        """Which row the settings of the next run have already, None for none of them."""
        self._current = row
        self._show_use()

    def _on_chosen(self, row: Any) -> None:
        self._chosen = row
        self._show_use()

    def _on_use_clicked(self) -> None:
        if self.use.isEnabled():
            self.taken.emit(self._chosen)

    def _show_use(self) -> None:
        row = self._chosen
        there = row is not None and row != self._current
        text = f"Use {self._title_of(row)}" if there else "In use" if row is not None else "Use"
        self.use.setText(text)
        self.use.setAccessibleName(text)
        self.use.setEnabled(there)
        self.use.setToolTip("" if there else self._reason if row is not None else "Choose a row")
