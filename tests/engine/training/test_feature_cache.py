"""What is frozen is computed once: the run is the one that computing it in every epoch gives, and survives as well."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine import photos, runs
from engine.config import TrainConfig
from engine.config.augmentations import PRESETS, preset_of
from engine.control import Control
from engine.dataset import row_store
from engine.dataset.index import Photo
from engine.dataset.kept_photos import file_hash
from engine.dataset.loader import PhotoLoader
from engine.dataset.row_store import RowStore
from engine.events import EpochFinished, Event, FeaturesComputed, Notice, RunStarted
from engine.models.cut import Cut
from engine.training import feature_cache
from engine.training.feature_cache import key_of
from engine.training.frozen_half import ON_RUNTIME, TORCH
from engine.training.run import train
from engine.training.run_parts import Run
from tests.engine.training.kept_features import computed, config_of, ran
from tests.engine.training.short_run import epochs_of, same_network
from tests.tiny_photos import make_photos

pytestmark = pytest.mark.usefixtures("no_export")


@pytest.mark.parametrize("augmentation", ["none", "light"])
@pytest.mark.parametrize("strategy", ["feature-extraction", "last-blocks"])
def test_a_run_is_the_one_without_the_cache(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, strategy: str, augmentation: str
) -> None:
    # At a rate of nearly nothing a last bit that differs does not grow, so all epochs can be compared.
    still = {"learning_rate": 1e-12, "optimizer": "sgd", "momentum": 0.0, "head": "linear"}
    asked = config_of(few_photos, strategy=strategy, augmentation=augmentation, **still)
    cached = ran(asked, tmp_path / "cached", tiny_weights)
    plain = ran(asked.with_changes(cache="off"), tmp_path / "plain", tiny_weights)
    views = 4 if augmentation == "light" else 1
    assert computed(cached) == (8 * views + 8) and computed(plain) == 0
    for one, other in zip(epochs_of(cached), epochs_of(plain), strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, abs=1e-3)
        assert one.val_loss == pytest.approx(other.val_loss, abs=1e-3)
    seen = {round(epoch.train_loss, 4) for epoch in epochs_of(cached)}
    assert len(seen) >= views, "what differs from epoch to epoch is which view is seen"


def test_what_was_computed_serves_the_next_run_and_another_seed_only_in_part(
    few_photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    assert computed(ran(config_of(few_photos), tmp_path / "a", tiny_weights)) == 8 * 4 + 8
    again = ran(config_of(few_photos, learning_rate=0.01), tmp_path / "b", tiny_weights)
    assert computed(again) == 0
    other_seed = ran(config_of(few_photos, seed=4), tmp_path / "c", tiny_weights)
    assert computed(other_seed) == 8 * 4  # validation is not augmented, so its rows are there
    smaller = ran(config_of(few_photos, image_size=48), tmp_path / "d", tiny_weights)
    assert computed(smaller) == 8 * 4 + 8


def test_what_is_kept_is_kept_by_preset_and_strengths() -> None:
    frozen = nn.Linear(1, 1)
    frozen.graph = ""  # type: ignore[assignment]
    made = Cut(frozen, nn.Identity(), (), ())
    classifier = SimpleNamespace(scale=torch.ones(3), offset=torch.zeros(3), channels=3)

    def key(name: str, strengths: dict[str, float] | None = None, way: str = TORCH) -> str:
        loader = SimpleNamespace(preset=preset_of(name, strengths))
        spec = SimpleNamespace(interpolation="bilinear", builder=None)
        run = SimpleNamespace(config=TrainConfig(), classifier=classifier, spec=spec, loader=loader, teacher=None)
        return key_of(run, made, way)  # type: ignore[arg-type]

    assert key("light") == key("light", {}) == key("light", {"flip": 0.5})
    keys = {key(name) for name in PRESETS} | {key("light", {"noise": 9}), key("light", {"flip": 0.4})}
    assert len(keys) == len(PRESETS) + 2
    assert key("light", way=ON_RUNTIME) not in keys


def test_what_is_kept_is_kept_by_what_the_frozen_modules_are(tmp_path: Path) -> None:
    """Same names, weights and shapes at the boundary; other numbers."""
    layer = nn.Conv2d(3, 4, 3)
    classifier = SimpleNamespace(scale=torch.ones(3), offset=torch.zeros(3), channels=3)
    builder = tmp_path / "mine.py"
    builder.write_text("first")
    spec = SimpleNamespace(interpolation="bilinear", builder=builder)
    loader = SimpleNamespace(preset=PRESETS["none"])
    run = SimpleNamespace(config=TrainConfig(), classifier=classifier, spec=spec, loader=loader, teacher=None)

    def key(stride: int, activation: nn.Module) -> str:
        own = nn.Conv2d(3, 4, 3, stride)
        own.load_state_dict(layer.state_dict())
        frozen = torch.fx.symbolic_trace(nn.Sequential(own, activation, nn.AdaptiveAvgPool2d(1)))
        return key_of(run, Cut(frozen, nn.Identity(), ((4, 1, 1),), (False,)), TORCH)  # type: ignore[arg-type]

    found = [key(1, nn.ReLU()), key(2, nn.ReLU()), key(1, nn.GELU()), key(1, nn.LeakyReLU(0.2)), key(1, nn.LeakyReLU())]
    assert len(set(found)) == len(found) and key(1, nn.ReLU()) == found[0]
    builder.write_text("second")
    assert key(1, nn.ReLU()) != found[0]


def test_views_are_used_in_turn_and_never_more_than_there_are_epochs(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real = list[int](), feature_cache.FeatureLoader.batches

    def batches(self: Any, groups: Any, augmentation: tuple[int, int] | None = None) -> Any:
        asked.extend([augmentation[1]] if augmentation else [])
        return real(self, groups, augmentation)

    monkeypatch.setattr(feature_cache.FeatureLoader, "batches", batches)
    assert computed(ran(config_of(few_photos, epochs=3), tmp_path / "a", tiny_weights)) == 8 * 3 + 8
    assert asked == [1, 2, 3]
    asked.clear()
    assert computed(ran(config_of(few_photos, views=2), tmp_path / "b", tiny_weights)) == 0  # both are there
    assert asked == [1, 2] * 3
    assert computed(ran(config_of(few_photos, views=5), tmp_path / "c", tiny_weights)) == 8 * 2
    fresh = ran(config_of(few_photos, views=0), tmp_path / "d", tiny_weights)
    assert computed(fresh) == 0 and "features_fresh" in {e.kind for e in fresh if isinstance(e, Notice)}


@pytest.mark.parametrize("kind", [FeaturesComputed, EpochFinished])
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, kind: type[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(few_photos, strategy="last-blocks")
    ran(config, tmp_path / "whole", tiny_weights)
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "other"))
    control, seen = Control(), 0
    for event in train(config, tmp_path / "cut", weights_dir=tiny_weights, offline=True, control=control):
        seen += isinstance(event, kind)
        if seen == 3:
            control.stop()
    assert runs.state(tmp_path / "cut") == "interrupted"
    ran(config, tmp_path / "cut", tiny_weights, resume=True)
    assert same_network(tmp_path / "whole", tmp_path / "cut")


def test_fine_tuning_computes_the_frozen_phase_only(few_photos: Path, tiny_weights: Path, tmp_path: Path) -> None:
    events = ran(config_of(few_photos, strategy="fine-tuning", epochs=10), tmp_path / "run", tiny_weights)
    assert computed(events) == 8 * 2 + 8 and len(epochs_of(events)) == 10


def test_a_disk_without_room_trains_the_ordinary_way_and_says_so(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_store, "_free", lambda _folder: 1000)
    events = ran(config_of(few_photos), tmp_path / "run", tiny_weights)
    assert "features_not_kept" in {event.kind for event in events if isinstance(event, Notice)}
    assert computed(events) == 0 and len(epochs_of(events)) == 6


def test_a_disk_that_fails_in_the_middle_loses_nothing(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = RowStore.add, []

    def fails(self: RowStore, names: list[str], rows: np.ndarray) -> None:
        calls.append(names)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        real(self, names, rows)

    monkeypatch.setattr(RowStore, "add", fails)
    events = ran(config_of(few_photos), tmp_path / "run", tiny_weights)
    (notice,) = [event for event in events if isinstance(event, Notice) and event.kind == "features_lost"]
    assert "No space left" in notice.text and len(epochs_of(events)) == 6


def test_a_photo_that_cannot_be_read_is_left_out_and_told_once(tiny_weights: Path, tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", photos=4, splits=("train", "val"))
    bad = data / "train" / "blue" / "0.png"
    bad.write_bytes(bad.read_bytes()[:60])
    events = ran(config_of(data), tmp_path / "run", tiny_weights)
    told = [event for event in events if isinstance(event, Notice) and event.kind == "photo_left_out"]
    assert [notice.path for notice in told] == [bad]
    assert len(epochs_of(events)) == 6


def test_a_bad_photo_does_not_change_what_a_stopped_run_goes_on_to(tiny_weights: Path, tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", photos=40, splits=("train", "val"))
    bad = data / "train" / "blue" / "0.png"
    bad.write_bytes(bad.read_bytes()[:60])
    config = config_of(data, epochs=2, batch_size=32)
    ran(config, tmp_path / "whole", tiny_weights)
    (tmp_path / "cache").rename(tmp_path / "set aside")
    control = Control()
    for event in train(config, tmp_path / "cut", weights_dir=tiny_weights, offline=True, control=control):
        if isinstance(event, FeaturesComputed):
            control.stop()
    ran(config, tmp_path / "cut", tiny_weights, resume=True)
    assert same_network(tmp_path / "whole", tmp_path / "cut")


def test_a_photo_is_decoded_once_for_all_its_views(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, decoded = photos.read_whole, []

    def counted(path: Path, *arguments: Any, **options: Any) -> photos.Image:
        decoded.append(path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(photos, "read_whole", counted)
    ran(config_of(few_photos), tmp_path / "run", tiny_weights)
    assert sorted(decoded) == sorted((few_photos / "train").rglob("*.png"))
    (kept,) = (tmp_path / "cache" / "stores").glob("photos-*/rows.bin")
    assert not kept.stat().st_size


def test_views_are_the_photos_that_an_epoch_would_see(few_photos: Path) -> None:
    paths = sorted((few_photos / "train").rglob("*.png"))
    loader = PhotoLoader(
        [Photo(path, path.parent.name, "train") for path in paths], ("blue", "green"), 24, "crop", "bilinear", 2
    )
    groups = [[0, 1, 2], [3, 4], [5, 6, 7]]
    seen = list(loader.views([[(number, ((7, 1), None, (7, 2))) for number in group] for group in groups]))
    for augmentation in ((7, 1), None, (7, 2)):
        for group, batch, (pixels, views) in zip(groups, loader.batches(groups, augmentation), seen, strict=True):
            places = [place for place, view in enumerate(views) if view[1] == augmentation]
            assert [views[place][0] for place in places] == group
            assert torch.equal(pixels[places], batch.pixels)
    loader.close()


def test_photos_that_could_not_be_hashed_are_not_taken_for_each_other(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.training.prepare.content_hash", lambda _photo: "")
    cached = ran(config_of(few_photos), tmp_path / "cached", tiny_weights)
    plain = ran(config_of(few_photos, cache="off"), tmp_path / "plain", tiny_weights)
    assert computed(cached) == 8 * 4 + 8
    assert epochs_of(cached)[0].val_loss == pytest.approx(epochs_of(plain)[0].val_loss, abs=1e-3)


def test_norms_that_train_from_the_first_block_on_leave_nothing_to_keep(
    few_photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    events = ran(config_of(few_photos, norm_affine="trained"), tmp_path / "run", tiny_weights)
    assert computed(events) == 0 and len(epochs_of(events)) == 6


def test_what_cannot_be_cut_is_said(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.training.feature_cache.cut", lambda *_: None)
    events = ran(config_of(few_photos), tmp_path / "run", tiny_weights)
    assert "features_not_apart" in {event.kind for event in events if isinstance(event, Notice)}
    assert computed(events) == 0 and len(epochs_of(events)) == 6


def test_a_photo_that_was_changed_is_not_kept_under_the_name_of_what_it_was(
    few_photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    """Changed between its hashing and the frozen layers, and one touched only: its row is kept."""
    data = tmp_path / "photos"
    shutil.copytree(few_photos, data)
    changed, touched = data / "train" / "blue" / "0.png", data / "train" / "blue" / "1.png"
    config, before = config_of(data, epochs=2, augmentation="none"), changed.read_bytes()
    seen: list[Event] = []
    for event in train(config, tmp_path / "run", weights_dir=tiny_weights, offline=True):
        if isinstance(event, RunStarted):
            shutil.copy(data / "train" / "green" / "2.png", changed)
            os.utime(touched, (1, 1))
        seen.append(event)
    told = [event for event in seen if isinstance(event, Notice) and event.kind == "photo_left_out"]
    assert [notice.path for notice in told] == [changed] and "was changed" in told[0].text
    assert len(epochs_of(seen)) == 2
    (index,) = (path for path in (tmp_path / "cache" / "stores").glob("*/index.sqlite") if "photos-" not in str(path))
    with contextlib.closing(sqlite3.connect(index)) as rows:
        names = {name for (name,) in rows.execute("SELECT name FROM rows")}
    assert len(names) == 15 and file_hash(touched) in names and hashlib.sha256(before).hexdigest() not in names


def test_rows_that_do_not_fit_into_memory_are_computed_in_parts(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = feature_cache._rows, list[int]()

    def narrow(run: Run, frozen: Any, pixels: torch.Tensor) -> torch.Tensor:
        asked.append(len(pixels))
        if len(pixels) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(run, frozen, pixels)

    monkeypatch.setattr(feature_cache, "_rows", narrow)
    events = ran(config_of(few_photos, epochs=2, augmentation="none"), tmp_path / "run", tiny_weights)
    assert computed(events) == 16 and asked == [8, 4, 4, 4, 4], "what was found out is not tried again"
