"""Two panes with a border that stays where the person has put it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from desktop_app import theme
from desktop_app.settings import Settings


class RememberedSplitter(QSplitter):
    """Add the panes, then `begin`: the place of the border is read from the settings, and written when it is moved."""

    def __init__(
        self, settings: Settings, name: str, orientation: Qt.Orientation = Qt.Orientation.Horizontal, gap: int = 0
    ) -> None:
        super().__init__(orientation)
        self._settings, self._name = settings, name
        self.setChildrenCollapsible(False)
        self.setHandleWidth(gap or theme.GAP)
        self.splitterMoved.connect(lambda: settings.set_splitter(name, self.saveState()))

    def begin(self, panes: Sequence[QWidget], sizes: Sequence[int], stretch: Sequence[int]) -> None:
        """Show `panes` at `sizes`, or as they were left; what room there is more of goes to them as `stretch` says."""
        for pane in panes:
            self.addWidget(pane)
        state = self._settings.splitter(self._name)
        if state.isEmpty() or not self.restoreState(state):
            self.setSizes(list(sizes))
        for place, factor in enumerate(stretch):
            self.setStretchFactor(place, factor)
