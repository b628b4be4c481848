from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.pages import predict
from desktop_app.pages.predict import PredictPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.prediction.model import ONLY_FAILED, ONLY_UNKNOWN
from desktop_app.worker import Jobs
from engine.control import Control
from engine.events import Prediction, PredictionFinished, PredictionProgress
from tests.desktop_app.photo_files import write_dataset
from tests.engine import tiny_model

FOLDER = Path("/photos")


def answer(number: int, label: str, confidence: float) -> Prediction:
    other = "bee" if label == "ant" else "ant"
    top = ((label, confidence), (other, 1 - confidence))
    return Prediction(FOLDER / f"{number}.jpg", label, confidence, top)


ANSWERS = (
    answer(1, "ant", 0.95),
    answer(2, "bee", 0.55),
    Prediction(FOLDER / "3.jpg", "", 0.0, (), "“3.jpg” is damaged."),
    answer(4, "bee", 0.80),
)


@pytest.fixture
def page(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> Iterator[PredictPage]:
    page = PredictPage(project, jobs, settings)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    yield page
    page.chooser._background.close()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "colours.thaw"
    tiny_model.make(path)
    return path


def fake_job(monkeypatch: pytest.MonkeyPatch, *events: object) -> list[tuple[Path, ...]]:
    asked: list[tuple[Path, ...]] = []

    def classify(_model: Path, paths: tuple[Path, ...], _control: Control) -> Iterator[object]:
        asked.append(paths)
        yield from events

    monkeypatch.setattr(predict, "classify", classify)
    return asked


def use(qtbot: QtBot, page: PredictPage, project: Project, model: Path) -> None:
    project.set_model_file(model)
    qtbot.waitUntil(lambda: page._usable, timeout=10_000)


def wait_for_end(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running(), timeout=20_000)


def names(page: PredictPage) -> list[str]:
    shown = page.results.model
    return [shown.prediction(row).path.stem for row in range(shown.rowCount())]


def test_without_a_model_it_says_what_to_do(page: PredictPage) -> None:
    assert page.empty.isVisible() and page.empty.sentence().startswith("Choose a model first")
    assert not page.action_button.isEnabled()
    assert page.action_button.accessibleDescription() == "Choose a model first."


def test_photos_wait_for_the_model(
    qtbot: QtBot, page: PredictPage, project: Project, jobs: Jobs, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake_job(monkeypatch, *ANSWERS, PredictionFinished(4, 1, 0, 2.0, 2.0))
    page.open_photos((FOLDER,))
    assert not asked
    use(qtbot, page, project, model)
    qtbot.waitUntil(lambda: asked == [(FOLDER,)])
    wait_for_end(qtbot, jobs)
    assert page.results.model.rowCount() == 4
    assert page.context() == "photos · 4 photos in 2.0 s · 2 photos/s"
    assert page.results.summary.text() == "4 photos · 1 not read"


def test_the_threshold_moves_without_another_run(
    qtbot: QtBot,
    page: PredictPage,
    project: Project,
    jobs: Jobs,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    asked = fake_job(monkeypatch, *ANSWERS)
    use(qtbot, page, project, model)
    page.open_photos((FOLDER,))
    wait_for_end(qtbot, jobs)
    results = page.results
    results.threshold.setValue(60)
    qtbot.waitUntil(lambda: results.model.counts()[ONLY_UNKNOWN] == 1)
    assert [results.model.label(results.model.prediction(row)) for row in range(4)] == ["ant", "unknown", "", "bee"]
    results.model.set_filter(ONLY_UNKNOWN)
    assert names(page) == ["2"]
    results.model.set_filter(ONLY_FAILED)
    assert names(page) == ["3"]
    page.save_csv(tmp_path / "out.csv")
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert [row["label"] for row in rows] == ["ant", "unknown", "", "bee"]
    assert len(asked) == 1


def test_stop_keeps_what_is_done(
    qtbot: QtBot, page: PredictPage, project: Project, jobs: Jobs, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def classify(_model: Path, _paths: tuple[Path, ...], control: Control) -> Iterator[object]:
        yield ANSWERS[0]
        yield PredictionProgress(1, 100, 10.0, 9.9)
        while not control.stopping:
            control._stop.wait(0.01)
        yield PredictionFinished(1, 0, 0, 1.0, 1.0, stopped=True)

    monkeypatch.setattr(predict, "classify", classify)
    use(qtbot, page, project, model)
    page.open_photos((FOLDER,))
    assert page.action_button.text() == "Stop"
    qtbot.waitUntil(lambda: page.results.model.rowCount() == 1)
    page.action_button.click()
    wait_for_end(qtbot, jobs)
    assert page.action_button.text() == "Choose folder…" and page.action_button.isEnabled()
    assert names(page) == ["1"] and "stopped" in page.context()
    assert page.save.isEnabled()


def test_real_photos_and_a_real_model(
    qtbot: QtBot, page: PredictPage, project: Project, jobs: Jobs, model: Path, tmp_path: Path
) -> None:
    root = write_dataset(tmp_path / "photos")
    (root / "bad.jpg").write_bytes(b"\xff\xd8\xff not a photo")
    use(qtbot, page, project, model)
    assert page.chooser.about.whole() == "3 classes (red, green, blue) · 32 × 32 pixels"
    page.open_photos((root,))
    wait_for_end(qtbot, jobs)
    shown = page.results.model
    labels = {(one.path.parent.name, shown.label(one)) for one in map(shown.prediction, range(shown.rowCount()))}
    assert labels == {("red", "red"), ("green", "green"), ("blue", "blue"), ("photos", "")}
    page.results.table.selectRow(1)
    assert page.results.detail.label.whole() in ("red", "green", "blue")


def test_what_is_no_model_is_refused_at_its_place(
    qtbot: QtBot, page: PredictPage, project: Project, tmp_path: Path
) -> None:
    (tmp_path / "no.thaw").write_bytes(b"nothing")
    project.set_model_file(tmp_path / "no.thaw")
    qtbot.waitUntil(lambda: bool(page.banner.text()), timeout=10_000)
    assert not page._usable


def test_another_folder_replaces_the_one_that_runs(
    qtbot: QtBot, page: PredictPage, project: Project, jobs: Jobs, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def classify(_model: Path, paths: tuple[Path, ...], control: Control) -> Iterator[object]:
        if paths == (FOLDER,):
            while not control.stopping:
                control._stop.wait(0.01)
        yield Prediction(paths[0] / "9.jpg", "ant", 0.9, (("ant", 0.9),))

    monkeypatch.setattr(predict, "classify", classify)
    use(qtbot, page, project, model)
    page.open_photos((FOLDER,))
    page.open_photos((Path("/other"),))
    qtbot.waitUntil(lambda: page.results.model.total() == 1 and not jobs.running(), timeout=10_000)
    assert page.results.model.prediction(0).path == Path("/other/9.jpg")
