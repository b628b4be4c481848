"""What ails a run: the gravest finding in sight, the others behind “2 more”, each with the settings that would help."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.widgets.banner import Banner
from desktop_app.widgets.diagnosis.draft import in_words, moves, wanted
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.labels import in_menu
from engine.config import TrainConfig
from engine.diagnosis.watch import gravest_first
from engine.events import Diagnosis

KINDS = {"note": "info", "warning": "warning", "grave": "error"}
SIGNS = {
    "note": ("info", 16, "muted"),
    "warning": ("triangle-alert", 16, "warning"),
    "grave": ("circle-alert", 16, "wrong"),
}


class DiagnosisPanel(QWidget):
    """Takes no room where nothing was found. A click on a remedy changes the draft, says what was changed, and can be
    taken back."""

    photos_wanted = Signal(object)  # Diagnosis: the one whose photos are to be looked at

    def __init__(self, project: Project, to_photos: str, parent: QWidget | None = None) -> None:
        """`to_photos` is what the button says that leads to photos; {} stands for how many."""
        super().__init__(parent)
        self._project, self._to_photos = project, to_photos
        self._model, self._strategy = "", ""
        self._found: tuple[Diagnosis, ...] = ()
        self._before: dict[str, dict[str, Any]] = {}
        self._chosen = ""
        self.banner: Banner | None = None
        self.more = QMenu(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID)
        project.config_changed.connect(self._on_config_changed)
        self.hide()

    def begin(self, model: str, strategy: str, found: Iterable[Diagnosis] = ()) -> None:
        """Another run, and what is known of it."""
        self._model, self._strategy, self._before, self._chosen = model, strategy, {}, ""
        self._found = gravest_first(found)
        self._show()

    def add(self, diagnosis: Diagnosis) -> None:
        """One more; it takes the place of one of its kind."""
        self._before.pop(diagnosis.kind, None)
        self._found = gravest_first((*self._found, diagnosis))
        if diagnosis == self._found[0]:
            self._chosen = ""
        self._show()

    def found(self) -> tuple[Diagnosis, ...]:
        return self._found

    def in_sight(self) -> Diagnosis | None:
        """The gravest, or the one that was chosen among the others."""
        chosen = [diagnosis for diagnosis in self._found if diagnosis.kind == self._chosen]
        return next(iter((*chosen, *self._found)), None)

    def choose(self, kind: str) -> None:
        """Bring another finding in sight."""
        self._chosen = kind
        self._show()
        self._focus()

    # --- remedies

    def _apply(self, diagnosis: Diagnosis) -> None:
        config = self._project.config
        changes = wanted(self._project, self._model, self._strategy, diagnosis.changes)
        self._before[diagnosis.kind] = {name: getattr(config, name) for name in changes}
        self._project.set_config(**changes)
        self._focus()

    def _take_back(self, diagnosis: Diagnosis) -> None:
        self._project.set_config(**self._before.pop(diagnosis.kind))
        self._focus()

    def _focus(self) -> None:
        """The banner was made anew; whoever goes by keyboard stays at it."""
        if self.banner:
            self.banner.button.setFocus()

    def _on_config_changed(self) -> None:
        if self._found:
            self._show()

    # --- how it is shown

    def _show(self) -> None:
        if self.banner is not None:
            self.banner.hide()
            self._column.removeWidget(self.banner)
            self.banner.deleteLater()
            self.banner = None
        if diagnosis := self.in_sight():
            self.banner = self._banner(diagnosis)
            self._column.addWidget(self.banner)
        self.setVisible(self.banner is not None)

    def _banner(self, diagnosis: Diagnosis) -> Banner:
        applied = self._applied(diagnosis)
        action, act = self._action(diagnosis, applied)
        banner = Banner(KINDS[diagnosis.severity], diagnosis.sentence, action)
        # A button says what the remedy is; where there is none, the words must.
        said = diagnosis.evidence if action else f"{diagnosis.evidence} {diagnosis.remedy}"
        banner.add_details(applied or said)
        banner.setToolTip(diagnosis.evidence if applied else "")
        banner.triggered.connect(act)
        banner.button.setToolTip("Give the settings back what they were" if applied else diagnosis.remedy)
        others = [other for other in self._found if other is not diagnosis]
        if others:
            self.more.clear()
            for other in others:
                entry = self.more.addAction(theme.icon(*SIGNS[other.severity]), in_menu(other.sentence))
                entry.triggered.connect(functools.partial(self.choose, other.kind))
            banner.add_action(f"{len(others)} more").setMenu(self.more)
        return banner

    def _action(self, diagnosis: Diagnosis, applied: str) -> tuple[str, Any]:
        """What the button says and does; "" for none."""
        if applied:
            return "Undo", functools.partial(self._take_back, diagnosis)
        if diagnosis.photos:
            return self._to_photos.format(quantity(len(diagnosis.photos), "photo")), functools.partial(
                self.photos_wanted.emit, diagnosis
            )
        config = self._project.config
        changes = {name: value for name, value in diagnosis.changes.items() if getattr(config, name) != value}
        return f"Set {in_words(changes)}" if changes else "", functools.partial(self._apply, diagnosis)

    def _applied(self, diagnosis: Diagnosis) -> str:
        """What a click has changed, "" where none has, or the settings were changed again since."""
        before = self._before.get(diagnosis.kind)
        if before is None:
            return ""
        config: TrainConfig = self._project.config
        now = {name: getattr(config, name) for name in before}
        if any(now[name] == before[name] for name in before):
            return ""
        return f"Set for the next run: {moves(before, now)}."
