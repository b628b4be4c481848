"""write_sidecars: the labels of a ledger as XMP files beside the photos, new ones only."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, LeftOut, SidecarsFinished
from engine.prediction.hierarchy import line_of
from engine.prediction.ledger.deciding import rules_used
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.made_files import MadeFile, MadeFiles
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.sorting.making import state_of
from engine.prediction.sorting.plan import Answered, answered, trouble_with
from engine.prediction.sorting.record import ABSENT, REMOVED, Record, Wanted, why_it_stays
from engine.prediction.sorting.sort import GROUP
from engine.prediction.sorting.steering import Steering
from engine.prediction.sorting.xmp import sidecar

Naming = Literal["digikam", "lightroom"]
NAMINGS: tuple[Naming, ...] = ("digikam", "lightroom")
ENDING = ".xmp"
HAS_ONE = "There is a sidecar beside it already."


def write_sidecars(
    ledger: Path, *, naming: Naming = "digikam", dry_run: bool = False, control: Control | None = None
) -> Generator[Event, None, None]:
    """Write the label of each photo of a `ledger` into a new XMP file beside it, `naming` it photo.jpg.xmp as digiKam
    and darktable do, or photo.xmp as Lightroom does (which reads them beside raw photos only).

    The label is what a person said, else the one by the rules that were applied last, with the groups it is in. A photo
    without a label gets none. A photo that is gone or changed since, or has a sidecar already, is a LeftOut: no file is
    ever written over. Again after labels changed, sidecars that are still as they were written are replaced.
    `undo_sorting` takes them away.

    SidecarsFinished is last, also after a stop (or finish), and in a `dry_run`, which writes nothing. Raises ThawError:
    no ledger, or one in use; a full disk; a drive that is gone or cannot be written to. What was done is in the ledger.
    """
    if naming not in NAMINGS:
        raise ThawError(f"Sidecars are named as digikam or lightroom does, not as “{naming}”.")
    opened = read_ledger(ledger, to_decide=not dry_run)
    try:
        yield from _Writing(opened, naming, dry_run, control).work()
    finally:
        opened.close()


@dataclass
class _Counts:
    files: int = 0
    kept: int = 0
    unlabelled: int = 0
    left_out: int = 0

    @property
    def all(self) -> int:
        return self.files + self.kept + self.unlabelled + self.left_out


class _Writing:
    def __init__(self, ledger: Ledger, naming: Naming, dry_run: bool, control: Control | None) -> None:
        self._ledger, self._naming, self._dry_run = ledger, naming, dry_run
        self._made = MadeFiles(ledger, to_write=not dry_run)
        self._record = None if dry_run else Record(self._made)
        rules = rules_used(ledger)
        self._hierarchy = rules.hierarchy if rules else None
        self._steering = Steering("sidecars", control, ledger.count())
        self._counts = _Counts()

    def work(self) -> Iterator[Event]:
        waiting: list[Wanted] = []
        for photo in answered(self._ledger):
            if not self._steering.goes_on(self._made.commit):
                break
            yield from self._take(photo, waiting)
            if len(waiting) >= GROUP:
                yield from self._write(waiting)
            yield from self._steering.step()
        if not self._steering.stopped:
            yield from self._write(waiting)
        if self._record:
            self._record.commit()
        counts, steering = self._counts, self._steering
        stopped = steering.stopped and counts.all < self._ledger.count()
        yield SidecarsFinished(
            counts.files, counts.kept, counts.unlabelled, counts.left_out, steering.seconds, stopped, self._dry_run
        )

    def _take(self, photo: Answered, waiting: list[Wanted]) -> Iterator[LeftOut]:
        """Put a photo's sidecar among those to be written, or count it where there is none to write."""
        counts, line = self._counts, line_of(self._hierarchy, photo.label)
        if not photo.label:
            counts.unlabelled += 1
            return
        path, said = self._path(photo.path), "/".join(line)
        old = self._made.at(path)
        is_there = os.path.lexists(path) or os.path.lexists(path.with_suffix(ENDING.upper()))
        if old and is_there and (old.photo, old.name) == (photo.id, said):
            counts.kept += 1
            return
        trouble = trouble_with(photo)
        if not trouble and is_there and not (old and old.photo == photo.id):
            trouble = HAS_ONE
        if not trouble and old:
            trouble = self._take_away(old)
        if not trouble and any(one.file.path == path for one in waiting):
            trouble = HAS_ONE
        if trouble:
            counts.left_out += 1
            yield LeftOut(photo.path, trouble)
            return
        content = sidecar(line)
        file = MadeFile(
            "sidecar", path, photo.path.parent, photo.id, photo.path, photo.modified, said, len(content), time.time_ns()
        )
        waiting.append(Wanted(file, content))

    def _take_away(self, old: MadeFile) -> str:
        """Why a sidecar of earlier cannot be replaced, "" where it is away."""
        if self._record is None:
            return why_it_stays(old, state_of(old), even_last=False)
        said = self._record.take_away(old)
        return "" if said in (REMOVED, ABSENT) else said

    def _write(self, waiting: list[Wanted]) -> Iterator[LeftOut]:
        wanted = waiting.copy()
        waiting.clear()
        if self._record is None:
            self._counts.files += len(wanted)
            return
        with contextlib.closing(self._record.make(wanted)) as made:
            for one, reason in made:
                if reason:
                    self._counts.left_out += 1
                    yield LeftOut(one.file.source, reason)
                else:
                    self._counts.files += 1

    def _path(self, photo: Path) -> Path:
        return photo.with_suffix(ENDING) if self._naming == "lightroom" else photo.with_name(photo.name + ENDING)
