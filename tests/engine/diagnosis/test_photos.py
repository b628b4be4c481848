"""Classes that are never answered, validation that says little, labels that look wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.diagnosis.course import Course, Vitals
from engine.diagnosis.photos import class_never_predicted, few_validation_photos, noisy_labels
from tests.engine.diagnosis.courses import course, prediction

ROW = (0.3, 0.9, 0.4, 0.85)
A, B = "class 0", "class 1"


def predicted(**counts: int) -> Vitals:
    return Vitals({name.replace("_", " "): count for name, count in counts.items()})


def test_a_class_that_is_never_predicted_is_named_with_its_photos() -> None:
    run = replace(course([ROW] * 5), vitals=predicted(class_0=200))
    found = class_never_predicted(run)
    assert found and found.epoch == 5 and f"“{B}”" in found.sentence and "100 of 200 photos" in found.evidence
    assert found.changes == {"epochs": 20} and "labelled right" in found.remedy
    rare = replace(run, train={A: 100, B: 12})
    found = class_never_predicted(rare)
    assert found and found.changes == {"class_weights": "balanced"}


def test_a_class_may_be_passed_over_early_and_one_of_few_photos_always() -> None:
    run = replace(course([ROW] * 5), vitals=predicted(class_0=200))
    assert class_never_predicted(replace(run, history=run.history[:4])) is None
    assert class_never_predicted(replace(run, val={A: 100, B: 2})) is None
    assert class_never_predicted(replace(run, vitals=predicted(class_0=199, class_1=1))) is None


def test_at_the_end_the_best_weights_count() -> None:
    rows = tuple(prediction(A, A, (0.9, 0.1)) for _ in range(10))
    found = class_never_predicted(replace(course([ROW], val=5), predictions=rows))
    assert found and found.epoch is None


@pytest.mark.parametrize(("val", "ended", "found"), [(6, False, True), (8, False, False), (40, True, False)])
def test_few_validation_photos(val: int, ended: bool, found: bool) -> None:
    run = course([ROW], val=val)
    rows = (prediction(A, A, (0.9, 0.1)),) if ended else ()
    assert (few_validation_photos(replace(run, predictions=rows)) is not None) == found


def test_the_interval_stands_in_the_sentence_and_a_given_split_is_not_cut_anew() -> None:
    run = replace(course([(0.5, 0.7, 0.6, 0.6)], val=15), predictions=(prediction(A, A, (0.9, 0.1)),))
    found = few_validation_photos(run)
    assert found and "60.0 % right of 30 photos: the 95 % interval is 42 to 75 %" in found.evidence
    assert found.changes == {"val_share": 0.3}
    given = few_validation_photos(replace(run, val_cut=False))
    assert given and given.changes == {} and "Add photos" in given.remedy


def ended(flipped: int, unsure: int) -> Course:
    """80 right answers, `flipped` wrong ones as sure as these, and `unsure` ones at 60 %."""
    rows = [prediction(A, A, (0.95, 0.05))] * 40 + [prediction(B, B, (0.05, 0.95))] * 40
    rows += [prediction(A, B, (0.04, 0.96), f"flipped {n}.jpg") for n in range(flipped)]
    rows += [prediction(B, A, (0.60, 0.40), f"unsure {n}.jpg") for n in range(unsure)]
    return replace(course([ROW], val=len(rows) // 2), predictions=tuple(rows))


def test_labels_that_look_wrong_are_named() -> None:
    found = noisy_labels(ended(flipped=6, unsure=2))
    assert found and found.epoch is None and "6 photos" in found.sentence
    assert found.photos == tuple(Path(f"flipped {n}.jpg") for n in range(6))
    assert "flipped 0.jpg (labelled class 0, 96.0 % class 1)" in found.evidence


@pytest.mark.parametrize(("flipped", "unsure"), [(0, 12), (2, 0), (3, 9)])
def test_a_model_that_is_merely_wrong_blames_no_labels(flipped: int, unsure: int) -> None:
    assert noisy_labels(ended(flipped, unsure)) is None
