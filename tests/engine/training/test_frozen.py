"""Frozen means frozen: the hash of every frozen tensor and buffer after a run is its hash before."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import runs
from engine.config import make_config
from engine.models.build import build_pretrained, owners
from engine.models.catalog import CATALOG, ModelSpec, find_model
from engine.models.strategies import STRATEGIES, find_strategy, trainable_layers
from engine.training import finish
from engine.training.run import train
from tests.shared_data import shared
from tests.tiny_photos import make_photos

PRETRAINED = [name for name, spec in CATALOG.items() if spec.weights]
NAMED = [name for name in STRATEGIES if name not in ("custom", "from-scratch")]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps of four photos."""
    return make_photos(tmp_path_factory.mktemp("photos"), photos=4, splits=("train", "val"))


@pytest.fixture(autouse=True)
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run writes after its last epoch is tested elsewhere, and takes seconds for each network."""
    monkeypatch.setattr("engine.training.run.close_run", lambda *_: iter(()))
    assert finish.close_run


def hashes(state: dict[str, torch.Tensor]) -> dict[str, str]:
    return {
        name: hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in state.items()
    }


def moved(spec: ModelSpec, weights: Path, data: Path, out: Path, **changes: Any) -> tuple[set[str], set[str]]:
    """Run two steps; (names of the tensors and buffers that changed, all names)."""
    config = {
        "data": data, "model": spec.name, "epochs": 1, "batch_size": 4, "image_size": 64, "warmup_epochs": 0.0,
        "learning_rate": 0.05, "optimizer": "sgd", "device": "cpu",
    }  # fmt: skip
    list(train(make_config(config | changes), out, weights_dir=weights, offline=True))
    torch.manual_seed(0)  # the run's seed, from which the head is drawn
    before = hashes(build_pretrained(spec, 2, weights / f"{spec.name}.pth").state_dict())
    after = hashes(torch.load(out / runs.LAST, weights_only=True)["network"])
    assert before.keys() == after.keys()
    return {name for name in after if before[name] != after[name]}, set(after)


def owner_of(tensor: str) -> str:
    return tensor.rpartition(".")[0]


@pytest.mark.parametrize("name", PRETRAINED)
@pytest.mark.parametrize("strategy", NAMED)
def test_a_strategy_moves_its_layers_and_no_others(
    name: str, strategy: str, photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    spec = find_model(name)
    network = build_pretrained(spec, 2, tiny_weights / f"{name}.pth")
    reaches = {phase.reach for phase in find_strategy(strategy).phases}
    reach = "all" if "all" in reaches else reaches.pop()
    allowed = set(trainable_layers(owners(network), spec.blocks, spec.last_blocks, reach))
    changed, everything = moved(spec, tiny_weights, photos, tmp_path / "run", strategy=strategy)
    assert {owner_of(tensor) for tensor in changed} <= allowed
    if strategy == "feature-extraction":
        assert {owner_of(tensor) for tensor in changed} == allowed
    assert changed and len(changed) <= len(everything)
    biases_and_weights = {tensor for tensor in everything if owner_of(tensor) in allowed and tensor.endswith("weight")}
    assert len(changed & biases_and_weights) >= 0.5 * len(biases_and_weights)


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
@pytest.mark.parametrize("strategy", NAMED)
def test_real_weights_stay_where_they_are_frozen(name: str, strategy: str, photos: Path, tmp_path: Path) -> None:
    spec, weights = find_model(name), shared("weights")
    network = build_pretrained(spec, 2, weights / f"{name}.pth")
    reach = find_strategy(strategy).phases[-1].reach
    allowed = set(trainable_layers(owners(network), spec.blocks, spec.last_blocks, reach))
    changed, _ = moved(spec, weights, photos, tmp_path / "run", strategy=strategy)
    assert changed and {owner_of(tensor) for tensor in changed} <= allowed


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
def test_exactly_what_is_ticked_moves(name: str, photos: Path, tiny_weights: Path, tmp_path: Path) -> None:
    """One layer deep inside, one batch norm where there is one, and not the head."""
    spec = find_model(name)
    ticked = {
        "mobilenet_v2": ("features.2.conv.1.0", "features.18.1"),
        "squeezenet1_0": ("features.3.expand1x1", "features.12.squeeze"),
    }[name]
    changed, everything = moved(spec, tiny_weights, photos, tmp_path / "run", strategy="custom", trainable=ticked)
    assert changed == {tensor for tensor in everything if owner_of(tensor) in ticked}


def test_a_batch_norm_that_is_ticked_keeps_statistics_and_others_do_not(
    photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    spec = find_model("resnet18")
    changed, _ = moved(spec, tiny_weights, photos, tmp_path / "run", strategy="custom", trainable=("layer4.1.bn2",))
    assert changed == {
        f"layer4.1.bn2.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
