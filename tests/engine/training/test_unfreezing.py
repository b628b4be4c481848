"""Blocks that join a run as it goes on: what they learn at, what the others keep, and that a resume changes nothing."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine import runs
from engine.config import TrainConfig, make_config
from engine.dataset.index import Photo
from engine.errors import ThawError
from engine.events import PhaseStarted, RunStarted
from engine.models.build import build
from engine.models.catalog import CATALOG, find_model
from engine.models.freezing import set_trainable
from engine.models.recipes import choose_recipe
from engine.models.schedules import rates
from engine.models.strategies import find_strategy
from engine.models.timelines import timeline
from engine.training.keeping.checkpoint import Progress
from engine.training.learner.optimizer import (
    Place,
    extend_optimizer,
    make_optimizer,
    restore_state,
    set_learning_rate,
    state_by_name,
)
from engine.training.loop import Answers
from engine.training.phases import after_epoch, patience_left, planned, stages_left
from engine.training.prepare import resolve
from engine.training.run import train
from tests.engine.training.conftest import settled
from tests.engine.training.short_run import (
    epochs_of,
    network_of,
    same_network,
    same_tensors,
    small_resnet,
    stopped_after,
    without_export,
)
from tests.tiny_photos import make_photos

SMALL = find_model("small_resnet")
BLOCKS = len(SMALL.blocks)


def config(data: Path, **changes: Any) -> TrainConfig:
    base = {"strategy": "custom", "epochs": 6, "batch_size": 4, "optimizer": "adamw", "learning_rate": 1e-3}
    return small_resnet(data, **(base | changes))


@pytest.fixture(scope="module")
def earlier(few_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run to start from: the small networks have no pretrained weights."""
    folder = tmp_path_factory.mktemp("earlier") / "run"
    with without_export():
        list(train(config(few_photos, strategy="from-scratch", epochs=1), folder))
    return folder


# --- the optimizer


def stepped(network: torch.nn.Module, optimizer: torch.optim.Optimizer, steps: int = 3) -> None:
    for step in range(steps):
        torch.manual_seed(step)
        set_learning_rate(optimizer, lambda _begun: 0.01)
        optimizer.zero_grad()
        network(torch.rand(4, 1, 32, 32)).square().mean().backward()
        optimizer.step()


def place_of(layer: str) -> Place:
    block = next(number for number, names in enumerate(SMALL.blocks) if layer.startswith(names))
    return Place(block, 1)


def frozen_network(*blocks: str) -> torch.nn.Module:
    torch.manual_seed(0)
    network = build(SMALL, 2)
    set_trainable(network, [name for name, _ in network.named_modules() if name.startswith(blocks)])
    return network


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_what_is_unfrozen_joins_and_the_state_of_the_others_is_kept(kind: str, tmp_path: Path) -> None:
    network = frozen_network("head")
    settings = config(tmp_path, optimizer=kind, momentum=0.9, weight_decay=0.01)
    optimizer = make_optimizer(network, settings, BLOCKS, place_of)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2, "frozen is not in the optimizer"
    stepped(network, optimizer)
    before = state_by_name(optimizer, network)["by_name"]
    moments = {name: {key: torch.as_tensor(v).clone() for key, v in state.items()} for name, state in before.items()}
    set_trainable(network, [name for name, _ in network.named_modules() if name.startswith(("head", "block3"))])
    extend_optimizer(optimizer, network, settings, BLOCKS, place_of)
    after = state_by_name(optimizer, network)["by_name"]
    assert after.keys() == moments.keys() == {"head.weight", "head.bias"}
    assert all(
        torch.equal(torch.as_tensor(after[name][key]), moments[name][key]) for name in after for key in after[name]
    )
    stepped(network, optimizer)
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert trained == {id(p) for p in network.parameters() if p.requires_grad}


def test_blocks_learn_at_geometric_rates_and_norms_are_not_decayed(tmp_path: Path) -> None:
    network = build(SMALL, 2)
    settings = config(tmp_path, block_lr_ratio=0.0001, weight_decay=0.01)
    optimizer = make_optimizer(network, settings, BLOCKS, place_of)
    set_learning_rate(optimizer, lambda _begun: 2.0)
    name_of = {id(parameter): name for name, parameter in network.named_parameters()}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            block = place_of(name_of[id(parameter)]).block
            assert group["lr"] == pytest.approx(2.0 * 10 ** (block - 4))
            assert group["weight_decay"] == (0.01 if parameter.ndim > 1 else 0.0)


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_a_checkpoint_of_an_earlier_version_is_taken_up(kind: str, tmp_path: Path) -> None:
    """It has two groups for the whole network, and its state by number."""
    settings = config(tmp_path, optimizer=kind, momentum=0.9, weight_decay=0.01)

    def old_optimizer(network: torch.nn.Module) -> torch.optim.Optimizer:
        trained = [p for p in network.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.SGD(groups, lr=0.01, momentum=0.9) if kind == "sgd" else torch.optim.AdamW(groups, lr=0.01)

    old_network = frozen_network("block3", "head")
    old = old_optimizer(old_network)
    for group in old.param_groups:
        group |= {"rate": 1.0, "begun": 1}
    stepped(old_network, old)
    network = frozen_network("block3", "head")
    network.load_state_dict(old_network.state_dict())
    new = make_optimizer(network, settings, BLOCKS, place_of)
    restore_state(new, network, copy.deepcopy(old.state_dict()))
    for state in (old_network, network):
        stepped(state, old if state is old_network else new)
    assert same_tensors(network.state_dict(), old_network.state_dict())


def test_what_is_unfrozen_later_has_a_warm_up_of_its_own(tmp_path: Path) -> None:
    settings = config(tmp_path, warmup_epochs=1.0, schedule="constant", learning_rate=1.0)
    row = find_strategy("progressive")
    (*_, last) = planned(settings, SMALL, row, Progress())
    rate = rates(settings, row, last, last.first_epoch, 10)
    assert rate(0, 1) == 1.0 and rate(0, last.first_epoch) == pytest.approx(1 / 11)
    assert rate(9, last.first_epoch) == pytest.approx(10 / 11)
    assert rates(settings, row, last, last.first_epoch + 1, 10)(0, last.first_epoch) == 1.0


# --- when validation saturates


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 4), st.data())
def test_saturation_unfreezes_one_stage_at_a_time_and_a_resume_decides_the_same(
    improved: list[bool], patience: int, data: st.DataObject
) -> None:
    settings = config(
        Path(), strategy="progressive", epochs=len(improved), unfreeze_when="saturation", unfreeze_patience=patience
    )
    row = find_strategy("progressive")
    progress = Progress()
    seen = []
    for epoch, better in enumerate(improved, 1):
        progress = replace(progress, epoch=epoch, best_epoch=epoch if better else progress.best_epoch)
        progress = after_epoch(settings, SMALL, row, progress)
        seen.append(progress)
    waits = [
        later - earlier for earlier, later in zip((1, *progress.stage_epochs), progress.stage_epochs, strict=False)
    ]
    assert all(wait >= patience for wait in waits[1:])
    assert len(progress.stage_epochs) <= BLOCKS and max(progress.stage_epochs) <= len(improved)
    if all(improved):
        assert progress.stage_epochs == (1,)
    phases = planned(settings, SMALL, row, progress)
    assert [len(phase.blocks) for phase in phases] == list(range(1, len(phases) + 1))
    stopped = data.draw(st.sampled_from(seen))
    known = planned(settings, SMALL, row, Progress(**json.loads(json.dumps(vars(stopped)))))
    reached = [phase for phase in phases if phase.first_epoch <= stopped.epoch + 1]
    assert [(p.first_epoch, p.blocks) for p in known] == [(p.first_epoch, p.blocks) for p in reached]


def test_a_run_does_not_end_early_while_blocks_wait() -> None:
    row = find_strategy("progressive")
    settings = config(Path(), strategy="progressive", unfreeze_when="saturation", unfreeze_patience=2, patience=2)
    waiting = Progress(epoch=5, best_epoch=1, stage_epochs=(1, 4))
    assert stages_left(settings, SMALL, row, waiting) == 3 and patience_left(settings, SMALL, row, waiting) == 2
    out = Progress(epoch=9, best_epoch=1, stage_epochs=(1, 3, 5, 6, 8))
    assert patience_left(settings, SMALL, row, out) == 0
    assert patience_left(settings.with_changes(patience=0), SMALL, row, out) is None


@pytest.mark.parametrize(("strategy", "begun"), [("fine-tuning", 3), ("progressive", 7), ("last-blocks", 1)])
def test_patience_is_counted_from_when_all_trains_that_is_to(strategy: str, begun: int) -> None:
    """Of ten epochs; the best one was the first."""
    row, settings = find_strategy(strategy), config(Path(), strategy=strategy, epochs=10, patience=2)
    left = [patience_left(settings, SMALL, row, Progress(epoch=epoch, best_epoch=1)) for epoch in range(1, 11)]
    assert left[: begun - 1] == [2] * (begun - 1)
    assert left.index(0) + 1 == max(begun + 1, 3)
    improved = Progress(epoch=begun + 1, best_epoch=begun + 1)
    assert patience_left(settings, SMALL, row, improved) == 2


@pytest.mark.usefixtures("no_export")
def test_saturation_in_a_run_is_bit_equal_after_a_stop_in_any_epoch(
    few_photos: Path, earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validation never gets better than in the first epoch, so a block joins in each from the third on."""
    monkeypatch.setattr(Answers, "accuracy", 0.5)
    monkeypatch.setattr(Answers, "loss", 1.0)
    asked = config(
        few_photos, strategy="progressive", continue_from=earlier, unfreeze_when="saturation", unfreeze_patience=1
    )
    events = list(train(asked, tmp_path / "whole"))
    phases = [event for event in events if isinstance(event, PhaseStarted)]
    assert [phase.first_epoch for phase in phases] == [1, 3, 4, 5, 6] and {phase.phases for phase in phases} == {BLOCKS}
    left = [epoch.seconds_left for epoch in epochs_of(events)]
    assert left == [None] * 5 + [pytest.approx(0, abs=1e-9)], "unknown while a stage waits"
    trained = [phase.trainable_parameters for phase in phases]
    assert trained == sorted(set(trained))
    for epoch in (1, 2, 3, 5):
        folder = tmp_path / f"run-{epoch}"
        stopped_after(epoch, asked, folder)
        list(train(asked, folder, resume=True))
        assert same_network(folder, tmp_path / "whole")
        assert [row.epoch for row in runs.read_history(folder)] == list(range(1, 7))


@pytest.mark.usefixtures("no_export")
@pytest.mark.parametrize("strategy", ["progressive", "fine-tuning", "custom"])
def test_a_resume_in_any_epoch_ends_in_the_same_weights(
    strategy: str, few_photos: Path, earlier: Path, tmp_path: Path
) -> None:
    own = {"unfreeze": (0, 3, 2, 0, 1), "norm_affine": "trained"} if strategy == "custom" else {}
    asked = config(few_photos, strategy=strategy, continue_from=earlier, epochs=3, **own)
    list(train(asked, tmp_path / "whole"))
    for epoch in (1, 2):
        stopped_after(epoch, asked, tmp_path / f"run-{epoch}")
        list(train(asked, tmp_path / f"run-{epoch}", resume=True))
        assert same_network(tmp_path / f"run-{epoch}", tmp_path / "whole")


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_while_unfreezing_and_resumed_is_bit_equal(tmp_path: Path) -> None:
    torch.save(settled(SMALL, 32).state_dict(), tmp_path / "weights.pth")
    data = make_photos(tmp_path / "photos", photos=20, splits=("train", "val"))
    command = [
        sys.executable, "-m", "engine", "train", str(data), "--model", "small_resnet", "--strategy", "progressive",
        "--epochs", "5", "--batch-size", "8", "--weights", str(tmp_path / "weights.pth"), "--unfreeze-when",
        "saturation", "--unfreeze-patience", "1", "--lr", "1e-9", "--threads", "1", "--json",
    ]  # fmt: skip
    whole = subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True, text=True)
    begun = [json.loads(line) for line in whole.stdout.splitlines() if '"phase_started"' in line]
    assert len(begun) > 1
    where = begun[1]["first_epoch"]
    child = subprocess.Popen([*command, "--out", str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    for line in child.stdout:
        event = json.loads(line)
        if event["event"] == "step_finished" and (event["epoch"], event["step"]) == (where, 2):
            child.send_signal(signal.SIGKILL)
            break
    child.wait()
    child.stdout.close()
    subprocess.run([*command, "--out", str(tmp_path / "run"), "--resume"], check=True, capture_output=True)
    assert same_network(tmp_path / "run", tmp_path / "whole")
    assert runs.read_layers(tmp_path / "run") == runs.read_layers(tmp_path / "whole")
    proof = runs.read_layer_proof(tmp_path / "run")
    assert any(not row.trained for row in proof.values())
    assert all(row.unchanged for row in proof.values() if not row.trained)


# --- settings


def test_an_unfreezing_of_the_wrong_length_says_how_many_blocks_there_are(few_photos: Path, tmp_path: Path) -> None:
    asked = config(few_photos, strategy="from-scratch", unfreeze=(1, 1))
    with pytest.raises(ThawError, match="lists 2 epochs, and the model has 5 blocks"):
        list(train(asked, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_phase_in_which_nothing_would_train_is_refused_before_the_first_epoch(
    few_photos: Path, earlier: Path, tmp_path: Path
) -> None:
    asked = config(few_photos, continue_from=earlier, trainable=("block1.conv1",), unfreeze=(0, 3, 0, 0, 1))
    with pytest.raises(ThawError, match="no ticked layer would train"):
        list(train(asked, tmp_path / "run"))


@pytest.mark.usefixtures("no_export")
def test_heads_and_their_settings_reach_the_network(few_photos: Path, tmp_path: Path) -> None:
    asked = config(few_photos, strategy="from-scratch", epochs=1, head="batchnorm-mlp", head_width=7, head_dropout=0.25)
    list(train(asked, tmp_path / "run"))
    shapes = {name: tuple(tensor.shape) for name, tensor in network_of(tmp_path / "run").items() if "head" in name}
    assert (7, 64) in shapes.values() and (2, 7) in shapes.values()


@pytest.mark.long
@pytest.mark.usefixtures("no_export")
def test_auxiliary_classifiers_train_only_where_their_block_does(few_photos: Path, tmp_path: Path) -> None:
    """Their loss counts, so what only they use moves."""
    spec = find_model("googlenet")
    network = build(spec, 2)
    torch.save(network.state_dict(), tmp_path / "googlenet.pth")
    moved = {}
    for strategy in ("feature-extraction", "discriminative"):
        asked = config(
            few_photos, model="googlenet", strategy=strategy, epochs=1, image_size=64,
            weights=str(tmp_path / "googlenet.pth"),
        )  # fmt: skip
        events = train(asked, tmp_path / strategy, offline=True)
        (started,) = [event for event in events if isinstance(event, RunStarted)]
        assert started.parameters == sum(p.numel() for p in network.parameters())
        state, before = network_of(tmp_path / strategy), network.state_dict()
        moved[strategy] = not state["aux1.conv.conv.weight"].equal(before["aux1.conv.conv.weight"])
    assert moved == {"feature-extraction": False, "discriminative": True}


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16"])
def test_from_scratch_takes_the_recipe_of_the_family(name: str, tmp_path: Path) -> None:
    spec = CATALOG[name]
    asked = make_config({"data": tmp_path, "model": name})
    chosen = choose_recipe(asked, spec, find_strategy("from-scratch"))
    recipe = spec.recipe
    assert (chosen.optimizer, chosen.momentum, chosen.weight_decay, chosen.label_smoothing, chosen.learning_rate) == (
        recipe.optimizer, recipe.momentum, recipe.weight_decay, recipe.label_smoothing, recipe.learning_rate,
    )  # fmt: skip
    other = "sgd" if recipe.optimizer == "adamw" else "adamw"
    own = choose_recipe(asked.with_changes(optimizer=other, weight_decay=0.5), spec, find_strategy("from-scratch"))
    assert (own.optimizer, own.weight_decay) == (other, 0.5)
    assert own.learning_rate == find_strategy("from-scratch").learning_rates[other]


def test_everything_that_was_open_is_decided(few_photos: Path) -> None:
    row = find_strategy("discriminative")
    chosen = resolve(
        make_config({"data": few_photos, "model": "mobilenet_v2"}), find_model("mobilenet_v2"), row, _photos()
    )
    assert (chosen.optimizer, chosen.momentum, chosen.weight_decay, chosen.label_smoothing) == (
        "adamw",
        0.9,
        0.01,
        0.05,
    )
    assert (chosen.learning_rate, chosen.block_lr_ratio) == (row.learning_rates["adamw"], 0.01)
    assert timeline(row, 4, 1, 3) == (1, 1, 1, 1)


def _photos(a: int = 1, b: int = 1) -> list[Photo]:
    return [Photo(Path(f"{name} {n}"), name, "train") for name, count in (("a", a), ("b", b)) for n in range(count)]


@pytest.mark.parametrize(("a", "b", "chosen"), [(10, 10, "none"), (15, 10, "none"), (16, 10, "balanced")])
def test_class_weights_follow_imbalance(a: int, b: int, chosen: str) -> None:
    asked, row = config(Path(), strategy="from-scratch"), find_strategy("from-scratch")
    assert resolve(asked, SMALL, row, _photos(a, b)).class_weights == chosen
    for own in ("none", "balanced"):
        assert resolve(asked.with_changes(class_weights=own), SMALL, row, _photos(a, b)).class_weights == own
    drawn_evenly = asked.with_changes(sampling="balanced")
    assert resolve(drawn_evenly, SMALL, row, _photos(a, b)).class_weights == "none"


OLD_KEYS = {
    "data", "model", "strategy", "trainable", "epochs", "batch_size", "learning_rate", "augmentation", "patience",
    "image_size", "fit", "optimizer", "momentum", "weight_decay", "schedule", "warmup_epochs", "label_smoothing",
    "class_weights", "val_share", "test_share", "seed", "device", "threads", "channels_last",
}  # fmt: skip
"""The settings of Thaw 0.1."""


@pytest.mark.usefixtures("no_export")
def test_a_run_directory_of_an_earlier_version_goes_on_to_the_same_weights(few_photos: Path, tmp_path: Path) -> None:
    asked = config(few_photos, strategy="from-scratch", epochs=3)
    list(train(asked, tmp_path / "whole"))
    stopped_after(1, asked, tmp_path / "run")
    values = runs.read_config(tmp_path / "run").model_dump(mode="json", exclude_none=True)
    old = tomli_w.dumps({name: value for name, value in values.items() if name in OLD_KEYS})
    (tmp_path / "run" / runs.CONFIG).write_text(old)
    (tmp_path / "run" / runs.LAYERS).unlink()
    whole = torch.load(tmp_path / "run" / runs.LAST, weights_only=True)
    by_name = whole.pop("learner")["optimizer"]["by_name"]
    shapes = {name: tensor.ndim for name, tensor in whole["network"].items() if name in by_name}
    names = [name for name in shapes if shapes[name] > 1] + [name for name in shapes if shapes[name] <= 1]
    whole["optimizer"] = {"state": {n: by_name[name] for n, name in enumerate(names)}, "param_groups": [{}, {}]}
    del whole["partway"], whole["progress"]["stage_epochs"]
    torch.save(whole, tmp_path / "run" / runs.LAST)
    list(train(asked, tmp_path / "run", resume=True))
    assert same_network(tmp_path / "run", tmp_path / "whole")
    assert runs.read_layer_proof(tmp_path / "run") == {}, "its beginning was not hashed"
