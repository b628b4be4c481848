"""What is held beside a choice before a run."""

from __future__ import annotations

from typing import Any

import pytest

from engine.config import make_config
from engine.events import Model
from engine.models.short_list import Candidate, candidates


def model(name: str, top1: float | None = 0.7, weights: str = "here", **more: Any) -> Model:
    return Model(name, name, "", "", 1, top1, 224, "fast", None, weights, True, **more)


MODELS = [model("mobilenet_v2", 0.72), model("squeezenet1_0", 0.58), model("resnet18", 0.7, weights="")]


def test_the_other_strategies_and_the_other_models_with_weights_here() -> None:
    config = make_config({"model": "mobilenet_v2", "strategy": "last-blocks"})
    assert candidates(config, MODELS) == (
        Candidate("mobilenet_v2", "feature-extraction"),
        Candidate("mobilenet_v2", "fine-tuning"),
        Candidate("squeezenet1_0", "last-blocks"),
    )


def test_without_weights_only_other_models_are_left_and_what_was_ticked_is_not_carried_over() -> None:
    config = make_config({"model": "resnet18", "strategy": "custom", "trainable": ["fc"]})
    found = candidates(config, MODELS)
    assert found == (Candidate("mobilenet_v2", "feature-extraction"), Candidate("squeezenet1_0", "feature-extraction"))
    assert config.with_changes(**found[0].changes()).trainable is None


@pytest.mark.parametrize(
    "left_out", [model("huge", 0.9, too_large=True), model("own", None), model("absent", 0.9, weights="")]
)
def test_what_cannot_be_run_or_ranked_is_left_out(left_out: Model) -> None:
    assert left_out.name not in {one.model for one in candidates(make_config({}), [*MODELS, left_out])}
