"""The dialog of pretrained weights: what it lists, fetches, removes and imports; and what is dropped on the window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.drops import sort_drop
from desktop_app.widgets.weights.dialog import WeightsDialog
from desktop_app.widgets.weights.table import COLUMNS, size, where
from desktop_app.worker import Jobs
from engine import process
from engine.errors import WeightsError
from engine.events import StageStarted, Transferred, WeightsImported
from engine.models.catalog import find_model
from engine.models.pretrained.fetch import part_of
from engine.models.spec import WeightsSource
from tests.engine.models.pretrained.weights_server import CONTENT, SHA256, Server, offer, own_cache, refused, serving

WHERE = len(COLUMNS) - 1
FIRST, SECOND = ("resnet18", "imagenet1k"), ("mobilenet_v2", "imagenet1k")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_cache(tmp_path, monkeypatch)


@pytest.fixture
def server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:  # noqa: ARG001
    """A catalog of two models, whose weights are on this server."""
    with serving() as server:
        rows = {}
        for model, _ in (FIRST, SECOND):
            source = WeightsSource(f"{server.address}/{model}-{SHA256[:8]}.pth", licence="BSD-3-Clause; of this test")
            rows[model] = replace(find_model(model), weights=(source,))
        offer(rows, monkeypatch)
        yield server


@pytest.fixture
def dialog(qtbot: QtBot, server: Server, jobs: Jobs, settings: Settings) -> Iterator[WeightsDialog]:  # noqa: ARG001
    dialog = WeightsDialog(jobs, settings)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    yield dialog
    dialog.close()


def file_of(model: str) -> str:
    return find_model(model).weights[0].file_name


def places(dialog: WeightsDialog) -> list[str]:
    return [where(row) for row in dialog.shelf.table.rows()]


def settled(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running(), timeout=20_000)
    qtbot.wait(1)  # whoever else hears of the end has heard of it


def test_several_are_fetched_and_each_row_says_where_it_stands(
    qtbot: QtBot, dialog: WeightsDialog, jobs: Jobs, cache: Path
) -> None:
    shelf = dialog.shelf
    assert places(dialog) == ["to fetch", "to fetch"] and not shelf.fetch_button.isEnabled()
    told: list[None] = []
    dialog.changed.connect(lambda: told.append(None))
    shelf.table.selectAll()
    assert shelf.fetch_button.text() == "Fetch 2, ≈ 61 MB"
    shelf.fetch_button.click()
    assert places(dialog) == ["waiting", "waiting"]
    assert not shelf.fetch_button.isVisible() and shelf.fetch_line.stop_button.isVisible()
    settled(qtbot, jobs)
    assert places(dialog) == ["here", "here"] and len(told) == 2
    assert all((cache / file_of(model)).read_bytes() == CONTENT for model in ("resnet18", "mobilenet_v2"))
    assert [size(row) for row in shelf.table.rows()] == ["3", "3"]
    assert shelf.fetch_button.isVisible() and not shelf.fetch_line.isVisible()


def test_a_stop_keeps_what_came_and_the_next_fetch_goes_on(
    qtbot: QtBot, dialog: WeightsDialog, server: Server, jobs: Jobs, cache: Path
) -> None:
    go_on = threading.Event()

    def slowly(handler: Any) -> None:
        handler.answer(200, CONTENT[:1_500_000], promised=len(CONTENT))
        go_on.wait(20)
        handler.close_connection = True

    server.answers = [slowly]
    shelf = dialog.shelf
    shelf.table.pick([FIRST])
    shelf.fetch()
    part = part_of(cache / file_of("resnet18"))
    qtbot.waitUntil(lambda: "of 3 MB" in places(dialog)[0], timeout=20_000)
    shelf.fetch_line.stop_button.click()
    go_on.set()
    settled(qtbot, jobs)
    kept = part.stat().st_size
    assert 0 < kept <= 1_500_000 and places(dialog)[0].endswith("MB here") and not dialog.shelf.banners()
    assert shelf.fetch_button.text().startswith("Resume")
    shelf.fetch()
    settled(qtbot, jobs)
    assert places(dialog)[0] == "here" and server.asked[-1][1] == kept


def test_what_cannot_be_had_is_told_in_the_dialog_and_can_be_tried_again(
    qtbot: QtBot, dialog: WeightsDialog, server: Server, jobs: Jobs
) -> None:
    server.answers = [refused(503)]
    dialog.shelf.table.selectAll()
    dialog.shelf.fetch()
    settled(qtbot, jobs)
    (banner,) = dialog.shelf.banners()
    assert "1 of 2 files" in banner.label.text() and "answered 503" in banner.label.text()
    assert places(dialog) == ["not fetched", "here"]
    banner.button.click()
    settled(qtbot, jobs)
    assert places(dialog) == ["here", "here"] and dialog.shelf.banners() == []


def test_what_is_removed_comes_back_with_undo_and_is_gone_when_the_dialog_is(
    qtbot: QtBot, dialog: WeightsDialog, cache: Path
) -> None:
    path = cache / file_of("resnet18")
    path.write_bytes(CONTENT)
    dialog.shelf.refresh()
    dialog.shelf.table.pick([FIRST])
    dialog.shelf.table.setFocus()
    QTest.keyClick(dialog.shelf.table, Qt.Key.Key_Delete)
    assert places(dialog)[0] == "to fetch" and not path.exists()
    (banner,) = dialog.shelf.banners()
    assert banner.button.text() == "Undo" and "ResNet-18" in banner.label.text()
    banner.button.click()
    assert path.read_bytes() == CONTENT and places(dialog)[0] == "here"
    with qtbot.waitSignal(dialog.changed):
        dialog.shelf.remove_button.click()
    dialog.close()
    assert list(cache.iterdir()) == []


def test_files_of_the_persons_own_cannot_be_removed(dialog: WeightsDialog, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / file_of("resnet18")).write_bytes(CONTENT)
    dialog.shelf.set_folder(folder)
    dialog.shelf.table.selectAll()
    assert places(dialog)[0] == "here" and not dialog.shelf.remove_button.isEnabled()
    dialog.shelf.remove()
    assert (folder / file_of("resnet18")).exists() and str(folder) in dialog.shelf.folder_line.whole()


def test_the_search_looks_at_every_column(dialog: WeightsDialog, cache: Path) -> None:
    (cache / "mobilenet_v2.own.birds.safetensors").write_bytes(b"1")
    dialog.shelf.refresh()
    shown = {}
    for text in ("resnet", "birds", "bsd-3", "nothing of that name"):
        dialog.shelf.search.setText(text)
        shown[text] = dialog.shelf.table.model().rowCount()
    assert shown == {"resnet": 1, "birds": 1, "bsd-3": 2, "nothing of that name": 0}


def test_a_fetch_outlives_the_dialog_and_is_seen_by_the_next(
    qtbot: QtBot, dialog: WeightsDialog, server: Server, jobs: Jobs, settings: Settings, cache: Path
) -> None:
    go_on = threading.Event()

    def slowly(handler: Any) -> None:
        handler.answer(200, CONTENT[:1_000_000], promised=len(CONTENT))
        handler.wfile.flush()
        go_on.wait(20)
        handler.wfile.write(CONTENT[1_000_000:])

    server.answers = [slowly]
    dialog.shelf.table.pick([FIRST])
    dialog.shelf.fetch()
    qtbot.waitUntil(lambda: "of 3 MB" in places(dialog)[0], timeout=20_000)
    dialog.close()
    assert jobs.running("weights")[0].at_place == (), "the window tells a failure now"
    second = WeightsDialog(jobs, settings)
    second.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(second)
    second.show()
    assert second.shelf.fetch_line.isVisible() and places(second) == ["waiting", "to fetch"]
    go_on.set()
    settled(qtbot, jobs)
    assert places(second)[0] == "here" and (cache / file_of("resnet18")).exists()
    second.close()


# --- importing


def report_of(file: Path, **fields: Any) -> WeightsImported:
    values: dict[str, Any] = {
        "model": "resnet18", "title": "ResNet-18", "fits": True, "matched": 100, "wanted": 100, "missing": (),
        "unexpected": (), "reshaped": (), "classes": 5, "models": ("resnet18",),
    }  # fmt: skip
    return WeightsImported(file, **(values | fields))


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, cache: Path) -> list[list[str]]:
    """In the place of the child: it knows what three files hold, and notes what it was asked."""
    asked: list[list[str]] = []

    def run(verb: str, arguments: list[str], _control: object) -> Iterator[Any]:
        assert verb == "weights" and arguments[0] == "import"
        asked.append(arguments[1:])
        path = Path(arguments[1])
        yield StageStarted("Reading the file")
        if path.stem == "bad":
            raise WeightsError(f"{path} is damaged or incomplete; get it again.")
        if path.stem == "foreign" and "--model" not in arguments:
            yield report_of(path, model="", title="", fits=False, models=())
            raise WeightsError(f"{path.name} fits none of Thaw's models: it holds 97 tensors.")
        if path.stem == "foreign":
            yield report_of(path, fits=False, matched=98, missing=("a.bias",), reshaped=(("b.weight", (2, 3), (4, 3)),))
            return
        if "--check" in arguments:
            yield report_of(path)
            return
        copy = cache / f"resnet18.own.{path.stem}.safetensors"
        copy.write_bytes(b"12345")
        yield report_of(path, name=f"own:{path.stem}", path=copy)

    monkeypatch.setattr(process, "run", run)
    return asked


def test_a_file_is_taken_only_after_its_report(
    qtbot: QtBot, dialog: WeightsDialog, jobs: Jobs, child: list[list[str]], tmp_path: Path
) -> None:
    file = tmp_path / "birds.ckpt"
    dialog.import_files([file])
    importing = dialog.importing
    assert importing.isVisible() and not importing.take_button.isEnabled()
    settled(qtbot, jobs)
    assert child == [[str(file), "--check"]]
    assert "fits ResNet-18: all 100 tensors" in importing.words() and "5 classes" in importing.words()
    assert importing.models.currentText() == "ResNet-18" and not importing.differences.isVisible()
    with qtbot.waitSignal(dialog.changed):
        QTest.keyClick(importing.take_button, Qt.Key.Key_Return)
    settled(qtbot, jobs)
    assert child[1] == [str(file), "--model", "resnet18"]
    (row,) = dialog.shelf.table.picked_rows()
    assert dialog.shelf.isVisible() and row.listed.name == "own:birds" and where(row) == "your own"


def test_one_that_cannot_be_read_says_why_and_can_only_be_left(
    qtbot: QtBot, dialog: WeightsDialog, jobs: Jobs, child: list[list[str]], tmp_path: Path
) -> None:
    dialog.import_files([tmp_path / "bad.pth"])
    settled(qtbot, jobs)
    assert "is damaged or incomplete" in dialog.importing.words()
    assert not dialog.importing.take_button.isEnabled() and not dialog.importing.models.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.shelf.isVisible() and dialog.isVisible() and len(child) == 1


@pytest.mark.usefixtures("child")
def test_one_that_fits_nothing_can_be_compared_with_any_model(
    qtbot: QtBot, dialog: WeightsDialog, jobs: Jobs, tmp_path: Path
) -> None:
    dialog.import_files([tmp_path / "foreign.th"])
    settled(qtbot, jobs)
    importing = dialog.importing
    assert "97 tensors" in importing.words() and importing.models.isEnabled()
    importing.models.setCurrentIndex(importing.models.findData("resnet18"))
    importing.models.activated.emit(importing.models.currentIndex())
    settled(qtbot, jobs)
    assert "98 of 100 tensors match" in importing.words() and not importing.take_button.isEnabled()
    assert [row[:2] for row in importing.differences.rows()] == [
        ("b.weight", "another shape"),
        ("a.bias", "missing in the file"),
    ]


def test_several_files_are_looked_at_one_after_another(
    qtbot: QtBot, dialog: WeightsDialog, jobs: Jobs, child: list[list[str]], tmp_path: Path
) -> None:
    data = QMimeData()
    for name in ("one.pth", "bad.pth"):
        (tmp_path / name).touch()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("one.pth", "bad.pth")])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, buttons, keys))
    settled(qtbot, jobs)
    dialog.importing.back_button.click()
    settled(qtbot, jobs)
    assert [Path(arguments[0]).name for arguments in child] == ["one.pth", "bad.pth"]
    assert "bad.pth is damaged" in dialog.importing.words()
    dialog.importing.back_button.click()
    assert dialog.shelf.isVisible()


@pytest.mark.parametrize("name", ["a.pth", "b.PT", "c.th", "d.bin", "e.ckpt", "f.safetensors"])
def test_files_of_weights_that_are_dropped_go_to_weights(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert sort_drop([tmp_path / name]).kind == "weights"
    (tmp_path / "folder.pth").mkdir()
    assert sort_drop([tmp_path / "folder.pth"]).kind == "photos"


def test_how_much_is_to_come_may_not_be_known(dialog: WeightsDialog) -> None:
    """While another fetches the file; a share of nothing would be beyond what a bar can show."""
    line = dialog.shelf.fetch_line
    line.asked = line._coming = [("resnet18", "imagenet1k")]
    for received, total, most in ((97_000_000, 0, 0), (11_000_000, 44_000_000, 1000)):
        line._on_happened(Transferred("resnet18.pth", received, total))
        assert line.bar.maximum() == most
    assert line.bar.value() == 250
