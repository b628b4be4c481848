"""A model file that is made in a moment and whose answers are known: it tells red, green and blue photos apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine import model_file
from engine.model_file import Manifest, ModelFile, Preprocessing

CLASSES = ("red", "green", "blue")
SIZE = 32
SHARPNESS = 10.0  # logit of a photo that is all of one colour


def network(outputs: int = 3, input_type: int = TensorProto.UINT8) -> bytes:
    """uint8 N×H×W×3 -> mean colour -> logits: each class is a channel."""
    weights = (np.eye(3, outputs) * SHARPNESS / 255).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pixels"], ["maps"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["maps", "axes"], ["features"], keepdims=0),
            helper.make_node("Gemm", ["features", "weights"], ["logits"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("pixels", input_type, ["N", "H", "W", 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", outputs]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 3]),
        ],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1, 2]), "axes")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def manifest(classes: tuple[str, ...] = CLASSES, **changes: object) -> Manifest:
    preprocessing = Preprocessing(
        image_size=SIZE, fit="crop", interpolation="bilinear", channels=3, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
    )
    return Manifest(**{"name": "Colours", "classes": classes, "preprocessing": preprocessing} | changes)


def make(path: Path, classes: tuple[str, ...] = CLASSES, **changes: object) -> ModelFile:
    """Write a model file at `path`; `changes` go into its manifest."""
    model_file.write(path, manifest(classes, **changes), {model_file.NETWORK: network(len(classes))})
    return model_file.open_model(path)
