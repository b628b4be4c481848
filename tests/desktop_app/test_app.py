from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop_app import app, dialogs
from desktop_app.settings import log_folder
from engine.errors import ThawError

PROGRAM = """
import sys, threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from desktop_app import app
QTimer.singleShot(0, lambda: None)
start = app.MainWindow.show
def show(window):
    start(window)
    QTimer.singleShot(800, window.close)
app.MainWindow.show = show
status = app.main()
heavy = {"torch", "onnxruntime", "pyqtgraph", "numpy", "PIL", "PySide6.QtMultimedia"} & set(sys.modules)
print("status", status, "heavy", sorted(heavy))
"""


@pytest.mark.parametrize("page", ["", "data"])
def test_the_window_opens_light_and_says_how_long_it_took(tmp_path: Path, page: str) -> None:
    (tmp_path / "window.ini").write_text(f"[window]\npage={page}\n")
    environment = os.environ | {"THAW_HOME": str(tmp_path), "THAW_STARTUP_TRACE": "1", "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert "status 0 heavy []" in done.stdout, done.stderr
    assert "painted after" in done.stderr
    assert (tmp_path / "log" / "thaw.log").is_file()
    assert (tmp_path / "window.ini").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_without_a_display_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert app.main() == 1
    assert "no display" in capsys.readouterr().err


def test_an_error_nobody_caught_is_a_sentence_and_in_the_log(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(app, "qInstallMessageHandler", lambda _handler: None)
    window = QWidget()
    qtbot.addWidget(window)
    app._start_log()
    app._catch_errors(window)  # type: ignore[arg-type]
    for _ in range(2):
        error = ValueError("a slip")
        sys.excepthook(ValueError, error, None)
    shown = [box for box in window.findChildren(dialogs.ErrorBox) if box.isVisible()]
    assert len(shown) == 1
    assert "a slip" in shown[0].details and "a slip" not in shown[0].sentence
    assert "a slip" in (log_folder() / "thaw.log").read_text(encoding="utf-8")
    shown[0].reject()
    for handler in list(app.LOG.handlers):
        app.LOG.removeHandler(handler)
        handler.close()


def test_errors_in_words() -> None:
    assert dialogs.in_words(ThawError("The folder is gone.", "why")) == ("The folder is gone.", "why")
    sentence, details = dialogs.in_words(OSError(28, "No space left on device"))
    assert sentence == "The system reported: No space left on device." and "OSError" in details
