"""Where the answers of a batch go: into its ledger, and from there into its table."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.errors import LedgerError, ThawError
from engine.events import Notice, Prediction
from engine.model_file import NETWORK, ModelFile
from engine.photos import printable
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger import course
from engine.prediction.ledger.deciding import use_rules, vote
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.named import remember_named
from engine.prediction.ledger.opening import open_ledger
from engine.prediction.ledger.rows import predictions_of
from engine.prediction.place import Place
from engine.prediction.rules import LiveRules, Rules, decide
from engine.prediction.tables.cells import Layout
from engine.prediction.tables.growing import GrowingTable, Mode, check_place
from engine.prediction.tables.whole import check_format, grows, write_table

SECONDS_BETWEEN_COMMITS = 0.5
SECONDS_BETWEEN_TABLES = 60.0
SHARE_OF_TIME = 0.1
"""No more of the time than this goes into writing a whole table anew while a folder is watched."""
TABLES = "tables"
"""In the ledger: the names of the tables that were written of it, as JSON."""
NO_LABEL = ("", 0.0)


class Results:
    """Close it, whatever happens: what was added is kept then."""

    def __init__(
        self, place: Place, model: ModelFile, rules: Rules, top: int, paths: Sequence[Path], hashed: bool = False
    ) -> None:
        """`paths` are what was asked for; `hashed` is whether answers are to have the SHA-256 of their photos. Raises
        ThawError where the table or the ledger cannot be begun, or gone on with."""
        self.place, self._rules, self._top, self._paths, self._model = place, rules, top, paths, model.path
        self._hashed = hashed
        self._total: int | None = None
        self._layout = Layout(top, model.manifest.name, model.manifest.members.get(NETWORK, ""))
        self._ledger: Ledger | None = None
        self._table: GrowingTable | None = None
        self._committed = 0.0
        self._ended = False
        self._unwritten = False
        self._next_table = 0.0
        self._told_aside = 0
        if place.out:
            self._check(place.out)
        if place.kept_in:
            self._ledger = open_ledger(place.kept_in, model, resume=place.resume, replace=place.replace)
            try:
                self._begin(self._ledger)
            except BaseException:
                self.close()
                raise

    def _check(self, out: Path) -> None:
        known = self.place.resume and self.place.kept_in is not None and self.place.kept_in.exists()
        name, replace = printable(str(out)), self.place.replace
        if os.path.lexists(out) and not (out.is_dir() or replace or known):
            if self.place.resume:
                raise ThawError(f"“{name}” has no ledger beside it, so nothing can go on with it; choose another name.")
            raise ThawError(
                f"“{name}” exists already; go on with it (--resume), begin anew (--replace), or choose another name."
            )
        check_place(out, replace or known)
        check_format(out)

    def _begin(self, ledger: Ledger) -> None:
        course.begin(ledger, self._paths, self._model)
        remember_named(ledger, self._paths)
        use_rules(ledger, self._rules)
        out = self.place.out
        if out is None:
            return
        self._check_own(ledger, out)
        if not grows(out):
            return
        mode: Mode = "w" if self.place.replace or self.place.resume else "x"
        if ledger.count():  # rows may be missing, or torn where the power failed: all of them anew, then more
            self._write_all(ledger, out)
            mode = "a"
        self._table = GrowingTable(out, self._layout, mode=mode, byte_order_mark=self.place.byte_order_mark)

    def _check_own(self, ledger: Ledger, out: Path) -> None:
        """Raises ThawError where what is at `out` was not made of this ledger: a table of another name may lie beside
        it, and `out` may be a person's own."""
        tables = json.loads(ledger.noted(TABLES) or "[]")
        if os.path.lexists(out) and not self.place.replace and out.name not in tables:
            raise ThawError(
                f"“{printable(str(out))}” exists already and is no table of this batch; choose another name, or move "
                "it away."
            )
        if out.name not in tables:
            ledger.note(TABLES, json.dumps([*tables, out.name]))
            ledger.commit()

    def has_answer(self, found: Found) -> bool:
        """Whether this very file was classified before, and hashed where that is asked for."""
        return self._ledger is not None and self._ledger.has_answer(found, self._hashed)

    def use(self, live: LiveRules) -> None:
        """Where other rules are wanted by now, decide by them from now on, and anew on what is there."""
        if (wanted := live.now) is self._rules:
            return
        self._rules = wanted
        if self._ledger:
            self._ledger.changed_rows |= use_rules(self._ledger, wanted)
        live.used = wanted

    def counted(self, total: int | None) -> None:
        """Take how many photos there are; None where that is not known yet."""
        if self._ledger and total is not None and total != self._total:
            self._total = total
            course.note(self._ledger, total=total)

    def add(self, answers: Sequence[Answer]) -> list[Prediction]:
        """Take answers; their rows are in the table then, and in the ledger with the next `keep`. Raises ThawError."""
        decided = labels_of(self._rules, answers)
        predictions = predictions_of(answers, decided, self._rules.classes, self._top)
        if self._ledger:
            self._ledger.add(answers, decided)
        if self._table:
            self._table.add(predictions)
        self._unwritten |= bool(predictions)
        return predictions

    def others(self) -> Iterator[Notice]:
        """A word where photos, since it was asked last, were others than those that had been at their paths."""
        aside = self._ledger.set_aside if self._ledger else 0
        number, self._told_aside = aside - self._told_aside, aside
        if number:
            which = "1 photo is another" if number == 1 else f"{number:,} photos are others"
            yield Notice(
                f"{which} than before at the same place, as on another memory card. What was there keeps its rows in "
                "the table, with the answers and what you said of it.",
                "others",
            )

    def keep(self, now: bool = False) -> None:
        """Force to the disk what was added, at most twice a second unless `now`."""
        if self._ledger and (now or time.monotonic() - self._committed >= SECONDS_BETWEEN_COMMITS):
            self._ledger.commit()
            self._committed = time.monotonic()

    def finish(self, stopped: bool = False) -> None:
        """The table as it is to be read: formats that cannot grow are written now, rows that became old replaced."""
        self._ended = True
        if self._ledger and not stopped:
            course.note(self._ledger, finished=True)
        self._tell_all()

    def refresh(self) -> str:
        """The same while more may come, at most once a minute; where the table cannot be written now, a sentence."""
        ledger, out, began = self._ledger, self.place.out, time.monotonic()
        if not (ledger and out and self._unwritten) or began < self._next_table:
            return ""
        self._unwritten = False
        if grows(out) and not ledger.changed_rows and not self._rules.series_seconds:
            return ""
        told = ""
        try:
            self._tell_all()
        except LedgerError:
            raise
        except ThawError as error:  # another program has it open: the rows are in the ledger, and it is tried again
            self._unwritten, told = True, str(error)
        if grows(out):
            self._table = GrowingTable(out, self._layout, mode="a")
        took = time.monotonic() - began
        self._next_table = began + max(SECONDS_BETWEEN_TABLES, took / SHARE_OF_TIME)
        return told

    def _tell_all(self) -> None:
        self.keep(now=True)
        if self._table:
            self._table.close()
        out, ledger = self.place.out, self._ledger
        if ledger is None:
            return
        voted = vote(ledger, self._rules) if self._rules.series_seconds else 0
        if out and (not grows(out) or ledger.changed_rows or voted):
            self._write_all(ledger, out)
            ledger.changed_rows = False

    def close(self) -> None:
        """Let go of all files. A ledger without a single photo is removed, unless a table was made of it."""
        table, ledger = self._table, self._ledger
        self._table = self._ledger = None
        try:
            if table:
                table.abandon()
        finally:
            if ledger:
                empty = False
                with contextlib.suppress(LedgerError):  # closing it says what is wrong, and lets go of it
                    empty = not (self._ended and self.place.out is not None) and not ledger.count()
                ledger.close(remove=empty)

    def _write_all(self, ledger: Ledger, out: Path) -> None:
        write_table(out, self._layout, ledger.predictions(self._top), byte_order_mark=self.place.byte_order_mark)


def labels_of(rules: Rules, answers: Sequence[Answer]) -> list[tuple[str, float]]:
    """What the rules make of each answer: its label and confidence, `NO_LABEL` for an error."""
    known = [answer.probabilities for answer in answers if answer.probabilities is not None]
    labels = iter(decide(rules, np.stack(known)) if known else ())
    return [NO_LABEL if answer.probabilities is None else next(labels) for answer in answers]
