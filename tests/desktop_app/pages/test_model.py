from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app import dialogs
from desktop_app.pages.model import ModelPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import Banner
from desktop_app.widgets.transfer.pseudo_labels import PseudoLabelsDialog
from desktop_app.worker import Jobs
from engine import runs
from engine.dataset.index import DatasetIndex
from engine.models.strategies import STRATEGIES
from tests.desktop_app.child import Child
from tests.desktop_app.pages import fake_run


@pytest.fixture
def page(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path) -> ModelPage:
    settings.weights_dir = tmp_path / "weights"
    settings.weights_dir.mkdir()
    for name in ("mobilenet_v2", "squeezenet1_0"):
        (settings.weights_dir / f"{name}.pth").write_bytes(b"")
    project.set_dataset(fake_run.dataset(tmp_path))
    page = ModelPage(project, jobs, settings)
    qtbot.addWidget(page)
    return page


def notes(page: ModelPage) -> list[str]:
    return page.notes.sentences()


def tick(page: ModelPage, name: str, ticked: bool) -> None:
    """As a click on the checkbox of that layer or block does it."""
    model = page.tree.model
    node = next(node for node in model._root.walk() if node.name == name)
    model.ticked.emit(model.names_with([node], ticked))


def test_only_finished_runs_on_these_photos_label_more(
    page: ModelPage, qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    folder = settings.runs_folder
    for name, done in (("one", True), ("killed", False)):
        fake_run.write_run(folder / name, done=done)
        runs.write_config(folder / name, runs.read_config(folder / name).with_changes(data=project.config.data))
    fake_run.write_run(folder / "on others")
    page.dialogs.open_self_training()
    qtbot.waitUntil(lambda: bool(page.findChildren(PseudoLabelsDialog)) and not jobs.running())
    (dialog,) = page.findChildren(PseudoLabelsDialog)
    assert [dialog.model.itemData(place) for place in range(dialog.model.count())] == [folder / "one"]
    project.set_dataset(DatasetIndex(project.config.data, ("ants", "bees"), ()))
    assert dialog.isVisible(), "the same folder was read anew"
    project.set_dataset(fake_run.dataset(settings.runs_folder))
    assert not dialog.isVisible(), "what it would say is of other photos"


def test_a_strategy_sets_the_ticks(page: ModelPage, project: Project) -> None:
    assert page.tree.trainable() == ("classifier.1",)
    page.strategy.cards.cards["last-blocks"].radio.click()
    assert project.config.strategy == "last-blocks" and project.config.trainable is None
    assert "features.17.conv.0.0" in page.tree.trainable()
    assert "features.16.conv.0.0" not in page.tree.trainable()
    page.strategy.cards.cards["from-scratch"].radio.click()
    assert page.tree.trainable() == page.tree.model.owners()


def test_a_tick_by_hand_is_a_choice_of_ones_own(page: ModelPage, project: Project) -> None:
    tick(page, "features.18", True)
    assert project.config.strategy == "custom"
    assert project.config.trainable == ("features.18.0", "features.18.1", "classifier.1")
    assert page.strategy.cards.choice() == "custom"


def test_ticks_that_are_a_strategy_are_called_by_its_name(page: ModelPage, project: Project) -> None:
    tick(page, "features.18", True)
    tick(page, "features.17.conv", True)
    assert project.config.strategy == "last-blocks" and project.config.trainable is None
    assert page.strategy.cards.choice() == "last-blocks"


def test_everything_ticked_by_hand_keeps_the_pretrained_weights(page: ModelPage, project: Project) -> None:
    tick(page, "features", True)
    assert project.config.strategy == "custom"
    assert project.config.trainable == page.tree.model.owners()


def test_going_back_to_a_strategy_restores_its_ticks_and_undo_ones_own(page: ModelPage, project: Project) -> None:
    tick(page, "features.3.conv", True)
    own = page.tree.trainable()
    page.strategy.cards.cards["feature-extraction"].radio.click()
    assert page.tree.trainable() == ("classifier.1",)
    page.tree.undo_stack.undo()
    assert project.config.strategy == "custom" and page.tree.trainable() == own
    page.tree.undo_stack.redo()
    page.strategy.cards.cards["custom"].radio.click()
    assert page.tree.trainable() == own


def test_fine_tuning_shows_its_phases_in_the_plan(page: ModelPage) -> None:
    page.choose_strategy("fine-tuning")
    assert page.panel.timeline.timeline() == (3,) * 19 + (1,)
    assert page.tree.trainable() == page.tree.model.owners()


def test_the_optimizer_of_a_strategy_is_told_with_its_source(page: ModelPage, project: Project) -> None:
    panel = page.strategy
    assert panel.optimizer.text().startswith("AdamW, learning rate 0.003, weight decay 0.01")
    panel.cards.cards["from-scratch"].radio.click()
    assert panel.optimizer.text().startswith("SGD, learning rate 0.00562, momentum 0.9")
    assert "MobileNetV2" in panel.optimizer_source.text()
    project.set_config(optimizer="adamw", learning_rate=0.01)
    assert panel.optimizer.text().startswith("AdamW, learning rate 0.01, weight decay")
    assert "MobileNetV2" not in panel.optimizer_source.text()


def test_a_plan_that_is_edited_keeps_the_strategy_and_can_be_taken_back(page: ModelPage, project: Project) -> None:
    page.choose_strategy("fine-tuning")
    edited = (0,) * 10 + (5,) * 9 + (1,)
    page.panel.timeline.changed.emit(edited)
    assert project.config.strategy == "fine-tuning" and project.config.unfreeze == edited
    assert "features.9.conv.0.0" not in page.tree.trainable()
    assert "features.10.conv.0.0" in page.tree.trainable()
    page.panel.timeline.reset.click()
    assert project.config.unfreeze is None
    assert page.tree.trainable() == page.tree.model.owners()


def test_another_head_keeps_ones_own_ticks(page: ModelPage, project: Project) -> None:
    tick(page, "features.18", True)
    page.strategy.head_chosen.emit("batchnorm-mlp")
    assert project.config.strategy == "custom"
    ticked = project.config.trainable or ()
    assert ticked[:2] == ("features.18.0", "features.18.1")
    assert [name for name in page.tree.model.owners() if name.startswith("classifier")] == list(ticked[2:])


def test_a_choice_of_ones_own_is_saved_found_and_deleted(
    page: ModelPage, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_STRATEGIES_DIR", str(tmp_path / "strategies"))
    tick(page, "features.18", True)
    page.own.save("Head and 18", project.config, page)
    own = page.tree.trainable()
    assert page.strategy.cards.choice() == "head-and-18"
    page.choose_strategy("feature-extraction")
    page.choose_strategy("head-and-18")
    assert page.tree.trainable() == own and project.config.strategy == "custom"
    monkeypatch.setattr(dialogs, "ask", lambda *_: True)
    page.own.ask_and_delete("head-and-18", page)
    assert "head-and-18" not in page.strategy.cards.cards and page.strategy.cards.choice() == "custom"


def test_to_continue_a_run_one_must_be_chosen(page: ModelPage) -> None:
    page.choose_strategy("continue")
    assert notes(page) == ["Choose the run to continue, below the strategies."]
    assert not page.action_button.isEnabled()


def test_a_model_too_large_for_one_file_is_refused(page: ModelPage) -> None:
    page.choose_model("vit_h_14")
    assert "too large" in notes(page)[0] and not page.action_button.isEnabled()


def test_choosing_in_the_graph_chooses_in_the_tree(page: ModelPage, qtbot: QtBot) -> None:
    page.panel.show_view("graph")
    with qtbot.waitSignal(page.tree.trainable_changed):
        page.panel.graph.wanted.emit(frozenset({"features.18.0", "classifier.1"}))
    assert page.tree.trainable() == ("features.18.0", "classifier.1")


def test_pictures_are_made_anew_for_other_photos_while_they_are_looked_at(
    page: ModelPage, qtbot: QtBot, project: Project, jobs: Jobs, child: Child, tmp_path: Path
) -> None:
    def photos() -> list[str]:
        qtbot.waitUntil(lambda: not jobs.running())
        return [arguments[arguments.index("--photo") + 1] for verb, arguments in child.asked if verb == "look"]

    page.show()
    page.panel.show_view("pictures")
    assert photos() == [str(tmp_path / "ants" / "0.jpg")]
    project.set_dataset(fake_run.dataset(tmp_path / "others"))
    assert photos()[1:] == [str(tmp_path / "others" / "ants" / "0.jpg")]
    page.hide()
    project.set_dataset(fake_run.dataset(tmp_path))
    assert len(photos()) == 2, "nobody looks"
    page.show()
    assert len(photos()) == 3
    page.hide()


def test_another_model_takes_the_strategy_along(page: ModelPage, project: Project) -> None:
    page.choose_strategy("last-blocks")
    page.architecture.table.chosen.emit("squeezenet1_0")
    assert project.config.model == "squeezenet1_0" and project.config.strategy == "last-blocks"
    assert page.tree.trainable()[-1] == "classifier.3"
    assert page.context().startswith("SqueezeNet 1.0 · Last blocks")


def test_ticks_of_ones_own_belong_to_their_model(page: ModelPage, project: Project) -> None:
    tick(page, "features.3.conv", True)
    own = page.tree.trainable()
    page.choose_model("squeezenet1_0")
    assert project.config.strategy == "feature-extraction"
    page.choose_model("mobilenet_v2")
    page.choose_strategy("custom")
    assert page.tree.trainable() == own


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "custom"])
@pytest.mark.parametrize("model", ["mobilenet_v2", "squeezenet1_0", "inception_v3", "vit_b_16", "lenet5"])
def test_every_strategy_of_every_model_can_be_shown(
    page: ModelPage, project: Project, model: str, strategy: str
) -> None:
    page.choose_model(model)
    page.choose_strategy(strategy)
    assert (project.config.model, project.config.strategy) == (model, strategy)
    assert page.choice and page.choice.head_trains(page.tree.trainable())


def test_the_head_has_as_many_outputs_as_there_are_classes(page: ModelPage, project: Project, tmp_path: Path) -> None:
    project.set_dataset(DatasetIndex(tmp_path, tuple("abcde"), ()))
    assert page.tree.model._layers[-1].output_shape == (5,)
    assert "5 classes" in page.context()


def test_nothing_ticked_is_said_and_cannot_go_on(page: ModelPage) -> None:
    tick(page, "classifier", False)
    assert notes(page) == ["No layer is ticked, so nothing would train. Tick at least the head."]
    assert not page.action_button.isEnabled()


def test_a_frozen_head_is_warned_of(page: ModelPage) -> None:
    tick(page, "features.18", True)
    tick(page, "classifier", False)
    assert "random weights" in notes(page)[0]
    assert page.action_button.isEnabled()


def test_missing_weights_are_said_and_a_folder_helps(page: ModelPage, settings: Settings, tmp_path: Path) -> None:
    page.choose_model("resnet18")
    assert "not here yet" in notes(page)[0] and "47 MB" in notes(page)[0]
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "resnet18.pth").write_bytes(b"")
    settings.weights_dir = folder
    page.dialogs.weights_changed.emit()
    assert notes(page) == []
    page.choose_strategy("from-scratch")
    page.choose_model("resnet50")
    assert notes(page) == []  # from scratch wants no weights


def test_a_model_without_any_weights_offers_training_from_scratch(page: ModelPage, project: Project) -> None:
    page.choose_model("lenet5")
    page.notes.findChild(Banner).button.click()
    assert project.config.strategy == "from-scratch"
    assert notes(page) == []


def test_search_and_the_way_on(page: ModelPage, qtbot: QtBot) -> None:
    page.architecture.search.setText("resnet")
    model = page.architecture.table.model()
    found = {model.index(row, 0).data() for row in range(model.rowCount())}
    assert {"ResNet-18", "ResNet-50"} <= found and "MobileNetV2" not in found
    with qtbot.waitSignal(page.page_requested) as asked:
        page.action_triggered.emit()
    assert asked.args == ["train"]
