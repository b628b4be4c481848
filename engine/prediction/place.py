"""Where a batch's answers are asked for, and whether something may be there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.errors import ThawError
from engine.photos import printable
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

    def __post_init__(self) -> None:
        """Raises ThawError for what cannot both be."""
        if self.resume and self.replace:
            raise ThawError(
                "Either go on with the answers that are there (--resume) or begin anew (--replace), which removes them."
            )
        if self.out and self.out == self.kept_in:
            raise ThawError(f"“{printable(str(self.out))}” cannot be both the table and the ledger; name another one.")

    @property
    def kept_in(self) -> Path | None:
        """Where the ledger is: beside the table unless told."""
        return self.ledger or (place_beside(self.out) if self.out else None)

    def own_files(self) -> tuple[Path, ...]:
        """What is no find in a folder of photos."""
        return ((self.out,) if self.out else ()) + (files_of(self.kept_in) if self.kept_in else ())
