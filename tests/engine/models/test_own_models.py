"""Models of the person's own: what a TOML file may say, what is refused with which words, and that they train."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.errors import ConfigError, ThawError
from engine.models.blocks import block_of
from engine.models.build import build, build_pretrained
from engine.models.catalog import CATALOG, find_model, own_models
from engine.models.freezing import owners
from engine.models.network.files import to_toml
from engine.models.network.presets import PRESETS
from engine.models.pretrained import weights
from engine.models.tables import list_models, listed, problems, search_all

BUILDER = """
from torch import nn
def build(classes):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes))
"""
BUILT = """
title = "Mine"
builder = "mine.py"
input_size = 40
head = { path = "3", features = 4 }
blocks = ["0", ["3"]]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THAW_MODELS_DIR", str(tmp_path))
    return tmp_path


def write(folder: Path, text: str, name: str = "mine") -> None:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "mine.py").write_text(BUILDER, encoding="utf-8")


def test_a_state_dict_on_a_known_architecture(folder: Path) -> None:
    base = find_model("squeezenet1_1")
    network = build(base, 3)
    torch.save(network.state_dict(), folder / "birds.pth")
    write(folder, 'title = "Birds"\nbase = "squeezenet1_1"\nweights = "birds.pth"\ninput_size = 96\n')
    spec = find_model("mine")
    assert (spec.title, spec.input_size, spec.head, spec.blocks) == ("Birds", 96, base.head, base.blocks)
    found = weights.find(spec)
    assert found and found.path == folder / "birds.pth" and found.official is None
    own = build_pretrained(spec, 5, found.path)
    assert torch.equal(own.get_submodule("features.0").weight, network.get_submodule("features.0").weight)  # type: ignore[arg-type]
    (row,) = (row for row in list_models() if row.name == "mine")
    assert row.weights == str(folder / "birds.pth") and row.choices[-1].path == row.weights


def test_a_base_without_weights_of_its_own_keeps_the_official_ones(folder: Path) -> None:
    write(folder, 'base = "resnet18"\nmean = [0.1, 0.2, 0.3]\n')
    spec = find_model("mine")
    assert spec.weights == CATALOG["resnet18"].weights and spec.mean == (0.1, 0.2, 0.3)
    assert spec.library_name == "resnet18" and spec.name == "mine" and spec.title == "mine"


def test_a_builder_is_run_only_when_the_network_is_built(folder: Path) -> None:
    write(folder, BUILT)
    (folder / "mine.py").write_text("raise RuntimeError('too early')")
    spec = find_model("mine")
    assert spec.source == "own" and spec.smallest_size == 32
    with pytest.raises(ThawError, match=r"mine\.py could not build the network: RuntimeError: too early"):
        build(spec, 2)
    (folder / "mine.py").write_text(BUILDER)
    network = build(spec, 6)
    assert network(torch.zeros(2, 3, 40, 40)).shape == (2, 6)
    assert [block_of(name, spec.blocks) for name in owners(network)] == [0, 1]


def test_a_builder_that_builds_no_module(folder: Path) -> None:
    write(folder, BUILT)
    (folder / "mine.py").write_text("def build(classes): return classes")
    with pytest.raises(ThawError, match=r"returned no torch\.nn\.Module but int"):
        build(find_model("mine"), 2)


def test_rows_of_the_teaching_builder(folder: Path) -> None:
    write(folder, to_toml(PRESETS["mlp"]), "my_mlp")
    spec = find_model("my_mlp")
    assert spec.source == "rows" and spec.definition == folder / "my_mlp.toml"
    size = spec.input_size
    assert build(spec, 4)(torch.zeros(2, spec.channels, size, size)).shape == (2, 4)


REFUSED = [
    ("titel = 'x'\nbase = 'resnet18'", "There is no key “titel”; there are title, summary"),
    ("base = 'resnet18'\nbuilder = 'mine.py'", "give one of base, builder and rows"),
    ("title = 'x'", "give one of base, builder and rows"),
    ("base = 'resnet81'", "the key “base” names no model. .* did you mean resnet18"),
    ("base = 'mine'", "the key “base” names no model"),
    ("base = 'resnet18'\nweights = 'gone.pth'", "the key “weights” names .*gone.pth, which is no file"),
    ("base = 'resnet18'\ninput_size = 'big'", "The key “input_size” must be a valid integer"),
    ("base = 'resnet18'\ninput_size = 4", "The key “input_size” must be greater than or equal to 16, not 4"),
    ("base = 'vit_b_16'\ninput_size = 96", "the key “input_size” must be 224, as ViT-B/16 takes no other"),
    ("base = 'resnet18'\nchannels = 1", "the key “channels” cannot differ from that of ResNet-18"),
    ("base = 'resnet18'\nmean = [0.5]", "the key “mean” must have 3 numbers"),
    ("base = 'resnet18'\nstd = [0.5, 0.5, 0.0]", "The key “std” must be greater than 0"),
    ("base = 'resnet18'\nlast_blocks = 9", "the key “last_blocks” must be at most 5"),
    ("base = 'resnet18'\nblocks = ['fc', 'layer1']", "the last of “blocks” must hold the head, “fc”"),
    ("base = [", "cannot be read as TOML"),
    (f"base = 'resnet18'\nweights = '{'x' * 300}/a.pth'", "which is no file"),  # as on a drive that is broken
    (BUILT.replace("builder", "bilder"), "There is no key “bilder”"),
    (BUILT.replace("features = 4", "feature = 4"), "There is no key “head.feature”; there are path, kind, features"),
    (BUILT.replace("input_size = 40", ""), "the key “input_size” is missing; a builder needs it"),
    (BUILT + "smallest_size = 64", "the key “smallest_size” .64. is above “input_size” .40."),
    ("title = 'x'\nrows = [{ kind = 'spiral' }]", "there is no kind of row “spiral”"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED, ids=[sentence[:30] for _, sentence in REFUSED])
def test_what_is_wrong_is_a_sentence_that_names_the_file_and_the_key(folder: Path, text: str, sentence: str) -> None:
    write(folder, text)
    with pytest.raises(ConfigError, match=rf"mine\.toml.*{sentence}"):
        find_model("mine")


def test_a_broken_file_does_not_break_the_list(folder: Path) -> None:
    write(folder, "nonsense")
    write(folder, 'base = "resnet18"\ntitle = "Good one"\n', "good")
    write(folder, 'base = "resnet18"\n', "resnet50")
    assert list(own_models()[0]) == ["good"]
    names = [row.name for row in list_models()]
    assert names == [*CATALOG, "good"]
    assert len(problems()) == 2 and "mine.toml cannot be read as TOML" in problems()[0]
    assert "the name “resnet50” is taken" in problems()[1]
    assert [row.name for row in search_all("good one")] == ["good"]
    assert [event.text for event in listed(None, False) if not hasattr(event, "title")] == list(problems())  # type: ignore[union-attr]


def test_no_folder_is_no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THAW_MODELS_DIR", str(tmp_path / "none"))
    assert own_models() == ({}, ())
    with pytest.raises(ThawError, match=r"no model named “mobilnet_v2”; did you mean mobilenet_v2"):
        find_model("mobilnet_v2")
