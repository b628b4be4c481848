"""The way through the work, in order: numbered pages, each with a mark that tells how far it is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from desktop_app import theme

MARKS = {"": "", "done": "done", "running": "running", "attention": "needs attention"}


class SidebarItem(QAbstractButton):
    """One page's row: its number, its name, its mark."""

    def __init__(self, number: int, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number, self._mark = number, ""
        self.setText(title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(f"Ctrl+{number}")
        self.set_mark("")
        theme.notifier().changed.connect(self.update)

    @property
    def mark(self) -> str:
        return self._mark

    def set_mark(self, mark: str) -> None:
        """`mark` is a key of `MARKS`."""
        self._mark = mark
        self.setAccessibleName(", ".join(filter(None, (self.text(), MARKS[mark]))))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.GRID * 20, max(36, self.fontMetrics().height() + 2 * theme.GRID))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter)
        left, height = 2 * theme.GRID, self.height()
        painter.setPen(theme.colour("text" if self.isChecked() else "muted"))
        painter.drawText(QRectF(left, 0, 16, height), Qt.AlignmentFlag.AlignVCenter, str(self._number))
        font = self.font()
        font.setBold(self.isChecked())
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        words = QRectF(left + 22, 0, self.width() - left - 56, height)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
        self._paint_mark(painter, QRectF(self.width() - 32, height / 2 - 8, 16, 16))
        painter.end()

    def _paint_ground(self, painter: QPainter) -> None:
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(theme.colour("selected" if self.isChecked() else "hover"))
            painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        if self.hasFocus():
            pen = painter.pen()
            pen.setStyle(Qt.PenStyle.SolidLine)
            pen.setColor(theme.colour("accent"))
            pen.setWidth(2)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)

    def _paint_mark(self, painter: QPainter, where: QRectF) -> None:
        if self._mark == "done":
            theme.paint_icon(painter, "check", where, "right")
        elif self._mark == "attention":
            theme.paint_icon(painter, "circle-alert", where, "warning")
        elif self._mark == "running":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawEllipse(QPointF(where.center()), 4.5, 4.5)


class Brand(QAbstractButton):
    """The name at the top; it leads back to the three doors."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("Thaw")
        self.setAccessibleName("Thaw, start")
        self.setToolTip("Start")
        self.setFont(theme.group_font())
        self.setFixedHeight(48)
        theme.notifier().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(theme.GRID * 20, 48)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme.application_icon().paint(painter, 12, 10, 28, 28)
        painter.setPen(theme.colour("text"))
        painter.drawText(self.rect().adjusted(48, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus():
            painter.setPen(theme.colour("accent"))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), theme.RADIUS, theme.RADIUS)
        painter.end()


class Sidebar(QWidget):
    chosen = Signal(str)
    start_chosen = Signal()

    def __init__(self, pages: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """`pages` are (name, title), in order."""
        super().__init__(parent)
        self.setAccessibleName("Pages")
        self.setAutoFillBackground(True)
        self.setFixedWidth(theme.wide(theme.GRID * 23))
        self._items: dict[str, SidebarItem] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(2)
        brand = Brand()
        brand.clicked.connect(self.start_chosen)
        column.addWidget(brand)
        column.addSpacing(theme.GRID)
        for number, (name, title) in enumerate(pages, 1):
            item = SidebarItem(number, title)
            item.clicked.connect(lambda _checked=False, name=name: self.chosen.emit(name))
            self._items[name] = item
            self._group.addButton(item)
            column.addWidget(item)
        column.addStretch()
        self.foot = QVBoxLayout()
        column.addLayout(self.foot)
        theme.notifier().changed.connect(self._colour)
        self._colour()

    def set_current(self, name: str) -> None:
        """Mark the page as shown; a name that is no page unmarks them all."""
        self._group.setExclusive(False)
        for key, item in self._items.items():
            item.setChecked(key == name)
        self._group.setExclusive(True)

    def set_mark(self, name: str, mark: str) -> None:
        self._items[name].set_mark(mark)

    def mark(self, name: str) -> str:
        return self._items[name].mark

    def _colour(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, theme.colour("sidebar"))
        self.setPalette(palette)
