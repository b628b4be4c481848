"""One step: batches that make one step together, the L1 penalty, and gradients that are shortened."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.dataset.loader import Batch
from engine.errors import ThawError
from engine.training.learner.step import Learner
from tests.engine.training.learner.learners import batch, learner, two_layers


def joined(*batches: Batch) -> Batch:
    pixels, labels = torch.cat([b.pixels for b in batches]), torch.cat([b.labels for b in batches])
    return Batch(pixels, labels, tuple(range(len(labels))))


def taught(**rules: Any) -> Learner:
    return learner(two_layers(), **rules)


def weights(of: Learner) -> list[Tensor]:
    return [copy.deepcopy(parameter.detach()) for parameter in of.module.parameters()]


def learn(of: Learner, *batches: Batch) -> list[Tensor]:
    for each in batches:
        of.step(each, lambda _begun: 0.1)
    of.update()
    return weights(of)


@pytest.mark.parametrize("sizes", [(4, 4), (4, 4, 2), (4, 2, 3), (2,), (4, 4, 4, 4)])
def test_batches_that_make_a_step_together_step_as_one_large_batch(sizes: tuple[int, ...]) -> None:
    batches = [batch(size, seed) for seed, size in enumerate(sizes)]
    large = [joined(*batches[place : place + 2]) for place in range(0, len(batches), 2)]
    for one, other in zip(learn(taught(accumulation=2), *batches), learn(taught(), *large), strict=True):
        torch.testing.assert_close(one, other)


def test_weights_move_at_the_last_batch_of_a_step_only() -> None:
    made = taught(accumulation=3)
    before = weights(made)
    for seed in range(2):
        made.step(batch(4, seed), lambda _begun: 0.1)
    assert all(map(torch.equal, before, weights(made)))
    made.step(batch(4, 2), lambda _begun: 0.1)
    moved = weights(made)
    assert not any(map(torch.equal, before, moved))
    made.update()
    assert all(map(torch.equal, moved, weights(made))), "nothing was left to step by"


@pytest.mark.parametrize("done", [1, 2, 3, 4])
def test_kept_between_the_batches_of_a_step_it_goes_on_to_the_same_bits(done: int) -> None:
    batches = [batch(4, seed) for seed in range(5)]
    whole, first, second = (taught(accumulation=3, clip_norm=0.05) for _ in range(3))
    for each in batches[:done]:
        first.step(each, lambda _begun: 0.1)
    disk = io.BytesIO()
    torch.save({"network": first.network.state_dict(), "learner": first.state()}, disk)
    saved = torch.load(io.BytesIO(disk.getvalue()), weights_only=True)
    second.network.load_state_dict(saved["network"])
    second.restore(saved["learner"])
    assert all(map(torch.equal, learn(second, *batches[done:]), learn(whole, *batches)))


@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_l1_penalty_pulls_weights_and_leaves_biases(accumulation: int) -> None:
    batches = [batch(4, 1)] * accumulation
    rules = {"accumulation": accumulation}
    start, plain, pulled = (
        weights(taught()),
        learn(taught(**rules), *batches),
        learn(taught(l1=0.5, **rules), *batches),
    )
    for before, without, with_l1 in zip(start, plain, pulled, strict=True):
        wanted = without - 0.1 * 0.5 * before.sign() if before.ndim > 1 else without
        torch.testing.assert_close(with_l1, wanted)


def test_a_gradient_is_shortened_to_the_norm_and_a_shorter_one_is_left() -> None:
    start = weights(taught())

    def length(moved: list[Tensor]) -> float:
        return float(torch.cat([(a - b).flatten() for a, b in zip(moved, start, strict=True)]).norm()) / 0.1

    free = length(learn(taught(), batch(4, 1)))
    assert length(learn(taught(clip_norm=free / 3), batch(4, 1))) == pytest.approx(free / 3, rel=1e-4)
    same = zip(learn(taught(clip_norm=free * 3), batch(4, 1)), learn(taught(), batch(4, 1)), strict=True)
    assert all(torch.equal(one, other) for one, other in same)


def test_a_loss_that_is_no_number_is_said() -> None:
    broken = batch(4, 1)
    broken.pixels[0, 0] = float("nan")
    with pytest.raises(ThawError, match="no longer a number"):
        taught().step(broken, lambda _begun: 0.1)
