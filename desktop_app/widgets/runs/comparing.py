"""What several runs say beside each other, read off the window's thread."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import engine
from engine import runs
from engine.control import Control
from engine.evaluation.significance import verdict
from engine.events import EpochFinished, Event, Notice, PairCompared, RunCompared, SettingDiffers

Kind = TypeVar("Kind", bound=Event)
LETTERS = "ABCDEF"
"""What the runs of a comparison are called for short, in the order of its rows."""


@dataclass(frozen=True)
class Comparison:
    """The events of the comparison, and the epochs of each run in the order of its rows."""

    events: tuple[Event, ...]
    histories: tuple[tuple[EpochFinished, ...], ...]

    def of(self, kind: type[Kind]) -> tuple[Kind, ...]:
        return tuple(event for event in self.events if isinstance(event, kind))

    @property
    def rows(self) -> tuple[RunCompared, ...]:
        return self.of(RunCompared)

    @property
    def settings(self) -> tuple[SettingDiffers, ...]:
        return self.of(SettingDiffers)

    def notices(self) -> str:
        return " ".join(notice.text for notice in self.of(Notice))

    def verdicts(self) -> tuple[str, ...]:
        """A sentence for each two runs, by their letters: in long names a reader loses what is said."""
        letters = {row.name: LETTERS[place] for place, row in enumerate(self.rows)}
        return tuple(
            verdict(
                letters[pair.first],
                letters[pair.second],
                pair.first_only,
                pair.second_only,
                pair.adjusted_p_value,
            )
            for pair in self.of(PairCompared)
        )


def comparing(run_dirs: Sequence[Path], control: Control) -> Generator[Event, None, Comparison]:
    """The job that compares runs. Raises RunError where one cannot be read."""
    yield from ()
    told = tuple(engine.compare(run_dirs, control))
    return Comparison(told, tuple(runs.read_history(run_dir) for run_dir in run_dirs))
