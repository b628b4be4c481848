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
from engine.prediction.ledger import deciding
from engine.prediction.ledger.deciding import use_rules, vote
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.named import as_named_before, remember_named
from engine.prediction.ledger.opening import open_ledger, read_ledger
from engine.prediction.place import Place
from engine.prediction.results import Results
from engine.prediction.rules import Rules, decide
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


def test_who_writes_while_series_are_decided_on_waits(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    add(ledger, *(at(f"{second}.jpg", second, SURE) for second in (0, 1, 30, 31)))
    rules = Rules(("red", "green", "blue"), (0.0, 0.0, 0.0), None, 5)
    use_rules(ledger, rules)
    other, told = sqlite3.connect(ledger.path, timeout=0), []

    def meanwhile(*asked: object) -> object:
        try:
            other.execute("INSERT INTO verdict VALUES (1, 'red', 'now')")
            other.commit()
        except sqlite3.OperationalError as error:
            told.append(str(error))
        return decide(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(deciding, "decide", meanwhile)
    assert vote(ledger, rules) == 4, "else it would end here, as what it reads is not what is there any more"
    assert told == ["database is locked"] * 2
    other.close()


def test_what_is_held_still_has_nothing_that_comes(ledger: Ledger) -> None:
    reader = read_ledger(ledger.path)
    reader.hold_still()
    add(ledger, Answer(found("a.jpg"), SURE))
    ledger.commit()
    assert reader.count() == 0
    reader.commit()
    assert reader.count() == 1
    reader.close()


def test_one_that_cannot_be_opened_is_not_called_damaged(ledger: Ledger) -> None:
    ledger.close()
    ledger.path.with_name(f"{ledger.path.name}-wal").mkdir()
    with pytest.raises(LedgerError, match="nothing can be written to it or beside it"):
        read_ledger(ledger.path)


def test_a_drive_that_fails_at_the_end_leaves_no_lock(
    model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_ledger: Ledger) -> int:
        raise LedgerError("The drive is gone.")

    place = Place(ledger=tmp_path / "b.thaw-ledger")
    results = Results(place, model, Rules(model.manifest.classes, (0.0, 0.0, 0.0)), 1, [tmp_path])
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "count", fail)
        results.close()
    open_ledger(tmp_path / "b.thaw-ledger", model, resume=True).close()


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_folder_that_is_called_otherwise_is_the_one_of_before(ledger: Ledger, tmp_path: Path) -> None:
    for name in ("photos", "others"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    remember_named(ledger, [tmp_path / "photos"])
    ledger.commit()
    asked = [tmp_path / "link", tmp_path / "others", tmp_path / "link" / "a.jpg"]
    assert as_named_before(ledger.path, asked) == [tmp_path / "photos", *asked[1:]]
    assert as_named_before(tmp_path / "absent.thaw-ledger", asked) == asked
