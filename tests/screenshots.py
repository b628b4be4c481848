"""Pictures of every page of the real window, light and dark: `make screenshots`, or

    python -m tests.screenshots OUT [--data FOLDER] [--weights-dir FOLDER] [--photos FOLDER] [--size 1280x800]

Drives the window as a person would: opens the dataset, trains, reviews, classifies, and looks at each page. Without
--data it uses the built-in sample set.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# A home of its own, before Qt and Thaw read theirs.
os.environ["THAW_HOME"] = tempfile.mkdtemp(prefix="thaw-pictures-")
if not os.environ.get("DISPLAY"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtWidgets import QApplication

from desktop_app import theme
from desktop_app.main_window import MainWindow
from desktop_app.settings import Settings

PHOTO_SETTINGS = {"model": "mobilenet_v2", "strategy": "last-blocks", "epochs": 5}


class Photographer:
    """Drives one window and saves what it shows."""

    def __init__(self, app: QApplication, out: Path, size: tuple[int, int], arguments: argparse.Namespace) -> None:
        self.app, self.out, self.arguments = app, out, arguments
        self.settings = Settings()
        if arguments.weights_dir:
            self.settings.weights_dir = arguments.weights_dir
        self.window = MainWindow(self.settings)
        self.window.resize(*size)
        self.window.show()

    def wait(self, until: Callable[[], object], seconds: float = 600) -> None:
        end = time.monotonic() + seconds
        while not until():
            self.app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds:.0f} s in vain")

    def settle(self, seconds: float = 1.2) -> None:
        """Let thumbnails arrive and layouts come to rest."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end)

    def picture(self, name: str) -> None:
        self.settle()
        size = f"{self.window.width()}x{self.window.height()}"
        path = self.out / f"{name}-{os.environ.get('THAW_SCHEME', 'light')}-{size}.png"
        self.window.grab().save(str(path))
        print(path)  # noqa: T201

    def walk(self) -> None:
        window, jobs = self.window, self.window.jobs
        self.picture("0-start")
        for name in ("model", "train", "review", "predict"):
            window.show_page(name)
            self.picture(f"0-empty-{name}")
        window.show_page("data")
        data = window.page("data")
        data.open_folder(self.arguments.data) if self.arguments.data else data.open_sample()
        self.wait(lambda: window.project.dataset is not None and not jobs.running())
        self.picture("1-data")
        if self.arguments.data:  # the sample set brings settings of its own
            window.project.set_config(**PHOTO_SETTINGS)
        window.show_page("model")
        self.picture("2-model")
        window.show_page("train")
        self.picture("3-train-before")
        window.page("train").start()
        self.wait(lambda: self._epochs() >= 2)
        self.picture("3-train-running")
        self.wait(lambda: not jobs.running())
        self.picture("3-train-done")
        window.show_page("review")
        self.picture("4-review")
        window.show_page("predict")
        self.picture("5-predict-before")
        photos = self.arguments.photos or window.project.dataset.root  # type: ignore[union-attr]
        window.page("predict").open_photos((photos,))
        self.wait(lambda: not jobs.running())
        self.picture("5-predict-done")
        window.close()
        self.settle(0.2)

    def _epochs(self) -> int:
        folder = self.settings.runs_folder
        return max((len(path.read_text().splitlines()) - 1 for path in folder.glob("*/history.csv")), default=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name in ("--data", "--weights-dir", "--photos"):
        parser.add_argument(name, type=lambda text: Path(text).absolute())
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    arguments = parser.parse_args()
    os.environ["THAW_SCHEME"] = arguments.scheme
    arguments.out.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    theme.apply(app)
    width, _, height = arguments.size.partition("x")
    try:
        Photographer(app, arguments.out, (int(width), int(height)), arguments).walk()
    finally:
        shutil.rmtree(os.environ["THAW_HOME"], ignore_errors=True)


if __name__ == "__main__":
    main()
