from __future__ import annotations

from pathlib import Path

from engine.dataset.copies import copies
from engine.dataset.index import Photo


def photo(name: str, split: str = "train", label: str = "ants") -> Photo:
    return Photo(Path("/photos") / label / name, label, split)  # type: ignore[arg-type]


def test_a_copy_of_a_training_photo_among_those_that_measure_is_told() -> None:
    photos = [photo("a.jpg"), photo("b.jpg", "test"), photo("c.jpg", "val"), photo("d.jpg", "val")]
    (told,) = copies(photos, ["1", "1", "2", "2"])
    assert told.text.startswith("1 validation or test photo holds the same as a training photo (“b.jpg”)")
    assert told.path == photos[1].path


def test_a_photo_in_two_classes_is_told() -> None:
    photos = [photo("a.jpg"), photo("b.jpg", label="bees"), photo("c.jpg"), photo("d.jpg")]
    (told,) = copies(photos, ["1", "1", "2", "3"])
    assert told.text == "1 photo stands in two classes (“a.jpg”; “ants” and “bees”); keep each where it belongs."


def test_photos_of_unknown_content_and_copies_in_one_split_are_not() -> None:
    photos = [photo("a.jpg"), photo("b.jpg", "val"), photo("c.jpg"), photo("d.jpg")]
    assert list(copies(photos, ["", "", "1", "1"])) == []
