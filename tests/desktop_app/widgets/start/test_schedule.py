"""The schedule that is drawn before the start follows the settings."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.start.schedule import ScheduleSection, short
from desktop_app.worker import Jobs


@pytest.fixture
def section(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> ScheduleSection:
    section = ScheduleSection(project, jobs, settings)
    qtbot.addWidget(section)
    section.show()
    return section


def drawn(section: ScheduleSection) -> np.ndarray:
    return np.array(section.line.getData()[1])


def test_it_is_drawn_as_the_settings_change(section: ScheduleSection, project: Project, qtbot: QtBot) -> None:
    assert drawn(section).max() == pytest.approx(0.003) and drawn(section)[-1] < 1e-6
    assert section.value.text() == "AdamW · at most 0.003 · ends at 0"
    project.set_config(schedule="constant", optimizer="lion", epochs=3)
    qtbot.waitUntil(lambda: drawn(section)[-1] == pytest.approx(0.0003))
    assert section.line.getData()[0][-1] == 3.0
    assert section.sentence.text() == "The learning rate rises over 0.5 epochs, then stays as it is."


def test_of_a_model_that_is_no_more_nothing_is_drawn(section: ScheduleSection, project: Project, qtbot: QtBot) -> None:
    project.set_config(model="mine")
    qtbot.waitUntil(section.plot.isHidden)
    assert "mine" in section.sentence.text()


def test_what_waits_for_validation_says_so(section: ScheduleSection, project: Project, qtbot: QtBot) -> None:
    project.set_config(schedule="plateau", plateau_epochs=2)
    qtbot.waitUntil(lambda: "only validation will tell: after 2 epochs" in section.sentence.text())
    assert "multiplied by 0.1" in section.sentence.text() and "ends" not in section.value.text()


def test_blocks_and_phases_are_told(section: ScheduleSection, project: Project, qtbot: QtBot) -> None:
    project.set_config(strategy="fine-tuning")
    qtbot.waitUntil(lambda: "Each phase has a schedule of its own." in section.sentence.text())
    project.set_config(strategy="progressive")
    qtbot.waitUntil(lambda: "the first block has 0.01 of it" in section.sentence.text())


def test_what_cannot_be_drawn_says_why(section: ScheduleSection, project: Project, qtbot: QtBot) -> None:
    project.set_config(unfreeze=(1, 1))
    qtbot.waitUntil(lambda: "lists 2 epochs" in section.sentence.text())
    assert section.plot.isHidden()
    project.set_config(unfreeze=None)
    qtbot.waitUntil(lambda: not section.plot.isHidden())


def test_hidden_it_waits_until_it_is_seen(section: ScheduleSection, project: Project) -> None:
    section.hide()
    before = drawn(section)
    project.set_config(epochs=77)
    assert not section._timer.isActive() and np.array_equal(drawn(section), before)
    section.show()
    assert section.line.getData()[0][-1] == 77.0


def test_rates_are_short_to_read() -> None:
    assert [short(rate, 0.003) for rate in (0.003, 0.00123456, 0.000003, 1e-9)] == ["0.003", "0.00123", "0.000003", "0"]
