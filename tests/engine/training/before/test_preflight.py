"""What a run will take: what is told, and that nothing is left behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import psutil
import pytest

from engine import memory
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset import row_store
from engine.errors import ThawError
from engine.events import Event, Notice, RunEstimated, RunStarted, StageStarted
from engine.models.short_list import Candidate
from engine.training.before import preflight as preflight_module
from engine.training.before.preflight import preflight
from tests.engine.training.short_run import small_resnet
from tests.tiny_photos import make_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), splits=("train", "val"))


@pytest.fixture(autouse=True)
def kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Temporary folders go where the test looks, and so would caches and runs."""
    for name in ("temporary", "cache", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    yield
    assert [list((tmp_path / name).iterdir()) for name in ("temporary", "cache", "home")] == [[], [], []]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight_module, "SECONDS", 0.2)
    monkeypatch.setattr(preflight_module, "ANSWER_SECONDS", 0.1)


def settings(data: Path, **changes: Any) -> TrainConfig:
    return small_resnet(data, **({"epochs": 3} | changes))


def estimated(events: Iterator[Event]) -> RunEstimated:
    *others, last = events
    assert isinstance(last, RunEstimated)
    assert not any(isinstance(event, RunStarted | RunEstimated) for event in others)
    return last


class Room(NamedTuple):
    free: int


def roomy(monkeypatch: pytest.MonkeyPatch, disk: int, memory_bytes: int) -> None:
    """A machine with so much free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Room(disk))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=memory_bytes))


def test_an_estimate_adds_up_and_leaves_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roomy(monkeypatch, 10**13, 10**13)
    found = estimated(preflight(settings(photos), starting_seconds=50.0))
    parts = dict(found.parts)
    assert found.model == "small_resnet" and found.epochs == 3
    assert found.seconds == pytest.approx(sum(parts.values())) and parts["Starting, reading photos and weights"] > 50
    assert parts["Training"] > 0 and parts["Computing the frozen layers, once"] == 0
    assert 0 < found.seconds_per_epoch * 3 < found.seconds
    assert found.memory_bytes > memory.peak_bytes() and found.cache_bytes == 0 and found.gpu_bytes == 0
    assert found.warnings == ()


def test_what_is_frozen_is_counted_once_and_its_room_told(photos: Path, tiny_weights: Path) -> None:
    config = settings(photos, model="resnet18", strategy="feature-extraction")
    found = estimated(preflight(config, weights_dir=tiny_weights, offline=True))
    assert dict(found.parts)["Computing the frozen layers, once"] > 0
    assert found.cache_bytes == 4 * 512 * (24 * 3 + 24)  # three views of each training photo, one of each for val
    # the weights three times: last.pt, best.safetensors, model.thaw
    assert found.disk_bytes == pytest.approx(3 * 4 * 11_180_000, rel=0.02)


def test_a_plan_of_many_phases_is_measured_in_part(photos: Path, tiny_weights: Path) -> None:
    config = settings(photos, model="squeezenet1_0", strategy="progressive", epochs=12)
    found = estimated(preflight(config, weights_dir=tiny_weights, offline=True))
    assert dict(found.parts)["Training"] > 0


def test_what_will_not_suffice_is_said(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roomy(monkeypatch, 1000, -(10**12))
    memory_told, disk_told = estimated(preflight(settings(photos))).warnings
    assert memory_told.startswith("The run will take") and "close other programs" in memory_told
    assert disk_told.startswith("The run's folder needs 0.2 GB of disk, and 0.0 GB are free")


def test_a_stop_ends_it_without_an_estimate(photos: Path) -> None:
    control, seen = Control(), list[Event]()
    for event in preflight(settings(photos), control=control):
        seen.append(event)
        control.stop()
    assert seen and not any(isinstance(event, RunEstimated) for event in seen)


def test_what_keeps_a_run_from_starting_is_told(photos: Path) -> None:
    with pytest.raises(ThawError, match="takes images of"):
        list(preflight(settings(photos, model="mobilenet_v2", image_size=16)))


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert row_store.existing(tmp_path / "a" / "b") == tmp_path


def test_others_are_measured_each_in_a_process_of_its_own(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(verb: str, arguments: list[str], _control: Control) -> Iterator[Event]:
        assert verb == "preflight"
        asked.append(arguments)
        yield StageStarted("Measuring")
        if len(asked) == 2:
            raise ThawError("There is no room.")
        yield own

    (own,) = [event for event in preflight(settings(photos)) if isinstance(event, RunEstimated)]
    others = (Candidate("lenet5", "from-scratch"), Candidate("vgg11", "from-scratch"))
    monkeypatch.setattr(preflight_module, "candidates", lambda *_: others)
    monkeypatch.setattr(preflight_module.process, "run", run)
    events = list(preflight(settings(photos), compare=True, out=tmp_path / "run"))
    assert sum(isinstance(event, RunEstimated) for event in events) == 2
    assert [event.text for event in events if isinstance(event, Notice)] == ["VGG-11, from scratch: There is no room."]
    assert 'model = "lenet5"' in asked[0][2] and asked[0][-2:] == ["--out", str(tmp_path / "run")]
