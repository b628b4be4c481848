from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from engine import runs
from engine.errors import ThawError
from engine.events import Event, Notice, PseudoLabel, RunStarted
from engine.prediction.pseudo_labels import write_pseudo_labels
from engine.training.run import train
from tests.engine.training.short_run import lenet, small_resnet
from tests.tiny_photos import COLOURS, draw_photo, make_photos


def short_run(data: Path, out: Path, labels: Path) -> list[Event]:
    config = small_resnet(data, epochs=1, pseudo_labels=labels)
    return list(train(config, out, offline=True))


@pytest.mark.usefixtures("no_model_file")
def test_they_join_the_training_split_and_no_other(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "data", photos=10)
    new = tmp_path / "new" / "a.png"
    draw_photo(new, COLOURS["green"], seed=99)
    copied = tmp_path / "new" / "copy.png"  # of a photo of the dataset, whichever split it is in
    shutil.copy(data / "blue" / "3.png", copied)
    write_pseudo_labels(tmp_path / "labels.csv", [PseudoLabel(p, "green", 1.0) for p in (new, copied, new)])
    events = short_run(data, tmp_path / "run", tmp_path / "labels.csv")
    (notice,) = [event for event in events if isinstance(event, Notice) and event.kind == "pseudo_labels"]
    assert notice.text.startswith("1 pseudo-labelled") and "2 are in the dataset already" in notice.text
    root, photos, hashes = runs.read_dataset(tmp_path / "run")
    added = [photo for photo in photos if not photo.path.is_relative_to(root)]
    assert [(photo.path, photo.label, photo.split) for photo in added] == [(new, "green", "train")]
    assert len(photos) == 21 and all(hashes)
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert started.train_photos == sum(photo.split == "train" for photo in photos)
    assert not any(row.path == new for row in runs.read_predictions(tmp_path / "run"))


def test_a_label_of_another_dataset_ends_it_before_it_begins(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "data", photos=6)
    write_pseudo_labels(tmp_path / "labels.csv", [PseudoLabel(tmp_path / "a.png", "zebra", 1.0)])
    with pytest.raises(ThawError, match="zebra"):
        short_run(data, tmp_path / "run", tmp_path / "labels.csv")
    assert runs.state(tmp_path / "run") == "absent"


def test_the_weights_of_classes_go_by_all_that_is_trained_on(tmp_path: Path) -> None:
    """Six photos of each class, of which nine more of one are pseudo-labelled; a photo in two classes is told of."""
    data = make_photos(tmp_path / "data", photos=6)
    shutil.copy(data / "green" / "0.png", data / "blue" / "0.png")
    new = [tmp_path / "new" / f"{number}.png" for number in range(9)]
    for number, path in enumerate(new):
        draw_photo(path, COLOURS["green"], seed=100 + number)
    write_pseudo_labels(tmp_path / "labels.csv", [PseudoLabel(path, "green", 1.0) for path in new])
    asked = lenet(data, pseudo_labels=tmp_path / "labels.csv")
    for labels, weights in ((asked.pseudo_labels, "balanced"), (None, "none")):
        out = tmp_path / f"{weights} run"
        events = train(asked.with_changes(pseudo_labels=labels), out)
        before = list(itertools.takewhile(lambda event: not isinstance(event, RunStarted), events))
        assert "copies_in_classes" in [event.kind for event in before if isinstance(event, Notice)]
        assert runs.read_config(out).class_weights == weights
        events.close()
