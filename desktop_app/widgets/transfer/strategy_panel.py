"""The strategy, the head and the optimizer's settings that follow: how what the network knows is carried over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.choice_cards import Choice, ChoiceCards
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import percent, plain
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Background
from engine import runs
from engine.config import TrainConfig
from engine.models.catalog import find_model
from engine.models.heads import HEADS
from engine.models.optimizers import OPTIMIZERS
from engine.models.own_strategies import OwnStrategy
from engine.models.recipes import choose_recipe, source_of
from engine.models.strategies import STRATEGIES
from engine.runs import RunSummary

CUSTOM, CONTINUE = "custom", "continue"
NO_RUN = "No finished run yet"


class StrategyPanel(QWidget):
    """Shows a TrainConfig; what the person changes goes out through the signals and nothing is kept here."""

    chosen = Signal(str)
    head_chosen = Signal(str)
    run_chosen = Signal(object)  # Path: the run to continue
    save_wanted = Signal()
    delete_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = ElidedBox("Head")
        self.head_sentence = muted_label(wrap=True)
        self.optimizer = QLabel()
        self.optimizer.setWordWrap(True)
        self.optimizer_source = muted_label(wrap=True)
        self.cards = ChoiceCards()
        self.run = ElidedBox("Run to continue")
        self.save = QPushButton("Save under a name…")
        self.delete = QPushButton("Delete this strategy")
        self._run_row = QWidget()
        self._own: frozenset[str] = frozenset()
        self._continued: Path | None = None
        self._looks = 0
        self._background = Background(_continuable, threads=1, waiting=1)
        self._background.done.connect(self._on_runs_read)
        for row in HEADS.values():
            self.head.add(row.title, row.name, row.summary)
        self.show_own_strategies(())
        self._lay_out()
        self.cards.chosen.connect(self.chosen)
        self.head.activated.connect(lambda place: self.head_chosen.emit(self.head.itemData(place)))
        self.run.activated.connect(lambda place: self.run_chosen.emit(self.run.itemData(place)))
        self.save.clicked.connect(self.save_wanted)
        self.delete.clicked.connect(lambda: self.delete_wanted.emit(self.cards.choice()))

    def show_own_strategies(self, own: Sequence[OwnStrategy]) -> None:
        """The saved strategies of the person's own stand below those that Thaw has."""
        self._own = frozenset(row.name for row in own)
        choices = [Choice(row.name, row.title, row.hint, row.summary) for row in STRATEGIES.values()]
        choices += [
            Choice(row.name, row.title, "your own", "The layers and the plan that you saved under this name.")
            for row in own
        ]
        self.cards.set_choices(tuple(choices))

    def tab_order(self) -> tuple[QWidget, ...]:
        """What the Tab key goes to, as one reads."""
        radios = [card.radio for card in self.cards.cards.values()]
        return (*radios, self.run, self.save, self.delete, self.head)

    def look_for_runs(self, folder: Path) -> None:
        """Read anew which runs can be continued."""
        self._looks += 1  # a look that began before the newest change does not do for it
        self._background.ask((folder, self._looks))

    def settings_of(self, run_dir: Path) -> dict[str, Any]:
        """The settings that continue the run: its model and head come along."""
        config = runs.read_config(run_dir)
        kept = ("model", "head", "head_width", "head_dropout", "image_size")
        plan = {"strategy": CONTINUE, "continue_from": run_dir, "trainable": None, "unfreeze": None}
        return plan | {name: getattr(config, name) for name in kept}

    def _on_runs_read(self, _look: object, found: object) -> None:
        if isinstance(found, tuple):
            self.show_runs(found)
            self.run.setCurrentIndex(_place(self.run, self._continued))

    def show_runs(self, found: Sequence[RunSummary]) -> None:
        """The runs that can be continued, newest first."""
        self.run.clear()
        for run in found:
            accuracy = f" · {percent(run.val_accuracy)}" if run.val_accuracy is not None else ""
            self.run.add(f"{shown(run.called)}{accuracy}", run.path, shown(run.path))
        self.run.setEnabled(bool(found))
        self.run.setPlaceholderText("Choose a run" if found else NO_RUN)
        self.run.setCurrentIndex(-1)

    def show_config(self, config: TrainConfig, strategy: str) -> None:
        """`strategy` is the card that is chosen, which may be one of the person's own."""
        self.cards.choose(strategy)
        self.head.setCurrentIndex(self.head.findData(config.head))
        self.head_sentence.setText(HEADS[config.head].summary)
        self._show_optimizer(config)
        self._run_row.setVisible(config.strategy == CONTINUE)
        self._continued = config.continue_from
        self.run.setCurrentIndex(_place(self.run, config.continue_from))
        self.save.setVisible(strategy == CUSTOM)
        self.delete.setVisible(strategy in self._own)

    def _show_optimizer(self, config: TrainConfig) -> None:
        spec, row = find_model(config.model), STRATEGIES[config.strategy]
        chosen = choose_recipe(config, spec, row)
        self.optimizer.setText(_settings_in_words(chosen))
        self.optimizer.setAccessibleName(f"Optimizer: {self.optimizer.text()}")
        self.optimizer_source.setText(f"{source_of(config, spec, row)}. They can be changed on the Train page.")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(group_label("Strategy"))
        column.addWidget(self.cards)
        row = QHBoxLayout(self._run_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(_named("Earlier run", self.run))
        row.addWidget(self.run, 1)
        column.addWidget(self._run_row)
        buttons = QHBoxLayout()
        for button in (self.save, self.delete):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        column.addSpacing(theme.GRID)
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(group_label("Head"), 1)
        head.addWidget(self.head)
        column.addLayout(head)
        column.addWidget(self.head_sentence)
        column.addSpacing(theme.GRID)
        for widget in (group_label("Optimizer"), self.optimizer, self.optimizer_source):
            column.addWidget(widget)


def _settings_in_words(config: TrainConfig) -> str:
    """The optimizer and its numbers, once decided."""
    row = OPTIMIZERS[config.optimizer or "adamw"]
    numbers = {
        "learning rate": config.learning_rate,
        "momentum": config.momentum if "momentum" in row.takes else 0,
        "weight decay": config.weight_decay,
        "label smoothing": config.label_smoothing,
    }
    words = [f"{name} {plain(number)}" for name, number in numbers.items() if number]
    return ", ".join((row.title, *words))


def _continuable(look: tuple[Path, int]) -> tuple[RunSummary, ...]:
    """The runs in the folder of a look. Worked on in a thread: disks may be slow."""
    folder, _ = look
    return tuple(run for run in runs.list_runs(folder) if (run.path / runs.BEST).is_file())


def _named(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label


def _place(box: ElidedBox, path: Path | None) -> int:
    """Where `path` is in the box, -1 where it is not."""
    return next((place for place in range(box.count()) if path and box.itemData(place) == path), -1)
