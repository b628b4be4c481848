"""A person's whole way through the real window, with the real engine in a child process."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import torch
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from desktop_app import dialogs
from desktop_app.main_window import MainWindow
from desktop_app.settings import Settings
from desktop_app.widgets.layers.model import LayerModel
from engine import runs
from engine.models.blocks import in_block
from engine.models.build import build_pretrained
from engine.models.catalog import find_model
from tests.engine.training.short_run import hashes, owner_of
from tests.tiny_photos import make_photos

PATIENCE = 120_000


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> MainWindow:
    def end_jobs(window: MainWindow) -> None:
        """Before it is taken away, after which nobody hears of their end."""
        window.jobs.close()
        qtbot.waitUntil(lambda: not window.jobs.running(), timeout=PATIENCE)

    settings = Settings()
    settings.runs_folder = tmp_path / "runs"
    window = MainWindow(settings)
    qtbot.addWidget(window, before_close_func=end_jobs)
    window.show()
    return window


def open_dataset(window: MainWindow, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl+1, then the page's button, and choose `folder`."""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    window.show_page("data")
    window.page("data").choose_folder()
    qtbot.waitUntil(lambda: window.project.dataset is not None, timeout=PATIENCE)


def press(qtbot: QtBot, window: MainWindow, page: str) -> None:
    """Press the page's main button."""
    window.show_page(page)
    button = window.page(page).action_button
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def train(qtbot: QtBot, window: MainWindow) -> Path:
    """Press Start and wait for the end, but not for what else begins by itself; the run's folder."""
    press(qtbot, window, "train")
    qtbot.waitUntil(lambda: bool(window.jobs.running("train")), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.jobs.running("train"), timeout=PATIENCE)
    newest = max(window.settings.runs_folder.iterdir(), key=lambda path: path.stat().st_mtime)
    assert window.project.run_dir == newest
    return newest


def steps_seen(window: MainWindow, epoch: int, step: int) -> Callable[[], bool]:
    """A condition: the training that runs has told of this step."""
    seen: list[bool] = []

    def look(event: object) -> None:
        if (getattr(event, "epoch", 0), getattr(event, "step", 0)) == (epoch, step):
            seen.append(True)

    window.jobs.running("train")[0].happened.connect(look)
    return lambda: bool(seen)


def test_from_a_folder_to_a_table(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = make_photos(tmp_path / "photos", classes=3, splits=("train", "val", "test"))
    open_dataset(window, qtbot, photos, monkeypatch)
    window.show_page("model")
    window.page("model").choose_model("small_resnet")
    window.page("model").choose_strategy("from-scratch")
    window.project.set_config(epochs=3, batch_size=8, learning_rate=0.01)
    run_dir = train(qtbot, window)
    assert runs.state(run_dir) == "finished"
    metrics = runs.read_metrics(run_dir)
    assert metrics["test"]["photos"] == 36

    window.show_page("review")
    qtbot.waitUntil(lambda: window.page("review").list.table.model().rowCount() == 1, timeout=PATIENCE)

    window.show_page("predict")
    page = window.page("predict")
    page.open_photos((photos / "test",))
    qtbot.waitUntil(lambda: bool(window.jobs.running("predict")), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=PATIENCE)
    page.desk.saving.save(tmp_path / "answers.csv")
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=PATIENCE)
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 36
    right = sum(Path(row["path"]).parent.name == row["label"] for row in rows)
    assert right / 36 == pytest.approx(metrics["test_accuracy"])


@pytest.mark.parametrize("name", ["mobilenet_v2", pytest.param("squeezenet1_0", marks=pytest.mark.long)])
def test_what_is_ticked_is_what_trains(
    name: str,
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    tiny_weights: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Untick everything but one block in the middle, start from the window, and compare hashes."""
    block = {"mobilenet_v2": "features.14", "squeezenet1_0": "features.7"}[name]
    window.settings.weights_dir = tiny_weights
    open_dataset(window, qtbot, make_photos(tmp_path / "photos", photos=4, splits=("train", "val")), monkeypatch)
    window.show_page("model")
    page = window.page("model")
    page.choose_model(name)
    ticked = {layer for layer in page.tree.model.owners() if in_block(layer, (block,))}
    tick(page.tree.model, {layer for layer in page.tree.trainable() if layer not in ticked}, Qt.CheckState.Unchecked)
    tick(page.tree.model, ticked, Qt.CheckState.Checked)
    assert window.project.config.strategy == "custom"
    assert set(window.project.config.trainable or ()) == ticked
    window.project.set_config(
        epochs=1, batch_size=4, image_size=64, learning_rate=0.05, optimizer="sgd", warmup_epochs=0.0, device="cpu"
    )
    run_dir = train(qtbot, window)
    torch.manual_seed(window.project.config.seed)
    before = hashes(build_pretrained(find_model(name), 2, tiny_weights / f"{name}.pth").state_dict())
    after = hashes(torch.load(run_dir / runs.LAST, weights_only=True)["network"])
    changed = {tensor for tensor in after if before[tensor] != after[tensor]}
    assert changed == {tensor for tensor in after if owner_of(tensor) in ticked}


def tick(model: LayerModel, names: set[str], state: Qt.CheckState) -> None:
    """Set the checkboxes of these layers, one by one, as clicks do."""

    def walk(parent: QModelIndex) -> Iterator[QModelIndex]:
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            yield index
            yield from walk(index)

    leaves = {node.layer.name: index for index in walk(QModelIndex()) if (node := model.node(index)).layer}
    for name in names:
        assert model.setData(leaves[name], state.value, Qt.ItemDataRole.CheckStateRole)


def jobs_processes() -> list[psutil.Process]:
    """The processes that the window has begun, without those that other tests' pools leave."""
    children = psutil.Process().children()
    return [child for child in children if not any("multiprocessing" in word for word in child.cmdline())]


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_child_is_told_once_and_the_run_goes_on_to_the_same_weights(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes: list[BaseException] = []
    monkeypatch.setattr(dialogs, "show_error", lambda _parent, error: boxes.append(error))
    open_dataset(window, qtbot, make_photos(tmp_path / "photos", photos=40, splits=("train", "val")), monkeypatch)
    window.project.set_config(
        model="small_resnet", strategy="from-scratch", epochs=6, batch_size=4, device="cpu", learning_rate=0.01
    )
    whole = train(qtbot, window)

    press(qtbot, window, "train")
    qtbot.waitUntil(lambda: bool(window.jobs.running("train")), timeout=PATIENCE)
    qtbot.waitUntil(steps_seen(window, 2, 5), timeout=PATIENCE)
    (child,) = jobs_processes()
    child.send_signal(signal.SIGKILL)
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=PATIENCE)
    (banner,) = window.page("train").offers.banners()
    assert "killed" in banner.label.text() and "resumed" in banner.label.text()
    assert not boxes, "told once, on the page where the run was started"
    killed = max(window.settings.runs_folder.iterdir(), key=lambda path: path.stat().st_mtime)
    assert killed != whole and runs.state(killed) == "interrupted"
    assert window.isVisible()

    assert banner.button.text() == "Resume"
    qtbot.mouseClick(banner.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.jobs.running("train")), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=PATIENCE)
    assert runs.state(killed) == "finished" and len(runs.read_history(killed)) == 6
    assert (killed / runs.BEST).read_bytes() == (whole / runs.BEST).read_bytes()
    networks = [torch.load(folder / runs.LAST, weights_only=True)["network"] for folder in (killed, whole)]
    assert hashes(networks[0]) == hashes(networks[1])


@pytest.mark.long
def test_closing_with_a_run_asks_then_leaves_it_resumable(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dialogs, "ask", lambda _parent, question, *_: asked.append(question) or len(asked) > 1)
    open_dataset(window, qtbot, make_photos(tmp_path / "photos", photos=40, splits=("train", "val")), monkeypatch)
    window.project.set_config(model="lenet5", strategy="from-scratch", epochs=5000, device="cpu")
    press(qtbot, window, "train")
    qtbot.waitUntil(lambda: bool(window.jobs.running("train")), timeout=PATIENCE)
    qtbot.waitUntil(steps_seen(window, 3, 1), timeout=PATIENCE)
    window.close()
    assert window.isVisible() and window.jobs.running("train"), "the first answer was to keep working"
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE)
    assert len(asked) == 2 and not jobs_processes()
    (run_dir,) = window.settings.runs_folder.iterdir()
    assert runs.state(run_dir) == "stopped" and (run_dir / runs.MODEL).exists()
