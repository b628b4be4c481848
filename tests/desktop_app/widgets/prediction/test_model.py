from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from pytestqt.qtbot import QtBot

from desktop_app.widgets.prediction import model as module
from desktop_app.widgets.prediction.model import CONFIDENCE, ERROR, LABEL, NAME, LedgerModel, cell, sign
from engine.events import Prediction
from engine.model_file import ModelFile
from engine.prediction.ledger import views
from tests.engine import tiny_model
from tests.engine.prediction import many_photos

MANY = 200_000


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return tiny_model.make(tmp_path_factory.mktemp("model") / "m.thaw")


@pytest.fixture(scope="module")
def large(model_file: ModelFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "a.thaw-ledger"
    many_photos.write(path, model_file, MANY)
    return path


@pytest.fixture
def model() -> Iterator[LedgerModel]:
    model = LedgerModel()
    yield model
    model.close()


def settle(qtbot: QtBot, model: LedgerModel) -> None:
    qtbot.waitUntil(lambda: not model.reads, timeout=20_000)


def open_small(qtbot: QtBot, model: LedgerModel, model_file: ModelFile, path: Path, photos: int = 50) -> None:
    many_photos.write(path, model_file, photos)
    model.open(path)
    settle(qtbot, model)


def shown(model: LedgerModel) -> list[str]:
    return [model.prediction(row).path.stem.removeprefix("IMG_") for row in range(model.rowCount())]


def test_200000_photos_are_ids_and_a_few_answers(qtbot: QtBot, model: LedgerModel, large: Path) -> None:
    model.open(large)
    settle(qtbot, model)
    assert model.rowCount() == model.counts.photos == MANY
    for row in range(0, MANY, 997):  # a hand on the scroll bar
        assert model.index(row, NAME).data() == f"IMG_{row + 1}.jpg"
    assert len(model._kept) <= module.MOST_KEPT + module.PAGE
    model.sort(CONFIDENCE, Qt.SortOrder.DescendingOrder)
    settle(qtbot, model)
    ends = [model.prediction(row).confidence for row in (0, 1, MANY // 2, MANY - 201)]
    assert ends == sorted(ends, reverse=True) and ends[0] > 0.999
    assert all(model.prediction(row).error for row in (MANY - 200, MANY - 1))
    model.set_view(kind=views.OF_LABEL, label="green", search="img_77")
    model.sort(NAME)
    settle(qtbot, model)
    assert shown(model)[:4] == ["77", "773", "777", "7701"]
    assert len(model._kept) <= module.MOST_KEPT + module.PAGE


def test_what_comes_later_goes_to_the_end_until_the_batch_is_done(
    qtbot: QtBot, model: LedgerModel, model_file: ModelFile, tmp_path: Path
) -> None:
    path = tmp_path / "a.thaw-ledger"
    open_small(qtbot, model, model_file, path, 20)
    model.sort(CONFIDENCE, Qt.SortOrder.DescendingOrder)
    settle(qtbot, model)
    many_photos.write(path, model_file, 20, 21)
    with qtbot.waitSignal(model.was_read):
        model.grow()
        model.grow()
    assert shown(model)[20:] == [str(number) for number in range(21, 41)]
    assert model.counts.photos == 40 and model.counts.unknown == 10
    model.refresh()
    settle(qtbot, model)
    shares = [model.prediction(row).confidence for row in range(40)]
    assert shares == sorted(shares, reverse=True)
    model.sort(-1)
    settle(qtbot, model)
    assert shown(model) == [str(number) for number in range(1, 41)]


def test_a_ledger_that_is_not_there_yet_is_no_failure(
    qtbot: QtBot, model: LedgerModel, model_file: ModelFile, tmp_path: Path
) -> None:
    failures: list[object] = []
    model.failed.connect(failures.append)
    model.open(tmp_path / "a.thaw-ledger")
    settle(qtbot, model)
    many_photos.write(tmp_path / "a.thaw-ledger", model_file, 3)
    with qtbot.waitSignal(model.was_read):
        model.grow()
    assert model.rowCount() == 3 and not failures
    (tmp_path / "broken.thaw-ledger").write_bytes(b"no ledger at all")
    model.open(tmp_path / "broken.thaw-ledger")
    settle(qtbot, model)
    assert len(failures) == 1 and model.rowCount() == 0


def test_a_selected_row_follows_its_photo(
    qtbot: QtBot, model: LedgerModel, model_file: ModelFile, tmp_path: Path
) -> None:
    open_small(qtbot, model, model_file, tmp_path / "a.thaw-ledger")
    kept = QPersistentModelIndex(model.index(9, NAME))
    model.sort(LABEL, Qt.SortOrder.DescendingOrder)
    settle(qtbot, model)
    assert kept.data() == "IMG_10.jpg"
    model.set_view(search="nothing has this name")
    settle(qtbot, model)
    assert not kept.isValid()


def test_an_answer_bears_no_sign_of_being_right() -> None:
    sure = Prediction(Path("a.jpg"), "ant", 0.9, (("ant", 0.9),))
    unsure = Prediction(Path("a.jpg"), "unknown", 0.4, (("ant", 0.4),))
    failed = Prediction(Path("x/3.jpg"), "", 0.0, (), "“3.jpg” is damaged and cannot be read.")
    assert [sign(one) for one in (sure, unsure, failed)] == [("", "text"), ("circle-help", "unsure"), ("x", "wrong")]
    assert cell(failed, ERROR) == "Is damaged and cannot be read."
    assert cell(failed, CONFIDENCE) == "" and cell(failed, LABEL) == "not read"
