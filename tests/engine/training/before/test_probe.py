from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.training.before.probe import FOLDS, _stratified, cross_validate


def labels(classes: int, each: int) -> Tensor:
    return torch.arange(classes).repeat_interleave(each)


def test_separable_features_are_told_apart() -> None:
    y = labels(3, 20)
    noise = torch.randn(60, 40, generator=torch.Generator().manual_seed(1))
    probe = cross_validate(torch.nn.functional.one_hot(y, 40) * 20 + noise, y)
    assert probe is not None
    assert probe.accuracy == 1.0
    assert probe.chance == pytest.approx(1 / 3)
    assert probe.photos == 60


def test_random_features_are_near_chance_however_many_they_are() -> None:
    """With more features than photos any labels can be learned by heart: only unseen photos may count."""
    y = labels(4, 50)
    probe = cross_validate(torch.randn(200, 600, generator=torch.Generator().manual_seed(2)), y)
    assert probe is not None
    assert abs(probe.accuracy - 0.25) < 0.12  # four standard errors


def test_the_answer_does_not_depend_on_the_features_scale_and_offset() -> None:
    y = labels(3, 30)
    x = torch.randn(90, 20, generator=torch.Generator().manual_seed(3))
    x[:, 0] += y
    small, large = cross_validate(x, y), cross_validate(x * 500 + 3, y)
    assert small is not None and large is not None
    assert abs(small.accuracy - large.accuracy) < 0.03


def test_folds_are_even_and_hold_every_class() -> None:
    y = torch.cat([labels(3, 7), torch.tensor([0] * 11)])
    fold_of = _stratified(y, FOLDS, seed=0)
    assert max(torch.bincount(fold_of)) - min(torch.bincount(fold_of)) <= 1
    for fold in range(FOLDS):
        assert set(y[fold_of == fold].tolist()) == {0, 1, 2}


def test_a_class_of_one_photo_is_left_out() -> None:
    y = torch.tensor([0] * 10 + [1] * 10 + [2])
    x = torch.randn(21, 5, generator=torch.Generator().manual_seed(4))
    probe = cross_validate(x, y)
    assert probe is not None and probe.photos == 20
    assert cross_validate(x[10:], y[10:]) is None  # one class is left
