"""Losses, sampling and mixing in a run: only training photos are mixed, and a run that was stopped goes on the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine import photos, runs
from engine.config import make_config
from engine.events import Event, FeaturesComputed, ParityMeasured
from engine.models.build import Classifier
from engine.training.learner import losses
from engine.training.run import train
from tests.engine.training.short_run import cut_at, epochs_of, lenet, notices_of, same_network, step
from tests.tiny_photos import draw_photo, make_photos


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 blue photos to train on and 4 green ones, 4 of each for validation."""
    data = make_photos(tmp_path_factory.mktemp("uneven"), photos=4, splits=("train", "val"))
    for number in range(4, 12):
        draw_photo(data / "train" / "blue" / f"{number}.png", (40, 60, 200), number)
    return data


MIXED = {"mixup": 0.4, "cutmix": 1.0, "sampling": "balanced", "loss": "focal", "seed": 5}


@pytest.mark.usefixtures("no_export")
def test_a_mixed_run_that_was_stopped_goes_on_to_the_same_weights(uneven: Path, tmp_path: Path) -> None:
    config = lenet(uneven, epochs=3, **MIXED)
    list(train(config, tmp_path / "whole"))
    cut_at(config, tmp_path / "cut", step(2, 1), stop=True)
    list(train(config, tmp_path / "cut", resume=True))
    assert same_network(tmp_path / "cut", tmp_path / "whole")


@pytest.mark.usefixtures("no_export")
def test_only_training_photos_are_mixed(uneven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image that the network is asked about outside of a step is a photo as it is read, and none in one is."""
    seen: list[tuple[bool, np.ndarray]] = []
    whole = Classifier.normalised

    def spy(self: Classifier, pixels: torch.Tensor) -> torch.Tensor:
        seen.append((torch.is_inference_mode_enabled(), pixels.numpy().copy()))
        return whole(self, pixels)

    monkeypatch.setattr(Classifier, "normalised", spy)
    list(train(lenet(uneven, augmentation="none", mixup=8.0, epochs=1), tmp_path / "run"))
    read = {
        split: {photos.read(path, 28, "crop").pixels.tobytes() for path in (uneven / split).rglob("*.png")}
        for split in ("train", "val")
    }
    asked = [image.tobytes() for testing, batch in seen if testing for image in batch]
    learnt = [image.tobytes() for testing, batch in seen if not testing for image in batch]
    assert len(asked) == 8 and set(asked) == read["val"]
    assert len(learnt) == 16 and len(set(learnt) & read["train"]) < 8  # a photo may be its own partner


@pytest.mark.usefixtures("no_export")
@pytest.mark.parametrize("sampling", ["root", "balanced"])
def test_sampling_decides_what_is_learnt_and_takes_the_place_of_weights(
    uneven: Path, tmp_path: Path, sampling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[int] = []
    real = losses.make_loss

    def spy(*asked: Any) -> Any:
        loss = real(*asked)
        return lambda logits, wanted: (learnt.extend(wanted.tolist()), loss(logits, wanted))[1]

    monkeypatch.setattr(losses, "make_loss", spy)
    list(train(lenet(uneven, sampling=sampling, epochs=1), tmp_path / "run"))
    assert runs.read_config(tmp_path / "run").class_weights == "none"
    assert len(learnt) == 16 and sum(learnt) == (8 if sampling == "balanced" else 6)  # √12 to √4 is 10.1 to 5.9


@pytest.mark.usefixtures("no_export")
def test_balanced_sampling_learns_from_what_is_kept_as_from_photos(
    uneven: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    config = make_config(
        {"data": uneven, "model": "squeezenet1_0", "epochs": 2, "batch_size": 8, "image_size": 32, "device": "cpu"}
    ).with_changes(sampling="balanced", head="linear")
    told: dict[str, list[Event]] = {}
    for cache in ("auto", "off"):
        asked = config.with_changes(cache=cache)
        told[cache] = list(train(asked, tmp_path / cache, weights_dir=tiny_weights, offline=True))
    assert any(isinstance(event, FeaturesComputed) for event in told["auto"])
    kept, anew = map(epochs_of, told.values())
    assert kept[0].train_loss == pytest.approx(anew[0].train_loss, abs=1e-3)
    mixed = list(train(config.with_changes(mixup=0.2), tmp_path / "mixed", weights_dir=tiny_weights, offline=True))
    assert not any(isinstance(event, FeaturesComputed) for event in mixed)
    assert len(notices_of(mixed, "features_mixed")) == 1
    assert runs.read_config(tmp_path / "mixed").views == 0


def test_a_run_of_one_against_all_others_learns_from_odds_and_answers_with_shares(
    uneven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odds may be above 1; what it answers, in validation and in its file, is below, in every epoch."""
    highest: list[float] = []
    real = F.binary_cross_entropy_with_logits

    def spy(logits: torch.Tensor, *rest: Any, **options: Any) -> torch.Tensor:
        highest.append(logits.max().item())
        return real(logits, *rest, **options)

    monkeypatch.setattr(F, "binary_cross_entropy_with_logits", spy)
    events = list(train(lenet(uneven, loss="bce", learning_rate=0.01, epochs=4), tmp_path / "run"))
    assert len(highest) == 8 and max(highest[-4:]) > 0
    (parity,) = [event for event in events if isinstance(event, ParityMeasured)]
    assert parity.same_top1 == 1 and parity.largest_difference < 1e-4
    metrics = runs.read_metrics(tmp_path / "run")
    best = epochs_of(events)[metrics["best_epoch"] - 1]
    assert metrics["val"]["log_loss"] <= best.val_loss + 0.05, "the temperature repairs nothing that val did not show"
