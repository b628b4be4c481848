from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from engine.evaluation.metrics import confusion, log_loss, summary
from engine.wilson import wilson


def drawn(seed: int, photos: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    true = random.integers(0, classes, photos)
    logits = random.normal(size=(photos, classes)) + 1.5 * np.eye(classes)[true]
    probabilities = np.exp(logits)
    return true, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998),
    # 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(right: int, n: int, low: float, high: float) -> None:
    assert wilson(right, n) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(0, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_within_0_and_1(right_of: tuple[int, int]) -> None:
    right, n = right_of
    low, high = wilson(right, n)
    assert 0 <= low <= high <= 1
    assert n == 0 or low <= right / n <= high


@pytest.mark.parametrize(("photos", "classes"), [(1, 2), (7, 5), (153, 2), (1000, 10)])
def test_the_summary_agrees_with_scikit_learn(photos: int, classes: int) -> None:
    true, probabilities = drawn(photos, photos, classes)
    predicted = probabilities.argmax(axis=1)
    found = summary(true, probabilities, tuple(f"class {i}" for i in range(classes)))
    every = list(range(classes))
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        true, predicted, labels=every, zero_division=0
    )
    assert found.accuracy == pytest.approx(reference.accuracy_score(true, predicted))
    assert found.macro_f1 == pytest.approx(reference.f1_score(true, predicted, average="macro"))
    assert found.log_loss == pytest.approx(reference.log_loss(true, probabilities, labels=every))
    np.testing.assert_array_equal(found.confusion, reference.confusion_matrix(true, predicted, labels=every))
    np.testing.assert_allclose([row.precision for row in found.per_class], precision)
    np.testing.assert_allclose([row.recall for row in found.per_class], recall)
    np.testing.assert_allclose([row.f1 for row in found.per_class], f1)
    assert [row.support for row in found.per_class] == support.tolist()
    assert (found.low, found.high) == wilson(round(found.accuracy * photos), photos)


def test_a_class_nothing_was_predicted_as_has_precision_0_and_counts() -> None:
    found = summary(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]]), ("ant", "bee"))
    assert found.per_class[1] == type(found.per_class[1])("bee", 0.0, 0.0, 0.0, 1)
    assert found.macro_f1 == pytest.approx(0.4)


def test_a_class_the_split_does_not_have_is_left_out_of_macro_f1() -> None:
    found = summary(np.array([0, 1]), np.array([[0.9, 0.1, 0], [0.1, 0.9, 0]]), ("ant", "bee", "wasp"))
    assert (found.macro_f1, found.per_class[2].support) == (1.0, 0)


def test_confusion_has_true_classes_in_rows() -> None:
    np.testing.assert_array_equal(
        confusion(np.array([0, 0, 1]), np.array([1, 0, 1]), 3), [[1, 1, 0], [0, 1, 0], [0] * 3]
    )


def test_a_certain_mistake_costs_much_but_not_infinity() -> None:
    assert log_loss(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(36.04, abs=0.01)


def test_the_dictionary_is_json() -> None:
    true, probabilities = drawn(0, 20, 3)
    found = summary(true, probabilities.astype(np.float32), ("a", "b", "c"))
    again = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert again["per_class"][0]["name"] == "a"
    assert again["confusion"] == [list(row) for row in found.confusion]


def test_no_photos_is_no_accuracy() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        summary(np.array([], int), np.zeros((0, 2)), ("a", "b"))
