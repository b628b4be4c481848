"""Looking, in a thread, for earlier batches and for a name for a new one."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.worker import Background

if TYPE_CHECKING:
    from engine.prediction.ledger.batches import Batch

NEWEST = 10
"""So many earlier batches are offered."""


@dataclass(frozen=True)
class SamePhotos:
    """A wish: the newest batch of these paths by this model, and where a new one may be kept."""

    folder: Path
    paths: tuple[Path, ...]
    model: Path


@dataclass(frozen=True)
class Earlier:
    """A wish: the newest batches in the folder. `number` tells apart what is wished for twice: what is looked for now
    may have begun before the newest came."""

    folder: Path
    number: int


@dataclass(frozen=True)
class Found:
    """`earlier` is None where there is no such batch; `free` is the place of a new one."""

    earlier: Batch | None
    free: Path


class BatchFinder(QObject):
    """`found` carries SamePhotos and a Found, `listed` a tuple of batches, `failed` the exception of either."""

    found = Signal(object, object)
    listed = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(_look, threads=1)
        self._background.done.connect(self._on_done)

    def look_for(self, wish: SamePhotos | Earlier) -> None:
        self._background.ask(wish)

    def close(self) -> None:
        self._background.close()

    def _on_done(self, wish: SamePhotos | Earlier, result: object) -> None:
        if isinstance(result, Exception):
            self.failed.emit(result)
        elif isinstance(wish, SamePhotos):
            self.found.emit(wish, result)
        else:
            self.listed.emit(result)


def _look(wish: SamePhotos | Earlier) -> object:
    batches = importlib.import_module("engine.prediction.ledger.batches")
    if isinstance(wish, Earlier):
        batches.sweep(wish.folder)
        return tuple(batches.batches_in(wish.folder, NEWEST))
    files = importlib.import_module("engine.model_file")
    model = files.open_model(files.locate(wish.model))
    about = importlib.import_module("engine.prediction.ledger.opening").about_model(model)
    earlier = batches.batch_of(wish.folder, wish.paths, about.identity)
    return Found(earlier, batches.free_name(wish.folder, wish.paths, model.manifest.name))
