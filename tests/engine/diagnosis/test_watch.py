"""Each finding is heard once, and is kept with the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine import runs
from engine.config import TrainConfig, make_config
from engine.diagnosis import record
from engine.diagnosis.course import LayerUnits, Vitals
from engine.diagnosis.watch import RULES, gravest_first, look
from engine.events import Diagnosis
from tests.engine.diagnosis.courses import SETTINGS, course
from tests.engine.diagnosis.test_fit import PARTING

OVERSHOOTS = [(0.5, 0.8, 0.5, 0.8), (0.9, 0.5, 2.0, 0.5)]


def kinds(found: tuple[Diagnosis, ...]) -> list[str]:
    return [diagnosis.kind for diagnosis in found]


def test_a_kind_is_told_once_and_again_when_it_is_graver() -> None:
    run = course(OVERSHOOTS)
    (first,) = look(run)
    assert (first.kind, first.severity) == ("rate-too-high", "warning")
    assert look(run, (first,)) == ()
    (graver,) = look(course([(1.5, 0.5, 2.0, 0.5)] * 3), (first,))
    assert (graver.kind, graver.severity) == ("rate-too-high", "grave")
    assert gravest_first((first, graver)) == (graver,)


def test_what_one_finding_explains_is_not_told_again_as_another() -> None:
    dead = Vitals(units=(LayerUnits("conv", 60, 64),))
    stuck = course([(2.3, 0.1, 2.3, 0.1)] * 8, classes=10)
    assert kinds(look(stuck)) == ["underfitting"]
    assert kinds(look(replace(stuck, vitals=dead))) == ["dead-units"]


def test_the_gravest_comes_first() -> None:
    notes = [Diagnosis(kind, severity, "", "", "", {}, 1) for kind, severity in (("a", "note"), ("b", "grave"))]  # type: ignore[arg-type]
    assert kinds(gravest_first(notes)) == ["b", "a"]


def test_every_rule_explains_only_by_rules_there_are() -> None:
    names = [rule.kind for rule in RULES]
    assert len(set(names)) == len(names)
    assert {kind for rule in RULES for kind in rule.unless} <= set(names)


def test_a_remedy_changes_settings_that_there_are_to_values_they_take() -> None:
    found = (*look(course(PARTING)), *look(course(OVERSHOOTS)), *look(course([(2.3, 0.1, 2.3, 0.1)] * 8, classes=10)))
    assert len(found) == 3
    for diagnosis in found:
        assert set(diagnosis.changes) <= set(TrainConfig.model_fields)
        changed = make_config(SETTINGS | dict(diagnosis.changes))
        assert changed != make_config(SETTINGS)


def test_what_was_found_is_read_back_and_cut_where_a_run_goes_on(tmp_path: Path) -> None:
    found = tuple(replace(look(course(OVERSHOOTS))[0], epoch=epoch, kind=f"{epoch}") for epoch in (2, 5, None))
    record.write(tmp_path, found)
    assert record.read(tmp_path) == found
    record.cut(tmp_path, 4)
    assert record.read(tmp_path) == found[:1]


@pytest.mark.parametrize("text", [None, "", "[{]", '[{"event": "diagnosis"}]', '{"a": 1}'])
def test_a_damaged_file_is_no_finding(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / runs.DIAGNOSIS).write_text(text)
    assert record.read(tmp_path) == ()
