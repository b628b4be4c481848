"""What a run is made of, read from its directory or decided and written there: before the first epoch."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.index import Photo, load
from engine.dataset.loader import PhotoLoader, in_groups
from engine.dataset.split import assign_splits
from engine.devices import cpu_threads
from engine.errors import DatasetError, ThawError
from engine.events import Event, Notice, RunStarted, StageStarted, Transferred
from engine.models import weights
from engine.models.build import Classifier, build, build_pretrained, owners
from engine.models.catalog import ModelSpec, find_model
from engine.models.strategies import Phase, Strategy, find_strategy, trainable_layers
from engine.training import checkpoint
from engine.training.checkpoint import Progress
from engine.training.optimizer import choose_recipe

EVEN_ENOUGH = 1.5
"""Above this ratio of the largest to the smallest class, `class_weights = "auto"` balances them."""


@dataclass
class Run:
    """What the parts of a run share; made by `prepare`, closed by `train`."""

    folder: Path
    config: TrainConfig
    spec: ModelSpec
    strategy: Strategy
    classes: tuple[str, ...]
    photos: tuple[Photo, ...]
    classifier: Classifier
    loader: PhotoLoader
    progress: Progress
    optimizer_state: dict[str, object] | None

    @functools.cached_property
    def _numbers(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {"train": [], "val": [], "test": []}
        for number, photo in enumerate(self.photos):
            found[photo.split].append(number)
        return found

    def numbers(self, split: str) -> list[int]:
        """The places in `photos` of a split's photos, in order."""
        return self._numbers[split]

    def trainable(self, phase: Phase) -> tuple[str, ...]:
        layers = owners(self.classifier.network)
        return trainable_layers(layers, self.spec.blocks, self.spec.last_blocks, phase.reach, self.config.trainable)


def prepare(run_dir: Path, weights_dir: Path | None, offline: bool, control: Control) -> Generator[Event, None, Run]:
    """Read, or decide and write, all that the run is made of."""
    config = runs.read_config(run_dir)
    spec, strategy = find_model(config.model), find_strategy(config.strategy)
    if not (run_dir / runs.DATASET).exists():
        config = yield from _write_plan(run_dir, config, spec, strategy, control)
    for name in (runs.METRICS, runs.MODEL, runs.PREDICTIONS):  # of a stopped run that now goes on: no ghost stays
        (run_dir / name).unlink(missing_ok=True)
    _, photos, _ = runs.read_dataset(run_dir)
    classes = tuple(dict.fromkeys(photo.label for photo in photos))
    torch.set_num_threads(config.threads or cpu_threads())
    torch.manual_seed(config.seed)
    described = "random weights"
    if strategy.pretrained and not (run_dir / runs.LAST).exists():
        yield StageStarted("Reading the pretrained weights")
        found = yield from _obtained(spec, weights_dir, offline, control)
        described = found.description
        network = build_pretrained(spec, len(classes), found.path)
    else:
        network = build(spec, len(classes))
    progress, optimizer_state = checkpoint.load(run_dir, network)
    progress = replace(progress, weights=progress.weights or described)
    runs.cut_history(run_dir, progress.epoch)
    classifier = Classifier(network, spec).to(config.device)
    if config.channels_last:
        classifier.to(memory_format=torch.channels_last)
    assert config.image_size and config.threads
    loader = PhotoLoader(photos, classes, config.image_size, config.fit, spec.interpolation, config.threads)
    run = Run(run_dir, config, spec, strategy, classes, photos, classifier, loader, progress, optimizer_state)
    yield _started(run)
    return run


def _obtained(
    spec: ModelSpec, weights_dir: Path | None, offline: bool, control: Control
) -> Generator[Notice | Transferred, None, weights.FoundWeights]:
    found = yield from weights.obtain(spec, weights_dir, offline=offline, control=control)
    if found.official is None:
        yield Notice(f"The pretrained weights are {found.description}.", "own_weights", found.path)
    return found


def _write_plan(
    run_dir: Path, config: TrainConfig, spec: ModelSpec, strategy: Strategy, control: Control
) -> Generator[Event, None, TrainConfig]:
    """Decide what the settings leave open, cut the splits, and write config.toml and dataset.csv."""
    yield StageStarted("Looking through the dataset")
    index = load(config.data, control)
    photos, notices = assign_splits(index, config.seed, config.val_share, config.test_share)
    for text in index.findings:
        yield Notice(text, "finding")
    yield from notices
    if not any(photo.split == "val" for photo in photos):
        raise DatasetError("No photos are left for validation; give each class at least three photos.")
    config = resolve(config, spec, strategy, photos)
    runs.write_config(run_dir, config)
    with ThreadPoolExecutor(config.threads) as pool:
        hashes = list(pool.map(_content_hash, photos))
    runs.write_dataset(run_dir, photos, hashes, index.root)
    return config


def resolve(config: TrainConfig, spec: ModelSpec, strategy: Strategy, photos: Sequence[Photo]) -> TrainConfig:
    """`config` with every None and "auto" decided. Raises ThawError for an image size or device that cannot be."""
    size = config.image_size or spec.input_size
    if (spec.fixed_size and size != spec.input_size) or size < spec.smallest_size:
        wanted = f"exactly {spec.input_size}" if spec.fixed_size else f"at least {spec.smallest_size}"
        raise ThawError(f"{spec.title} takes images of {wanted} pixels, not {size}; change the image size.")
    labels = [photo.label for photo in photos if photo.split == "train"]
    counts = Counter(labels).values()
    uneven = max(counts) > EVEN_ENOUGH * min(counts)
    return choose_recipe(config, strategy).with_changes(
        data=config.data.resolve(),
        image_size=size,
        device=_pick_device(config.device),
        threads=config.threads or cpu_threads(),
        channels_last=True if config.channels_last is None else config.channels_last,
        class_weights=("balanced" if uneven else "none") if config.class_weights == "auto" else config.class_weights,
    )


def _pick_device(wanted: str) -> str:
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if here[name])
    if not here[wanted]:
        raise ThawError(f"The device “{wanted}” is not available here; “thaw doctor” says why. Use auto or cpu.")
    return wanted


def _content_hash(photo: Photo) -> str:
    try:
        with photo.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # the loader will tell, and leave the photo out


def _started(run: Run) -> RunStarted:
    counts = {split: len(run.numbers(split)) for split in ("train", "val", "test")}
    network = run.classifier.network
    last = set(run.trainable(run.strategy.phases[-1]))
    sizes = {name: sum(p.numel() for p in network.get_submodule(name).parameters(False)) for name in owners(network)}
    return RunStarted(
        run_dir=run.folder,
        model=run.spec.name,
        strategy=run.strategy.name,
        device=run.config.device,
        threads=run.config.threads or 0,
        classes=run.classes,
        train_photos=counts["train"],
        val_photos=counts["val"],
        test_photos=counts["test"],
        parameters=sum(sizes.values()),
        trainable_parameters=sum(size for name, size in sizes.items() if name in last),
        epochs=run.config.epochs,
        steps_per_epoch=len(in_groups(run.numbers("train"), run.config.batch_size)),
        first_epoch=run.progress.epoch + 1,
        weights=run.progress.weights,
    )
