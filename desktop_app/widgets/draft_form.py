"""The form of the next run's settings: what is typed becomes the draft's, what is refused waits until it fits."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.project import Project
from desktop_app.widgets.settings_form import SettingsForm
from engine.errors import ConfigError


class DraftForm(SettingsForm):
    """Follows the project's draft by itself."""

    checked = Signal()
    """Something was typed, and taken or refused."""

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        # what was typed into the fields that are wrong, and what the draft has instead
        self._typed: dict[str, tuple[Any, Any]] = {}
        self._wrong: dict[str, str] = {}
        self.edited.connect(self._on_edited)
        project.config_changed.connect(self._show_draft)
        self._show_draft()

    def wrong(self) -> str:
        """The title of a setting that cannot be as it was typed, "" where there is none."""
        return next((self.rows[name].field.declared.title for name in self._wrong), "")

    def _on_edited(self, name: str, value: Any) -> None:
        wanted = {name: value} | {other: typed for other, (typed, _) in self._typed.items() if other != name}
        for asked, typed in wanted.items():  # what contradicted this may fit it now
            self._forget(asked)
            before = getattr(self._project.config, asked)
            try:
                self._project.set_config(**{asked: typed})
            except ConfigError as error:
                self._typed[asked] = typed, before
                self._wrong[asked] = error.fields.get(asked, str(error))
        self._show_draft()
        self.checked.emit()

    def _forget(self, name: str) -> None:
        self._typed.pop(name, None)
        self._wrong.pop(name, None)

    def _show_draft(self) -> None:
        """What was refused gives way where that setting has been chosen elsewhere meanwhile."""
        config = self._project.config
        for name, (_, before) in tuple(self._typed.items()):
            if getattr(config, name) != before:
                self._forget(name)
        self.show_errors(self._wrong)
        self.show_config(config)
