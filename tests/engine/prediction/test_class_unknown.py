"""A class whose own name is “unknown”, which among answers says that no class was sure."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ThawError
from engine.events import CorrectionsApplied, Notice, PseudoLabel, SummaryFinished
from engine.prediction.batch import predict
from engine.prediction.classify import Answer, Found
from engine.prediction.corrections.apply import apply_corrections
from engine.prediction.corrections.pack import pack_corrections
from engine.prediction.hierarchy import Hierarchy
from engine.prediction.ledger.deciding import rules_used, use_rules
from engine.prediction.ledger.opening import open_ledger
from engine.prediction.pseudo_labels import pseudo_label
from engine.prediction.rules import CLASS_CALLED_SO, UNKNOWN, classes_in_answers, decide, rules_for
from engine.prediction.sorting.sort import sort
from engine.prediction.summary import summarise_batch
from tests.engine import tiny_model
from tests.engine.prediction.corrections.field import Shot, make_dataset, make_field
from tests.engine.prediction.sorting.made_ledger import names
from tests.engine.prediction.test_walk import make_photo

CLASSES = ("red", "unknown", "blue")


def test_it_has_another_name_among_answers() -> None:
    rules = rules_for(CLASSES, {"unknown": 0.3}, by_class={"red": 0.9})
    assert rules == rules_for(classes_in_answers(CLASSES), {CLASS_CALLED_SO: 0.3}, by_class={"red": 0.9})
    assert rules.needed == (0.9, 0.3, 0.0)
    shares = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], np.float32)
    assert [label for label, _ in decide(rules, shares)] == [UNKNOWN, CLASS_CALLED_SO]
    assert rules_for(CLASSES, {}, by_class={"unknown": 0.7}).needed == (0.0, 0.7, 0.0)
    grouped = rules_for(CLASSES, {}, hierarchy=Hierarchy({"unknown": "rest"}))
    assert grouped.hierarchy and grouped.hierarchy.above(CLASS_CALLED_SO) == ["rest"]


def test_what_cannot_be_told_apart_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="cannot be told apart among answers"):
        rules_for((*CLASSES, CLASS_CALLED_SO), {})
    with pytest.raises(ThawError, match="A group cannot be called “unknown”"):
        rules_for(CLASSES, {}, hierarchy=Hierarchy({"red": "unknown"}))
    with pytest.raises(ThawError, match="no class “unknown”"):
        rules_for(("red", "blue"), {}, by_class={"unknown": 0.5})


def test_it_is_no_doubt_in_tables_sums_and_folders(tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "m.thaw", CLASSES, thresholds={"blue": 1.0}).path
    for name, colour in (("1", "red"), ("2", "lime"), ("3", "blue")):
        make_photo(tmp_path / "photos" / f"{name}.png", colour)
    events = list(predict(model, [tmp_path / "photos"], tmp_path / "out.csv"))
    assert [event.kind for event in events if isinstance(event, Notice)] == ["unknown"]
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["red", CLASS_CALLED_SO, UNKNOWN]
    ledger = tmp_path / "out.thaw-ledger"
    (*_, summed) = summarise_batch(ledger)
    assert isinstance(summed, SummaryFinished) and summed.unknown == 1
    list(sort(ledger, tmp_path / "sorted"))
    assert names(tmp_path / "sorted") == ["_unknown/3.png", "red/1.png", f"{CLASS_CALLED_SO}/2.png"]


def test_pseudo_labels_have_the_models_own_name(tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "m.thaw", CLASSES, thresholds={"blue": 1.0}).path
    for name, colour in (("1", "lime"), ("2", "blue")):
        make_photo(tmp_path / "photos" / f"{name}.png", colour)
    events = pseudo_label(model, tmp_path / "photos")
    assert [(one.path.name, one.label) for one in events if isinstance(one, PseudoLabel)] == [("1.png", "unknown")]


def test_a_ledger_of_before_is_decided_anew_once(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "a.thaw-ledger", tiny_model.make(tmp_path / "m.thaw", CLASSES))
    assert ledger.about.classes == ("red", CLASS_CALLED_SO, "blue")
    shares = np.array([0.1, 0.8, 0.1], np.float32)
    ledger.add([Answer(Found(Path("a.jpg"), 1, 1), shares)], [("unknown", 0.8)])
    ledger.note("rules", "[[0.0, 0.0, 0.0], {}, 0.0]")
    rules = rules_used(ledger)
    assert rules and use_rules(ledger, rules) and not use_rules(ledger, rules)
    assert [one.label for one in ledger.predictions(1)] == [CLASS_CALLED_SO]
    ledger.close()


def test_corrections_take_home_which_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    shots = {"1.jpg": Shot(10, "red", CLASS_CALLED_SO), "2.jpg": Shot(60, "red", UNKNOWN)}
    ledger = make_field(tmp_path, shots, CLASSES)
    list(pack_corrections(ledger, tmp_path / "x.thaw-corrections"))
    data = make_dataset(tmp_path / "data", {"red/1.jpg": 200, "unknown/2.jpg": 210, "blue/3.jpg": 220})
    (*_, done) = apply_corrections(tmp_path / "x.thaw-corrections", data)
    assert isinstance(done, CorrectionsApplied)
    assert (done.classes, done.none, done.unknown) == ((("unknown", 1),), 1, ())
