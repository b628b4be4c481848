"""The augmentation of the next run: chosen by preset or by strength, and seen on the person's own photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.settings_form import SettingsForm
from desktop_app.widgets.start.augmentation import AugmentationSection
from desktop_app.widgets.start.augmented_pictures import VIEWS
from desktop_app.widgets.start.strength_sliders import in_words, steps_of
from desktop_app.worker import Jobs
from engine.config.augmentations import OPERATIONS, PRESETS
from engine.dataset.index import DatasetIndex, Photo


@pytest.fixture
def section(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path) -> AugmentationSection:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    paths = [tmp_path / "ants" / name for name in ("a.png", "b.png", "c.png")]
    paths[0].parent.mkdir()
    for number, path in enumerate(paths):
        Image.fromarray(np.roll(pixels, number, axis=0)).save(path)
    project.set_dataset(DatasetIndex(tmp_path, ("ants",), tuple(Photo(path, "ants", "train") for path in paths)))
    project.set_config(augmentation="standard", image_size=16)
    section = AugmentationSection(project, jobs, settings)
    qtbot.addWidget(section)
    return section


def choose(section: AugmentationSection, name: str) -> None:
    place = section.preset.findData(name)
    section.preset.setCurrentIndex(place)
    section.preset.activated.emit(place)


def pictures(section: AugmentationSection, qtbot: QtBot) -> tuple[QImage, ...]:
    """What the grid shows when nothing more is under way."""
    qtbot.waitUntil(lambda: not section._background._at_work and not section._background._waiting)
    return section.grid.pictures


def test_a_preset_says_when_to_use_it_and_is_the_run_s(section: AugmentationSection, project: Project) -> None:
    for preset in PRESETS.values():
        choose(section, preset.name)
        assert project.config.augmentation == preset.name
        assert section.sentence.text() == preset.sentence
    assert section.preset.count() == len(PRESETS)


def test_the_form_and_the_section_follow_each_other(section: AugmentationSection, project: Project) -> None:
    project.set_config(augmentation="medical")
    assert section.preset.currentData() == "medical"
    form = SettingsForm()
    choose(section, "satellite")
    form.show_config(project.config)
    assert form.rows["augmentation"].field.widget.currentData() == "satellite"  # type: ignore[attr-defined]
    form.deleteLater()


def test_a_photo_is_shown_with_what_chance_makes_of_it(section: AugmentationSection, qtbot: QtBot) -> None:
    section.show()
    first = pictures(section, qtbot)
    assert len(first) == 1 + VIEWS and first[0].width() == 16
    assert len({picture.bits().tobytes() for picture in first}) == 1 + VIEWS
    assert section.told.whole() == str(Path("ants/a.png"))
    section.other_luck.click()
    other = pictures(section, qtbot)
    assert other[0] == first[0] and all(one != two for one, two in zip(first[1:], other[1:], strict=True))
    section.another.click()
    assert pictures(section, qtbot)[0] != first[0] and section.told.whole() != str(Path("ants/a.png"))
    choose(section, "none")
    assert len({picture.bits().tobytes() for picture in pictures(section, qtbot)}) == 1


def test_only_photos_that_may_be_augmented_are_shown(
    section: AugmentationSection, project: Project, qtbot: QtBot
) -> None:
    assert project.dataset
    splits = ("test", "train", "val")
    photos = tuple(replace(photo, split=split) for photo, split in zip(project.dataset.photos, splits, strict=True))
    project.set_dataset(replace(project.dataset, photos=photos))
    section.show()
    for _ in range(3):
        assert pictures(section, qtbot) and section.told.whole() == str(Path("ants/b.png"))
        section.another.click()


def test_what_nobody_sees_is_not_made(section: AugmentationSection, qtbot: QtBot) -> None:
    choose(section, "strong")
    assert not section._background._at_work and not section.grid.pictures
    section.show()
    assert pictures(section, qtbot)


def test_a_photo_that_cannot_be_read_says_why(section: AugmentationSection, project: Project, qtbot: QtBot) -> None:
    assert project.dataset
    project.dataset.photos[0].path.write_bytes(b"nothing")
    section.show()
    assert pictures(section, qtbot) == () and "a.png" in section.told.whole()
    section.another.click()
    assert len(pictures(section, qtbot)) == 1 + VIEWS


def test_a_slider_sets_its_strength_and_nothing_else(section: AugmentationSection, project: Project) -> None:
    row = section.sliders.rows["rotation"]
    assert row.words.text() == "10°" and not row.reset.isEnabled()
    row.slider.setValue(30)
    assert project.config.augmentation_strengths == {"rotation": 30} and row.reset.isEnabled()
    section.sliders.rows["noise"].slider.setValue(5)
    assert project.config.augmentation_strengths == {"rotation": 30, "noise": 5}
    assert section.fold.button.text().endswith("2 changed")
    row.reset.click()
    assert project.config.augmentation_strengths == {"noise": 5} and row.words.text() == "10°"
    section.reset.click()
    assert project.config.augmentation_strengths is None
    assert not section.reset.isEnabled() and section.reset.toolTip()


def test_dragging_shows_what_it_would_be_and_sets_it_when_released(
    section: AugmentationSection, project: Project, qtbot: QtBot
) -> None:
    section.show()
    before = pictures(section, qtbot)
    slider = section.sliders.rows["rotation"].slider
    slider.setSliderDown(True)
    slider.setValue(90)
    assert project.config.augmentation_strengths is None
    assert pictures(section, qtbot)[1:] != before[1:]
    slider.setSliderDown(False)
    assert project.config.augmentation_strengths == {"rotation": 90}


def test_strengths_belong_to_the_preset_they_were_chosen_for(section: AugmentationSection, project: Project) -> None:
    project.set_config(augmentation_strengths={"rotation": 90.0})
    project.set_config(augmentation="light")  # as the form does it
    assert project.config.augmentation_strengths is None
    project.set_config(augmentation="strong", augmentation_strengths={"hue": 5.0})  # as a run that is repeated does it
    assert project.config.augmentation_strengths == {"hue": 5.0}
    choose(section, "medical")
    assert project.config.augmentation_strengths is None


def test_only_randaugment_has_its_knobs(section: AugmentationSection) -> None:
    rows = [section.sliders.rows[name] for name in ("picked", "magnitude")]
    assert all(row.isHidden() for row in rows)
    choose(section, "randaugment")
    assert not any(row.isHidden() for row in rows)


def test_without_photos_there_is_nothing_to_show(section: AugmentationSection, project: Project) -> None:
    project.set_dataset(None)
    assert section.isHidden()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_step_of_a_slider_is_a_strength_that_may_be(section: AugmentationSection, name: str) -> None:
    row, operation = section.sliders.rows[name], OPERATIONS[name]
    assert row.slider.accessibleName() == operation.title and operation.sentence.endswith(".")
    for value in (1, steps_of(operation)):
        row.slider.blockSignals(True)
        row.slider.setValue(value)
        row.slider.blockSignals(False)
        assert 0 < row.strength() <= operation.most
    assert in_words(operation, 0) == "off" and row.strength() == operation.most
    assert row.slider.focusPolicy() == Qt.FocusPolicy.StrongFocus
