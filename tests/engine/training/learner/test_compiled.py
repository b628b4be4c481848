"""A compiled network is the same network: where it cannot be compiled, to the bit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.events import Event, Notice
from engine.training.run import train
from tests.engine.training.learner.learners import SAID, Narrow, batch, learner
from tests.engine.training.short_run import cut_at, resumed, same, short, step


class Counted:
    """Stands for `torch.compile`: counts what is computed by what it gave, or fails as a machine without a compiler."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.calls = error, 0

    def __call__(self, module: nn.Module, **_options: Any) -> Callable[[Tensor], Any]:
        def call(pixels: Tensor) -> Any:
            self.calls += 1
            if self.error:
                raise self.error
            return module(pixels)

        return call


def told(events: list[Event]) -> list[Notice]:
    return [event for event in events if isinstance(event, Notice) and event.kind == "not_compiled"]


@pytest.mark.usefixtures("no_export")
@pytest.mark.parametrize("error", [None, RuntimeError("InvalidCxxCompiler: No working C++ compiler\nmore")])
def test_a_run_learns_the_same_compiled_or_not(
    error: Exception | None, few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed and resumed, and under the same names of parameters, which `same` compares."""
    compiling = Counted(error)
    monkeypatch.setattr(torch, "compile", compiling)
    list(train(short(few_photos, epochs=1), tmp_path / "plain"))
    assert compiling.calls == 0
    asked = short(few_photos, epochs=1, compile=True)
    notices = told(list(train(asked, tmp_path / "compiled")))
    assert same(tmp_path / "plain", tmp_path / "compiled")
    assert compiling.calls == (1 if error else 2) and len(notices) == (1 if error else 0)
    if error:
        assert "(InvalidCxxCompiler: No working C++ compiler)" in notices[0].text
        return
    cut_at(asked, tmp_path / "cut", step(1, 1), stop=True)
    resumed(asked, tmp_path / "cut")
    assert same(tmp_path / "plain", tmp_path / "cut")


def test_too_little_memory_is_not_taken_for_a_compiler_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", Counted())
    network = Narrow(room=4)
    made = learner(network, compiles=True)
    made.step(batch(8), lambda _begun: 0.1)
    assert made.parts == 2 and [notice.kind for notice in made.notices] == ["batch_parted"]
    monkeypatch.setattr(torch, "compile", Counted(SAID[0]))
    with pytest.raises(torch.OutOfMemoryError):
        learner(Narrow(9), compiles=True).rehearse(batch(8))


def test_what_torch_compiles_follows_what_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With torch's own tracing, and no compiler behind it; batches of two sizes, then more that trains."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))

    def taught(compiles: bool) -> nn.Module:
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
        network[0].requires_grad_(False)
        made = learner(network, compiles=compiles)
        for photos in (8, 6):
            made.step(batch(photos), lambda _begun: 0.1)
        network.requires_grad_(True)
        made.optimizer = learner(network).optimizer
        made.step(batch(8), lambda _begun: 0.1)
        made.update()
        assert not made.notices
        return network

    plain, compiled = taught(False), taught(True)
    assert plain.state_dict().keys() == compiled.state_dict().keys()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], tensor)
