"""What is to be said about the chosen model and strategy before training, and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.banner import Banner
from desktop_app.widgets.layers.choice import TransferChoice
from desktop_app.widgets.transfer.strategy_panel import CONTINUE
from engine.config import TrainConfig
from engine.errors import ThawError
from engine.models.catalog import check_exportable
from engine.models.pretrained import weights
from engine.models.spec import ModelSpec
from engine.models.strategies import STRATEGIES

SCRATCH = "from-scratch"


class ModelNotes(QWidget):
    """Nothing at all where there is nothing to say."""

    strategy_wanted = Signal(str)
    weights_wanted = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID)

    def sentences(self) -> list[str]:
        return [banner.label.text() for banner in self._banners()]

    def show_about(self, config: TrainConfig, choice: TransferChoice, ticks: tuple[str, ...]) -> str:
        """Show the notes; returns why training cannot start, "" where it can."""
        while item := self._column.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        reason = self._show_obstacle(config, choice, ticks)
        strategy = STRATEGIES[config.strategy]
        if not reason and not choice.head_trains(ticks) and not strategy.from_run:
            self._note("warning", "The head is new and has random weights: frozen, it can learn nothing.")
        if strategy.pretrained and not strategy.from_run:
            self._show_weights(config, choice.spec)
        self.setVisible(bool(self._banners()))
        return reason

    def _show_obstacle(self, config: TrainConfig, choice: TransferChoice, ticks: tuple[str, ...]) -> str:
        """What keeps training from starting: said in a banner, and in short for the page's button."""
        try:
            check_exportable(choice.spec)
        except ThawError as error:
            self._note("error", str(error))
            return "The model is too large"
        if config.strategy == CONTINUE and config.continue_from is None:
            self._note("info", "Choose the run to continue, below the strategies.")
            return "Choose the run to continue"
        if not ticks:
            self._note("error", "No layer is ticked, so nothing would train. Tick at least the head.")
            return "Tick at least one layer"
        if 1 not in choice.timeline(config):
            self._note("error", "In the first epoch nothing would train. Let a block train from epoch 1.")
            return "Let a block train from the first epoch"
        return ""

    def _show_weights(self, config: TrainConfig, spec: ModelSpec) -> None:
        try:
            found = weights.find(spec, self._settings.weights_dir, config.weights)
        except ThawError as error:
            self._note("error", str(error), "Weights…").triggered.connect(self.weights_wanted)
            return
        if found:
            return
        if not spec.weights:
            text = f"{spec.title} has no pretrained weights. It can only be trained from scratch."
            banner = self._note("warning", text, "Train from scratch")
            banner.triggered.connect(lambda: self.strategy_wanted.emit(SCRATCH))
            return
        # Four bytes a parameter: what the file holds besides does not show in whole megabytes.
        text = (
            f"The weights of {spec.title} are not here yet. They are fetched when training starts "
            f"({spec.parameters * 4 / 1e6:.0f} MB); offline, import a file or choose a folder."
        )
        self._note("info", text, "Weights…").triggered.connect(self.weights_wanted)

    def _note(self, kind: str, text: str, action: str = "") -> Banner:
        banner = Banner(kind, text, action)
        self._column.addWidget(banner)
        return banner

    def _banners(self) -> list[Banner]:
        return [self._column.itemAt(place).widget() for place in range(self._column.count())]  # type: ignore[misc]
