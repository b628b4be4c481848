"""What a scan left out: the reasons with their numbers, and below each the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count
from desktop_app.widgets.thumbnails import shown

if TYPE_CHECKING:
    from engine.dataset.index import Skipped

FILES_LISTED = 500


class SkippedList(QTreeWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Left out")
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setMinimumHeight(4 * theme.row())

    def set_skipped(self, root: Path, skipped: Sequence[Skipped]) -> None:
        self.clear()
        by_reason: dict[str, list[Path]] = defaultdict(list)
        for one in skipped:
            by_reason[one.reason].append(one.path)
        for reason, paths in sorted(by_reason.items(), key=lambda item: -len(item[1])):
            top = _item(reason, count(len(paths)))
            top.addChildren([_item(shown(_below(root, path)), "") for path in paths[:FILES_LISTED]])
            if len(paths) > FILES_LISTED:
                top.addChild(_item(f"and {count(len(paths) - FILES_LISTED)} more", ""))
            self.addTopLevelItem(top)
            top.setExpanded(len(by_reason) == 1 and len(paths) < 10)


def _item(text: str, number: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([text, number])
    item.setToolTip(0, text)
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _below(root: Path, path: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
