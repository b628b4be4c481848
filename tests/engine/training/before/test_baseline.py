from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
import torch
import torchvision

from engine.config import make_config
from engine.control import Control
from engine.dataset.index import Photo, load
from engine.dataset.split import assign_splits
from engine.events import BaselineMeasured, FeaturesComputed, Notice
from engine.models.catalog import find_model
from engine.runs import baselines
from engine.runs.baselines import Baseline
from engine.training.before import baseline as module
from engine.training.before.baseline import baseline
from tests.shared_data import shared
from tests.tiny_photos import make_photos

SOME = Baseline("mobilenet_v2", 0.9, 0.8, 0.95, 0.5, 4, 2)


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))


def dataset(extra: str = "") -> list[Photo]:
    photos = [
        Photo(Path(f"/d/{label}/{n}.jpg"), label, "val" if n == 0 else "train") for label in "ab" for n in range(3)
    ]
    return [*photos, Photo(Path(f"/d/a/{extra}.jpg"), "a", "train")] if extra else photos


def test_what_is_kept_is_found_by_the_validation_photos() -> None:
    baselines.keep(dataset(), SOME)
    assert baselines.find(reversed(dataset())) == SOME
    assert baselines.find([*dataset(), Photo(Path("/d/b/9.jpg"), "b", "val")]) is None
    assert baselines.find([*dataset(), Photo(Path("/d/b/9.jpg"), "b", "test")]) == SOME


def test_other_training_photos_or_another_model_ask_for_a_new_one() -> None:
    baselines.keep(dataset(), SOME)
    assert baselines.find(dataset(), "mobilenet_v2") == SOME
    assert baselines.find(dataset(), "resnet18") is None
    assert baselines.find(dataset("new"), "mobilenet_v2") is None
    assert baselines.find(dataset("new")) == SOME  # what a run gained is still to be told


def test_other_photos_of_the_same_names_have_none(tmp_path: Path) -> None:
    """As those of the next card or stick, which is where the other one was."""
    photos = [Photo(tmp_path / f"{number}.jpg", "a", "val") for number in range(600)]
    baselines.keep(photos, SOME)
    assert baselines.find(photos) == SOME
    for photo in photos:
        photo.path.write_bytes(b"another")
    assert baselines.find(photos) is None


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    baselines.keep(dataset(), SOME)
    (tmp_path / "cache" / baselines.NAME).write_text('{"x": [1], "y": {"model": 3}, ')
    assert baselines.find(dataset()) is None
    baselines.keep(dataset(), SOME)
    assert baselines.find(dataset()) == SOME


def test_without_weights_there_is_none(tmp_path: Path) -> None:
    config = make_config({"data": make_photos(tmp_path / "photos"), "model": "mobilenet_v2"})
    *_, last = baseline(config, weights_dir=tmp_path)
    assert isinstance(last, Notice) and last.kind == "no_weights"


def test_drawn_colours_before_any_training(tmp_path: Path) -> None:
    """What a random network keeps of colours is enough to tell them apart."""
    torch.manual_seed(0)
    torch.save(torchvision.models.squeezenet1_0(weights=None).state_dict(), tmp_path / "squeezenet1_0.pth")
    data = make_photos(tmp_path / "photos", photos=8, splits=("train", "val"))
    config = make_config({"data": data, "image_size": 64})
    control, stopped = Control(), []
    for event in baseline(config, weights_dir=tmp_path, control=control):
        stopped.append(event)
        if isinstance(event, FeaturesComputed):
            control.stop()
    photos, _ = assign_splits(load(data, Control()), 0)
    assert stopped and not any(isinstance(event, BaselineMeasured) for event in stopped)
    assert baselines.find(photos) is None
    *_, last = baseline(config, weights_dir=tmp_path)
    assert isinstance(last, BaselineMeasured)
    assert (last.model, last.train_photos, last.val_photos, last.chance) == ("squeezenet1_0", 16, 16, 0.5)
    assert last.low < last.val_accuracy and last.val_accuracy > 0.7
    kept = baselines.find(photos)
    assert kept and kept.val_accuracy == last.val_accuracy


@pytest.mark.long
def test_ants_and_bees_before_any_training() -> None:
    config = make_config({"data": shared("data/hymenoptera"), "image_size": 64})
    *_, last = baseline(config, weights_dir=shared("weights"))
    assert isinstance(last, BaselineMeasured)
    assert (last.train_photos, last.val_photos, last.chance) == (245, 153, pytest.approx(70 / 153))
    assert last.low < last.val_accuracy < last.high and last.val_accuracy > 0.7
    photos, _ = assign_splits(load(config.data, Control()), 0)
    kept = baselines.find(photos)
    assert kept and kept.val_accuracy == last.val_accuracy


def test_what_cannot_be_kept_is_told_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def seen(*_: object) -> Generator[Notice, None, str]:
        yield from ()
        return "photos"

    monkeypatch.setattr(baselines, "keep", full)
    monkeypatch.setattr(module, "choose", lambda *_: find_model("lenet5"))
    monkeypatch.setattr(module, "_seen", seen)
    monkeypatch.setattr(module, "_measured", lambda *_: SOME)
    *_, last = baseline(make_config({"data": make_photos(tmp_path / "photos", photos=4)}))
    assert isinstance(last, BaselineMeasured) and last.val_accuracy == SOME.val_accuracy
