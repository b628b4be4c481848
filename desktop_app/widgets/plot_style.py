"""How every plot looks: no menu, no dragging, faint lines across, the colours of the scheme."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt

from desktop_app import theme


def quieten(plot: pg.PlotWidget) -> None:
    """Take from a plot what asks for attention or for the mouse."""
    item = plot.getPlotItem()
    item.setMenuEnabled(False)
    item.hideButtons()
    item.setMouseEnabled(x=False, y=False)
    item.showGrid(x=False, y=True, alpha=0.12)
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)
    for part in (plot, plot.viewport()):
        part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setFrameShape(plot.Shape.NoFrame)


def dress(plot: pg.PlotWidget) -> None:
    """Ground and axes in the colours of the scheme that holds now."""
    plot.setBackground(theme.colour("surface"))
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(pg.mkPen(theme.colour("border")))
        axis.setTextPen(pg.mkPen(theme.colour("muted")))
