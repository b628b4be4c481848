from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import make_config
from engine.models.catalog import find_model, for_weights
from engine.models.pretrained import weights
from engine.models.strategies import find_strategy
from engine.training.first_weights import name_weights


@pytest.fixture(autouse=True)
def only_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "search_folders", lambda folder=None: (folder or tmp_path / "none",))


def test_the_weights_that_are_found_decide_how_pixels_are_scaled(tmp_path: Path) -> None:
    spec = find_model("timm/vit_base_patch16_224")
    other = next(source for source in spec.weights if source.mean and source.mean != spec.mean)
    (tmp_path / other.file_name).write_bytes(b"")
    config = make_config({"model": spec.name})
    named = name_weights(config, spec, find_strategy("feature-extraction"), tmp_path)
    assert named.weights == other.name
    assert for_weights(spec, named.weights).mean == other.mean


def test_where_none_are_here_the_best_are_named_and_what_is_chosen_stays(tmp_path: Path) -> None:
    spec = find_model("resnet50")
    config = make_config({"model": spec.name})
    assert name_weights(config, spec, find_strategy("last-blocks"), tmp_path).weights == spec.weights[0].name
    assert name_weights(config, spec, find_strategy("from-scratch"), tmp_path).weights is None
    chosen = config.with_changes(weights=spec.weights[1].name)
    assert name_weights(chosen, spec, find_strategy("last-blocks"), tmp_path) == chosen


def test_a_file_of_ones_own_is_no_official_name(tmp_path: Path) -> None:
    (tmp_path / "resnet18.pth").write_bytes(b"")
    config = make_config({"model": "resnet18"})
    assert name_weights(config, find_model("resnet18"), find_strategy("last-blocks"), tmp_path).weights is None
