"""Averages of the weights: what they are, that they answer and ship, and that frozen stays frozen."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim import swa_utils

from engine import runs
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.dataset.loader import Batch, PhotosAwayError
from engine.events import EpochFinished, Event, FeaturesComputed, Notice
from engine.models.build import build
from engine.models.catalog import find_model
from engine.training import finish
from engine.training import run as run_module
from engine.training.keeping import checkpoint, steady
from engine.training.keeping.proof import write_after
from engine.training.learner.averaging import Average, average_of, shown_tensors
from engine.training.learner.norm_statistics import count_again
from engine.training.loop import Answers, Source
from engine.training.run import train
from engine.training.run_parts import Run
from tests.engine.training.conftest import settled
from tests.engine.training.short_run import cut_at, last_of, same, same_tensors, small_resnet, step


def network() -> nn.Sequential:
    """A frozen layer, a norm that counts, a layer that trains."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    made[0].requires_grad_(False).eval()
    return made


def moved(of: nn.Sequential, by: float) -> None:
    with torch.no_grad():
        for parameter in (*of[1].parameters(), *of[2].parameters()):
            parameter.add_(by)


def tensors(of: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in of.state_dict().items()}


def test_a_moving_average_forgets_its_beginning_fast_and_then_keeps_its_share() -> None:
    made, average = network(), Average(decay=0.5)
    average.track(made)
    wanted = made[2].weight.detach().clone()
    for number in range(12):
        moved(made, 0.1)
        average.after_step()
        share = min(0.5, (1 + number) / (10 + number))
        wanted = share * wanted + (1 - share) * made[2].weight.detach()
    with average.shown():
        torch.testing.assert_close(made[2].weight.detach(), wanted)


def test_epochs_count_the_same_each_once_and_from_the_first_on() -> None:
    made, average = network(), Average(first_epoch=2)
    average.track(made)
    seen = []
    for epoch in (1, 2, 3, 3, 4):
        if epoch == 1 or len(seen) + 1 < epoch:  # the second time 3 is told, nothing has moved
            moved(made, 0.1 * epoch)
        average.after_epoch(epoch)
        if epoch > 1 and len(seen) + 1 < epoch:
            seen.append(made[2].weight.detach().clone())
    assert len(seen) == 3
    with average.shown():
        torch.testing.assert_close(made[2].weight.detach(), torch.stack(seen).mean(0))


@pytest.mark.parametrize("average", [Average(), Average(decay=0.9), Average(first_epoch=1)])
def test_the_weights_that_learn_come_back_to_the_bit_and_frozen_ones_never_leave(average: Average) -> None:
    made = network()
    average.track(made)
    moved(made, 0.3)
    made(torch.rand(5, 3))
    average.after_step()
    average.after_epoch(1)
    moved(made, 0.3)
    before = tensors(made)
    with pytest.raises(ZeroDivisionError), average.shown():
        within = tensors(made)
        list(average.aside(lambda: [assert_learning(made, before)])())  # type: ignore[list-item]
        raise ZeroDivisionError
    assert same_tensors(tensors(made), before)
    frozen = [name for name in before if name.startswith("0.")]
    assert len(frozen) == 2 and all(torch.equal(within[name], before[name]) for name in frozen)
    off = average.state() is None
    assert same_tensors(within, before) == off
    assert same_tensors(dict(shown_tensors(made, average.state())), within)


def assert_learning(made: nn.Module, before: dict[str, Tensor]) -> None:
    assert same_tensors(tensors(made), before)


def test_what_joins_later_was_what_it_was_all_along() -> None:
    """So the average of a run in phases is that of its whole networks."""
    made, average = network(), Average(first_epoch=1)
    made[2].requires_grad_(False)
    average.track(made)
    first = made[2].weight.detach().clone()
    average.after_epoch(1)
    made[2].requires_grad_(True)
    average.track(made)
    moved(made, 1.0)
    average.after_epoch(2)
    with average.shown():
        torch.testing.assert_close(made[2].weight.detach(), first + 0.5)


@pytest.mark.parametrize("kind", [{"decay": 0.9}, {"first_epoch": 1}])
def test_kept_and_taken_back_it_goes_on_to_the_same_bits(kind: dict[str, Any]) -> None:
    whole, resumed = network(), network()
    one, other = Average(**kind), Average(**kind)
    one.track(whole)
    for epoch in (1, 2):
        moved(whole, 0.1)
        one.after_step()
        one.after_epoch(epoch)
    disk = io.BytesIO()
    torch.save({"network": whole.state_dict(), "average": one.state()}, disk)
    saved = torch.load(io.BytesIO(disk.getvalue()), weights_only=True)
    resumed.load_state_dict(saved["network"])
    other.track(resumed)
    other.restore(saved["average"])
    for made, average in ((whole, one), (resumed, other)):
        moved(made, 0.1)
        average.after_step()
        average.after_epoch(3)
    assert same_tensors(shown_tensors(whole, one.state()), shown_tensors(resumed, other.state()))


def test_an_extended_run_averages_its_own_last_part() -> None:
    made, short, longer = network(), Average(first_epoch=2), Average(first_epoch=4)
    for average in (short, longer):
        average.track(made)
    short.after_epoch(2)
    longer.restore(short.state())
    moved(made, 1.0)
    longer.after_epoch(3)
    live = tensors(made)
    assert same_tensors(shown_tensors(made, longer.state()), live)
    longer.after_epoch(4)
    assert same_tensors(shown_tensors(made, longer.state()), live)


class Rows:
    """A loader of random rows."""

    def __init__(self) -> None:
        self.notices: deque[Notice] = deque()

    def batches(self, groups: Sequence[Sequence[int]], augmentation: object = None) -> Iterator[Batch]:
        assert augmentation is None
        for group in groups:
            rows = torch.stack([torch.full((3,), float(number)).sin() + torch.arange(3) for number in group])
            yield Batch(rows, torch.zeros(len(group), dtype=torch.int64), tuple(group))

    def close(self) -> None: ...


def test_statistics_are_counted_as_torch_does_where_norms_train() -> None:
    made, average = network(), Average(first_epoch=1)
    made.append(nn.BatchNorm1d(2).eval().requires_grad_(False))
    groups = [[1, 2, 3], [4, 5, 6, 7]]
    average.track(made)
    moved(made, 0.2)
    average.after_epoch(1)
    with average.shown():
        wanted = network()
        wanted.load_state_dict({name: tensor for name, tensor in tensors(made).items() if name[0] != "3"})
        swa_utils.update_bn((batch.pixels for batch in Rows().batches(groups)), wanted)
        list(count_again(average.norms_to_count, Source(made, Rows()), groups, None, Control()))
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            assert torch.equal(getattr(made[1], name), getattr(wanted[1], name))
    assert made[3].num_batches_tracked == 0 and torch.equal(made[3].running_mean, torch.zeros(2))
    assert made[1].momentum == 0.1 and made[1].num_batches_tracked == 0, "what learns has its own"
    assert Average(decay=0.9).norms_to_count == ()


def test_a_count_is_kept_before_a_pause_waits_for_photos_that_are_away_and_ends_at_a_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, control, kept = network(), Control(), list[int]()

    class Away(Rows):
        def batches(self, groups: Sequence[Sequence[int]], augmentation: object = None) -> Iterator[Batch]:
            if len(groups) == 3:
                yield next(super().batches(groups, augmentation))
                raise PhotosAwayError(Path())
            yield from super().batches(groups, augmentation)

    def keep() -> tuple[Notice, ...]:
        kept.append(int(made[1].num_batches_tracked))
        control.resume()
        return ()

    monkeypatch.setattr(steady, "folder_is_there", lambda _folder: True)
    told = list[str]()
    counting = count_again((made[1],), Source(made, Away()), [[1, 2], [3, 4], [5, 6]], None, control, keep)
    control.pause()
    for notice in counting:
        told.append(notice.kind)
        control.pause()
    assert told == ["photos_away", "photos_back"] and kept == [0, 1] and made[1].num_batches_tracked == 3
    control.stop()
    assert list(count_again((made[1],), Source(made, Rows()), [[1, 2]], None, control)) == []
    assert made[1].num_batches_tracked == 0 and made[1].momentum == 0.1


def test_the_part_of_the_run_says_from_which_epoch() -> None:
    assert [
        average_of(make_config({"epochs": 10, "swa_start": share}))._first_epoch for share in (0.0, 0.75, 0.99)
    ] == [1, 8, 10]


# --- runs


def tiny(data: Path, **changes: Any) -> TrainConfig:
    usual = {"batch_size": 4, "epochs": 3, "seed": 3, "learning_rate": 0.01, "checkpoint_minutes": 1e-9}
    return small_resnet(data, **(usual | changes))


@pytest.mark.usefixtures("no_export")
@pytest.mark.parametrize("kind", [{"ema_decay": 0.8}, {"swa_start": 0.4}])
def test_killed_anywhere_a_run_resumes_to_the_same_weights_and_averages(
    kind: dict[str, float], few_photos: Path, tmp_path: Path
) -> None:
    asked = tiny(few_photos, accumulation=2, **kind)
    list(train(asked, tmp_path / "whole"))
    cut_at(asked, tmp_path / "run", step(1, 1))
    cut_at(asked, tmp_path / "run", step(2, 2), resume=True)
    cut_at(asked, tmp_path / "run", lambda event: isinstance(event, EpochFinished), resume=True)
    list(train(asked, tmp_path / "run", resume=True))
    assert same(tmp_path / "run", tmp_path / "whole")
    last = [last_of(tmp_path / name)["learner"]["average"] for name in ("run", "whole")]
    assert last[0]["count"] == last[1]["count"] > 0 and same_tensors(last[0]["tensors"], last[1]["tensors"])


@pytest.mark.parametrize("kind", [{"ema_decay": 0.5}, {"swa_start": 0.0}])
def test_averages_are_what_is_validated_and_ships_and_frozen_layers_are_proven_unchanged(
    kind: dict[str, float], few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last blocks train from what is kept of the frozen ones; norms train in them. The last epoch is the best."""
    small, shipped = find_model("small_resnet"), dict[str, Answers]()
    torch.save(settled(small, 32).state_dict(), tmp_path / "weights.pth")
    progress_of = run_module._progress

    def ending(run: Run, control: Control, _start: float) -> Iterator[Event]:
        answers = yield from finish._answers(run, control)
        shipped.update(answers)
        yield from write_after(run)

    monkeypatch.setattr(run_module, "close_run", ending)
    monkeypatch.setattr(
        run_module, "_progress", lambda before, *rest: progress_of(replace(before, best_val_accuracy=-1.0), *rest)
    )
    asked = tiny(few_photos, strategy="last-blocks", epochs=2, **kind)
    events = list(train(asked.with_changes(weights=str(tmp_path / "weights.pth")), tmp_path / "run"))
    assert any(isinstance(event, FeaturesComputed) for event in events)
    proof = runs.read_layer_proof(tmp_path / "run").values()
    assert {row.trained for row in proof} == {True, False}
    assert all(row.unchanged == (not row.trained) for row in proof)
    assert shipped["val"].loss == runs.read_history(tmp_path / "run")[-1].val_loss
    last = last_of(tmp_path / "run")
    best = safetensors.torch.load_file(tmp_path / "run" / runs.BEST)
    averaged = last["learner"]["average"]["tensors"]
    assert all(torch.equal(best[name], averaged[name]) for name in averaged)
    assert any(not torch.equal(best[name], last["network"][name]) for name in averaged)
    (tmp_path / "run" / runs.BEST).unlink()  # as where a crash came between the two files
    whole = checkpoint.load(tmp_path / "run", build(small, 2))
    again = safetensors.torch.load_file(tmp_path / "run" / runs.BEST)
    assert whole.progress.best_epoch == 2 and same_tensors(again, best)
