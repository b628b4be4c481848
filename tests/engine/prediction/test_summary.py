from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LedgerError, ThawError
from engine.events import AccuracyVerified, FolderCounted, LabelCounted, SummaryFinished
from engine.photo_facts import PhotoFacts
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.opening import open_ledger
from engine.prediction.summary import summarise_batch
from engine.wire import from_json, to_json
from tests.engine import tiny_model

SURE = np.array([0.9, 0.05, 0.05], np.float32)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """In a: two red, one of them by a person, and one unknown; in b: one that could not be read, and "<b>&"."""
    opened = open_ledger(tmp_path / "x.thaw-ledger", tiny_model.make(tmp_path / "m.thaw", name="Ants <& bees>"))
    found = [Found(Path(name), 1, 1) for name in ("/p/a/1.jpg", "/p/a/2.jpg", "/p/a/3.jpg", "/p/b/4.jpg", "/p/b/5.jpg")]
    clock = [
        PhotoFacts(taken) for taken in ("2024-05-03T06:00:00", "2024-05-04T06:59:59", "", "", "2024-05-05T23:00:00")
    ]
    answers = [Answer(one, SURE, "", when) for one, when in zip(found, clock, strict=True)]
    answers[3] = Answer(found[3], None, "Damaged.")
    decided = [("red", 0.9), ("green", 0.5), ("unknown", 0.2), ("", 0.0), ("<b>&", 0.7)]
    opened.add(answers, decided)
    with opened.statements() as run:
        run("INSERT INTO verdict VALUES (2, 'red', '2024-06-01')")
    opened.close()
    return opened.path


def test_photos_are_counted_by_label_folder_and_hour(ledger: Path) -> None:
    *rows, finished = summarise_batch(ledger)
    assert [row for row in rows if isinstance(row, LabelCounted)] == [
        LabelCounted("red", 2, 0.5, 1, 0.9),
        LabelCounted("<b>&", 1, 0.25, 0, 0.7),
        LabelCounted("unknown", 1, 0.25, 0, 0.2),
    ]
    assert [row for row in rows if isinstance(row, FolderCounted)] == [
        FolderCounted(Path("/p/a"), 3, 1, 0, (("red", 2),)),
        FolderCounted(Path("/p/b"), 2, 0, 1, (("<b>&", 1),)),
    ]
    (accuracy,) = [row for row in rows if isinstance(row, AccuracyVerified)]
    assert (accuracy.seen, accuracy.labelled, accuracy.right) == (1, 1, 0), "a person said red where it said green"
    assert (accuracy.low, round(accuracy.high, 3)) == (0.0, 0.793)
    assert isinstance(finished, SummaryFinished)
    assert (finished.photos, finished.unknown, finished.failed, finished.verified) == (5, 1, 1, 1)
    assert (finished.first_taken, finished.last_taken) == ("2024-05-03T06:00:00", "2024-05-05T23:00:00")
    assert (finished.hours[6], finished.hours[23], sum(finished.hours)) == (2, 1, 3)
    assert all(from_json(to_json(event)) == event for event in (*rows, finished))


class Outline(HTMLParser):
    """What a browser would see: tags that load something, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_shows_names_as_they_are_and_loads_nothing(ledger: Path, tmp_path: Path) -> None:
    list(summarise_batch(ledger, tmp_path / "s.html"))
    seen = Outline()
    seen.feed((tmp_path / "s.html").read_text(encoding="utf-8"))
    assert not {"script", "link", "img", "b"} & set(seen.tags)
    text = " ".join(seen.text)
    assert "<b>&" in text and "Ants <& bees>" in text
    assert "5 photos · 1 unknown · 1 could not be read · 1 looked at by a person" in text
    assert "right on 0 of 1 photos that it labelled: 0.0% (95 % interval 0.0% to 79.3%)" in text


def test_an_empty_ledger_is_a_summary_of_nothing(tmp_path: Path) -> None:
    opened = open_ledger(tmp_path / "x.thaw-ledger", tiny_model.make(tmp_path / "m.thaw"))
    opened.close()
    (finished,) = summarise_batch(opened.path, tmp_path / "s.html")
    assert finished == SummaryFinished(0, 0, 0, 0, "", "", (0,) * 24, tmp_path / "s.html")


def test_what_cannot_be_is_a_sentence(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "s.html").write_text("mine")
    with pytest.raises(ThawError, match="exists already"):
        list(summarise_batch(ledger, tmp_path / "s.html"))
    assert (tmp_path / "s.html").read_text() == "mine"
    list(summarise_batch(ledger, tmp_path / "s.html", replace=True))
    with pytest.raises(LedgerError, match="There are no answers"):
        list(summarise_batch(tmp_path / "absent.thaw-ledger"))


def test_one_photo_is_one_and_what_a_foreign_ledger_says_is_text(tmp_path: Path) -> None:
    opened = open_ledger(tmp_path / "x.thaw-ledger", tiny_model.make(tmp_path / "m.thaw"))
    opened.add([Answer(Found(Path("/p/1.jpg"), 1, 1), SURE)], [("red", 0.9)])
    with opened.statements() as run:
        run("UPDATE about SET value = '<b>bold</b>' WHERE key = 'model_sha256'")
    opened.close()
    list(summarise_batch(opened.path, tmp_path / "s.html"))
    text = (tmp_path / "s.html").read_text(encoding="utf-8")
    assert "<p>1 photo · 0 unknown" in text and "<b>" not in text
