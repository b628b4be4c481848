from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.layers import looking
from desktop_app.widgets.layers.pictures import NOTHING, LayerPictures
from desktop_app.widgets.picture_view import AFTER, ALONE, BEFORE, PictureView
from desktop_app.worker import Jobs
from engine.control import Control
from engine.dataset.index import DatasetIndex, Photo
from engine.errors import ThawError
from engine.events import LayerPictured, Notice

Asked = list[list[str]]
Play = Callable[..., Asked]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Let the child process say these events; gives the arguments of every call."""

    def prepare(*events: Any, until_stopped: bool = False) -> Asked:
        asked: Asked = []

        def run(verb: str, arguments: list[str], control: Control) -> Iterator[Any]:
            assert verb == "look"
            asked.append(arguments)
            for event in events:
                if isinstance(event, Exception):
                    raise event
                yield event
            while until_stopped and not control.stopping and len(asked) == 1:
                yield Notice("")

        monkeypatch.setattr(looking.process, "run", run)
        return asked

    return prepare


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(np.full((60, 90, 4), 128, np.uint8)).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


@pytest.fixture
def panel(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> LayerPictures:
    panel = LayerPictures(project, jobs, settings)
    qtbot.addWidget(panel)
    panel.resize(700, 500)
    panel.show()
    return panel


def pictured(picture: Path, kind: str = "filters", after: bool = True) -> LayerPictured:
    return LayerPictured("conv1", kind, picture, picture if after else None, 64, 5, (3, 8, 20, 40, 63), 3, -0.5, 0.5)


def show(qtbot: QtBot, panel: LayerPictures, jobs: Jobs, **options: str) -> None:
    with qtbot.waitSignal(jobs.ended):
        panel.show_layer("resnet18", "conv1", **options)


def test_at_first_it_says_what_to_choose(panel: LayerPictures) -> None:
    assert panel.sentence.text() == NOTHING and panel.sentence.isVisible()
    assert not panel.view.isVisible() and not panel.bar.isVisible()


def test_filters_and_maps_stand_before_beside_after(
    qtbot: QtBot, play: Play, panel: LayerPictures, project: Project, picture: Path, jobs: Jobs
) -> None:
    asked = play(pictured(picture), pictured(picture, "maps"))
    photos = tuple(Photo(Path(f"/photos/a/{n}.jpg"), "a", "val" if n == 2 else "train") for n in range(4))
    project.set_dataset(DatasetIndex(Path("/photos"), ("a",), photos))
    with qtbot.waitSignal(panel.pictured) as told:
        show(qtbot, panel, jobs)
    assert told.args == ["conv1"]
    assert asked[0][:3] == ["resnet18", "--layer", "conv1"]
    assert asked[0][asked[0].index("--photo") + 1] == "/photos/a/2.jpg"  # one that was not trained on
    assert panel.view.titles() == (BEFORE, AFTER) and panel.view.isVisible()
    assert panel.facts.text().startswith("5 of 64 channels") and "−0.5" in panel.facts.text()
    qtbot.mouseClick(panel.choices["maps"], Qt.MouseButton.LeftButton)
    assert panel.view.isVisible() and len(asked) == 1
    with qtbot.waitSignal(jobs.ended):
        panel.next_photo.click()
    assert asked[1][asked[1].index("--photo") + 1] != "/photos/a/2.jpg"
    assert panel.choices["maps"].isChecked()


def test_the_reason_stands_where_there_is_nothing_to_show(
    qtbot: QtBot, play: Play, panel: LayerPictures, jobs: Jobs
) -> None:
    asked = play(ThawError("The pretrained weights of ResNet-18 are not on this machine."))
    show(qtbot, panel, jobs)
    assert "not on this machine" in panel.banner.text()
    assert not panel.view.isVisible()
    panel.show_layer("resnet18", "bn1", "BatchNorm2d")
    assert "“bn1” is a BatchNorm2d" in panel.sentence.text() and panel.sentence.isVisible()
    assert panel.banner.text() == "" and len(asked) == 1  # said at once, without a process


def test_a_layer_of_numbers_says_so_and_a_missing_photo_too(
    qtbot: QtBot, play: Play, panel: LayerPictures, picture: Path, jobs: Jobs
) -> None:
    play(Notice("The filters of “conv1” are 1×1.", "no_filters"))
    show(qtbot, panel, jobs)
    assert "1×1" in panel.sentence.text()
    play(pictured(picture))
    show(qtbot, panel, jobs)
    panel.show_kind("maps")
    assert "Choose a photo" in panel.sentence.text() and not panel.view.isVisible()


def test_the_last_click_wins(qtbot: QtBot, play: Play, panel: LayerPictures, picture: Path, jobs: Jobs) -> None:
    asked = play(pictured(picture), until_stopped=True)
    panel.show_layer("resnet18", "conv1")
    qtbot.waitUntil(lambda: panel.view.isVisible())
    assert panel.bar.isVisible()
    panel.show_layer("resnet18", "layer1.0.conv1")
    panel.show_layer("resnet18", "layer2.0.conv1")
    assert not panel.view.isVisible()  # what is being replaced is not shown under another name
    qtbot.waitUntil(lambda: not jobs.running())
    assert [arguments[2] for arguments in asked] == ["conv1", "layer2.0.conv1"]
    assert panel.view.isVisible() and panel.name.whole() == "layer2.0.conv1"


def test_what_comes_late_is_not_shown_under_a_layer_without_pictures(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, panel: LayerPictures, picture: Path, jobs: Jobs
) -> None:
    def run(_verb: str, _arguments: list[str], control: Control) -> Iterator[Any]:
        while not control.stopping:
            yield None
        yield pictured(picture)

    monkeypatch.setattr(looking.process, "run", run)
    panel.show_layer("resnet18", "conv1")
    panel.show_layer("resnet18", "bn1", "BatchNorm2d")
    qtbot.waitUntil(lambda: not jobs.running())
    assert not panel.view.isVisible() and not panel.bar.isVisible()
    assert "“bn1” is a BatchNorm2d" in panel.sentence.text() and panel.sentence.isVisible()


def test_pictures_are_zoomed_as_one_and_name_their_channels(qtbot: QtBot, picture: Path) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.show()
    view.show_pictures(pictured(picture))
    whole = view.transform().m11()
    qtbot.keyClicks(view, "+")
    assert view.transform().m11() == pytest.approx(1.25 * whole)
    qtbot.keyClicks(view, "--")
    assert view.transform().m11() == pytest.approx(whole, rel=0.05)  # never smaller than all of it
    qtbot.keyClicks(view, "+++0")
    assert view.transform().m11() == pytest.approx(whole, rel=0.05)
    assert view.channel_at(QPointF(35, 5)) == 8  # second of three in the first of two rows
    assert view.channel_at(QPointF(90 + 24 + 5, 35)) == 40  # the same grid again in “after”
    assert view.channel_at(QPointF(85, 55)) is None  # the sixth place is empty
    view.show_pictures(pictured(picture, after=False))
    assert view.titles() == (ALONE,)


def test_pictures_go_with_the_dataset_of_their_photo(
    qtbot: QtBot, play: Play, panel: LayerPictures, project: Project, picture: Path, jobs: Jobs
) -> None:
    asked = play(pictured(picture))
    show(qtbot, panel, jobs)
    assert panel.view.isVisible()
    project.set_dataset(DatasetIndex(Path("/photos"), ("a",), (Photo(Path("/photos/a/1.jpg"), "a"),)))
    assert not panel.view.isVisible() and panel.sentence.text() == NOTHING and panel.name.whole() == ""
    assert len(asked) == 1 and not jobs.running()
