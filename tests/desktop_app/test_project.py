from __future__ import annotations

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
