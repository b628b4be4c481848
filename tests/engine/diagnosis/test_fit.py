"""By heart, or hardly at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.diagnosis.course import Vitals
from engine.diagnosis.fit import overfitting, underfitting
from tests.engine.diagnosis.courses import Row, course

PARTING: list[Row] = [
    (0.60, 0.70, 0.55, 0.72),
    (0.35, 0.86, 0.31, 0.88),
    (0.20, 0.93, 0.36, 0.87),
    (0.11, 0.95, 0.43, 0.86),
    (0.05, 0.96, 0.52, 0.86),
]
STUCK: list[Row] = [(1.8, 0.40, 1.8, 0.38)] * 8


def test_overfitting_is_told_with_both_curves_and_what_is_not_done_yet() -> None:
    found = overfitting(course(PARTING, augmentation="none"))
    assert found and found.kind == "overfitting"
    assert "rose from 0.31 (epoch 2) to 0.52 (epoch 5) while training loss fell from 0.35 to 0.05" in found.evidence
    assert found.changes == {"augmentation": "light", "patience": 5}


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {"augmentation": "standard"}),
        ({"model": "mobilenet_v2", "strategy": "fine-tuning", "augmentation": "strong"}, {"strategy": "last-blocks"}),
        ({"augmentation": "medical"}, {"weight_decay": 0.05}),
        ({"augmentation": "medical", "weight_decay": 0.1}, {}),
    ],
)
def test_the_remedy_is_one_that_is_not_in_use(settings: dict[str, object], changes: dict[str, object]) -> None:
    found = overfitting(course(PARTING, patience=3, **settings))
    assert found and found.changes == changes and "training photos" in found.remedy


def test_a_gap_within_the_interval_of_few_photos_is_none() -> None:
    assert overfitting(course(PARTING, val=4)) is None


@pytest.mark.parametrize("epochs", range(1, 5))
def test_it_takes_several_epochs(epochs: int) -> None:
    assert overfitting(course(PARTING[:epochs])) is None


def test_a_validation_loss_that_wavers_is_none() -> None:
    wavering = [(0.5 - 0.08 * n, 0.8 + 0.04 * n, 0.40 + 0.05 * (n % 2), 0.82) for n in range(6)]
    assert overfitting(course(wavering)) is None


def test_underfitting_names_what_is_frozen_and_trains_more() -> None:
    run = course(STUCK, classes=10, model="mobilenet_v2", strategy="feature-extraction", learning_rate=0.003)
    found = underfitting(replace(run, vitals=Vitals(frozen_share=0.995)))
    assert found and found.severity == "warning" and found.changes == {"strategy": "last-blocks"}
    assert "40.0 %" in found.evidence and "99.5 %" in found.evidence


@pytest.mark.parametrize(
    ("rate", "accuracy", "changes"),
    [
        (0.001, 0.4, {"epochs": 20}),
        (1e-5, 0.1, {"learning_rate": 0.001}),
        (0.1, 0.4, {"learning_rate": 0.01}),
        (0.001, 0.1, {"learning_rate": 0.0001}),
    ],
)
def test_the_remedy_looks_at_the_rate_first(rate: float, accuracy: float, changes: dict[str, object]) -> None:
    found = underfitting(course([(2.3, accuracy, 2.3, accuracy)] * 8, classes=10, learning_rate=rate))
    assert found and found.changes == changes
    assert found.severity == ("grave" if accuracy == 0.1 else "warning")


def test_a_run_that_still_learns_fits_well_or_mixes_photos_does_not_underfit() -> None:
    assert underfitting(course([(2.0 - 0.1 * n, 0.2 + 0.03 * n, 2.0, 0.3) for n in range(8)], classes=10)) is None
    assert underfitting(course([(0.6, 0.8, 0.6, 0.8)] * 8, classes=10)) is None
    assert underfitting(course(STUCK, classes=10, mixup=0.2)) is None
    assert underfitting(course(STUCK, classes=10, epochs=40)) is None, "it has hardly begun"
