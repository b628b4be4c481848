from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app import theme
from desktop_app.widgets.graph import colours as graph_colours
from desktop_app.widgets.graph.fold import Part
from desktop_app.widgets.graph.panel import LayerGraph
from engine.errors import ThawError
from engine.events import GraphNode
from tests.desktop_app.widgets.graph.sample_graphs import NAMES, OWNERS, RESIDUAL, node

ALL = {"layer1", "layer1.0", "layer1.1"}


@pytest.fixture
def graph(qtbot: QtBot) -> LayerGraph:
    """All unfolded, the head trains."""
    graph = LayerGraph()
    qtbot.addWidget(graph)
    graph.resize(700, 800)
    graph.show()
    graph.set_owners(OWNERS)
    graph.set_graph(RESIDUAL, "small")
    graph.set_trainable(["fc"])
    graph.wanted.connect(graph.set_trainable)
    return graph


def shown(graph: LayerGraph) -> set[str]:
    return {part.name for part in graph.view.drawing.layout.boxes}


def part(graph: LayerGraph, name: str) -> Part:
    layout = graph.view.drawing.layout
    return next(part for part in (*layout.boxes, *layout.frames) if part.name == name)


def place(graph: LayerGraph, name: str) -> QPoint:
    return graph.view.mapFromScene(graph.view.drawing.rect(part(graph, name)).center())


def click(graph: LayerGraph, name: str) -> None:
    graph.view.show_part(part(graph, name))
    QTest.mouseClick(graph.view.viewport(), Qt.MouseButton.LeftButton, pos=place(graph, name))


def current(graph: LayerGraph) -> str:
    return graph.view.drawing.selected.name if graph.view.drawing.selected else ""


def test_a_click_tells_the_layer_and_marks_its_box(graph: LayerGraph, qtbot: QtBot) -> None:
    with qtbot.waitSignal(graph.selected) as told:
        click(graph, "layer1.0.conv2")
    assert told.args == ["layer1.0.conv2"]
    assert current(graph) == "layer1.0.conv2"
    assert "200 parameters" in graph.view.accessibleDescription()
    assert "frozen" in graph.view.accessibleDescription()


def test_selecting_from_outside_marks_and_tells_nothing(graph: LayerGraph, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(graph.selected):
        graph.select("layer1.1.conv1")
        assert current(graph) == "layer1.1.conv1"
        graph.select("stem.bn")  # drawn with the convolution before it
        assert current(graph) == "stem.conv"
        graph.select("layer1")
        assert current(graph) == "layer1"
        graph.select("stem")  # a block that is one box
        assert current(graph) == "stem.conv"
        graph.select("no such layer")
        assert current(graph) == "stem.conv"
        graph.set_unfolded(["layer1.0"])
        graph.select("layer1.0.conv1")  # hidden in a folded group
        assert current(graph) == "layer1"


def test_groups_fold_and_unfold(graph: LayerGraph) -> None:
    assert graph.unfolded() == ALL
    graph.toggle(part(graph, "layer1.0"))
    assert "layer1.0" in shown(graph) and "layer1.0.conv1" not in shown(graph)
    QTest.mouseDClick(graph.view.viewport(), Qt.MouseButton.LeftButton, pos=place(graph, "layer1.0"))
    assert "layer1.0.conv1" in shown(graph)
    graph.fold_a_level()
    assert graph.unfolded() == {"layer1"}
    graph.unfold_a_level()
    assert graph.unfolded() == ALL


def test_a_fold_keeps_the_group_in_its_place(graph: LayerGraph) -> None:
    graph.view.set_zoom(3.0)
    group = part(graph, "layer1.0")
    graph.view.keep_at(group, QPointF(40, 60))
    before = graph.view.place_of(group)
    graph.toggle(group)
    assert abs(graph.view.place_of(group).y() - before.y()) <= 2
    graph.toggle(group)
    assert abs(graph.view.place_of(group).y() - before.y()) <= 2


def test_the_menu_freezes_and_trains(graph: LayerGraph) -> None:
    texts = [action.text() for action in graph.menu_for(part(graph, "layer1.1")).actions() if action.text()]
    assert texts == ["Freeze up to here", "Train from here", "Freeze", "Train", "Fold"]
    wanted: list[frozenset[str]] = []
    graph.wanted.connect(wanted.append)
    for number in range(4):
        graph.set_trainable(["stem.conv", "layer1.1.conv1", "fc"])
        graph.menu_for(part(graph, "layer1.1")).actions()[number].trigger()
    both = {"layer1.1.conv1", "layer1.1.conv2"}
    assert wanted == [{"fc"}, {"stem.conv", "fc"} | both, {"stem.conv", "fc"}, {"stem.conv", "fc"} | both]


def test_what_owns_nothing_can_only_be_a_place_in_the_order(graph: LayerGraph) -> None:
    texts = [action.text() for action in graph.menu_for(part(graph, "flatten")).actions()]
    assert texts == ["Freeze up to here", "Train from here"]


def test_the_dragged_line_freezes_what_is_above(graph: LayerGraph, qtbot: QtBot) -> None:
    graph.view.fit()
    view = graph.view.viewport()
    line = graph.view.line
    assert line.y is not None, "only the head trains: that is a cut"
    start = QPoint(350, round(graph.view._line_height() or 0))
    target = next(stop for stop in line.stops if stop.frozen == {0, 1})
    end = QPoint(350, graph.view.mapFromScene(0, target.y).y())
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    with qtbot.waitSignal(graph.wanted) as told:
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    assert told.args == [frozenset(NAMES[2:])]
    assert line.y == target.y


def test_escape_puts_the_line_back(graph: LayerGraph, qtbot: QtBot) -> None:
    graph.view.fit()
    before = graph.view.line.y
    start = QPoint(350, round(graph.view._line_height() or 0))
    QTest.mousePress(graph.view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(graph.view.viewport(), start - QPoint(0, 200))
    assert graph.view.line.y != before
    with qtbot.assertNotEmitted(graph.wanted):
        QTest.keyClick(graph.view, Qt.Key.Key_Escape)
        QTest.mouseRelease(graph.view.viewport(), Qt.MouseButton.LeftButton, pos=start - QPoint(0, 200))
    assert graph.view.line.y == before


def test_the_handle_waits_at_the_edge_where_the_choice_is_no_cut(graph: LayerGraph) -> None:
    graph.set_trainable(["stem.conv", "fc"])
    assert graph.view.line.y is None
    QTest.keyClick(graph.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert graph.view.line.y == graph.view.line.stops[0].y
    assert graph.view.drawing.choice.trainable() == set(NAMES)
    QTest.keyClick(graph.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert graph.view.drawing.choice.trainable() == set(NAMES[2:])


def test_the_arrows_follow_the_lines(graph: LayerGraph) -> None:
    click(graph, "layer1.0.conv1")
    visited = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up):
        QTest.keyClick(graph.view, key)
        visited.append(current(graph))
    assert visited[:4] == ["layer1.0.conv2", "layer1.0.add", "layer1.1.conv1", "layer1.0.add"]
    click(graph, "layer1.0.conv1")
    beside = set()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Left):
        QTest.keyClick(graph.view, key)
        beside.add(current(graph))
    assert beside == {"layer1.0.conv1", "layer1.0.downsample"}


def test_space_and_enter(graph: LayerGraph, qtbot: QtBot) -> None:
    click(graph, "layer1.0.conv2")
    with qtbot.waitSignal(graph.wanted) as told:
        QTest.keyClick(graph.view, Qt.Key.Key_Space)
    assert told.args == [{"layer1.0.conv2", "fc"}]
    with qtbot.waitSignal(graph.wanted) as told:
        QTest.keyClick(graph.view, Qt.Key.Key_Space)
    assert told.args == [{"fc"}]
    QTest.keyClick(graph.view, Qt.Key.Key_Return)
    assert "layer1.0" in shown(graph) and current(graph) == "layer1.0"
    QTest.keyClick(graph.view, Qt.Key.Key_Return)
    assert "layer1.0.conv2" in shown(graph)


def test_search_marks_and_steps_and_unfolds(graph: LayerGraph) -> None:
    graph.set_unfolded([])
    graph.bar.search.setText("CONV2")
    assert {part.name for part in graph.view.drawing.found} == {"stem.conv", "layer1"}  # by the operation, too
    graph.bar.search.setText(".conv2")
    assert graph.bar._said.text() == "2 found"
    visited = []
    for _ in range(3):
        QTest.keyClick(graph.bar.search, Qt.Key.Key_Return)
        visited.append(current(graph))
    assert visited == ["layer1.0.conv2", "layer1.1.conv2", "layer1.0.conv2"]
    assert graph.unfolded() == ALL
    assert graph.bar._said.text() == "1 of 2"
    graph.bar.search.setText("nowhere")
    assert graph.bar._said.text() == "none found" and not graph.view.drawing.found


def test_zoom_keeps_what_is_under_the_mouse(graph: LayerGraph) -> None:
    QTest.keyClick(graph.view, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert graph.view.zoom() == 1.0
    before = graph.view.zoom()
    QTest.keyClick(graph.view, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert graph.view.zoom() > before
    QTest.keyClick(graph.view, Qt.Key.Key_F)
    whole = graph.view.drawing.bounds()
    visible = graph.view.mapToScene(graph.view.viewport().rect()).boundingRect()
    assert visible.adjusted(-3, -3, 3, 3).contains(whole)
    graph.resize(400, 500)  # and goes on to show all
    visible = graph.view.mapToScene(graph.view.viewport().rect()).boundingRect()
    assert visible.adjusted(-3, -3, 3, 3).contains(whole)


def test_svg_holds_every_word_that_is_seen(graph: LayerGraph, tmp_path: Path) -> None:
    graph.toggle(part(graph, "layer1.0"))
    graph.export(tmp_path / "graph.svg")
    tree = ElementTree.parse(tmp_path / "graph.svg")
    words = {"".join(element.itertext()).strip() for element in tree.iter("{http://www.w3.org/2000/svg}text")}
    faces = [graph.view.drawing.faces[part] for part in graph.view.drawing.layout.boxes]
    for face in faces:
        assert {face.heading or face.left, face.right, *(text for text, *_ in face.bands)} <= words
    assert "layer1.0" in words and "layer1" in words


def test_png_is_twice_as_large_as_the_graph(graph: LayerGraph, tmp_path: Path) -> None:
    graph.export(tmp_path / "graph.png")
    picture = QImage(str(tmp_path / "graph.png"))
    assert picture.size() == (graph.view.drawing.bounds().size() * 2).toSize()
    colours = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 9) for y in range(0, 900, 9)}
    assert len(colours) > 5


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_file_that_cannot_be_written_is_told(graph: LayerGraph, tmp_path: Path, ending: str) -> None:
    with pytest.raises(ThawError, match="could not be written"):
        graph.export(tmp_path / "no such folder" / f"graph.{ending}")


def test_it_repaints_when_the_scheme_changes(
    graph: LayerGraph, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    light = graph.view.grab().toImage()
    monkeypatch.setenv("THAW_SCHEME", "dark")
    theme.refresh(qapp)
    dark = graph.view.grab().toImage()
    monkeypatch.setenv("THAW_SCHEME", "light")
    theme.refresh(qapp)
    spot = place(graph, "stem.conv")
    assert light.pixelColor(spot).lightness() > 128 > dark.pixelColor(spot).lightness()
    assert graph.view.grab().toImage() == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_every_ground(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_SCHEME", scheme)
    for kind in ("conv", "linear", "norm", "activation", "pool", "attention", "merge", "shape", "other"):
        assert contrast(theme.colour("text"), graph_colours.of_kind(kind)) >= 4.5, kind
    for state in ("frozen", "trains", "partly", ""):
        for words in ("text", "muted"):
            assert contrast(theme.colour(words), graph_colours.body(state)) >= 4.5, state


def contrast(one: QColor, other: QColor) -> float:
    """After WCAG 2.2, relative luminance."""

    def luminance(colour: QColor) -> float:
        parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3])
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_without_a_network_there_is_a_sentence(graph: LayerGraph) -> None:
    graph.set_graph((), "nothing")
    assert graph.empty.isVisible() and graph.empty.sentence() == "Choose a model to see its graph."
    graph.show_error("The network could not be traced.")
    assert graph.empty.sentence() == "The network could not be traced."
    assert not graph.bar.isVisible()
    graph.set_graph(RESIDUAL, "small")
    assert graph.view.isVisible() and graph.bar.isVisible()


def test_a_network_that_runs_backwards_is_told(graph: LayerGraph) -> None:
    graph.set_graph((node(0, "a", "Conv2d", 1), node(1, "b", "Conv2d")), "odd")
    assert graph.empty.sentence().startswith("The graph of odd cannot be drawn: the operation “a”")


def test_the_same_network_again_stays_as_it_was_folded(graph: LayerGraph) -> None:
    graph.toggle(part(graph, "layer1.0"))
    graph.set_graph(RESIDUAL, "small")
    assert graph.unfolded() == {"layer1", "layer1.1"}
    graph.set_graph(RESIDUAL, "another")
    assert graph.unfolded() == ALL


def test_a_large_graph_is_laid_out_in_a_thread(graph: LayerGraph, qtbot: QtBot) -> None:
    nodes: list[GraphNode] = [node(0, "input", "Input")]
    for number in range(1, 400):
        nodes.append(node(number, f"pool{number}", "MaxPool2d", number - 1))
    graph.set_graph(tuple(nodes), "long")
    assert graph.bar._said.text() == "Laying out…"
    qtbot.waitUntil(lambda: len(graph.view.drawing.layout.boxes) == 400)
    assert graph.bar._said.text() == ""
