"""Frozen means frozen: every frozen tensor and buffer after each epoch of a run is bit for bit what it was before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from engine import runs
from engine.config import make_config
from engine.dataset.index import Photo
from engine.events import Notice, RunFinished
from engine.models.blocks import block_of, in_block
from engine.models.build import build_pretrained
from engine.models.catalog import CATALOG, find_model
from engine.models.freezing import owners
from engine.models.spec import ModelSpec
from engine.models.strategies import STRATEGIES
from engine.models.timelines import timeline
from engine.training import run as run_module
from engine.training.keeping import checkpoint
from engine.training.run import train
from engine.training.run_parts import Run
from tests.engine.training.conftest import settled, side_of
from tests.engine.training.short_run import hashes, owner_of, without_export
from tests.shared_data import shared

SMALL = 3_000_000
"""Parameters of a network that is quick enough for every round of tests."""


def smallest_of_families() -> list[Any]:
    rows: dict[str, ModelSpec] = {}
    for spec in sorted(CATALOG.values(), key=lambda spec: spec.parameters):
        rows.setdefault(spec.family, spec)
    return [pytest.param(row.name, marks=[] if row.parameters < SMALL else [pytest.mark.long]) for row in rows.values()]


class Watch:
    """The hashes of a run's network: before the first epoch, and after each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[dict[str, str]] = []
        monkeypatch.setattr(run_module, "write_before", self._before)
        monkeypatch.setattr(checkpoint, "save", self._save)

    def _before(self, run: Run) -> None:
        self.seen = [hashes(run.classifier.network.state_dict())]

    def _save(self, _folder: Path, network: nn.Module, *_: Any) -> None:
        self.seen.append(hashes(network.state_dict()))

    def moved(self, epoch: int) -> set[str]:
        """The tensors and buffers that are not what they were before the first epoch."""
        return {name for name, digest in self.seen[epoch].items() if digest != self.seen[0][name]}


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    with without_export():
        yield Watch(monkeypatch)


def settings(data: Path, spec: ModelSpec, **changes: Any) -> dict[str, Any]:
    return {
        "data": data, "model": spec.name, "epochs": 2, "batch_size": 4, "image_size": side_of(spec),
        "warmup_epochs": 0.0, "learning_rate": 1e-3, "optimizer": "adamw", "schedule": "constant", "device": "cpu",
        "augmentation": "none", "threads": 1,
    } | changes  # fmt: skip


def earlier_run(spec: ModelSpec, data: Path, folder: Path) -> Path:
    """What a run leaves that others can continue from."""
    photos = [Photo(data / name, name, "train") for name in ("blue", "green")]
    runs.write_config(folder, make_config(settings(data, spec)))
    runs.write_dataset(folder, photos, ["", ""], folder)
    checkpoint.save_best(folder, settled(spec, side_of(spec)).state_dict(), 1)
    return folder


@pytest.fixture(scope="module", params=smallest_of_families())
def row(
    request: pytest.FixtureRequest, few_photos: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ModelSpec, Path]]:
    """The smallest row of a family, and an earlier run of it, whose best weights also serve as pretrained ones."""
    spec = find_model(request.param)
    folder = earlier_run(spec, few_photos, tmp_path_factory.mktemp("earlier"))
    yield spec, folder
    (folder / runs.BEST).unlink()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_only_what_trains_moves_in_every_family(
    row: tuple[ModelSpec, Path], strategy: str, few_photos: Path, tmp_path: Path, watch: Watch
) -> None:
    spec, earlier = row
    changes: dict[str, Any] = {"strategy": strategy, "weights": str(earlier / runs.BEST)}
    names = owners(settled(spec, side_of(spec)))
    chosen = set(names)
    if strategy == "custom":
        chosen = {names[len(names) // 2], names[-1]}
        changes["trainable"] = tuple(chosen)
    if STRATEGIES[strategy].from_run:
        changes["continue_from"] = earlier
    list(train(make_config(settings(few_photos, spec, **changes)), tmp_path / "run", offline=True))
    starts = timeline(STRATEGIES[strategy], len(spec.blocks), spec.last_blocks, 2)
    assert len(watch.seen) == 3
    for epoch in (1, 2):
        allowed = {name for name in chosen if 0 < starts[block_of(name, spec.blocks)] <= epoch}
        moved = watch.moved(epoch)
        assert {owner_of(tensor) for tensor in moved} <= allowed
        weights = {f"{name}.weight" for name in allowed} & watch.seen[0].keys()
        assert len(moved & weights) >= 0.5 * len(weights), "what should train does not"


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
@pytest.mark.parametrize("strategy", ["feature-extraction", "last-blocks", "fine-tuning", "progressive"])
def test_real_weights_stay_where_they_are_frozen(
    name: str, strategy: str, few_photos: Path, tmp_path: Path, watch: Watch
) -> None:
    spec = find_model(name)
    config = settings(few_photos, spec, strategy=strategy)
    list(train(make_config(config), tmp_path / "run", weights_dir=shared("weights"), offline=True))
    assert {owner_of(tensor) for tensor in watch.moved(1)} <= {
        name
        for name in owners(build_pretrained(spec, 2, shared(f"weights/{name}.pth")))
        if 0 < timeline(STRATEGIES[strategy], len(spec.blocks), spec.last_blocks, 2)[block_of(name, spec.blocks)] <= 1
    }
    torch.manual_seed(0)  # the run's seed, from which the head is drawn
    assert watch.seen[0] == hashes(build_pretrained(spec, 2, shared(f"weights/{name}.pth")).state_dict())


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
def test_exactly_what_is_ticked_moves(
    name: str, few_photos: Path, tiny_weights: Path, tmp_path: Path, watch: Watch
) -> None:
    """One layer deep inside, one batch norm where there is one, and not the head."""
    spec = find_model(name)
    ticked = {
        "mobilenet_v2": ("features.2.conv.1.0", "features.18.1"),
        "squeezenet1_0": ("features.3.expand1x1", "features.12.squeeze"),
    }[name]
    config = settings(few_photos, spec, strategy="custom", trainable=ticked, learning_rate=0.05, optimizer="sgd")
    list(train(make_config(config), tmp_path / "run", weights_dir=tiny_weights, offline=True))
    assert watch.moved(2) == {tensor for tensor in watch.seen[0] if owner_of(tensor) in ticked}


def test_the_unfreezing_of_ticked_layers_follows_the_timeline(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, watch: Watch
) -> None:
    """A layer trains when it is ticked and its block's epoch has come."""
    spec = find_model("resnet18")
    config = settings(
        few_photos, spec, strategy="custom", trainable=("layer3.0.conv1", "layer4.0.conv1", "fc"),
        unfreeze=(0, 0, 0, 2, 0, 1),
    )  # fmt: skip
    list(train(make_config(config), tmp_path / "run", weights_dir=tiny_weights, offline=True))
    assert {owner_of(tensor) for tensor in watch.moved(1)} == {"fc"}
    assert {owner_of(tensor) for tensor in watch.moved(2)} == {"fc", "layer3.0.conv1"}


@pytest.mark.parametrize(
    ("affine", "statistics", "expected"),
    [
        ("follow", "follow", {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}),
        ("follow", "frozen", {"weight", "bias"}),
        ("frozen", "follow", {"running_mean", "running_var", "num_batches_tracked"}),
    ],
)
def test_a_batch_norm_that_is_ticked_obeys_its_switches_and_others_stay(
    affine: str, statistics: str, expected: set[str], few_photos: Path, tiny_weights: Path, tmp_path: Path, watch: Watch
) -> None:
    config = settings(
        few_photos, find_model("resnet18"), strategy="custom", trainable=("layer4.1.bn2", "fc"),
        norm_affine=affine, norm_statistics=statistics,
    )  # fmt: skip
    list(train(make_config(config), tmp_path / "run", weights_dir=tiny_weights, offline=True))
    assert {tensor for tensor in watch.moved(2) if not in_block(tensor, ("fc",))} == {
        f"layer4.1.bn2.{part}" for part in expected
    }


def test_norms_that_always_train_do_so_in_frozen_blocks_and_keep_their_statistics(
    few_photos: Path, tiny_weights: Path, tmp_path: Path, watch: Watch
) -> None:
    config = settings(few_photos, find_model("resnet18"), strategy="feature-extraction", norm_affine="trained")
    list(train(make_config(config), tmp_path / "run", weights_dir=tiny_weights, offline=True))
    moved = {tensor for tensor in watch.moved(2) if not in_block(tensor, ("fc",))}
    assert "bn1.weight" in moved and "layer4.1.bn2.bias" in moved
    assert {tensor.rpartition(".")[2] for tensor in moved} == {"weight", "bias"}
    assert all("bn" in tensor or "downsample.1" in tensor for tensor in moved)


# --- the proof that a run leaves


def test_a_run_proves_that_its_frozen_layers_are_unchanged(few_photos: Path, tmp_path: Path) -> None:
    spec = find_model("small_resnet")
    (tmp_path / "first").mkdir()
    first, second = earlier_run(spec, few_photos, tmp_path / "first"), tmp_path / "second"
    config = settings(few_photos, spec, strategy="feature-extraction", continue_from=first, epochs=1)
    finished = list(train(make_config(config), second))[-1]
    proof = runs.read_layer_proof(second)
    assert isinstance(finished, RunFinished)
    assert finished.frozen_layers == finished.unchanged_layers == len(proof) - 1
    assert {name for name, row in proof.items() if row.trained} == {"head"} and not proof["head"].unchanged
    assert all(row.unchanged for name, row in proof.items() if name != "head")
    rows = {row.layer: row for row in runs.read_layers(second)}
    best = safetensors.torch.load_file(first / runs.BEST)
    assert rows.keys() == {owner_of(name) for name in best}
    metrics = runs.read_metrics(second)
    assert metrics["frozen_layers"] == metrics["unchanged_layers"] == len(rows) - 1


def test_a_frozen_layer_that_moved_is_told(few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made on purpose: a buffer of a frozen block is nudged after every epoch."""
    spec = find_model("small_resnet")
    real = checkpoint.save

    def nudging(folder: Path, network: nn.Module, *rest: Any) -> None:
        network.get_submodule("block1.norm1").get_buffer("running_mean").add_(1.0)
        real(folder, network, *rest)

    (tmp_path / "first").mkdir()
    first = earlier_run(spec, few_photos, tmp_path / "first")
    monkeypatch.setattr(checkpoint, "save", nudging)
    config = settings(few_photos, spec, strategy="feature-extraction", continue_from=first, epochs=1)
    events = list(train(make_config(config), tmp_path / "second"))
    (told,) = [event for event in events if isinstance(event, Notice) and event.kind == "frozen_moved"]
    assert "block1.norm1" in told.text
    finished = events[-1]
    assert isinstance(finished, RunFinished) and finished.unchanged_layers == finished.frozen_layers - 1
    assert not runs.read_layer_proof(tmp_path / "second")["block1.norm1"].unchanged
