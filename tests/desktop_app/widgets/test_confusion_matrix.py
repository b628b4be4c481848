from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.widgets.confusion_matrix import ConfusionMatrix


@pytest.fixture
def matrix(qtbot: QtBot) -> ConfusionMatrix:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(400, 400)
    matrix.show()
    matrix.show_matrix(("ants", "bees"), ((68, 2), (5, 78)))
    yield matrix
    matrix.hide()


def test_a_click_chooses_and_takes_back(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    seen: list[object] = []
    matrix.chosen.connect(seen.append)
    place = matrix._rect((1, 0)).center()
    qtbot.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert seen == [(1, 0), None]


def test_the_keyboard_does_the_same(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    seen: list[object] = []
    matrix.chosen.connect(seen.append)
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    assert matrix.accessibleDescription() == "5 of 83 photos of bees (6.0\u202f%) were taken for ants."
    qtbot.keyClick(matrix, Qt.Key.Key_Return)
    qtbot.keyClick(matrix, Qt.Key.Key_Escape)
    assert seen == [(1, 0), None]


def test_words_for_right_and_empty_rows(matrix: ConfusionMatrix) -> None:
    assert matrix.sentence((0, 0)) == "68 of 70 photos of ants (97.1\u202f%) were recognised."
    matrix.show_matrix(("a", "b"), ((0, 0), (0, 1)))
    assert matrix.sentence((0, 1)) == "0 of 0 photos of a were taken for b."
    assert matrix.sentence((1, 1)) == "1 of 1 photo of b (100.0\u202f%) was recognised."


def test_a_thousand_classes_scroll(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    names = tuple(f"a class with quite a long name {number}" for number in range(1000))
    matrix.show_matrix(names, [[1 if row == column else 0 for column in range(1000)] for row in range(1000)])
    matrix.grab()
    assert matrix.horizontalScrollBar().maximum() > 20_000
    matrix.verticalScrollBar().setValue(matrix.verticalScrollBar().maximum())
    assert matrix._cell_at(matrix._rect((999, 0)).center()) == (999, 0)
    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    assert matrix.verticalScrollBar().value() == 0  # what the keyboard is at comes into sight


def test_nothing_to_show(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.grab()
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    assert matrix.choice() is None
