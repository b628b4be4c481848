"""Predictions as XLSX, row by row, so that memory stays flat; past a sheet's limit the next sheet begins."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import xlsxwriter

from engine.events import Prediction
from engine.prediction.tables.cells import Layout

ROWS = 1_048_576
"""How many a sheet of Excel holds, its header counted."""
PLAIN = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
NAME_WIDTH, NARROW = 48, 14  # of columns, in characters


def write(path: Path, layout: Layout, predictions: Iterable[Prediction]) -> None:
    """Texts stay texts, whatever they begin with. Raises OSError."""
    names = layout.columns()
    try:
        with xlsxwriter.Workbook(str(path), PLAIN) as book:
            bold = book.add_format({"bold": True})
            row = ROWS
            for prediction in predictions:
                if row == ROWS:
                    sheet, row = _sheet(book, names, bold), 1
                for column, value in enumerate(layout.values(prediction)):
                    if isinstance(value, str):
                        sheet.write_string(row, column, value)
                    elif value is not None:
                        sheet.write_number(row, column, value)
                row += 1
            if not book.worksheets():
                _sheet(book, names, bold)
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(str(error)) from None


def _sheet(book: xlsxwriter.Workbook, names: list[str], bold: object) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 0, NAME_WIDTH)
    sheet.set_column(1, len(names) - 1, NARROW)
    sheet.write_row(0, 0, names, bold)
    return sheet
