"""The main job by the path a person takes: `thaw demo`, `thaw train` and `thaw predict`."""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import photos, runs
from engine.dataset.index import load
from engine.model_file import open_model
from engine.models.build import Classifier, build
from engine.models.catalog import find_model
from engine.training.keeping.checkpoint import load_best
from tests.shared_data import shared

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def thaw(*arguments: object) -> dict[str, Any]:
    """Run a command and return its last event."""
    command = [sys.executable, "-m", "engine", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


def test_demo(tmp_path: Path, figure: Callable[[str], None]) -> None:
    ends = [thaw("demo", "--out", tmp_path / str(number)) for number in range(3)]
    seconds = statistics.median(end["seconds"] for end in ends)
    figure(f"{seconds:.1f} s (median of 3), test accuracy {[round(end['test_accuracy'], 3) for end in ends]}")
    assert seconds < 90 and min(end["test_accuracy"] for end in ends) >= 0.98


@pytest.fixture(scope="module")
def bees(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Feature extraction on ants and bees, five seeds."""
    out = tmp_path_factory.mktemp("bees")
    return [
        thaw("train", shared("data/hymenoptera"), "--out", out / str(seed), "--weights-dir", shared("weights"),
             "--model", "mobilenet_v2", "--strategy", "feature-extraction", "--epochs", 5, "--seed", seed, "--offline")
        for seed in range(5)
    ]  # fmt: skip


def test_feature_extraction(bees: list[dict[str, Any]], figure: Callable[[str], None]) -> None:
    accuracies = [end["val_accuracy"] for end in bees]
    mean, seconds = statistics.mean(accuracies), statistics.median(end["seconds"] for end in bees)
    shown = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
    figure(f"val accuracy {mean:.4f} (mean of 5 seeds: {shown}), {seconds:.1f} s a run (median)")
    assert mean >= 0.94


def test_what_is_frozen_is_computed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    """Ten epochs of the head alone, with an empty cache and without one, in turn: whole runs, export included."""
    seconds: dict[str, list[float]] = {"auto": [], "off": []}
    accuracies: dict[str, list[float]] = {"auto": [], "off": []}
    for seed in range(3):
        for cache in seconds:
            monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / f"cache-{seed}"))
            end = thaw(
                "train", shared("data/hymenoptera"), "--out", tmp_path / f"{cache}-{seed}", "--weights-dir",
                shared("weights"), "--model", "mobilenet_v2", "--strategy", "feature-extraction", "--epochs", 10,
                "--seed", seed, "--offline", "--cache", cache,
            )  # fmt: skip
            seconds[cache].append(end["seconds"])
            accuracies[cache].append(end["val_accuracy"])
    once, again = (statistics.median(seconds[cache]) for cache in ("auto", "off"))
    means = [statistics.mean(accuracies[cache]) for cache in ("auto", "off")]
    figure(f"{once:.1f} s against {again:.1f} s, {again / once:.1f} times; accuracy {means[0]:.4f} and {means[1]:.4f}")
    assert once < again


def test_prediction_is_what_torch_says(
    bees: list[dict[str, Any]], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    run_dir = Path(bees[0]["run_dir"])
    end = thaw("predict", run_dir, shared("data/hymenoptera/val"), "--out", tmp_path / "a.csv")
    spec, manifest = find_model("mobilenet_v2"), open_model(run_dir / runs.MODEL).manifest
    network = build(spec, 2)
    load_best(run_dir, network)
    classifier = Classifier(network, spec).eval()
    same = 0
    with (tmp_path / "a.csv").open(newline="") as file, torch.no_grad():
        rows = list(csv.DictReader(file))
        for row in rows:
            pixels = photos.read(Path(row["path"]), 224, manifest.preprocessing.fit).pixels
            answer = classifier(torch.from_numpy(pixels)[None]).argmax().item()
            same += manifest.classes[int(answer)] == row["label"]
    figure(f"{same} of {len(rows)} labels as torch, {end['images_per_second']:.0f} photos/s")
    assert same >= 0.995 * len(rows) and len(rows) == len(load(shared("data/hymenoptera/val")).photos)
    messy = thaw("predict", run_dir, shared("data/messy"), "--out", tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(bool(row["label"]) != bool(row["error"]) for row in rows)
    turned = {row["label"] for row in rows if "exif_rot__Landscape" in row["path"]}
    figure(f"messy: {messy['photos']} rows, {messy['failed']} refused, {messy['skipped']} skipped; {turned} turned")
    assert len(turned) == 1


def _printed(command: list[str]) -> float:
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_step_of_a_run_is_nearly_a_bare_one(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Later epochs of `thaw train`, all layers training on photos it has read before, in turn with bare steps: the
    bound is the mean of what came right before and right after, as the machine's own speed wanders."""
    data, weights = shared("data/hymenoptera"), shared("weights/mobilenet_v2.pth")
    ratios: list[float] = []
    bare = [sys.executable, "-m", "tests.benchmarks.bare_step", str(weights)]
    bounds = [_printed(bare)]
    for seed in range(5):
        run_dir = tmp_path / str(seed)
        thaw(
            "train", data, "--out", run_dir, "--weights-dir", weights.parent, "--offline", "--model", "mobilenet_v2",
            "--strategy", "fine-tuning", "--optimizer", "adamw", "--batch-size", 32, "--epochs", 6, "--seed", seed,
        )  # fmt: skip
        bounds.append(_printed(bare))
        later = runs.read_history(run_dir)[2:]
        rate = statistics.harmonic_mean([epoch.images_per_second for epoch in later])
        bound = statistics.mean(bounds[-2:])
        ratios.append(rate / bound)
        waiting, seconds = sum(epoch.waiting_seconds for epoch in later), sum(epoch.seconds for epoch in later)
        figure(
            f"seed {seed}: {rate:.1f} photos/s, bare {bounds[-2]:.1f} and {bounds[-1]:.1f}, "
            f"waiting {waiting:.2f} of {seconds:.1f} s with validation"
        )
    figure(f"{statistics.median(ratios):.3f} of a bare step (median of {', '.join(f'{each:.3f}' for each in ratios)})")
    assert statistics.median(ratios) >= 0.95
