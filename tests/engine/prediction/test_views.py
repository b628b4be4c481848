from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model_file import ModelFile
from engine.prediction.classify import Answer, Found
from engine.prediction.hierarchy import Hierarchy
from engine.prediction.ledger import verdicts, views
from engine.prediction.ledger.deciding import use_rules
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.opening import open_ledger, read_ledger
from engine.prediction.ledger.views import View
from engine.prediction.rules import Rules
from engine.prediction.summary import accuracy_of
from engine.terminal_corrections import sentence
from tests.engine import tiny_model
from tests.engine.prediction import many_photos

PHOTOS = 3000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return tiny_model.make(tmp_path_factory.mktemp("model") / "m.thaw")


@pytest.fixture
def ledger(model: ModelFile, tmp_path: Path) -> Iterator[Ledger]:
    many_photos.write(tmp_path / "a.thaw-ledger", model, PHOTOS)
    opened = read_ledger(tmp_path / "a.thaw-ledger")
    yield opened
    opened.close()


def numbers(ledger: Ledger, **how: object) -> list[int]:
    return list(views.ids(ledger, View(**how)))  # type: ignore[arg-type]


def test_each_kind_shows_its_photos_in_the_order_of_arrival(ledger: Ledger) -> None:
    everything = range(1, PHOTOS + 1)
    failed = [n for n in everything if many_photos.fails(n)]
    assert numbers(ledger) == list(everything)
    assert numbers(ledger, kind=views.FAILED) == failed
    assert numbers(ledger, kind=views.OF_LABEL, label="green") == [n for n in everything if n % 4 == 1]
    assert numbers(ledger, kind=views.UNKNOWN) == [n for n in everything if n % 4 == 3]
    counts = views.counts(ledger)
    assert counts.photos == PHOTOS and counts.failed == len(failed) and counts.unknown == PHOTOS // 4
    assert counts.labels == {"red": PHOTOS // 4 - len(failed), "green": PHOTOS // 4, "blue": PHOTOS // 4}


def test_a_search_looks_in_file_names_and_not_in_folders(ledger: Ledger) -> None:
    assert numbers(ledger, search="img_299") == [299, *range(2990, 3000)]
    assert numbers(ledger, search="photos") == []
    assert numbers(ledger, search="299", kind=views.OF_LABEL, label="blue") == [2990, 2994, 2998]


@pytest.mark.parametrize("descending", [False, True])
def test_orders(ledger: Ledger, descending: bool) -> None:
    by_name = numbers(ledger, order=views.NAME, descending=descending)
    assert by_name == sorted(by_name, reverse=descending)  # 2 before 10
    by_confidence = numbers(ledger, order=views.CONFIDENCE, descending=descending)
    shares = [-1.0 if many_photos.fails(n) else many_photos.confidence(n) for n in by_confidence]
    assert shares == sorted(shares, reverse=descending)
    by_label = [n for n in numbers(ledger, order=views.LABEL, descending=descending) if not many_photos.fails(n)]
    labels = [many_photos.label(n) for n in by_label]
    assert labels == sorted(labels, reverse=descending)
    of_one = [many_photos.confidence(n) for n in by_label if many_photos.label(n) == "red"]
    assert of_one == sorted(of_one, reverse=True)


def test_what_is_added_is_found_by_those_who_look_again(ledger: Ledger, model: ModelFile) -> None:
    assert numbers(ledger, search="3001") == []
    many_photos.write(ledger.path, model, 5, PHOTOS + 1)
    assert numbers(ledger, search="3001") == [3001]
    assert list(views.ids(ledger, View(), after=PHOTOS)) == [3001, 3002, 3003, 3004, 3005]
    assert views.counts(ledger, after=PHOTOS).photos == 5
    assert len(ledger.these([1, 3005, 9999], 2)) == 2


def test_names_that_are_no_utf8_and_capitals_are_found(tmp_path: Path, model: ModelFile) -> None:
    ledger = open_ledger(tmp_path / "odd.thaw-ledger", model)
    names = ("Äpfel.JPG", "caf\udce9.jpg", "A\u0308pfel 2.jpg")
    ledger.add([Answer(Found(Path("x") / name), None, "Damaged.") for name in names], [("", 0.0)] * 3)
    assert numbers(ledger, search="äPFEL") == numbers(ledger, search="a\u0308pfel") == [1, 3]
    assert numbers(ledger, search="caf\N{REPLACEMENT CHARACTER}") == [2]
    ledger.close()


def test_what_a_person_said_is_counted_and_found(ledger: Ledger) -> None:
    verdicts.say(ledger, {1: "green", 2: "red", 3: "red", 5: verdicts.NONE_OF_THEM})
    # 1 is right, 2 (blue) and 5 (green) are wrong, 3 was left unknown
    assert verdicts.verified(ledger) == verdicts.Verified(4, 3, 1)
    assert numbers(ledger, kind=views.CORRECTED) == [2, 3, 5]
    assert 1 not in numbers(ledger, kind=views.UNSEEN) and 4 in numbers(ledger, kind=views.UNSEEN)
    assert numbers(ledger, order=views.VERDICT, descending=True)[0] == 5
    counts = views.counts(ledger)
    assert (counts.seen, counts.corrected) == (4, 3)
    verdicts.take_back(ledger, 2)
    assert views.counts(ledger).corrected == 2
    assert ledger.these([1], 1)[1].verdict == "green"


def test_a_class_in_the_group_that_a_person_named_is_neither_right_nor_wrong(ledger: Ledger) -> None:
    rules = Rules(tiny_model.CLASSES, (0.0, 0.0, 0.0), Hierarchy({"red": "warm", "green": "warm"}))
    use_rules(ledger, rules)  # all are red
    verdicts.say(ledger, {1: "warm", 2: "red", 3: "blue"})
    assert verdicts.verified(ledger) == verdicts.Verified(3, 2, 1, 1)
    (told,) = accuracy_of(ledger)
    assert (told.labelled, told.accuracy, told.finer) == (2, 0.5, 1)
    assert sentence(told).endswith("; 1 of which the person named only the group do not count")
    use_rules(ledger, Rules(tiny_model.CLASSES, (0.6, 0.6, 0.6), rules.hierarchy))
    assert verdicts.verified(ledger) == verdicts.Verified(3, 3, 2), "what is in a group is right as the group"
