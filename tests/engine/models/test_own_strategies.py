"""Strategies of one's own: kept as files, and named where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TrainConfig, make_config
from engine.errors import ConfigError, ThawError
from engine.models import own_strategies
from engine.models.own_strategies import (
    OwnStrategy,
    delete_own,
    expanded,
    find_own,
    list_own,
    make_own,
    name_for,
    save_own,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THAW_STRATEGIES_DIR", str(tmp_path / "strategies"))
    return tmp_path / "strategies"


def config(**changes: object) -> TrainConfig:
    base = {"data": "photos", "model": "lenet5", "strategy": "custom", "trainable": ("fc1", "fc2")}
    return make_config(base | changes)


def test_what_is_saved_is_found_and_trained_with() -> None:
    own = make_own("Last two, no norms", config(unfreeze=(0, 0, 2, 1), block_lr_ratio=0.1, norm_affine="frozen"))
    save_own(own)
    assert own.name == "last-two-no-norms"
    assert find_own("last-two-no-norms") == own and list_own() == ((own,), ())
    asked = expanded(config(strategy="last-two-no-norms", trainable=None, epochs=7))
    assert (asked.strategy, asked.trainable, asked.unfreeze) == ("custom", ("fc1", "fc2"), (0, 0, 2, 1))
    assert (asked.block_lr_ratio, asked.norm_affine, asked.epochs) == (0.1, "frozen", 7)
    delete_own(own.name)
    assert list_own() == ((), ())
    with pytest.raises(ThawError, match="no strategy of your own"):
        delete_own(own.name)


def test_thaws_own_strategies_are_left_as_they_are() -> None:
    assert expanded(config(strategy="fine-tuning")) == config(strategy="fine-tuning")


def test_a_name_is_taken_once_and_never_from_thaw() -> None:
    own = make_own("Mine", config())
    save_own(own)
    with pytest.raises(ThawError, match="already"):
        save_own(own)
    save_own(own.model_copy(update={"title": "Mine, better"}), replace=True)
    assert find_own("mine").title == "Mine, better"
    with pytest.raises(ThawError, match="one of Thaw's"):
        save_own(make_own("Fine tuning", config()))
    with pytest.raises(ConfigError, match="name"):
        make_own("…", config())


def test_an_unknown_name_lists_what_there_is() -> None:
    save_own(make_own("Mine", config()))
    for name in ("magic", "../mine"):
        with pytest.raises(ThawError, match=r"feature-extraction.*custom, mine"):
            find_own(name)


def test_another_model_is_named() -> None:
    save_own(make_own("Mine", config()))
    with pytest.raises(ThawError, match="made for the model lenet5, not small_resnet"):
        expanded(config(strategy="mine", model="small_resnet"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "mine"\ntitle = "x"\nmodel = "lenet5"\ntrainable = []\nspeed = 3', "a key “speed” that there is not"),
        ('name = "mine"\ntitle = "x"\ntrainable = []', "lacks the key “model”"),
        ('name = "mine"\ntitle = "x"\nmodel = "a"\ntrainable = []\nblock_lr_ratio = 7', "wrong value for “block_lr_"),
        ('name = "mine"\ntitle = "x"\nmodel = "a"\ntrainable = []\nunfreeze = [-1]', "wrong value for “unfreeze”"),
        ('name = "yours"\ntitle = "x"\nmodel = "a"\ntrainable = []', "named “yours” within"),
        ("name = = 3", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_a_sentence_that_names_it(text: str, words: str, folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.toml").write_text(text)
    with pytest.raises(ThawError, match=words):
        find_own("mine")
    found, told = list_own()
    assert not found and len(told) == 1 and "mine.toml" in told[0]


@given(st.text(max_size=100))
def test_a_name_is_a_file_name_that_is_found_again(title: str) -> None:
    name = name_for(title)
    if name:
        own = OwnStrategy(name=name, title=title, model="lenet5", trainable=("fc2",))
        assert "/" not in name and "." not in name and name_for(name) == name
        assert own_strategies.OwnStrategy(**own.model_dump()) == own
