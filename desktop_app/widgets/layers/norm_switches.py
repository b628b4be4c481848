"""What becomes of normalisation: its scale and shift, and its running statistics."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop_app import theme
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.layers.facts import FOLLOW, FROZEN, TRAINED

AFFINE = {
    FOLLOW: ("Follow the layer", "They train where the layer is ticked."),
    FROZEN: ("Stay frozen", "They keep their values everywhere, in layers that train too."),
    TRAINED: ("Always train", "They train everywhere: few numbers that fit a frozen network to other photos."),
}
STATISTICS = {
    FOLLOW: ("Follow the layer", "Mean and variance follow your photos where the layer is ticked."),
    FROZEN: ("Stay frozen", "Mean and variance stay those of the pretrained weights: steadier with small batches."),
}

NARROW = 480
"""Pixels, at 100 % text."""


class NormSwitches(QWidget):
    """`chosen` carries the choice for scale and shift and the one for the statistics, in the words of TrainConfig."""

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.affine = _box("Norm scale and shift", AFFINE)
        self.statistics = _box("Norm statistics", STATISTICS)
        self._titles = (QLabel(self.affine.accessibleName()), QLabel(self.statistics.accessibleName()))
        self._sentences = (muted_label(wrap=True), muted_label(wrap=True))
        self._is_narrow: bool | None = None
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(theme.GAP, 0, 0, 0)
        grid.setHorizontalSpacing(2 * theme.GRID)
        grid.setVerticalSpacing(theme.GRID)
        grid.setColumnStretch(2, 1)
        for title, box, _ in self._rows():
            title.setBuddy(box)
            box.setMinimumWidth(theme.wide(120))
            box.activated.connect(self._on_activated)
        self._arrange(False)
        self._explain()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(self.width() < theme.wide(NARROW))

    def _arrange(self, narrow: bool) -> None:
        """Each sentence beside its choice, or below where it would be a column of single words."""
        if narrow == self._is_narrow:
            return
        self._is_narrow = narrow
        for row, (title, box, sentence) in enumerate(self._rows()):
            self._grid.addWidget(title, 2 * row, 0)
            self._grid.addWidget(box, 2 * row, 1)
            self._grid.addWidget(sentence, *((2 * row + 1, 0, 1, 3) if narrow else (2 * row, 2, 1, 1)))

    def choose(self, affine: str, statistics: str) -> None:
        """Show a choice without saying it."""
        self.affine.setCurrentIndex(self.affine.findData(affine))
        self.statistics.setCurrentIndex(self.statistics.findData(statistics))
        self._explain()

    def set_has_statistics(self, has: bool) -> None:
        """Layer and group normalisation keep no statistics: then there is nothing to choose."""
        for widget in list(self._rows())[1]:
            widget.setVisible(has)

    def _rows(self) -> Iterator[tuple[QLabel, ElidedBox, QLabel]]:
        return zip(self._titles, (self.affine, self.statistics), self._sentences, strict=True)

    def _on_activated(self, _place: int) -> None:
        self._explain()
        self.chosen.emit(self.affine.currentData(), self.statistics.currentData())

    def _explain(self) -> None:
        for (_, box, label), choices in zip(self._rows(), (AFFINE, STATISTICS), strict=True):
            sentence = choices[box.currentData()][1]
            label.setText(sentence)
            box.setAccessibleDescription(sentence)


def _box(name: str, rows: dict[str, tuple[str, str]]) -> ElidedBox:
    box = ElidedBox(name)
    for word, (title, sentence) in rows.items():
        box.add(title, word, sentence)
    return box
