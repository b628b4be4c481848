"""apply_corrections: the photos of a pack added to a dataset, each to the class that a person said. Photos that are in
the dataset are neither moved nor changed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

from engine.control import Control
from engine.dataset.index import DatasetIndex, scan
from engine.disk_room import is_full
from engine.errors import CorrectionsError
from engine.events import CorrectionsApplied, Event, LeftOut, PhotoMisplaced, ScanProgress
from engine.photos import printable
from engine.prediction.corrections.contents import Correction
from engine.prediction.corrections.journal import Added, Journal, alone_with, applications
from engine.prediction.corrections.opened_pack import Pack, opened_pack
from engine.prediction.corrections.plan import Addition, Plan, Settled
from engine.prediction.corrections.target import Target
from engine.prediction.ledger.made_files import Kind, MadeFile
from engine.prediction.sorting.making import ChangedMeanwhile, make
from engine.prediction.sorting.names import FreeNames, safe_name
from engine.prediction.sorting.steering import Steering


def apply_corrections(
    pack: Path, dataset: Path, *, new_classes: bool = False, dry_run: bool = False, control: Control | None = None
) -> Generator[Event, None, None]:
    """Add the photos of a `pack` to the class folders of `dataset`, to those in its train folder where it is split: the
    original where this machine has it as it was, else the small copy.

    What the dataset has already, by content and in any split, is not added: a photo that lies in another class is a
    PhotoMisplaced, and stays. Photos of classes that the dataset lacks are left out, unless `new_classes`. Each other
    photo that cannot be added is a LeftOut. What is added is on record in Thaw's own folder, and `undo_corrections`
    takes it out again. CorrectionsApplied is last, also after a stop; in a `dry_run` nothing is written. Raises
    ThawError: no pack, no dataset, nothing can be written there.
    """
    with opened_pack(pack) as opened, contextlib.nullcontext() if dry_run else alone_with(dataset):
        steering = Steering("apply", control, len(opened.corrections))
        index = yield from _scanned(dataset, control)
        if index is None:
            yield CorrectionsApplied(dataset, 0, 0, 0, 0, 0, 0, (), (), steering.seconds, True, dry_run)
            return
        work = _Work(opened, Target(index), new_classes, dry_run)
        try:
            for one in opened.corrections:
                if not steering.goes_on(lambda: None):
                    break
                yield from work.take(one)
                yield from steering.step()
        finally:
            work.close()
    yield work.sums(steering.seconds, steering.stopped and steering.done < steering.total)


def _scanned(root: Path, control: Control | None) -> Generator[Event, None, DatasetIndex | None]:
    """The dataset, None after a stop. What is odd about it is told where it is opened."""
    events = scan(root, control, for_training=False)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            index: DatasetIndex | None = end.value
            return index
        if isinstance(event, ScanProgress):
            yield event


class _Work:
    def __init__(self, pack: Pack, target: Target, new_classes: bool, dry_run: bool) -> None:
        self._target, self._dry_run = target, dry_run
        self._plan = Plan(pack, target, applications(target.root), new_classes)
        self._journal = Journal(target.root, pack.identity, pack.path.name)
        self._names = FreeNames(lambda _folder: None, lambda _path: False)
        self._counts: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()

    def take(self, one: Correction) -> Generator[Event, None, None]:
        match self._plan.judge(one):
            case Settled("unknown", label):
                self._unknown[label] += 1
            case Settled("misplaced", label, photo) if photo:
                self._counts["misplaced"] += 1
                belongs = self._target.folder(label) / photo.path.name
                yield PhotoMisplaced(photo.path, photo.label, label, belongs)
            case Settled(why, reason=reason):
                self._counts[why] += 1
                if reason:
                    yield LeftOut(Path(one.path), reason)
            case Addition() as addition:
                yield from self._add(addition)

    def close(self) -> None:
        self._journal.close()

    def sums(self, seconds: float, stopped: bool) -> CorrectionsApplied:
        counts = self._counts
        return CorrectionsApplied(
            self._target.root, sum(self._classes.values()), counts["originals"], counts["known"], counts["misplaced"],
            counts["none"], counts["left out"], tuple(sorted(self._classes.items())),
            tuple(sorted(self._unknown.items())), seconds, stopped, self._dry_run,
        )  # fmt: skip

    def _add(self, addition: Addition) -> Generator[Event, None, None]:
        one, source = addition.correction, addition.source
        folder = self._target.folder(addition.label)
        name = safe_name(one.name)
        path = self._names.choose(folder, name if source else f"{Path(name).stem}.jpg")
        reason = "" if self._dry_run else self._make(addition, path)
        if reason:
            self._names.release(path)
            self._counts["left out"] += 1
            yield LeftOut(Path(one.path), reason)
            return
        self._plan.took(addition, path)
        self._classes[addition.label] += 1
        self._counts["originals"] += source is not None

    def _make(self, addition: Addition, path: Path) -> str:
        """Why it could not be made; "" where it was. Raises CorrectionsError where no other could be either."""
        one, source, copy = addition.correction, addition.source, addition.copy
        part = f".thaw-{secrets.token_hex(8)}.part"
        sha256 = one.sha256 if source else hashlib.sha256(copy).hexdigest()
        size = one.size if source else len(copy)
        added = Added(path.relative_to(self._target.root), sha256, size, one.sha256, source, part)
        try:
            modified = source.stat().st_mtime_ns if source else time.time_ns()
            if not path.parent.is_dir():
                self._journal.folder(path.parent.relative_to(self._target.root))
                path.parent.mkdir()
            self._journal.intend(added)
            kind: Kind = "copy" if source else "sidecar"  # one has the content of another file, one its own
            make(
                MadeFile(kind, path, self._target.root, None, source or Path(), modified, "", size, modified, part),
                copy,
            )  # fmt: skip
            return ""
        except ChangedMeanwhile:
            self._took_back(added)
            return "It was changed in this moment."
        except OSError as error:
            self._took_back(added)
            return self._reason(error)

    def _took_back(self, added: Added) -> None:
        with contextlib.suppress(OSError):  # on a full disk: undoing finds that it is not there
            self._journal.failed(added)

    def _reason(self, error: OSError) -> str:
        why = error.strerror or str(error)
        where = printable(str(self._target.root))
        if is_full(error):
            raise CorrectionsError(
                f"The drive of “{where}” is full. Make room there and apply the pack again: only the rest is added "
                "then."
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) or not self._target.root.is_dir():
            raise CorrectionsError(
                f"Nothing can be added to “{where}” ({why}). See to its drive and your permission there; what was "
                "added is on record."
            ) from error
        return f"It could not be added ({why})."
