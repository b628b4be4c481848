"""A column of parts that scrolls as a whole where it is too tall."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop_app import theme

NARROWEST, WIDEST = 344, 480


class SideColumn(QScrollArea):
    def __init__(self, parts: Sequence[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        body = QWidget(objectName="scrolled")
        column = QVBoxLayout(body)
        # room at the right for the scroll bar, so that nothing moves when it appears
        column.setContentsMargins(0, 0, 2 * theme.GRID, 0)
        column.setSpacing(theme.GAP)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what lies in it is reached by itself
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(theme.wide(NARROWEST))
        self.setMaximumWidth(theme.wide(WIDEST))
