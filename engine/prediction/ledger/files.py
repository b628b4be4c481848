"""The files of a ledger: where they lie, without opening one."""

from __future__ import annotations

from pathlib import Path

ENDING = ".thaw-ledger"
LOCK_ENDING = ".lock"


def place_beside(out: Path) -> Path:
    """The ledger of the table `out`: answers.csv has answers.thaw-ledger."""
    return out.with_suffix(ENDING)


def files_of(path: Path) -> tuple[Path, ...]:
    """All files that belong to a ledger while it is open."""
    return tuple(path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal", LOCK_ENDING))


def remove_files(path: Path) -> None:
    """Take a ledger away, but not its lock, which whoever holds it removes. Raises OSError."""
    for file in files_of(path):
        if not file.name.endswith(LOCK_ENDING):
            file.unlink(missing_ok=True)
