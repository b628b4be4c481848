"""Deciding otherwise, and confirming or correcting photo after photo, on a ledger on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.prediction.batch import course, words
from desktop_app.widgets.prediction.decision import Decision, decision_of
from desktop_app.widgets.prediction.results import PredictionResults
from desktop_app.widgets.prediction.review import Review
from engine.events import PredictionFinished, PredictionProgress
from engine.model_file import ModelFile
from engine.prediction.ledger import verdicts, views
from engine.prediction.ledger.deciding import rules_used
from engine.prediction.ledger.opening import read_ledger
from tests.engine import tiny_model
from tests.engine.prediction import many_photos

OWN = {"red": 0.3}
# of every photo: red 0.5, green and blue 0.25


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return tiny_model.make(tmp_path_factory.mktemp("model") / "m.thaw", thresholds=OWN)


@pytest.fixture
def results(qtbot: QtBot, settings: Settings, model: ModelFile, tmp_path: Path) -> Iterator[PredictionResults]:
    """Twenty photos; every fourth is labelled green, blue, unknown, red in turn."""
    many_photos.write(tmp_path / "a.thaw-ledger", model, 20)
    results = PredictionResults(settings)
    qtbot.addWidget(results)
    results.resize(1100, 700)
    results.show()
    results.open(tmp_path / "a.thaw-ledger")
    settle(qtbot, results)
    yield results
    results.close_files()


def settle(qtbot: QtBot, results: PredictionResults) -> None:
    qtbot.waitUntil(
        lambda: not results.model.reads and not results.decider.at_work and not results.thresholds._timer.isActive(),
        timeout=10_000,
    )


def opened(results: PredictionResults, row: int = 0) -> Review:
    results.table.selectRow(row)
    results.review()
    (review,) = results.window().findChildren(Review)
    return review


def said(results: PredictionResults) -> dict[int, str]:
    """By number of the photo, as it stands in the file."""
    results.model.verdicts.close()
    assert results.model.path is not None
    ledger = read_ledger(results.model.path)
    try:
        found = ledger.these(range(1, 21), 1)
        return {number: one.verdict for number, one in found.items() if one.verdict}
    finally:
        ledger.close()


def test_a_class_has_a_threshold_of_its_own_until_it_is_reset(qtbot: QtBot, results: PredictionResults) -> None:
    rows = results.thresholds.rows
    assert [row.spin.value() for row in rows.values()] == [30, 0, 0]
    assert "30.0 %" in rows["red"].own.text() and not rows["red"].reset.isVisibleTo(results.thresholds)
    rows["red"].spin.setValue(60)
    settle(qtbot, results)
    assert results.model.counts.unknown == 20  # red is the likeliest of all
    assert rows["red"].reset.isVisibleTo(results.thresholds)
    rows["red"].reset.click()
    settle(qtbot, results)
    assert results.model.counts.labels == {"red": 20} and rows["red"].spin.value() == 30
    results.controls.threshold.setValue(45)
    qtbot.waitUntil(lambda: rows["red"].spin.value() == 45)


def test_what_decided_is_shown_when_a_batch_is_opened_again(results: PredictionResults, qtbot: QtBot) -> None:
    results.change_decision(threshold=0.2, by_class=(("green", 0.9),), series_seconds=5.0, groups=(("red", "warm"),))
    settle(qtbot, results)
    assert results.model.path is not None
    ledger = read_ledger(results.model.path)
    rules = rules_used(ledger)
    ledger.close()
    assert rules is not None
    assert decision_of(rules, OWN) == Decision(0.2, (("green", 0.9),), (("red", "warm"),), 5.0)


def test_groups_come_from_a_file_that_fits(results: PredictionResults, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    file.write_text("class,group\nred,colour\ngreen,colour\n", encoding="utf-8")
    results.thresholds.use_groups(file)
    results.change_decision(threshold=0.6)
    settle(qtbot, results)
    assert results.model.counts.labels == {"colour": 20}
    assert results.thresholds.groups.text() == "1 group"
    results.thresholds.no_groups.click()
    settle(qtbot, results)
    assert results.model.counts.unknown == 20
    file.write_text("class,group\nant,insect\n", encoding="utf-8")
    with qtbot.waitSignal(results.failed):
        results.thresholds.use_groups(file)
    assert results.decision.groups == ()


def test_photos_are_confirmed_and_corrected_by_key(qtbot: QtBot, results: PredictionResults) -> None:
    review = opened(results)
    keys = [Qt.Key.Key_Return, "2", "0", Qt.Key.Key_Right, "b", "l", Qt.Key.Key_Return]
    # confirms 1 (green); 2 is green; 3 is none; passes over 4; types “bl” for 5
    for key in keys:
        qtbot.keyClick(review, key)
    assert review.label.whole().startswith("blue") and results.table.currentIndex().row() == 5
    assert said(results) == {1: "green", 2: "green", 3: verdicts.NONE_OF_THEM, 5: "blue"}
    qtbot.keyClick(review, Qt.Key.Key_Left)
    assert review.said.whole() == "You say: blue"
    qtbot.keyClick(review, Qt.Key.Key_Backspace)
    assert review.said.whole() == "You say: nothing yet" and said(results).keys() == {1, 2, 3}
    qtbot.keyClick(review, Qt.Key.Key_Escape)
    assert not review.isVisible()
    settle(qtbot, results)
    assert (results.model.counts.seen, results.model.counts.corrected) == (3, 1)
    assert "3 looked at · 1 corrected" in results.summary.whole()
    # 3 was left unknown by the model, and is neither right nor wrong
    assert results.totals.accuracy.text().startswith("Right on 1 of 2 photos: 50.0\u202f%")
    assert "1 photo that the model left unknown" in results.totals.accuracy.text()
    results.model.verified = verdicts.Verified(2, 0, 0, 2)
    results.totals.refresh()
    assert results.totals.accuracy.text() == "2 photos of which you named only the group: neither right nor wrong."


def test_typing_finds_a_class_and_escape_forgets_it_first(qtbot: QtBot, results: PredictionResults) -> None:
    review = opened(results)
    qtbot.keyClicks(review, "re")  # in red and in green; the former begins with it
    assert [one.label for one in review.choices.choices] == ["red", "green"]
    qtbot.keyClick(review, Qt.Key.Key_Down)
    assert [one.marked for one in review.choices.choices] == [False, True]
    qtbot.keyClick(review, Qt.Key.Key_Escape)
    assert review.isVisible() and len(review.choices.choices) == 4
    qtbot.keyClicks(review, "nobody")
    qtbot.keyClick(review, Qt.Key.Key_Return)
    assert review.choices.choices == [] and said(results) == {}


def test_what_is_not_yet_looked_at_is_gone_through_in_one_go(qtbot: QtBot, results: PredictionResults) -> None:
    results.model.set_view(kind=views.UNSEEN)
    settle(qtbot, results)
    review = opened(results)
    for _ in range(20):
        qtbot.keyClick(review, Qt.Key.Key_Return)
    qtbot.keyClick(review, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: results.model.rowCount() == 0, timeout=10_000)
    assert len(said(results)) == 20 and results.detail.prediction is None


def test_a_kind_of_photos_is_shown_by_its_bar(qtbot: QtBot, results: PredictionResults) -> None:
    assert [(row.text, row.photos) for row in results.totals.bars._rows] == [
        ("blue", 5), ("green", 5), ("red", 5), ("Unknown", 5),
    ]  # fmt: skip
    results.totals.chosen.emit((views.OF_LABEL, "green"))
    settle(qtbot, results)
    assert results.model.rowCount() == 5 and results.controls.filter.currentText() == "green (5)"


def test_how_a_batch_comes_on_and_what_limits_it() -> None:
    progress = PredictionProgress(1204, 2000, 64.2, 12.4, 0, 0.12, 0.61, 0.27)
    thin = "\u202f"
    assert course(progress) == (
        f"1{thin}204 of 2{thin}000 photos · 64 photos/s · 00:12 left · "
        f"reading 12{thin}%, decoding 61{thin}%, model 27{thin}%"
    )
    assert course(PredictionProgress(3, None, 0.0, None)) == "3 photos"
    told = words(PredictionFinished(2000, 3, 4, 31.5, 63.5, True, None, 1204))
    assert told == (
        f"2{thin}000 photos in 31.5 s · 1{thin}204 known before · 64 photos/s · 4 other files left out · stopped"
    )
