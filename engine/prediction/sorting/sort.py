"""sort: the photos of a ledger as copies or links in a folder for each class. No torch, no network."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, LeftOut, SortingFinished, SortingPlanned, StageStarted
from engine.photos import printable
from engine.prediction.hierarchy import line_of
from engine.prediction.ledger.deciding import rules_used
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.made_files import Kind, MadeFile, MadeFiles
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.sorting.embedding import CannotHold, embedding
from engine.prediction.sorting.names import FreeNames
from engine.prediction.sorting.places import check_folder, check_room, free_bytes, sorted_into
from engine.prediction.sorting.plan import Answered, Plan, Standing, answered, trouble_with
from engine.prediction.sorting.record import ABSENT, GONE, REMOVED, Record, Wanted
from engine.prediction.sorting.steering import Steering

KINDS: tuple[Kind, ...] = ("copy", "hardlink", "symlink")
GROUP = 64
"""So many files are put on record at once: each time the disk is waited for."""


def sort(
    ledger: Path,
    into: Path,
    *,
    kind: Kind = "copy",
    flat: bool = False,
    label_in_copies: bool = False,
    dry_run: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Put each photo of a `ledger` into a folder of its class below `into`: a copy of it with its times, or a link
    (`kind` "hardlink", "symlink"). The photos themselves are never moved, written or deleted, and nothing is ever
    written over: a name that is taken gets a counter.

    The class is what a person said, else the label by the rules that were applied last; "_unknown" has what has none,
    "_failed" what could not be read. Below it are the sub-folders in which the photo lies below the folder that was
    classified, or all photos side by side where it is `flat`. A photo that is gone, or changed since it was classified,
    is a LeftOut.

    With `label_in_copies`, JPEG and PNG copies have the label inside, as a keyword in XMP like that of sidecars; every
    other byte is the photo's. SortingFinished counts the copies that took none, by the reason why.

    Sorting into the same folder again makes what is missing: photos that are new, and those whose class is another
    now, which move (the old copy is removed if it is still as it was made). What is there stays, whatever else is asked
    for this time. `undo_sorting` takes all of it away, also after a kill.

    SortingPlanned comes before anything is done, and is last in a `dry_run`, which changes nothing. SortingFinished is
    last, also after a stop (or finish): sorting again goes on. Raises ThawError where nothing can begin (no ledger, or
    one in use; `into` is inside a folder whose photos were classified, or holds some; no room; none of the photos is
    there) and where nothing can go on: a full disk, a drive that is gone or takes no links. What was done is in the
    ledger then.
    """
    if kind not in KINDS:
        raise ThawError(f"Photos are sorted as copy, hardlink or symlink, not as “{kind}”.")
    if label_in_copies and kind != "copy":
        raise ThawError("Links lead to the photos themselves, which are never changed; labels go into copies only.")
    opened = read_ledger(ledger, to_decide=not dry_run)
    try:
        sorting = _Sorting(opened, sorted_into(into), kind, flat, dry_run, control, label_in_copies)
        yield from sorting.survey()
        if not dry_run:
            yield from sorting.work()
    finally:
        opened.close()


@dataclass
class _Survey:
    """Counts of photos: of what there is to do, and of what was done."""

    files: int = 0
    bytes: int = 0
    kept: int = 0
    moved: int = 0
    gone: int = 0
    left_out: set[int] = field(default_factory=set)  # photos
    labelled: int = 0
    without: Counter[str] = field(default_factory=Counter)  # why copies have no label inside
    folders: dict[str, tuple[int, int]] = field(default_factory=dict)


class _Sorting:
    def __init__(
        self, ledger: Ledger, into: Path, kind: Kind, flat: bool, dry_run: bool, control: Control | None, label: bool
    ) -> None:
        self._ledger, self._into, self._kind, self._label = ledger, into, kind, label
        rules = rules_used(ledger)
        self._hierarchy = rules.hierarchy if rules else None
        self._made = MadeFiles(ledger, to_write=not dry_run)
        self._record = None if dry_run else Record(self._made)
        self._plan = Plan(ledger, self._made, into, kind, flat)
        self._plan.places.refuse(into)
        check_folder(into)
        self._steering = Steering("sort", control)
        self._seen, self._done = _Survey(), _Survey()
        self._names = FreeNames(self._plan.places.refuse, lambda path: self._made.at(path) is not None)

    def survey(self) -> Iterator[Event]:
        """Look at every photo, and say what there is to do."""
        seen = self._seen
        yield StageStarted("Looking at the photos")
        for photo in answered(self._ledger):
            if not self._steering.goes_on(self._made.commit):
                break
            standing = self._plan.standing(photo)
            if standing.there:
                seen.kept += 1
            elif standing.file is None:
                seen.left_out.add(photo.id)
                seen.gone += standing.reason == GONE
                yield LeftOut(photo.path, standing.reason)
            else:
                name, size = standing.file.name, photo.size if self._kind == "copy" else 0
                if name not in seen.folders:
                    self._plan.places.refuse(self._into / name)
                    check_folder(self._into / name)
                files, taken = seen.folders.get(name, (0, 0))
                seen.folders[name] = (files + 1, taken + size)
                seen.files, seen.bytes = seen.files + 1, seen.bytes + size
                seen.moved += any(old.name != name for old in standing.old)
        if seen.gone and seen.gone == len(seen.left_out) and not (seen.files or seen.kept or self._steering.stopped):
            raise ThawError("None of the photos is where it was; connect their drive, or classify them where they are.")
        yield SortingPlanned(
            self._into, seen.files, seen.bytes, free_bytes(self._into), seen.kept, seen.moved, len(seen.left_out),
            tuple((name, *seen.folders[name]) for name in sorted(seen.folders)),
        )  # fmt: skip

    def work(self) -> Iterator[Event]:
        """Make what there is to make, some files at a time."""
        seen, steering, record = self._seen, self._steering, self._record
        assert record is not None
        check_room(self._into, seen.files, seen.bytes)
        self._plan.keep_folders()
        steering.total = seen.files
        for group in self._groups():
            wanted = []
            for photo, standing in group:
                if standing.file is None:
                    yield self._lost(photo)
                else:
                    yield from self._clear(standing, record)
                    path = self._names.choose(standing.file.path.parent, standing.file.path.name)
                    wanted.append(self._wanted(photo, dataclasses.replace(standing.file, path=path)))
            yield from self._make(wanted, record)
            if not steering.goes_on(record.commit):
                break
        if self._done.moved:
            record.remove_folders()
        record.commit()
        done, left_out = self._done, len(seen.left_out)
        stopped = steering.stopped and done.files + left_out + seen.kept < self._ledger.count()
        yield SortingFinished(
            self._into, done.files, seen.kept, done.moved, left_out, done.bytes, steering.seconds, stopped,
            done.labelled, tuple(done.without.most_common()),
        )  # fmt: skip

    def _groups(self) -> Iterator[list[tuple[Answered, Standing]]]:
        group = []
        for photo in answered(self._ledger):
            if self._steering.stopped:
                return
            if photo.id in self._seen.left_out:
                continue
            standing = self._plan.standing(photo)
            if not standing.there:
                group.append((photo, standing))
            if len(group) == GROUP:
                yield group
                group = []
        yield group

    def _wanted(self, photo: Answered, file: MadeFile) -> Wanted:
        """With its label inside, where that is asked for and there is one."""
        if not (self._label and photo.label):
            return Wanted(file)
        try:
            label = embedding(file.source, line_of(self._hierarchy, photo.label))
        except CannotHold as reason:
            return Wanted(file, without=str(reason))
        except OSError:
            return Wanted(file)  # making it says what is wrong
        return Wanted(dataclasses.replace(file, kind="labelled", size=file.size + label.grows), label)

    def _lost(self, photo: Answered) -> LeftOut:
        """It was there a moment ago."""
        if not photo.path.parent.is_dir():
            raise ThawError(
                f"“{printable(str(photo.path.parent))}” is gone. Connect its drive and sort again: what was done is "
                "kept."
            )
        self._seen.left_out.add(photo.id)
        return LeftOut(photo.path, trouble_with(photo) or GONE)

    def _clear(self, standing: Standing, record: Record) -> Iterator[LeftOut]:
        """Take away what was made of a photo earlier and is not right any more."""
        for old in standing.old:
            said = record.take_away(old)
            if said == REMOVED:
                self._names.release(old.path)
                self._done.moved += standing.file is not None and old.name != standing.file.name
            elif said != ABSENT:
                yield LeftOut(old.path, said)

    def _make(self, wanted: list[Wanted], record: Record) -> Iterator[Event]:
        with contextlib.closing(record.make(wanted)) as made:
            for one, reason in made:
                if reason:
                    self._seen.left_out.add(one.file.photo or 0)
                    yield LeftOut(one.file.source, reason)
                else:
                    self._done.files += 1
                    self._done.bytes += one.file.size if self._kind == "copy" else 0
                    self._done.labelled += one.file.kind == "labelled"
                    self._done.without.update([one.without] if one.without else [])
                yield from self._steering.step()
                if not self._steering.goes_on(record.commit):
                    return
