"""What is frozen is computed on ONNX Runtime where the plan says so, with torch's numbers, and by torch where not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from engine.control import Control
from engine.events import Event, FeaturesComputed, Notice
from engine.models.build import Classifier
from engine.models.catalog import find_model
from engine.models.cut import Cut
from engine.training import frozen_half
from engine.training.frozen_half import LEAST_PHOTOS, ON_RUNTIME, TORCH, NotOnRuntimeError, computing, ways_of
from engine.training.run import train
from engine.training.run_parts import Run
from tests.engine.training.conftest import settled
from tests.engine.training.kept_features import computed, config_of, ran
from tests.engine.training.short_run import epochs_of, same_network

pytestmark = pytest.mark.usefixtures("no_export")


class Twice(nn.Module):
    """Gives two boundary tensors, one of them a map."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(3, 3, 3, groups=3)
        self.pointwise = nn.Conv2d(3, 5, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.depthwise(pixels)
        return maps, self.pointwise(maps).mean((2, 3))


def made_of(frozen: nn.Module | None = None) -> Cut:
    torch.manual_seed(1)
    return Cut(frozen or Twice(), nn.Identity(), ((3, 6, 6), (5,)), (False, False))


def run_of(photos: int = 0, size: int = 8, device: str = "cpu") -> Run:
    """As much of a run as the frozen half looks at."""
    config = SimpleNamespace(image_size=size, device=device, threads=2)
    classifier = Classifier(nn.Identity(), find_model("mobilenet_v2"))
    numbers = {"train": list(range(photos - photos // 4)), "val": list(range(photos // 4))}
    return cast("Run", SimpleNamespace(config=config, classifier=classifier, numbers=numbers.__getitem__))


def photos_of(count: int) -> Tensor:
    return torch.randint(0, 256, (count, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))


def test_the_way_follows_from_the_plan() -> None:
    both, made = (ON_RUNTIME, TORCH), made_of()
    assert ways_of(run_of(LEAST_PHOTOS, 224), made) == both
    assert ways_of(run_of(LEAST_PHOTOS - 1, 224), made) == (TORCH,)
    assert ways_of(run_of(LEAST_PHOTOS, 112), made) == (TORCH,)
    assert ways_of(run_of(4 * LEAST_PHOTOS, 112), made) == both
    assert ways_of(run_of(LEAST_PHOTOS, 224, "cuda"), made) == (TORCH,)
    for other in (nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(1, 4, 3)):
        assert ways_of(run_of(LEAST_PHOTOS, 224), made_of(other)) == (TORCH,)
    convnext = nn.Sequential(nn.Conv2d(4, 4, 7, groups=4), nn.Linear(4, 16), nn.Linear(16, 4))
    assert ways_of(run_of(LEAST_PHOTOS, 224), made_of(convnext)) == (TORCH,)


def test_both_ways_give_the_same_rows_of_any_number_of_photos() -> None:
    run, made = run_of(), made_of()
    made.frozen.train()
    one, other = computing(run, made, ON_RUNTIME), computing(run, made, TORCH)
    for count in (1, 2, 7):
        with torch.inference_mode():
            rows = one(photos_of(count))
            assert rows.shape == (count, made.values) and rows.dtype == torch.float32
            assert torch.allclose(rows, other(photos_of(count)), rtol=1e-4, atol=1e-5)
    assert all(module.training for module in made.frozen.modules())


class Differs(Twice):
    """Gives something else when it is traced."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps, means = super().forward(pixels)
        return maps, means + 0.001 * torch.jit.is_tracing()


class Refused(Twice):
    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps, means = super().forward(pixels)
        return torch.special.bessel_j0(maps), means  # no ONNX operator


class OneBatch(Twice):
    """Takes as many photos as it was traced with."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        maps, means = super().forward(pixels)
        return maps, means.reshape(int(pixels.shape[0]), 5) + torch.zeros(int(pixels.shape[0]), 1)


@pytest.mark.parametrize("frozen", [Differs, Refused, OneBatch])
def test_what_cannot_be_exported_or_gives_other_numbers_is_refused(frozen: type[nn.Module]) -> None:
    with pytest.raises(NotOnRuntimeError):
        computing(run_of(), made_of(frozen()), ON_RUNTIME)


# --- runs


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network with few layers: a deep one of random weights makes a last bit large."""
    path = tmp_path_factory.mktemp("weights") / "small.pth"
    torch.save(settled(find_model("small_resnet"), 32).state_dict(), path)
    return path


@pytest.fixture
def on_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen tiny photos are enough, and any network."""
    monkeypatch.setattr(frozen_half, "LEAST_PHOTOS", 0)
    monkeypatch.setattr(frozen_half, "_suits_runtime", lambda _frozen: True)


def told(events: list[Event]) -> set[str]:
    return {event.kind for event in events if isinstance(event, Notice)}


@pytest.mark.usefixtures("on_runtime")
def test_a_run_on_onnx_runtime_is_the_one_without_the_cache_and_its_rows_stand_apart(
    few_photos: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = config_of(few_photos, model="small_resnet", weights=str(weights), epochs=2)
    first, _ = epochs_of(ran(asked, tmp_path / "runtime", weights.parent))
    plain, _ = epochs_of(ran(asked.with_changes(cache="off"), tmp_path / "plain", weights.parent))
    assert first.train_loss == pytest.approx(plain.train_loss, abs=1e-3)
    assert first.val_loss == pytest.approx(plain.val_loss, abs=1e-3)
    with monkeypatch.context() as patched:  # all rows are there, so nothing is exported
        patched.setattr(torch.onnx, "export", None)
        again = ran(asked, tmp_path / "again", weights.parent)
    assert computed(again) == 0 and same_network(tmp_path / "again", tmp_path / "runtime")
    monkeypatch.setattr(frozen_half, "LEAST_PHOTOS", LEAST_PHOTOS)
    assert computed(ran(asked, tmp_path / "torch", weights.parent)) == 8 * 2 + 8


@pytest.mark.usefixtures("on_runtime")
def test_a_run_on_onnx_runtime_that_was_stopped_goes_on_to_the_same_weights(
    few_photos: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(few_photos, model="small_resnet", weights=str(weights), epochs=3)
    ran(config, tmp_path / "whole", weights.parent)
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "other"))
    control = Control()
    for event in train(config, tmp_path / "cut", weights_dir=weights.parent, offline=True, control=control):
        if isinstance(event, FeaturesComputed):
            control.stop()
    ran(config, tmp_path / "cut", weights.parent, resume=True)
    assert same_network(tmp_path / "whole", tmp_path / "cut")


class Breaks:
    """A session that fails when rows of a group are kept already."""

    def __init__(self, session: Any) -> None:
        self.session, self.left = session, 11

    def run(self, *arguments: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("out of memory")
        return self.session.run(*arguments)


@pytest.mark.parametrize("fails", ["export", "run"])
def test_a_failure_is_torch_from_the_first_row_on_and_nobody_is_told(
    few_photos: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    config = config_of(few_photos, model="small_resnet", weights=str(weights), epochs=2)
    by_torch = ran(config, tmp_path / "torch", weights.parent)
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "other"))
    monkeypatch.setattr(frozen_half, "LEAST_PHOTOS", 0)
    monkeypatch.setattr(frozen_half, "_suits_runtime", lambda _frozen: True)
    real = frozen_half.session_of
    if fails == "export":
        monkeypatch.setattr(torch.onnx, "export", None)
    else:
        monkeypatch.setattr(frozen_half, "session_of", lambda *given, **named: Breaks(real(*given, **named)))
    events = ran(config, tmp_path / "failed", weights.parent)
    assert computed(events) == 8 * 2 + 8 and told(events) == told(by_torch)
    assert same_network(tmp_path / "torch", tmp_path / "failed")
