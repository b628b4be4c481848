"""A slider for the strength of each operation of augmentation."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme
from engine.config.augmentations import OPERATIONS, Operation, Preset

SHAPES = 11
"""So many of the first operations move pixels; the others change them where they are."""
STEPS = 100
OF_RANDAUGMENT = ("picked", "magnitude")


class StrengthSliders(QWidget):
    """Shows strengths; what the person chooses goes out through the signals and nothing is kept here."""

    moved = Signal(str, float)
    """While a slider is being dragged: the operation, and how strong it would be."""
    chosen = Signal(str, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = {name: StrengthRow(operation) for name, operation in OPERATIONS.items()}
        columns = QGridLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setHorizontalSpacing(3 * theme.GRID)
        for place, rows in enumerate((list(self.rows.values())[:SHAPES], list(self.rows.values())[SHAPES:])):
            column = QVBoxLayout(spacing=0)
            for row in rows:
                column.addWidget(row)
                row.moved.connect(self.moved)
                row.chosen.connect(self.chosen)
            column.addStretch(1)
            columns.addLayout(column, 0, place)
            columns.setColumnStretch(place, 1)

    def show_strengths(self, preset: Preset, own: Mapping[str, float]) -> None:
        """`preset` as its row says it, and what of it is the person's `own`."""
        for name, row in self.rows.items():
            row.show_strength(preset.strength(name), own.get(name))
            row.setVisible(name not in OF_RANDAUGMENT or preset.policy == "randaugment")


class StrengthRow(QWidget):
    """Title, slider, strength in words, and a way back to the preset's."""

    moved = Signal(str, float)
    chosen = Signal(str, float)

    def __init__(self, operation: Operation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.operation = operation
        self._of_preset = 0.0
        self.title = QLabel(operation.title)
        self.slider = QSlider(Qt.Orientation.Horizontal, maximum=steps_of(operation))
        self.words = QLabel()
        self.reset = QToolButton(autoRaise=True)
        self._lay_out()
        self.slider.valueChanged.connect(self._on_value_changed)
        self.slider.sliderReleased.connect(self._on_released)
        self.reset.clicked.connect(self._on_reset)

    def show_strength(self, of_preset: float, own: float | None) -> None:
        self._of_preset = of_preset
        strength = of_preset if own is None else own
        self.slider.blockSignals(True)
        self.slider.setValue(round(strength / self.operation.most * steps_of(self.operation)))
        self.slider.blockSignals(False)
        self._say(strength)
        changed = own is not None
        self.reset.setEnabled(changed)
        self.reset.setIcon(theme.icon("rotate-ccw", 16, "muted") if changed else theme.no_icon())
        back = f"Back to {in_words(self.operation, of_preset)}"
        self.reset.setToolTip(back if changed else "")
        self.reset.setAccessibleName(f"{self.operation.title}: {back.lower()}")

    def strength(self) -> float:
        """What the slider stands at."""
        return round(self.slider.value() / steps_of(self.operation) * self.operation.most, 6)

    def _say(self, strength: float) -> None:
        words = in_words(self.operation, strength)
        self.words.setText(words)
        self.words.setProperty("role", "" if strength else "muted")
        theme.restyle(self.words)
        self.slider.setAccessibleDescription(f"{words}. {self.operation.sentence}")

    def _on_value_changed(self) -> None:
        self._say(self.strength())
        (self.moved if self.slider.isSliderDown() else self.chosen).emit(self.operation.name, self.strength())

    def _on_released(self) -> None:
        self.chosen.emit(self.operation.name, self.strength())

    def _on_reset(self) -> None:
        self.slider.setFocus()
        self.chosen.emit(self.operation.name, self._of_preset)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # a wheel that scrolls the page must not change what happens to lie below it
        if event.type() == QEvent.Type.Wheel and not self.slider.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        self.title.setBuddy(self.slider)
        self.title.setToolTip(self.operation.sentence)
        self.title.setMinimumWidth(theme.wide(140))
        self.slider.setToolTip(self.operation.sentence)
        self.slider.setAccessibleName(self.operation.title)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.setPageStep(max(1, steps_of(self.operation) // 10))
        self.slider.installEventFilter(self)
        self.words.setFont(theme.figures_font())
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.words.setFixedWidth(theme.wide(48))
        self.reset.setFixedSize(28, 28)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        row.addWidget(self.title)
        row.addWidget(self.slider, 1)
        row.addWidget(self.words)
        row.addWidget(self.reset)


def steps_of(operation: Operation) -> int:
    """Steps of the slider: whole degrees, levels and numbers, or hundredths of the range."""
    return round(operation.most) if operation.unit in ("degrees", "levels", "number") else STEPS


def in_words(operation: Operation, strength: float) -> str:
    if not strength:
        return "off"
    match operation.unit:
        case "degrees":
            return f"{strength:.3g}°"
        case "levels" | "number":
            return f"{strength:.3g}"
    return f"{100 * strength:.2g} %" if strength < 0.1 else f"{100 * strength:.0f} %"
