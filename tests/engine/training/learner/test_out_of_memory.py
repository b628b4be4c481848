"""Too little memory parts a batch and an answer; weights, statistics and the mean gradient are as if nothing failed."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine import runs
from engine.config import make_config
from engine.control import Control
from engine.dataset.loader import Batch
from engine.errors import ThawError
from engine.events import RunFinished
from engine.models.build import Classifier
from engine.training.learner import losses
from engine.training.learner.norm_statistics import count_again
from engine.training.learner.out_of_memory import answered, is_out_of_memory, parts_of
from engine.training.learner.step import Learner
from engine.training.learner.teacher import Teacher
from engine.training.loop import Source
from engine.training.run import train
from tests.engine.training.learner.learners import SAID, Narrow, batch, learner
from tests.engine.training.short_run import cut_at, last_of, notices_of, numbers_of, resumed, same, short, step


def learnt(network: Narrow, *sizes: int, **rules: Any) -> tuple[Learner, list[Any]]:
    made = learner(network, **rules)
    taken = [made.step(batch(size, seed), lambda _begun: 0.1) for seed, size in enumerate(sizes)]
    made.update()
    return made, taken


@pytest.mark.parametrize("late", [False, True])
def test_a_batch_that_does_not_fit_learns_in_parts_what_it_would_have_learnt_whole(late: bool) -> None:
    wide, narrow = Narrow(100), Narrow(5, late)
    _, expected = learnt(wide, 16, 16, 7)
    made, taken = learnt(narrow, 16, 16, 7)
    for one, other in zip(narrow.parameters(), wide.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert [(step.right, step.photos) for step in taken] == [(step.right, step.photos) for step in expected]
    assert [step.loss for step in taken] == pytest.approx([step.loss for step in expected])
    assert narrow.seen == [16, 8, 4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 3]  # what was found out is not tried again
    assert len(made.notices) == 2 and "4 at a time" in made.notices[-1].text


def test_statistics_count_the_attempt_that_failed_not_at_all() -> None:
    failed = Narrow(4, late=True, norm=True)
    made, _ = learnt(failed, 8)
    assert made.parts == 2
    first = Narrow(4, norm=True)
    for place in parts_of(8, 2):
        first.first(batch(8).part(place).pixels)
    for one, other in zip(failed.first.buffers(), first.first.buffers(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_resume_goes_on_in_the_same_parts() -> None:
    whole, cut = Narrow(4), Narrow(4)
    made, _ = learnt(whole, 8, 8)
    before, _ = learnt(cut, 8)
    again = Narrow(100)
    again.load_state_dict(cut.state_dict())
    resumed = learner(again)
    resumed.restore(copy.deepcopy(before.state()))
    resumed.step(batch(8, 1), lambda _begun: 0.1)
    assert resumed.parts == made.parts == 2
    assert all(torch.equal(one, other) for one, other in zip(again.parameters(), whole.parameters(), strict=True))


def test_gradients_that_waited_are_given_up_with_the_attempt() -> None:
    """Of two batches that make a step, the second fails: the weights are as before it, and it begins a step anew."""
    network = Narrow(4, late=True)
    made = learner(network, accumulation=2)
    made.step(batch(4), lambda _begun: 0.1)
    before = copy.deepcopy(network.state_dict())
    made.step(batch(8, 1), lambda _begun: 0.1)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    made.update()
    alone = Narrow(100)
    other_learner = learner(alone)
    other_learner.step(batch(8, 1), lambda _begun: 0.1)
    for one, other in zip(network.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_where_not_even_two_fit_it_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="two photos"):
        learnt(Narrow(1), 8)


def test_other_errors_are_not_taken_for_it() -> None:
    assert all(is_out_of_memory(error) for error in SAID)
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="multiplied"):
        learner(Narrow(9)).step(Batch(torch.rand(4, 5), torch.zeros(4, dtype=torch.int64), (0, 1, 2, 3)), lambda _: 0.1)


@pytest.mark.parametrize("photos", [1, 2, 3, 5, 8, 32, 33])
@pytest.mark.parametrize("parts", [1, 2, 4, 64])
def test_parts_cover_a_batch_and_hold_two_photos_at_least(photos: int, parts: int) -> None:
    places = parts_of(photos, parts)
    assert [number for place in places for number in range(photos)[place]] == list(range(photos))
    assert len(places) <= parts
    assert all(place.stop - place.start >= min(2, photos) for place in places)


def test_answers_are_halved_until_they_fit() -> None:
    wide, narrow = Narrow(100).eval(), Narrow(3).eval()
    rows = batch(10).pixels
    with torch.inference_mode():
        answers, most = answered(narrow, rows, 64)
        assert most == 2
        torch.testing.assert_close(answers, wide(rows))
        with pytest.raises(ThawError, match="memory"):
            answered(Narrow(0).eval(), rows, 64)


def test_a_teacher_that_does_not_fit_beside_the_network_answers_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow, wide = Narrow(3), Narrow(100)
    monkeypatch.setattr(Teacher, "_sized", lambda _self, pixels: pixels)
    taught = [Teacher(network, (1, 0), 1, "") for network in (narrow, wide)]  # type: ignore[arg-type]
    for _ in range(2):
        one, other = (teacher.answers(batch(8).pixels) for teacher in taught)
        torch.testing.assert_close(one, other)
    assert narrow.seen == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2], "what was found out is not tried again"


def test_norms_that_are_counted_anew_count_in_parts_where_memory_is_short() -> None:
    narrow, twice = Narrow(4, norm=True), Narrow(100, norm=True)
    list(count_again((narrow.first[1],), source(narrow, [batch(8), batch(8, 1)]), [range(8)] * 2, None, Control()))
    parts = [batch(8, seed).part(place) for seed in (0, 1) for place in parts_of(8, 2)]
    list(count_again((twice.first[1],), source(twice, parts), [range(4)] * 4, None, Control()))
    for one, other in zip(narrow.first.buffers(), twice.first.buffers(), strict=True):
        torch.testing.assert_close(one, other)
    assert narrow.seen == [8, 4, 4, 4, 4] and narrow.first[1].momentum == 0.1
    with pytest.raises(ThawError, match="two photos"):
        list(count_again((narrow.first[1],), source(Narrow(1), [batch(8)]), [range(8)], None, Control()))


def source(module: nn.Module, batches: list[Batch]) -> Source:
    loader: Any = SimpleNamespace(notices=deque(), batches=lambda groups, _view: iter(batches[-len(groups) :]))
    return Source(module, loader)


# --- weights of classes


WEIGHT = torch.tensor([0.3, 2.5])


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("taught", [False, True])
def test_parts_whose_classes_weigh_otherwise_learn_what_the_batch_would(taught: bool, mixed: bool) -> None:
    wide, narrow = Narrow(100), Narrow(3)
    for network in (wide, narrow):
        made = learner(network, **weighted())
        for seed in range(2):
            made.step(marked(batch(9, seed), taught, mixed), lambda _begun: 0.5)
    assert max(narrow.seen) == 9 and narrow.seen[-1] == 3
    for one, other in zip(narrow.parameters(), wide.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_small_batches_that_step_together_weigh_their_classes_as_one_large_one() -> None:
    together, large = Narrow(100), Narrow(100)
    made = learner(together, accumulation=3, **weighted())
    for place in (slice(0, 4), slice(4, 6), slice(6, 9)):
        made.step(batch(9).part(place), lambda _begun: 0.5)
    learner(large, **weighted()).step(batch(9), lambda _begun: 0.5)
    for one, other in zip(together.parameters(), large.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_whole_batch_has_the_bits_of_torchs_weighted_loss() -> None:
    plain, ours = Narrow(100), Narrow(100)
    learner(ours, **weighted()).step(batch(9), lambda _begun: 0.5)
    made = learner(plain)
    made.loss_of = lambda logits, seen: F.cross_entropy(logits, seen.labels, WEIGHT, label_smoothing=0.1)
    made.step(batch(9), lambda _begun: 0.5)
    assert all(torch.equal(one, other) for one, other in zip(ours.parameters(), plain.parameters(), strict=True))


def weighted() -> dict[str, Any]:
    """How a run learns whose classes weigh `WEIGHT`, from a teacher too where it answers."""
    config = make_config({"class_weights": "none", "label_smoothing": 0.1, "distillation_weight": 0.4})
    run: Any = SimpleNamespace(config=config, classes=("a", "b"), classifier=SimpleNamespace(one_vs_all=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses, "class_weight", lambda _run: WEIGHT)
        return {"loss_of": losses.loss_of(run), "weight_of": losses.weight_of(run)}


def marked(plain: Batch, taught: bool, mixed: bool) -> Batch:
    answers = torch.rand(len(plain.numbers), 2, generator=torch.Generator().manual_seed(5))
    return replace(plain, taught=3 * answers if taught else None, targets=answers.softmax(1) if mixed else None)


# --- runs


@pytest.mark.usefixtures("no_model_file")
def test_a_run_whose_steps_fit_and_whose_answers_do_not_answers_in_parts(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real = short(few_photos, epochs=1), Classifier.forward
    list(train(asked, tmp_path / "whole"))

    def narrow(classifier: Classifier, pixels: torch.Tensor) -> Any:
        if not classifier.training and not pixels.is_meta and len(pixels) > 2:
            raise SAID[0]
        return real(classifier, pixels)

    monkeypatch.setattr(Classifier, "forward", narrow)
    events = list(train(asked, tmp_path / "run"))
    assert not notices_of(events, "batch_parted")
    assert "for 2 photos at a time" in notices_of(events, "answers_parted")[0].text
    assert isinstance(events[-1], RunFinished) and same(tmp_path / "run", tmp_path / "whole")
    for one, other in zip(numbers_of(tmp_path / "run"), numbers_of(tmp_path / "whole"), strict=True):
        assert one == pytest.approx(other)
    shares = [[row.probabilities for row in runs.read_predictions(tmp_path / name)] for name in ("run", "whole")]
    assert torch.tensor(shares[0]).allclose(torch.tensor(shares[1]), atol=1e-6)


FORWARD = Classifier.forward


class FullOnce:
    """Stands for a classifier's forward: memory does not suffice for a whole batch of one step."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __get__(self, classifier: Classifier, _owner: type) -> Any:
        def forward(pixels: torch.Tensor) -> Any:
            if torch.is_grad_enabled() and not pixels.is_meta:
                self._left -= 1
                if self._left == 0:
                    raise SAID[0]
            return FORWARD(classifier, pixels)

        return forward


@pytest.mark.usefixtures("no_export")
def test_a_run_whose_batch_does_not_fit_any_more_goes_on_in_parts_and_so_does_a_resume(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first step of the second epoch; when it is resumed there is memory enough."""
    asked = short(few_photos, epochs=2)
    with monkeypatch.context() as patch:
        patch.setattr(Classifier, "forward", FullOnce(3))
        events = list(train(asked, tmp_path / "whole"))
        patch.setattr(Classifier, "forward", FullOnce(3))
        cut_at(asked, tmp_path / "cut", step(2, 1), stop=True)
    assert [notice.kind for notice in notices_of(events, "batch_parted", "answers_parted")] == ["batch_parted"]
    assert runs.read_config(tmp_path / "whole").batch_size == 4
    assert last_of(tmp_path / "cut")["learner"]["parts"] == 2
    resumed(asked, tmp_path / "cut")
    assert same(tmp_path / "whole", tmp_path / "cut")
