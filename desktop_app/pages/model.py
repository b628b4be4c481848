"""Which architecture, which strategy, and which layers train."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.choice_cards import Choice, ChoiceCards
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.layer_tree import LayerTree
from desktop_app.widgets.model_table import ModelTable
from desktop_app.widgets.page_frame import Banner, PageFrame, group_label, muted_label
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.search_field import SearchField
from desktop_app.worker import Jobs
from engine.events import Model
from engine.models import tables
from engine.models.catalog import CATALOG
from engine.models.strategies import STRATEGIES, Strategy, split_epochs, trainable_layers

CUSTOM, SCRATCH = "custom", "from-scratch"
FEWEST_CLASSES = 2


class ModelPage(PageFrame):
    """The tree and the strategy drive each other: a strategy sets the ticks, and a tick by hand is a strategy."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("model", "Model", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._models: dict[str, Model] = {}
        self._shown: tuple[str, int] = ("", 0)
        self._own_ticks: dict[str, tuple[str, ...]] = {}
        self.table = ModelTable()
        self.search = SearchField("Search models")
        self.cards = ChoiceCards(
            tuple(Choice(row.name, row.title, row.hint, row.summary) for row in STRATEGIES.values())
        )
        self.tree = LayerTree()
        self._summary = muted_label(wrap=True)
        self._phases = muted_label(wrap=True)
        self._tree_title = group_label("Layers")
        self._notes = QVBoxLayout()
        self._notes.setSpacing(theme.GRID)
        self.set_content(self._made())
        self._connect()
        self._read_models()
        self._show_config()

    # --- what the person does

    def choose_model(self, name: str) -> None:
        """Take another architecture; ticks of one's own belong to a model and are kept for it."""
        strategy = self._project.config.strategy
        own = self._own_ticks.get(name)
        if strategy == CUSTOM and own is None:
            strategy = "feature-extraction"
        self._project.set_config(model=name, strategy=strategy, trainable=own if strategy == CUSTOM else None)

    def choose_strategy(self, name: str) -> None:
        """Take a strategy; its ticks go into the tree and can be undone there."""
        if name == CUSTOM:
            names = self._own_ticks.get(self._project.config.model, self.tree.trainable())
        else:
            names = self._ticks_of(STRATEGIES[name])
        self.tree.set_trainable(names, origin=name, text=f"choosing “{STRATEGIES[name].title}”")
        self._store(self.tree.trainable(), name)

    def choose_weights_folder(self) -> None:
        start = self._settings.weights_dir or self._settings.last_folder
        chosen = QFileDialog.getExistingDirectory(self, "Folder with pretrained weights", str(start))
        if chosen:
            self.set_weights_folder(Path(chosen))

    def set_weights_folder(self, folder: Path) -> None:
        """Look for weights in `folder` first, now and at the start of training."""
        self._settings.weights_dir = folder
        self._read_models()
        self._show_config()

    # --- the tree and the strategy

    def _on_trainable_changed(self, names: tuple[str, ...]) -> None:
        origin = self.tree.origin or self._strategy_with(names)
        self.tree.origin = origin
        self._store(names, origin)

    def _strategy_with(self, names: tuple[str, ...]) -> str:
        """The strategy that is these ticks and nothing else (one phase, pretrained weights), else one's own choice."""
        for row in STRATEGIES.values():
            plain = row.pretrained and not row.from_run and row.block_lr_ratio is None
            same = plain and len(row.phases) == 1 and row.name != CUSTOM
            if same and set(self._ticks_of(row)) == set(names):
                return row.name
        return CUSTOM

    def _ticks_of(self, strategy: Strategy) -> tuple[str, ...]:
        """What trains in the last phase."""
        spec = CATALOG[self._project.config.model]
        return trainable_layers(self.tree.model.owners(), spec.blocks, spec.last_blocks, strategy.phases[-1].reach)

    def _store(self, names: tuple[str, ...], strategy: str) -> None:
        if strategy == CUSTOM:
            self._own_ticks[self._project.config.model] = names
        self._project.set_config(strategy=strategy, trainable=names if strategy == CUSTOM else None)

    # --- what is shown

    def _read_models(self) -> None:
        models = tables.list_models(self._settings.weights_dir)
        self._models = {model.name: model for model in models}
        self.table.show_models(models)

    def _show_config(self) -> None:
        config = self._project.config
        self._show_tree()
        self.table.choose(config.model)
        self.cards.choose(config.strategy)
        strategy, model = STRATEGIES[config.strategy], self._models[config.model]
        self._summary.setText(model.summary)
        self._phases.setText(_phases_in_words(strategy, config.epochs))
        self._phases.setVisible(bool(self._phases.text()))
        self._tree_title.setText(f"Layers of {model.title}")
        self.set_context(f"{model.title} · {strategy.title}{self._classes_in_words()}")
        self._show_notes(strategy, model)

    def _show_tree(self) -> None:
        config = self._project.config
        classes = len(self._project.dataset.classes) if self._project.dataset else FEWEST_CLASSES
        if (config.model, classes) != self._shown:
            self._shown = (config.model, classes)
            self.tree.set_layers(tables.with_classes(config.model, classes))
            ticks = self._wanted_ticks()
            self.tree.set_layers(tables.with_classes(config.model, classes), ticks, config.strategy)
        elif config.strategy != self.tree.origin or set(self._wanted_ticks()) != set(self.tree.trainable()):
            self.tree.set_trainable(self._wanted_ticks(), config.strategy)

    def _wanted_ticks(self) -> tuple[str, ...]:
        config = self._project.config
        return (config.trainable or ()) if config.strategy == CUSTOM else self._ticks_of(STRATEGIES[config.strategy])

    def _classes_in_words(self) -> str:
        dataset = self._project.dataset
        return f" · {quantity(len(dataset.classes), 'class', 'classes')} of {dataset.root.name}" if dataset else ""

    def _show_notes(self, strategy: Strategy, model: Model) -> None:
        while item := self._notes.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        nothing = not self.tree.trainable()
        if nothing:
            self._note("error", "No layer is ticked, so nothing would train. Tick at least the head.", "", None)
        elif not self._head_trains():
            self._note("warning", "The head is new and has random weights: frozen, it can learn nothing.", "", None)
        if strategy.pretrained and not model.weights:
            self._note_missing_weights(model)
        self.set_action("Go to training", "arrow-right", not nothing, "Tick at least one layer")

    def _note_missing_weights(self, model: Model) -> None:
        if not model.has_official_weights:
            text = f"{model.title} has no pretrained weights. It can only be trained from scratch."
            self._note("warning", text, "Train from scratch", lambda: self.choose_strategy(SCRATCH))
            return
        names = f"{CATALOG[model.name].weights[0].file_name} or {model.name}.pth"
        # Four bytes a parameter: what the file holds besides does not show in whole megabytes.
        text = (
            f"The weights of {model.title} are not here yet. They are fetched when training starts "
            f"({model.parameters * 4 / 1e6:.0f} MB); offline, put {names} in a folder."
        )
        self._note("info", text, "Weights folder…", self.choose_weights_folder)

    def _note(self, kind: str, text: str, action: str, do: object) -> None:
        banner = Banner(kind, text, action)
        if do is not None:
            banner.triggered.connect(do)
        self._notes.addWidget(banner)
        QWidget.setTabOrder(self.cards.last(), banner.button)

    def _head_trains(self) -> bool:
        owners = self.tree.model.owners()
        return not owners or owners[-1] in self.tree.trainable()

    # --- how it is made

    def _connect(self) -> None:
        self.table.chosen.connect(self.choose_model)
        self.search.textChanged.connect(self.table.search)
        self.cards.chosen.connect(self.choose_strategy)
        self.tree.trainable_changed.connect(self._on_trainable_changed)
        self._project.config_changed.connect(self._show_config)
        self._project.dataset_changed.connect(self._show_config)
        self.action_triggered.connect(lambda: self.page_requested.emit("train"))

    def _made(self) -> QWidget:
        splitter = RememberedSplitter(self._settings, "model")
        splitter.begin((self._left(), self._right()), (theme.wide(440), theme.wide(600)), (1, 2))
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        row.addWidget(splitter)
        return page

    def _left(self) -> QWidget:
        body = QWidget(objectName="scrolled")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        head = QHBoxLayout()
        head.addWidget(group_label("Architecture"))
        head.addStretch(1)
        self.search.setFixedWidth(theme.wide(200))
        head.addWidget(self.search)
        column.addLayout(head)
        self.table.setMinimumHeight(5 * theme.row() + theme.GRID)
        column.addWidget(self.table, 100)
        column.addWidget(self._summary)
        column.addSpacing(theme.GAP - theme.GRID)
        column.addWidget(group_label("Strategy"))
        column.addWidget(self.cards)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what lies in it is reached by itself
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(theme.wide(344))
        scroll.setMaximumWidth(theme.wide(480))
        return scroll

    def _right(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        self._tree_title.setMinimumHeight(theme.row())  # in line with the head of the left column
        column.addWidget(self._tree_title)
        column.addLayout(self._notes)
        column.addWidget(self._phases)
        column.addWidget(self.tree, 1)
        side.setMinimumWidth(320)
        return side


def _phases_in_words(strategy: Strategy, epochs: int) -> str:
    """The phases of the strategy in one line; nothing for a strategy of one."""
    if len(strategy.phases) == 1:
        return ""
    parts = []
    for phase, count in zip(strategy.phases, split_epochs(strategy, epochs), strict=True):
        rate = "" if phase.lr_scale == 1 else f" at {phase.lr_scale:g} × the learning rate"
        parts.append(f"{phase.title.lower()} for {quantity(count, 'epoch')}{rate}")
    return f"In {len(parts)} phases: {', then '.join(parts)}. The ticks show the last."
