"""A learning rate that falls when validation stops improving."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TrainConfig, make_config
from engine.events import Notice
from engine.models.catalog import find_model
from engine.models.strategies import find_strategy
from engine.training.keeping.checkpoint import Progress
from engine.training.loop import Answers
from engine.training.phases import after_epoch
from engine.training.run import train
from tests.engine.training.short_run import epochs_of, same_network, stopped_after

SMALL = find_model("small_resnet")


def settings(**changes: object) -> TrainConfig:
    return make_config({"model": "small_resnet", "schedule": "plateau", "plateau_epochs": 2} | changes)


def after(config: TrainConfig, improved: list[bool], strategy: str, start: Progress | None = None) -> Progress:
    progress, row = start or Progress(), find_strategy(strategy)
    for epoch in range(progress.epoch + 1, len(improved) + 1):
        best = epoch if improved[epoch - 1] else progress.best_epoch
        progress = after_epoch(config, SMALL, row, replace(progress, epoch=epoch, best_epoch=best))
    return progress


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 4), st.integers(0, 30))
def test_a_drop_waits_for_the_plateau_and_a_resume_decides_the_same(
    improved: list[bool], plateau: int, stop: int
) -> None:
    config = settings(epochs=len(improved), plateau_epochs=plateau)
    whole = after(config, improved, "from-scratch")
    for drop in whole.rate_drops:
        assert not any(improved[drop - 1 - plateau : drop - 1]), "it had improved"
    assert all(b - a >= plateau for a, b in zip((1, *whole.rate_drops), whole.rate_drops, strict=False))
    stopped = after(config, improved[:stop], "from-scratch")
    kept = Progress(**json.loads(json.dumps(vars(stopped))))
    assert tuple(after(config, improved, "from-scratch", kept).rate_drops) == whole.rate_drops


def test_never_improving_it_drops_again_and_again_but_not_for_what_never_comes() -> None:
    assert after(settings(epochs=7), [True] + [False] * 6, "from-scratch").rate_drops == (4, 6)
    assert after(settings(epochs=7, schedule="cosine"), [True] + [False] * 6, "from-scratch").rate_drops == ()


def test_a_phase_with_a_schedule_of_its_own_waits_anew() -> None:
    """Of ten epochs the head has two."""
    assert after(settings(epochs=10), [True] + [False] * 9, "fine-tuning").rate_drops == (5, 7, 9)


def test_blocks_that_wait_come_first() -> None:
    config = settings(epochs=12, unfreeze_when="saturation", unfreeze_patience=2)
    progress = after(config, [True] + [False] * 11, "progressive")
    assert progress.stage_epochs == (1, 4, 6, 8, 10) and progress.rate_drops == (12,)


@pytest.mark.usefixtures("no_export")
def test_a_run_says_so_and_resumes_to_the_same_weights(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "accuracy", 0.5)
    monkeypatch.setattr(Answers, "loss", 1.0)
    config = settings(
        data=few_photos, strategy="from-scratch", epochs=4, plateau_epochs=1, batch_size=4, warmup_epochs=0,
        device="cpu", threads=1, rate_factor=0.5, learning_rate=0.01, accumulation=2, clip_norm=0.1, l1=0.001,
        optimizer="lamb",
    )  # fmt: skip
    events = list(train(config, tmp_path / "whole"))
    assert [epoch.learning_rate for epoch in epochs_of(events)] == [0.01, 0.01, 0.005, 0.0025]
    assert [e.text for e in events if isinstance(e, Notice) and e.kind == "rate_lowered"] == [
        "Validation has not improved for an epoch: the learning rate is multiplied by 0.5."
    ] * 2
    stopped_after(2, config, tmp_path / "run")
    list(train(config, tmp_path / "run", resume=True))
    assert same_network(tmp_path / "run", tmp_path / "whole")
