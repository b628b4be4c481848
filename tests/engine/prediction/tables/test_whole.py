from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

from engine.errors import ThawError
from engine.events import Prediction
from engine.prediction.tables import spreadsheet
from engine.prediction.tables.cells import Layout
from engine.prediction.tables.whole import check_format, write_table

ROWS = [
    Prediction(Path("=1+1.jpg"), "ant", 0.75, (("ant", 0.75), ("bee", 0.25)), size=10, latitude=1.5, longitude=-2.5),
    Prediction(Path("b.jpg"), "", 0.0, (), "Damaged."),
]


def test_a_spreadsheet_holds_texts_and_numbers_as_such(tmp_path: Path) -> None:
    write_table(tmp_path / "t.xlsx", Layout(1), ROWS)
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    header, first, second = (
        {cell.get("r"): (cell.get("t"), "".join(cell.itertext())) for cell in row.iter(f"{name}c")}
        for row in sheet.iter(f"{name}row")
    )
    assert [text for _, text in header.values()] == Layout(1).columns()
    assert (first["A2"], first["C2"]) == (("inlineStr", "=1+1.jpg"), (None, "0.75"))
    assert not list(sheet.iter(f"{name}f"))  # no formula anywhere
    assert second == {"A3": ("inlineStr", "b.jpg"), "D3": ("inlineStr", "Damaged.")}


def test_a_spreadsheet_past_its_limit_goes_on_in_the_next_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "ROWS", 3)
    write_table(tmp_path / "t.xlsx", Layout(0), [Prediction(Path(f"{n}.jpg"), "ant", 1.0) for n in range(5)])
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        lines = [book.read(name).count(b"<row ") for name in sorted(sheets)]
    assert lines == [3, 3, 2]  # a header each


@pytest.mark.parametrize("name", ["t.xlsx", "t.csv", "t.jsonl", "t.parquet"])
def test_no_rows_is_a_table_all_the_same_and_no_part_is_left(tmp_path: Path, name: str) -> None:
    if name == "t.parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    write_table(tmp_path / name, Layout(1), [])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_parquet_is_typed(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    write_table(tmp_path / "t.parquet", Layout(1), ROWS)
    first, second = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert list(first) == Layout(1).columns()
    assert (first["path"], first["confidence"], first["size"], first["latitude"]) == ("=1+1.jpg", 0.75, 10, 1.5)
    assert (second["confidence"], second["error"]) == (None, "Damaged.")


def test_a_format_that_needs_more_says_so_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "engine.prediction.tables.parquet", raising=False)
    with pytest.raises(ThawError, match="pyarrow, which is not installed"):
        check_format(Path("t.parquet"))
    check_format(Path("t.csv"))


def test_parquet_holds_the_number_of_a_series(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    alone, together = Prediction(Path("a.jpg"), "ant", 1.0), Prediction(Path("b.jpg"), "ant", 1.0, series=3)
    write_table(tmp_path / "t.parquet", Layout(0), [alone, together])
    assert parquet.read_table(tmp_path / "t.parquet")["series"].to_pylist() == [None, 3]


def test_a_name_that_is_too_long_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="could not be written"):
        write_table(tmp_path / f"{'a' * 250}.csv", Layout(0), ROWS)
