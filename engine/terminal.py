"""Events for a person at a terminal: a line for what matters, a bar with the time left for what takes long."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from engine import events as ev
from engine import terminal_corrections, terminal_sorting
from engine.terminal_service import state
from engine.terminal_tables import Row, cells, in_columns
from engine.terminal_words import left, sentence

TITLES = terminal_sorting.TITLES | terminal_corrections.TITLES

console = Console(highlight=False, soft_wrap=True)


def show(events: Iterable[ev.Event]) -> None:
    """Print events until they end; the bar goes away when they do."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        screen = Screen(progress)
        for event in events:
            screen.show(event)
    screen.show_tables()


class Screen:
    """Knows the one bar there is, and gathers rows that are shown as one table at the end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._tables: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        self._after: list[str] = []

    def show(self, event: ev.Event) -> None:
        if isinstance(event, Row):
            self._add_row(event)
        elif not self._move_bar(event):
            said = sentence(event)
            if said and self._tables:
                self._after.append(said)  # sums belong below their table
            elif said:
                console.print(escape(said))

    def show_tables(self) -> None:
        for titles, rows in self._tables.items():
            for line in in_columns(titles, rows):
                console.print(escape(line))
        for line in self._after:
            console.print(escape(line))

    def _move_bar(self, event: ev.Event) -> bool:
        match event:
            case ev.StepFinished():
                note = f"loss {event.loss:.3f}   {event.images_per_second:.0f} photos/s   {left(event.seconds_left)}"
                self._bar(f"Epoch {event.epoch}", event.step, event.steps, note)
            case ev.RateTried():
                note = f"rate {event.learning_rate:.1e}   loss {event.smooth_loss:.3f}"
                self._bar("Trying learning rates", event.step, event.steps, note)
            case ev.PredictionProgress():
                note = f"{event.done} photos   {event.images_per_second:.0f} photos/s   {left(event.seconds_left)}"
                note += f"   reading {event.reading:.0%}, decoding {event.decoding:.0%}, model {event.network:.0%}"
                self._bar("Classifying", event.done, event.total, note)
            case ev.Watching() | ev.Served():
                title, note = state(event)
                self._bar(title, None, None, note)
            case ev.FeaturesComputed():
                note = f"{event.done} photos   {event.images_per_second:.0f} photos/s   {left(event.seconds_left)}"
                self._bar("Computing features", event.done, event.total, note)
            case ev.SortingProgress():
                note = f"{event.done} files   {left(event.seconds_left)}"
                self._bar(TITLES[event.doing], event.done, event.total or None, note)
            case ev.ScanProgress():
                self._bar("Looking through", None, None, f"{event.photos} photos")
            case ev.Transferred():
                note = f"{event.received_bytes / 1e6:.1f} MB"
                self._bar(f"Fetching {event.name}", event.received_bytes, event.total_bytes or None, note)
            case ev.StageStarted():
                self._bar(event.title, None, None, "")
            case _:
                return isinstance(event, ev.Prediction | ev.PseudoLabel)
        return True

    def _bar(self, title: str, done: int | None, total: int | None, note: str) -> None:
        if self._task is None:
            self._task = self._progress.add_task(title, total=None, note="")
        self._progress.update(self._task, description=title, completed=done or 0, total=total, note=note)

    def _add_row(self, event: Row) -> None:
        titles, row = cells(event)
        self._tables.setdefault(titles, []).append(row)
