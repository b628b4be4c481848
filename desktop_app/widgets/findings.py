"""What a scan found odd, one banner each; the first few stand open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.banner import Banner
from desktop_app.widgets.figures import count

SHOWN_AT_ONCE = 2
SHOWN_AT_MOST = 30


class Findings(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rest: list[str] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID)
        self.more = QPushButton()
        self.more.setProperty("kind", "quiet")
        self.more.clicked.connect(self._on_more_clicked)
        self.banners: list[Banner] = []

    def set_findings(self, findings: Sequence[str]) -> None:
        while item := self._column.takeAt(0):
            if item.widget() is not self.more:
                item.widget().hide()
                item.widget().deleteLater()
        self.banners = []
        self._add(findings[:SHOWN_AT_ONCE])
        self._rest = list(findings[SHOWN_AT_ONCE:SHOWN_AT_MOST])
        self.more.setText(f"Show {count(len(self._rest))} more")
        self.more.setVisible(bool(self._rest))
        self._column.addWidget(self.more)
        self.setVisible(bool(findings))

    def _add(self, texts: Sequence[str]) -> None:
        for text in texts:
            banner = Banner("warning", text)
            self.banners.append(banner)
            self._column.insertWidget(len(self.banners) - 1, banner)

    def _on_more_clicked(self) -> None:
        self._add(self._rest)
        self.more.hide()
