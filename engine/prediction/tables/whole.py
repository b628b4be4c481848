"""Tables that are written at once, beside and then moved into place: CSV, JSON lines, XLSX, Parquet."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from engine.errors import ThawError
from engine.events import Prediction
from engine.photos import printable
from engine.prediction.tables.cells import Layout
from engine.prediction.tables.growing import GrowingTable

Writer = Callable[[Path, Layout, Iterable[Prediction]], None]
LATER = {".xlsx": "engine.prediction.tables.spreadsheet", ".parquet": "engine.prediction.tables.parquet"}
"""Formats that can only be written when all rows are known, by the module whose `write` does it."""


def grows(path: Path) -> bool:
    """Whether a table of this name can be written row by row."""
    return path.suffix.lower() not in LATER


def write_table(
    path: Path, layout: Layout, predictions: Iterable[Prediction], *, byte_order_mark: bool = False
) -> None:
    """The whole table, in the format that the name's ending says (CSV where it says none), over what was there.

    Raises ThawError where the drive refuses, or what the format needs is not installed.
    """
    beside = path.with_name(f".{path.stem}.part{path.suffix}")  # always the same: what a kill left is written over
    try:
        if grows(path):
            table = GrowingTable(beside, layout, mode="w", byte_order_mark=byte_order_mark)
            try:
                table.add(predictions)
                table.close()
            finally:
                table.abandon()
        else:
            _writer(path)(beside, layout, predictions)
        beside.replace(path)
    except OSError as error:
        raise ThawError(
            f"The table “{printable(str(path))}” could not be written ({error.strerror or error}); "
            "choose another folder or name."
        ) from None
    finally:
        with contextlib.suppress(OSError):  # of a drive that is gone, or a name that is too long for it
            beside.unlink(missing_ok=True)


def check_format(path: Path) -> None:
    """Raises ThawError where what the format needs is not installed: better before the first photo than at the end."""
    if not grows(path):
        _writer(path)


def _writer(path: Path) -> Writer:
    try:
        module = importlib.import_module(LATER[path.suffix.lower()])
    except ImportError as error:
        raise ThawError(
            f"Writing {path.suffix} needs {error.name}, which is not installed; choose .csv, .jsonl or .xlsx."
        ) from None
    writer: Writer = module.write
    return writer


def write_predictions(path: Path, predictions: Sequence[Prediction], top: int | None = None) -> None:
    """Predictions in memory as a table of that name. `top` is how many best classes each row names; None takes as many
    as they have. Raises ThawError."""
    if top is None:
        top = max((len(prediction.top) for prediction in predictions), default=0)
    write_table(path, Layout(top), predictions)
