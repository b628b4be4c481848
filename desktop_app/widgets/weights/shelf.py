"""What pretrained weights there are: fetch several, take some away, choose the folder that is looked in first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.settings import Settings
from desktop_app.widgets.banner import Banner
from desktop_app.widgets.figures import THIN, quantity
from desktop_app.widgets.labels import ElidedLabel, group_label
from desktop_app.widgets.search_field import SearchField
from desktop_app.widgets.weights.fetch_line import FetchLine, Key
from desktop_app.widgets.weights.table import BUSY, FAILED, TO_FETCH, WeightsRow, WeightsTable
from desktop_app.worker import Jobs
from engine.events import WeightsListed
from engine.models.pretrained import listing, weights

HINT = "Select what you want to have here before you go offline; Ctrl and Shift select several."


class WeightsShelf(QWidget):
    changed = Signal()
    """Something was added or taken away, or is looked for elsewhere."""
    import_wanted = Signal()

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.table = WeightsTable()
        self.search = SearchField("Search weights")
        self._figures = ElidedLabel()
        self._about = ElidedLabel()
        self._about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.folder_line = ElidedLabel()
        self._notes = QVBoxLayout()
        self._notes.setSpacing(theme.GRID)
        self.fetch_line = FetchLine(jobs, settings)
        self.fetch_button = _button("Fetch", "download", "main")
        self.remove_button = _button("Remove", "trash-2")
        self.import_button = _button("Import a file…", "file-down")
        self.folder_button = _button("Weights folder…", "folder", "quiet")
        self._lay_out()
        self._connect()
        self.refresh()
        self.fetch_line.take_up([row.key for row in self.table.rows() if row.can_be_fetched])
        self._show_picked()

    # --- what the person does

    def fetch(self) -> None:
        """Fetch what is selected, in the order of the table."""
        self.fetch_rows([row.key for row in self.table.picked_rows() if row.can_be_fetched])

    def fetch_rows(self, keys: Sequence[Key]) -> None:
        if keys and not self.fetch_line.busy:
            self._clear_notes()
            self.fetch_line.begin(keys)
            self._show_picked()

    def remove(self) -> None:
        """Take away what is selected and was fetched or imported; a note offers to bring it back."""
        rows = [row for row in self.table.picked_rows() if _removable(row)]
        if not rows:
            return
        self._clear_notes()
        listing.forget_removed()
        try:
            gone = listing.remove(path for row in rows for path in listing.files_of(row.listed))
        except OSError as error:
            self._note("error", f"It could not be removed ({error.strerror}); another program may be reading it.")
            gone = ()
        if gone:
            what = (
                f"{rows[0].listed.title}, {rows[0].listed.trained_on}" if len(rows) == 1 else quantity(len(rows), "row")
            )
            self._note("info", f"Removed {what}.", "Undo").triggered.connect(lambda: self._undo(gone))
        self.refresh()
        self.changed.emit()

    def choose_folder(self) -> None:
        start = self._settings.weights_dir or self._settings.last_folder
        chosen = QFileDialog.getExistingDirectory(self, "Folder with pretrained weights", str(start))
        if chosen:
            self.set_folder(Path(chosen))

    def set_folder(self, folder: Path) -> None:
        """Look for weights in `folder` first, here and when training starts."""
        self._settings.weights_dir = folder
        self.refresh()
        self.changed.emit()

    def _undo(self, files: tuple[Path, ...]) -> None:
        self._clear_notes()
        listing.restore(files)
        self.refresh()
        self.changed.emit()

    # --- what is shown

    def refresh(self) -> None:
        """Look again what is on this machine."""
        lasting = (*BUSY, FAILED) if self.fetch_line.busy else (FAILED,)
        before = {row.key: row for row in self.table.rows() if row.doing in lasting}
        rows = [
            _as_before(listed, before.get((listed.model, listed.name)))
            for listed in listing.list_weights(self._settings.weights_dir)
        ]
        self.table.show_rows(rows)
        here = [row.listed for row in rows if row.listed.path]
        size = _megabytes(sum(one.size_bytes for one in here))
        self._figures.set_whole(f"{len(here)} of {len(rows)} are here, {size}")
        kept = f"Fetched and imported weights are kept in {dialogs.short_path(weights.cache_folder())}"
        first = self._settings.weights_dir
        self.folder_line.set_whole(f"{kept}; looked in first: {dialogs.short_path(first)}" if first else kept)
        self._show_picked()

    def _show_picked(self) -> None:
        rows = self.table.picked_rows()
        to_fetch = [row.listed for row in rows if row.can_be_fetched]
        size = _megabytes(sum(max(0, one.size_bytes - one.received_bytes) for one in to_fetch))
        resumes = bool(to_fetch) and all(one.state == "partly" for one in to_fetch)
        number = f" {len(to_fetch)}" if len(to_fetch) > 1 else ""
        self.fetch_button.setText(f"{'Resume' if resumes else 'Fetch'}{number}, ≈ {size}" if to_fetch else "Fetch")
        self.fetch_button.setEnabled(bool(to_fetch))
        self.fetch_button.setVisible(not self.fetch_line.busy)
        self.remove_button.setEnabled(any(_removable(row) for row in rows))
        self._about.set_whole(_about(rows[0].listed) if len(rows) == 1 else "" if rows else HINT)

    def _on_moved(self, key: Key, changes: Mapping[str, Any]) -> None:
        self.table.change(key, **changes)

    def _on_fetched(self) -> None:
        self.refresh()
        self.changed.emit()

    def _on_failed(self, text: str) -> None:
        asked = self.fetch_line.asked
        self._note("error", text, "Try again").triggered.connect(lambda: self.fetch_rows(self._lacking(asked)))

    def _lacking(self, keys: Sequence[Key]) -> list[Key]:
        return [row.key for row in self.table.rows() if row.key in keys and row.can_be_fetched]

    def let_go(self) -> None:
        """The window of this is closed: what runs goes on, what was removed is gone for good."""
        self.fetch_line.let_go()
        listing.forget_removed()

    # --- notes

    def _note(self, kind: str, text: str, action: str = "") -> Banner:
        banner = Banner(kind, text, action)
        self._notes.addWidget(banner)
        return banner

    def banners(self) -> list[Banner]:
        return [self._notes.itemAt(place).widget() for place in range(self._notes.count())]  # type: ignore[misc]

    def _clear_notes(self) -> None:
        while item := self._notes.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()

    # --- how it is made

    def _connect(self) -> None:
        self.search.textChanged.connect(self.table.search)
        self.table.picked.connect(self._show_picked)
        self.table.doubleClicked.connect(lambda _index: self.fetch())
        self.fetch_button.clicked.connect(self.fetch)
        self.fetch_line.moved.connect(self._on_moved)
        self.fetch_line.fetched.connect(self._on_fetched)
        self.fetch_line.failed.connect(self._on_failed)
        self.fetch_line.ended.connect(self.refresh)
        self.remove_button.clicked.connect(self.remove)
        self.import_button.clicked.connect(self.import_wanted)
        self.folder_button.clicked.connect(self.choose_folder)
        gone = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        gone.setContext(Qt.ShortcutContext.WidgetShortcut)
        gone.activated.connect(self.remove)

    def _lay_out(self) -> None:
        self._figures.setProperty("role", "muted")
        self._about.setProperty("role", "muted")
        self.folder_line.setProperty("role", "muted")
        self.search.setFixedWidth(theme.wide(240))
        head = QHBoxLayout()
        head.setSpacing(2 * theme.GRID)
        head.addWidget(group_label("Pretrained weights"))
        head.addWidget(self._figures, 1)
        head.addWidget(self.search)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addWidget(self.fetch_button)
        foot.addWidget(self.fetch_line, 1)
        foot.addStretch()
        for widget in (self.remove_button, self.import_button):
            foot.addWidget(widget)
        folder = QHBoxLayout()
        folder.addWidget(self.folder_line, 1)
        folder.addWidget(self.folder_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addLayout(self._notes)
        column.addWidget(self.table, 1)
        column.addWidget(self._about)
        column.addLayout(foot)
        column.addLayout(folder)


def _button(text: str, icon: str, kind: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", kind)
    button.setAutoDefault(False)
    theme.set_icon(button, icon, {"quiet": "muted", "main": "on_accent"}.get(kind, "text"))
    return button


def _as_before(listed: WeightsListed, before: WeightsRow | None) -> WeightsRow:
    """The row as it is on disk now, with what was happening to it."""
    if before is None or listed.state not in TO_FETCH:
        return WeightsRow(listed)
    return WeightsRow(listed, before.doing, before.received_bytes, before.total_bytes)


def _removable(row: WeightsRow) -> bool:
    return row.doing not in BUSY and bool(listing.files_of(row.listed))


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB".replace(",", THIN)


def _about(row: WeightsListed) -> str:
    """Where the file of one row is, or comes from, and under which licence."""
    place = dialogs.short_path(row.path) if row.path else f"From {row.url}"
    return f"{place} · {row.licence}" if row.licence else place
