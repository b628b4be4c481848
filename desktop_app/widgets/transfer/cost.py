"""What the present choice costs in memory and time; recomputed with every tick."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.project import Project
from desktop_app.widgets.layers.cost_line import CostLine
from desktop_app.widgets.layers.measuring import Measuring
from desktop_app.worker import Jobs
from engine.config import TrainConfig
from engine.dataset.index import DatasetIndex
from engine.errors import ThawError
from engine.events import Layer
from engine.models.catalog import find_model
from engine.models.layers import measured
from engine.models.layers.cost import estimate
from engine.models.recipes import USUAL_BATCH


class TransferCost(QWidget):
    """`times` carries what was measured of each layer, empty where nothing was."""

    times = Signal(object)

    def __init__(self, project: Project, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._layers: tuple[Layer, ...] = ()
        self._ticks: tuple[str, ...] = ()
        self._measured: measured.Measured | None = None
        self.line = CostLine()
        self._measuring = Measuring(jobs, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.line)
        self.line.measure_wanted.connect(self._measure)
        self.line.stop_wanted.connect(self._measuring.stop)
        self._measuring.running.connect(self.line.set_running)
        self._measuring.ended.connect(self._read_times)
        self._measuring.failed.connect(lambda text: dialogs.show_error(self.window(), ThawError(text)))

    def set_layers(self, layers: tuple[Layer, ...]) -> None:
        """The layers of another model."""
        self._layers = layers
        self._read_times()

    def show_choice(self, ticks: tuple[str, ...]) -> None:
        """Show the cost of training these layers."""
        self._ticks = ticks
        config = self._project.config
        whole = self._measured
        cost = estimate(
            self._layers,
            ticks,
            batch_size=config.batch_size or USUAL_BATCH,
            optimizer=config.optimizer or "adamw",
            times=whole.layers if whole else None,
        )
        dataset = self._project.dataset
        known = cost.seconds_per_image is not None and dataset is not None
        seconds = cost.seconds_per_image * train_photos(dataset, config) if known else None
        self.line.set_cost(cost.memory_bytes, seconds, whole is not None)

    def _measure(self) -> None:
        self._measuring.start(self._project.config.model, self._image_size())

    def _image_size(self) -> int:
        config = self._project.config
        return config.image_size or find_model(config.model).input_size

    def _read_times(self) -> None:
        self._measured = measured.read_measured(self._project.config.model, self._image_size())
        self.times.emit(self._measured.layers if self._measured else {})
        self.show_choice(self._ticks)


def train_photos(dataset: DatasetIndex, config: TrainConfig) -> int:
    """How many photos an epoch will go through: those in train, or what is left of those that are not split yet."""
    split = {photo.split for photo in dataset.photos}
    train = sum(photo.split in ("train", "") for photo in dataset.photos)
    kept = 1.0 - (0 if "val" in split else config.val_share) - (0 if split - {""} else config.test_share)
    return round(train * kept)
