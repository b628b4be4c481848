"""Runs as things that a person keeps: their names and notes, deleting and putting back, which came from which."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from engine import runs
from engine.config import make_config
from engine.errors import RunError
from engine.runs import About, files, trash


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return made(tmp_path / "runs" / "one")


def made(folder: Path, **settings: object) -> Path:
    runs.create(folder, make_config({"data": folder.parent / "photos"} | settings))
    (folder / runs.MODEL).write_bytes(b"12345")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_of_a_run_is_named_as_one() -> None:
    named = {value for name, value in vars(files).items() if name.isupper() and isinstance(value, str)}
    assert named - {files.PART, *files.PARTS} == {*runs.RUN_FILES, runs.TENSORBOARD}


def test_a_title_and_a_note_are_kept_and_shown_in_the_list(run_dir: Path) -> None:
    runs.write_about(run_dir, About("  The “best”\nso far ", "with ä\n\nand more "))
    (row,) = runs.list_runs(run_dir.parent)
    assert (row.title, row.note, row.name, row.called) == (
        "The “best” so far", "with ä\n\nand more", "one", "The “best” so far",
    )  # fmt: skip
    runs.write_about(run_dir, About(" ", "\n"))
    assert not (run_dir / runs.ABOUT).exists() and runs.list_runs(run_dir.parent)[0].called == "one"


@pytest.mark.parametrize("damage", ["", "[1]", '{"title": 3}', "{"])
def test_a_damaged_note_keeps_nobody_from_the_run(run_dir: Path, damage: str) -> None:
    (run_dir / runs.ABOUT).write_text(damage)
    assert runs.read_about(run_dir) == About()


def test_a_deleted_run_comes_back_whole(run_dir: Path) -> None:
    (run_dir / runs.TENSORBOARD).mkdir()
    (run_dir / runs.TENSORBOARD / "events").write_bytes(b"123")
    before = contents(run_dir)
    deleted = runs.delete(run_dir)
    assert not run_dir.exists() and runs.list_runs(run_dir.parent) == ()
    assert deleted.size_bytes == sum(map(len, before.values()))
    assert runs.list_trash(run_dir.parent) == (deleted,)
    assert runs.put_back(deleted) == run_dir
    assert contents(run_dir) == before and [path.name for path in run_dir.parent.iterdir()] == ["one"]


def test_what_the_person_put_into_the_folder_stays_there(run_dir: Path) -> None:
    (run_dir / "ant.jpg").write_bytes(b"photo")
    (run_dir / "ants").mkdir()
    deleted = runs.delete(run_dir)
    assert sorted(path.name for path in run_dir.iterdir()) == ["ant.jpg", "ants"]
    assert runs.state(run_dir) == "absent"
    runs.put_back(deleted)
    assert {"ant.jpg", "ants", runs.CONFIG, runs.MODEL} == {path.name for path in run_dir.iterdir()}


def test_two_of_one_name_can_be_deleted_and_only_one_put_back(run_dir: Path) -> None:
    first = runs.delete(run_dir)
    second = runs.delete(made(run_dir))
    assert len(runs.list_trash(run_dir.parent)) == 2
    runs.put_back(second)
    with pytest.raises(RunError, match="another run"):
        runs.put_back(first)
    assert first.path.exists()


def test_emptying_frees_what_is_old_and_leaves_the_rest(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_dir.parent

    class Long(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # noqa: ARG003
            return datetime(2020, 1, 1)

    with monkeypatch.context() as patch:
        patch.setattr(trash, "datetime", Long)
        old = runs.delete(run_dir)
    new = runs.delete(made(folder / "two"))
    (folder / trash.TRASH / "mine").mkdir()
    assert runs.empty_trash(folder, days=runs.DAYS_KEPT) == (1, old.size_bytes)
    assert runs.list_trash(folder) == (new,)
    assert runs.empty_trash(folder) == (1, new.size_bytes)
    assert (folder / trash.TRASH / "mine").exists(), "what is not a deleted run is not removed"
    assert runs.empty_trash(folder / "nothing") == (0, 0)


def test_what_cannot_be_deleted_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run in"):
        runs.delete(tmp_path)


def test_runs_that_name_another_are_its_dependents(run_dir: Path) -> None:
    folder = run_dir.parent
    made(folder / "longer", extends=run_dir)
    made(folder / "wider", continue_from=run_dir, strategy="continue")
    (made(folder / "alone") / runs.METRICS).write_text("half writ")  # nothing but its settings is read
    assert {row.name for row in runs.dependents(run_dir)} == {"longer", "wider"}
    assert runs.dependents(folder / "alone") == ()


def test_what_was_being_written_goes_with_the_run_and_other_parts_stay(run_dir: Path) -> None:
    others = ["video.part", "other.part.thaw"]
    for name in (*files.PARTS, *others):
        (run_dir / name).write_bytes(b"half")
    deleted = runs.delete(run_dir)
    assert sorted(path.name for path in run_dir.iterdir()) == sorted(others)
    runs.put_back(deleted)
    assert {*files.PARTS, *others} <= {path.name for path in run_dir.iterdir()}
    runs.clear_parts(run_dir)
    assert {path.name for path in run_dir.iterdir()} == {runs.CONFIG, runs.MODEL, *others}
