"""What is open now: a dataset, the settings of the next run, a run to look at, a model file. It tells when one changes;
the pages listen and never call each other."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from engine.config import TrainConfig
    from engine.dataset.index import DatasetIndex


class Project(QObject):
    dataset_changed = Signal()
    config_changed = Signal()
    run_changed = Signal()
    model_file_changed = Signal()
    runs_changed = Signal()
    """The set of runs on disk, or the state of one of them, is not what it was."""

    comparison_wanted = Signal()
    """Some runs are to be seen beside each other; `wanted_comparison` says which."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataset: DatasetIndex | None = None
        self.run_dir: Path | None = None
        self.model_file: Path | None = None
        self.wanted_comparison: tuple[Path, ...] = ()
        """Kept until it is shown: the page that does may not be there yet."""
        self._config: TrainConfig | None = None
        self._suited: dict[str, Any] = {}
        self._replaced: dict[str, Any] = {}
        self.config_touched = False
        """Whether the person has chosen anything about the next run."""

    @property
    def config(self) -> TrainConfig:
        """The draft of the next run. Made when first asked for: its declaration costs 0.2 s that the first paint has
        no use for."""
        if self._config is None:
            self._config = importlib.import_module("engine.config").make_config(self._dataset_values())
        return self._config

    def set_dataset(self, index: DatasetIndex | None, suited: dict[str, Any] | None = None) -> None:
        """Another dataset, or none. The draft follows to its folder.

        `suited` are settings that suit this dataset. The draft takes them as long as it is open; with the next one,
        those that the person has not changed meanwhile go back to what they were.
        """
        if index == self.dataset:
            self.dataset = index  # the same again: what was made of the new one is not made anew of the old
            return
        same_folder = index is not None and self.dataset is not None and index.root == self.dataset.root
        self.dataset = index
        if self._config is not None:
            self._config = self._config.with_changes(**({"data": Path()} | self._dataset_values()))
        if not same_folder:
            self._give_back_suited()
            self._take_suited(suited or {})
        self.dataset_changed.emit()
        self.config_changed.emit()

    def set_config(self, **changes: Any) -> None:
        """Change the draft. Raises ConfigError, and leaves the draft as it was, where a value is wrong."""
        changed = self.config.with_changes(**changes)
        if changed == self._config:
            return
        self._config = changed
        self.config_touched = True
        self.config_changed.emit()

    def set_run(self, run_dir: Path | None) -> None:
        """The run that Review shows."""
        if run_dir == self.run_dir:
            return
        self.run_dir = run_dir
        self.run_changed.emit()

    def set_model_file(self, path: Path | None) -> None:
        """The model that Predict uses: a .thaw file or a finished run directory."""
        if path == self.model_file:
            return
        self.model_file = path
        self.model_file_changed.emit()

    def compare_runs(self, run_dirs: Iterable[Path]) -> None:
        """Wish to see these runs beside each other."""
        self.wanted_comparison = tuple(run_dirs)
        self.comparison_wanted.emit()

    def announce_runs(self) -> None:
        """Say that runs on disk have changed."""
        self.runs_changed.emit()

    def _take_suited(self, suited: dict[str, Any]) -> None:
        if not suited:
            return
        before = self.config
        self._config = before.with_changes(**suited)
        self._suited, self._replaced = suited, {name: getattr(before, name) for name in suited}

    def _give_back_suited(self) -> None:
        if not self._suited:
            return
        kept = {name for name, value in self._suited.items() if getattr(self.config, name) != value}
        if kept & {"model", "strategy"}:
            kept |= {"model", "strategy"}  # a strategy is chosen for its model, so they go or stay together
        back = {name: value for name, value in self._replaced.items() if name not in kept}
        self._config = self.config.with_changes(**back)
        self._suited, self._replaced = {}, {}

    def _dataset_values(self) -> dict[str, Any]:
        return {"data": self.dataset.root} if self.dataset else {}
