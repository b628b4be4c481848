"""Runs beside each other: what is common to them, and what is said where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import runs
from engine.errors import RunError
from engine.evaluation.compare import compare
from engine.events import ComparisonFinished, Notice, PairCompared, RunCompared, SettingDiffers
from tests.engine.evaluation.measured import TEN, write


def told(*run_dirs: Path) -> dict[type, list[Any]]:
    found: dict[type, list[Any]] = {}
    for event in compare(run_dirs):
        found.setdefault(type(event), []).append(event)
    return found


def test_runs_on_the_same_photos(tmp_path: Path) -> None:
    one = write(tmp_path / "insects-head-1", "bbababbaab", seed=1)
    other = write(tmp_path / "insects-all-1", "aaaaabbaab", seed=2, learning_rate=0.01)
    events = told(one, other)
    assert Notice not in events
    assert [(row.name, row.accuracy, row.photos, row.own_photos) for row in events[RunCompared]] == [
        ("head-1", 0.9, 10, 10), ("all-1", 0.8, 10, 10),
    ]  # fmt: skip
    assert events[RunCompared][0].macro_f1 == pytest.approx(runs.read_metrics(one)["test"]["macro_f1"])
    assert [(row.setting, row.values) for row in events[SettingDiffers]] == [
        ("seed", (("head-1", "1"), ("all-1", "2"))),
        ("learning_rate", (("head-1", ""), ("all-1", "0.01"))),
    ]
    (pair,) = events[PairCompared]
    assert (pair.both, pair.first_only, pair.second_only, pair.neither) == (7, 2, 1, 0)
    assert pair.p_value == pair.adjusted_p_value == 1.0
    assert events[ComparisonFinished] == [ComparisonFinished(2, "test", 10)]


def test_only_photos_that_all_have_and_none_has_trained_on_count(tmp_path: Path) -> None:
    one = write(tmp_path / "one", TEN)
    other = write(tmp_path / "other", "aaaaaaaa", first=4, trained=(0, 1))
    third = write(tmp_path / "third", TEN, trained=(9, 12))
    events = told(one, other, third)
    assert [(row.photos, row.own_photos) for row in events[RunCompared]] == [(5, 10), (5, 8), (5, 10)]
    (notice,) = events[Notice]
    assert notice.kind == "partly_in_common" and "10, 8, 10 of them" in notice.text and "the 5 that" in notice.text
    assert len(events[PairCompared]) == 3


def test_a_photo_with_another_label_is_not_the_same(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", TEN), write(tmp_path / "other", TEN)
    text = (other / runs.DATASET).read_text().replace("0.jpg,ants", "0.jpg,bees")
    (other / runs.DATASET).write_text(text)
    text = (other / runs.PREDICTIONS).read_text().replace("0.jpg,test,ants", "0.jpg,test,bees")
    (other / runs.PREDICTIONS).write_text(text)
    assert told(one, other)[ComparisonFinished] == [ComparisonFinished(2, "test", 9)]


def test_without_a_test_set_validation_is_said_to_flatter(tmp_path: Path) -> None:
    events = told(write(tmp_path / "one", TEN, split="val"), write(tmp_path / "other", TEN, split="val"))
    assert [notice.kind for notice in events[Notice]] == ["compared_on_val"]
    assert events[RunCompared][0].accuracy == 1.0


def test_nothing_in_common_leaves_settings_and_no_numbers(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", TEN), write(tmp_path / "other", TEN, first=10, epochs=3)
    events = told(one, other)
    assert [notice.kind for notice in events[Notice]] == ["nothing_in_common"]
    assert [row.accuracy for row in events[RunCompared]] == [None, None]
    assert PairCompared not in events and events[SettingDiffers][0].setting == "epochs"


def test_a_run_without_results_does_not_take_the_others_numbers_away(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", TEN), write(tmp_path / "other", TEN)
    killed = write(tmp_path / "killed", TEN)
    (killed / runs.METRICS).unlink()
    events = told(one, killed, other)
    assert [row.accuracy for row in events[RunCompared]] == [1.0, None, 1.0]
    assert len(events[PairCompared]) == 1 and "killed" in events[Notice][0].text


def test_what_cannot_be_compared_is_a_sentence(tmp_path: Path) -> None:
    one = write(tmp_path / "one", TEN)
    with pytest.raises(RunError, match="at least two"):
        told(one)
    with pytest.raises(RunError, match="at least two"):
        told(one, tmp_path / "." / "one")
    with pytest.raises(RunError, match="no run in"):
        told(one, tmp_path / "nothing")
