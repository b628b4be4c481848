"""What training would cost in memory and time, in one line."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import Picture, muted_label

MINUTE, HOUR = 60, 3600


class CostLine(QWidget):
    """`measure_wanted` when the person asks for a measurement on this machine, `stop_wanted` while one runs."""

    measure_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = self._measured = False
        self._words = ""
        self.label = muted_label(wrap=True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton()
        self.button.setProperty("kind", "quiet")
        self.button.setIconSize(QSize(16, 16))
        self.button.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(Picture("gauge", 16, "muted"))
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        self._show()

    def set_cost(self, memory_bytes: int, seconds_per_epoch: float | None, measured: bool) -> None:
        """Show a cost; `seconds_per_epoch`, of computing alone, is None where the time or the photos are not known.
        `measured` says that the layers were measured on this machine."""
        self._measured = measured
        parts = [f"about {memory_in_words(memory_bytes)} memory"]
        if seconds_per_epoch is not None:
            how = " on this machine" if self._measured else ", estimated"
            parts.append(f"about {time_in_words(seconds_per_epoch)} computing an epoch{how}")
        else:
            parts.append("open photos to see the time" if measured else "time not measured yet")
        self._words = " · ".join(parts)
        self.label.setToolTip("Reading and decoding the photos comes on top of the time")
        self._show()

    def set_running(self, running: bool) -> None:
        """Say that a measurement is under way, and offer to stop it."""
        self._running = running
        self._show()

    def is_running(self) -> bool:
        return self._running

    def _on_clicked(self) -> None:
        (self.stop_wanted if self._running else self.measure_wanted).emit()

    def _show(self) -> None:
        words = "Measuring a few steps on this machine…" if self._running else self._words
        self.label.setText(words[:1].upper() + words[1:])
        self.setVisible(bool(words))
        name = "Stop" if self._running else "Measure again" if self._measured else "Measure here"
        self.button.setText(name)
        self.button.setAccessibleName("Stop measuring" if self._running else name)
        self.button.setToolTip("" if self._running else "Times a few training steps with these settings")
        theme.set_icon(self.button, "circle-stop" if self._running else "", "text")
        self.setAccessibleName(self.label.text())


def memory_in_words(size: int) -> str:
    """Bytes as “1.9 GB” or “640 MB”: two digits that mean something."""
    if size >= 1e9 * 0.995:
        return f"{size / 1e9:.{0 if size >= 9.95e9 else 1}f} GB"
    megabytes = max(1, round(size / 1e6))
    return f"{round(megabytes, -1) if megabytes >= 100 else megabytes} MB"


def time_in_words(seconds: float) -> str:
    """Seconds as “40 s”, “3 min” or “1 h 10 min”, no more exact than an estimate is."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < MINUTE - 2.5:
        return f"{round(seconds / 5) * 5} s"
    if seconds < HOUR - MINUTE / 2:
        return f"{max(1, round(seconds / MINUTE))} min"
    tens = round(seconds / MINUTE / 10)
    hours, rest = divmod(tens, 6)
    return f"{hours} h {rest * 10} min" if rest and hours < 10 else f"{max(1, round(seconds / HOUR))} h"
