"""Which architecture, which head, which strategy, and which layers train from when."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.layers.choice import CUSTOM, TransferChoice
from desktop_app.widgets.layers.panel import LayersPanel
from desktop_app.widgets.layers.source import LayerSource, Wanted
from desktop_app.widgets.model_dialogs import ModelDialogs, classes_of
from desktop_app.widgets.page_frame import PageFrame
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.side_column import SideColumn
from desktop_app.widgets.transfer.adviser_panel import AdviserPanel, changes_of
from desktop_app.widgets.transfer.architecture_panel import ArchitecturePanel
from desktop_app.widgets.transfer.cost import TransferCost
from desktop_app.widgets.transfer.model_notes import ModelNotes
from desktop_app.widgets.transfer.own_strategy_store import OwnStrategyStore
from desktop_app.widgets.transfer.strategy_panel import CONTINUE, StrategyPanel
from desktop_app.worker import Jobs
from engine.events import Advice, GraphNode, Layer
from engine.models.catalog import find_model
from engine.models.strategies import STRATEGIES


class ModelPage(PageFrame):
    """The tree, the plan and the strategy drive each other: a strategy sets ticks and plan, and what is changed by hand
    is a strategy of one's own."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("model", "Model", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._shown: Wanted | None = None
        self.choice: TransferChoice | None = None
        self._own_ticks: dict[str, tuple[str, ...]] = {}
        self.adviser = AdviserPanel(project, jobs, settings)
        self.architecture = ArchitecturePanel()
        self.strategy = StrategyPanel()
        self.panel = LayersPanel(project, jobs, settings)
        self.tree = self.panel.tree
        self.notes = ModelNotes(settings)
        self.cost = TransferCost(project, jobs)
        self.source = LayerSource(jobs, self)
        self.own = OwnStrategyStore(self)
        self.dialogs = ModelDialogs(project, jobs, settings, self)
        self.set_content(self._made())
        self._connect()
        self._read_models()
        self.strategy.look_for_runs(settings.runs_folder)
        self._show_own_strategies()
        self._show_config()

    # --- what the person does

    def choose_model(self, name: str) -> None:
        """Take another architecture; ticks of one's own belong to a model and are kept for it."""
        config = self._project.config
        if name == config.model:
            return
        strategy, own = config.strategy, self._own_ticks.get(name)
        if (strategy == CUSTOM and own is None) or strategy == CONTINUE:
            strategy = "feature-extraction"
        ticks = own if strategy == CUSTOM else None
        self._set(model=name, strategy=strategy, trainable=ticks, unfreeze=None, weights=None, image_size=None)

    def choose_strategy(self, name: str) -> None:
        """Take a strategy; its ticks go into the tree and can be undone there."""
        if self.choice is None:  # the layers are being read yet; they come with the ticks that are then right
            if name in STRATEGIES and name != CUSTOM:
                self._set(strategy=name, trainable=None, unfreeze=None)
            return
        changes = self._changes_for(name, self._own_ticks.get(self._project.config.model, self.tree.trainable()))
        if changes is None:
            return
        ticks = self.choice.ticks(self._project.config.with_changes(**changes))
        self.tree.set_trainable(ticks, origin=name, text="choosing a strategy")
        self._set(**changes)

    def choose_run(self, run_dir: Path) -> None:
        """Continue that run: its model and head come along."""
        self._set(**self.strategy.settings_of(run_dir))

    def take_advice(self, advice: Advice) -> None:
        self._set(**changes_of(advice), weights=None, block_lr_ratio=None)

    def open_weights(self, files: Sequence[Path] = ()) -> None:
        """Show the list of pretrained weights; with `files`, the report on each before it is imported."""
        self.dialogs.open_weights(files)

    # --- what was told

    def _on_weights_changed(self) -> None:
        self._read_models()
        self._show_config()

    def _on_built(self, name: str) -> None:
        self._read_models()
        self._shown = None
        self._set(model=name, strategy="from-scratch", trainable=None, unfreeze=None, weights=None, image_size=None)
        self._show_config()

    def _on_trainable_changed(self, names: tuple[str, ...]) -> None:
        if self.choice is None:
            return
        changes = self._changes_for(self.tree.origin, names) if self.tree.origin else None
        changes = changes or self.choice.with_ticks(names, self._project.config)
        self.tree.origin = self.tree.origin or changes["strategy"]
        if changes["strategy"] == CUSTOM:
            self._own_ticks[self._project.config.model] = names
        self._set(**changes)

    def _on_timeline_changed(self, starts: tuple[int, ...]) -> None:
        if self.choice:
            self._set(**self.choice.with_timeline(starts, self._project.config))

    def _on_layers_ready(self, wanted: Wanted, layers: tuple[Layer, ...], nodes: tuple[GraphNode, ...]) -> None:
        spec = find_model(wanted.model)
        self.choice = TransferChoice(spec, tuple(row.name for row in layers if row.parameters))
        self._project.set_config(**self.choice.mended(self._project.config))
        config = self._project.config
        self.panel.set_layers(spec.title, layers, self.choice.ticks(config), self._card(), nodes)
        self.cost.set_layers(layers)
        self._show_config()

    def _changes_for(self, name: str, ticks: tuple[str, ...]) -> dict[str, Any] | None:
        """The settings of the strategy of that name, one of Thaw's or of the person's own."""
        if name in STRATEGIES and self.choice:
            return self.choice.with_strategy(name, ticks)
        return self.own.settings_of(name, self._project.config.model)

    def _set(self, **changes: Any) -> None:
        self._project.set_config(**changes)

    # --- what is shown

    def _read_models(self) -> None:
        self.architecture.read_models(self._settings.weights_dir)

    def _card(self) -> str:
        """The name of the strategy as the person chose it: one of their own where the settings are its."""
        return self.own.named(self._project.config) or self._project.config.strategy

    def _show_config(self) -> None:
        config, spec = self._project.config, find_model(self._project.config.model)
        strategy = STRATEGIES[config.strategy]
        pretrained = strategy.pretrained and not strategy.from_run
        self.architecture.show_choice(config.model, config.weights, pretrained)
        self.strategy.show_config(config, self._card())
        self.set_context(f"{spec.title} · {strategy.title}{self._classes_in_words()}")
        wanted = Wanted(config.model, classes_of(self._project), config.head, config.head_width, config.image_size)
        if wanted != self._shown:
            self._shown, self.choice = wanted, None
            self.source.ask(wanted)  # which answers at once where there is a table
        if self.choice:
            self._show_layers(self.choice)

    def _show_layers(self, choice: TransferChoice) -> None:
        config = self._project.config
        ticks = choice.ticks(config)
        if self._card() != self.tree.origin or set(ticks) != set(self.tree.trainable()):
            self.tree.show_trainable(ticks, self._card())
        self.panel.show_plan(choice, config)
        self.cost.show_choice(ticks)
        reason = self.notes.show_about(config, choice, ticks)
        self.set_action("Go to training", "arrow-right", not reason, reason)

    def _classes_in_words(self) -> str:
        dataset = self._project.dataset
        return f" · {quantity(len(dataset.classes), 'class', 'classes')} of {dataset.root.name}" if dataset else ""

    # --- how it is made

    def _connect(self) -> None:
        self.architecture.chosen.connect(self.choose_model)
        self.architecture.weights_chosen.connect(lambda name: self._set(weights=name))
        self.architecture.weights_wanted.connect(self.dialogs.open_weights)
        self.architecture.builder_wanted.connect(self.dialogs.open_builder)
        self.adviser.taken.connect(self.take_advice)
        self.adviser.dataset_wanted.connect(lambda: self.page_requested.emit("data"))
        self.adviser.self_training_wanted.connect(self.dialogs.open_self_training)
        self.strategy.chosen.connect(self.choose_strategy)
        self.strategy.head_chosen.connect(lambda name: self._set(head=name))
        self.strategy.run_chosen.connect(self.choose_run)
        self.strategy.save_wanted.connect(lambda: self.own.ask_and_save(self._project.config, self))
        self.strategy.delete_wanted.connect(lambda name: self.own.ask_and_delete(name, self))
        self.own.changed.connect(self._on_own_changed)
        self.tree.trainable_changed.connect(self._on_trainable_changed)
        self.tree.norm_changed.connect(lambda affine, kept: self._set(norm_affine=affine, norm_statistics=kept))
        self.panel.timeline.changed.connect(self._on_timeline_changed)
        self.source.ready.connect(self._on_layers_ready)
        self.source.waiting.connect(lambda wanted: self.panel.show_waiting(find_model(wanted.model).title))
        self.source.failed.connect(lambda _wanted, sentence: self.panel.show_error(sentence))
        self.notes.strategy_wanted.connect(self.choose_strategy)
        self.notes.weights_wanted.connect(self.dialogs.open_weights)
        self.dialogs.weights_changed.connect(self._on_weights_changed)
        self.dialogs.built.connect(self._on_built)
        self.dialogs.labelled.connect(lambda path: self._set(pseudo_labels=path))
        self.cost.times.connect(self.tree.set_times)
        self._project.config_changed.connect(self._show_config)
        self._project.dataset_changed.connect(self._show_config)
        self._project.runs_changed.connect(lambda: self.strategy.look_for_runs(self._settings.runs_folder))
        self.action_triggered.connect(lambda: self.page_requested.emit("train"))

    def _on_own_changed(self) -> None:
        self._show_own_strategies()
        self._show_config()

    def _show_own_strategies(self) -> None:
        self.strategy.show_own_strategies(self.own.listed())
        order = (self.architecture.all_weights, *self.strategy.tab_order(), self.panel.views.buttons["tree"])
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before, after)

    def _made(self) -> QWidget:
        left = SideColumn((self.adviser, self.architecture, self.strategy))
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        for widget in (self.notes, self.panel, self.cost):
            column.addWidget(widget, 1 if widget is self.panel else 0)
        splitter = RememberedSplitter(self._settings, "model")
        splitter.begin((left, right), (theme.wide(440), theme.wide(600)), (1, 2))
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        row.addWidget(splitter)
        return page
