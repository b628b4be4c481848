"""Colours, measures, fonts and icons: the one place that decides how the window looks, in light and in dark.

Blue means frozen and amber trainable, everywhere and nothing else, so the accent is ink and the curves are green and
purple. Every text colour keeps a contrast of 4.5:1 on each surface (a test measures it).
"""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QWidget

import resources
from desktop_app.stylesheet import stylesheet

GRID = 8
MARGIN = 24
GAP = 24
ROW = 30
RADIUS = 6
USUAL_LINE = 14
"""Height in pixels of a line of text in the smallest of the fonts that systems come with, at 100 %."""

RESOURCES = Path(resources.__file__).parent
ICONS = RESOURCES / "icons"

# name: (light, dark)
_COLOURS: dict[str, tuple[str, str]] = {
    "surface": ("#FAFAFB", "#1E2126"),
    "surface_raised": ("#FFFFFF", "#272B31"),
    "sidebar": ("#F0F1F3", "#181A1E"),
    "hover": ("#ECEEF1", "#30353C"),
    "selected": ("#E2E5EA", "#3A414A"),
    "border": ("#DDE0E5", "#3B4048"),
    "border_strong": ("#868E99", "#7B848F"),
    "text": ("#1C2026", "#E8EAED"),
    "muted": ("#565E69", "#A9B1BC"),
    "accent": ("#252B33", "#E8EAED"),
    "accent_hover": ("#3A424D", "#FFFFFF"),
    "on_accent": ("#FFFFFF", "#1B1E22"),
    "frozen": ("#1B69AE", "#74B7F5"),
    "trainable": ("#9A5200", "#F2AC4E"),
    "train_curve": ("#00745C", "#33C6A4"),
    "val_curve": ("#A0387A", "#E992CC"),
    "run_1": ("#007A68", "#33C6A4"),
    "run_2": ("#A0387A", "#F0A3D6"),
    "run_3": ("#332288", "#9E90FF"),
    "run_4": ("#6E6800", "#E0DC7A"),
    "run_5": ("#B8403A", "#FF8A73"),
    "run_6": ("#1C2026", "#FFFFFF"),
    "right": ("#1B7238", "#62CE89"),
    "unsure": ("#5C4CB0", "#B9ACF7"),
    "wrong": ("#AE241C", "#FF938A"),
    "warning": ("#8C3553", "#F3A3BC"),
}


class _Notifier(QObject):
    changed = Signal()
    """The scheme changed: whoever paints by hand repaints."""


@functools.cache
def notifier() -> _Notifier:
    return _Notifier()


def is_dark() -> bool:
    """Whether the dark colours are in use: as THAW_SCHEME says, else as the system does."""
    wanted = os.environ.get("THAW_SCHEME", "")
    if wanted in ("light", "dark"):
        return wanted == "dark"
    return QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def colour(name: str) -> QColor:
    """The colour of that name in the scheme now in use. Raises KeyError for an unknown name."""
    return QColor(_COLOURS[name][is_dark()])


def soft(name: str, share: float = 0.14, on: str = "surface_raised") -> QColor:
    """`name` thinned onto the surface `on`: a background on which text stays readable."""
    top, below = colour(name), colour(on)
    mixed = (int(share * a + (1 - share) * b) for a, b in zip(top.getRgb()[:3], below.getRgb()[:3], strict=True))
    return QColor(*mixed)


def body_font() -> QFont:
    return QFont(QApplication.font())


def title_font() -> QFont:
    """For the page's name: 1.6 times the body."""
    return _scaled(1.6, QFont.Weight.DemiBold)


def group_font() -> QFont:
    """For the head of a group: 1.15 times the body, semi-bold."""
    return _scaled(1.15, QFont.Weight.DemiBold)


def figures_font() -> QFont:
    """For numbers that are compared: the body with figures of equal width."""
    font = body_font()
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def wide(pixels: int) -> int:
    """A width that holds words: `pixels` with text of the usual size, more with larger text."""
    return round(pixels * max(1.0, QFontMetrics(QApplication.font()).height() / USUAL_LINE))


def row() -> int:
    """The height of a row of a table."""
    return max(ROW, QFontMetrics(QApplication.font()).height() + 12)


def _scaled(factor: float, weight: QFont.Weight) -> QFont:
    font = body_font()
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * factor)
    else:
        font.setPixelSize(round(font.pixelSize() * factor))
    font.setWeight(weight)
    return font


def pad(spin_box: QAbstractSpinBox) -> None:
    """Keep the number off the left edge: a style sheet that draws the arrows has no say in it."""
    spin_box.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)


def restyle(widget: QWidget) -> None:
    """Read the style sheet again after a property that it asks for has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class _TintedIcon(QIconEngine):
    """Draws a Lucide outline in a colour of the theme each time it is asked, so that a change of scheme, a fractional
    screen scale and the disabled state need nothing from whoever holds the icon."""

    def __init__(self, name: str, colour_name: str) -> None:
        super().__init__()
        self._name, self._colour = name, colour_name

    def actualSize(self, size: QSize, _mode: QIcon.Mode, _state: QIcon.State) -> QSize:
        return size

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        scale = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect.topLeft(), self._drawn(rect.size() * scale, mode, scale))

    def pixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State) -> QPixmap:
        return self._drawn(size, mode, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State, scale: float) -> QPixmap:
        return self._drawn(size, mode, scale)

    def _drawn(self, pixels: QSize, mode: QIcon.Mode, scale: float) -> QPixmap:
        """The outline at the left of `pixels`: whatever is wider than high keeps its distance from the words."""
        side = min(pixels.width(), pixels.height())
        outline = _outline(self._name, self._tint(mode), round(side / scale), scale)
        if pixels.width() == pixels.height():
            return QPixmap(outline)
        canvas = QPixmap(pixels)
        canvas.setDevicePixelRatio(scale)
        canvas.fill(Qt.GlobalColor.transparent)
        painter = QPainter(canvas)
        painter.drawPixmap(0, 0, outline)
        painter.end()
        return canvas

    def _tint(self, mode: QIcon.Mode) -> str:
        tint = colour(self._colour)
        if mode == QIcon.Mode.Disabled:
            tint = soft("muted", 0.6)
        return tint.name()


_outlines: OrderedDict[tuple[str, str, int, float], QPixmap] = OrderedDict()


def _outline(name: str, tint: str, size: int, scale: float) -> QPixmap:
    key = (name, tint, size, scale)
    if key not in _outlines:
        text = (ICONS / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", tint)
        pixels = max(1, round(size * scale))
        # Lucide draws on 24 units: written into the root, Qt's reader renders at exactly the pixels wanted.
        text = text.replace('width="24"', f'width="{pixels}"', 1).replace('height="24"', f'height="{pixels}"', 1)
        drawn = QPixmap()
        drawn.loadFromData(text.encode(), "svg")
        drawn.setDevicePixelRatio(scale)
        _outlines[key] = drawn
        while len(_outlines) > 400:
            _outlines.popitem(last=False)
    return _outlines[key]


@functools.cache
def icon(name: str, size: int = 16, colour: str = "text") -> QIcon:  # noqa: ARG001
    """The Lucide icon of that name (a file in resources/icons), tinted by the theme as the scheme changes. It is drawn
    at whatever size is asked; `size` is where the caller writes which of 16 and 20 is meant."""
    if not (ICONS / f"{name}.svg").exists():
        raise FileNotFoundError(f"there is no icon {name}.svg in {ICONS}")
    return QIcon(_TintedIcon(name, colour))


def set_icon(button: QAbstractButton, name: str, colour: str = "text", size: int = 16) -> None:
    """Put the icon on a button that has words as well, at a distance from them; an empty `name` takes it away."""
    button.setIcon(icon(name, size, colour) if name else QIcon())
    button.setIconSize(QSize(size + 6, size))


def no_icon() -> QIcon:
    return QIcon()


def pixmap(name: str, size: int = 16, colour_name: str = "text", scale: float = 1.0) -> QPixmap:
    """The same as a picture, for painting by hand and for labels; ask again after `notifier().changed`."""
    return _outline(name, colour(colour_name).name(), size, scale)


def paint_icon(painter: QPainter, name: str, where: QRectF, colour_name: str = "text") -> None:
    """Draw the icon into `where`, crisp on any screen."""
    size = round(min(where.width(), where.height()))
    drawn = pixmap(name, size, colour_name, painter.device().devicePixelRatioF())
    painter.drawPixmap(QPoint(round(where.x()), round(where.y())), drawn)


def application_icon() -> QIcon:
    return QIcon(str(ICONS / "thaw.svg"))


def apply(app: QApplication) -> None:
    """Dress the application, and again whenever the system goes from light to dark or back."""
    app.setStyle("Fusion")
    _dress(app)
    app.styleHints().colorSchemeChanged.connect(lambda _scheme: _dress(app))


def refresh(app: QApplication) -> None:
    """Dress the application again, after THAW_SCHEME changed."""
    _dress(app)


def _dress(app: QApplication) -> None:
    app.setPalette(_palette())
    shades = {name: pair[is_dark()] for name, pair in _COLOURS.items()}
    app.setStyleSheet(stylesheet(shades, (RESOURCES / "style").as_posix(), "dark" if is_dark() else "light"))
    notifier().changed.emit()


def _palette() -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, name in {
        roles.Window: "surface",
        roles.WindowText: "text",
        roles.Base: "surface_raised",
        roles.AlternateBase: "surface",
        roles.Text: "text",
        roles.Button: "surface_raised",
        roles.ButtonText: "text",
        roles.BrightText: "wrong",
        roles.ToolTipBase: "surface_raised",
        roles.ToolTipText: "text",
        roles.PlaceholderText: "muted",
        roles.Highlight: "accent",
        roles.HighlightedText: "on_accent",
        roles.Accent: "accent",
        roles.Link: "text",
        roles.LinkVisited: "muted",
        roles.Mid: "border",
        roles.Dark: "border_strong",
        roles.Light: "surface_raised",
    }.items():
        palette.setColor(role, colour(name))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, soft("muted", 0.7))
    return palette
