"""baseline: the first honest figure of a dataset, before any training.

pretrained network -> features of the training and validation photos -> linear classifier -> validation accuracy
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch

from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.index import Photo, load
from engine.dataset.loader import PhotoLoader
from engine.dataset.split import assign_splits
from engine.devices import cpu_threads
from engine.events import BaselineMeasured, Event, Notice, StageStarted
from engine.memory import keep_memory
from engine.models import advice, tables
from engine.models.catalog import find_model, for_weights
from engine.models.pretrained import weights
from engine.models.spec import ModelSpec
from engine.runs import baselines
from engine.runs.baselines import Baseline
from engine.training.before.frozen_features import Eye, Seen
from engine.training.before.probe import answers
from engine.wilson import wilson

MOST_TRAIN, MOST_VAL = 4000, 2000
"""Photos looked at: about a minute of a small network on two cores. The interval of 2,000 is 2 points wide each way at
its widest."""


def baseline(
    config: TrainConfig, *, weights_dir: Path | None = None, control: Control | None = None
) -> Generator[Event, None, None]:
    """Yield progress, a Notice for each photo left out, and one BaselineMeasured last; it is kept for later runs.

    The network is that of the settings where its weights are on this machine, else the one that suits the number of
    photos; where there are no weights at all a Notice says so, and nothing is measured. Splits are those of a run with
    these settings; the test photos are not looked at. A stop ends it without a result. Raises ThawError for a folder
    that cannot be trained on, and weights that are damaged.
    """
    began = time.perf_counter()
    control = control or Control()
    keep_memory()
    yield StageStarted("Looking through the dataset")
    photos, _ = assign_splits(load(config.data, control), config.seed, config.val_share, config.test_share)
    train, val = ([photo for photo in photos if photo.split == split] for split in ("train", "val"))
    spec = choose(config.model, weights_dir, len(train))
    if spec is None:
        yield Notice("No pretrained weights are on this machine, so there is no baseline.", "no_weights")
        return
    chosen = (_sample(train, MOST_TRAIN, config.seed), _sample(val, MOST_VAL, config.seed))
    seen = yield from _seen(spec, config, chosen[0] + chosen[1], weights_dir, control)
    if seen is None:
        return
    found = _measured(spec, seen, len(chosen[0]))
    if found is None:
        yield Notice("Too few photos could be read for a baseline.", "too_few")
        return
    with contextlib.suppress(OSError):  # it is only for later runs, and what was measured is told all the same
        baselines.keep(photos, found)
    yield BaselineMeasured(data=config.data, seconds=time.perf_counter() - began, **vars(found))


def choose(model: str, weights_dir: Path | None, train_photos: int) -> ModelSpec | None:
    """The architecture that looks: `model`, or another where only that one's weights are here; None for none."""
    here = tables.list_models(weights_dir)
    if any(row.name == model and row.weights for row in here):
        return find_model(model)
    other = advice.choose_model(here, train_photos, None if torch.cuda.is_available() else cpu_threads())
    return find_model(other.name) if other else None


def _sample(photos: Sequence[Photo], most: int, seed: int) -> tuple[Photo, ...]:
    """At most so many, drawn by the seed, as they are mixed."""
    if len(photos) <= most:
        return tuple(photos)
    drawn = np.random.default_rng(seed).permutation(len(photos))[:most]
    return tuple(photos[number] for number in sorted(drawn.tolist()))


def _seen(
    spec: ModelSpec, config: TrainConfig, photos: Sequence[Photo], weights_dir: Path | None, control: Control
) -> Generator[Event, None, Seen | None]:
    yield StageStarted("Reading the pretrained weights")
    found = weights.find(spec, weights_dir)
    assert found is not None
    weights.verify(found)
    spec = for_weights(spec, found.name)
    classes = sorted({photo.label for photo in photos})
    size = spec.input_size if spec.fixed_size else max(config.image_size or spec.input_size, spec.smallest_size)
    yield StageStarted("Measuring a baseline")
    loader = PhotoLoader(photos, classes, size, config.fit, spec.interpolation, cpu_threads())
    try:
        return (yield from Eye(spec, found.path, len(classes)).look(loader, control))
    finally:
        loader.close()


def _measured(spec: ModelSpec, seen: Seen, train_photos: int) -> Baseline | None:
    """What a head that learnt from the first `train_photos` says of the others; None where one side is empty."""
    known = torch.tensor([number < train_photos for number in seen.numbers])
    learnt, asked = seen.labels[known], seen.labels[~known]
    if not len(asked) or len(learnt.unique()) < 2:
        return None
    right = int((answers(seen.features, seen.labels, known, int(seen.labels.max()) + 1) == asked).sum())
    low, high = wilson(right, len(asked))
    (commonest, _), *_ = Counter(learnt.tolist()).most_common(1)
    chance = float((asked == commonest).float().mean())
    return Baseline(spec.name, right / len(asked), low, high, chance, len(learnt), len(asked))
