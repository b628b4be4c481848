"""Going on from an earlier run: what it knows is kept, and what does not fit is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

from engine import runs
from engine.config import TrainConfig
from engine.errors import RunError, ThawError, WeightsError
from engine.events import Event, Notice, RunStarted
from engine.training.run import train
from tests.engine.training.short_run import lenet, stopped_after
from tests.tiny_photos import draw_photo, make_photos

HEAD = ("fc2.weight", "fc2.bias")


pytestmark = pytest.mark.usefixtures("no_export")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("two"), photos=4, splits=("train", "val"))


@pytest.fixture(scope="module")
def three(two: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same classes, and “cyan” between them in the order of names."""
    data = shutil.copytree(two, tmp_path_factory.mktemp("three") / "photos")
    for number, split in enumerate(("train", "train", "train", "val")):
        draw_photo(data / split / "cyan" / f"{number}.png", (0, 200, 200), number)
    return data


def config(data: Path, **changes: Any) -> TrainConfig:
    return lenet(data, **({"epochs": 1, "batch_size": 4} | changes))


@pytest.fixture
def earlier(two: Path, tmp_path: Path) -> Path:
    list(train(config(two), tmp_path / "earlier"))
    return tmp_path / "earlier"


def begun(events: Any) -> list[Event]:
    """The events up to the beginning of the run, before the first step."""
    seen = []
    for event in events:
        seen.append(event)
        if isinstance(event, RunStarted):
            break
    return seen


def test_what_was_known_is_kept_and_new_classes_are_named(earlier: Path, three: Path, tmp_path: Path) -> None:
    """At a learning rate of nearly nothing the run ends as it began: in the earlier run's weights."""
    asked = config(three, strategy="continue", continue_from=earlier, learning_rate=1e-12, optimizer="sgd")
    events = list(train(asked, tmp_path / "run"))
    (told,) = [event for event in events if isinstance(event, Notice) and event.kind == "classes_added"]
    assert told.text == "New beside the classes of “earlier”: cyan."
    old, new = (safetensors.torch.load_file(folder / runs.BEST) for folder in (earlier, tmp_path / "run"))
    assert all(old[name].allclose(new[name], atol=1e-6) for name in old if name not in HEAD)
    for name in HEAD:
        assert len(new[name]) == 3
        assert new[name][[0, 2]].allclose(old[name], atol=1e-6), "blue and green keep their rows"
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert started.classes == ("blue", "cyan", "green") and "“earlier”, its best epoch 1" in started.weights


def test_any_strategy_that_does_not_begin_at_random_can_go_on(earlier: Path, three: Path, tmp_path: Path) -> None:
    asked = config(three, strategy="feature-extraction", continue_from=earlier)
    list(train(asked, tmp_path / "run"))
    old, new = (safetensors.torch.load_file(folder / runs.BEST) for folder in (earlier, tmp_path / "run"))
    assert all(old[name].equal(new[name]) for name in old if name not in HEAD)
    with pytest.raises(ThawError, match="begins with random weights"):
        list(train(config(three, continue_from=earlier), tmp_path / "scratch"))


def test_a_resumed_run_needs_the_earlier_one_no_more(earlier: Path, three: Path, tmp_path: Path) -> None:
    asked = config(three, strategy="continue", continue_from=earlier, epochs=2)
    stopped_after(1, asked, tmp_path / "run")
    shutil.rmtree(earlier)
    events = list(train(asked, tmp_path / "run", resume=True))
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert started.first_epoch == 2 and "earlier" in started.weights


def test_the_strategy_needs_a_run(three: Path, tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="needs an earlier run"):
        list(train(config(three, strategy="continue"), tmp_path / "run"))
    with pytest.raises(RunError, match="no run in"):
        list(train(config(three, strategy="continue", continue_from=tmp_path / "none"), tmp_path / "run"))
    assert not (tmp_path / "run").exists(), "what could not start leaves nothing behind"


def test_a_class_that_is_gone_is_named(three: Path, two: Path, tmp_path: Path) -> None:
    list(train(config(three), tmp_path / "earlier"))
    with pytest.raises(RunError, match=r"The class “cyan” of the run in .* is missing from this dataset"):
        list(train(config(two, strategy="continue", continue_from=tmp_path / "earlier"), tmp_path / "run"))


def damage(folder: Path) -> None:
    whole = (folder / runs.BEST).read_bytes()
    (folder / runs.BEST).write_bytes(whole[: len(whole) // 2])


def strip(folder: Path) -> None:
    tensors = safetensors.torch.load_file(folder / runs.BEST)
    del tensors["conv1.weight"]
    safetensors.torch.save_file(tensors, folder / runs.BEST)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damage, "is damaged or made for another network"),
        (strip, "is damaged or made for another network"),
        (lambda folder: (folder / runs.BEST).unlink(), "has no best weights yet"),
        (lambda folder: (folder / runs.CONFIG).write_text("= ="), "is damaged, so nothing can continue"),
        (lambda folder: (folder / runs.DATASET).write_text(""), "is damaged, so nothing can continue"),
    ],
)
def test_a_damaged_run_is_a_sentence(
    spoil: Callable[[Path], None], words: str, earlier: Path, three: Path, tmp_path: Path
) -> None:
    spoil(earlier)
    with pytest.raises(RunError, match=words):
        list(train(config(three, strategy="continue", continue_from=earlier), tmp_path / "run"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "small_resnet"}, "has model “lenet5”, not “small_resnet”"),
        ({"head": "mlp"}, "has head “linear”, not “mlp”"),
    ],
)
def test_another_model_or_head_is_refused_with_both_named(
    changes: dict[str, str], words: str, earlier: Path, three: Path, tmp_path: Path
) -> None:
    asked = config(three, strategy="continue", continue_from=earlier, **changes)
    with pytest.raises(RunError, match=words):
        list(train(asked, tmp_path / "run"))


def test_a_head_of_another_width_is_refused_with_both_named(three: Path, tmp_path: Path) -> None:
    list(train(config(three, head="mlp", head_width=8), tmp_path / "earlier"))
    asked = config(three, strategy="continue", continue_from=tmp_path / "earlier", head="mlp", head_width=16)
    with pytest.raises(RunError, match="head_width “8”, not “16”"):
        list(train(asked, tmp_path / "run"))
    begun(train(asked.with_changes(head_width=8), tmp_path / "run"))


def test_a_class_whose_photos_are_gone_is_named_when_a_run_goes_on(three: Path, tmp_path: Path) -> None:
    data = shutil.copytree(three, tmp_path / "photos")
    stopped_after(1, config(data, epochs=2), tmp_path / "run")
    for split in ("train", "val"):
        shutil.rmtree(data / split / "cyan")
    with pytest.raises(RunError, match="Not one photo of the class “cyan”"):
        list(train(config(data), tmp_path / "run", resume=True))
    shutil.rmtree(data)
    with pytest.raises(RunError, match="drive"):
        list(train(config(data), tmp_path / "run", resume=True))


def test_weights_of_another_architecture_are_refused(three: Path, tiny_weights: Path, tmp_path: Path) -> None:
    asked = config(three, strategy="feature-extraction", weights=str(tiny_weights / "resnet18.pth"))
    with pytest.raises(WeightsError, match=r"resnet18\.pth does not fit LeNet-5"):
        list(train(asked, tmp_path / "run"))
    with pytest.raises(WeightsError, match="no weights named “magic”"):
        list(train(asked.with_changes(weights="magic"), tmp_path / "run"))
