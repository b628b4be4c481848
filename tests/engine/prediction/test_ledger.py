from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LedgerError
from engine.model_file import ModelFile
from engine.photo_facts import PhotoFacts
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.deciding import use_rules, vote
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.opening import open_ledger, read_ledger
from engine.prediction.rules import Rules
from tests.engine import tiny_model

SURE = np.array([0.9, 0.05, 0.05], np.float32)
UNSURE = np.array([0.4, 0.35, 0.25], np.float32)


@pytest.fixture
def model(tmp_path: Path) -> ModelFile:
    return tiny_model.make(tmp_path / "m.thaw")


@pytest.fixture
def ledger(model: ModelFile, tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "a.thaw-ledger", model)
    yield opened
    opened.close()


def found(name: str, size: int = 10, modified: int = 5) -> Found:
    return Found(Path("photos") / name, size, modified)


def add(ledger: Ledger, *answers: Answer) -> None:
    ledger.add(answers, [("", 0.0) if one.error else ("red", 0.5) for one in answers])


def test_what_was_added_is_read_back_in_order_and_whole(ledger: Ledger) -> None:
    facts = PhotoFacts("2024-05-03T14:22:01", "Cam", 1.5, -2.5)
    odd = os.fsdecode(b"caf\xe9.jpg") if os.name != "nt" else "café.jpg"
    add(ledger, Answer(found(odd), SURE, "", facts, "ab"), Answer(found("b.jpg"), None, "Damaged."))
    first, second = ledger.predictions(2)
    assert (first.path, first.label, first.confidence) == (Path("photos") / odd, "red", 0.5)
    assert first.top == (("red", float(SURE[0])), ("green", float(SURE[1])))
    assert (first.size, first.taken, first.camera, first.latitude, first.longitude, first.sha256) == (
        10, "2024-05-03T14:22:01", "Cam", 1.5, -2.5, "ab",
    )  # fmt: skip
    assert (second.error, second.label, second.top) == ("Damaged.", "", ())


def test_a_file_is_known_by_path_size_and_time_and_a_failed_one_is_not(ledger: Ledger) -> None:
    add(ledger, Answer(found("a.jpg"), SURE), Answer(found("b.jpg"), None, "Damaged."))
    assert ledger.has_answer(found("a.jpg"))
    assert ledger.has_answer(Found(Path("photos/../photos/./a.jpg"), 10, 5))
    assert ledger.has_answer(Found(Path.cwd() / "photos" / "a.jpg", 10, 5))
    for other in (found("a.jpg", size=11), found("a.jpg", modified=6), found("c.jpg"), found("b.jpg")):
        assert not ledger.has_answer(other)


def test_the_same_photo_is_one_row_that_keeps_its_place(ledger: Ledger) -> None:
    add(ledger, Answer(found("a.jpg"), SURE), Answer(found("b.jpg"), SURE))
    assert not ledger.changed_rows
    add(ledger, Answer(found("a.jpg", modified=99), SURE))
    assert ledger.changed_rows
    assert [one.path.name for one in ledger.predictions(1)] == ["a.jpg", "b.jpg"]
    assert ledger.has_answer(found("a.jpg", modified=99)) and not ledger.has_answer(found("a.jpg"))


def test_only_what_was_committed_is_there_for_others(ledger: Ledger) -> None:
    add(ledger, Answer(found("a.jpg"), SURE))
    other = read_ledger(ledger.path)
    assert other.count() == 0
    ledger.commit()
    assert other.count() == 1
    other.close()


def test_other_rules_decide_anew_without_the_network(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.prediction.ledger.deciding.ROWS_AT_A_TIME", 2)
    add(ledger, *(Answer(found(f"{n}.jpg"), UNSURE if n % 2 else SURE) for n in range(5)))
    add(ledger, Answer(found("bad.jpg"), None, "Damaged."))
    rules = Rules(("red", "green", "blue"), (0.5, 0.0, 0.0))
    assert use_rules(ledger, rules)
    assert not use_rules(ledger, rules)
    told = [(one.label, round(one.confidence, 6)) for one in ledger.predictions(1)]
    assert told == [("red", 0.9), ("unknown", 0.4), ("red", 0.9), ("unknown", 0.4), ("red", 0.9), ("", 0.0)]


def at(name: str, second: int, shares: np.ndarray, camera: str = "Cam") -> Answer:
    return Answer(found(name), shares, "", PhotoFacts(f"2024-05-03T14:22:{second:02d}", camera))


def test_photos_of_a_series_share_their_evidence_and_keep_their_scores(ledger: Ledger) -> None:
    green = np.array([0.1, 0.8, 0.1], np.float32)
    add(
        ledger, at("a.jpg", 0, UNSURE), at("late.jpg", 30, UNSURE), at("b.jpg", 5, green), at("c.jpg", 10, green),
        at("other.jpg", 5, SURE, "Other"), at("x/elsewhere.jpg", 5, SURE), Answer(found("clockless.jpg"), SURE),
    )  # fmt: skip
    rules = Rules(("red", "green", "blue"), (0.0, 0.0, 0.0), None, 5)
    use_rules(ledger, rules)
    assert vote(ledger, rules) == 3
    told = {one.path.name: one for one in ledger.predictions(1)}
    together = [told[name] for name in ("a.jpg", "b.jpg", "c.jpg")]
    assert {(one.label, round(one.confidence, 4), one.series) for one in together} == {("green", 0.65, 1)}
    assert told["a.jpg"].top == (("red", float(np.float32(0.4))),)
    assert {(one.label, one.series) for name, one in told.items() if name not in ("a.jpg", "b.jpg", "c.jpg")} == {
        ("red", None)
    }
    use_rules(ledger, Rules(rules.classes, rules.needed))
    assert next(iter(ledger.predictions(1))).label == "red"
    assert all(one.series is None for one in ledger.predictions(1))


def test_a_second_one_is_refused_and_a_reader_is_not(ledger: Ledger, model: ModelFile) -> None:
    with pytest.raises(LedgerError, match=f"Another Thaw.*{os.getpid()}.*is at work on"):
        open_ledger(ledger.path, model, resume=True)
    read_ledger(ledger.path).close()
    ledger.close()
    open_ledger(ledger.path, model, resume=True).close()


def test_what_is_there_is_not_taken_unless_told(ledger: Ledger, model: ModelFile) -> None:
    add(ledger, Answer(found("a.jpg"), SURE))
    ledger.close()
    with pytest.raises(LedgerError, match="--resume"):
        open_ledger(ledger.path, model)
    resumed = open_ledger(ledger.path, model, resume=True)
    assert resumed.count() == 1
    resumed.close()
    anew = open_ledger(ledger.path, model, replace=True)
    assert anew.count() == 0
    anew.close(remove=True)
    assert [path.name for path in ledger.path.parent.iterdir()] == ["m.thaw"]


def test_another_models_answers_are_refused(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    for other in (
        tiny_model.make(tmp_path / "o.thaw", classes=("red", "green", "yellow")),
        tiny_model.make(tmp_path / "o.thaw", temperature=2.0),
    ):
        with pytest.raises(LedgerError, match="those of another model"):
            open_ledger(ledger.path, other, resume=True)
    renamed = tiny_model.make(tmp_path / "elsewhere.thaw")
    open_ledger(ledger.path, renamed, resume=True).close()


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 2000])
def test_a_damaged_one_is_a_sentence_and_stays_as_it_is(tmp_path: Path, model: ModelFile, content: bytes) -> None:
    path = tmp_path / "a.thaw-ledger"
    path.write_bytes(content)
    for opening in (lambda: open_ledger(path, model, resume=True), lambda: read_ledger(path)):
        with pytest.raises(LedgerError, match="damaged, or no ledger"):
            opening()
    assert path.read_bytes() == content


def test_a_newer_one_is_refused(ledger: Ledger) -> None:
    ledger.close()
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("UPDATE about SET value = '99' WHERE key = 'format'")
    connection.close()
    with pytest.raises(LedgerError, match="newer Thaw"):
        read_ledger(ledger.path)


def test_a_full_disk_is_a_sentence(ledger: Ledger) -> None:
    with ledger.statements() as run:
        pages = run("PRAGMA page_count").fetchone()[0]
        run(f"PRAGMA max_page_count = {pages + 2}")
    many = [Answer(found(f"{n}.jpg"), SURE) for n in range(2000)]
    with pytest.raises(LedgerError, match=r"disk is full; make room, then go on"):
        add(ledger, *many)
