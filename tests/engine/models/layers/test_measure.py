"""Measuring: each layer that is called has its time, and what was measured is kept and found again."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.control import Control
from engine.errors import ThawError
from engine.events import LayerTimed, MeasureFinished
from engine.models.catalog import find_model
from engine.models.layers import measured
from engine.models.layers.measure import _Watch, measure
from engine.models.layers.measured import read_measured, write_measured
from engine.models.layers.tree import described_rows


@pytest.fixture(autouse=True)
def same_threads() -> object:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def events() -> list[LayerTimed | MeasureFinished]:
    return list(measure("small_resnet", batch_size=2, device="cpu"))


def test_each_layer_has_its_time(events: list[LayerTimed | MeasureFinished]) -> None:
    *times, last = events
    assert isinstance(last, MeasureFinished)
    assert (last.model, last.image_size, last.batch_size, last.device) == ("small_resnet", 32, 2, "cpu")
    assert last.forward_seconds > 0 and last.backward_seconds > 0
    rows = described_rows(find_model("small_resnet"), 32)
    assert [row.name for row in times if isinstance(row, LayerTimed)] == list(rows)
    for row in times:
        assert isinstance(row, LayerTimed)
        assert row.forward_seconds > 0, row
        assert row.backward_seconds > 0 or row.name == "flatten", row


def test_what_is_inside_a_layer_is_not_counted_again_outside() -> None:
    """By a clock that ticks once at each look: the parts sum to the whole."""
    ticks = itertools.count()
    watch = _Watch(lambda: next(ticks))
    network = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
    for name in ("", "0", "1", "1.0", "1.1"):
        network.get_submodule(name).register_forward_pre_hook(watch.enter(name))
        network.get_submodule(name).register_forward_hook(watch.leave)
    loss = network(torch.rand(2, 4)).sum()
    sums: dict[str, int] = defaultdict(int)
    for name, start, end, sign in watch.forward:
        sums[name] += sign * (end - start)
    assert sums == {"": 9 - 1 - 5, "0": 1, "1": 5 - 1 - 1, "1.0": 1, "1.1": 1}
    watch.claim(loss, "")
    watch.listen()
    loss.backward()
    assert {name for name, *_ in watch.backward} == {"", "0", "1.0", "1.1"}


def test_a_stop_ends_it() -> None:
    control = Control()
    control.stop()
    assert list(measure("lenet5", batch_size=2, device="cpu", control=control)) == []


def test_an_impossible_size_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="cannot take images of 64×64"):
        list(measure("lenet5", image_size=64))


def test_times_are_kept_and_found_again(tmp_path: Path, events: list[LayerTimed | MeasureFinished]) -> None:
    assert read_measured("small_resnet", 32, tmp_path) is None
    assert write_measured(events, tmp_path)
    found = read_measured("small_resnet", 32, tmp_path)
    assert found is not None
    assert [*found.layers.values(), found.whole] == events
    assert found.images_per_second == pytest.approx(1 / found.whole.forward_seconds)
    assert read_measured("small_resnet", 64, tmp_path) is None
    assert read_measured("lenet5", 32, tmp_path) is None


def test_what_was_stopped_is_not_kept(tmp_path: Path, events: list[LayerTimed | MeasureFinished]) -> None:
    assert write_measured(events[:-1], tmp_path) is None
    assert write_measured([], tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_times_of_other_threads_and_damaged_ones_are_measured_anew(
    tmp_path: Path, events: list[LayerTimed | MeasureFinished], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_measured(events, tmp_path)
    assert path
    path.write_bytes(path.read_bytes()[:-30])
    assert read_measured("small_resnet", 32, tmp_path) is None
    write_measured(events, tmp_path)
    monkeypatch.setattr(measured, "cpu_threads", lambda: 999)
    assert read_measured("small_resnet", 32, tmp_path) is None


def test_a_name_with_a_stroke_stays_in_the_folder(tmp_path: Path) -> None:
    whole = MeasureFinished("timm/vit_tiny", 224, 8, 2, "cuda", 0.1, 0.2)
    path = write_measured([whole], tmp_path)
    assert path and path.parent == tmp_path
    found = read_measured("timm/vit_tiny", 224, tmp_path)
    assert found and found.whole == whole
