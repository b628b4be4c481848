"""ensemble: finished runs as one model file, which answers with the mean of what they say. No torch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from engine import model_file, photos, runs
from engine.control import Control
from engine.errors import ModelFileError, PhotoError, RunError, ThawError
from engine.evaluation.measured_run import SPLITS, Key, MeasuredRun, common_photos, read_measured, trained_by_any
from engine.evaluation.metrics import summary
from engine.events import EnsembleFinished, Event, Notice, ParityMeasured, StageStarted
from engine.export.joined_graph import Member, joined
from engine.model_file import NETWORK, Manifest, ModelFile, Preprocessing
from engine.prediction.runtime import Classifier, Pixels

PARITY_PHOTOS = 256
PARITY_BATCH = 32
NOISE_IMAGES = 16


@dataclass(frozen=True)
class _Taken:
    """A run of the ensemble: its model file, its answers, and the place of each class of the whole among its own."""

    file: ModelFile
    run: MeasuredRun
    columns: tuple[int, ...]


def ensemble(
    run_dirs: Sequence[Path], out: Path, *, replace: bool = False, control: Control | None = None
) -> Generator[Event, None, None]:
    """Write the model file `out` of finished runs; yields the stages, a ParityMeasured and last an EnsembleFinished.

    Its probabilities are the mean of the runs' calibrated ones. It is measured on the val and test photos that all runs
    have in common and none has trained on. A stop leaves no file. Raises ThawError where the runs do not know the same
    classes or do not see photos in the same way, where `out` is there (unless `replace`) or cannot be written.
    """
    control = control or Control()
    _check_out(out, replace)
    taken = _taken(run_dirs)
    first = taken[0].file.manifest
    yield StageStarted("Joining the networks")
    members = [Member(one.file.read(NETWORK), one.columns, one.file.manifest.temperature) for one in taken]
    network = joined(members, first.preprocessing.image_size)
    members.clear()
    common = {split: _common(taken, split) for split in SPLITS}
    metrics = _metrics(taken, common)
    if not any(common.values()):
        text = "No photo was measured by all of these runs and trained on by none, so no accuracy is known."
        yield Notice(text, "nothing_in_common")
    beside = out.with_name(f"{out.stem}.part.thaw")
    try:
        model_file.write(beside, _manifest(taken, metrics), {NETWORK: network})
        yield StageStarted("Comparing the ensemble with its runs")
        parity = yield from _parity(beside, taken, common, control)
        if parity is None:
            return
        yield parity
        if parity.disagreement:
            yield Notice(parity.disagreement, "parity_low", out)
        metrics["parity"] = dict(vars(parity))
        model_file.write(out, _manifest(taken, metrics), {NETWORK: network})
    finally:
        beside.unlink(missing_ok=True)
    yield _finished(out, taken, common, metrics)


def _check_out(out: Path, replace: bool) -> None:
    if out.suffix != ".thaw":
        raise ThawError(f"A model file's name ends in .thaw; write it to {out.with_suffix('.thaw')}.")
    if out.exists() and not replace:
        raise ThawError(f"{out} is there already; choose another name, or replace it with --replace.")
    if not out.parent.is_dir():
        raise ThawError(f"There is no folder {out.parent}; make it, or choose another.")


def _taken(run_dirs: Sequence[Path]) -> list[_Taken]:
    """The runs, checked against each other. Raises RunError or ModelFileError."""
    if len({path.resolve() for path in run_dirs}) < max(2, len(run_dirs)):
        raise RunError("Name at least two runs for an ensemble, and each of them once.")
    for path in run_dirs:
        if runs.state(path) == "absent":
            raise RunError(f"There is no run in {path}; name the folders of finished runs.")
    files = [model_file.open_model(model_file.locate(path)) for path in run_dirs]
    for path, file in zip(run_dirs[1:], files[1:], strict=True):
        _check_alike(path.name, file.manifest, run_dirs[0].name, files[0].manifest)
    classes = files[0].manifest.classes
    return [
        _Taken(file, read_measured(path, path.resolve().name), tuple(map(file.manifest.classes.index, classes)))
        for path, file in zip(run_dirs, files, strict=True)
    ]


def _check_alike(name: str, manifest: Manifest, first_name: str, first: Manifest) -> None:
    """Raises ModelFileError that names what two runs do not have in common."""
    differing = sorted(set(manifest.classes) ^ set(first.classes))
    if differing:
        knows, lacks = (name, first_name) if differing[0] in manifest.classes else (first_name, name)
        raise ModelFileError(
            f"“{knows}” knows the class “{differing[0]}” and “{lacks}” does not; an ensemble needs runs with the same "
            "classes."
        )
    for field, words in (("image_size", "image size"), ("fit", "fit"), ("interpolation", "interpolation")):
        theirs, asked = getattr(manifest.preprocessing, field), getattr(first.preprocessing, field)
        if theirs != asked:
            raise ModelFileError(
                f"“{name}” has {words} {theirs} and “{first_name}” {asked}; an ensemble needs runs that see photos in "
                "the same way, so train one of them anew."
            )


def _common(taken: Sequence[_Taken], split: str) -> tuple[Key, ...]:
    measured = [one.run for one in taken]
    return common_photos(measured, split, trained_by_any(measured))


def _shares(one: _Taken, split: str, keys: Sequence[Key]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and calibrated probabilities of a run, by the whole's order of the classes."""
    labels, shares = one.run.answers(split, keys)
    return np.argsort(one.columns)[labels], shares[:, one.columns]


def _metrics(taken: Sequence[_Taken], common: dict[str, tuple[Key, ...]]) -> dict[str, Any]:
    """As metrics.json has them, from what the runs answered; a split without photos in common is None."""
    metrics: dict[str, Any] = {"val": None, "test": None, "temperature": 1.0}
    for split, keys in common.items():
        if keys:
            labels, first = _shares(taken[0], split, keys)
            mean = sum((_shares(one, split, keys)[1] for one in taken[1:]), first) / len(taken)
            metrics[split] = summary(labels, mean, taken[0].file.manifest.classes).as_dict()
        metrics[f"{split}_accuracy"] = metrics[split]["accuracy"] if keys else None
    return metrics


def _manifest(taken: Sequence[_Taken], metrics: dict[str, Any]) -> Manifest:
    manifests = [one.file.manifest for one in taken]
    titles = [manifest.architecture.get("title", "a network") for manifest in manifests]
    counts = [manifest.architecture.get("parameters") for manifest in manifests]
    datasets = {manifest.lineage.get("dataset") for manifest in manifests}
    return Manifest(
        name=f"{' + '.join(sorted(filter(None, datasets)))} · ensemble of {len(taken)}",
        classes=manifests[0].classes,
        preprocessing=_preprocessing([manifest.preprocessing for manifest in manifests]),
        architecture={
            "name": "ensemble",
            "title": f"an ensemble of {', '.join(titles)}",
            "parameters": None if None in counts else sum(filter(None, counts)),
            "licence": _each_once(manifest.architecture.get("licence") for manifest in manifests),
        },
        metrics=metrics,
        lineage={
            "created": f"{datetime.now():%Y-%m-%d %H:%M}",
            "dataset": _each_once(manifest.lineage.get("dataset") for manifest in manifests),
            "members": ", ".join(one.run.name for one in taken),
            "weights": _each_once(manifest.lineage.get("weights") for manifest in manifests),
            "weights_licence": _each_once(manifest.lineage.get("weights_licence") for manifest in manifests),
        },
    )


def _each_once(words: Any) -> str | None:
    return "; ".join(dict.fromkeys(filter(None, words))) or None


def _preprocessing(seen: Sequence[Preprocessing]) -> Preprocessing:
    """What the members have in common; each normalises for itself, so where they differ no mean is told."""
    same = len({(one.channels, one.mean, one.std) for one in seen}) == 1
    changes = {} if same else {"mean": (), "std": (), "channels": max(one.channels for one in seen)}
    return seen[0].model_copy(update=changes)


def _parity(
    path: Path, taken: Sequence[_Taken], common: dict[str, tuple[Key, ...]], control: Control
) -> Generator[Event, None, ParityMeasured | None]:
    """The ensemble's file against the mean of the runs' files on the same pixels; None where a stop came."""
    images = _images(taken[0], common)
    if not len(images):
        text = "No photo of these runs is there any more, so the ensemble is compared with them on drawn noise."
        yield Notice(text, "parity_on_noise")
        size = taken[0].file.manifest.preprocessing.image_size
        images = np.random.default_rng(0).integers(0, 256, (NOISE_IMAGES, size, size, 3), np.uint8)
    whole = Classifier(model_file.open_model(path))
    members = [(Classifier(one.file), one.columns) for one in taken]
    wholes, means = [], []
    for start in range(0, len(images), PARITY_BATCH):
        if control.stopping or control.finishing:
            return None
        batch = images[start : start + PARITY_BATCH]
        wholes.append(whole.probabilities(batch))
        means.append(np.mean([member.probabilities(batch)[:, columns] for member, columns in members], axis=0))
    one, other = np.concatenate(wholes), np.concatenate(means)
    same = float((one.argmax(1) == other.argmax(1)).mean())
    return ParityMeasured(len(images), same, float(np.abs(one - other).max()))


def _images(one: _Taken, common: dict[str, tuple[Key, ...]]) -> Pixels:
    """Up to 256 of the photos in common, or of the run's own, evenly chosen; those that can be read."""
    keys = [(split, key) for split, found in common.items() for key in found]
    keys = keys or [(split, key) for split in SPLITS for key in one.run.photos[split]]
    seen = one.file.manifest.preprocessing
    images = []
    for place in np.unique(np.linspace(0, max(0, len(keys) - 1), min(PARITY_PHOTOS, len(keys))).astype(int)):
        split, key = keys[place]
        path = one.run.photos[split][key].path
        try:
            images.append(photos.read(path, seen.image_size, seen.fit, interpolation=seen.interpolation).pixels)
        except PhotoError:
            continue
    return np.stack(images) if images else np.empty((0, seen.image_size, seen.image_size, 3), np.uint8)


def _finished(
    out: Path, taken: Sequence[_Taken], common: dict[str, tuple[Key, ...]], metrics: dict[str, Any]
) -> EnsembleFinished:
    best = {}
    for split, keys in common.items():
        answers = [_shares(one, split, keys) for one in taken] if keys else []
        best[split] = max((float((shares.argmax(1) == labels).mean()) for labels, shares in answers), default=None)
    return EnsembleFinished(
        model_file=out,
        members=tuple(one.run.name for one in taken),
        val_photos=len(common["val"]),
        val_accuracy=metrics["val_accuracy"],
        best_val_accuracy=best["val"],
        test_photos=len(common["test"]),
        test_accuracy=metrics["test_accuracy"],
        best_test_accuracy=best["test"],
        model_bytes=out.stat().st_size,
    )
