"""What a model is made of, in views that share one choice: tree, graph, phases, and pictures of a layer."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.graph.panel import LayerGraph
from desktop_app.widgets.labels import group_label
from desktop_app.widgets.layers.choice import TransferChoice
from desktop_app.widgets.layers.pictures import LayerPictures
from desktop_app.widgets.layers.tree import LayerTree
from desktop_app.widgets.layers.unfreeze_timeline import UnfreezeTimeline
from desktop_app.widgets.page_frame import EmptyState
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.segments import Segments
from desktop_app.worker import Jobs
from engine import runs
from engine.config import TrainConfig
from engine.errors import ThawError
from engine.events import GraphNode, Layer

TREE, GRAPH, BOTH, PHASES, PICTURES = "tree", "graph", "both", "phases", "pictures"
VIEWS = (
    (TREE, "Tree", "The layers as a list that folds, in the order in which they compute"),
    (GRAPH, "Graph", "The layers as they are connected"),
    (BOTH, "Both", "Tree and graph side by side; choosing in one chooses in the other"),
    (PHASES, "Phases", "From which epoch each block trains"),
    (PICTURES, "Pictures", "The filters of the chosen layer, and what it answers to a photo"),
)
NARROWEST_FOR_BOTH = 880
"""Pixels, at 100 % text: below, neither could be read."""


class LayersPanel(QWidget):
    """The graph is laid out only when it is looked at."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._nodes: tuple[GraphNode, ...] = ()
        self._graph_title = ""
        self._graph_drawn = True
        self._layers: tuple[Layer, ...] = ()
        self._selected = ""
        self._pictured = ("", "")
        self.title = group_label("Layers")
        self.views = Segments(VIEWS, "View of the layers")
        self.tree = LayerTree(settings=settings)
        self.graph = LayerGraph()
        self.timeline = UnfreezeTimeline(self.tree.undo_stack)
        self.pictures = LayerPictures(project, jobs, settings)
        self._trees = RememberedSplitter(settings, "layers")
        self._trees.begin((self.tree, self.graph), (480, 480), (1, 1))
        self._stack = QStackedWidget()
        self._said = EmptyState()
        self._said.hide()
        self._lay_out()
        self.views.chosen.connect(self.show_view)
        self.tree.selected.connect(self._on_tree_selected)
        self.graph.selected.connect(self._on_graph_selected)
        self.graph.wanted.connect(self.tree.set_trainable)
        self.tree.model.changed.connect(self._on_ticks_changed)
        project.run_changed.connect(self._show_proof)
        project.dataset_changed.connect(self._picture_anew)
        self.show_view(TREE)

    def set_layers(
        self, title: str, layers: tuple[Layer, ...], ticks: Collection[str], origin: str, nodes: tuple[GraphNode, ...]
    ) -> None:
        """Show another model's layers; its graph is drawn when it is looked at."""
        self._said.hide()
        self._stack.show()
        self.title.setAccessibleName(f"Layers of {title}")
        self._nodes, self._graph_title, self._graph_drawn = nodes, title, False
        self._layers, self._selected = layers, ""
        self.tree.set_layers(layers, ticks, origin)
        self.tree.set_graph(nodes)
        self.graph.set_owners(layers)
        self._show_proof()
        self._draw_graph()
        self._picture_anew()

    def show_waiting(self, title: str) -> None:
        """The layers are being read from the network itself."""
        self.title.setAccessibleName(f"Layers of {title}")
        self._say(f"Reading the layers of {title}. This takes some seconds.", "layers")

    def show_error(self, sentence: str) -> None:
        self._say(sentence, "circle-alert")

    def show_plan(self, choice: TransferChoice, config: TrainConfig) -> None:
        """Show which block trains from when, how fast, and what becomes of normalisation."""
        phases = choice.phases(config)
        scales = {phase.first_epoch: phase.lr_scale for phase in phases}
        if set(scales.values()) == {1.0}:
            scales = {}
        titles = tuple(" ".join(prefix or "(own)" for prefix in block) for block in choice.spec.blocks)
        self.timeline.set_plan(titles, choice.timeline(config), config.epochs, scales, choice.own_timeline(config))
        rates = choice.rates(config)
        self.tree.set_rates(dict(enumerate(rates)) if set(rates) != {1.0} else {})
        self.tree.set_norm(config.norm_affine, config.norm_statistics)

    def _say(self, sentence: str, icon: str) -> None:
        self._said.set(sentence, "", icon)
        self._said.show()
        self._stack.hide()

    def _show_proof(self) -> None:
        """Of the run that Review shows, where it is one of this model."""
        run_dir = self._run_of_model()
        self.tree.set_proof(runs.read_layer_proof(run_dir) if run_dir else {})

    def show_view(self, name: str) -> None:
        if name == BOTH and not self.views.buttons[BOTH].isEnabled():
            name = TREE
        self.views.choose(name)
        self.tree.setVisible(name in (TREE, BOTH))
        self.graph.setVisible(name in (GRAPH, BOTH))
        places: dict[str, QWidget] = {PHASES: self.timeline, PICTURES: self.pictures}
        self._stack.setCurrentWidget(places.get(name, self._trees))
        self._draw_graph()
        self._picture()

    def view(self) -> str:
        return self.views.choice()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= theme.wide(NARROWEST_FOR_BOTH)
        button = self.views.buttons[BOTH]
        button.setEnabled(wide)
        button.setToolTip(VIEWS[2][2] if wide else "The window is too narrow for both; make it wider")
        if not wide and self.view() == BOTH:
            self.show_view(TREE)

    def _draw_graph(self) -> None:
        if self._graph_drawn or self.view() not in (GRAPH, BOTH):
            return
        self._graph_drawn = True
        self.graph.set_graph(self._nodes, self._graph_title)
        self.graph.set_trainable(self.tree.trainable())

    def _on_ticks_changed(self) -> None:
        self.graph.set_trainable(self.tree.trainable())

    def _on_tree_selected(self, name: str) -> None:
        self.graph.select(name)
        self._selected = name
        self._picture()

    def _on_graph_selected(self, name: str) -> None:
        self.tree.select(name)
        self._selected = name
        self._picture()

    def _picture(self) -> None:
        """Picture the selected layer where pictures are looked at: of the run in Review, where it is of this model."""
        if self.view() != PICTURES or not self._layers:
            return
        layer = next((row for row in self._layers if row.name == self._selected), None) or self._first_convolution()
        target = str(self._run_of_model() or self._project.config.model)
        if layer and (target, layer.name) != self._pictured:
            self._pictured = (target, layer.name)
            self.pictures.show_layer(target, layer.name, layer.type)

    def _picture_anew(self) -> None:
        """Pictures go with their model and their photo; others are made when they are looked at."""
        self._pictured = ("", "")
        if self.isVisible():
            self._picture()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._picture()

    def _first_convolution(self) -> Layer | None:
        """What there is to see before a layer, or where a block, was selected."""
        inside = [row for row in self._layers if row.name.startswith(self._selected + ".")]
        return next((row for row in (*inside, *self._layers) if row.type.startswith("Conv2d")), None)

    def _run_of_model(self) -> Path | None:
        run_dir = self._project.run_dir
        with contextlib.suppress(ThawError):
            if run_dir and runs.read_config(run_dir).model == self._project.config.model:
                return run_dir
        return None

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.title, 1)
        head.addWidget(self.views)
        self.title.setMinimumHeight(theme.row())
        for view in (self._trees, self.timeline, self.pictures):
            self._stack.addWidget(view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self._said, 1)
        column.addWidget(self._stack, 1)
