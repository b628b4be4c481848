"""Whole folders by `thaw predict` and by its peers in turn, with the same network; run by hand, on an idle machine:

    python -m tests.benchmarks.predict_against_peers --bench BENCH --peers-python VENV/bin/python --data PHOTOS \
        --weights WEIGHTS/mobilenet_v2.pth --repeats 3 --out results.jsonl

The peers and the bounds are those of BENCH/predict_peers.py, which lives in an environment of its own; they count from
after their imports. Thaw is `thaw predict` as a person starts it, and counted from the start of its process to its end.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LONGEST_START = 30.0
CLASSES = tuple(f"{number:03}" for number in range(1000))


def make_model(weights: Path, path: Path) -> None:
    """The peers' network as a model file of Thaw's, exported as a run's is."""
    import torch  # noqa: PLC0415

    from engine import model_file  # noqa: PLC0415
    from engine.export.onnx import export_onnx  # noqa: PLC0415
    from engine.model_file import Manifest, Preprocessing  # noqa: PLC0415
    from engine.models.build import Classifier, build  # noqa: PLC0415
    from engine.models.catalog import find_model  # noqa: PLC0415

    spec = find_model("mobilenet_v2")
    network = build(spec, len(CLASSES))
    network.load_state_dict(torch.load(weights, weights_only=True))
    export_onnx(Classifier(network, spec).eval(), spec, 224, path.with_suffix(".onnx"))
    seen = Preprocessing(
        image_size=224, fit="crop", interpolation=spec.interpolation, channels=3, mean=spec.mean, std=spec.std
    )
    network_file = {model_file.NETWORK: path.with_suffix(".onnx")}
    model_file.write(path, Manifest(name="ImageNet", classes=CLASSES, preprocessing=seen), network_file)


def same_as_torch(weights: Path, table: Path) -> float:
    """The share of rows whose label is what torch answers for the same pixels."""
    import torch  # noqa: PLC0415

    from engine import photos  # noqa: PLC0415
    from engine.models.build import Classifier, build  # noqa: PLC0415
    from engine.models.catalog import find_model  # noqa: PLC0415

    spec = find_model("mobilenet_v2")
    network = build(spec, len(CLASSES))
    network.load_state_dict(torch.load(weights, weights_only=True))
    classifier = Classifier(network, spec).eval()
    same = []
    with table.open(encoding="utf-8", newline="") as file, torch.inference_mode():
        for row in csv.DictReader(file):
            if row["label"]:
                seen = photos.read(Path(row["path"]), 224, "crop", interpolation=spec.interpolation).pixels
                same.append(CLASSES[int(classifier(torch.from_numpy(seen)[None]).argmax())] == row["label"])
    return statistics.mean(same)


def thaw_line(model: Path, data: Path, table: Path) -> dict[str, Any]:
    """One run of `thaw predict`. `first_row_s` is from the start of the process to the first row on the disk."""
    command = [sys.executable, "-m", "engine", "predict", model, data, "--out", table, "--replace"]
    table.unlink(missing_ok=True)
    start = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    first = None
    while first is None and time.perf_counter() - start < LONGEST_START:
        if table.exists() and table.read_bytes().count(b"\n") > 1:
            first = time.perf_counter() - start
        time.sleep(0.01)
    _, status, used = os.wait4(child.pid, 0)
    whole = time.perf_counter() - start
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        "peer": "thaw", "images": len(rows), "wall_s": round(whole, 2), "first_row_s": first and round(first, 2),
        "images_per_s": round(len(rows) / whole, 2), "peak_rss_mib": used.ru_maxrss // 1024,
        "failed": sum(bool(row["error"]) for row in rows), "status": status,
    }  # fmt: skip


def peer_lines(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """One round of the bounds and the peers."""
    out = folder / "peers.jsonl"
    out.unlink(missing_ok=True)
    command = [
        options.peers_python, options.bench / "predict_peers.py", "--data", options.data, "--weights", options.weights,
        "--out", out, "--peers", options.peers,
    ]  # fmt: skip
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return [json.loads(text) for text in out.read_text().splitlines()]


def table_of(lines: Iterable[dict[str, Any]]) -> str:
    """Markdown: medians, and the share of the combined bound."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        if "error" not in line:
            found.setdefault(line["peer"], []).append(line)
    speed = {peer: statistics.median(line["images_per_s"] for line in some) for peer, some in found.items()}
    bound = speed.get("limit-combined", float("nan"))
    rows = ["| | runs | photos/s | of the bound | thaw is × | MiB |", "|---" * 6 + "|"]
    for peer, some in found.items():
        memory = statistics.median(line.get("peak_rss_mib", 0) for line in some)
        shares = f"{speed[peer] / bound:.2f} | {speed['thaw'] / speed[peer]:.2f}"
        rows.append(f"| {peer} | {len(some)} | {speed[peer]:.1f} | {shares} | {memory:.0f} |")
    return "\n".join(rows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--bench", "--peers-python", "--weights", "--data", "--out"):
        asked.add_argument(name, type=Path, required=True)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--peers", default="torchvision,timm,fastai,ultralytics,onnxruntime-naive")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as name, options.out.open("a") as out:
        folder = Path(name)
        made = f"make_model(Path({str(options.weights)!r}), Path({str(folder / 'm.thaw')!r}))"
        program = f"from tests.benchmarks.predict_against_peers import *; {made}"
        subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
        for _ in range(options.repeats):
            for line in [*peer_lines(options, folder), thaw_line(folder / "m.thaw", options.data, folder / "t.csv")]:
                out.write(json.dumps(line | {"dataset": options.data.name}) + "\n")
                out.flush()
        same = same_as_torch(options.weights, folder / "t.csv")
    lines = [json.loads(text) for text in options.out.read_text().splitlines()]
    sys.stdout.write(f"{table_of(lines)}\n\nThe same label as torch: {same:.4f} of the photos.\n")
    firsts = [line["first_row_s"] for line in lines if line["peer"] == "thaw" and line["first_row_s"]]
    sys.stdout.write(f"First row after {statistics.median(firsts):.2f} s (median of {len(firsts)}).\n")


if __name__ == "__main__":
    main()
