"""The first thing a new person sees: three doors into the work."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import muted_label

DOORS = (
    ("train", "Train a classifier", "From a folder that holds one folder of photos for each class.", "layers"),
    ("classify", "Classify photos", "With a model that you or someone else has trained.", "images"),
    ("sample", "Try the sample set", "Circles, squares and triangles; a model in about half a minute.", "shapes"),
)


class Door(QAbstractButton):
    """A card that is one big button."""

    def __init__(self, title: str, sentence: str, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentence, self._icon = sentence, icon
        self.setText(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.notifier().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(240, 96 + 4 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(180, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.hasFocus()
        pen = painter.pen()
        pen.setColor(theme.colour("accent" if lit else "border_strong" if self.underMouse() else "border"))
        pen.setWidth(2 if lit else 1)
        painter.setPen(pen)
        painter.setBrush(theme.colour("selected" if self.isDown() else "surface_raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
        inner = QRectF(self.rect()).adjusted(20, 20, -20, -16)
        theme.paint_icon(painter, self._icon, QRectF(inner.x(), inner.y(), 28, 28), "text")
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.group_font())
        line = painter.fontMetrics().height()
        painter.drawText(QRectF(inner.x(), inner.y() + 44, inner.width(), line), 0, self.text())
        painter.setFont(self.font())
        painter.setPen(theme.colour("muted"))
        rest = inner.adjusted(0, 44 + line + 6, 0, 0)
        painter.drawText(rest, Qt.TextFlag.TextWordWrap, self._sentence)
        painter.end()


class Doors(QWidget):
    """`opened` carries train, classify or sample."""

    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Start")
        title = QLabel("What would you like to do?")
        title.setFont(theme.title_font())
        hint = muted_label("Or drop a folder, photos or a model anywhere on this window. Nothing leaves this computer.")
        hint.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(2 * theme.GRID)
        self.doors: dict[str, Door] = {}
        for name, words, sentence, icon in DOORS:
            door = Door(words, sentence, icon)
            door.clicked.connect(lambda _checked=False, name=name: self.opened.emit(name))
            self.doors[name] = door
            row.addWidget(door)
        inner = QWidget()
        inner.setMaximumWidth(theme.wide(880))
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.setSpacing(theme.GAP)
        column.addStretch(2)
        column.addWidget(title)
        column.addLayout(row)
        column.addWidget(hint)
        column.addStretch(3)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(1)
        outer.addWidget(inner, 8)
        outer.addStretch(1)
