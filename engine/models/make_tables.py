"""Makes resources/tables from the networks themselves: `python -m engine.models.make_tables [--speeds] [NAME…]`.

The layer trees are held true by a test; the speeds are measured on the machine that runs this (use two CPU cores).
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

from engine.export.onnx import export_onnx
from engine.models.build import Classifier, build
from engine.models.catalog import CATALOG, ModelSpec, find_model
from engine.models.layers.tables import CLASSES
from engine.models.layers.tree import describe_layers
from engine.models.tables import FOLDER
from engine.wire import to_json


def layer_table(spec: ModelSpec) -> str:
    """The text of one table: a layer a line, then an operation a line, then the sums."""
    return "".join(to_json(row) + "\n" for row in describe_layers(spec, classes=CLASSES, graph=True))


def write_layer_table(spec: ModelSpec) -> None:
    """Write the table beside its fellows; equal text gives equal bytes."""
    packed = gzip.compress(layer_table(spec).encode(), 9, mtime=0)
    (FOLDER / "layers" / f"{spec.name}.jsonl.gz").write_bytes(packed)


def measure_speed(spec: ModelSpec, threads: int = 2, batch: int = 32, repeats: int = 7) -> float:
    """Photos a second of the exported network in ONNX Runtime, the median of `repeats` batches after one unmeasured."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(Classifier(build(spec, 2), spec).eval(), spec, spec.input_size, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(0).integers(0, 256, (batch, spec.input_size, spec.input_size, 3), np.uint8)
    taken = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        session.run(["logits"], {"photos": pixels})
        taken.append(time.perf_counter() - start)
    return round(batch / statistics.median(taken[1:]), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these rows; all where none is named")
    parser.add_argument("--speeds", action="store_true", help="measure the speeds too")
    asked = parser.parse_args()
    (FOLDER / "layers").mkdir(parents=True, exist_ok=True)
    for name in asked.names or CATALOG:
        write_layer_table(find_model(name))
    if not asked.names:
        for path in (FOLDER / "layers").iterdir():
            if path.name.removesuffix(".jsonl.gz") not in CATALOG:
                path.unlink()
    if asked.speeds:
        rates = {spec.name: measure_speed(spec) for spec in CATALOG.values()}
        text = json.dumps({"threads": 2, "batch": 32, "images_per_second": rates}, indent=1)
        (FOLDER / "speeds.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
