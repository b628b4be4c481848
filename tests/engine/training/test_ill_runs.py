"""Real runs that are ill on purpose are told what they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.config import make_config
from engine.events import Diagnosis
from engine.training.run import train
from tests.tiny_photos import COLOURS, draw_photo, make_photos

pytestmark = pytest.mark.long

BLUE, RED = COLOURS["blue"], COLOURS["red"]
Photos = Callable[[Path], Path]
LENET = {"model": "lenet5", "image_size": 28, "warmup_epochs": 0}


def coloured(root: Path) -> Path:
    return make_photos(root, 2, 24, ("train", "val"))


def by_luck(root: Path) -> Path:
    """Two classes of noise: there is nothing to learn but the photos themselves."""
    for split, photos in (("train", 16), ("val", 40)):
        for label in range(2):
            for number in range(photos):
                draw_photo(
                    root / split / f"class {label}" / f"{number}.png", BLUE, 7919 * len(split) + 2 * number + label
                )
    return root


def the_same(root: Path) -> Path:
    """The same photos in both classes."""
    for split in ("train", "val"):
        for number in range(32):
            for label in range(2):
                draw_photo(root / split / f"class {label}" / f"{number}.png", BLUE, 7919 * len(split) + number)
    return root


def partly_the_same(root: Path) -> Path:
    """Two in five photos are in both classes, so that four in five is the most there is."""
    for split in ("train", "val"):
        for number in range(40):
            for label, colour in enumerate((BLUE, RED)):
                both = number % 5 < 2
                path = root / split / f"class {label}" / f"{number}.png"
                draw_photo(path, BLUE if both else colour, 7919 * len(split) + number + (0 if both else 1000 * label))
    return root


def one_is_rare(root: Path) -> Path:
    """Three photos that look like those of a class with sixty."""
    for split, rare, common in (("train", 3, 60), ("val", 6, 20)):
        for number in range(common):
            draw_photo(root / split / "common" / f"{number}.png", BLUE, 7919 * len(split) + number)
            draw_photo(root / split / "other" / f"{number}.png", RED, 7919 * len(split) + number)
        for number in range(rare):
            draw_photo(root / split / "rare" / f"{number}.png", BLUE, 7919 * len(split) + 500 + number)
    return root


def few(root: Path) -> Path:
    make_photos(root, 2, 24, ("train",))
    return make_photos(root, 2, 5, ("val",))


def mislabelled(root: Path) -> Path:
    """Every sixth photo lies in the folder of the other class."""
    for split in ("train", "val"):
        for number in range(48):
            for label, colour in enumerate((BLUE, RED)):
                of = 1 - label if number % 6 == 0 else label
                path = root / split / f"class {of}" / f"{label} {number}.png"
                draw_photo(path, colour, 7919 * len(split) + number + 1000 * label)
    return root


def run(tmp_path: Path, photos: Photos, until: str = "", **changes: Any) -> dict[str, Diagnosis]:
    """What the run was told until it was told `until`, or to its end."""
    base = {"data": photos(tmp_path / "photos"), "model": "small_resnet", "strategy": "from-scratch", "epochs": 8}
    base |= {"batch_size": 8, "device": "cpu", "image_size": 32, "augmentation": "none"}
    found: dict[str, Diagnosis] = {}
    for event in train(make_config(base | changes), tmp_path / "run"):
        if isinstance(event, Diagnosis):
            found[event.kind] = event
            if event.kind == until:
                break
    return found


@pytest.mark.parametrize(
    ("kind", "photos", "changes"),
    [
        ("overfitting", by_luck, {"epochs": 20}),
        ("underfitting", the_same, {}),
        ("rate-too-high", coloured, {"learning_rate": 1.0}),
        ("rate-too-low", coloured, LENET | {"learning_rate": 1e-6}),
        ("not-a-number", coloured, LENET | {"optimizer": "sgd", "learning_rate": 10.0}),
        ("exploding", coloured, LENET | {"optimizer": "sgd", "learning_rate": 0.5}),
        ("plateau", partly_the_same, {"epochs": 14, "schedule": "constant"}),
        ("class-never-predicted", one_is_rare, {"class_weights": "none"}),
        ("few-validation-photos", few, {"epochs": 1}),
        ("noisy-labels", mislabelled, {"epochs": 6}),
    ],
)
def test_an_ill_run_is_told_what_it_has(tmp_path: Path, kind: str, photos: Photos, changes: dict[str, Any]) -> None:
    found = run(tmp_path, photos, until=kind, **changes)
    assert kind in found, f"it was told {[diagnosis.evidence for diagnosis in found.values()]}"
    if kind == "noisy-labels":
        named = list(found[kind].photos)
        assert all(path.parent.name != f"class {path.name[0]}" for path in named), "only what was put elsewhere"


@pytest.mark.parametrize(
    ("kind", "layer", "told"),
    [
        ("vanishing-gradients", "[nn.Linear(32, 32), nn.Sigmoid()]", "1 "),
        ("dead-units", "[nn.Linear(32, 32), nn.BatchNorm1d(32, affine=False), Shifted()]", "32 of 32"),
    ],
)
def test_a_network_that_is_ill_is_told_by_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, layer: str, told: str
) -> None:
    folder = tmp_path / "models"
    monkeypatch.setenv("THAW_MODELS_DIR", str(folder))
    folder.mkdir()
    (folder / "deep.py").write_text(
        "import torch\nfrom torch import nn\n\n"
        "class Shifted(nn.Module):\n"
        "    def forward(self, rows):\n"
        "        return torch.relu(rows - 10)\n\n"
        "def build(classes):\n"
        "    layers = [nn.Flatten(), nn.Linear(16 * 16, 32), nn.Sigmoid()]\n"
        "    for _ in range(8):\n"
        f"        layers += {layer}\n"
        "    return nn.Sequential(nn.Sequential(*layers), nn.Linear(32, classes))\n"
    )
    (folder / "deep.toml").write_text(
        'title = "Deep"\nbuilder = "deep.py"\ninput_size = 16\nfixed_size = true\nchannels = 1\n'
        'mean = [0.5]\nstd = [0.5]\nblocks = ["0", "1"]\n[head]\npath = "1"\nfeatures = 32\n'
    )
    found = run(tmp_path, coloured, until=kind, model="deep", image_size=16, epochs=1)
    assert told in found[kind].evidence


def test_a_healthy_run_is_told_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, lambda root: make_photos(root, 3, 24, ("train", "val")), augmentation="light") == {}
