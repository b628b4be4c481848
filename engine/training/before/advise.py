"""advise: which model, strategy, head, augmentation and epochs suit a dataset, and why.

training photos per class -> size      frozen features of at most 500 photos -> linear probe -> similarity
size × similarity -> a row of `models/advice.py`
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch

from engine.control import Control
from engine.dataset.index import DatasetIndex, Photo, scan
from engine.dataset.loader import PhotoLoader
from engine.dataset.split import assign_splits
from engine.devices import cpu_threads
from engine.events import Advice, Event, Model, Notice, StageStarted
from engine.memory import keep_memory
from engine.models import advice, tables
from engine.models.advice import AdviceRow
from engine.models.catalog import ModelSpec, find_model, for_weights
from engine.models.pretrained import weights
from engine.training.before.frozen_features import Eye, Seen
from engine.training.before.probe import Probe, cross_validate

MOST_PHOTOS = 500
LEAST_PER_CLASS = 5
"""Photos of each class in the sample: with more classes than 100, a hundred of them stand for all."""


def advise(
    data: Path,
    *,
    model: str | None = None,
    weights_dir: Path | None = None,
    seed: int = 0,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Yield progress, a Notice for each photo left out, and one Advice last; nothing is written, fetched or trained.

    `model` asks about that architecture only; None chooses among those with weights on this machine. Where there are
    none, a Notice says so and the advice goes by size alone. A stop ends it without an Advice. Raises ThawError for a
    folder that cannot be trained on, an unknown model, weights that are damaged, and where no photo can be read.
    """
    began = time.perf_counter()
    control = control or Control()
    keep_memory()
    yield StageStarted("Looking through the dataset")
    index = _scanned(data, control)
    if index is None:
        return
    photos, _ = assign_splits(index, seed)
    train = [photo for photo in photos if photo.split == "train"]
    chosen = _choose(model, weights_dir, len(train))
    if not chosen.weights:
        yield Notice(_no_weights(chosen, asked=model is not None), "no_weights")
        yield _advice(chosen, index, train, None, None, time.perf_counter() - began)
        return
    sample = sample_of(train, index.classes, seed)
    measured = yield from _measured(find_model(chosen.name), sample, index.classes, weights_dir, control)
    if measured is None:
        return
    probe, pixels = (cross_validate(values, measured.labels, seed) for values in (measured.features, measured.pixels))
    yield _advice(chosen, index, train, probe, pixels, time.perf_counter() - began)


def _scanned(data: Path, control: Control) -> DatasetIndex | None:
    """The dataset's index, None where a stop came first; what the scan finds odd is the Data page's to tell."""
    events = scan(data, control)
    while True:
        try:
            next(events)
        except StopIteration as end:
            index: DatasetIndex | None = end.value
            return index


def _choose(name: str | None, weights_dir: Path | None, train_photos: int) -> Model:
    models = tables.list_models(weights_dir)
    if name is not None:
        find_model(name)
        return next(model for model in models if model.name == name)
    cores = None if torch.cuda.is_available() else cpu_threads()
    return advice.choose_model(models, train_photos, cores) or advice.without_weights(models)


def _no_weights(model: Model, asked: bool) -> str:
    what = "No pretrained weights are on this machine"
    if asked and model.has_official_weights:
        what = f"The pretrained weights of {model.title} are not on this machine"
    elif asked:
        what = f"{model.title} has no pretrained weights"
    return f"{what}, so similarity cannot be measured; this goes by the number of photos alone."


def sample_of(photos: Sequence[Photo], classes: Sequence[str], seed: int) -> tuple[Photo, ...]:
    """At most 500 photos, equally many of each class where it has them, drawn by the seed.

    With more than a hundred classes, a hundred drawn by the seed stand for all: fewer than five photos of a class say
    nothing.
    """
    generator = np.random.default_rng(seed)
    most_classes = MOST_PHOTOS // LEAST_PER_CLASS
    kept = sorted(generator.permutation(len(classes))[:most_classes].tolist())
    by_class: dict[str, list[Photo]] = {classes[number]: [] for number in kept}
    for photo in photos:
        by_class.get(photo.label, []).append(photo)
    pools = list(by_class.values())
    for pool in pools:
        generator.shuffle(pool)
    quota = _quota([len(pool) for pool in pools], MOST_PHOTOS)
    return tuple(photo for pool in pools for photo in pool[:quota])


def _quota(sizes: Sequence[int], most: int) -> int:
    """The largest number for each class, of which none has to have as many, whose sum is at most `most`."""
    quota = max(sizes, default=0)
    while quota > 1 and sum(min(quota, size) for size in sizes) > most:
        quota -= 1
    return quota


def _measured(
    spec: ModelSpec, sample: Sequence[Photo], classes: Sequence[str], weights_dir: Path | None, control: Control
) -> Generator[Event, None, Seen | None]:
    """What a frozen network sees in the photos that can be read; None where a stop came first."""
    yield StageStarted("Reading the pretrained weights")
    found = weights.find(spec, weights_dir)
    assert found is not None
    weights.verify(found)
    eye = Eye(for_weights(spec, found.name), found.path, len(classes))
    loader = PhotoLoader(sample, classes, spec.input_size, "crop", spec.interpolation, cpu_threads())
    try:
        return (yield from eye.look(loader, control))
    finally:
        loader.close()


def _advice(
    model: Model,
    index: DatasetIndex,
    train: Sequence[Photo],
    probe: Probe | None,
    pixels: Probe | None,
    seconds: float,
) -> Advice:
    counts = Counter(photo.label for photo in train)
    per_class = round(statistics.median(counts[label] for label in index.classes))
    alike = advice.similarity(probe.accuracy, max(probe.chance, pixels.accuracy)) if probe and pixels else None
    row = _row(model, per_class, alike)
    accuracy, photos = (probe.accuracy, probe.photos) if probe else (None, 0)
    return Advice(
        model=model.name,
        strategy=row.strategy,
        head=row.head,
        augmentation=row.augmentation,
        epochs=advice.epochs_of(row, len(train)),
        sentences=advice.sentences(row, per_class, accuracy, photos, advice.likeness_of(alike)),
        photos_per_class=per_class,
        similarity=alike,
        probe_accuracy=accuracy,
        probe_photos=photos,
        seconds=seconds,
        self_training=row.self_training,
    )


def _row(model: Model, per_class: int, similarity: float | None) -> AdviceRow:
    """The table's row; for a model that has no pretrained weights anywhere, the one of its size from scratch."""
    if not model.weights and not model.has_official_weights:
        return advice.SCRATCH_ROWS[advice.size_of(per_class)]
    return advice.find_row(per_class, similarity)
