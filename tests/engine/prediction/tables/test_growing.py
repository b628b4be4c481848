from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ThawError
from engine.events import Prediction
from engine.prediction.tables.cells import LAST_COLUMNS, Layout, path_cell, text_cell, text_of
from engine.prediction.tables.growing import GrowingTable, check_place
from engine.prediction.tables.whole import write_predictions


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def answer(path: str, label: str = "ant", confidence: float = 0.75) -> Prediction:
    return Prediction(Path(path), label, confidence, ((label, confidence), ("bee", 1 - confidence)))


def test_the_columns_are_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_predictions(path, [answer("a.jpg"), Prediction(Path("b.jpg"), "", 0.0, (), "Damaged.")])
    none = [""] * len(LAST_COLUMNS)
    assert rows(path) == [
        ["path", "label", "confidence", "error", "top1", "top1_confidence", "top2", "top2_confidence", *LAST_COLUMNS],
        ["a.jpg", "ant", "0.750000", "", "ant", "0.750000", "bee", "0.250000", *none],
        ["b.jpg", "", "", "Damaged.", "", "", "", "", *none],
    ]


def test_what_is_known_of_photo_and_model_stands_behind(tmp_path: Path) -> None:
    known = Prediction(
        Path("a.jpg"), "ant", 0.5, (), "", 1234, "2024-05-03T14:22:01", "=Cam", -1.25, 9.5, "ab" * 32, "bee"
    )
    table = GrowingTable(tmp_path / "t.csv", Layout(0, "Ants", "cd" * 32))
    table.add([known])
    table.close()
    header, row = rows(tmp_path / "t.csv")
    assert dict(zip(header, row, strict=True)) | {"path": "", "label": "", "confidence": "", "error": ""} == {
        "path": "", "label": "", "confidence": "", "error": "", "human": "bee", "series": "",
        "taken": "2024-05-03T14:22:01",
        "camera": "'=Cam", "latitude": "-1.250000", "longitude": "9.500000", "size": "1234", "sha256": "ab" * 32,
        "model": "Ants", "model_sha256": "cd" * 32,
    }  # fmt: skip


def test_json_lines_hold_numbers_and_the_same_columns(tmp_path: Path) -> None:
    table = GrowingTable(tmp_path / "t.jsonl", Layout(1))
    table.add([answer("=ünï.jpg"), Prediction(Path("b.jpg"), "", 0.0, (), "Damaged.")])
    table.close()
    first, second = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    assert list(first) == Layout(1).columns() == list(second)
    assert (first["path"], first["confidence"], first["top1"]) == ("=ünï.jpg", 0.75, "ant")
    assert (second["label"], second["confidence"], second["error"]) == (None, None, "Damaged.")


def test_a_byte_order_mark_comes_first_and_once(tmp_path: Path) -> None:
    for mode in "xa":
        table = GrowingTable(tmp_path / "t.csv", Layout(0), mode=mode, byte_order_mark=True)
        table.add([answer("a.jpg")])
        table.close()
    content = (tmp_path / "t.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfpath,")
    assert (content.count(b"\xef\xbb\xbf"), content.count(b"path,label"), content.count(b"a.jpg")) == (1, 1, 2)


def test_rows_are_on_disk_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table = GrowingTable(path, Layout(1))
    assert not path.exists()
    table.add([answer("a.jpg")])
    assert len(rows(path)) == 2
    table.add([answer("b.jpg"), answer("c.jpg")])
    assert [row[0] for row in rows(path)[1:]] == ["a.jpg", "b.jpg", "c.jpg"]
    table.close()
    assert len(rows(path)) == 4


@pytest.mark.parametrize(
    ("start", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("＝1", "'＝1"),
        ("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"), ("\n=1", "'\n'=1"),
        ("a;=1", "a;'=1"), ("a\t@x", "a\t'@x"), ("a;'=1;b", "a;''=1;b"),
    ],
)  # fmt: skip
def test_cells_that_look_like_formulas_are_neutralised(tmp_path: Path, start: str, cell: str) -> None:
    path = tmp_path / "t.csv"
    write_predictions(path, [answer(f"{start}.jpg", label=start)])
    assert rows(path)[1][:2] == [f"{cell}.jpg", cell]
    assert rows(path)[1][4] == cell


@given(st.text("='-@;\t\n\ra", max_size=12))
def test_no_part_of_a_cell_is_a_formula_and_its_text_is_known_again(text: str) -> None:
    cell = text_cell(text)
    assert not [part for part in re.split("[;\t\r\n]", cell) if part[:1] in tuple("=+-@")]
    assert text_of(cell) == text


def test_ordinary_cells_stay_as_they_are() -> None:
    for text in ("a=b.jpg", "photos/-1.jpg", "'quoted'.jpg", "C:/x.jpg", "ünï 犬.jpg", "a; b;c", ""):
        assert text_cell(text) == text


def test_line_breaks_commas_and_quotes_in_names_survive(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    names = ["a\nb.jpg", "a\rb.jpg", 'a"b".jpg', "a,b.jpg", " a .jpg"]
    write_predictions(path, [answer(name) for name in names])
    assert [row[0] for row in rows(path)[1:]] == names


@pytest.mark.skipif(os.name == "nt", reason="names are never bytes here")
@given(st.lists(st.text("=-'\\xf5c\udcff\udcc3\udca9é,\n", min_size=1), min_size=2, max_size=8, unique=True))
def test_different_names_never_become_one_and_are_always_utf8(names: list[str]) -> None:
    different = {os.fsencode(name): name for name in names}.values()
    cells = [path_cell(Path("d") / name) for name in different] + [path_cell(Path(name)) for name in different]
    assert len(set(cells)) == len(cells)
    assert all(cell.encode() for cell in cells)


@pytest.mark.skipif(os.name == "nt", reason="names are never bytes here")
def test_bytes_that_are_not_utf8_are_escaped() -> None:
    assert path_cell(Path(os.fsdecode(b"caf\xe9.jpg"))) == "caf\\xe9.jpg"
    assert path_cell(Path("caf\\xe9.jpg")) == "caf\\x5cxe9.jpg"
    assert path_cell(Path("back\\slash.jpg")) == "back\\slash.jpg"


def test_an_existing_file_is_never_overwritten_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "diary.csv"
    path.write_text("mine")
    with pytest.raises(ThawError, match="exists already"):
        check_place(path)
    check_place(path, replace=True)
    replacing = GrowingTable(path, Layout(1), mode="w")
    assert path.read_text() == "mine"  # until there is something to put there
    replacing.add([answer("a.jpg")])
    replacing.close()
    assert len(rows(path)) == 2


def test_a_file_that_appears_in_between_is_not_overwritten(tmp_path: Path) -> None:
    table = GrowingTable(tmp_path / "t.csv", Layout(1))
    (tmp_path / "t.csv").write_text("mine")
    with pytest.raises(ThawError, match="could not be written"):
        table.add([answer("a.jpg")])
    assert (tmp_path / "t.csv").read_text() == "mine"


def test_places_where_no_table_can_be_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="is a folder"):
        check_place(tmp_path)
    with pytest.raises(ThawError, match="There is no folder"):
        check_place(tmp_path / "absent" / "t.csv")
    for name in ("1.JPG", "raw.nef", "m.thaw", "answers.thaw-ledger", "home.thaw-corrections"):
        with pytest.raises(ThawError, match=r"has the name of a (photo|file of Thaw's own)"):
            check_place(tmp_path / name, replace=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_is_a_sentence() -> None:
    table = GrowingTable(Path("/dev/full"), Layout(1), mode="w")
    with pytest.raises(ThawError, match="No space left"):
        table.add([answer("a.jpg")])


def test_saving_a_list_replaces_the_file_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")
    write_predictions(path, [answer("a.jpg")], top=1)
    assert rows(path)[0] == Layout(1).columns()
    (tmp_path / "taken").mkdir()
    with pytest.raises(ThawError):
        write_predictions(tmp_path / "taken", [answer("a.jpg")])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv", "taken"]
