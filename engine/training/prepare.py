"""What a run is made of, read from its directory or decided and written there: before the first epoch."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from engine import runs
from engine.config import TrainConfig
from engine.config.augmentations import preset_of
from engine.control import Control
from engine.dataset.copies import copies
from engine.dataset.index import Photo, load
from engine.dataset.kept_photos import KeptPhotos
from engine.dataset.loader import PhotoLoader
from engine.dataset.split import assign_splits
from engine.devices import cpu_threads
from engine.diagnosis import record
from engine.errors import DatasetError, RunError, ThawError
from engine.events import Event, Notice, RunStarted, StageStarted
from engine.models.build import (
    Classifier,
    build,
)
from engine.models.catalog import ModelSpec, check_exportable, find_model, for_weights
from engine.models.own_models import as_written
from engine.models.recipes import choose_recipe
from engine.models.strategies import Strategy, find_strategy
from engine.models.timelines import PlannedPhase
from engine.training.device import moved_to, pick_device
from engine.training.first_weights import first_weights, name_weights
from engine.training.keeping import checkpoint
from engine.training.keeping.checkpoint import Checkpoint, Progress
from engine.training.keeping.contents import check_contents, content_hash, hashes_of, write_contents
from engine.training.keeping.continued import check_classes, earlier_run
from engine.training.learner.fitting import free_bytes
from engine.training.learner.precision import choose_precision
from engine.training.learner.teacher import check_teacher, find_teacher
from engine.training.loop import Source
from engine.training.phases import last_to_train, planned
from engine.training.pseudo_labelled import with_pseudo_labels
from engine.training.run_parts import Run

VIEWS = 4
"""Augmented views of a photo, where layers are frozen."""

EVEN_ENOUGH = 1.5
"""Above this ratio of the largest to the smallest class, `class_weights = "auto"` balances them."""


def prepare(
    run_dir: Path,
    weights_dir: Path | None,
    offline: bool,
    control: Control,
    *,
    hashed: bool = True,
    accept_changes: bool = False,
    device: str = "auto",
) -> Generator[Event, None, Run]:
    """Read, or decide and write, all that the run is made of.

    Without `hashed` no photo's content is read: for who keeps nothing of it. `accept_changes` lets a run go on with
    photos that changed since it began, `device` (auto: its own) moves it to another.
    """
    begun_on = runs.read_config(run_dir).device
    config = yield from _settled(run_dir, weights_dir, control, hashed, accept_changes, device)
    strategy = find_strategy(config.strategy)
    spec = for_weights(find_model(config.model), config.weights)
    root, photos, hashes = runs.read_dataset(run_dir)
    classes = tuple(dict.fromkeys(photo.label for photo in photos))
    resumes = checkpoint.is_there(run_dir)
    classifier, resumed = yield from _network(run_dir, config, spec, strategy, classes, weights_dir, offline, control)
    progress = resumed.progress
    if not resumes or config.device != begun_on:
        progress = replace(progress, room=free_bytes(config.device))
    runs.cut_history(run_dir, progress.epoch)
    record.cut(run_dir, progress.epoch)
    loader = _loader(config, spec, classes, photos, hashes, root)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(loader.close)
        run = Run(
            folder=run_dir,
            config=config,
            spec=spec,
            strategy=strategy,
            classes=classes,
            photos=photos,
            # One that could not be hashed shares nothing with others that could not.
            hashes=tuple(digest or f"{run_dir.resolve()}/{number}" for number, digest in enumerate(hashes)),
            classifier=classifier,
            loader=loader,
            progress=progress,
            resumed=resumed,
            source=Source(classifier, loader),
            teacher=find_teacher(config, classes),
        )
        for phase in run.plan:
            run.trainable(phase)  # refused here, before the first epoch, where nothing would train
        for name in (runs.METRICS, runs.MODEL, runs.PREDICTIONS):  # of a stopped run that now goes on: no ghost stays
            (run_dir / name).unlink(missing_ok=True)
        runs.forget_ended(run_dir)
        yield _started(run)
        on_failure.pop_all()  # from here on whoever has the run closes it
    return run


def _settled(
    run_dir: Path, weights_dir: Path | None, control: Control, hashed: bool, accept_changes: bool, device: str
) -> Generator[Event, None, TrainConfig]:
    """The settings with nothing left open, and dataset.csv beside them: written now, or held against what is there."""
    config = runs.read_config(run_dir)
    if not (run_dir / runs.DATASET).exists():
        spec, strategy = find_model(config.model), find_strategy(config.strategy)
        config = name_weights(config, spec, strategy, weights_dir)
        return (yield from _write_plan(run_dir, config, for_weights(spec, config.weights), strategy, control, hashed))
    config = yield from moved_to(run_dir, config, device)
    _check_photos(runs.read_dataset(run_dir)[1])
    yield from check_contents(run_dir, config.threads or cpu_threads(), accept_changes, control)
    return config


def _network(
    run_dir: Path,
    config: TrainConfig,
    spec: ModelSpec,
    strategy: Strategy,
    classes: tuple[str, ...],
    weights_dir: Path | None,
    offline: bool,
    control: Control,
) -> Generator[Event, None, tuple[Classifier, Checkpoint]]:
    """The network with its first weights or its last ones, on its device, and what else the checkpoint holds."""
    torch.set_num_threads(config.threads or cpu_threads())
    torch.manual_seed(config.seed)
    network = build(spec, len(classes), config.head, config.head_width, config.head_dropout)
    described = ""
    if not checkpoint.is_there(run_dir):
        described = yield from first_weights(network, config, spec, strategy, classes, weights_dir, offline, control)
    resumed = checkpoint.load(run_dir, network, as_written(spec))
    yield from resumed.notices
    words = resumed.progress.weights or described
    resumed = replace(resumed, progress=replace(resumed.progress, weights=words))
    classifier = Classifier(network, spec, one_vs_all=config.loss == "bce").to(config.device)
    if config.channels_last:
        classifier.to(memory_format=torch.channels_last)
    return classifier, resumed


def _loader(
    config: TrainConfig,
    spec: ModelSpec,
    classes: Sequence[str],
    photos: Sequence[Photo],
    hashes: Sequence[str],
    root: Path,
) -> PhotoLoader:
    """Reads the run's photos; those that are read in every epoch can be kept decoded."""
    assert config.image_size and config.threads
    several = config.cache == "auto" and config.epochs > 1
    names = [digest if several and photo.split != "test" else "" for photo, digest in zip(photos, hashes, strict=True)]
    paths = [photo.path for photo in photos]
    kept = KeptPhotos(paths, config.image_size, config.fit, spec.interpolation, names)
    preset = preset_of(config.augmentation, config.augmentation_strengths)
    return PhotoLoader(
        photos, classes, config.image_size, config.fit, spec.interpolation, config.threads, kept, preset, root
    )


def _check_photos(photos: Sequence[Photo]) -> None:
    """Raises RunError that names a class of the run of which not one photo is there any more."""
    folders = {photo.label: photo.path.parent for photo in photos}
    there: set[str] = set()
    for photo in photos:
        if photo.label not in there and photo.path.is_file():
            there.add(photo.label)
    gone = [label for label in folders if label not in there]
    if gone and there:
        raise RunError(
            f"Not one photo of the class “{gone[0]}” of this run is there any more ({folders[gone[0]]}); put them "
            "back, or start a new run with the classes there are."
        )
    if gone:
        raise RunError(f"The photos of this run are gone ({folders[gone[0]]}); check that their drive is connected.")


def _write_plan(
    run_dir: Path, config: TrainConfig, spec: ModelSpec, strategy: Strategy, control: Control, hashed: bool
) -> Generator[Event, None, TrainConfig]:
    """Decide what the settings leave open, cut the splits, and write config.toml and dataset.csv."""
    hash_of = content_hash if hashed else _unknown_hash
    _check_start(config, strategy)
    earlier = earlier_run(config) if config.continue_from else None
    yield StageStarted("Looking through the dataset")
    index = load(config.data, control)
    photos, notices = assign_splits(index, config.seed, config.val_share, config.test_share)
    for text in index.findings:
        yield Notice(text, "finding")
    yield from notices
    if not any(photo.split == "val" for photo in photos):
        raise DatasetError("No photos are left for validation; give each class at least three photos.")
    if earlier:
        check_classes(earlier, tuple(dict.fromkeys(photo.label for photo in photos)))
    if config.teacher:
        check_teacher(config.teacher, tuple(dict.fromkeys(photo.label for photo in photos)))
    settled = resolve(config, spec, strategy, photos)
    assert settled.threads
    began = time.time_ns()
    if hashed:
        yield StageStarted("Reading what the photos hold")
    hashes = hashes_of(photos, hash_of, settled.threads, control)
    if control.stopping:
        raise DatasetError("The run was stopped before its photos were read.")
    yield from copies(photos, hashes)
    if config.pseudo_labels:
        photos, hashes = yield from with_pseudo_labels(config.pseudo_labels, photos, hashes, hash_of)
        settled = resolve(config, spec, strategy, photos)  # the classes may be as uneven as that now
    runs.write_config(run_dir, settled)
    write_contents(run_dir, photos, hashes, index.root, began)
    return settled


def _check_start(config: TrainConfig, strategy: Strategy) -> None:
    """Raises ThawError where strategy and setting do not agree on what to begin with."""
    if strategy.from_run and not config.continue_from:
        raise ThawError(
            f"The strategy “{strategy.name}” needs an earlier run; name its folder with --continue-from, or choose "
            "another strategy."
        )
    if config.continue_from and not strategy.pretrained:
        raise ThawError(
            f"The strategy “{strategy.name}” begins with random weights, so it cannot continue from a run; choose "
            "“continue”."
        )


def resolve(config: TrainConfig, spec: ModelSpec, strategy: Strategy, photos: Sequence[Photo]) -> TrainConfig:
    """`config` with every None and "auto" decided. Raises ThawError for an image size or device that cannot be."""
    check_exportable(spec)
    size = config.image_size or spec.input_size
    if (spec.fixed_size and size != spec.input_size) or size < spec.smallest_size:
        wanted = f"exactly {spec.input_size}" if spec.fixed_size else f"at least {spec.smallest_size}"
        raise ThawError(f"{spec.title} takes images of {wanted} pixels, not {size}; change the image size.")
    device = pick_device(config.device)
    planned(config, spec, strategy, Progress())  # raises where “unfreeze” does not fit the model
    labels = [photo.label for photo in photos if photo.split == "train"]
    counts = Counter(labels).values()
    uneven = config.sampling == "each" and max(counts) > EVEN_ENOUGH * min(counts)
    views = 0 if config.mixup or config.cutmix else VIEWS  # what is mixed is new in every epoch anyway
    return choose_recipe(config, spec, strategy).with_changes(
        data=config.data.resolve(),
        continue_from=config.continue_from.resolve() if config.continue_from else None,
        pseudo_labels=config.pseudo_labels.resolve() if config.pseudo_labels else None,
        teacher=config.teacher.resolve() if config.teacher else None,
        image_size=size,
        device=device,
        precision=choose_precision(config.precision, device),
        threads=config.threads or cpu_threads(),
        channels_last=True if config.channels_last is None else config.channels_last,
        views=views if config.views is None else config.views,
        class_weights=("balanced" if uneven else "none") if config.class_weights == "auto" else config.class_weights,
    )


def _unknown_hash(_photo: Photo) -> str:
    return ""


def _started(run: Run) -> RunStarted:
    counts = {split: len(run.numbers(split)) for split in ("train", "val", "test")}
    network = run.classifier.network
    run.freeze(PlannedPhase("", 1, run.config.epochs, last_to_train(run.config, run.spec, run.strategy)))
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
        parameters=sum(p.numel() for p in network.parameters()),
        trainable_parameters=sum(p.numel() for p in network.parameters() if p.requires_grad),
        epochs=run.config.epochs,
        steps_per_epoch=len(run.groups(1)),
        first_epoch=run.progress.epoch + 1,
        weights=run.progress.weights,
    )
