from __future__ import annotations

import pytest

from desktop_app.widgets.camera.pace import Pace
from desktop_app.widgets.camera.source import best_format, failing

SMALL, HD, FULL_HD = (640, 480), (1280, 720), (1920, 1080)


@pytest.mark.parametrize(
    ("formats", "best"),
    [
        ([(*SMALL, 30.0), (*HD, 30.0), (*FULL_HD, 30.0)], (*HD, 30.0)),
        ([(*SMALL, 30.0), (*HD, 10.0)], (*SMALL, 30.0)),  # fluent before large
        ([(*SMALL, 15.0), (*FULL_HD, 30.0)], (*SMALL, 15.0)),
        ([(3840, 2160, 30.0), (*FULL_HD, 30.0)], (*FULL_HD, 30.0)),  # a camera that has only large ones
        ([(*HD, 25.0), (*HD, 30.0)], (*HD, 30.0)),
        ([(*HD, 30.0), (*HD, 60.0)], (*HD, 30.0)),  # twice the work, for nothing that could be seen
    ],
)
def test_the_format_that_a_camera_is_asked_for(
    formats: list[tuple[int, int, float]], best: tuple[int, int, float]
) -> None:
    place = best_format(formats)
    assert place is not None and formats[place] == best


def test_a_camera_that_names_no_format_is_left_to_the_system() -> None:
    assert best_format([]) is None


def test_the_systems_own_words_become_part_of_one_sentence() -> None:
    assert failing("Desk", "Busy.\n") == "“Desk” gives no picture (Busy); another program may be using it."
    assert failing("Desk", " ") == "“Desk” gives no picture; another program may be using it."


@pytest.mark.parametrize(
    ("seconds_between", "words"),
    [
        (1 / 12, "12 answers a second"),
        (0.8, "1 answer a second"),
        (0.45, "2 answers a second"),
        (4.0, "an answer every 4.0 s"),
    ],
)
def test_the_pace_in_words(seconds_between: float, words: str) -> None:
    pace = Pace()
    for number in range(50):
        pace.note(1000 + number * seconds_between)
    assert pace.words() == words


def test_the_pace_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    assert pace.words() == ""
    pace.note(1.0)
    assert pace.words() == ""
    for number in range(100):
        pace.note(2.0 + number)
    for number in range(100):
        pace.note(101.0 + number / 10)
    assert pace.words() == "10 answers a second"
    pace.forget()
    assert pace.words() == ""
