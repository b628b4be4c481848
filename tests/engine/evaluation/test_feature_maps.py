from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import torchvision
from PIL import Image
from torch import nn

from engine import runs
from engine.config import TrainConfig
from engine.dataset.index import Photo
from engine.errors import ThawError
from engine.evaluation.feature_maps import Pair, _maps, look
from engine.events import Event, LayerPictured, Notice
from engine.models.build import build
from engine.models.catalog import find_model
from tests.tiny_photos import make_photos


@pytest.fixture(autouse=True)
def no_other_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    monkeypatch.delenv("THAW_WEIGHTS_DIR", raising=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "data", photos=3)


@pytest.fixture
def run(tmp_path: Path, data: Path) -> Path:
    """A run from scratch whose best weights differ from those it began with in channel 7 of block1.conv1."""
    folder = tmp_path / "run"
    config = TrainConfig(data=data, model="small_resnet", strategy="from-scratch", image_size=32, seed=3)
    runs.create(folder, config)
    photos = tuple(Photo(path, path.parent.name, "train") for path in sorted(data.rglob("*.png")))
    runs.write_dataset(folder, photos, [""] * len(photos), data)
    torch.manual_seed(config.seed)
    network = build(find_model("small_resnet"), 2)
    with torch.no_grad():
        network.get_submodule(first_convolution(network)).get_parameter("weight")[7] += 1
    safetensors.torch.save_file(network.state_dict(), folder / runs.BEST)
    return folder


def first_convolution(network: nn.Module) -> str:
    return next(name for name, module in network.named_modules() if isinstance(module, nn.Conv2d))


def pictured(events: list[Event]) -> dict[str, LayerPictured]:
    return {event.kind: event for event in events if isinstance(event, LayerPictured)}


def test_a_known_filter_gives_a_known_map(data: Path) -> None:
    """A 1 in the middle of a 3×3 filter is the picture itself."""
    spec = find_model("small_resnet")
    network = build(spec, 2)
    layer = first_convolution(network)
    weight = network.get_submodule(layer).get_parameter("weight")
    with torch.no_grad():
        weight.zero_()
        weight[0, 0, 1, 1] = 1.0
    photo = next(data.rglob("*.png"))
    shown = _maps(network, layer, photo, Pair(spec, network, None, 32))[..., 0]
    pixels = np.asarray(Image.open(photo).convert("L"), np.float32)
    assert not shown[1:].any()
    values = np.sign(shown[0]) * shown[0] ** 2 * spec.std[0] + spec.mean[0]
    assert values.mean() * 255 == pytest.approx(pixels.mean(), abs=4)


def test_before_and_after_of_a_run_have_one_scale(run: Path, data: Path, tmp_path: Path) -> None:
    layer = first_convolution(build(find_model("small_resnet"), 2))
    photo = next(data.rglob("*.png"))
    found = pictured(list(look(str(run), layer, tmp_path / "out", photo=photo)))
    assert list(found) == ["filters", "maps"]
    for event in found.values():
        assert event.before and event.after and event.before.is_file() and event.after.is_file()
        before, after = (np.asarray(Image.open(path)).astype(int) for path in (event.before, event.after))
        assert before.shape == after.shape
        row, column = divmod(event.numbers.index(7), event.columns)
        side = (before.shape[1] + 4) // event.columns
        changed = np.zeros(before.shape[:2], bool)
        changed[row * side : (row + 1) * side, column * side : (column + 1) * side] = True
        assert np.abs(before - after)[changed].max() > 20
        assert np.abs(before - after)[~changed].max() == 0  # what did not change looks the same
    assert found["filters"].shown == found["filters"].channels == len(found["filters"].numbers)


def test_a_model_has_a_before_only(tmp_path: Path, data: Path) -> None:
    torch.save(torchvision.models.squeezenet1_0(weights=None).state_dict(), tmp_path / "squeezenet1_0.pth")
    photo = next(data.rglob("*.png"))
    found = pictured(list(look("squeezenet1_0", "features.0", tmp_path / "out", photo=photo, weights_dir=tmp_path)))
    assert found["filters"].after is None and found["filters"].before is not None
    assert (found["filters"].channels, found["filters"].shown) == (96, 64)
    assert found["maps"].numbers == found["filters"].numbers
    assert found["maps"].black < 0  # what the convolution gives, and not what the ReLU after it left of that
    events = list(look("squeezenet1_0", "features.3.squeeze", tmp_path / "out", photo=photo, weights_dir=tmp_path))
    assert [event.kind for event in events if isinstance(event, Notice)] == ["no_filters"]
    assert list(pictured(events)) == ["maps"]


def test_a_run_without_its_first_weights_shows_its_end(run: Path, tmp_path: Path) -> None:
    config = runs.read_config(run).with_changes(strategy="fine-tuning")
    runs.write_config(run, config)
    events = list(look(str(run), first_convolution(build(find_model("small_resnet"), 2)), tmp_path / "out"))
    assert [event.kind for event in events if isinstance(event, Notice)] == ["no_before"]
    (found,) = pictured(events).values()
    assert found.before is None and found.after is not None


@pytest.mark.parametrize(
    ("layer", "sentence"), [("head", "no convolution but a Linear"), ("nowhere", "no layer named “nowhere”")]
)
def test_what_is_no_convolution_is_named(run: Path, tmp_path: Path, layer: str, sentence: str) -> None:
    with pytest.raises(ThawError, match=sentence):
        list(look(str(run), layer, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_without_weights_there_is_nothing_to_see(tmp_path: Path, run: Path) -> None:
    with pytest.raises(ThawError, match="are not on this machine"):
        list(look("squeezenet1_0", "features.0", tmp_path / "out", weights_dir=tmp_path))
    with pytest.raises(ThawError, match="no model named"):
        list(look("no-such-model", "conv1", tmp_path / "out"))
    (run / runs.BEST).unlink()
    with pytest.raises(ThawError, match="no weights yet"):
        list(look(str(run), "head", tmp_path / "out"))
