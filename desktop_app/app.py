"""Starting the window: the log, the application, the theme, the settings, the window; what happens to stray errors."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import psutil
from PySide6.QtCore import QEvent, QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from desktop_app import dialogs, theme
from desktop_app.main_window import PAGES, MainWindow
from desktop_app.settings import Settings, log_folder

LOG = logging.getLogger("thaw")
SELF_CHECK = "--self-check"
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def main() -> int:
    """The program `thaw-app`; an optional argument is a folder or a .thaw file to open."""
    if not _has_display():
        print("There is no display here, so the window cannot open. Use “thaw” in the terminal.", file=sys.stderr)  # noqa: T201
        return 1
    _start_log()
    # Ctrl+C in the terminal ends the window; a run in a child process gets it too and ends as it should.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    app = QApplication(sys.argv)
    app.setApplicationName("Thaw")
    app.setDesktopFileName("thaw")
    app.setWindowIcon(theme.application_icon())
    theme.apply(app)
    window = MainWindow(Settings())
    if SELF_CHECK in sys.argv[1:]:
        return _draw_once(app, window)
    _catch_errors(window)
    if os.environ.get("THAW_STARTUP_TRACE") == "1":
        window.installEventFilter(_FirstPaint(window))
    window.show()
    paths = tuple(Path(argument).absolute() for argument in app.arguments()[1:2])
    if paths:
        QTimer.singleShot(0, window, lambda: window.open_paths(paths))
    status = app.exec()
    logging.shutdown()
    return status


def _draw_once(app: QApplication, window: MainWindow) -> int:
    """The self-check: show every page and exit, 0 where something was painted. A failure ends as a traceback."""
    window.show()
    for name in PAGES:
        window.show_page(name)
        app.processEvents()
    picture = window.grab().toImage()
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), 16) for y in range(0, picture.height(), 16)}
    window.close()
    app.processEvents()
    logging.shutdown()
    return 0 if len(colours) > 1 else 1


class _FirstPaint(QObject):
    """Prints once how long the start took, from the process's own start to the first paint."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._tell)  # after the children have painted, too
        return False

    def _tell(self) -> None:
        seconds = time.time() - psutil.Process().create_time()
        print(f"painted after {seconds:.3f} s", file=sys.stderr, flush=True)  # noqa: T201


def _has_display() -> bool:
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _start_log() -> None:
    """A log in the user's log folder; where that cannot be written, none."""
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
        target = RotatingFileHandler(log_folder() / "thaw.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    except OSError:
        return
    target.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(target)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    qInstallMessageHandler(_log_qt)


def _log_qt(kind: QtMsgType, _context: object, text: str) -> None:
    LOG.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", text)


def _catch_errors(window: MainWindow) -> None:
    """Show an error that nobody caught as a sentence, once, and write it to the log. The window lives on."""

    def on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        LOG.error("uncaught", exc_info=(kind, error, trace))
        if issubclass(kind, Exception):
            dialogs.show_error(window, error)
        else:
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = on_error
