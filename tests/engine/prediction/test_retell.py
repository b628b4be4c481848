from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LedgerError, ThawError
from engine.events import TableWritten
from engine.photo_facts import PhotoFacts
from engine.prediction.batch import predict
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.deciding import use_rules
from engine.prediction.ledger.files import place_beside
from engine.prediction.ledger.opening import open_ledger
from engine.prediction.retell import tabulate
from engine.prediction.rules import rules_for
from tests.engine import tiny_model
from tests.engine.prediction.test_walk import make_photo


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    for number, colour in enumerate(("red", "grey", "blue")):
        make_photo(tmp_path / "photos" / f"{number}.png", colour)
    (tmp_path / "photos" / "bad.png").write_bytes(b"")
    model = tiny_model.make(tmp_path / "m.thaw", thresholds={"blue": 0.5}).path
    list(predict(model, [tmp_path / "photos"], tmp_path / "out.csv"))
    model.unlink()
    return place_beside(tmp_path / "out.csv")


def labels(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [row["label"] for row in csv.DictReader(stream)]


def test_other_thresholds_need_neither_model_nor_photos(ledger: Path, tmp_path: Path) -> None:
    assert labels(tmp_path / "out.csv") == ["red", "red", "blue", ""]  # of equals the first
    (told,) = tabulate(ledger, tmp_path / "new.csv", threshold=0.5, by_class={"red": 1.0}, byte_order_mark=True)
    assert told == TableWritten(tmp_path / "new.csv", 4, 2, 1)
    assert labels(tmp_path / "new.csv") == ["unknown", "unknown", "blue", ""]
    assert (tmp_path / "new.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_by_the_same_rules_it_is_the_same_table(ledger: Path, tmp_path: Path) -> None:
    list(tabulate(ledger, tmp_path / "new.csv"))
    assert (tmp_path / "new.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_what_cannot_be_is_a_sentence(ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="exists already"):
        list(tabulate(ledger, tmp_path / "out.csv"))
    with pytest.raises(LedgerError, match="There are no answers at"):
        list(tabulate(tmp_path / "absent.thaw-ledger", tmp_path / "new.csv"))
    with pytest.raises(ThawError, match="no class “pink”"):
        list(tabulate(ledger, tmp_path / "new.csv", by_class={"pink": 0.5}))
    with pytest.raises(ThawError, match="1 or more"):
        list(tabulate(ledger, tmp_path / "new.csv", top=0))
    assert not (tmp_path / "new.csv").exists()


def test_series_that_a_kill_left_undecided_are_decided_on(tmp_path: Path) -> None:
    opened = open_ledger(tmp_path / "x.thaw-ledger", tiny_model.make(tmp_path / "m.thaw"))
    opened.add(
        [
            Answer(
                Found(Path(f"/p/{second}.jpg"), 1, 1), np.array(shares, np.float32), "",
                PhotoFacts(f"2024-05-03T14:22:0{second}", "Cam"),
            )
            for second, shares in enumerate(([0.4, 0.35, 0.25], [0.1, 0.8, 0.1]))
        ],
        [("red", 0.4), ("green", 0.8)],
    )  # fmt: skip
    use_rules(opened, rules_for(opened.about.classes, {}, series_seconds=5.0))
    opened.close()
    list(tabulate(opened.path, tmp_path / "new.csv", series_seconds=5.0))
    assert labels(tmp_path / "new.csv") == ["green", "green"]
