from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from engine.dataset.index import DatasetIndex
from engine.errors import ConfigError

INDEX = DatasetIndex(Path("/photos"), ("ants", "bees"), ())


def test_the_draft_follows_the_dataset(project: Project, qtbot: QtBot) -> None:
    with qtbot.waitSignals([project.dataset_changed, project.config_changed]):
        project.set_dataset(INDEX)
    assert project.config.data == Path("/photos")
    project.set_dataset(DatasetIndex(Path("/other"), ("ants", "bees"), ()))
    assert project.config.data == Path("/other")


def test_a_wrong_setting_leaves_the_draft_as_it_was(project: Project) -> None:
    with pytest.raises(ConfigError) as raised:
        project.set_config(epochs=0)
    assert list(raised.value.fields) == ["epochs"]
    assert project.config.epochs == 10
    assert not project.config_touched


def test_nothing_is_told_when_nothing_changed(project: Project, qtbot: QtBot) -> None:
    project.set_config(epochs=3)
    with qtbot.assertNotEmitted(project.config_changed):
        project.set_config(epochs=3)
    with qtbot.waitSignal(project.run_changed):
        project.set_run(Path("/runs/one"))
    with qtbot.assertNotEmitted(project.run_changed):
        project.set_run(Path("/runs/one"))
    project.set_dataset(INDEX)
    again = dataclasses.replace(INDEX)
    with qtbot.assertNotEmitted(project.dataset_changed):
        project.set_dataset(again)
    assert project.dataset is again, "what was made of it is of this one"


SUITED = {"model": "small_resnet", "strategy": "from-scratch", "epochs": 45, "learning_rate": 0.01}
OTHER = DatasetIndex(Path("/other"), ("ants", "bees"), ())


def test_settings_that_suit_a_dataset_go_with_it(project: Project) -> None:
    project.set_config(seed=7, epochs=3)
    project.set_dataset(INDEX, SUITED)
    assert (project.config.model, project.config.epochs, project.config.seed) == ("small_resnet", 45, 7)
    project.set_dataset(OTHER)
    assert (project.config.model, project.config.strategy) == ("mobilenet_v2", "feature-extraction")
    assert (project.config.epochs, project.config.learning_rate, project.config.seed) == (3, None, 7)


def test_what_the_person_changed_meanwhile_stays(project: Project) -> None:
    project.set_dataset(INDEX, SUITED)
    project.set_config(epochs=12, model="lenet5")
    project.set_dataset(OTHER)
    assert (project.config.epochs, project.config.model, project.config.strategy) == (12, "lenet5", "from-scratch")
    assert project.config.learning_rate is None


def test_reading_the_same_folder_again_changes_no_setting(project: Project) -> None:
    project.set_dataset(INDEX, SUITED)
    project.set_config(epochs=12)
    project.set_dataset(DatasetIndex(INDEX.root, ("ants", "bees", "wasps"), ()), SUITED)
    assert project.config.epochs == 12 and project.config.model == "small_resnet"
