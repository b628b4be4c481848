"""The end of a network as a network of its own, that takes one place of the feature map at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from engine.export.map_head import map_head
from tests.engine import corner_model, tiny_model


def test_the_mean_over_the_places_is_what_the_network_answers(tmp_path: Path) -> None:
    network = corner_model.network(tmp_path / "model.onnx")
    head = map_head(network)
    assert head and len(head) < 2000
    photos = np.random.default_rng(0).integers(0, 256, (2, corner_model.SIZE, corner_model.SIZE, 3), np.uint8)
    logits, maps = onnxruntime.InferenceSession(network).run(["logits", "maps"], {"photos": photos})
    places = np.ascontiguousarray(maps.transpose(0, 2, 3, 1)).reshape(-1, 3, 1, 1)
    (found,) = onnxruntime.InferenceSession(head).run(None, {"maps": places})
    np.testing.assert_allclose(found.reshape(2, -1, 3).mean(1), logits, atol=1e-4)


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param((("Reshape", ["maps", "rows"], "features"),), id="a weight for each place"),
        pytest.param(
            (("ReduceMean", ["numbers", "axes"], "x"), ("ReduceMean", ["maps", "axes"], "y"), ("Mul", ["x", "y"], "z"),
             ("Reshape", ["z", "rows"], "features")),
            id="a skip past the map",
        ),
    ],
)  # fmt: skip
def test_a_head_that_needs_more_than_one_place_is_none_and_says_nothing(
    nodes: tuple[tuple[str, list[str], str], ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    width = 3 * corner_model.ACROSS**2 if len(nodes) == 1 else 3
    assert map_head(corner_model.network(tmp_path / "model.onnx", nodes, width)) is None
    assert capfd.readouterr() == ("", "")


def test_a_network_without_a_feature_map_has_none(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(tiny_model.network())
    assert map_head(tmp_path / "model.onnx") is None


def test_how_many_photos_there_are_is_asked_of_the_map(tmp_path: Path) -> None:
    model = onnx.load_model(corner_model.network(tmp_path / "model.onnx"))
    place = next(number for number, node in enumerate(model.graph.node) if node.op_type == "Reshape")
    model.graph.node[place].input[1] = "counted"
    width = helper.make_node("Constant", [], ["width"], value=helper.make_tensor("w", TensorProto.INT64, [1], [3]))
    count = helper.make_node("Shape", ["photos"], ["count"], start=0, end=1)
    both = helper.make_node("Concat", ["count", "width"], ["counted"], axis=0)
    for node in (both, count, width):
        model.graph.node.insert(place, node)
    onnx.checker.check_model(model)
    onnx.save_model(model, tmp_path / "model.onnx")
    assert map_head(tmp_path / "model.onnx")
