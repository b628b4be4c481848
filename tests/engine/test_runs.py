"""A run's state is what its files say."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from engine import runs
from engine.config import TrainConfig, make_config
from engine.dataset.index import Photo
from engine.errors import ConfigError, RunError
from engine.evaluation.report import evaluate
from engine.events import EpochFinished
from engine.runs import PredictionRow


def epoch(number: int, best: int = 1) -> EpochFinished:
    return EpochFinished(number, 5, 1, 0.5, 0.75, 0.4, 0.8, 1e-3, 2.0, 55.5, best, 0.8, None, 3.25)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    runs.create(folder, make_config({"data": tmp_path / "photos", "epochs": 5}))
    return folder


def test_states(tmp_path: Path, run_dir: Path) -> None:
    assert runs.state(tmp_path / "nothing") == "absent"
    assert runs.state(run_dir) == "interrupted"
    runs.write_metrics(run_dir, {"stopped": True})
    assert runs.state(run_dir) == "stopped"
    runs.write_metrics(run_dir, {"stopped": False})
    assert runs.state(run_dir) == "finished"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", bytes(300)])
def test_a_run_whose_figures_are_damaged_is_listed_and_can_go_on(content: bytes, run_dir: Path) -> None:
    runs.append_history(run_dir, epoch(1))
    (run_dir / runs.METRICS).write_bytes(content)
    assert runs.state(run_dir) == "interrupted"
    (row,) = runs.list_runs(run_dir.parent)
    assert (row.state, row.val_accuracy, row.test_accuracy) == ("interrupted", 0.8, None)
    why = runs.why_ended(run_dir)
    assert why and "a resume writes them anew" in why.text
    with pytest.raises(RunError, match="resume the run"):
        runs.read_metrics(run_dir)


def test_a_folder_that_holds_a_run_is_not_written_over(run_dir: Path) -> None:
    before = (run_dir / runs.CONFIG).read_bytes()
    with pytest.raises(RunError, match="resume"):
        runs.create(run_dir, TrainConfig())
    assert (run_dir / runs.CONFIG).read_bytes() == before


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        runs.create(tmp_path / "file" / "run", TrainConfig())


def test_what_is_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("")
    with pytest.raises(RunError, match="“notes” is a file and not a folder; choose another"):
        runs.create(tmp_path / "notes" / "run", TrainConfig())
    with pytest.raises(RunError, match="“notes” is a file"):
        runs.create(tmp_path / "notes", TrainConfig())
    with pytest.raises(RunError, match="the path is too long; choose a shorter one"):
        runs.create(tmp_path / ("n" * 300), TrainConfig())


@pytest.mark.parametrize(("number", "words"), [(errno.EROFS, "can only be read"), (errno.EACCES, "permission")])
def test_a_place_that_cannot_be_written_is_a_sentence(
    number: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(RunError, match=words):
        runs.create(tmp_path / "run", TrainConfig())


def test_settings_of_a_newer_version_are_named_with_their_run(run_dir: Path) -> None:
    with (run_dir / runs.CONFIG).open("a") as file:
        file.write('telepathy = "on"\n')
    with pytest.raises(ConfigError, match=r"run in .* is of a newer Thaw.*no setting named “telepathy”"):
        runs.read_config(run_dir)


def test_history_survives_and_is_cut(run_dir: Path) -> None:
    written = [epoch(1), epoch(2, 2), epoch(3, 2)]
    for row in written:
        runs.append_history(run_dir, row)
    assert list(runs.read_history(run_dir)) == written
    runs.cut_history(run_dir, 2)
    assert list(runs.read_history(run_dir)) == written[:2]


def test_history_of_an_earlier_version_lacks_what_came_later(run_dir: Path) -> None:
    runs.append_history(run_dir, epoch(1))
    path = run_dir / runs.HISTORY
    path.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in path.read_text().splitlines()))
    assert "waiting" not in path.read_text()
    assert list(runs.read_history(run_dir)) == [epoch(1)]


def test_a_half_written_row_of_history_is_left_out(run_dir: Path) -> None:
    runs.append_history(run_dir, epoch(1))
    with (run_dir / runs.HISTORY).open("a") as file:
        file.write("2,5,1,0.4")
    assert runs.read_history(run_dir) == (epoch(1),)


def test_the_dataset_survives_with_strange_names(tmp_path: Path, run_dir: Path) -> None:
    root = tmp_path / "photos"
    names = ["ä, “b”.jpg", b"\xff.jpg".decode("utf-8", "surrogateescape"), "line\nbreak.png"]
    photos = tuple(Photo(root / "ants" / name, "ants", "train") for name in names)
    runs.write_dataset(run_dir, photos, ["a", "b", ""], root)
    assert runs.read_dataset(run_dir) == (root, photos, ("a", "b", ""))


def test_predictions_survive(run_dir: Path) -> None:
    rows = (PredictionRow(Path("/a.jpg"), "val", "ants", "bees", (0.25, 0.75)),)
    runs.write_predictions(run_dir, rows, ("ants", "bees"))
    assert runs.read_predictions(run_dir) == rows
    assert rows[0].confidence == 0.75


def test_the_list_of_runs_leaves_out_what_is_none(run_dir: Path) -> None:
    (run_dir.parent / "holiday").mkdir()
    broken = run_dir.parent / "broken"
    broken.mkdir()
    (broken / runs.CONFIG).write_text("epochs = ")
    runs.append_history(run_dir, epoch(1))
    (row,) = runs.list_runs(run_dir.parent)
    assert (row.name, row.state, row.epochs_done, row.epochs, row.val_accuracy) == ("run", "interrupted", 1, 5, 0.8)
    for away in (run_dir / "absent", run_dir / ("x" * 300)):  # the second answers with an error, as a broken drive
        assert runs.list_runs(away) == runs.list_trash(away) == ()


def test_a_run_that_is_deleted_while_it_is_read_is_left_out(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_and_gone(path: Path) -> list[EpochFinished]:
        history = runs.read_history(path)
        runs.delete(path)
        return history

    monkeypatch.setattr("engine.runs.listing.read_history", read_and_gone)
    assert runs.list_runs(run_dir.parent) == ()


def test_an_evaluation_writes_over_no_run(run_dir: Path) -> None:
    before = {path.name: path.read_bytes() for path in run_dir.iterdir()}
    with pytest.raises(RunError, match="written over; choose another"):
        next(evaluate(run_dir, run_dir, run_dir))
    assert {path.name: path.read_bytes() for path in run_dir.iterdir()} == before


def test_a_place_that_can_only_be_read_is_nobodys(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished run on a CD: it is read as it is, and what would write there says so itself."""
    runs.write_metrics(run_dir, {"stopped": True})
    (run_dir / runs.LOCK).write_bytes(b"\x00123 elsewhere")
    before = sorted(run_dir.iterdir())
    real = os.open

    def reads(path: str | Path, flags: int, *rest: int, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and run_dir in Path(path).parents:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", reads)
    assert runs.state(run_dir) == "stopped" and runs.trainer_of(run_dir) is None
    with runs.taken(run_dir) as sure:
        assert sure, "nobody can be at work where nothing can be written"
    assert sorted(run_dir.iterdir()) == before


@pytest.mark.parametrize("name", [runs.DATASET, runs.METRICS, runs.LAST])
def test_files_that_would_be_taken_for_the_runs_own_are_not_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("a person's own")
    with pytest.raises(RunError, match=f"a file “{name}” in .* but no run; choose another folder"):
        runs.create(tmp_path, TrainConfig())
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_text() == "a person's own"
