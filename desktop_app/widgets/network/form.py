"""The settings of one row, made from what its kind declares."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.setting_fields import Declared, Field, make_field
from engine.models.network.rows import ROW_TYPES, NetworkRow, Norm, Residual, make_row

HEAD = "The last linear layer, to the classes, is added by itself and grows with them."


class RowForm(QFrame):
    """Shows one row; `edited` carries the row as it is wanted, and the name of the setting that was changed."""

    edited = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._row: NetworkRow | None = None
        self._lines: dict[str, tuple[QLabel, Field, QLabel]] = {}
        self._values: dict[str, Any] = {}
        self._title = group_label("Head")
        self.kind = ElidedBox("Kind of row")
        self.kind.activated.connect(self._on_kind_activated)
        self._about = muted_label(wrap=True)
        self._body = QWidget()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID)
        self._column.setSpacing(theme.GRID)
        for widget in (self._title, self.kind, self._about, self._body):
            self._column.addWidget(widget)
        self._column.addStretch(1)

    def show_row(self, row: NetworkRow | None, inner: bool) -> None:
        """Show the settings of `row`, or what the head is; `inner` says that it lies in a residual block."""
        if type(row) is not type(self._row):
            self._make_fields(row)
        self._row = row
        self._title.setVisible(row is None)
        self.kind.setVisible(row is not None)
        self._about.setText(HEAD if row is None else row.about)
        left_out = _meaningless(row)
        for name, (label, field, sentence) in self._lines.items():
            if self._values.get(name) != getattr(row, name):
                field.set_value(getattr(row, name))
            self._values[name] = getattr(row, name)
            for widget in (label, field.widget, sentence):
                widget.setVisible(name not in left_out)
        self._fill_kinds(row, inner)

    def event(self, event: QEvent) -> bool:
        # A scroll area asks for the least height without the width, and then cuts sentences of several lines.
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            needed = self.layout().totalHeightForWidth(self.width())
            if needed > 0 and needed != self.minimumHeight():
                self.setMinimumHeight(needed)
        return super().event(event)

    def field(self, name: str) -> Field:
        """The control of that setting."""
        return self._lines[name][1]

    def first(self) -> QWidget:
        """Where the keyboard begins."""
        return next((field.widget for _, field, _ in self._lines.values()), self.kind)

    def _fill_kinds(self, row: NetworkRow | None, inner: bool) -> None:
        self.kind.clear()
        for kind, of in ROW_TYPES.items():
            if not inner or of is not Residual:
                self.kind.add(of.title, kind, of.about)
        self.kind.setCurrentIndex(self.kind.findData(row.kind) if row is not None else -1)

    def _make_fields(self, row: NetworkRow | None) -> None:
        self._column.removeWidget(self._body)
        self._body.hide()
        self._body.deleteLater()
        self._body = QWidget()
        grid = QGridLayout(self._body)
        grid.setContentsMargins(0, theme.GRID, 0, 0)
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        self._lines, self._values = {}, {}
        names = [] if row is None else [name for name in type(row).model_fields if name not in ("kind", "rows")]
        for number, name in enumerate(names):
            declared = Declared(name, type(row).model_fields[name])
            field, label = make_field(declared), QLabel(declared.title)
            label.setBuddy(field.widget)
            sentence = muted_label(declared.explanation(), wrap=True)
            grid.addWidget(label, 3 * number, 0)
            grid.addWidget(field.widget, 3 * number, 1)
            grid.addWidget(sentence, 3 * number + 1, 0, 1, 2)
            grid.setRowMinimumHeight(3 * number + 2, theme.GRID)
            field.edited.connect(lambda value, name=name: self._on_edited(name, value))
            self._lines[name] = (label, field, sentence)
        self._column.insertWidget(self._column.count() - 1, self._body)
        self._chain_tabs()

    def _chain_tabs(self) -> None:
        before: QWidget = self.kind
        for _, field, _ in self._lines.values():
            QWidget.setTabOrder(before, field.widget)
            before = field.widget

    def _on_edited(self, name: str, value: Any) -> None:
        row = self._row
        self._values[name] = value
        if row is not None and getattr(row, name) != value:
            self.edited.emit(make_row(row.kind, **(row.model_dump(exclude={"kind"}) | {name: value})), name)

    def _on_kind_activated(self, place: int) -> None:
        kind = self.kind.itemData(place)
        if self._row is not None and kind != self._row.kind:
            self.edited.emit(make_row(kind), "kind")


def _meaningless(row: NetworkRow | None) -> set[str]:
    """Settings that change nothing now: parts, where a norm is not taken over groups."""
    return {"groups"} if isinstance(row, Norm) and row.over != "group" else set()
