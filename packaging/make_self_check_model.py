"""Makes resources/self_check.thaw: a tiny model that tells red, green and blue by the mean colour.

    .venv/bin/python packaging/make_self_check_model.py

The self-check loads it and classifies a photo with it, in the field edition too, so it is built without torch.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.model_file import NETWORK, Manifest, Preprocessing, write  # noqa: E402

CLASSES = ("red", "green", "blue")
IMAGE_SIZE = 32
# An opset and a format that ONNX Runtime has read since 2023.
OPSET, FORMAT = 18, 8


def network() -> bytes:
    """photos: uint8 N×32×32×3 to features: the mean colour from 0 to 1, and logits: eight times that."""
    constants = {"scale": np.float32(1 / 255), "axes": np.array([1, 2]), "sharpness": np.float32(8)}
    graph = helper.make_graph(
        nodes=[
            helper.make_node("Cast", ["photos"], ["raw"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["raw", "scale"], ["scaled"]),
            helper.make_node("ReduceMean", ["scaled", "axes"], ["features"], keepdims=0),
            helper.make_node("Mul", ["features", "sharpness"], ["logits"]),
        ],
        name="mean_colour",
        inputs=[helper.make_tensor_value_info("photos", TensorProto.UINT8, ["N", IMAGE_SIZE, IMAGE_SIZE, 3])],
        outputs=[
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", len(CLASSES)])
            for name in ("logits", "features")
        ],
        initializer=[numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def main() -> None:
    manifest = Manifest(
        name="Self-check",
        classes=CLASSES,
        preprocessing=Preprocessing(
            image_size=IMAGE_SIZE,
            fit="crop",
            interpolation="bilinear",
            channels=3,
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
        ),
        architecture={"name": "mean_colour", "title": "Mean colour", "parameters": 0, "licence": "Apache-2.0"},
    )
    path = ROOT / "resources" / "self_check.thaw"
    write(path, manifest, {NETWORK: network()})
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
