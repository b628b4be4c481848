"""Where a batch's answers are asked for, and whether something may be there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.prediction.ledger.files import files_of, place_beside


@dataclass(frozen=True)
class Place:
    """`out` is the table, `ledger` the ledger; None for one that is not wanted. `resume` goes on with what is there,
    `replace` begins anew."""

    out: Path | None = None
    ledger: Path | None = None
    resume: bool = False
    replace: bool = False
    byte_order_mark: bool = False

    @property
    def kept_in(self) -> Path | None:
        """Where the ledger is: beside the table unless told."""
        return self.ledger or (place_beside(self.out) if self.out else None)

    def own_files(self) -> tuple[Path, ...]:
        """What is no find in a folder of photos."""
        return ((self.out,) if self.out else ()) + (files_of(self.kept_in) if self.kept_in else ())
