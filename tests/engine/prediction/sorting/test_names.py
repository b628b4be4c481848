from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prediction.sorting.names import DEVICES, REFUSED, ClassFolders, FreeNames, folded, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Poecile palustris", "Poecile palustris"),
        ("a/b\\c", "a_b_c"),
        ("14:22:01.jpg", "14_22_01.jpg"),
        ("sp.", "sp"),
        ("..", "_"),
        (" . ", "_"),
        ("con", "_con"),
        ("Aux.2020.jpg", "_Aux.2020.jpg"),
        ("console", "console"),
        ("COM¹", "_COM¹"),
        ("caf\udce9.jpg", "caf_udce9.jpg"),
        ("x" * 300 + ".jpg", "x" * 196 + ".jpg"),
        ("ß" * 150, "ß" * 100),
    ],
)
def test_a_name_is_made_one_that_every_drive_takes(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=30) | st.builds(lambda text: text * 20, st.text(max_size=20)))
def test_no_name_is_refused_by_windows(name: str) -> None:
    safe = safe_name(name)
    assert safe and not REFUSED.search(safe) and safe == safe.rstrip(" .") and len(safe.encode()) <= 210
    assert safe.split(".")[0].strip().upper() not in DEVICES
    assert safe_name(safe) == safe


@given(st.lists(st.text(max_size=8), unique=True), st.lists(st.text(max_size=8)))
def test_different_classes_have_different_folders_for_ever(classes: list[str], later: list[str]) -> None:
    first = ClassFolders({})
    names = [first.of(label) for label in classes]
    assert len({folded(name) for name in (*names, "_unknown", "_failed")}) == len(classes) + 2
    again = ClassFolders(first.known)
    for label in later:
        again.of(label)
    assert [again.of(label) for label in classes] == names


def test_case_accents_and_what_windows_refuses_tell_no_two_classes_apart() -> None:
    folders = ClassFolders({})
    labels = ["Rosa", "rosa", "a?", "a*", "_Unknown", "caf\u00e9", "cafe\u0301", ".git", ".."]
    assert [folders.of(label) for label in labels] == [
        "Rosa", "rosa (2)", "a_", "a_ (2)", "_Unknown (2)", "caf\u00e9", "cafe\u0301 (2)", "_git", "_",
    ]  # fmt: skip


def test_a_name_that_is_taken_gets_a_counter(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.JPG").touch()
    (tmp_path / "img_1 (3).jpg").touch()
    on_record = tmp_path / "new.jpg"
    free = FreeNames(lambda _: None, lambda path: path == on_record)
    chosen = [free.choose(tmp_path, name).name for name in ("img_1.jpg", "img_1.jpg", "IMG_1.jpg", "new.jpg", "b")]
    assert chosen == ["img_1 (2).jpg", "img_1 (4).jpg", "IMG_1 (5).jpg", "new (2).jpg", "b"]
    free.release(tmp_path / "b")
    assert free.choose(tmp_path, "B").name == "B"
    other = tmp_path.with_name(tmp_path.name.upper())
    assert free.choose(other, "B").name == "B (2)", "some drives take both for one folder"
