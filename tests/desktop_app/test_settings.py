from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QByteArray

from desktop_app.settings import RECENT_FOLDERS, Settings, home_folder


def test_values_survive_a_restart() -> None:
    first = Settings()
    first.geometry = QByteArray(b"\x01\x02")
    first.last_page = "predict"
    first.add_recent_folder(Path("/photos/ants"))
    first.sync()
    second = Settings()
    assert second.geometry == QByteArray(b"\x01\x02")
    assert second.last_page == "predict"
    assert second.recent_folders == (Path("/photos/ants"),)


def test_names_that_are_no_utf8_survive_a_restart() -> None:
    """Qt would drop the byte, and the folder be another one."""
    odd = Path(os.fsdecode(b"/photos/K\xe4fer"))
    first = Settings()
    first.last_model, first.runs_folder, first.weights_dir = odd / "a.thaw", odd, odd
    first.add_recent_folder(odd)
    first.sync()
    second = Settings()
    assert second.recent_folders == (odd,) and second.last_model == odd / "a.thaw"
    assert second.runs_folder == odd == second.weights_dir


def test_recent_folders_are_few_unique_and_newest_first(settings: Settings) -> None:
    for number in range(12):
        settings.add_recent_folder(Path(f"/photos/{number}"))
    settings.add_recent_folder(Path("/photos/9"))
    assert len(settings.recent_folders) == RECENT_FOLDERS
    assert settings.recent_folders[:3] == (Path("/photos/9"), Path("/photos/11"), Path("/photos/10"))
    settings.remove_recent_folder(Path("/photos/11"))
    assert Path("/photos/11") not in settings.recent_folders


def test_a_damaged_file_reads_as_defaults() -> None:
    home_folder().mkdir(parents=True)
    (home_folder() / "window.ini").write_bytes(b"\x00\xff[window\ngeometry=@@\nfolders\\recent=7")
    settings = Settings()
    assert settings.last_page == ""
    assert settings.geometry.isEmpty()
    assert settings.recent_folders == ()
    assert settings.last_folder == Path.home()
