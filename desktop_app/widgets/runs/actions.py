"""What can be done with a run, as buttons and as a menu."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from desktop_app import theme
from desktop_app.widgets.runs.tables import RUNNING, RunRow

# name: (title, icon, tooltip, shortcut)
ACTIONS = {
    "resume": ("Resume", "play", "Go on with this run to its end", ""),
    "extend": ("Extend…", "plus", "Train for more epochs, in a new run that goes on with this one", ""),
    "again": ("Train again", "rotate-ccw", "Take the settings of this run to the Train page", ""),
    "together": (
        "Show its comparison",
        "table-2",
        "See it beside the runs that it was to be compared with",
        "",
    ),
    "about": ("Name and note…", "pencil", "What you call this run, and what you want to remember of it", "F2"),
    "folder": ("Show in folder", "folder-open", "Open the folder with the files of this run", ""),
    "delete": ("Delete run", "trash-2", "Can be undone", "Del"),
}
BUTTONS = ("resume", "extend", "again")
IN_TRAINING = "This run is being trained now"


class RunActions(QWidget):
    """`wanted` says the name of what the person wants to do with the run in sight."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {name: QPushButton(ACTIONS[name][0]) for name in BUTTONS}
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.actions_by_name = {name: self._action(name) for name in ACTIONS}
        self.more = QToolButton()
        self.more.setText("More")
        self.more.setIcon(theme.icon("chevron-down"))
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setAccessibleName("More to do with this run")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        for name, button in self.buttons.items():
            _, icon, tip, _ = ACTIONS[name]
            theme.set_icon(button, icon)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, name=name: self.wanted.emit(name))
            row.addWidget(button)
        row.addWidget(self.more)

    def show_for(self, row: RunRow, busy: str) -> None:
        """Offer what suits the state of the run; `busy` says why nothing can be trained now, "" where it can."""
        unfinished, running = row.state in ("stopped", "interrupted"), row.state == RUNNING
        shown = {
            "resume": unfinished or bool(row.elsewhere),
            "extend": row.state == "finished",
            "again": not running,
            "together": bool(row.together),
        }
        against = {"resume": row.elsewhere or busy, "delete": row.elsewhere or (IN_TRAINING if running else "")}
        for name, action in self.actions_by_name.items():
            reason, tip = against.get(name, ""), ACTIONS[name][2]
            action.setVisible(shown.get(name, True))
            action.setEnabled(not reason)
            action.setToolTip(reason or tip)
            if button := self.buttons.get(name):
                button.setVisible(shown[name])
                button.setEnabled(not reason)
                button.setToolTip(reason or tip)

    def offers(self, name: str) -> bool:
        """Whether that can be done with the run in sight."""
        action = self.actions_by_name[name]
        return action.isVisible() and action.isEnabled()

    def _action(self, name: str) -> QAction:
        title, icon, _, keys = ACTIONS[name]
        if name == "about":
            self.menu.addSeparator()
        action = self.menu.addAction(theme.icon(icon), f"{title}\t{keys}" if keys else title)
        action.triggered.connect(lambda _=False: self.wanted.emit(name))
        return action
