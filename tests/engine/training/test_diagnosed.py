"""Runs that are ill on purpose say so; looking changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from engine import runs
from engine.diagnosis import record
from engine.errors import DivergedError
from engine.events import Diagnosis, Event, RunFinished
from engine.training import run as run_module
from engine.training.learner import learning
from engine.training.run import train
from engine.training.vitals import UnitsProbe, gradient_sizes
from tests.engine.training.short_run import numbers_of, same_network, small_resnet
from tests.tiny_photos import make_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So few for validation that it is told."""
    return make_photos(tmp_path_factory.mktemp("photos"), photos=6, splits=("train", "val"))


def diagnoses(events: list[Event]) -> dict[str, Diagnosis]:
    found = [event for event in events if isinstance(event, Diagnosis)]
    assert len({diagnosis.kind for diagnosis in found}) == len(found), "each kind once"
    return {diagnosis.kind: diagnosis for diagnosis in found}


def test_a_loss_that_is_no_number_ends_the_run_with_its_diagnosis(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "loss_of", lambda _run: lambda logits, _batch: logits.sum() * torch.inf)
    events: list[Event] = []
    with pytest.raises(DivergedError) as ended:
        for event in train(small_resnet(photos, learning_rate=0.5), tmp_path / "run"):
            events.append(event)
    found = diagnoses(events)["not-a-number"]
    assert found.changes == {"learning_rate": 0.05, "clip_norm": 1.0} and found.epoch == 1
    assert found.remedy in str(ended.value) and ended.value.details == found.evidence
    assert record.read(tmp_path / "run") == (found,)
    assert runs.state(tmp_path / "run") == "interrupted"


@pytest.mark.usefixtures("no_model_file")
def test_looking_changes_no_bit_and_what_was_found_is_kept(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = list(train(small_resnet(photos), tmp_path / "looked"))
    assert isinstance(events[-1], RunFinished)
    found = diagnoses(events)
    assert "few-validation-photos" in found
    assert record.read(tmp_path / "looked") == tuple(found.values())
    assert {diagnosis.epoch for diagnosis in found.values()} <= {1, 2, None}
    with monkeypatch.context() as patched:
        patched.setattr(run_module, "diagnosed", lambda _run, inner: inner)
        patched.setattr("engine.training.vitals.gradient_sizes", lambda _network: ())
        patched.setattr(UnitsProbe, "__enter__", lambda self: self)
        patched.setattr(UnitsProbe, "__exit__", lambda *_: None)
        list(train(small_resnet(photos), tmp_path / "blind"))
    assert same_network(tmp_path / "looked", tmp_path / "blind")
    assert numbers_of(tmp_path / "looked") == numbers_of(tmp_path / "blind")


class Dying(nn.Module):
    """A frozen layer, one of whose two ReLUs is dead, and a trained one of which half is."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen, self.trained, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        self.frozen.requires_grad_(False)
        with torch.no_grad():
            self.frozen.bias.fill_(-100.0)
            self.trained.bias.copy_(torch.tensor([-100.0, -100.0, 100.0, 100.0]))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(self.frozen(rows))
        return self.head(nn.functional.relu(self.trained(inner), inplace=True))


def test_the_probe_counts_dead_units_of_what_trains_and_leaves_no_hook() -> None:
    network = Dying()
    rows = torch.rand(3, 4)
    before = network(rows)
    with (probe := UnitsProbe(network)):
        assert torch.equal(network(rows), before)
    assert [(layer.layer, layer.dead, layer.units) for layer in probe.found()] == [("trained", 2, 4)]
    assert not any(module._forward_hooks for module in network.modules())


def test_gradients_are_read_by_layer_where_there_are_any() -> None:
    network = Dying()
    assert gradient_sizes(network) == ()
    network(torch.rand(3, 4)).sum().backward()
    assert [layer.layer for layer in gradient_sizes(network)] == ["trained", "head"]
