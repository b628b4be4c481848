from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.events import Event, ParityMeasured
from engine.models.build import build
from engine.models.catalog import find_model
from engine.models.spec import ModelSpec
from engine.training import finish
from engine.training.run import train
from tests.engine.training.short_run import make_bad_photos, short, without_export
from tests.tiny_photos import make_photos

CLASSES_OF_WEIGHTS = 2
SMALLEST_SIDE = 32


def settled(spec: ModelSpec, side: int) -> nn.Module:
    """The network with random weights, and batch norm's statistics those of real activations; with the initial ones a
    deep frozen network answers nothing but zeros, and no gradient comes through."""
    torch.manual_seed(len(spec.name))
    network = build(spec, CLASSES_OF_WEIGHTS)
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.rand(4, spec.channels, side, side))
    return network


def side_of(spec: ModelSpec) -> int:
    """A small image that the network takes."""
    return spec.input_size if spec.fixed_size else max(SMALLEST_SIDE, spec.smallest_size)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept from another test, whose photos may be the same."""
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights for three rows: what freezing must keep is not what they are."""
    folder = tmp_path_factory.mktemp("weights")
    for name in ("mobilenet_v2", "squeezenet1_0", "resnet18"):
        torch.save(settled(find_model(name), SMALLEST_SIDE).state_dict(), folder / f"{name}.pth")
    return folder


@pytest.fixture(scope="session")
def few_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes, two steps of four photos an epoch."""
    return make_photos(tmp_path_factory.mktemp("photos"), photos=4, splits=("train", "val"))


@pytest.fixture
def no_export() -> Iterator[None]:
    with without_export():
        yield


@pytest.fixture
def no_model_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that close, tests and figures and all, but leave no model file, which takes seconds."""

    def unwritten(*_: object) -> Generator[Event, None, ParityMeasured]:
        yield (parity := ParityMeasured(1, 1.0, 0.0))
        return parity

    monkeypatch.setattr(finish, "_write_model", unwritten)
    monkeypatch.setattr(finish, "_move_into_place", lambda *_: None)


@pytest.fixture(scope="session")
def photos_with_bad_ones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bad_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="session")
def whole(photos_with_bad_ones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short run, never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with without_export():
        list(train(short(photos_with_bad_ones), folder))
    return folder
