"""What a wrong answer costs, against formulas written out, and labels against their one-hot rows."""

from __future__ import annotations

import typing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.config import make_config
from engine.config.loss import Loss
from engine.dataset.index import Photo
from engine.evaluation.calibration import expected_calibration_error, fit_temperature
from engine.models.build import log_shares
from engine.prediction.runtime import softmax
from engine.training.learner.losses import COSTS, class_weight, make_loss

LOSSES: list[Loss] = list(typing.get_args(Loss))


def drawn(seed: int, classes: int, photos: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(photos, classes, generator=generator)
    labels = torch.randint(0, classes, (photos,), generator=generator)
    return logits, labels, torch.rand(classes, generator=generator) + 0.1


def test_every_choice_has_a_row() -> None:
    assert set(COSTS) == set(LOSSES)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(LOSSES), st.integers(0, 1000), st.integers(2, 6), st.sampled_from([0.0, 0.1]), st.booleans())
def test_a_label_costs_what_its_one_hot_row_costs(
    name: Loss, seed: int, classes: int, smoothing: float, weighted: bool
) -> None:
    logits, labels, weight = drawn(seed, classes)
    loss = make_loss(name, classes, weight if weighted else None, smoothing, 2.0)
    one_hot = F.one_hot(labels, classes).float()
    torch.testing.assert_close(loss(logits, labels), loss(logits, one_hot), rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(LOSSES), st.integers(0, 1000), st.floats(0, 1))
def test_mixed_targets_cost_between_their_labels(name: Loss, seed: int, share: float) -> None:
    """All three are linear in the targets, so mixing labels is mixing losses, as MixUp means it."""
    logits, labels, _ = drawn(seed, 4)
    loss, one, other = make_loss(name, 4, gamma=2.0), F.one_hot(labels, 4).float(), F.one_hot(labels.flip(0), 4).float()
    mixed = loss(logits, share * one + (1 - share) * other)
    expected = share * loss(logits, one) + (1 - share) * loss(logits, other)
    torch.testing.assert_close(mixed, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_is_torchs(smoothing: float) -> None:
    logits, labels, weight = drawn(1, 5)
    expected = F.cross_entropy(logits, labels, weight, label_smoothing=smoothing)
    assert torch.equal(make_loss("cross-entropy", 5, weight, smoothing)(logits, labels), expected)


def test_focal_is_lins_and_with_gamma_0_cross_entropy() -> None:
    logits, labels, weight = drawn(2, 3)
    shares = logits.double().softmax(1)[torch.arange(7), labels]
    expected = (weight[labels] * (1 - shares) ** 2 * -shares.log()).sum() / weight[labels].sum()
    assert make_loss("focal", 3, weight, gamma=2.0)(logits, labels).item() == pytest.approx(expected.item(), rel=1e-5)
    plain = make_loss("focal", 3, weight, 0.1, gamma=0.0)(logits, labels)
    torch.testing.assert_close(plain, F.cross_entropy(logits, labels, weight, label_smoothing=0.1))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 5.0])
def test_focal_has_a_gradient_where_the_answer_is_certain(gamma: float) -> None:
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    make_loss("focal", 2, gamma=gamma)(logits, torch.tensor([0, 0])).backward()
    assert logits.grad is not None and logits.grad.isfinite().all() and logits.grad[1].abs().max() > 0.1


@pytest.mark.parametrize("classes", [2, 5])
def test_bce_is_one_against_all_others(classes: int) -> None:
    logits, labels, _ = drawn(3, classes)
    shares = logits.double().sigmoid()
    terms = [
        -(shares[photo, name].log() if labels[photo] == name else (1 - shares[photo, name]).log()).item()
        for photo in range(7)
        for name in range(classes)
    ]
    assert make_loss("bce", classes)(logits, labels).item() == pytest.approx(np.mean(terms), rel=1e-5)


def test_a_photo_of_a_class_that_counts_three_times_is_three_photos() -> None:
    logits, labels = torch.tensor([[1.0, -1.0], [0.5, 0.2]]), torch.tensor([0, 1])
    for name in LOSSES:
        weighted = make_loss(name, 2, torch.tensor([1.0, 3.0]), gamma=2.0)(logits, labels)
        repeated = make_loss(name, 2, gamma=2.0)(logits[[0, 1, 1, 1]], labels[[0, 1, 1, 1]])
        torch.testing.assert_close(weighted, repeated)


def weights_of(sampling: str, class_weights: str = "balanced", counts: tuple[int, ...] = (64, 16, 4)) -> Any:
    photos = tuple(Photo(Path(f"{n}"), f"c{n}", "train") for n, count in enumerate(counts) for _ in range(count))
    run: Any = SimpleNamespace(
        config=make_config({"sampling": sampling, "class_weights": class_weights, "device": "cpu"}),
        photos=photos,
        classes=tuple(f"c{n}" for n in range(len(counts))),
        numbers=lambda _split: range(len(photos)),
    )
    weight = class_weight(run)
    return None if weight is None else weight.tolist()


def test_weights_make_up_for_what_sampling_leaves_and_for_nothing_twice() -> None:
    assert weights_of("each", "none") is None
    assert weights_of("each") == pytest.approx([84 / 3 / n for n in (64, 16, 4)])
    assert weights_of("balanced") == pytest.approx([1, 1, 1])
    drawn_by_root = np.array([8, 4, 2]) / 14 * 84
    assert weights_of("root") == pytest.approx(84 / 3 / drawn_by_root)
    assert np.isfinite(weights_of("each", counts=(4, 0, 4))).all()


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_what_was_trained_one_against_all_answers_with_honest_confidences(classes: int) -> None:
    """Sigmoids that are the true probabilities: their logarithms calibrate at a temperature of 1 as true ones do, and
    their logits, under a softmax, would not. The most likely class is the same."""
    generator = np.random.default_rng(classes)
    true = softmax(generator.normal(0, 3, (4000, classes)))
    labels = (true.cumsum(1) > generator.random((4000, 1))).argmax(1)
    logits = np.log(true / (1 - true))
    answers = log_shares(torch.from_numpy(logits)).numpy()
    assert (answers.argmax(1) == logits.argmax(1)).all()
    np.testing.assert_allclose(softmax(answers), true, atol=1e-9)
    assert fit_temperature(answers[:2000], labels[:2000]) == pytest.approx(1, abs=0.1)
    assert expected_calibration_error(softmax(answers), labels) < 0.02
    assert expected_calibration_error(softmax(logits), labels) > 0.04


def test_sure_sigmoids_have_finite_logarithms() -> None:
    answers = log_shares(torch.tensor([[-200.0, 40.0], [-90.0, -80.0]]))
    assert answers.isfinite().all() and answers.argmax(1).tolist() == [1, 1]
