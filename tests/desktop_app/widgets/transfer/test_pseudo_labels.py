from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.ticked_photos import TickedPhotos
from desktop_app.widgets.transfer.pseudo_labels import NO_RUN, PseudoLabelsDialog
from desktop_app.worker import Jobs
from engine.events import PseudoLabel
from engine.prediction.pseudo_labels import read_pseudo_labels
from engine.runs import RunSummary
from tests.engine import tiny_model
from tests.tiny_photos import COLOURS, draw_photo

LABELS = tuple(PseudoLabel(Path(f"/photos/{label}{n}.png"), label, 0.99 - n / 100) for label in "ab" for n in range(3))
Open = Callable[..., PseudoLabelsDialog]


@pytest.fixture
def run(tmp_path: Path) -> RunSummary:
    tiny_model.make(tmp_path / "model.thaw")
    return RunSummary(
        tmp_path / "model.thaw", "colours-1", "finished", "m", "s", "d", datetime.now(), 1, 1, 1, 0.9, None, 1.0
    )


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    for name, colour in COLOURS.items():
        for seed in range(3):
            draw_photo(tmp_path / "new" / f"{name}{seed}.png", colour, seed)
    return tmp_path / "new"


@pytest.fixture
def opened(qtbot: QtBot, jobs: Jobs, settings: Settings) -> Open:
    def open_with(*runs: RunSummary) -> PseudoLabelsDialog:
        dialog = PseudoLabelsDialog(jobs, settings, runs, "colours")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return open_with


@pytest.fixture
def ticks(qtbot: QtBot) -> TickedPhotos:
    ticks = TickedPhotos()
    qtbot.addWidget(ticks)
    ticks.resize(700, 400)
    ticks.show()
    ticks.show_photos(LABELS)
    return ticks


def test_all_are_ticked_until_the_person_unticks(qtbot: QtBot, ticks: TickedPhotos) -> None:
    assert ticks.ticked() == LABELS
    with qtbot.waitSignal(ticks.changed):
        ticks.toggle(1)
    assert ticks.ticked() == (*LABELS[:1], *LABELS[2:])
    assert "2 of 3" in ticks.classes.item(0).text()
    ticks.toggle(1)
    assert ticks.ticked() == LABELS


def test_ticks_of_a_class_stay_when_another_is_looked_at(ticks: TickedPhotos) -> None:
    ticks.none.click()
    ticks.classes.setCurrentRow(1)
    ticks.toggle(0)
    ticks.classes.setCurrentRow(0)
    assert ticks.ticked() == LABELS[4:]
    assert "not ticked" in ticks.grid.photo_model.data(ticks.grid.photo_model.index(0))
    ticks.all.click()
    assert ticks.ticked() == (*LABELS[:3], *LABELS[4:])


def test_the_keyboard_ticks_and_enlarges(qtbot: QtBot, ticks: TickedPhotos) -> None:
    ticks.grid.setCurrentIndex(ticks.grid.photo_model.index(2))
    qtbot.keyClick(ticks.grid, Qt.Key.Key_Space)
    assert LABELS[2] not in ticks.ticked()
    with qtbot.waitSignal(ticks.enlarge) as enlarged:
        qtbot.keyClick(ticks.grid, Qt.Key.Key_Return)
    assert enlarged.args == [2]


def test_what_stays_ticked_is_written_outside_the_photos(
    qtbot: QtBot, opened: Open, run: RunSummary, unlabelled: Path, jobs: Jobs
) -> None:
    dialog = opened(run)
    assert not dialog.look.isEnabled() and not dialog.use.isEnabled()
    dialog.set_folder(unlabelled)
    with qtbot.waitSignal(jobs.ended):
        dialog.look.click()
    assert dialog.use.text() == "Use 9 photos" and dialog.photos.isVisible()
    dialog.photos.toggle(0)
    left_out = {photo.path for photo in dialog.photos.grid_photos()[:1]}
    assert dialog.use.text() == "Use 8 photos"
    with qtbot.waitSignal(dialog.taken) as taken:
        dialog.use.click()
    (path,) = taken.args
    assert not path.is_relative_to(unlabelled)
    rows = read_pseudo_labels(path, tiny_model.CLASSES)
    assert len(rows) == 8 and not left_out & {photo for photo, _ in rows}
    assert not list(unlabelled.glob("*.csv"))


def test_nothing_sure_says_what_to_do(
    qtbot: QtBot, opened: Open, run: RunSummary, unlabelled: Path, jobs: Jobs
) -> None:
    dialog = opened(run)
    dialog.set_folder(unlabelled)
    dialog.threshold.setValue(100)
    with qtbot.waitSignal(jobs.ended):
        dialog.look.click()
    assert "lower confidence" in dialog.told.text()
    assert not dialog.use.isEnabled() and not dialog.photos.isVisible()


def test_without_a_run_it_says_so(opened: Open, unlabelled: Path) -> None:
    dialog = opened()
    dialog.set_folder(unlabelled)
    assert dialog.told.text() == NO_RUN and not dialog.look.isEnabled()


def test_an_error_is_told_in_place(qtbot: QtBot, opened: Open, run: RunSummary, tmp_path: Path, jobs: Jobs) -> None:
    dialog = opened(run)
    dialog.set_folder(tmp_path / "absent")
    with qtbot.waitSignal(jobs.ended):
        dialog.look.click()
    assert "absent" in dialog.banner.text()
