"""Borders that stay where they were put, words longer than their place, and tables too long to look through."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.confusion_matrix import ConfusionMatrix
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.plain_table import Column, PlainTable
from desktop_app.widgets.remembered_splitter import RememberedSplitter


def shown_splitter(qtbot: QtBot, settings: Settings) -> RememberedSplitter:
    splitter = RememberedSplitter(settings, "somewhere")
    qtbot.addWidget(splitter)
    splitter.resize(1024, 300)
    splitter.begin((QWidget(), QWidget()), (500, 500), (1, 1))
    splitter.show()
    return splitter


def test_a_border_stays_where_it_was_put(qtbot: QtBot, settings: Settings) -> None:
    first = shown_splitter(qtbot, settings)
    assert first.sizes() == [500, 500]
    first.moveSplitter(300, 1)
    first.splitterMoved.emit(300, 1)
    assert shown_splitter(qtbot, settings).sizes() == first.sizes() == [300, 700]


def test_a_long_choice_loses_its_middle_and_keeps_its_tooltip(qtbot: QtBot) -> None:
    box = ElidedBox("Model")
    qtbot.addWidget(box)
    whole = "hymenoptera-mobilenet_v2-last-blocks-1 · 95.4 %"
    box.add(whole, 1)
    box.resize(200, 32)
    assert "…" in box.shown_text() and box.shown_text().startswith("hym") and box.shown_text().endswith("%")
    assert box.itemData(0, Qt.ItemDataRole.ToolTipRole) == whole
    box.resize(box.sizeHint())
    assert box.shown_text() == whole


def test_a_search_narrows_a_table(qtbot: QtBot) -> None:
    table = PlainTable("Classes", (Column("Class", 100, lambda row: row),))
    qtbot.addWidget(table)
    table.show_rows(["Ants", "bees", "giant hornets"])
    table.search("AN")
    assert [table.model().index(row, 0).data() for row in range(table.model().rowCount())] == ["Ants", "giant hornets"]


def test_a_class_among_a_thousand_comes_into_sight(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(400, 400)
    matrix.show()
    counts = [[int(true == predicted) for predicted in range(1000)] for true in range(1000)]
    matrix.show_matrix([f"class {number}" for number in range(1000)], counts)
    matrix.show_class(700)
    assert matrix.viewport().rect().contains(matrix._rect((700, 700)))


def test_ten_classes_need_no_scroll_bar(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(390, 372)
    matrix.show()
    matrix.show_matrix([f"a class of a long name {number}" for number in range(10)], [[1] * 10] * 10)
    assert matrix.horizontalScrollBar().maximum() == matrix.verticalScrollBar().maximum() == 0
