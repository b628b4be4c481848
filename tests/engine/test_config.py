"""Settings are declared once, and a wrong one is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TrainConfig, from_toml, make_config, parse_assignment, to_toml
from engine.config.augmentations import PRESETS, preset_of, why_wrong
from engine.errors import ConfigError


@given(
    st.builds(
        TrainConfig,
        data=st.just("/photos/ä"),
        epochs=st.integers(1, 10_000),
        learning_rate=st.none() | st.floats(1e-6, 1.0),
        trainable=st.none() | st.tuples(st.text("abc.1", min_size=1)),
        optimizer=st.sampled_from(["adamw", "sgd"]),
        channels_last=st.none() | st.booleans(),
    )
)
def test_toml_gives_back_what_was_written(config: TrainConfig) -> None:
    assert from_toml(to_toml(config)) == config


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ConfigError, match="epoch”") as caught:
        make_config({"data": "x", "epoch": 3})
    assert list(caught.value.fields) == ["epoch"]


def test_every_wrong_value_is_named_with_its_reason() -> None:
    with pytest.raises(ConfigError) as caught:
        make_config({"data": "x", "epochs": 0, "optimizer": "adm", "learning_rate": float("inf")})
    assert set(caught.value.fields) == {"epochs", "optimizer", "learning_rate"}
    assert "greater than or equal to 1, not 0" in caught.value.fields["epochs"]


def test_no_toml_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"run/config\.toml cannot be read as TOML"):
        from_toml("epochs = = 3", "run/config.toml")


def test_every_setting_explains_itself() -> None:
    for name, field in TrainConfig.model_fields.items():
        assert field.title and field.description and field.description.endswith("."), name
        assert isinstance(field.json_schema_extra, dict) and {"unit", "advanced"} <= set(field.json_schema_extra)


def test_a_changed_copy_is_checked_again() -> None:
    with pytest.raises(ConfigError):
        TrainConfig().with_changes(batch_size=0)
    assert TrainConfig().with_changes(batch_size=8).batch_size == 8


@pytest.mark.parametrize(
    ("text", "pair"),
    [("epochs=3", ("epochs", 3)), ("optimizer=sgd", ("optimizer", "sgd")), ("lr = 1e-3", ("lr", 1e-3))],
)
def test_assignments(text: str, pair: tuple[str, object]) -> None:
    assert parse_assignment(text) == pair


def test_an_assignment_without_equals_is_refused() -> None:
    with pytest.raises(ConfigError):
        parse_assignment("epochs")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"nesterov": True}, "choose the optimizer SGD"),
        ({"nesterov": True, "optimizer": "adamw"}, "choose the optimizer SGD"),
        ({"nesterov": True, "optimizer": "sgd", "momentum": 0}, "needs momentum"),
        ({"ema_decay": 0.99, "swa_start": 0.5}, "leave one of them empty"),
        ({"schedule": "plateau", "patience": 2}, "would stop after 2 epochs"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_in_a_sentence(
    values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        make_config(values)
    assert str(caught.value).count(". ") == 0 and str(caught.value).endswith(".")


def test_every_preset_of_augmentation_can_be_chosen_and_no_other() -> None:
    assert set(TrainConfig.model_json_schema()["properties"]["augmentation"]["enum"]) == set(PRESETS)
    for preset in PRESETS.values():
        assert not why_wrong(preset.strengths) and preset.sentence.endswith(".")


def test_own_strengths_are_a_table_in_toml_and_on_the_command_line() -> None:
    config = TrainConfig(augmentation="standard", augmentation_strengths={"rotation": 20.0})
    assert "[augmentation_strengths]\nrotation = 20.0" in to_toml(config)
    assert from_toml(to_toml(config)) == config
    assert parse_assignment("augmentation_strengths={rotation=20}")[1] == {"rotation": 20}
    preset = preset_of(config.augmentation, config.augmentation_strengths)
    assert preset.strength("rotation") == 20 and preset.strength("crop") == PRESETS["standard"].strength("crop")


@pytest.mark.parametrize(
    ("strengths", "sentence"),
    [
        ({"mirror": 1}, "no operation “mirror”; there are crop, "),
        ({"hue": 181}, "from 0 to 180 for hue"),
        ({"blur": -1}, "from 0 to 0.03 for blur"),
    ],
)
def test_a_wrong_strength_is_named(strengths: dict[str, float], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        make_config({"augmentation_strengths": strengths})
    assert list(caught.value.fields) == ["augmentation_strengths"]


def test_a_setting_that_has_an_effect_only_with_another_names_one_that_there_is() -> None:
    for name, field in TrainConfig.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict) and extra["empty"] in ("automatic", "off"), name
        if "only" in extra:
            other, values = extra["only"]
            for value in values:  # raises where it is none
                make_config({other: value})


def test_a_batch_of_one_is_refused_and_what_was_asked_with_it_stays_readable() -> None:
    """Batch norm cannot train on one photo, so all but the last two of an epoch were left out."""
    with pytest.raises(ConfigError, match=r"Batch size.*greater than or equal to 2, not 1"):
        make_config({"batch_size": 1})
    assert from_toml("batch_size = 1\nepochs = 3") == make_config({"batch_size": 2, "epochs": 3})
