"""Which architecture: a short list by need, everything behind a search, and what there is to know of the chosen one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import percent
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.search_field import SearchField
from desktop_app.widgets.segments import Segments
from desktop_app.widgets.transfer.model_table import ModelTable
from engine.events import Model
from engine.models import tables
from engine.models.catalog import ModelSpec, find_model
from engine.models.pretrained import weights

ALL = "all"
NEEDS = (
    ("laptop", "Laptop", "Fast without a graphics card"),
    ("balanced", "Balanced", "Much accuracy for the time it takes"),
    ("accurate", "Accurate", "The most accurate; slow without a graphics card"),
    ("small-data", "Few photos", "Steady with few photos, or trained from scratch on small pictures"),
    (ALL, "All", "Every architecture that Thaw describes; the search finds those of timm, too"),
)
BEST_FOUND = "The best that is here"


class ArchitecturePanel(QWidget):
    """`chosen` says a model's name; `weights_chosen` the name of the weights to start from, None for the best found."""

    chosen = Signal(str)
    weights_chosen = Signal(object)
    weights_wanted = Signal()
    builder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._weights_dir: Path | None = None
        self._models: tuple[Model, ...] = ()
        self._name = ""
        self.table = ModelTable()
        self.search = SearchField("Search models", self.table)
        self.needs = Segments(NEEDS, "Models for")
        self.about = muted_label(wrap=True)
        self.facts = muted_label(wrap=True)
        self.nothing = muted_label(wrap=True)
        self.broken = QLabel()
        self.broken.setProperty("role", "error")
        self.broken.setWordWrap(True)
        self.weights = ElidedBox("Pretrained weights")
        self.all_weights = QPushButton("Weights…")
        self.build = QPushButton("Build…")
        self._weights_row = QWidget()  # away where there are none to choose
        self._lay_out()
        self.table.chosen.connect(self.chosen)
        self.search.textChanged.connect(self._show_rows)
        self.needs.chosen.connect(self._on_need_chosen)
        self.weights.activated.connect(lambda place: self.weights_chosen.emit(self.weights.itemData(place)))
        self.all_weights.clicked.connect(self.weights_wanted)
        self.build.clicked.connect(self.builder_wanted)

    def read_models(self, weights_dir: Path | None) -> None:
        """Look anew which models there are, and which weights are on this machine."""
        self._weights_dir = weights_dir
        self._models = tables.list_models(weights_dir)
        broken = tables.problems()
        self.broken.setText("\n".join(broken))
        self.broken.setVisible(bool(broken))
        self._show_rows()

    def show_choice(self, name: str, chosen_weights: str | None, starts_from_weights: bool = True) -> None:
        """Show which model is chosen, and what it starts from where the strategy wants pretrained weights."""
        if name != self._name:
            self._name = name
            needs = next((model.needs for model in self._models if model.name == name), ())
            if not self.search.text() and self.needs.choice() not in (*needs, ALL):
                self.needs.choose(needs[0] if needs else ALL)
                self._show_rows()
        self.table.choose(name)
        spec = find_model(name)
        self.about.setText(f"{spec.brought} {spec.summary}".strip())
        self.facts.setText(_facts(spec))
        self._show_weights(spec, chosen_weights)
        self.weights.setEnabled(starts_from_weights)
        self.weights.setToolTip("" if starts_from_weights else "The chosen strategy does not start from these weights")

    def _show_weights(self, spec: ModelSpec, chosen: str | None) -> None:
        self.weights.clear()
        here = {one.name: one for one in weights.found_for(spec, self._weights_dir)}
        self._weights_row.setVisible(bool(spec.weights or here))
        self.weights.add(BEST_FOUND, None)
        for source in spec.weights:
            where = "here" if here.pop(source.name, None) else "to fetch"
            self.weights.add(f"{source.title} ({where})", source.name, f"{source.title}. {source.licence}".strip())
        for own in here.values():
            self.weights.add(own.trained_on.capitalize(), own.name, str(own.path))
        place = self.weights.findData(chosen)
        if place < 0 and chosen:
            self.weights.add(Path(chosen).name, chosen, chosen)
            place = self.weights.count() - 1
        self.weights.setCurrentIndex(max(0, place))

    def _on_need_chosen(self, _need: str) -> None:
        self.search.clear()
        self._show_rows()

    def _show_rows(self) -> None:
        text = self.search.text().strip()
        if text:  # goes through all, whatever the need
            self.needs.choose(ALL)
        need = self.needs.choice()
        if text:
            models = tables.search_all(text, self._weights_dir)
        else:
            models = tuple(model for model in self._models if need == ALL or need in model.needs)
        self.table.show_models(models)
        self.table.choose(self._name)
        self.nothing.setVisible(not models)
        self.table.setVisible(bool(models))
        self.nothing.setText(f"No model is called “{text}”. Try a shorter word, such as “resnet”.")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(group_label("Architecture"))
        head.addStretch(1)
        theme.set_icon(self.build, "shapes")
        self.build.setProperty("kind", "quiet")
        self.build.setToolTip("Build a small network from rows, to learn what each of them does")
        head.addWidget(self.build)
        self.search.setFixedWidth(theme.wide(168))
        head.addWidget(self.search)
        row = QHBoxLayout(self._weights_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        label = QLabel("Starts from")
        label.setBuddy(self.weights)
        row.addWidget(label)
        row.addWidget(self.weights, 1)
        row.addWidget(self.all_weights)
        self.all_weights.setToolTip("All pretrained weights: fetch, import, remove")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self.needs)
        column.addWidget(self.table, 1)
        for widget in (self.nothing, self.broken, self.about, self.facts, self._weights_row):
            column.addWidget(widget)


def _facts(spec: ModelSpec) -> str:
    facts = [str(spec.year)] if spec.year else []
    facts.append(f"{spec.input_size} × {spec.input_size} pixels")
    if spec.imagenet_top1:
        facts.append(f"top-1 {percent(spec.imagenet_top1)}")
    facts.append(spec.licence)
    return " · ".join(fact for fact in facts if fact)
