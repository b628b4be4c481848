from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from desktop_app.widgets.settings_form import ELSEWHERE, SettingsForm
from engine.config import GROUPS, TrainConfig, make_config


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    form = SettingsForm()
    qtbot.addWidget(form)
    form.show_config(make_config({}))
    return form


def edits(form: SettingsForm) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []
    form.edited.connect(lambda name, value: seen.append((name, value)))
    return seen


def test_every_declared_setting_has_a_field(form: SettingsForm) -> None:
    assert set(form.rows) == set(TrainConfig.model_fields) - set(ELSEWHERE)
    for name, row in form.rows.items():
        declared = row.field.declared
        assert row.field.widget.accessibleName() == TrainConfig.model_fields[name].title
        assert declared.help in row.field.widget.accessibleDescription()


@pytest.mark.parametrize("name", sorted(set(TrainConfig.model_fields) - set(ELSEWHERE)))
def test_every_field_takes_and_gives_its_default(form: SettingsForm, name: str) -> None:
    """What a field shows is what the config holds: showing a value must never change it."""
    seen = edits(form)
    form.rows[name].field.set_value(TrainConfig.model_fields[name].default)
    assert not form.rows[name].is_changed()
    assert not seen


def test_five_are_in_sight_and_the_rest_fold_by_group(form: SettingsForm) -> None:
    plain = {name for name, row in form.rows.items() if not row.field.declared.advanced}
    assert plain == {"epochs", "batch_size", "learning_rate", "augmentation", "patience"}
    for name, row in form.rows.items():
        assert row.isVisibleTo(form) == (name in plain), name
    form.folds["Run"].button.click()
    assert form.rows["seed"].isVisibleTo(form) and not form.rows["momentum"].isVisibleTo(form)


def test_every_setting_belongs_to_one_group() -> None:
    named = [name for group in GROUPS for name in group.__annotations__ if name != "group"]
    assert sorted(named) == sorted(TrainConfig.model_fields)


def test_a_change_is_told_marked_and_reset(form: SettingsForm) -> None:
    seen = edits(form)
    row = form.rows["epochs"]
    row.field.widget.setValue(25)
    assert seen == [("epochs", 25)]
    assert row.is_changed() and row.reset.isEnabled()
    row.reset.click()
    assert seen[-1] == ("epochs", 10)
    assert not row.is_changed() and row.field.widget.value() == 10


def test_changed_advanced_settings_are_counted_on_the_fold(form: SettingsForm) -> None:
    form.show_config(make_config({"seed": 3, "momentum": 0.8}))
    changed = {title: fold.button.text() for title, fold in form.folds.items() if fold.button.text() != title}
    assert changed == {"Run": "Run · 1 changed", "Optimizer": "Optimizer · 1 changed"}


def test_optional_numbers(form: SettingsForm, qtbot: QtBot) -> None:
    seen = edits(form)
    line = form.rows["learning_rate"].field.widget
    assert isinstance(line, QLineEdit) and line.placeholderText() == "automatic"
    qtbot.keyClicks(line, "0.003")
    assert seen[-1] == ("learning_rate", 0.003)
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    assert seen[-1] == ("learning_rate", None)
    qtbot.keyClicks(line, "fast")
    assert seen[-1] == ("learning_rate", "fast")


def test_choices_and_optional_choices(form: SettingsForm) -> None:
    seen = edits(form)
    box = form.rows["channels_last"].field.widget
    assert isinstance(box, QComboBox)
    assert [box.itemText(place) for place in range(box.count())] == ["Automatic", "Yes", "No"]
    box.setCurrentIndex(2)
    assert seen == [("channels_last", False)]


def test_a_wrong_field_is_marked_with_its_sentence(form: SettingsForm) -> None:
    form.show_errors({"seed": "Seed must be a number."})
    row = form.rows["seed"]
    assert row.error() == "Seed must be a number."
    assert row.field.widget.property("wrong") is True
    assert row.isVisibleTo(form)  # or nobody would see it
    form.show_errors({})
    assert not row.error() and row.field.widget.property("wrong") is False


def test_a_wrong_field_keeps_what_was_typed(form: SettingsForm) -> None:
    line = form.rows["learning_rate"].field.widget
    line.setText("20")
    form.show_errors({"learning_rate": "Too large."})
    form.show_config(make_config({"epochs": 3}))
    assert line.text() == "20"


def test_the_wheel_changes_nothing_without_focus(form: SettingsForm) -> None:
    box = form.rows["epochs"].field.widget
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 120),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, wheel)
    assert box.value() == 10


def test_help_names_range_and_unit(form: SettingsForm) -> None:
    assert form.rows["batch_size"].field.declared.range_text() == "2 to 4096 photos."
    assert form.rows["learning_rate"].field.declared.range_text() == "Above 0, at most 10."


def test_a_folder_is_typed_or_chosen(form: SettingsForm, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = edits(form)
    line = form.rows["teacher"].field.widget
    assert isinstance(line, QLineEdit) and line.text() == "" and line.placeholderText() == "none"
    qtbot.keyClicks(line, "/runs/a")
    assert seen[-1] == ("teacher", Path("/runs/a")) and line.toolTip() == "/runs/a"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/runs/b")
    (button,) = line.actions()
    button.trigger()
    assert seen[-1] == ("teacher", Path("/runs/b")) and line.text() == "/runs/b"
    form.rows["teacher"].reset.click()
    assert seen[-1] == ("teacher", None) and line.text() == ""


def test_a_setting_without_effect_is_not_shown(form: SettingsForm) -> None:
    form.folds["Optimizer"].set_open(True)

    def shown(**changes: Any) -> set[str]:
        form.show_config(make_config(changes))
        asked = ("momentum", "nesterov", "step_epochs", "restart_epochs", "plateau_epochs", "rate_factor")
        return {name for name in asked if form.rows[name].isVisibleTo(form)}

    assert shown() == {"momentum"}
    assert shown(optimizer="adamw", schedule="step") == {"step_epochs", "rate_factor"}
    assert shown(optimizer="sgd", schedule="cosine-restarts") == {"momentum", "nesterov", "restart_epochs"}
    assert shown(schedule="plateau", optimizer="rmsprop") == {"momentum", "plateau_epochs", "rate_factor"}


def test_empty_says_what_it_means(form: SettingsForm) -> None:
    boxes = {name: form.rows[name].field.widget for name in ("clip_norm", "ema_decay", "swa_start", "l1", "momentum")}
    words = {name: box.placeholderText() for name, box in boxes.items() if isinstance(box, QLineEdit)}
    assert words == {"clip_norm": "off", "ema_decay": "off", "swa_start": "off", "l1": "off", "momentum": "automatic"}
