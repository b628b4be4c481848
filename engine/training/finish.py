"""How a run ends: best weights, tests, model file with its parity, metrics.json last."""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine import model_file, runs
from engine.control import Control
from engine.dataset.loader import in_groups
from engine.evaluation.calibration import fit_temperature
from engine.evaluation.metrics import summary
from engine.events import Event, Notice, ParityMeasured, RunFinished, StageStarted
from engine.export.map_head import map_head
from engine.export.onnx import export_onnx
from engine.model_file import Manifest, Preprocessing
from engine.models.freezing import owners
from engine.prediction.runtime import Classifier as Runtime
from engine.prediction.runtime import softmax
from engine.runs import PredictionRow, baselines
from engine.training.diagnosed import diagnosed_end
from engine.training.keeping import checkpoint
from engine.training.keeping.proof import trained_layers, write_after
from engine.training.learner.learning import fit_answers
from engine.training.loop import Answers, Source, answer
from engine.training.phases import is_trained
from engine.training.run_parts import Run

PARITY_PHOTOS = 256


SHOWN = ("epochs", "best_epoch", "val_accuracy", "test_accuracy", "seconds", "images_per_second", "stopped")
PROVEN = ("frozen_layers", "unchanged_layers")  # absent from the metrics of runs of earlier versions


def close_run(run: Run, control: Control, start: float) -> Generator[Event, None, None]:
    """Yield the closing stages and RunFinished; `start` is when the run began, on time.perf_counter's clock.

    A run stopped before its first epoch was done gets no model file and stays resumable.
    """
    progress = run.progress
    if not progress.best_epoch:
        seconds = time.perf_counter() - start
        yield RunFinished(run.folder, 0, 0, None, None, seconds, 0.0, stopped=True)
        return
    yield StageStarted("Testing the best weights")
    answers = yield from _answers(run, control)
    proven = yield from write_after(run)
    temperature = fit_temperature(answers["val"].logits, answers["val"].labels)
    metrics = _metrics(run, answers, temperature)
    rows = _rows(run, answers, temperature)
    runs.write_predictions(run.folder, rows, run.classes)
    yield from diagnosed_end(run, rows)
    parity = yield from _write_model(run, metrics, answers, temperature)
    metrics |= {
        "parity": dict(vars(parity)),
        "seconds": time.perf_counter() - start,
        "images_per_second": progress.trained_photos / progress.training_seconds,
        **dict(zip(PROVEN, proven, strict=True)),
        "stopped": _goes_on(run, control),
    }
    _move_into_place(run, metrics)
    runs.write_metrics(run.folder, metrics)
    if not metrics["stopped"]:  # nothing goes on from here that needs two
        (run.folder / runs.PREVIOUS).unlink(missing_ok=True)
    yield finished_event(run.folder)


def _goes_on(run: Run, control: Control) -> bool:
    """Whether the run was stopped with something left to train."""
    trained = is_trained(run.config, run.spec, run.strategy, run.progress)
    return control.stopping and not control.finishing and not trained


def finished_event(run_dir: Path) -> RunFinished:
    """The RunFinished of a run that has ended, from its files."""
    metrics = runs.read_metrics(run_dir)
    shown = {name: metrics[name] for name in SHOWN} | {name: metrics.get(name, 0) for name in PROVEN}
    return RunFinished(run_dir, **shown, model_file=run_dir / runs.MODEL)


def _answers(run: Run, control: Control) -> Generator[Event, None, dict[str, Answers]]:
    """What the best weights say of val and test. A stop was heard before; what follows is short and must end whole.

    What was frozen in the last phase was so in all before it, so what is kept of it serves for validation.
    """
    checkpoint.load_best(run.folder, run.classifier.network)
    whole = Source(run.classifier, run.loader)
    found = {}
    fit_answers(run)
    for split, source in (("val", run.source), ("test", whole)):
        source.module.cpu().eval()
        if numbers := run.numbers(split):
            answered = yield from answer(
                source.module, source.loader, in_groups(numbers, run.together), Control(), patience=control
            )
            assert answered
            found[split] = answered
    return found


def _write_model(
    run: Run, metrics: dict[str, Any], answers: dict[str, Answers], temperature: float
) -> Generator[Event, None, ParityMeasured]:
    """Write the model file beside its place, and measure it against the trained network."""
    yield StageStarted("Writing the model file")
    assert run.config.image_size
    network = run.folder / runs.NETWORK_PART
    export_onnx(run.classifier, run.spec, run.config.image_size, network)
    head = map_head(network) if run.spec.maps else None
    members: dict[str, bytes | Path] = {model_file.NETWORK: network}
    if head:
        members[model_file.HEAD] = head
    model_file.write(run.folder / runs.MODEL_PART, _manifest(run, metrics, temperature, by_place=bool(head)), members)
    network.unlink()
    yield StageStarted("Comparing the model file with the trained network")
    parity = _parity(run, run.folder / runs.MODEL_PART, answers, temperature)
    yield parity
    if parity.disagreement:
        yield Notice(parity.disagreement, "parity_low", run.folder / runs.MODEL)
    return parity


def _move_into_place(run: Run, metrics: dict[str, Any]) -> None:
    """The model file with its last figures, whole, under its own name."""
    beside = model_file.open_model(run.folder / runs.MODEL_PART)
    manifest = beside.manifest.model_copy(update={"metrics": metrics})
    members = {name: beside.read(name) for name in manifest.members if name != model_file.CARD}
    model_file.write(run.folder / runs.MODEL, manifest, members)
    beside.path.unlink()


def _metrics(run: Run, answers: dict[str, Answers], temperature: float) -> dict[str, Any]:
    splits = {
        split: summary(found.labels, softmax(found.logits, temperature), run.classes).as_dict()
        for split, found in answers.items()
    }
    return {
        "val": splits["val"],
        "test": splits.get("test"),
        "val_accuracy": splits["val"]["accuracy"],
        "test_accuracy": splits["test"]["accuracy"] if "test" in splits else None,
        "epochs": run.progress.epoch,
        "best_epoch": run.progress.best_epoch,
        "temperature": temperature,
        "baseline": _baseline(run),
    }


def _baseline(run: Run) -> dict[str, Any] | None:
    """What was measured before any training on the very photos that validate this run, None where nothing was."""
    found = baselines.find(run.photos)
    return dict(vars(found)) if found and found.val_photos == len(run.numbers("val")) else None


def _rows(run: Run, answers: dict[str, Answers], temperature: float) -> list[PredictionRow]:
    return [
        PredictionRow(
            run.photos[number].path,
            split,
            run.photos[number].label,
            run.classes[int(shares.argmax())],
            tuple(map(float, shares)),
        )
        for split, found in answers.items()
        for number, shares in zip(found.numbers, softmax(found.logits, temperature), strict=True)
    ]


def _manifest(run: Run, metrics: dict[str, Any], temperature: float, *, by_place: bool) -> Manifest:
    spec, config, network = run.spec, run.config, run.classifier.network
    assert config.image_size
    trained = trained_layers(run)
    frozen = [name for name in owners(network) if name not in trained]
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Manifest(
        name=f"{config.data.name} · {spec.title}",
        classes=run.classes,
        preprocessing=Preprocessing(
            image_size=config.image_size,
            fit=config.fit,
            interpolation=spec.interpolation,
            channels=spec.channels,
            mean=spec.mean,
            std=spec.std,
        ),
        architecture={
            "name": spec.name,
            "title": spec.title,
            "parameters": parameters,
            "licence": spec.licence,
            "head": config.head,
            "head_width": config.head_width,
            "by_place": by_place,
        },
        temperature=temperature,
        metrics=metrics,
        lineage={
            "created": f"{datetime.now():%Y-%m-%d %H:%M}",
            "dataset": config.data.name,
            "train_photos": len(run.numbers("train")),
            "strategy": run.strategy.title,
            "weights": run.progress.weights,
            "weights_licence": spec.licence if run.strategy.pretrained else "none",
            "frozen_parameters": sum(
                p.numel() for name in frozen for p in network.get_submodule(name).parameters(recurse=False)
            ),
            "frozen_layers": frozen,
            "epochs": run.progress.epoch,
            "seed": config.seed,
            "teacher": config.teacher.name if config.teacher else None,
        },
    )


def _parity(run: Run, path: Path, answers: dict[str, Answers], temperature: float) -> ParityMeasured:
    """The model file against torch on the same pixels of up to 256 val and test photos, evenly chosen."""
    logits = np.concatenate([found.logits for found in answers.values()])
    numbers = np.concatenate([found.numbers for found in answers.values()])
    chosen = np.unique(np.linspace(0, len(numbers) - 1, min(PARITY_PHOTOS, len(numbers))).astype(int))
    runtime = Runtime(model_file.open_model(path), torch.get_num_threads())
    pixels = run.loader.batches(in_groups([int(numbers[place]) for place in chosen], 32))
    batches = [(batch.numbers, runtime.probabilities(batch.pixels.numpy())) for batch in pixels if batch.numbers]
    place_of = {int(number): place for place, number in enumerate(numbers)}
    torchs = softmax(logits[[place_of[number] for read, _ in batches for number in read]], temperature)
    files = np.concatenate([shares for _, shares in batches])
    same = float((torchs.argmax(1) == files.argmax(1)).mean())
    return ParityMeasured(len(files), same, float(np.abs(torchs - files).max()))
