"""A column of parts that scrolls as a whole where it is too tall."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
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
        self.setMaximumWidth(theme.wide(WIDEST))
        body.installEventFilter(self)
        self._fit()

    def _fit(self) -> None:
        """Nothing in it is ever cut off at the right: it scrolls down, not across."""
        self.setMinimumWidth(max(theme.wide(NARROWEST), self.widget().minimumSizeHint().width()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)
