from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop_app.widgets.corrections.preview import MOST_NAMED, Preview, PreviewDialog
from engine.events import CorrectionsApplied


@pytest.mark.parametrize(
    ("small", "said"),
    [
        (1, "1 photo as a small copy: the original is not on this computer."),
        (2, "2 photos as small copies: the originals are not on this computer."),
    ],
)
def test_one_photo_and_one_class_are_told_of_as_one(qtbot: QtBot, small: int, said: str) -> None:
    classes = tuple((f"class {number}", 1) for number in range(MOST_NAMED + 1))
    would = CorrectionsApplied(Path("data"), small, 0, 0, 0, 0, 0, classes, (), 1.0, dry_run=True)
    dialog = PreviewDialog(Preview(Path("a.pack"), Path("data"), would, tuple(name for name, _ in classes)))
    qtbot.addWidget(dialog)
    words = [label.text() for label in dialog.findChildren(QLabel)]
    assert said in words
    assert any(text.endswith(" and 1 more class") for text in words)


def test_many_new_classes_with_long_names_find_room(qtbot: QtBot) -> None:
    classes = tuple((f"a class & with a long name {number}", 1) for number in range(MOST_NAMED))
    would = CorrectionsApplied(Path("data"), len(classes), 0, 0, 0, 0, 0, classes, (), 1.0, dry_run=True)
    new, known = (
        PreviewDialog(Preview(Path("a.pack"), Path("data"), would, old)) for old in ((), tuple(dict(classes)))
    )
    qtbot.addWidget(new)
    qtbot.addWidget(known)
    assert new.new.text() == "Make 12 new classes:" and known.new.isHidden()
    assert new.new.accessibleDescription().endswith("a class & with a long name 11 1")
    assert new.sizeHint().width() == known.sizeHint().width()
