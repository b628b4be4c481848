"""The strategies that a person keeps under a name: saved from the present choice, found again, deleted."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog, QWidget

from desktop_app import dialogs
from engine.config import TrainConfig
from engine.errors import ThawError
from engine.models import own_strategies
from engine.models.own_strategies import SETTINGS, OwnStrategy


class OwnStrategyStore(QObject):
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._listed = own_strategies.list_own()[0]

    def listed(self) -> tuple[OwnStrategy, ...]:
        return self._listed

    def settings_of(self, name: str, model: str) -> dict[str, Any] | None:
        """The settings that the strategy means; None where it is none of them, or made for another model."""
        own = next((row for row in self._listed if row.name == name), None)
        if own is None or own.model != model:
            return None
        return {"strategy": "custom"} | {setting: getattr(own, setting) for setting in SETTINGS}

    def named(self, config: TrainConfig) -> str:
        """The name of the strategy that is just these settings, "" where there is none."""
        for row in self._listed:
            settings = self.settings_of(row.name, config.model)
            if settings and all(getattr(config, name) == value for name, value in settings.items()):
                return row.name
        return ""

    def ask_and_save(self, config: TrainConfig, parent: QWidget) -> None:
        """Ask for a name and keep the present choice under it."""
        title, given = QInputDialog.getText(parent, "Save this strategy", "Name")
        if given and title.strip():
            self.save(title.strip(), config, parent)

    def save(self, title: str, config: TrainConfig, parent: QWidget) -> None:
        """Keep the choice under `title`; what already has that name is replaced where the person says so."""
        try:
            own = own_strategies.make_own(title, config)
            taken = any(row.name == own.name for row in self._listed)
            words = ("It was saved before, and is then lost.", "Replace it", "Keep it")
            if taken and not dialogs.ask(parent, f"Replace the strategy “{title}”?", *words):
                return
            own_strategies.save_own(own, replace=taken)
        except ThawError as error:
            dialogs.show_error(parent, error)
            return
        self._read()

    def ask_and_delete(self, name: str, parent: QWidget) -> None:
        title = next((row.title for row in self._listed if row.name == name), name)
        words = ("Runs that were trained with it keep what they know.", "Delete", "Keep it")
        if not dialogs.ask(parent, f"Delete the strategy “{title}”?", *words):
            return
        try:
            own_strategies.delete_own(name)
        except ThawError as error:
            dialogs.show_error(parent, error)
        self._read()

    def _read(self) -> None:
        self._listed = own_strategies.list_own()[0]
        self.changed.emit()
