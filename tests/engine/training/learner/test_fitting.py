"""Before the first step a batch is parted where the free memory is too small for it, and nothing else is touched."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from engine import runs
from engine.events import Event, Notice
from engine.models.build import Classifier, build
from engine.models.catalog import find_model
from engine.models.layers.kept_activations import BATCH, kept_bytes
from engine.training import prepare as prepare_module
from engine.training.learner import fitting
from engine.training.learner.fitting import Asked, answered_together, fit, roomy, untouched
from engine.training.learner.step_memory import answer_bytes, step_bytes
from engine.training.run import train
from tests.engine.training.learner.learners import Narrow, batch
from tests.engine.training.learner.learners import learner as learner_of
from tests.engine.training.short_run import cut_at, last_of, resumed, same, short, step

LARGE = 1 << 40


def classifier_of(name: str) -> Classifier:
    torch.manual_seed(0)
    spec = find_model(name)
    return Classifier(build(spec, 2, head="dropout"), spec).train()


def asked_of() -> Asked:
    size = find_model("small_resnet").input_size
    return Asked((size, size, 3), torch.uint8, photos=16, together=64, kept=2, room=LARGE)


@pytest.fixture
def small() -> Classifier:
    return classifier_of("small_resnet")


@pytest.mark.parametrize("name", ["lenet5", "small_resnet", "squeezenet1_0"])
def test_a_step_takes_what_autograd_keeps_and_not_much_more(name: str) -> None:
    module = classifier_of(name)
    spec, photos = find_model(name), 8
    size = spec.input_size
    told = step_bytes(module, torch.zeros(photos, size, size, 3, dtype=torch.uint8, device="meta"))
    meta = copy.deepcopy(module.network).to("meta")
    images = torch.zeros(BATCH, spec.channels, size, size, device="meta")
    kept = photos * sum(kept_bytes(meta, images, [""]).values())
    gradients = 4 * sum(parameter.numel() for parameter in module.parameters())
    assert told and kept <= told <= 1.6 * kept + gradients


def test_it_grows_with_the_photos_and_shrinks_with_what_is_frozen(small: Classifier) -> None:
    asked = asked_of()
    one, two = (step_bytes(small, asked.blank(photos)) for photos in (16, 32))
    answer = answer_bytes(small, asked.blank(32))
    assert one and two and answer and 1.8 * one < two <= 2 * one and answer < two / 2
    for parameter in small.network.parameters():
        parameter.requires_grad_(False)
    next(reversed(list(small.network.parameters()))).requires_grad_(True)
    head = step_bytes(small, asked.blank(32))
    assert head and head < two / 2 and step_bytes(small, asked.blank(32), everything=True) == two


def test_no_bit_changes(small: Classifier) -> None:
    """Nor what dropout draws next, what has a gradient, nor which parts are in train mode."""
    learner, asked = learner_of(small), asked_of()
    next(small.network.children()).eval()
    before, state = copy.deepcopy(small.state_dict()), copy.deepcopy(learner.state())
    luck, modes = torch.get_rng_state(), [module.training for module in small.modules()]
    roomy(small, asked)
    fit(learner, replace(asked, room=1))
    with untouched(learner):
        learner.rehearse(replace(batch(6), pixels=asked.blank(6, "cpu")))
    assert all(torch.equal(tensor, before[name]) for name, tensor in small.state_dict().items())
    assert torch.equal(torch.get_rng_state(), luck) and [module.training for module in small.modules()] == modes
    assert all(p.grad is None and p.requires_grad for p in small.parameters())
    assert learner.parts > 1 and learner.state() | {"parts": 1} == state


@pytest.mark.parametrize("wanted", [8, 4, 2])
def test_the_largest_parts_that_fit_are_taken_and_told(small: Classifier, wanted: int) -> None:
    learner, asked = learner_of(small), asked_of()
    needed = step_bytes(small, asked.blank(wanted))
    assert needed
    state = 4 * 3 * sum(parameter.numel() for parameter in small.parameters())
    fit(learner, replace(asked, room=round((needed + state) / fitting.USED) + 1))
    assert learner.parts == 16 // wanted
    (told,) = learner.notices
    assert "16 photos at once" in told.text and f"network {wanted} at a time" in told.text


def test_answers_that_do_not_fit_are_fewer_at_a_time(small: Classifier) -> None:
    asked = asked_of()
    needed = answer_bytes(small, asked.blank(16))
    assert needed
    left = 4 * 3 * sum(parameter.numel() for parameter in small.parameters())
    assert answered_together(small, replace(asked, room=round((needed + left) / fitting.USED) + 1)) == 16
    assert answered_together(small, replace(asked, room=1)) == 1


def test_where_there_is_room_nothing_is_told(small: Classifier) -> None:
    learner, asked = learner_of(small), asked_of()
    assert roomy(small, asked) and not roomy(small, replace(asked, room=1))
    fit(learner, asked)
    assert learner.parts == 1 and not learner.notices and answered_together(small, asked) == 64
    assert roomy(small, replace(asked, room=0))  # nobody knows


def test_what_was_found_out_by_failing_stays(small: Classifier) -> None:
    learner = learner_of(small)
    learner.parts = 4
    fit(learner, asked_of())
    assert learner.parts == 4 and not learner.notices


class Fussy(nn.Module):
    """What it computes depends on what it computed."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.layer(rows)
        return answers if answers.sum() > 0 else -answers


def test_a_network_that_cannot_be_reckoned_trains_as_it_is() -> None:
    learner = learner_of(Fussy())
    asked = Asked((3,), torch.float32, 16, 64, 0, 1)
    assert roomy(learner.module, asked)
    fit(learner, asked)
    assert learner.parts == 1 and answered_together(learner.module, asked) == 64


@pytest.mark.parametrize("peak", [100, 1000])
def test_on_cuda_steps_are_tried(peak: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not fit and one that would leave too little free both part the batch."""
    network = Narrow(room=8, late=True)
    learner = learner_of(network)
    monkeypatch.setattr(fitting, "free_memory", lambda: None)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 7)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 7 + peak * network.seen[-1])
    asked = Asked((3,), torch.float32, 32, 64, 0, 5200, by_trial=True)
    assert fitting.tried(learner, asked, 16) is None and fitting.tried(learner, asked, 8) == 8 * peak
    network.seen.clear()
    fit(learner, asked)
    assert network.seen == ([32, 16, 8] if peak == 100 else [32, 16, 8, 4])
    assert learner.parts == 32 // network.seen[-1]


ROOM = 3_000_000
"""Too little for four photos at once through `small_resnet`."""


@pytest.mark.usefixtures("no_export")
def test_a_run_in_little_memory_says_so_once_and_resumes_to_the_same_bits(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though when it is resumed there is memory enough."""
    asked = short(few_photos, batch_size=None, epochs=2)
    monkeypatch.setattr(prepare_module, "free_bytes", lambda _device: ROOM)
    events: list[Event] = list(train(asked, tmp_path / "whole"))
    cut_at(asked, tmp_path / "cut", step(2, 1), stop=True)
    monkeypatch.setattr(prepare_module, "free_bytes", lambda _device: LARGE)
    resumed(asked, tmp_path / "cut")
    told = [event for event in events if isinstance(event, Notice) and event.kind == "batch_parted"]
    assert len(told) == 1 and "at a time" in told[0].text
    assert runs.read_config(tmp_path / "whole").batch_size == 32
    assert last_of(tmp_path / "whole")["learner"]["parts"] > 1
    assert same(tmp_path / "whole", tmp_path / "cut")
