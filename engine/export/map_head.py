"""The end of an exported network, from its last feature map to its logits, as an ONNX file of its own. No torch.

Given one place of the map at a time, it says what each class's logit would be if the whole photo looked as it does
there: where the head is average pooling and one linear layer, these are the class activation maps of Zhou et al. 2016.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

FROM, TO = "maps", "logits"
LARGEST_BYTES = 2**27
"""Above this a head is not kept: pooled ones are far smaller, and those with a weight for each place, the fully
connected layers of VGG, take half a gigabyte."""
PLACES = (1, 3)
"""How many places at once a head is tried with."""
_NOTHING = 4
"""Of what ONNX Runtime writes to the terminal: only what ends the process."""


def map_head(network: Path) -> bytes | None:
    """The head of an exported `network`: `maps`, N×C×1×1 float32 with N free, to `logits`, N×classes.

    None where the network has no feature map, where something leads past the map to the logits, or where the head takes
    only a whole map.
    """
    model = onnx.load_model(network, load_external_data=False)
    channels = _width(model.graph, FROM)
    head = _cut(model) if channels else None
    if head is None or head.ByteSize() > LARGEST_BYTES:
        return None
    content: bytes = head.SerializeToString()
    return content if _takes_places(content, channels, _width(model.graph, TO)) else None


def _cut(model: ModelProto) -> ModelProto | None:
    graph = model.graph
    nodes = _nodes_between(graph)
    if nodes is None:
        return None
    taken = {name for node in nodes for name in node.input}
    cut = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info(FROM, TensorProto.FLOAT, ["N", _width(graph, FROM), "h", "w"])],
        [helper.make_tensor_value_info(TO, TensorProto.FLOAT, ["N", _width(graph, TO)])],
        [constant for constant in graph.initializer if constant.name in taken],
    )
    return helper.make_model(
        cut, opset_imports=model.opset_import, ir_version=model.ir_version, functions=model.functions
    )


def _nodes_between(graph: GraphProto) -> list[NodeProto] | None:
    """What leads from the map to the logits, in order; None where something leads past the map."""
    photos = {given.name for given in graph.input}
    wanted, found = {TO}, []
    for node in reversed(graph.node):  # an ONNX graph lists what is computed first, first
        if not wanted.intersection(node.output) or FROM in node.output:
            continue
        node = _of_the_map(node, photos)
        found.append(node)
        wanted.update(name for name in node.input if name != FROM)
    return None if wanted & photos or FROM not in {name for node in found for name in node.input} else found[::-1]


def _of_the_map(node: NodeProto, photos: set[str]) -> NodeProto:
    """How many photos there are is asked of the photos themselves; the map has as many."""
    if node.op_type != "Shape" or node.input[0] not in photos:
        return node
    places = {attribute.name: attribute.i for attribute in node.attribute}
    if places.get("start", 0) != 0 or places.get("end") != 1:
        return node
    copy = NodeProto()
    copy.CopyFrom(node)
    copy.input[0] = FROM
    return copy


def _takes_places(content: bytes, channels: int, classes: int) -> bool:
    options, run_options = onnxruntime.SessionOptions(), onnxruntime.RunOptions()
    options.log_severity_level = run_options.log_severity_level = _NOTHING  # a refusal is an answer here
    random = np.random.default_rng(0)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        for places in PLACES:
            maps = random.random((places, channels, 1, 1), np.float32)
            (logits,) = session.run([TO], {FROM: maps}, run_options)
            if logits.shape != (places, classes):
                return False
    except Exception:  # its exceptions share no base but this one
        return False
    return True


def _width(graph: GraphProto, name: str) -> int:
    """The size of an output's second dimension; 0 where there is no such output."""
    sizes = (one.type.tensor_type.shape.dim[1].dim_value for one in graph.output if one.name == name)
    return int(next(sizes, 0))
