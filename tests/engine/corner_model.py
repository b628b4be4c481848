"""A model whose answer depends on the top right corner only: which of red, green and blue is strongest there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine import model_file
from engine.export.map_head import map_head
from engine.model_file import ModelFile
from tests.engine import tiny_model

SIZE, ACROSS = tiny_model.SIZE, 4
PLACE = SIZE // ACROSS
HEAD_NODES = (("ReduceMean", ["maps", "axes"], "pooled"), ("Reshape", ["pooled", "rows"], "features"))


def network(path: Path, nodes: tuple[tuple[str, list[str], str], ...] = HEAD_NODES, width: int = 3) -> Path:
    """uint8 N×H×W×3 -> the corner -> maps, N×3×4×4 -> `nodes` -> features, N×`width` -> logits."""
    mask = np.zeros((1, 1, SIZE, SIZE), np.float32)
    mask[..., :PLACE, -PLACE:] = 1
    weights = np.tile(np.eye(3, dtype=np.float32) * 10 / 255 * ACROSS**2, (-(-width // 3), 1))[:width]
    constants = {
        "mask": mask,
        "axes": np.array([2, 3]),
        "rows": np.array([-1, width]),
        "weights": weights,
        "bias": np.array([0.1, 0.2, 0.3], np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["photos"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["numbers"], ["channels"], perm=[0, 3, 1, 2]),
            helper.make_node("Mul", ["channels", "mask"], ["corner"]),
            helper.make_node("AveragePool", ["corner"], ["maps"], kernel_shape=[PLACE] * 2, strides=[PLACE] * 2),
            *(helper.make_node(kind, given, [made]) for kind, given, made in nodes),
            helper.make_node("Gemm", ["features", "weights", "bias"], ["logits"]),
        ],
        "corner",
        [helper.make_tensor_value_info("photos", TensorProto.UINT8, ["N", SIZE, SIZE, 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3]),
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["N", 3, ACROSS, ACROSS]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString())
    return path


def make(path: Path, **changes: Any) -> ModelFile:
    """Write the model file at `path`; `changes` go into its manifest."""
    whole = network(path.with_suffix(".onnx"))
    head = map_head(whole)
    assert head
    model_file.write(path, tiny_model.manifest(**changes), {model_file.NETWORK: whole, model_file.HEAD: head})
    return model_file.open_model(path)
