from __future__ import annotations

import dataclasses

import pytest

from engine.config import TrainConfig
from engine.errors import ThawError
from engine.events import Model
from engine.models import advice
from engine.models.advice import SCRATCH_ROWS, TABLE, choose_model, epochs_of, find_row, similarity, without_weights
from engine.models.strategies import STRATEGIES


def model(name: str, top1: float, rate: float | None, weights: str = "here", official: bool = True) -> Model:
    speed = "fast" if rate and rate > 100 else "slow"
    return Model(name, name, "", "", 1000, top1, 224, speed, rate, weights, official)


@pytest.mark.parametrize(
    ("photos", "alike", "strategy"),
    [
        (40, 0.9, "feature-extraction"),
        (40, 0.4, "last-blocks"),
        (2000, 0.9, "fine-tuning"),
        (2000, 0.4, "discriminative"),
        (40, None, "feature-extraction"),
        (2000, None, "fine-tuning"),
    ],
)
def test_the_table_answers_size_and_similarity(photos: int, alike: float | None, strategy: str) -> None:
    assert find_row(photos, alike).strategy == strategy


def test_every_cell_is_there_once_and_names_rows_that_exist() -> None:
    cells = [(row.size, row.likeness) for row in TABLE]
    assert sorted(cells) == sorted((s, k) for s in ("small", "large") for k in ("similar", "different", "unknown"))
    augmentations = TrainConfig.model_json_schema()["properties"]["augmentation"]["enum"]
    for row in (*TABLE, *SCRATCH_ROWS.values()):
        assert row.strategy in STRATEGIES
        assert row.augmentation in augmentations
        assert 1 <= row.least_epochs <= row.most_epochs


def test_only_few_photos_unlike_the_source_ask_for_more_of_them() -> None:
    assert [(row.size, row.likeness) for row in TABLE if row.self_training] == [("small", "different")]


def test_the_limits_belong_to_the_upper_side() -> None:
    assert find_row(advice.LARGE_FROM, advice.SIMILAR_FROM).strategy == "fine-tuning"
    assert find_row(advice.LARGE_FROM - 1, advice.SIMILAR_FROM - 0.001).strategy == "last-blocks"


def test_similarity_is_what_features_add_to_the_baseline() -> None:
    assert similarity(0.9, 0.5) == pytest.approx(0.8)
    assert similarity(0.4, 0.5) == 0.0
    assert similarity(1.0, 1.0) == 1.0


def test_epochs_give_the_steps_within_bounds() -> None:
    row = find_row(40, 0.9)  # 150 steps of 32 photos, 5 to 30 epochs
    assert epochs_of(row, 480) == 10
    assert epochs_of(row, 10) == row.most_epochs
    assert epochs_of(row, 100_000) == row.least_epochs


def test_the_most_accurate_model_that_is_quick_enough_is_chosen() -> None:
    models = (model("light", 0.6, 300.0), model("good", 0.8, 60.0), model("absent", 0.9, 200.0, weights=""))
    few, many = 500, 50_000
    assert choose_model(models, few, cores=2) == models[1]
    assert choose_model(models, many, cores=2) == models[0]  # both take too long: the faster
    assert choose_model(models, many, cores=None) == models[1]  # a GPU
    assert choose_model(models[2:], few, cores=2) is None


def test_a_model_that_was_never_measured_counts_as_slow() -> None:
    models = (model("unknown", 0.9, None), model("light", 0.6, 300.0))
    assert choose_model(models, 500, cores=2) == models[1]
    assert choose_model(models[:1], 500, cores=2) == models[0]


def test_multiply_adds_stand_in_for_a_speed_that_was_not_measured() -> None:
    light, heavy = (
        dataclasses.replace(model(name, top1, None), flops=flops)
        for name, top1, flops in (("light", 0.6, 10**8), ("heavy", 0.9, 2 * 10**10))
    )
    assert choose_model((light, heavy), 2000, cores=2) == light
    assert choose_model((light, heavy), 20, cores=2) == heavy
    too_large = dataclasses.replace(heavy, too_large=True)  # it cannot become a model file
    assert choose_model((light, too_large), 20, cores=2) == light


def test_without_weights_the_best_of_the_fast_is_to_be_fetched() -> None:
    models = (model("heavy", 0.9, 10.0, ""), model("a", 0.6, 200.0, ""), model("b", 0.7, 200.0, ""))
    assert without_weights(models).name == "b"
    with pytest.raises(ThawError, match="No model"):
        without_weights((model("own", 0.5, 200.0, "", official=False),))


def test_two_sentences_say_what_was_measured_and_why() -> None:
    first, second = advice.sentences(find_row(40, 0.9), 40, 0.93, 200, "similar")
    assert "40 training photos per class" in first and "93\u202f%" in first and "200 photos" in first
    assert second == find_row(40, 0.9).reason
    assert "was not measured" in advice.sentences(find_row(40, None), 40, None, 0, "unknown")[0]
