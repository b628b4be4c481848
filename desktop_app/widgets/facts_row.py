"""A row of numbers, each below its name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import muted_label


class FactsRow(QWidget):
    """`values` holds the label of each number by its name; a number that is not known is a dash."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values = {name: QLabel("–") for name in names}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(2)
        for column, (name, label) in enumerate(self.values.items()):
            label.setFont(theme.group_font())
            label.setAccessibleName(name)
            grid.addWidget(muted_label(name), 0, column)
            grid.addWidget(label, 1, column)
        grid.setColumnStretch(len(self.values), 1)

    def show_values(self, texts: dict[str, str]) -> None:
        for name, label in self.values.items():
            label.setText(texts.get(name, "–"))
