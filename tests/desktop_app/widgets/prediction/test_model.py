from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QPersistentModelIndex, Qt

from desktop_app.widgets.prediction.model import ALL, CONFIDENCE, ERROR, LABEL, NAME, ONLY_UNKNOWN, PredictionModel
from engine.events import Prediction


def answers(count: int, start: int = 0) -> list[Prediction]:
    made = []
    for number in range(start, start + count):
        share = (number * 37 % 101) / 101
        label = f"class {number % 7}"
        made.append(Prediction(Path(f"/photos/{number}.jpg"), label, share, ((label, share),)))
    return made


def shown(model: PredictionModel) -> list[str]:
    return [model.prediction(row).path.stem for row in range(model.rowCount())]


def test_sorting_puts_late_rows_in_their_place_when_the_job_is_done() -> None:
    model = PredictionModel()
    model.append(answers(20))
    model.sort(CONFIDENCE, Qt.SortOrder.DescendingOrder)
    model.append(answers(20, 20))
    assert shown(model)[-1] == "39"
    model.settle()
    shares = [model.prediction(row).confidence for row in range(40)]
    assert shares == sorted(shares, reverse=True)


def test_no_order_is_the_order_of_arrival() -> None:
    model = PredictionModel()
    model.append(answers(30))
    model.sort(NAME, Qt.SortOrder.DescendingOrder)
    model.sort(-1)
    assert shown(model) == [str(number) for number in range(30)]


def test_filter_search_and_threshold_go_together() -> None:
    model = PredictionModel()
    model.append(answers(100))
    model.set_filter("class 3")
    assert all(model.prediction(row).label == "class 3" for row in range(model.rowCount()))
    model.set_threshold(0.5)
    assert all(model.prediction(row).confidence >= 0.5 for row in range(model.rowCount()))
    model.set_filter(ONLY_UNKNOWN)
    assert all(model.label(model.prediction(row)) == "unknown" for row in range(model.rowCount()))
    model.set_filter(ALL)
    model.set_search("99")
    assert shown(model) == ["99"]
    assert sum(model.counts().values()) == 100


def test_a_class_called_unknown_is_an_answer() -> None:
    model = PredictionModel()
    one = Prediction(Path("a.jpg"), "unknown", 0.9, (("unknown", 0.9),))
    model.append([one])
    assert model.counts()["unknown"] == 1 and model.counts()[ONLY_UNKNOWN] == 0
    assert model.sign(one) == ("", "text")


def test_an_answer_bears_no_sign_of_being_right() -> None:
    model = PredictionModel()
    model.set_threshold(0.5)
    sure, unsure = (Prediction(Path("a.jpg"), "ant", share, (("ant", share),)) for share in (0.9, 0.4))
    failed = Prediction(Path("b.jpg"), "", 0.0, (), "“b.jpg” is damaged.")
    assert [model.sign(one) for one in (sure, unsure, failed)] == [
        ("", "text"),
        ("circle-help", "unsure"),
        ("x", "wrong"),
    ]


def test_a_selected_row_follows_its_photo() -> None:
    model = PredictionModel()
    model.append(answers(50))
    kept = QPersistentModelIndex(model.index(10, NAME))
    model.sort(LABEL, Qt.SortOrder.DescendingOrder)
    assert kept.data() == "10.jpg"
    model.set_search("nothing has this name")
    assert not kept.isValid()


def test_the_error_stands_without_the_name() -> None:
    model = PredictionModel()
    model.append([Prediction(Path("x/3.jpg"), "", 0.0, (), "“3.jpg” is damaged and cannot be read.")])
    assert model.index(0, ERROR).data() == "Is damaged and cannot be read."
    assert model.index(0, CONFIDENCE).data() == ""


def test_appending_does_not_get_slower() -> None:
    model = PredictionModel()

    def seconds() -> float:
        batches = [answers(100, number * 100) for number in range(50)]
        start = time.perf_counter()
        for batch in batches:
            model.append(batch)
        return time.perf_counter() - start

    first = min(seconds() for _ in range(2))
    for _ in range(16):
        seconds()
    last = min(seconds() for _ in range(2))
    assert model.rowCount() == 100_000
    assert last < 5 * first + 0.05
