from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.widgets.layers.cost_line import CostLine, memory_in_words, time_in_words


@pytest.fixture
def line(qtbot: QtBot) -> CostLine:
    line = CostLine()
    qtbot.addWidget(line)
    return line


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (1, "1 MB"), (38_400_000, "38 MB"), (644_000_000, "640 MB"), (996_000_000, "1.0 GB"),
        (1_903_000_000, "1.9 GB"), (9_949_000_000, "9.9 GB"), (9_960_000_000, "10 GB"), (23_700_000_000, "24 GB"),
    ],
)  # fmt: skip
def test_memory_is_no_more_exact_than_an_estimate(size: int, words: str) -> None:
    assert memory_in_words(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"), (7.4, "7 s"), (41, "40 s"), (57, "55 s"), (58, "1 min"), (170, "3 min"), (3569, "59 min"),
        (3571, "1 h"), (4100, "1 h 10 min"), (7190, "2 h"), (40_000, "11 h"),
    ],
)  # fmt: skip
def test_time_is_no_more_exact_than_an_estimate(seconds: float, words: str) -> None:
    assert time_in_words(seconds) == words


def test_what_was_measured_is_told_from_an_estimate(line: CostLine) -> None:
    line.set_cost(1_900_000_000, 40, True)
    assert line.label.text() == "About 1.9 GB memory · about 40 s computing an epoch on this machine"
    assert line.button.text() == "Measure again"
    line.set_cost(1_900_000_000, 40, False)
    assert line.label.text() == "About 1.9 GB memory · about 40 s computing an epoch, estimated"
    assert line.button.text() == "Measure here"
    line.set_cost(1_900_000_000, None, True)
    assert line.label.text() == "About 1.9 GB memory · open photos to see the time"
    assert line.button.text() == "Measure again"
    line.set_cost(1_900_000_000, None, False)
    assert line.label.text() == "About 1.9 GB memory · time not measured yet"
    assert line.button.text() == "Measure here"
    assert line.accessibleName() == line.label.text()


def test_measuring_is_asked_for_and_stopped(line: CostLine, qtbot: QtBot) -> None:
    line.set_cost(1_000_000_000, None, False)
    with qtbot.waitSignal(line.measure_wanted):
        line.button.click()
    line.set_running(True)
    line.set_cost(1_100_000_000, None, False)  # ticking goes on meanwhile
    assert line.label.text().startswith("Measuring")
    with qtbot.waitSignal(line.stop_wanted), qtbot.assertNotEmitted(line.measure_wanted):
        line.button.click()
    line.set_running(False)
    assert line.label.text().startswith("About 1.1 GB")


def test_nothing_is_shown_before_anything_is_known(line: CostLine) -> None:
    assert line.isHidden()
    line.set_cost(1_000_000, 1, False)
    assert not line.isHidden()
