from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.config import TrainConfig, make_config
from engine.errors import ConfigError, ThawError
from engine.models.short_list import Candidate
from engine.models.side_by_side import pairs, settings_of, usual
from engine.models.strategies import STRATEGIES


def config(**settings: Any) -> TrainConfig:
    return make_config({"data": Path("/photos"), "epochs": 4, **settings})


def test_what_needs_no_earlier_run_is_usual() -> None:
    found = usual(config())
    assert set(STRATEGIES) - set(found) == {"from-scratch", "continue", "custom"}
    assert usual(config(model="small_resnet")) == ("from-scratch",), "it has no weights to start from"


def test_models_and_strategies_make_pairs() -> None:
    assert pairs(config(), ("fine-tuning", "from-scratch", "fine-tuning"), ()) == (
        Candidate("mobilenet_v2", "fine-tuning"), Candidate("mobilenet_v2", "from-scratch"),
    )  # fmt: skip
    assert [pair.model for pair in pairs(config(), (), ("lenet5", "small_resnet"))] == ["lenet5", "small_resnet"]
    assert len(pairs(config(), ("fine-tuning", "last-blocks"), ("resnet18", "mobilenet_v2"))) == 4


@pytest.mark.parametrize(
    ("strategies", "models", "said"),
    [
        (("fine-tuning",), (), "only one run"),
        ((), ("small_resnet",), "only one run"),
        (("fine-tuning", "continue"), (), "earlier run"),
        (("fine-tuning", "custom"), (), "trainable"),
        (("fine-tuning", "none"), (), "no strategy named “none”"),
        ((), ("lenet5", "letnet"), "no model named “letnet”"),
    ],
)
def test_what_cannot_be_held_beside_others_is_refused(
    strategies: tuple[str, ...], models: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ThawError, match=said):
        pairs(config(), strategies, models)


def test_ticked_layers_belong_to_their_model() -> None:
    ticked = config(strategy="custom", trainable=("classifier.1",))
    assert len(pairs(ticked, ("custom", "fine-tuning"), ())) == 2
    with pytest.raises(ConfigError):
        pairs(ticked, ("custom",), ("resnet18", "mobilenet_v2"))


def test_only_what_belongs_to_the_other_choice_gives_way() -> None:
    asked = config(strategy="custom", trainable=("classifier.1",), unfreeze=(1,), weights="mine.pth", seed=5, epochs=9)
    assert settings_of(asked, Candidate("mobilenet_v2", "custom")) == asked
    other = settings_of(asked, Candidate("mobilenet_v2", "fine-tuning"))
    assert other == asked.with_changes(strategy="fine-tuning", trainable=None, unfreeze=None)
    assert settings_of(asked, Candidate("resnet18", "fine-tuning")).weights is None
