"""What ails a run, and the click that helps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.project import Project
from desktop_app.widgets.diagnosis.panel import DiagnosisPanel
from engine.events import Diagnosis

HIGH = Diagnosis(
    "rate-too-high", "warning", "The rate is too high.", "Loss rose.", "Lower it.", {"learning_rate": 0.003}, 2
)
NOTE = Diagnosis("few-validation-photos", "note", "Too few photos.", "30 to 90 %.", "Add photos.", {}, None)
DOUBTED = replace(NOTE, kind="noisy-labels", sentence="Labels may be wrong.", photos=(Path("a.jpg"), Path("b.jpg")))
GRAVE = replace(HIGH, kind="exploding", severity="grave", sentence="It explodes.")


@pytest.fixture
def panel(project: Project, qtbot: object) -> DiagnosisPanel:
    panel = DiagnosisPanel(project, "Show {}")
    qtbot.addWidget(panel)  # type: ignore[attr-defined]
    panel.begin("mobilenet_v2", "feature-extraction")
    return panel


def test_nothing_found_takes_no_room(panel: DiagnosisPanel) -> None:
    assert panel.isHidden() and panel.banner is None


def test_a_remedy_changes_the_draft_says_so_and_is_taken_back(panel: DiagnosisPanel, project: Project) -> None:
    project.set_config(learning_rate=0.03)
    panel.add(HIGH)
    assert panel.banner and panel.banner.button.text() == "Set learning rate 0.003"
    panel.banner.button.click()
    assert project.config.learning_rate == 0.003
    assert panel.banner.button.text() == "Undo"
    assert "learning rate 0.03 → 0.003" in panel.banner.details_text()
    panel.banner.button.click()
    assert project.config.learning_rate == 0.03
    assert panel.banner.button.text() == "Set learning rate 0.003"


def test_a_remedy_is_for_a_run_of_that_model_and_strategy(panel: DiagnosisPanel, project: Project) -> None:
    project.set_config(model="small_resnet", strategy="from-scratch")
    panel.add(HIGH)
    assert panel.banner
    panel.banner.button.click()
    config = project.config
    assert (config.model, config.strategy, config.learning_rate) == ("mobilenet_v2", "feature-extraction", 0.003)
    assert "MobileNetV2" in panel.banner.details_text()
    panel.banner.button.click()
    assert (project.config.model, project.config.strategy) == ("small_resnet", "from-scratch")


def test_what_the_draft_has_already_is_not_offered(panel: DiagnosisPanel, project: Project) -> None:
    project.set_config(learning_rate=0.003)
    panel.add(HIGH)
    assert panel.banner and panel.banner.button.isHidden()
    assert "Lower it." in panel.banner.details_text(), "then the words say what to do"
    project.set_config(learning_rate=0.5)
    assert not panel.banner.button.isHidden()


def test_the_gravest_is_in_sight_and_the_others_can_be_chosen(panel: DiagnosisPanel) -> None:
    panel.begin("mobilenet_v2", "feature-extraction", (NOTE, HIGH))
    assert panel.in_sight() == HIGH
    (entry,) = panel.more.actions()
    assert entry.text() == NOTE.sentence
    entry.trigger()
    assert panel.in_sight() == NOTE
    panel.add(GRAVE)
    assert panel.in_sight() == GRAVE and len(panel.more.actions()) == 2
    panel.begin("mobilenet_v2", "feature-extraction")
    assert panel.isHidden()


def test_photos_are_asked_for(panel: DiagnosisPanel, qtbot: object) -> None:
    panel.add(DOUBTED)
    assert panel.banner and panel.banner.button.text() == "Show 2 photos"
    with qtbot.waitSignal(panel.photos_wanted) as asked:  # type: ignore[attr-defined]
        panel.banner.button.click()
    assert asked.args == [DOUBTED]
