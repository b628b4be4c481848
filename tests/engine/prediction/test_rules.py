from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ThawError
from engine.prediction.hierarchy import Hierarchy, read_hierarchy
from engine.prediction.rules import UNKNOWN, Rules, decide, ranked, rules_for
from tests.engine import tiny_model

CLASSES = ("lion", "tiger", "wolf", "fox")
GROUPS = {"lion": "cat", "tiger": "cat", "wolf": "dog", "fox": "dog", "cat": "carnivore", "dog": "carnivore"}


def one(rules: Rules, *shares: float) -> tuple[str, float]:
    ((label, confidence),) = decide(rules, np.array([shares], np.float32))
    return label, round(confidence, 5)


def test_ones_own_threshold_for_a_class_counts_before_all() -> None:
    own = {"red": 0.8, "green": 0.2}
    assert rules_for(tiny_model.CLASSES, own, threshold=0.5).needed == (0.8, 0.5, 0.5)
    assert rules_for(tiny_model.CLASSES, own, threshold=0.5, by_class={"red": 0.1}).needed == (0.1, 0.5, 0.5)


def test_wrong_thresholds_are_a_sentence() -> None:
    for wrong in ({"threshold": 1.5}, {"threshold": float("nan")}, {"by_class": {"red": -1.0}}):
        with pytest.raises(ThawError, match="between 0 and 1"):
            rules_for(tiny_model.CLASSES, {}, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ThawError, match="no class “pink”; it knows red, green, blue"):
        rules_for(tiny_model.CLASSES, {}, by_class={"pink": 0.5})


def test_a_group_is_named_where_no_class_is_sure() -> None:
    rules = Rules(CLASSES, (0.8,) * 4, Hierarchy(GROUPS))
    assert one(rules, 0.9, 0.05, 0.03, 0.02) == ("lion", 0.9)
    assert one(rules, 0.5, 0.45, 0.03, 0.02) == ("cat", 0.95)
    assert one(rules, 0.4, 0.2, 0.35, 0.05) == ("carnivore", 1.0)
    assert one(Rules(CLASSES, (0.8,) * 4, Hierarchy({"lion": "cat", "tiger": "cat"})), 0.4, 0.2, 0.35, 0.05) == (
        UNKNOWN,
        0.4,
    )


def test_a_group_needs_to_be_likelier_than_not_even_where_nothing_is_asked_of_classes() -> None:
    rules = Rules(CLASSES, (0.45, 0.0, 0.0, 0.0), Hierarchy({"lion": "cat", "tiger": "cat"}))
    assert one(rules, 0.4, 0.05, 0.3, 0.25) == (UNKNOWN, 0.4)


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=4, max_size=4), min_size=1, max_size=20), st.floats(0, 1))
def test_a_label_is_never_below_what_it_needs(weights: list[list[float]], needed: float) -> None:
    shares = np.array(weights, np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    decided = decide(Rules(CLASSES, (needed,) * 4, Hierarchy(GROUPS)), shares)
    for row, (label, confidence) in zip(shares, decided, strict=True):
        if label in CLASSES:
            assert label == CLASSES[int(row.argmax())]
        elif label == UNKNOWN:
            assert row.max() < np.float32(needed)
        else:
            assert confidence >= needed > row.max() - 1e-6


def test_ranked_is_best_first_and_of_equals_the_first() -> None:
    assert ranked(CLASSES, np.array([0.25, 0.5, 0.25, 0], np.float32), 3) == (
        ("tiger", 0.5),
        ("lion", 0.25),
        ("wolf", 0.25),
    )


def test_groups_are_read_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("\ufeffClass,group,note\nlion, cat ,x\n\ntiger,cat,\ncat,carnivore,\nfox,,\n", encoding="utf-8")
    assert read_hierarchy(path).group_of == {"lion": "cat", "tiger": "cat", "cat": "carnivore"}
    path.write_text("class,group\nka\u0308fer,tie\u0301r\n", encoding="utf-8")  # as some systems write accents
    assert read_hierarchy(path).group_of == {"käfer": "tiér"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no such table"),
        ("species,genus\nlion,cat\n", "first line must be"),
        ("class,group\nlion\n", "first line must be"),
        ("class,group\nlion,cat\ncat,lion\n", "leads back to itself"),
        ("class,group\nlion,lion\n", "leads back to itself"),
    ],
)
def test_a_wrong_table_of_groups_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(ThawError, match=said):
        read_hierarchy(tmp_path / "groups.csv")
    with pytest.raises(ThawError, match="cannot be read"):
        read_hierarchy(tmp_path / "absent.csv")


def test_groups_that_do_not_fit_the_model_are_a_sentence() -> None:
    with pytest.raises(ThawError, match="No class of the model is in one of the groups"):
        rules_for(tiny_model.CLASSES, {}, hierarchy=Hierarchy({"lion": "cat"}))
    with pytest.raises(ThawError, match="“red” is a class of the model and also a group"):
        rules_for(tiny_model.CLASSES, {}, hierarchy=Hierarchy({"green": "red"}))
