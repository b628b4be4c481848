"""What the Train page shows while no run is shown: what can be known or found out before the next one."""

from __future__ import annotations

import importlib

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.worker import Jobs

SECTIONS: tuple[tuple[str, str], ...] = (
    ("desktop_app.widgets.start.estimate", "EstimateSection"),
    ("desktop_app.widgets.start.learning_rate", "LearningRateSection"),
    ("desktop_app.widgets.start.schedule", "ScheduleSection"),
    ("desktop_app.widgets.start.augmentation", "AugmentationSection"),
    ("desktop_app.widgets.start.search", "SearchSection"),
    ("desktop_app.widgets.start.strategies", "StrategiesSection"),
)
"""(module, class) of each section, from top to bottom: what the run will cost, its learning rate, its augmentation,
better settings, several strategies. A section is a QWidget made from (project, jobs, settings), with a group title; it
hides itself where it has nothing to say."""
SETTLED_MS = 500


class StartPanel(QScrollArea):
    """`run_compared` passes on what a section has to say about the run that has ended; `in_sight_wanted` that a section
    has something new to see, `review_wanted` that a person wants to see more of it in Review."""

    run_compared = Signal(str)
    in_sight_wanted = Signal()
    review_wanted = Signal()

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sections: dict[str, QWidget] = {}
        self._wanted: QWidget | None = None
        self._settling = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self.verticalScrollBar().rangeChanged.connect(self._scroll_to_wanted)
        body = QWidget(objectName="scrolled")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, theme.GRID, 0)
        column.setSpacing(3 * theme.GRID)
        for module, name in SECTIONS:
            section = getattr(importlib.import_module(module), name)(project, jobs, settings)
            self.sections[name] = section
            column.addWidget(section)
            for told in ("run_compared", "review_wanted"):
                if hasattr(section, told):
                    getattr(section, told).connect(getattr(self, told))
            if hasattr(section, "in_sight_wanted"):
                section.in_sight_wanted.connect(self._bring_into_sight)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _bring_into_sight(self, part: QWidget) -> None:
        self.in_sight_wanted.emit()
        self._wanted = part
        self._settling.start()
        self._scroll_to_wanted()

    def _scroll_to_wanted(self) -> None:
        """What is new grows while it is laid out, and is followed until it has come to rest."""
        if self._wanted and self._settling.isActive():
            self.ensureWidgetVisible(self._wanted, 0, 0)
