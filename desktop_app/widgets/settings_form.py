"""The form of a run's settings, made from what TrainConfig declares: nothing about any one setting is said here."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import Picture, muted_label
from desktop_app.widgets.setting_fields import Declared, Field, make_field
from engine.config import GROUPS, TrainConfig

ELSEWHERE = (
    "data",
    "model",
    "strategy",
    "trainable",
    "unfreeze",
    "weights",
    "continue_from",
    "pseudo_labels",
    "augmentation_strengths",
    "extends",
    "comparison",
)
"""Settings that have a page or a button of their own."""


class SettingsForm(QScrollArea):
    """Shows a TrainConfig; what the person changes goes out through `edited` and nothing is kept here."""

    edited = Signal(str, object)  # name of the setting, its new value

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, SettingRow] = {}
        self.folds: dict[str, Fold] = {}
        for name, declaration in TrainConfig.model_fields.items():
            if name not in ELSEWHERE:
                self.rows[name] = SettingRow(make_field(Declared(name, declaration)))
                self.rows[name].edited.connect(self.edited)
        self._lay_out()

    def show_config(self, config: TrainConfig) -> None:
        """Put in the values of `config`; a field that is wrong now keeps what was typed, and one that has no effect
        with them is not shown."""
        for name, row in self.rows.items():
            if not row.error():
                row.set_value(getattr(config, name))
            only = row.field.declared.only
            row.setVisible(not only or getattr(config, only[0]) in only[1] or bool(row.error()))
        self._count_changed()

    def show_errors(self, fields: dict[str, str]) -> None:
        """Mark the wrong fields with their sentences, and no others."""
        found = {name for name, sentence in fields.items() if sentence != self.rows[name].error()}
        for name, row in self.rows.items():
            if row.error() != fields.get(name, ""):
                row.set_error(fields.get(name, ""))
        for title, names in self._advanced().items():
            if found.intersection(names):
                self.folds[title].set_open(True)

    def errors(self) -> dict[str, str]:
        return {name: row.error() for name, row in self.rows.items() if row.error()}

    def _advanced(self) -> dict[str, list[str]]:
        """The settings below each fold."""
        return {
            group.group: [
                name for name in group.__annotations__ if name in self.rows and self.rows[name].field.declared.advanced
            ]
            for group in GROUPS
        }

    def _count_changed(self) -> None:
        for title, names in self._advanced().items():
            changed = sum(self.rows[name].is_changed() for name in names)
            if title in self.folds:
                self.folds[title].set_title(f"{title} · {changed} changed" if changed else title)

    def _lay_out(self) -> None:
        body = QWidget(objectName="scrolled")
        column = QVBoxLayout(body)
        # room at the right for the scroll bar, so that fields do not move when a group unfolds
        column.setContentsMargins(0, 0, 2 * theme.GRID, 0)
        column.setSpacing(2 * theme.GRID)
        for row in self.rows.values():
            if not row.field.declared.advanced:
                column.addWidget(row)
        column.addWidget(muted_label("Advanced"))
        folds = QVBoxLayout()
        folds.setSpacing(0)
        for title, names in self._advanced().items():
            if names:
                self.folds[title] = Fold(title, self._together(names))
                folds.addWidget(self.folds[title])
        column.addLayout(folds)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields are reached by themselves
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Settings")

    def _together(self, names: list[str]) -> QWidget:
        group = QWidget()
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 0, 0, theme.GRID)
        column.setSpacing(2 * theme.GRID)
        for name in names:
            column.addWidget(self.rows[name])
        return group


class SettingRow(QWidget):
    """Title and control on one line, the sentence below; a dot and a way back when the value is not the default."""

    edited = Signal(str, object)

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self._value: Any = field.declared.default
        self._title = QLabel(field.declared.title)
        self._title.setBuddy(field.widget)
        self._dot = Picture("dot", 8, "text")
        self.reset = QToolButton(autoRaise=True)
        self._sentence = muted_label(field.declared.explanation(), wrap=True)
        self._error = QLabel(wordWrap=True)
        self._error.setProperty("role", "error")
        self._lay_out()
        field.set_value(self._value)
        self._mark()
        field.edited.connect(self._on_edited)
        self.reset.clicked.connect(self._on_reset)

    def set_value(self, value: Any) -> None:
        """Show `value`; what is being typed for that very value stays as it is, or “0.0” could not become “0.01”."""
        if value != self._value:
            self._value = value
            self.field.set_value(value)
        self._mark()

    def is_changed(self) -> bool:
        return bool(self._value != self.field.declared.default) or bool(self.error())

    def set_error(self, sentence: str) -> None:
        self._error.setText(f"✗ {sentence}" if sentence else "")
        self._error.setVisible(bool(sentence))
        self.field.widget.setProperty("wrong", bool(sentence))
        theme.restyle(self.field.widget)
        self._mark()

    def error(self) -> str:
        return self._error.text().removeprefix("✗ ")

    def _on_edited(self, value: Any) -> None:
        self._value = value
        self._mark()
        self.edited.emit(self.field.declared.name, value)

    def _on_reset(self) -> None:
        self.set_error("")
        self.set_value(self.field.declared.default)
        self.field.widget.setFocus()
        self.edited.emit(self.field.declared.name, self.field.declared.default)

    def _mark(self) -> None:
        changed = self.is_changed()
        self._dot.set_icon("dot", "text" if changed else "surface")
        self.reset.setEnabled(changed)
        self.reset.setIcon(theme.icon("rotate-ccw", 16, "muted") if changed else theme.no_icon())
        self._title.setAccessibleName(self.field.declared.title + (", changed" if changed else ""))

    def _lay_out(self) -> None:
        back = f"Back to {self.field.declared.write(self.field.declared.default)}"
        self.reset.setToolTip(back)
        self.reset.setAccessibleName(f"{self.field.declared.title}: {back.lower()}")
        self.reset.setFixedSize(28, 28)
        self._error.hide()
        line = QHBoxLayout(spacing=theme.GRID // 2)
        line.addWidget(self._title)
        line.addWidget(self._dot)
        line.addStretch(1)
        line.addWidget(self.field.widget)
        line.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self._error)
        column.addWidget(self._sentence)
