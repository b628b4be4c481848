from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.control import Control
from engine.errors import ThawError
from engine.events import PredictionProgress, PseudoLabel, PseudoLabelsFinished
from engine.prediction.pseudo_labels import pseudo_label, read_pseudo_labels, write_pseudo_labels
from tests.engine import tiny_model
from tests.tiny_photos import COLOURS, draw_photo

GREYISH = (120, 130, 125)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_model.make(tmp_path / "colours.thaw").path


def unlabelled(root: Path, **counts: int) -> Path:
    for name, number in counts.items():
        for seed in range(number):
            draw_photo(root / f"{name}{seed}.png", COLOURS.get(name, GREYISH), seed)
    return root


def proposed(events: list[object]) -> list[PseudoLabel]:
    return [event for event in events if isinstance(event, PseudoLabel)]


def test_only_sure_answers_are_proposed_and_nothing_is_written(tmp_path: Path, model: Path) -> None:
    folder = unlabelled(tmp_path / "new", red=4, green=3, blue=5, grey=6)
    before = sorted(folder.rglob("*"))
    events = list(pseudo_label(model, folder))
    found = proposed(events)
    assert {item.label for item in found} == {"red", "green", "blue"}
    assert all(item.path.name.startswith(item.label) and item.confidence >= 0.95 for item in found)
    last = events[-1]
    assert isinstance(last, PseudoLabelsFinished)
    assert (last.photos, last.sure, last.proposed, last.failed, last.out) == (18, 12, 12, 0, None)
    assert sorted(folder.rglob("*")) == before
    assert not any(isinstance(event, PredictionProgress) and event.done > 18 for event in events)


def test_classes_come_about_even_and_the_surest_first(tmp_path: Path, model: Path) -> None:
    folder = unlabelled(tmp_path / "new", red=30, green=6, blue=2)
    found = proposed(list(pseudo_label(model, folder)))
    assert Counter(item.label for item in found) == {"red": 10, "green": 6, "blue": 2}
    sureness = [item.confidence for item in found if item.label == "red"]
    assert sureness == sorted(sureness, reverse=True)
    few = proposed(list(pseudo_label(model, folder, most_per_class=3)))
    assert Counter(item.label for item in few) == {"red": 3, "green": 3, "blue": 2}
    assert [item for item in few if item.label == "red"] == [item for item in found if item.label == "red"][:3]


def test_a_higher_threshold_proposes_no_more(tmp_path: Path, model: Path) -> None:
    folder = unlabelled(tmp_path / "new", red=5, green=5, grey=5)
    counts = [len(proposed(list(pseudo_label(model, folder, threshold=p)))) for p in (0.3, 0.9, 0.997, 1.0)]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]


def test_bad_photos_are_counted_and_end_nothing(tmp_path: Path, model: Path) -> None:
    folder = unlabelled(tmp_path / "new", red=3)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    *_, last = pseudo_label(model, folder)
    assert isinstance(last, PseudoLabelsFinished)
    assert (last.photos, last.failed, last.proposed) == (4, 1, 3)


def test_the_file_says_what_was_proposed(tmp_path: Path, model: Path) -> None:
    folder = unlabelled(tmp_path / "new", red=2, green=2)
    out = tmp_path / "labels.csv"
    events = list(pseudo_label(model, folder, out))
    assert events[-1].out == out
    assert out.read_text(encoding="utf-8").splitlines()[0] == "path,label"
    assert read_pseudo_labels(out, tiny_model.CLASSES) == tuple((i.path, i.label) for i in proposed(events))
    with pytest.raises(ThawError, match="exists already"):
        list(pseudo_label(model, folder, out))


def test_odd_names_come_back_as_they_were(tmp_path: Path) -> None:
    names = ["=1+1, “a”.png", "line\nbreak.png", "\udcff.png"]
    labels = [PseudoLabel(tmp_path / name, "=red", 1.0) for name in names]
    write_pseudo_labels(tmp_path / "labels.csv", labels)
    assert read_pseudo_labels(tmp_path / "labels.csv", ["=red"]) == tuple((tmp_path / name, "=red") for name in names)


def test_a_relative_path_starts_where_the_file_stands(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\nnew/a.png,red\n")
    assert read_pseudo_labels(tmp_path / "labels.csv", ["red"]) == ((tmp_path / "new" / "a.png", "red"),)


def test_nothing_is_written_among_the_photos(tmp_path: Path, model: Path) -> None:
    folder = unlabelled(tmp_path / "new", red=2)
    with pytest.raises(ThawError, match="outside"):
        list(pseudo_label(model, folder, folder / "labels.csv"))
    with pytest.raises(ThawError, match="no folder"):
        list(pseudo_label(model, folder, tmp_path / "absent" / "labels.csv"))
    assert not list(tmp_path.rglob("*.csv"))


def test_a_stop_leaves_no_file(tmp_path: Path, model: Path) -> None:
    folder = unlabelled(tmp_path / "new", red=3)
    control = Control()
    control.stop()
    *_, last = pseudo_label(model, folder, tmp_path / "labels.csv", control=control)
    assert isinstance(last, PseudoLabelsFinished) and last.stopped and last.out is None
    assert not (tmp_path / "labels.csv").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("path,label\na.png,cat\n", "“cat” in .* is no class"),
        ("name,kind\na.png,red\n", "columns must be path and label"),
        ("path,label\na.png\n", "columns must be path and label"),
        ("", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(ThawError, match=sentence):
        read_pseudo_labels(tmp_path / "labels.csv", ["red"])
    with pytest.raises(ThawError, match="cannot be read"):
        read_pseudo_labels(tmp_path / "absent.csv", ["red"])


def test_a_threshold_that_is_none_is_refused(tmp_path: Path, model: Path) -> None:
    with pytest.raises(ThawError, match="between 0 and 1"):
        list(pseudo_label(model, tmp_path, threshold=0.0))
