"""One control for each kind of setting, made from its declaration in TrainConfig."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QFileDialog, QLineEdit, QSpinBox, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count
from engine.config.augmentations import PRESETS
from engine.models.optimizers import OPTIMIZERS
from engine.models.schedules import SCHEDULES
from engine.runs import default_runs_folder

AUTOMATIC = "automatic"
WIDTH, WIDEST = 128, 160
WORDS = {row.name: row.title for row in OPTIMIZERS.values()}
WORDS |= {row.name: row.title.lower() for row in SCHEDULES.values()}
WORDS |= {row.name: row.title if row.policy else row.title.lower() for row in PRESETS.values()}
WORDS |= {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS", True: "yes", False: "no"}
WORDS |= {"relu": "ReLU", "leaky-relu": "LeakyReLU", "prelu": "PReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU"}
WORDS |= {"he-normal": "He, normal", "he-uniform": "He, uniform", "strided": "strided convolution"}
WORDS |= {"xavier-normal": "Xavier, normal", "xavier-uniform": "Xavier, uniform"}
WORDS |= {"bf16": "bfloat16", "fp16": "float16"}
WORDS |= {"bce": "BCE", "each": "each once", "root": "square root"}


class Declared:
    """A setting as TrainConfig declares it: its kinds of value, choices, bounds, unit and words."""

    def __init__(self, name: str, field: Any) -> None:
        self.name, self.title, self.help, self.default = name, field.title, field.description, field.default
        extra = field.json_schema_extra or {}
        self.unit, self.advanced = extra.get("unit", ""), extra.get("advanced", True)
        self.empty, self.only = extra.get("empty", AUTOMATIC), extra.get("only")
        options = _options(field.annotation)
        self.optional = type(None) in options
        self.kind = next(option for option in options if option is not type(None))
        self.choices = typing.get_args(self.kind) if typing.get_origin(self.kind) is typing.Literal else ()
        if self.kind is bool:
            self.choices = (True, False)
        self.low, self.low_open = _bound(field.metadata, "ge", "gt")
        self.high, self.high_open = _bound(field.metadata, "le", "lt")

    def explanation(self) -> str:
        """The sentence of help, and the range with its unit."""
        return f"{self.help} {self.range_text()}".strip()

    def range_text(self) -> str:
        if self.choices or self.low is None or self.high is None:
            return ""
        low = f"above {_number(self.low)}" if self.low_open else _number(self.low)
        high = f"below {_number(self.high)}" if self.high_open else _number(self.high)
        between = f"{low}, at most {high}" if self.low_open else f"{low} to {high}"
        return f"{between[0].upper()}{between[1:]}{' ' + self.unit if self.unit else ''}."

    def write(self, value: Any) -> str:
        """A value in words, as the control shows it."""
        if value is None:
            return str(self.empty)
        return str(WORDS.get(value, value)) if self.choices else _number(value)


class Field(QObject):
    """A control and its value. `edited` carries a new value, or the text that was typed where it is no number."""

    edited = Signal(object)

    def __init__(self, declared: Declared, widget: QWidget, put: Callable[[Any], None]) -> None:
        super().__init__(widget)
        self.declared, self.widget, self._put = declared, widget, put
        widget.setFixedWidth(theme.wide(WIDTH))
        widget.setAccessibleName(declared.title)
        widget.setAccessibleDescription(declared.explanation())
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def set_value(self, value: Any) -> None:
        """Show `value` without saying that it was edited."""
        self.widget.blockSignals(True)
        self._put(value)
        self.widget.blockSignals(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # a wheel that scrolls the form must not change what happens to lie below it
        if event.type() == QEvent.Type.Wheel and not self.widget.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def make_field(declared: Declared) -> Field:
    """The control that suits the declaration."""
    if declared.choices:
        return _choice(declared)
    if declared.kind is Path:
        return _folder(declared)
    if declared.optional:
        return _optional_number(declared)
    return _whole(declared) if declared.kind is int else _decimal(declared)


def _choice(declared: Declared) -> Field:
    box = QComboBox()
    values = ((None,) if declared.optional else ()) + tuple(declared.choices)
    for value in values:
        words = declared.write(value)
        # as every other box has it; a name such as “float16” stays as it is written
        box.addItem(words if any(map(str.isdigit, words)) else words[:1].upper() + words[1:], value)
    field = Field(declared, box, lambda value: box.setCurrentIndex(values.index(value)))
    box.setFixedWidth(min(theme.wide(WIDEST), max(box.width(), box.sizeHint().width())))
    box.currentIndexChanged.connect(lambda index: field.edited.emit(values[index]))
    return field


def _optional_number(declared: Declared) -> Field:
    line = QLineEdit(placeholderText=declared.empty)
    line.setAlignment(Qt.AlignmentFlag.AlignRight)
    field = Field(declared, line, lambda value: line.setText("" if value is None else _number(value)))
    line.textEdited.connect(lambda text: field.edited.emit(_read(text, declared.kind)))
    return field


def _folder(declared: Declared) -> Field:
    """A folder by its path, typed, or chosen with the button in the field; it opens where runs are kept."""
    line = QLineEdit(placeholderText="none")
    field = Field(declared, line, lambda value: line.setText("" if value is None else str(value)))
    line.textChanged.connect(line.setToolTip)
    line.textEdited.connect(lambda text: field.edited.emit(Path(text.strip()) if text.strip() else None))

    def choose() -> None:
        start = line.text() or str(default_runs_folder())
        if chosen := QFileDialog.getExistingDirectory(line.window(), declared.title, start):
            line.setText(chosen)
            field.edited.emit(Path(chosen))

    button = line.addAction(theme.icon("folder-open", 16, "muted"), QLineEdit.ActionPosition.TrailingPosition)
    button.setToolTip("Choose a folder")
    button.triggered.connect(choose)
    return field


def _whole(declared: Declared) -> Field:
    box = QSpinBox(minimum=declared.low, maximum=declared.high)
    return _spin(declared, box)


def _decimal(declared: Declared) -> Field:
    box = _Decimal(minimum=declared.low, maximum=declared.high, decimals=4)
    if declared.high_open:
        box.setMaximum(declared.high - 0.0001)
    box.setSingleStep(0.5 if declared.high > 1 else 0.01)
    return _spin(declared, box)


def _spin(declared: Declared, box: QSpinBox | QDoubleSpinBox) -> Field:
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
    box.setKeyboardTracking(True)
    box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    field = Field(declared, box, box.setValue)
    box.valueChanged.connect(field.edited.emit)
    return field


class _Decimal(QDoubleSpinBox):
    def textFromValue(self, value: float) -> str:
        return f"{value:.4f}".rstrip("0").rstrip(".") or "0"


def _read(text: str, kind: type) -> Any:
    """The number that was typed, None for nothing; the text itself where it is no number, for the check to refuse."""
    text = text.strip()
    try:
        return kind(text.replace(",", ".")) if text else None
    except ValueError:
        return text


def _number(value: Any) -> str:
    return count(value) if isinstance(value, int) and value >= 10_000 else f"{value:.6g}"


def _options(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _bound(metadata: list[Any], closed: str, open_: str) -> tuple[Any, bool]:
    for item in metadata:
        for name, is_open in ((closed, False), (open_, True)):
            if getattr(item, name, None) is not None:
                return getattr(item, name), is_open
    return None, False
