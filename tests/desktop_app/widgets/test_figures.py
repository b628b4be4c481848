from __future__ import annotations

import pytest

from desktop_app.widgets import figures


def test_counts_have_thin_separators() -> None:
    assert figures.count(3_538_984) == "3\u202f538\u202f984"
    assert figures.count(12) == "12"


def test_percent_has_one_decimal() -> None:
    assert figures.percent(0.9542) == "95.4\u202f%"
    assert figures.percent(None) == "–"
    assert figures.interval(0.909, 0.978) == "90.9–97.8"


@pytest.mark.parametrize(
    ("seconds", "text"), [(41, "00:41"), (61.4, "01:01"), (3599, "59:59"), (4320, "1 h 12 min"), (None, "–")]
)
def test_durations(seconds: float | None, text: str) -> None:
    assert figures.duration(seconds) == text


def test_quantities() -> None:
    assert figures.quantity(1, "epoch") == "1 epoch"
    assert figures.quantity(2, "class", "classes") == "2 classes"


@pytest.mark.parametrize(("number", "text"), [(4e-05, "0.00004"), (0.003, "0.003"), (1.0, "1"), (10, "10")])
def test_settings_are_written_without_an_exponent(number: float, text: str) -> None:
    assert figures.plain(number) == text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.02, "0.1 s"), (0.42, "0.4 s"), (8.7, "9 s"), (41, "41 s"), (59.8, "1 min"), (203, "3 min 25 s"),
     (599, "10 min"), (745, "12 min"), (3590, "1 h"), (4320, "1 h 10 min")],
)  # fmt: skip
def test_an_estimated_time_is_no_more_exact_than_it_is(seconds: float, words: str) -> None:
    assert figures.rough_duration(seconds) == words
