"""Where in a photo the evidence lay, asked of the model that gave the answers, in a thread."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.prediction.model import meant
from desktop_app.widgets.prediction.reading import opened
from desktop_app.widgets.prediction.why_map import map_image
from desktop_app.widgets.thumbnails import Meant, is_another, shown
from desktop_app.worker import Background
from engine.errors import NoMapError, ThawError

if TYPE_CHECKING:
    from engine.events import Prediction
    from engine.model_file import ModelFile
    from engine.photos import Part
    from engine.prediction.runtime import Classifier

TITLE = "Why"
WHAT = "Shows where in the photo the evidence for the model's answer lay (Space)"
SIDE = 512
"""Pixels of the map's picture, which is stretched over the photo: it has no more to show."""


class Wish(NamedTuple):
    """The map of a photo; without one, whether the model can tell at all. Until the next `visit` the model is kept."""

    ledger: Path
    visit: int
    photo: Path | None
    meant: Meant | None = None


@dataclass(frozen=True, eq=False)
class LaidMap:
    """`image` lies over `part` of the upright photo; it shows nothing where nothing was `found`."""

    image: QImage
    part: Part
    label: str
    found: bool


class WhyBox(QWidget):
    """`laid` carries the LaidMap of the photo in sight, None where there is none (yet)."""

    laid = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wish: Wish | None = None
        self._ledger: Path | None = None
        self._visit = 0
        self._looker = _Looker()
        self._background = Background(self._looker.look, threads=1, waiting=1)
        self._background.done.connect(self._on_done)
        self.box = QCheckBox(TITLE)
        self.box.setToolTip(WHAT)
        self.box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.box.toggled.connect(self._begin)
        self.words = muted_label()
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.box, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.words)
        self.words.hide()

    def show_photo(self, ledger: Path | None, prediction: Prediction) -> None:
        """The photo in sight is another, or still the same."""
        if ledger != self._ledger:
            self._ledger = ledger
            self.box.setEnabled(True)
            self.box.setToolTip(WHAT)
        wish: Wish | None = None
        if ledger and not prediction.error:
            wish = Wish(ledger, self._visit, prediction.path, meant(prediction))
        if wish != self._wish:
            self._wish = wish
            self.setVisible(wish is not None)
            self._begin()

    def toggle(self) -> None:
        """As the key does: where there is no map, the reason is told."""
        if self.box.isEnabled():
            self.box.toggle()
        else:
            self._say(self.box.toolTip())

    def rest(self) -> None:
        """Nobody looks any more; the model is loaded again when somebody does."""
        self._wish = self._ledger = None
        self._visit += 1
        self.box.setChecked(False)
        self._looker.kept = None

    def _begin(self) -> None:
        self.laid.emit(None)
        self._say("")
        if self._wish and self.box.isEnabled():
            wanted = self.box.isChecked()
            self._background.ask(self._wish if wanted else self._wish._replace(photo=None))

    def _on_done(self, wish: Wish, result: object) -> None:
        if (wish.ledger, wish.visit) != (self._ledger, self._visit):
            return
        if isinstance(result, NoMapError):
            self.box.setChecked(False)
            self.box.setEnabled(False)
            self.box.setToolTip(str(result))
        elif wish == self._wish and self.box.isChecked():
            self._show(result)

    def _show(self, result: object) -> None:
        if not isinstance(result, LaidMap):
            self._say(str(result) if isinstance(result, ThawError) else "The evidence could not be looked for.")
            return
        self.laid.emit(result)
        label = shown(result.label)
        self._say(
            f"Lighter is more evidence for “{label}”."
            if result.found
            else f"Nothing here speaks for “{label}” more than for other classes."
        )

    def _say(self, words: str) -> None:
        self.words.setText(shown(words))
        self.words.setVisible(bool(words))


class _Looker:
    """Loads the model of a ledger when it is first asked, and keeps it for the next photo."""

    def __init__(self) -> None:
        self.kept: tuple[int, Path, Classifier] | None = None

    def look(self, wish: Wish) -> LaidMap | None:
        kept = self.kept
        if kept is None or kept[:2] != (wish.visit, wish.ledger):
            file = _model_of(wish.ledger)
            if wish.photo is None:
                return None
            runtime = importlib.import_module("engine.prediction.runtime")
            self.kept = kept = wish.visit, wish.ledger, runtime.Classifier(file, device="cpu")
        if wish.photo is None:
            return None
        if is_another(wish.photo, wish.meant):
            raise ThawError("Another photo has its place now, as on another memory card.")
        found = importlib.import_module("engine.prediction.why").look(kept[2], wish.photo)
        return LaidMap(map_image(found.places, SIDE, SIDE), found.part, found.label, bool(found.places.any()))


def _model_of(path: Path) -> ModelFile:
    """The model file that gave the answers in a ledger. Raises NoMapError where it cannot say where it looked."""
    files = importlib.import_module("engine.model_file")
    ledger = opened(path)
    try:
        course, about = importlib.import_module("engine.prediction.ledger.course").read(ledger), ledger.about
    finally:
        ledger.close()
    if course is None:
        raise NoMapError("These answers do not say which model file gave them.")
    try:
        file: ModelFile = files.open_model(files.locate(course.model))
    except ThawError as error:
        raise NoMapError(f"The model that gave these answers cannot be asked. {error}") from None
    if importlib.import_module("engine.prediction.ledger.opening").about_model(file).identity != about.identity:
        raise NoMapError("The model file is another now than the one that gave these answers.")
    if reason := importlib.import_module("engine.prediction.why").refusal(file):
        raise NoMapError(reason)
    return file
