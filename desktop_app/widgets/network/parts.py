"""What the builder of networks is made of, and how it is laid out; what it does is in `builder`."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.widgets.facts_row import FactsRow
from desktop_app.widgets.figures import count
from desktop_app.widgets.labels import ElidedLabel, in_menu
from desktop_app.widgets.network.form import RowForm
from desktop_app.widgets.network.table import RowsTable
from desktop_app.widgets.network.words import in_millions, others_in_words, sees_in_words
from desktop_app.widgets.setting_fields import Declared, make_field
from engine.models.network.arithmetic import Analysis
from engine.models.network.presets import PRESETS
from engine.models.network.rows import ROW_TYPES, Network

PARAMETERS, ADDS, SEES = "Parameters", "Multiply-adds", "Sees"
ACTIONS = (
    ("duplicate", "Duplicate", "copy", "Ctrl+D"),
    ("remove", "Remove", "trash-2", "Delete"),
    ("up", "Move up", "chevron-up", "Alt+Up"),
    ("down", "Move down", "chevron-down", "Alt+Down"),
    ("undo", "Undo", "undo-2", QKeySequence.StandardKey.Undo),
    ("redo", "Redo", "redo-2", QKeySequence.StandardKey.Redo),
)
FORM_WIDTHS = (224, 288)


class BuilderParts(QObject):
    """`begin_wanted` asks for another network to begin with (and its file, where it is the person's own), `add_wanted`
    for a row of a kind, `network_edited` for another value of one of the network's settings."""

    begin_wanted = Signal(object, object)
    add_wanted = Signal(str)
    network_edited = Signal(str, object)

    def __init__(self, dialog: QDialog, own: dict[Path, Network]) -> None:
        super().__init__(dialog)
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.begin = QPushButton("Start from")
        self.begin.setMenu(self._begin_menu(dialog, own))
        self.size = make_field(Declared("input_size", Network.model_fields["input_size"]))
        self.channels = QComboBox()
        self.initialisation = make_field(Declared("initialisation", Network.model_fields["initialisation"]))
        self.add = QPushButton("Add row")
        self.add.setMenu(self._add_menu(dialog))
        self.actions: dict[str, QAction] = {}
        self.table = RowsTable()
        self.form = RowForm()
        self.facts = FactsRow((PARAMETERS, ADDS, SEES))
        self.others = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.reason = QLabel(wordWrap=True)
        self.cancel = QPushButton("Cancel")
        self.save = QPushButton("Save as model")
        self._dress()
        self._make_actions(dialog)
        self._lay_out(dialog)
        self.size.edited.connect(lambda value: self.network_edited.emit("input_size", value))
        self.initialisation.edited.connect(lambda value: self.network_edited.emit("initialisation", value))
        self.channels.activated.connect(
            lambda place: self.network_edited.emit("channels", self.channels.itemData(place))
        )

    def show_network(self, network: Network, analysis: Analysis, classes: int) -> None:
        """The settings of the whole, its sums, and what the presets would be for the same images."""
        self.size.set_value(network.input_size)
        self.channels.setCurrentIndex(self.channels.findData(network.channels))
        self.initialisation.set_value(network.initialisation)
        possible = not analysis.refusal
        self.facts.show_values(
            {
                PARAMETERS: count(analysis.parameters) if possible else "–",
                ADDS: in_millions(analysis.multiply_adds) if possible else "–",
                SEES: sees_in_words(network, analysis) if possible else "–",
            }
        )
        self.others.set_whole(f"Parameters for the same images: {others_in_words(network, classes)}")

    def show_reason(self, reason: str) -> None:
        """Why it cannot be saved, beside the button that would."""
        self.reason.setText(f"✗ {reason}" if reason else "")
        self.save.setEnabled(not reason)
        self.save.setAccessibleDescription(reason)
        theme.set_icon(self.save, "save", "muted" if reason else "on_accent")

    # --- how it is made

    def _begin_menu(self, parent: QWidget, own: dict[Path, Network]) -> QMenu:
        menu = QMenu(parent)
        for preset in PRESETS.values():
            action = menu.addAction(preset.title)
            action.triggered.connect(lambda _=False, preset=preset: self.begin_wanted.emit(preset, None))
        if own:
            menu.addSeparator()
        for path, network in own.items():
            action = menu.addAction(in_menu(network.title))
            action.triggered.connect(lambda _=False, one=network, at=path: self.begin_wanted.emit(one, at))
        return menu

    def _add_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(parent)
        menu.setToolTipsVisible(True)
        for kind, row in ROW_TYPES.items():
            action = menu.addAction(row.title)
            action.setToolTip(row.about)
            action.triggered.connect(lambda _=False, kind=kind: self.add_wanted.emit(kind))
        return menu

    def _make_actions(self, dialog: QDialog) -> None:
        for name, title, icon, keys in ACTIONS:
            action = QAction(theme.icon(icon), title, dialog)
            shortcut = QKeySequence(keys)
            action.setToolTip(f"{title} ({shortcut.toString(QKeySequence.SequenceFormat.NativeText)})")
            if name in ("undo", "redo"):  # the others are keys of the table, so that Delete in a field deletes a digit
                action.setShortcut(shortcut)
            dialog.addAction(action)
            self.actions[name] = action

    def _dress(self) -> None:
        self.name.setAccessibleName("Name")
        self.name.setMinimumWidth(theme.wide(120))
        self.channels.addItem("colour", 3)
        self.channels.addItem("grey", 1)
        self.channels.setAccessibleName("Channels")
        self.size.widget.setFixedWidth(theme.wide(88))
        self.initialisation.widget.setFixedWidth(theme.wide(152))
        self.others.setProperty("role", "muted")
        self.reason.setProperty("role", "error")
        self.reason.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.save.setProperty("kind", "main")
        self.save.setDefault(True)
        for button in (self.begin, self.add, self.cancel):
            button.setAutoDefault(False)
        theme.set_icon(self.add, "plus")

    def _lay_out(self, dialog: QDialog) -> None:
        column = QVBoxLayout(dialog)
        column.setContentsMargins(theme.MARGIN, 2 * theme.GRID, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addLayout(self._top())
        column.addWidget(_rule())
        middle = QHBoxLayout()
        middle.setSpacing(theme.GAP)
        middle.addLayout(self._rows(), 5)
        middle.addWidget(self._side(), 2)
        column.addLayout(middle, 1)
        column.addWidget(_rule())
        column.addLayout(self._bottom())

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        for title, widget in (
            ("Name", self.name),
            ("Input", self.size.widget),
            ("", self.channels),
            ("Initialisation", self.initialisation.widget),
        ):
            if title:
                label = QLabel(title)
                label.setBuddy(widget)
                row.addSpacing(theme.GRID if row.count() else 0)
                row.addWidget(label)
            row.addWidget(widget, 1 if widget is self.name else 0)
        return row

    def _rows(self) -> QVBoxLayout:
        tools = QHBoxLayout()
        tools.setSpacing(theme.GRID // 2)
        tools.addWidget(self.begin)
        tools.addSpacing(theme.GRID // 2)
        tools.addWidget(self.add)
        tools.addSpacing(theme.GRID)
        for name, action in self.actions.items():
            if name == "undo":
                tools.addStretch(1)
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            tools.addWidget(button)
        column = QVBoxLayout()
        column.setSpacing(theme.GRID)
        column.addLayout(tools)
        column.addWidget(self.table, 1)
        return column

    def _side(self) -> QScrollArea:
        scroll = QScrollArea()
        scroll.setWidget(self.form)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields are reached by themselves
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(theme.wide(FORM_WIDTHS[0]))
        scroll.setMaximumWidth(theme.wide(FORM_WIDTHS[1]))
        return scroll

    def _bottom(self) -> QVBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2 * theme.GRID)
        row.addWidget(self.facts)
        row.addWidget(self.reason, 1)
        row.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.save, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout()
        column.setSpacing(theme.GRID)
        column.addWidget(self.others)
        column.addLayout(row)
        return column


def _rule() -> QFrame:
    rule = QFrame()
    rule.setProperty("role", "rule")
    return rule
