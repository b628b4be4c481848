"""What is asked before files are made: choices above, below them what they would do, and the way back."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.labels import ElidedLabel, muted_label
from desktop_app.widgets.prediction.sorting import words
from desktop_app.widgets.prediction.sorting.deeds import Deed, Made, Outcome, Preview, Undo, plan
from desktop_app.worker import Jobs, NewestJob

WIDTH = 600
LOOKING = "Looking at the photos…"
NOTHING = "There is nothing to do."


class DeedDialog(QDialog):
    """Looks at once, and again after each choice, and writes nothing. `wanted` carries the Deed that the person chose,
    which may be to undo an earlier one."""

    wanted = Signal(object)

    def __init__(self, jobs: Jobs, ledger: Path, title: str, explanation: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ledger = ledger
        self._looking = NewestJob(jobs, "sort-look", self, at_place=(Exception,))
        self._looking.returned.connect(self._on_planned)
        self._looking.failed.connect(self._on_failed)
        self.explanation = muted_label(explanation, wrap=True)
        self.choices = QVBoxLayout(spacing=2 * theme.GRID)
        self.preview = QLabel()
        self.preview.setTextFormat(Qt.TextFormat.PlainText)
        self.preview.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(LOOKING)
        self.details = QVBoxLayout(spacing=theme.GRID)
        self.left_out = muted_label(wrap=True)
        self.left_out.setTextFormat(Qt.TextFormat.PlainText)
        self.banner = BannerPlace()
        self.earlier = ElidedLabel()
        self.earlier.setProperty("role", "muted")
        self.undo = QPushButton("Undo")
        self.undo.setProperty("kind", "quiet")
        theme.set_icon(self.undo, "undo-2", "muted")
        self.main = QPushButton()
        self.main.setProperty("kind", "main")
        self.main.setDefault(True)
        self.cancel = QPushButton("Cancel")
        for button in (self.undo, self.cancel):
            button.setAutoDefault(False)
        self._lay_out()
        self.undo.clicked.connect(lambda: self._want(self.undoing()))
        self.main.clicked.connect(self._on_main_clicked)
        self.cancel.clicked.connect(self.reject)
        self.resize(theme.wide(WIDTH), 0)

    # --- what a kind of deed says of itself

    def deed(self) -> Deed | None:
        """What was chosen, None where something lacks."""
        raise NotImplementedError

    def undoing(self) -> Undo:
        raise NotImplementedError

    def said_of_earlier(self, made: Made) -> str:
        raise NotImplementedError

    def show_plan(self, outcome: Outcome | None) -> int:
        """Show it; how many files would be made."""
        raise NotImplementedError

    def name_main(self, files: int) -> str:
        raise NotImplementedError

    # --- looking

    def look(self) -> None:
        """Find out what the chosen would do."""
        self.main.setEnabled(False)
        self.main.setToolTip(LOOKING)
        self.banner.say("")
        self.bar.show()
        self._looking.ask("Looking at the photos", functools.partial(plan, self._ledger, self.deed()))

    def done(self, result: int) -> None:
        self._looking.forget()
        super().done(result)

    def _on_planned(self, preview: Preview) -> None:
        self.bar.hide()
        files = self.show_plan(preview.outcome)
        self.preview.setVisible(bool(self.preview.text()))
        self.left_out.setText(words.left_out(preview.outcome) if preview.outcome else "")
        self.left_out.setVisible(bool(self.left_out.text()))
        if preview.trouble:
            self.banner.say(preview.trouble, "error")
        said = self.said_of_earlier(preview.made)
        self.earlier.set_whole(said)
        self.earlier.setVisible(bool(said))
        self.undo.setVisible(bool(said))
        self.undo.setAccessibleName(f"Undo: {said}")
        self._show_main(files, preview.trouble)
        self._fit()

    def _show_main(self, files: int, trouble: str) -> None:
        self.main.setText(self.name_main(files))
        self.main.setEnabled(files > 0 and not trouble)
        self.main.setToolTip("" if self.main.isEnabled() else trouble or NOTHING)
        if self.main.isEnabled() and self.focusWidget() in (None, self.cancel):
            self.main.setFocus()

    def _on_failed(self, error: BaseException) -> None:
        self.bar.hide()
        self.preview.hide()
        self.banner.say(dialogs.in_words(error)[0], "error")
        self.main.setToolTip(self.banner.text())
        self._fit()

    def _fit(self) -> None:
        """As high as what is told, and as wide as it was."""
        self.layout().activate()
        self.resize(self.width(), max(self.minimumSizeHint().height(), self.layout().heightForWidth(self.width())))

    def _on_main_clicked(self) -> None:
        if (deed := self.deed()) and self.main.isEnabled():
            self._want(deed)

    def _want(self, deed: Deed) -> None:
        self.accept()
        self.wanted.emit(deed)

    # --- how it is made

    def _lay_out(self) -> None:
        told = QVBoxLayout(spacing=theme.GRID)
        for widget in (self.preview, self.bar):
            told.addWidget(widget)
        told.addLayout(self.details)
        for widget in (self.left_out, self.banner):
            told.addWidget(widget)
        earlier = QHBoxLayout(spacing=theme.GRID)
        earlier.addWidget(self.earlier, 1)
        earlier.addWidget(self.undo)
        foot = QHBoxLayout(spacing=theme.GRID)
        foot.addStretch()
        foot.addWidget(self.cancel)
        foot.addWidget(self.main)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.explanation)
        for layout in (self.choices, told):
            column.addLayout(layout)
        column.addStretch(1)
        column.addLayout(earlier)
        column.addLayout(foot)
        for widget in (self.left_out, self.earlier, self.undo):
            widget.hide()
