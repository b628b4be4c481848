"""The run, from top to bottom: read this file first.

    settings -> splits -> network -> phases of epochs -> best weights -> tests -> model file -> metrics.json

Everything that decides bits is in the run directory's config.toml and dataset.csv, and randomness comes from (seed,
epoch, photo) alone, so a run that was killed goes on to the same weights.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.index import Photo, load
from engine.dataset.loader import PhotoLoader, in_groups
from engine.dataset.split import assign_splits
from engine.devices import cpu_threads
from engine.errors import DatasetError, ThawError
from engine.events import (
    EpochFinished,
    Event,
    Notice,
    PhaseStarted,
    RunFinished,
    RunStarted,
    StageStarted,
    Transferred,
)
from engine.models import weights
from engine.models.build import Classifier, build, build_pretrained, owners, set_trainable
from engine.models.catalog import ModelSpec, find_model
from engine.models.strategies import Phase, Strategy, find_strategy, split_epochs, trainable_layers
from engine.training import checkpoint
from engine.training.checkpoint import Progress
from engine.training.finish import close_run
from engine.training.log import logged
from engine.training.loop import Answers, Epoch, EpochResult, answer, check_loss, train_epoch
from engine.training.memory import keep_memory
from engine.training.optimizer import default_learning_rate, learning_rate, make_optimizer

EVEN_ENOUGH = 1.5
"""Above this ratio of the largest to the smallest class, `class_weights = "auto"` balances them."""


@dataclass
class Run:
    """What the parts of a run share; made by `_prepare`, closed by `train`."""

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

    def numbers(self, split: str) -> list[int]:
        """The places in `photos` of a split's photos."""
        return [number for number, photo in enumerate(self.photos) if photo.split == split]

    def trainable(self, phase: Phase) -> tuple[str, ...]:
        layers = owners(self.classifier.network)
        return trainable_layers(layers, self.spec.blocks, self.spec.last_blocks, phase.reach, self.config.trainable)


def train(
    config: TrainConfig,
    run_dir: Path,
    *,
    resume: bool = False,
    weights_dir: Path | None = None,
    offline: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Train as `config` asks and leave a run directory; yields one RunStarted first of the run's own events and one
    RunFinished last.

    With `resume`, the run in `run_dir` goes on with its own settings (a finished one is said to be so; where there is
    none, a new one starts). *Finish* ends with the best so far; *stop* does too, and leaves the run resumable.
    Raises ThawError for everything a person can mend.
    """
    control = control or Control()
    keep_memory()
    if resume and runs.state(run_dir) == "finished":
        yield Notice("This run is finished; there is nothing to resume.", "already_finished")
        yield finished_event(run_dir)
        return
    fresh = not resume or runs.state(run_dir) == "absent"
    if fresh:
        runs.create(run_dir, config)
    started = False
    try:
        for event in logged(run_dir, _run(run_dir, weights_dir, offline, control)):
            started = started or isinstance(event, RunStarted)
            yield event
    except ThawError:
        if fresh and not started:  # what could not start is no run, and the folder can be used again
            runs.discard(run_dir)
        raise


def _run(run_dir: Path, weights_dir: Path | None, offline: bool, control: Control) -> Generator[Event, None, None]:
    start = time.perf_counter()
    run = yield from _prepare(run_dir, weights_dir, offline, control)
    earlier = run.progress.seconds
    try:
        yield from _phases(run, control, lambda: earlier + time.perf_counter() - start)
        run.progress = replace(run.progress, seconds=earlier + time.perf_counter() - start)
        yield from close_run(run, control, start - earlier)
    finally:
        run.loader.close()


def _prepare(run_dir: Path, weights_dir: Path | None, offline: bool, control: Control) -> Generator[Event, None, Run]:
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
    counts = [labels.count(label) for label in set(labels)]
    uneven = max(counts) > EVEN_ENOUGH * min(counts)
    return config.with_changes(
        data=config.data.resolve(),
        image_size=size,
        device=_pick_device(config.device),
        threads=config.threads or cpu_threads(),
        channels_last=True if config.channels_last is None else config.channels_last,
        learning_rate=config.learning_rate or default_learning_rate(strategy, config),
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


def _phases(run: Run, control: Control, seconds: Callable[[], float]) -> Generator[Event, None, None]:
    """Train phase after phase; `run.progress` says how far it came. A phase's optimizer is its own."""
    first = 1
    counts = split_epochs(run.strategy, run.config.epochs)
    for number, (phase, count) in enumerate(zip(run.strategy.phases, counts, strict=True), 1):
        epochs = range(max(first, run.progress.epoch + 1), first + count)
        names = run.trainable(phase)
        if epochs:
            set_trainable(run.classifier.network, names)
            optimizer = make_optimizer(run.classifier, run.config)
            if epochs.start > first and run.optimizer_state:
                optimizer.load_state_dict(run.optimizer_state)
            trained = sum(p.numel() for p in run.classifier.parameters() if p.requires_grad)
            yield PhaseStarted(phase.title, number, len(counts), first, count, trained)
        for epoch in epochs:
            set_trainable(run.classifier.network, names)
            plan = _plan(run, phase, epoch, epoch - first, count, last_phase=number == len(counts))
            ended = yield from _epoch(run, optimizer, plan, number, control, seconds)
            if ended or control.stopping or control.finishing:
                return
        first += count


def _plan(run: Run, phase: Phase, epoch: int, epochs_before: int, epochs: int, last_phase: bool) -> Epoch:
    """Which photos in which order, how augmented, and at what rate, from (seed, epoch) alone."""
    config = run.config
    assert config.learning_rate
    numbers = np.array(run.numbers("train"))
    order = np.random.default_rng([config.seed, epoch]).permutation(numbers).tolist()
    groups = in_groups(order, config.batch_size)
    steps, peak = len(groups), config.learning_rate * phase.lr_scale

    def rate(step: int) -> float:
        return learning_rate(config, peak, epochs_before * steps + step, epochs * steps, steps)

    def remaining(seconds_per_photo: float) -> float | None:
        """Validation is taken to cost as much a photo as training, which is an upper bound; a later phase trains other
        layers and cannot be known."""
        if not last_phase:
            return None
        later = epochs - epochs_before - 1
        return seconds_per_photo * (later * len(order) + (later + 1) * len(run.numbers("val")))

    torch.manual_seed(config.seed * 100_003 + epoch)  # what dropout draws from
    augmentation = (config.seed, epoch) if config.augmentation == "light" else None
    return Epoch(epoch, groups, augmentation, rate, remaining)


def _epoch(
    run: Run,
    optimizer: torch.optim.Optimizer,
    plan: Epoch,
    phase: int,
    control: Control,
    seconds: Callable[[], float],
) -> Generator[Event, None, bool]:
    """Train, validate, checkpoint. True where patience has run out."""
    result = yield from train_epoch(run.classifier, optimizer, run.loader, plan, _loss(run), control)
    if control.stopping or not result.photos:
        if not result.photos and not control.stopping:
            raise ThawError("Not one training photo could be read; check that the dataset's drive is connected.")
        return False
    val = yield from answer(run.classifier, run.loader, in_groups(run.numbers("val"), 64), control)
    if val is None:
        return False
    check_loss(val.loss)
    run.progress = _progress(run.progress, plan.number, val, result, seconds())
    waited = plan.number - run.progress.best_epoch
    event = _epoch_event(run, plan, phase, result, val, waited)
    runs.append_history(run.folder, event)
    checkpoint.save(run.folder, run.classifier.network, optimizer, run.progress)
    yield event
    return bool(run.config.patience) and waited >= run.config.patience


def _progress(before: Progress, epoch: int, val: Answers, result: EpochResult, seconds: float) -> Progress:
    """The best epoch has the highest validation accuracy; among equals, the lowest validation loss."""
    better = (val.accuracy, -val.loss) > (before.best_val_accuracy, -before.best_val_loss)
    return replace(
        before,
        epoch=epoch,
        best_epoch=epoch if better else before.best_epoch,
        best_val_accuracy=val.accuracy if better else before.best_val_accuracy,
        best_val_loss=val.loss if better else before.best_val_loss,
        seconds=seconds,
        trained_photos=before.trained_photos + result.photos,
        training_seconds=before.training_seconds + result.seconds,
    )


def _epoch_event(run: Run, plan: Epoch, phase: int, result: EpochResult, val: Answers, waited: int) -> EpochFinished:
    speed = result.photos / result.seconds
    left = plan.remaining(1 / speed)
    return EpochFinished(
        epoch=plan.number,
        epochs=run.config.epochs,
        phase=phase,
        train_loss=result.loss / result.photos,
        train_accuracy=result.right / result.photos,
        val_loss=val.loss,
        val_accuracy=val.accuracy,
        learning_rate=plan.rate(len(plan.groups) - 1),
        seconds=result.seconds,
        images_per_second=speed,
        best_epoch=run.progress.best_epoch,
        best_val_accuracy=run.progress.best_val_accuracy,
        patience_left=run.config.patience - waited if run.config.patience else None,
        seconds_left=None if left is None else max(0.0, left - len(run.numbers("val")) / speed),
    )


def _loss(run: Run) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy; balanced weights are n / (classes · n of the class), as scikit-learn's "balanced"."""
    weight = None
    if run.config.class_weights == "balanced":
        labels = [photo.label for photo in run.photos if photo.split == "train"]
        counts = torch.tensor([labels.count(name) for name in run.classes], dtype=torch.float32)
        weight = (len(labels) / (len(run.classes) * counts)).to(run.config.device)
    return partial(F.cross_entropy, weight=weight, label_smoothing=run.config.label_smoothing)


def finished_event(run_dir: Path) -> RunFinished:
    """The RunFinished of a run that has ended, from its files."""
    metrics = runs.read_metrics(run_dir)
    names = ("epochs", "best_epoch", "val_accuracy", "test_accuracy", "seconds", "images_per_second", "stopped")
    return RunFinished(run_dir, **{name: metrics[name] for name in names}, model_file=run_dir / runs.MODEL)
