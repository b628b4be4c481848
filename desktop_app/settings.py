"""What the window remembers between starts, behind typed properties."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import platformdirs
from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from engine.reachable import is_folder

RECENT_FOLDERS = 8
BYTES = "bytes:"


def home_folder() -> Path:
    """Thaw's folder for what a person makes with it: $THAW_HOME, else Thaw in their documents."""
    wanted = os.environ.get("THAW_HOME")
    return Path(wanted) if wanted else Path(platformdirs.user_documents_dir()) / "Thaw"


def log_folder() -> Path:
    wanted = os.environ.get("THAW_HOME")
    return Path(wanted) / "log" if wanted else Path(platformdirs.user_log_dir("Thaw", appauthor=False))


def _ini_file() -> Path:
    wanted = os.environ.get("THAW_HOME")
    folder = Path(wanted) if wanted else Path(platformdirs.user_config_dir("Thaw", appauthor=False))
    return folder / "window.ini"


def _as_text(path: Path) -> str:
    """As Qt can keep it: it drops bytes that are no UTF-8, and the path would be another."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return BYTES + os.fsencode(path).hex()
    return str(path)


def _as_path(text: str) -> Path:
    with contextlib.suppress(ValueError):
        if text.startswith(BYTES):
            return Path(os.fsdecode(bytes.fromhex(text.removeprefix(BYTES))))
    return Path(text)


class Settings(QObject):
    """Values that are wrong or missing read as their defaults: a damaged file never keeps the window from opening."""

    recent_folders_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = QSettings(str(_ini_file()), QSettings.Format.IniFormat, self)

    def sync(self) -> None:
        """Write to disk now; Qt does so by itself from time to time."""
        self._store.sync()

    @property
    def geometry(self) -> QByteArray:
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("window/geometry", value)

    @property
    def last_page(self) -> str:
        """The page that was in sight at the end, "" at the first start."""
        return self._text("window/page")

    @last_page.setter
    def last_page(self, name: str) -> None:
        self._store.setValue("window/page", name)

    def splitter(self, name: str) -> QByteArray:
        """The remembered state of the splitter of that name, empty where there is none."""
        return self._bytes(f"splitters/{name}")

    def set_splitter(self, name: str, state: QByteArray) -> None:
        self._store.setValue(f"splitters/{name}", state)

    def hidden_columns(self, table: str) -> tuple[str, ...]:
        """Keys of the columns that the person has put away in the table of that name."""
        return self._texts(f"columns/{table}")

    def set_hidden_columns(self, table: str, keys: Sequence[str]) -> None:
        self._store.setValue(f"columns/{table}", list(keys))

    @property
    def last_folder(self) -> Path:
        """Where the next file dialog opens."""
        folder = self._path("folders/last")
        return folder if folder and is_folder(folder) else Path.home()

    @last_folder.setter
    def last_folder(self, folder: Path) -> None:
        self._store.setValue("folders/last", _as_text(folder))

    @property
    def runs_folder(self) -> Path:
        """Where new runs go."""
        return self._path("folders/runs") or home_folder() / "runs"

    @runs_folder.setter
    def runs_folder(self, folder: Path) -> None:
        self._store.setValue("folders/runs", _as_text(folder))

    @property
    def batches_folder(self) -> Path:
        """Where the answers of classified photos are kept: beside these settings, for they are no documents."""
        return _ini_file().parent / "batches"

    @property
    def weights_dir(self) -> Path | None:
        """The person's own folder of pretrained weights, looked in first."""
        return self._path("folders/weights")

    @weights_dir.setter
    def weights_dir(self, folder: Path) -> None:
        self._store.setValue("folders/weights", _as_text(folder))

    @property
    def last_model(self) -> Path | None:
        """The model file that Predict used last."""
        return self._path("predict/model")

    @last_model.setter
    def last_model(self, path: Path) -> None:
        self._store.setValue("predict/model", _as_text(path))

    @property
    def batch_put_aside(self) -> str:
        """The file name of the batch that the person does not want to be asked about again."""
        return self._text("predict/put_aside")

    @batch_put_aside.setter
    def batch_put_aside(self, name: str) -> None:
        self._store.setValue("predict/put_aside", name)

    @property
    def csv_byte_order_mark(self) -> bool:
        """Whether a saved CSV begins with a byte order mark."""
        return self._text("predict/byte_order_mark") == "yes"

    @csv_byte_order_mark.setter
    def csv_byte_order_mark(self, wanted: bool) -> None:
        self._store.setValue("predict/byte_order_mark", "yes" if wanted else "no")

    @property
    def camera(self) -> str:
        """The key of the camera that was chosen last, "" before any was."""
        return self._text("predict/camera")

    @camera.setter
    def camera(self, key: str) -> None:
        self._store.setValue("predict/camera", key)

    @property
    def camera_mirrored(self) -> bool:
        """Whether a camera's picture is shown as in a mirror."""
        return self._text("predict/camera_mirrored") != "no"

    @camera_mirrored.setter
    def camera_mirrored(self, wanted: bool) -> None:
        self._store.setValue("predict/camera_mirrored", "yes" if wanted else "no")

    @property
    def recent_folders(self) -> tuple[Path, ...]:
        """Dataset folders, newest first; some may be gone meanwhile."""
        return tuple(map(_as_path, self._texts("folders/recent")))

    def add_recent_folder(self, folder: Path) -> None:
        rest = [other for other in self.recent_folders if other != folder]
        self._set_recent_folders([folder, *rest][:RECENT_FOLDERS])

    def remove_recent_folder(self, folder: Path) -> None:
        self._set_recent_folders([other for other in self.recent_folders if other != folder])

    def _set_recent_folders(self, folders: Sequence[Path]) -> None:
        self._store.setValue("folders/recent", [_as_text(folder) for folder in folders])
        self.recent_folders_changed.emit()

    def _texts(self, key: str) -> tuple[str, ...]:
        """A list; Qt writes one of a single text as that text."""
        stored = self._store.value(key, [])
        texts: Sequence[object] = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return tuple(text for text in texts if isinstance(text, str) and text)

    def _text(self, key: str) -> str:
        value = self._store.value(key, "")
        return value if isinstance(value, str) else ""

    def _path(self, key: str) -> Path | None:
        text = self._text(key)
        return _as_path(text) if text else None

    def _bytes(self, key: str) -> QByteArray:
        value = self._store.value(key, QByteArray())
        return value if isinstance(value, QByteArray) else QByteArray()
