"""What the Train page shows while no run is shown: what can be known or found out before the next one."""

from __future__ import annotations

import importlib

from PySide6.QtCore import Qt, Signal
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
)
"""(module, class) of each section, from top to bottom: what the run will cost, its learning rate, its augmentation,
better settings. A section is a QWidget made from (project, jobs, settings), with a group title; it hides itself where
it has nothing to say."""


class StartPanel(QScrollArea):
    """`run_compared` passes on what a section has to say about the run that has ended."""

    run_compared = Signal(str)

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sections: dict[str, QWidget] = {}
        body = QWidget(objectName="scrolled")
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.GRID, 0, 2 * theme.GRID, 0)
        column.setSpacing(3 * theme.GRID)
        for module, name in SECTIONS:
            self.sections[name] = getattr(importlib.import_module(module), name)(project, jobs, settings)
            column.addWidget(self.sections[name])
            if hasattr(self.sections[name], "run_compared"):
                self.sections[name].run_compared.connect(self.run_compared)
        column.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
