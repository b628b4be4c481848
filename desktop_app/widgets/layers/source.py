"""Where the layers of a model come from: a table, at once; or, where there is none, the network itself, in a child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop_app.worker import Jobs, NewestJob
from engine import process
from engine.control import Control
from engine.errors import ThawError
from engine.events import GraphNode, Layer
from engine.models import tables

KIND = "read"


@dataclass(frozen=True)
class Wanted:
    """Which network: a model with a head for so many classes, at an image size (None for the model's own)."""

    model: str
    classes: int
    head: str = "linear"
    width: int = 512
    image_size: int | None = None

    def arguments(self) -> list[str]:
        """The command line of `thaw layers`."""
        arguments = [self.model, "--graph", "--classes", str(self.classes), "--head", self.head]
        arguments += ["--head-width", str(self.width)]
        return [*arguments, *(["--image-size", str(self.image_size)] if self.image_size else [])]


class LayerSource(QObject):
    """`ready` carries (Wanted, layers, graph nodes), `waiting` and `failed` a Wanted, and the error as a sentence.
    Only the newest wish is answered."""

    ready = Signal(object, tuple, tuple)
    waiting = Signal(object)
    failed = Signal(object, str)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: Wanted | None = None
        self._rows: list[Any] = []
        self._reading = NewestJob(jobs, KIND, self, at_place=(Exception,))
        self._reading.returned.connect(self._on_returned)
        self._reading.failed.connect(self._on_failed)

    def ask(self, wanted: Wanted) -> None:
        """Answer now where a table has it, else when the child has told."""
        self._reading.forget()
        self._wanted = wanted
        if wanted.image_size is None and tables.has_table(wanted.model):
            layers = tables.with_classes(wanted.model, wanted.classes, wanted.head, wanted.width)
            self.ready.emit(wanted, layers, tables.read_graph(wanted.model))
            return
        self.waiting.emit(wanted)
        self._read_in_child(wanted)

    def _read_in_child(self, wanted: Wanted) -> None:
        def job(control: Control) -> Iterator[Any]:
            return process.run("layers", wanted.arguments(), control)

        self._rows = []  # a list for each job, as one that is overtaken may still tell
        self._reading.ask("Reading the layers", job).happened.connect(self._rows.append)

    def _on_returned(self, _result: object) -> None:
        layers = tuple(row for row in self._rows if isinstance(row, Layer))
        self.ready.emit(self._wanted, layers, tuple(row for row in self._rows if isinstance(row, GraphNode)))

    def _on_failed(self, error: BaseException) -> None:
        sentence = str(error) if isinstance(error, ThawError) else "The layers of this model cannot be read."
        self.failed.emit(self._wanted, sentence)
