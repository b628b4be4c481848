"""The augmentation of the next run: which preset, how strong, and what it makes of a photo of the dataset."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import ElidedLabel, group_label, muted_label
from desktop_app.widgets.start import augmented_pictures
from desktop_app.widgets.start.augmented_grid import CAPTION, AugmentedGrid
from desktop_app.widgets.start.augmented_pictures import Wish
from desktop_app.widgets.start.strength_sliders import StrengthSliders
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs
from engine.config.augmentations import OPERATIONS, PRESETS
from engine.errors import ThawError
from engine.models.catalog import find_model

STRIDE = 37
"""Photos that “Another photo” goes on by: neighbours in a folder are often alike."""
NEVER_AUGMENTED = ("val", "test")
USUAL_SIZE, USUAL_INTERPOLATION = 224, "bilinear"
STRENGTHS = "Strengths of single operations"


class AugmentationSection(QWidget):
    def __init__(self, project: Project, _jobs: Jobs, _settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Augmentation")
        self._project = project
        self._number = self._luck = 0
        self._has_nothing = False
        self._trainable: list[int] = []
        self._moved: dict[str, float] = {}
        self._shown = (project.config.augmentation, project.config.augmentation_strengths)
        self._wish: Wish | None = None
        self.preset = ElidedBox("Augmentation preset")
        self.another = QPushButton("Another photo")
        self.other_luck = QPushButton("Draw again")
        self.sentence = muted_label(wrap=True)
        self.grid = AugmentedGrid()
        self.told = ElidedLabel()
        self.sliders = StrengthSliders()
        self.fold = Fold(STRENGTHS, self.sliders)
        self.reset = QPushButton("Back to the preset’s")
        self._background = augmented_pictures.shared()
        for row in PRESETS.values():
            self.preset.add(row.title, row.name, row.sentence)
        self._lay_out()
        self._connect()
        self._show_dataset()

    # --- what the person does

    def _choose_preset(self, name: str) -> None:
        """Another preset begins with its own strengths."""
        self._project.set_config(augmentation=name, augmentation_strengths=None)

    def _choose_strength(self, name: str, strength: float) -> None:
        config = self._project.config
        own = {**(config.augmentation_strengths or {}), name: strength}
        if strength == PRESETS[config.augmentation].strength(name):
            del own[name]
        self._moved = {}
        self._project.set_config(augmentation_strengths=own or None)
        self._show_config()  # a slider that came back to where it was changes no setting

    def _on_moved(self, name: str, strength: float) -> None:
        self._moved = {name: strength}
        self._ask()

    def _on_another(self) -> None:
        self._number += STRIDE
        self._ask()

    def _on_other_luck(self) -> None:
        self._luck += 1
        self._ask()

    # --- what is shown

    def _show_dataset(self) -> None:
        dataset = self._project.dataset
        photos = dataset.photos if dataset else ()
        self._trainable = [number for number, photo in enumerate(photos) if photo.split not in NEVER_AUGMENTED]
        nothing = not self._trainable
        if nothing != self._has_nothing:  # before it is in a page, to be shown would be to become a window
            self._has_nothing = nothing
            self.setVisible(not nothing)
        self._number = self._luck = 0
        self._show_config()

    def _show_config(self) -> None:
        config = self._project.config
        before, self._shown = self._shown, (config.augmentation, config.augmentation_strengths)
        if config.augmentation_strengths and before[0] != config.augmentation and before[1] == self._shown[1]:
            # the preset was changed elsewhere, and the strengths were chosen on top of the one before
            self._project.set_config(augmentation_strengths=None)
            return
        preset, own = PRESETS[config.augmentation], config.augmentation_strengths or {}
        self.preset.setCurrentIndex(self.preset.findData(preset.name))
        self.sentence.setText(preset.sentence)
        self.sliders.show_strengths(preset, own)
        self.fold.set_title(f"{STRENGTHS} · {len(own)} changed" if own else STRENGTHS)
        self.reset.setEnabled(bool(own))
        self.reset.setToolTip("" if own else f"All strengths are those of “{preset.title}”")
        self._ask()

    def _ask(self) -> None:
        """Wish for the pictures of what is chosen now, unless nobody sees them."""
        wish = self._wanted()
        if wish is not None and wish != self._wish and self.isVisible():
            self._wish = wish
            self._background.ask(wish)

    def _wanted(self) -> Wish | None:
        dataset, config = self._project.dataset, self._project.config
        if dataset is None or not self._trainable:
            return None
        number = self._trainable[self._number % len(self._trainable)]
        strengths = {**(config.augmentation_strengths or {}), **self._moved}
        known = {name: strength for name, strength in strengths.items() if name in OPERATIONS}
        size, interpolation = _seen_by(config.model)
        return Wish(
            dataset.photos[number].path,
            number,
            config.augmentation,
            tuple(sorted(known.items())),
            config.image_size or size,
            config.fit,
            interpolation,
            config.seed,
            self._luck,
        )

    def _on_done(self, wish: Wish, result: object) -> None:
        if wish != self._wish:
            return
        name = shown(Path(wish.path.parent.name) / wish.path.name)
        if isinstance(result, tuple):
            self.grid.show_pictures(result, (CAPTION, *(f"As in epoch {epoch}" for epoch in wish.epochs())))
            self.told.set_whole(name)
        else:
            self.grid.show_pictures((), ())
            self.told.set_whole(str(result))
        views = quantity(max(0, len(self.grid.pictures) - 1), "augmented version")
        self.grid.setAccessibleName(f"{name}: the original and {views}")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    # --- how it is made

    def _connect(self) -> None:
        self.preset.activated.connect(lambda place: self._choose_preset(self.preset.itemData(place)))
        self.another.clicked.connect(self._on_another)
        self.other_luck.clicked.connect(self._on_other_luck)
        self.reset.clicked.connect(lambda: self._project.set_config(augmentation_strengths=None))
        self.sliders.moved.connect(self._on_moved)
        self.sliders.chosen.connect(self._choose_strength)
        self._background.done.connect(self._on_done)
        self._project.config_changed.connect(self._show_config)
        self._project.dataset_changed.connect(self._show_dataset)

    def _lay_out(self) -> None:
        self.another.setToolTip("The same augmentation on another photo of the dataset")
        self.other_luck.setToolTip("The same photo as the epochs after these would see it")
        self.told.setProperty("role", "muted")
        head = QHBoxLayout(spacing=theme.GRID)
        head.addWidget(group_label("Augmentation"))
        head.addStretch(1)
        head.addWidget(self.preset)
        below = QHBoxLayout(spacing=theme.GRID)
        below.addWidget(self.told, 1)
        below.addWidget(self.another)
        below.addWidget(self.other_luck)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self.sentence)
        column.addWidget(self.grid)
        column.addLayout(below)
        column.addWidget(self.fold)
        reset = QHBoxLayout()
        reset.addStretch(1)
        reset.addWidget(self.reset)
        column.addLayout(reset)
        self.fold.toggled.connect(self.reset.setVisible)
        self.reset.hide()


def _seen_by(model: str) -> tuple[int, str]:
    """The size and interpolation of the images that the model sees; the usual ones where it is not known here."""
    try:
        spec = find_model(model)
    except ThawError:
        return USUAL_SIZE, USUAL_INTERPOLATION
    return spec.input_size, spec.interpolation
