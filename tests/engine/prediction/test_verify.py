from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from engine.cli import cli
from engine.errors import ThawError
from engine.events import AccuracyVerified, Event, VerdictsKept
from engine.photo_facts import PhotoFacts
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.opening import open_ledger, read_ledger
from engine.prediction.retell import tabulate
from engine.prediction.verify import verify
from engine.terminal_corrections import sentence
from engine.wire import from_json, to_json
from tests.engine import tiny_model

NAMES = ("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/=3.jpg", "b/4.jpg")


def answer(name: str, size: int = 10, day: int = 1) -> Answer:
    shares = np.array([0.8, 0.1, 0.1], np.float32)
    return Answer(Found(Path("photos") / name, size, day), shares, "", PhotoFacts(f"2024-05-0{day}T06:00:00"))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Five photos that the model calls red, but for the last, which it left unknown."""
    opened = open_ledger(tmp_path / "x.thaw-ledger", tiny_model.make(tmp_path / "m.thaw"))
    opened.add([answer(name) for name in NAMES], [("red", 0.8)] * 4 + [("unknown", 0.8)])
    opened.close()
    return opened.path


def table(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "said.csv"
    path.write_text(text, encoding=encoding)
    return path


def said(ledger: Path) -> dict[str, str]:
    opened = read_ledger(ledger)
    told = {str(one.path.relative_to("photos")): one.verdict for one in opened.predictions(1) if one.verdict}
    opened.close()
    return told


def test_photos_are_named_by_path_absolute_path_or_a_name_of_their_own(ledger: Path, tmp_path: Path) -> None:
    here = Path("photos/a/2.jpg").absolute()
    events: list[Event] = list(
        verify(
            ledger, table(tmp_path, f"label,path\nred,photos/a/1.jpg\ngreen,{here}\nunknown,4.jpg\n,photos/b/1.jpg\n")
        )
    )
    assert said(ledger) == {"a/1.jpg": "red", "a/2.jpg": "green", "b/4.jpg": "unknown"}
    kept, accuracy = events
    assert kept == VerdictsKept(3, 3, 0)
    assert isinstance(accuracy, AccuracyVerified)
    assert (accuracy.seen, accuracy.labelled, accuracy.right) == (3, 2, 1), (
        "what the model left unknown counts neither way"
    )
    assert all(from_json(to_json(event)) == event for event in events)
    assert sentence(kept) == "Kept what was said of 3 photos: 3 for the first time, 0 changed"
    again = list(
        verify(ledger, table(tmp_path, "path,label\nphotos/a/1.jpg,blue\nphotos/a/2.jpg,green\nphotos/b/1.jpg,red"))
    )
    assert again[0] == VerdictsKept(3, 1, 1) and said(ledger)["a/1.jpg"] == "blue"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_thaws_own_table_comes_back_from_a_spreadsheet(separator: str, ledger: Path, tmp_path: Path) -> None:
    list(tabulate(ledger, tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, label in zip(rows, ("red", "", "blue", "green", ""), strict=True):
        row["human"] = label
    with (tmp_path / "back.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    list(verify(ledger, tmp_path / "back.csv"))
    assert said(ledger) == {"a/1.jpg": "red", "b/1.jpg": "blue", "b/=3.jpg": "green"}


def test_photos_of_two_memory_cards_are_told_apart_by_their_size(ledger: Path, tmp_path: Path) -> None:
    opened = open_ledger(ledger, tiny_model.make(tmp_path / "m.thaw"), resume=True)
    opened.add([answer("a/1.jpg", 20, 2)], [("red", 0.8)])
    opened.close()
    with pytest.raises(ThawError, match=r"2 photos of this batch are called “photos/a/1\.jpg”"):
        list(verify(ledger, table(tmp_path, "path,label\nphotos/a/1.jpg,red")))
    list(verify(ledger, table(tmp_path, "path,label,size\nphotos/a/1.jpg,red,20\nphotos/a/1.jpg,blue,10\n")))
    opened = read_ledger(ledger)
    assert {one.size: one.verdict for one in opened.predictions(1) if one.verdict} == {20: "red", 10: "blue"}
    opened.close()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "path,label\n2.jpg,red\n2.jpg,Red\n",
            "Line 3: the model knows no class “Red”; it knows red, green, blue, unknown",
        ),
        ("path,label\n2.jpg,red\nphotos/x.jpg,red\n", "Line 3: there is no photo “photos/x.jpg” in this batch"),
        ("path,label\n2.jpg,red\n1.jpg,red\n", "Line 3: 2 photos of this batch are called “1.jpg”"),
        (
            "path,label\n2.jpg,red\nphotos/a/2.jpg,blue\n",
            "Line 3: an earlier line says that “photos/a/2.jpg” shows “red”",
        ),
        ("path,label\nx,red\ny,red\nz,red\n", r"Line 2: .*\. 2 more lines are wrong\.$"),
        ("photo,what\n2.jpg,red\n", "needs the columns “path” and “label”"),
        ("path,label,human\n2.jpg,red,\n", "says of no photo what it shows"),
        ("", "needs the columns"),
        ('path,label\n"2.jpg,red\n', "is no CSV table in UTF-8"),
    ],
)
def test_where_one_line_is_wrong_none_is_taken(text: str, sentence: str, ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(ThawError, match=sentence):
        list(verify(ledger, table(tmp_path, text)))
    assert said(ledger) == {}


def test_a_table_in_another_encoding_or_none_is_a_sentence(ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="save it as “CSV UTF-8”"):
        list(verify(ledger, table(tmp_path, "path,label\n2.jpg,red\n", "utf-16")))
    with pytest.raises(ThawError, match="cannot be read"):
        list(verify(ledger, tmp_path / "absent.csv"))


def test_a_disk_that_refuses_in_the_middle_keeps_nothing(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Ledger.commit

    def refuse(self: Ledger) -> None:
        with self.statements() as run:
            if run("SELECT count(*) FROM verdict").fetchone()[0]:
                raise sqlite3.OperationalError("database or disk is full")
        real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "commit", refuse)
        with pytest.raises(ThawError, match="disk is full"):
            list(verify(ledger, table(tmp_path, "path,label\nphotos/a/1.jpg,red\nphotos/a/2.jpg,red\n")))
    assert said(ledger) == {}


def test_the_command_says_how_often_the_model_was_right(ledger: Path, tmp_path: Path) -> None:
    said_in = table(tmp_path, "path,label\n2.jpg,red\n4.jpg,blue\n")
    done = CliRunner().invoke(cli, ["verify", str(ledger), "--from", str(said_in)])
    assert done.exit_code == 0
    assert "Kept what was said of 2 photos" in done.output and "Right on 1 of 1 photos" in done.output
