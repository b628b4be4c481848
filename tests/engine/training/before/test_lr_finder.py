"""The finder of a learning rate: what it tells, and that it leaves no trace."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.loader import Batch
from engine.errors import DivergedError, ThawError
from engine.events import EpochFinished, Event, LearningRateFound, Notice, RateTried, RunStarted
from engine.models.catalog import find_model
from engine.training.before import lr_curve
from engine.training.before.lr_finder import find_lr
from engine.training.learner.step import Learner, StepResult
from engine.training.run import train
from tests.engine.training.short_run import same_network, small_resnet
from tests.tiny_photos import make_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), splits=("train", "val"))


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders go in a test; nothing may be left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    yield folder
    assert not list(folder.iterdir()), "left behind"


def settings(data: Path, **changes: Any) -> TrainConfig:
    return small_resnet(data, **({"epochs": 1} | changes))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep of a few steps, where what it says does not matter."""
    monkeypatch.setattr(lr_curve, "LEAST_STEPS", 6)
    monkeypatch.setattr(lr_curve, "MOST_STEPS", 6)


def first_epoch(config: TrainConfig, run_dir: Path) -> None:
    """A run up to its first checkpoint: its end has nothing to do with what is asked here."""
    run = train(config, run_dir)
    assert any(isinstance(event, EpochFinished) for event in run)
    run.close()


def test_a_sweep_tells_each_step_and_a_rate_that_lies_on_it(photos: Path) -> None:
    *tried, found = find_lr(settings(photos))
    steps = [event for event in tried if isinstance(event, RateTried)]
    assert isinstance(found, LearningRateFound) and not any(isinstance(event, RunStarted) for event in tried)
    assert [event.step for event in steps] == list(range(1, found.steps + 1))
    rates = [event.learning_rate for event in steps]
    assert rates == sorted(rates) and rates[0] == pytest.approx(1e-7)
    assert found.learning_rate is not None and 1e-6 < found.learning_rate < rates[-1]
    assert found.usual == pytest.approx(5e-4) and found.phase == "Everything" and found.why.endswith(".")


@pytest.mark.usefixtures("short")
def test_a_run_after_it_is_the_run_without_it(photos: Path, tmp_path: Path) -> None:
    config = settings(photos, head="dropout")
    first_epoch(config, tmp_path / "without")
    torch.manual_seed(99)
    list(find_lr(config))
    first_epoch(config, tmp_path / "after")
    assert same_network(tmp_path / "without", tmp_path / "after")


@pytest.mark.usefixtures("short")
def test_a_frozen_part_is_computed_once_a_photo_and_kept_nowhere(
    photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.dataset import loader  # noqa: PLC0415

    seen: list[int] = []
    real = loader.draw
    monkeypatch.setattr(loader, "draw", lambda *a: seen.append(a[3]) or real(*a))
    config = settings(photos, model="resnet18", strategy="feature-extraction")
    *_, found = find_lr(config, weights_dir=tiny_weights, offline=True)
    assert isinstance(found, LearningRateFound) and found.steps > 24 / 8
    assert len(seen) == len(set(seen)) == 24
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("short")
def test_the_rate_is_that_of_the_setting_where_the_phase_scales_it(
    photos: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def step(_self: Learner, batch: Batch, rate_of: Callable[[int], float]) -> StepResult:
        given.append(rate_of(1))
        return StepResult(1.0, 0, len(batch.numbers))

    monkeypatch.setattr(Learner, "step", step)
    blocks = len(find_model("squeezenet1_0").blocks)
    config = settings(photos, model="squeezenet1_0", strategy="fine-tuning", unfreeze=(1,) * blocks)
    tried = [event for event in find_lr(config, weights_dir=tiny_weights, offline=True) if isinstance(event, RateTried)]
    assert [event.learning_rate for event in tried] == pytest.approx(lr_curve.sweep_rates(3))
    assert given == pytest.approx([rate / 10 for rate in lr_curve.sweep_rates(3)])  # “everything” trains at a tenth


@pytest.mark.usefixtures("short")
def test_a_stop_ends_it_without_an_answer(photos: Path) -> None:
    control, seen = Control(), list[Event]()
    for event in find_lr(settings(photos), control=control):
        seen.append(event)
        if isinstance(event, RateTried) and event.step == 3:
            control.stop()
    assert sum(isinstance(event, RateTried) for event in seen) == 3
    assert not isinstance(seen[-1], LearningRateFound)
    control = Control()
    control.stop()
    assert not any(isinstance(event, RateTried) for event in find_lr(settings(photos), control=control))


def test_a_loss_that_is_no_number_at_once_is_told_in_a_sentence(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(*_: Any) -> None:
        raise DivergedError("no number")

    monkeypatch.setattr(Learner, "step", diverge)
    *_, found = find_lr(settings(photos))
    assert isinstance(found, LearningRateFound) and found.learning_rate is None and found.steps == 0
    assert "keep the strategy's own rate" in found.why


def test_too_few_photos_are_a_sentence(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "few", photos=4, splits=("train", "val"))
    with pytest.raises(ThawError, match="With 8 training photos no learning rate can be told from another"):
        list(find_lr(settings(data)))


@pytest.mark.usefixtures("short")
def test_a_damaged_photo_is_left_out_and_told_once(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", splits=("train", "val"))
    (data / "train" / "blue" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    events = list(find_lr(settings(data)))
    assert [event.kind for event in events if isinstance(event, Notice)] == ["photo_left_out"]
    assert isinstance(events[-1], LearningRateFound)
