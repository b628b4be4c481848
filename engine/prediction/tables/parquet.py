"""Predictions as Parquet, in groups of rows, so that memory stays flat. Needs pyarrow, which Thaw does not bring."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import pyarrow
import pyarrow.parquet

from engine.events import Prediction
from engine.prediction.tables.cells import Layout

ROWS_A_GROUP = 50_000
NUMBERS = {
    "latitude": pyarrow.float64(), "longitude": pyarrow.float64(), "size": pyarrow.int64(), "series": pyarrow.int64(),
}  # fmt: skip


def write(path: Path, layout: Layout, predictions: Iterable[Prediction]) -> None:
    """Confidences are float32, all else is what it is. Raises OSError."""
    schema = pyarrow.schema([(name, _type(name)) for name in layout.columns()])
    rows = iter(predictions)
    with pyarrow.parquet.ParquetWriter(str(path), schema) as writer:
        while group := list(itertools.islice(rows, ROWS_A_GROUP)):
            columns = zip(*map(layout.values, group), strict=True)
            arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pyarrow.table(arrays, schema=schema))


def _type(name: str) -> pyarrow.DataType:
    if name.endswith("confidence"):
        return pyarrow.float32()
    return NUMBERS.get(name, pyarrow.string())
