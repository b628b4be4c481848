from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.calibration import HIGHEST, LOWEST, expected_calibration_error, fit_temperature
from engine.prediction.runtime import softmax


def honest(photos: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is exactly the chance with which the labels are drawn."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=2, size=(photos, classes))
    chances = softmax(logits)
    return logits, (chances.cumsum(axis=1) > random.random((photos, 1))).argmax(axis=1)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5, 8.0])
def test_the_temperature_that_spoilt_the_logits_is_found(true: float) -> None:
    logits, labels = honest(20_000)
    assert fit_temperature(logits * true, labels) == pytest.approx(true, rel=0.04)


def test_calibration_makes_confidence_honest_and_lowers_the_error() -> None:
    logits, labels = honest(5000)
    spoilt = logits * 4
    temperature = fit_temperature(spoilt, labels)
    assert expected_calibration_error(softmax(spoilt), labels) > 0.15
    assert expected_calibration_error(softmax(spoilt, temperature), labels) < 0.02


def test_a_small_set_that_is_all_right_does_not_make_the_model_certain_of_everything() -> None:
    logits = np.tile([1.5, 0.0], (20, 1))
    temperature = fit_temperature(logits, np.zeros(20, int))
    assert 0.3 < temperature < 1
    assert softmax(np.array([1.5, 0.0]), temperature).max() < 0.995


def test_the_answer_stays_within_its_bounds() -> None:
    certain = np.tile([500.0, 0.0], (1000, 1))
    wrong = fit_temperature(certain, np.tile([0, 1], 500))
    right = fit_temperature(certain * 1e-4, np.zeros(1000, int))
    assert wrong == pytest.approx(HIGHEST, rel=1e-3)
    assert LOWEST <= right <= HIGHEST


def test_nothing_measured_changes_nothing() -> None:
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0
    assert expected_calibration_error(np.zeros((0, 3)), np.zeros(0, int)) == 0.0


def test_the_calibration_error_of_a_case_worked_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.45, 0.55]])
    labels = np.array([0, 1, 0, 0])
    # Two photos at 0.95 of which one is right, two at 0.55 likewise: (2·0.45 + 2·0.05) / 4.
    assert expected_calibration_error(probabilities, labels, bins=10) == pytest.approx(0.25)
