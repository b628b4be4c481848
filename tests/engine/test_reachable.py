from __future__ import annotations

from pathlib import Path

import pytest

from engine import doctor
from engine.reachable import is_file, is_folder, is_there, nearest_folder


def test_what_answers_with_an_error_is_not_there(tmp_path: Path) -> None:
    assert is_there(tmp_path) and is_folder(tmp_path) and not is_file(tmp_path)
    for path in (tmp_path / ("x" * 300), tmp_path / "a\0b"):
        assert not (is_there(path) or is_folder(path) or is_file(path))
    assert nearest_folder(tmp_path / ("x" * 300) / "runs") == tmp_path


def test_the_doctor_tells_of_a_drive_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person asks when nothing else works must not fail for the same cause."""
    assert doctor._folder("Runs", tmp_path / "to" / "be" / "made").status == "ok"
    for away in (tmp_path / ("x" * 300), Path("/no such drive/runs")):  # broken; as Z: on Windows
        monkeypatch.setattr(doctor, "nearest_folder", lambda _path: None)
        assert doctor._folder("Runs", away).status == "problem"
        assert doctor._space(away).status == "note"
