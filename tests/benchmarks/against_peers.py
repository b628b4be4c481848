"""Training by Thaw and by its peers in turn, on the same photos from the same weights; run by hand, on an idle machine:

    python -m tests.benchmarks.against_peers --bench BENCH --peers-python VENV/bin/python --data DATA \
        --weights WEIGHTS/mobilenet_v2.pth --strategy feature-extraction --epochs 20 --out results.jsonl

The peers are those of BENCH/train_peers.py, which lives in an environment of its own. Thaw is `thaw train` as a person
starts it, with an empty cache. Its time in training is from the first thing it tells, which is after its imports, to
the end of the last epoch, as the peers count theirs; its whole time is the process's, with imports, export and test.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

STRATEGIES = {"feature-extraction": "feature-extraction", "last-block": "last-blocks", "fine-tuning": "fine-tuning"}
"""By the peers' names."""
TUNED = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}


def laid_out(bench: Path, data: Path, target: Path) -> None:
    """train/ and val/ in links, as the peers see them; all photos read once."""
    sys.path.insert(0, str(bench))
    import common  # type: ignore[import-not-found]  # noqa: PLC0415

    common.materialise_split(data, target)
    common.warm_cache(common.list_images(target))


def thaw_line(options: argparse.Namespace, data: Path, seed: int) -> dict[str, Any]:
    """One run of `thaw train`, with the times of its parts."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "engine", "train", data, "--out", f"{folder}/run", "--model", "mobilenet_v2",
            "--strategy", STRATEGIES[options.strategy], "--weights-dir", options.weights.parent, "--offline",
            "--epochs", options.epochs, "--batch-size", options.batch_size, "--image-size", options.image_size,
            "--seed", seed, *options.thaw, "--json",
        ]  # fmt: skip
        environment = os.environ | {"THAW_CACHE_DIR": f"{folder}/cache"}
        start = time.perf_counter()
        child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, env=environment)
        assert child.stdout
        told = [(time.perf_counter() - start, json.loads(line)) for line in child.stdout]
        _, status, used = os.wait4(child.pid, 0)
        whole = time.perf_counter() - start
    if status:
        return {"peer": "thaw", "seed": seed, "error": f"status {status}"}
    epochs = [(at, event) for at, event in told if event["event"] == "epoch_finished"]
    return {
        "peer": "thaw",
        "seed": seed,
        "import_s": round(told[0][0], 2),
        "wall_s": round(epochs[-1][0] - told[0][0], 2),
        "whole_s": round(whole, 2),
        "final_top1": epochs[-1][1]["val_accuracy"],
        "best_top1": max(event["val_accuracy"] for _, event in epochs),
        "peak_rss_mib": used.ru_maxrss // 1024,
    }


def peer_line(options: argparse.Namespace, data: Path, seed: int, peer: str, tuned: bool) -> dict[str, Any]:
    """One run of a peer, by the benchmark as it is."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.jsonl"
        command = [
            options.peers_python, options.bench / "train_peers.py", "--data", data, "--weights", options.weights,
            "--strategy", options.strategy, "--epochs", options.epochs, "--image-size", options.image_size,
            "--batch-size", options.batch_size, "--seed", seed, "--peers", peer, "--timeout", 3000, "--out", out,
        ]  # fmt: skip
        environment = os.environ | (TUNED if tuned else {})
        subprocess.run([str(part) for part in command], env=environment, check=True, stdout=subprocess.DEVNULL)
        line: dict[str, Any] = json.loads(out.read_text())
    return line | {"peer": peer + (" (malloc)" if tuned else ""), "whole_s": line["wall_s"] + line["import_s"]}


def table(lines: Iterable[dict[str, Any]]) -> str:
    """Markdown: medians of the times, means and standard errors of the accuracies, the factor to Thaw's median."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault(line["peer"], []).append(line)
    rows = ["| | runs | training s | × | whole s | × | best top-1 | last top-1 | MiB |", "|---" * 9 + "|"]
    base = {name: statistics.median(line[name] for line in found["thaw"]) for name in ("wall_s", "whole_s")}
    for peer, some in found.items():
        times = {name: statistics.median(line[name] for line in some) for name in base}
        shown = [f"{times[name]:.1f} | {times[name] / base[name]:.2f}" for name in base]
        accuracies = [_mean([line[name] for line in some]) for name in ("best_top1", "final_top1")]
        memory = statistics.median(line["peak_rss_mib"] for line in some)
        rows.append(f"| {peer} | {len(some)} | {' | '.join(shown)} | {' | '.join(accuracies)} | {memory:.0f} |")
    return "\n".join(rows)


def _mean(values: list[float]) -> str:
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{statistics.mean(values):.4f} ± {error:.4f}"


def _one_round(options: argparse.Namespace, data: Path, seed: int, peers: Iterable[str]) -> Iterator[dict[str, Any]]:
    yield thaw_line(options, data, seed)
    for peer in peers:
        for tuned in (False, True) if options.malloc else (False,):
            yield peer_line(options, data, seed, peer, tuned)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--bench", "--peers-python", "--weights", "--data", "--out"):
        asked.add_argument(name, type=Path, required=True)
    asked.add_argument("--strategy", choices=STRATEGIES, default="feature-extraction")
    asked.add_argument("--epochs", type=int, default=5)
    asked.add_argument("--image-size", type=int, default=224)
    asked.add_argument("--batch-size", type=int, default=32)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--first-seed", type=int, default=0)
    asked.add_argument("--peers", default="tutorial,fastai,timm", help="comma-separated; may be empty")
    asked.add_argument("--malloc", action="store_true", help="each peer also with glibc told to keep memory")
    asked.add_argument("thaw", nargs="*", help="after --, further arguments of `thaw train`")
    options = asked.parse_args()
    peers = [peer for peer in options.peers.split(",") if peer]
    with tempfile.TemporaryDirectory() as folder, options.out.open("a") as out:
        data = Path(folder) / options.data.name
        laid_out(options.bench, options.data, data)
        for seed in range(options.first_seed, options.first_seed + options.repeats):
            asked_of = {"strategy": options.strategy, "dataset": options.data.name, "epochs": options.epochs}
            for line in _one_round(options, data, seed, peers):
                out.write(json.dumps(line | asked_of) + "\n")
                out.flush()
    lines = [json.loads(text) for text in options.out.read_text().splitlines()]
    sys.stdout.write(table(line for line in lines if "error" not in line) + "\n")


if __name__ == "__main__":
    main()
