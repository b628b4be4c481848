"""Several networks as one ONNX graph that gives the mean of their probabilities. ONNX only, no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, compose, helper, numpy_helper, version_converter

from engine.errors import ModelFileError

PHOTOS = "photos"
ROOM_BYTES = 2**24
"""For names, which grow when networks are joined, and what joins them."""


@dataclass(frozen=True)
class Member:
    """A model file's network; `columns` has the place of each class of the whole among its logits."""

    network: bytes
    columns: tuple[int, ...]
    temperature: float


def joined(members: Sequence[Member], image_size: int) -> bytes:
    """One network: input `photos`, uint8 N×H×W×3 with H and W of `image_size`, which all members take; outputs `logits`
    N×classes, the logarithm of the mean of the members' softmax(logits / temperature), and where all have them
    `features`, theirs side by side.

    Raises ModelFileError where together they are too large for one file (2 GiB) or cannot be joined.
    """
    size = sum(len(member.network) for member in members)
    if size + ROOM_BYTES > onnx.checker.MAXIMUM_PROTOBUF:
        raise ModelFileError(
            f"Together these networks are too large for one file ({size / 2**30:.1f} GiB, 2 GiB fit); choose fewer, or "
            "smaller ones."
        )
    try:
        return _joined(members, image_size)
    except (onnx.checker.ValidationError, version_converter.ConvertError, ValueError, RuntimeError) as error:
        raise ModelFileError("These networks cannot be joined into one; a file may be damaged.", str(error)) from None


def _joined(members: Sequence[Member], image_size: int) -> bytes:
    networks = _alike([onnx.load_model_from_string(member.network) for member in members])
    outputs = [{output.name for output in network.graph.output} for network in networks]
    kinds = ("logits", "features") if all("features" in found for found in outputs) else ("logits",)
    whole = _like(networks[0], _entrance(len(members), image_size))
    for place, network in enumerate(networks):
        renamed = compose.add_prefix(network, _of(place, ""))
        whole = compose.merge_models(whole, renamed, io_map=[(_of(place, PHOTOS), renamed.graph.input[0].name)])
    ends = _like(networks[0], _exit(members, networks, kinds))
    taken = [(_of(place, kind), f"last_{_of(place, kind)}") for place in range(len(members)) for kind in kinds]
    content: bytes = compose.merge_models(whole, ends, io_map=taken, outputs=list(kinds)).SerializeToString()
    return content


def _of(place: int, name: str) -> str:
    return f"member{place}_{name}"


def _alike(networks: Sequence[ModelProto]) -> list[ModelProto]:
    """The networks with the newest operator set and format among them, as merging asks."""
    newest = max(network.opset_import[0].version for network in networks)
    alike = [
        network if network.opset_import[0].version == newest else version_converter.convert_version(network, newest)
        for network in networks
    ]
    for network in alike:
        network.ir_version = max(one.ir_version for one in networks)
    return alike


def _like(network: ModelProto, graph: GraphProto) -> ModelProto:
    return helper.make_model(graph, opset_imports=network.opset_import, ir_version=network.ir_version)


def _entrance(members: int, image_size: int) -> GraphProto:
    """The photos, handed to each member under a name of its own."""
    shape: list[str | int | None] = ["N", image_size, image_size, 3]
    names = [_of(place, PHOTOS) for place in range(members)]
    return helper.make_graph(
        [helper.make_node("Identity", [PHOTOS], [name]) for name in names],
        "ensemble",
        [helper.make_tensor_value_info(PHOTOS, TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name in names],
    )


def _exit(members: Sequence[Member], networks: Sequence[ModelProto], kinds: Sequence[str]) -> GraphProto:
    """From what the members say to what the whole says. The mean is taken of logarithms, in which no probability is too
    small to be a number."""
    given = [
        helper.make_tensor_value_info(f"last_{_of(place, kind)}", TensorProto.FLOAT, ["N", _width(network, kind)])
        for kind in kinds
        for place, network in enumerate(networks)
    ]
    constants: dict[str, np.ndarray] = {
        "axis": np.array([0], np.int64),
        "share": np.array(math.log(len(members)), np.float32),
    }
    nodes: list[NodeProto] = []
    for place, member in enumerate(members):
        constants[_of(place, "columns")] = np.array(member.columns, np.int64)
        constants[_of(place, "temperature")] = np.array(member.temperature, np.float32)
        nodes += _one(place)
    stack = [_of(place, "row") for place in range(len(members))]
    nodes += [
        helper.make_node("Concat", stack, ["all_shares"], axis=0),
        helper.make_node("ReduceLogSumExp", ["all_shares", "axis"], ["sum_of_shares"], keepdims=0),
        helper.make_node("Sub", ["sum_of_shares", "share"], ["logits"]),
    ]
    widths: dict[str, int | None] = {"logits": len(members[0].columns)}
    if "features" in kinds:
        side_by_side = [f"last_{_of(place, 'features')}" for place in range(len(members))]
        nodes.append(helper.make_node("Concat", side_by_side, ["features"], axis=1))
        each = [_width(network, "features") for network in networks]
        widths["features"] = None if None in each else sum(filter(None, each))
    return helper.make_graph(
        nodes,
        "mean",
        given,
        [helper.make_tensor_value_info(kind, TensorProto.FLOAT, ["N", widths[kind]]) for kind in kinds],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )


def _one(place: int) -> list[NodeProto]:
    """One member's logits, N×classes of its own, to 1×N×classes of the whole: logarithms of calibrated
    probabilities."""
    logits, columns, temperature, ordered, cooled, shares, row = (
        _of(place, name) for name in ("logits", "columns", "temperature", "ordered", "cooled", "shares", "row")
    )
    return [
        helper.make_node("Gather", [f"last_{logits}", columns], [ordered], axis=1),
        helper.make_node("Div", [ordered, temperature], [cooled]),
        helper.make_node("LogSoftmax", [cooled], [shares], axis=1),
        helper.make_node("Unsqueeze", [shares, "axis"], [row]),
    ]


def _width(network: ModelProto, kind: str) -> int | None:
    """How many values an output has for a photo, None where the network does not say."""
    output = next(output for output in network.graph.output if output.name == kind)
    return int(output.type.tensor_type.shape.dim[1].dim_value) or None
