"""Which model answers: one of the runs that have one, or a file."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from desktop_app import theme
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import percent, quantity
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Background


@dataclass(frozen=True)
class RunsIn:
    """A wish: the runs in the folder that have a model."""

    folder: Path


@dataclass(frozen=True)
class Described:
    """A wish: what the model at the path says of itself."""

    path: Path


def _look(wish: RunsIn | Described) -> object:
    """Worked on in a thread: reading runs and manifests loads pydantic, and disks may be slow."""
    if isinstance(wish, Described):
        model_file = importlib.import_module("engine.model_file")
        return model_file.open_model(model_file.locate(wish.path)).manifest
    runs = importlib.import_module("engine.runs").list_runs(wish.folder)
    return tuple(run for run in runs if (run.path / "model.thaw").is_file())


class ModelChooser(QWidget):
    """`chosen` carries a path; `described` whether the model at it can be used; `refused` the exception if not."""

    chosen = Signal(object)
    file_wanted = Signal()
    described = Signal(object)
    refused = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self._runs: tuple = ()
        self._background = Background(_look, threads=1)
        self._background.done.connect(self._on_done)
        self.box = ElidedBox("Model")
        self.box.setMinimumWidth(theme.wide(200))
        self.box.setMaximumWidth(theme.wide(520))
        self.box.setPlaceholderText("Choose a model")
        self.box.activated.connect(self._on_activated)
        self.file = QPushButton("Choose a file…")
        self.file.clicked.connect(self.file_wanted)
        self.about = ElidedLabel()
        self.about.setProperty("role", "muted")
        name = QLabel("Model")
        name.setBuddy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        for widget in (name, self.box, self.file):
            row.addWidget(widget)
        row.addSpacing(theme.GRID)
        row.addWidget(self.about, 1)

    def look_for_runs(self, folder: Path) -> None:
        """Read the list of runs again; the choice stays."""
        self._background.ask(RunsIn(folder))

    def set_path(self, path: Path | None) -> None:
        """Use the model at `path`; what it says of itself follows."""
        self.path = path
        self.about.set_whole("")
        self._fill()
        if path is not None:
            self._background.ask(Described(path))

    def _on_done(self, wish: object, result: object) -> None:
        if isinstance(wish, RunsIn):
            self._runs = result if isinstance(result, tuple) else ()
            self._fill()
        elif isinstance(wish, Described) and wish.path == self.path:
            if isinstance(result, Exception):
                self.refused.emit(result)
            else:
                self.about.set_whole(_words(result))
                self.described.emit(result)

    def _fill(self) -> None:
        self.box.clear()
        for run in self._runs:
            accuracy = f" · {percent(run.val_accuracy)}" if run.val_accuracy is not None else ""
            self.box.add(f"{shown(run.called)}{accuracy}", run.path, shown(run.path))
        paths = [run.path for run in self._runs]
        if self.path is not None:
            # A run is meant by its folder and by the model file in it.
            known = self.path.parent if self.path.parent in paths else self.path
            if known not in paths:
                self.box.insertItem(0, shown(self.path.name), self.path)
                paths.insert(0, self.path)
            self.box.setCurrentIndex(paths.index(known))
            self.box.setToolTip(f"{self.box.currentText()}\n{shown(self.path)}")
        else:
            self.box.setCurrentIndex(-1)
            self.box.setToolTip("")
        self.setVisible(bool(paths))
        self.box.updateGeometry()

    def _on_activated(self, place: int) -> None:
        self.chosen.emit(self.box.itemData(place))


def _words(manifest: object) -> str:
    classes = getattr(manifest, "classes", ())
    size = getattr(getattr(manifest, "preprocessing", None), "image_size", 0)
    names = ", ".join(shown(name) for name in classes[:4]) + ("…" if len(classes) > 4 else "")
    return f"{quantity(len(classes), 'class', 'classes')} ({names}) · {size} × {size} pixels"
