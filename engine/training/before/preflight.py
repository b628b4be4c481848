"""preflight: how long a run will take on this machine, how much memory and disk, from pieces of it done for real.

the run, prepared and not written -> a few steps, rows and answers, timed -> the whole, by the run's own plan
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import psutil
import torch

from engine import process, runs
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.row_store import existing, stores_folder
from engine.errors import ThawError
from engine.events import Event, Notice, RunEstimated, StageStarted
from engine.memory import keep_memory, peak_bytes
from engine.models.catalog import find_model
from engine.models.short_list import Candidate, candidates
from engine.models.strategies import find_strategy
from engine.models.tables import list_models
from engine.training.before import estimate
from engine.training.before.estimate import Counts, PhaseCost, RunCost
from engine.training.before.measured_run import Measured, python_seconds
from engine.training.before.rehearsal import rehearsed, temporary_folder
from engine.training.finish import PARITY_PHOTOS
from engine.training.run_parts import Run

MOST_PHASES = 3
"""Of a plan with more phases, so many are measured."""
SECONDS = 12.0
"""For all phases together; a step that takes long may take longer."""
ANSWER_SECONDS = 2.5
WHILE_WRITING = 2
"""The run's folder holds so many times what is left in it: one checkpoint is kept back, and the model file is written
beside its place."""
KEPT_FREE = 200_000_000


def preflight(
    config: TrainConfig,
    *,
    compare: bool = False,
    out: Path | None = None,
    weights_dir: Path | None = None,
    offline: bool = False,
    starting_seconds: float = 0.0,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Measure what the run that `config` asks for will take; yields stages and one RunEstimated last.

    With `compare`, a RunEstimated follows for each model and strategy of the short list, each measured in a process of
    its own, for memory cannot be told apart in one; of what cannot be run a Notice says why.
    `out` is where the run would go, whose disk is looked at (None: the usual folder); `starting_seconds` is what the
    program took to start, as it will again. Nothing is kept. A stop ends it without a RunEstimated. Raises ThawError
    for what would keep the run from starting.
    """
    control = control or Control()
    keep_memory()
    yield from _one(config, out, weights_dir, offline, starting_seconds, control)
    if compare:
        for candidate in candidates(config, list_models(weights_dir)):
            yield from _beside(config, candidate, out, weights_dir, offline, control)


def _beside(
    config: TrainConfig,
    candidate: Candidate,
    out: Path | None,
    weights_dir: Path | None,
    offline: bool,
    control: Control,
) -> Generator[Event, None, None]:
    """The estimate of another choice with the same settings else."""
    if control.stopping:
        return
    title = f"{find_model(candidate.model).title}, {find_strategy(candidate.strategy).title.lower()}"
    yield StageStarted(f"Measuring {title}")
    arguments = process.run_arguments(
        config.with_changes(**candidate.changes()), weights_dir=weights_dir, offline=offline
    )
    arguments += ["--out", str(out)] if out else []
    try:
        for event in process.run("preflight", arguments, control):
            if isinstance(event, RunEstimated):
                yield event
    except ThawError as error:
        yield Notice(f"{title}: {error}", "not_estimated")


def _one(
    config: TrainConfig,
    out: Path | None,
    weights_dir: Path | None,
    offline: bool,
    starting_seconds: float,
    control: Control,
) -> Generator[Event, None, None]:
    began = time.perf_counter()
    with temporary_folder() as folder:
        scheduled = config.with_changes(unfreeze_when="schedule")  # when validation saturates, nobody knows before
        run = yield from rehearsed(scheduled, folder, weights_dir, offline, control)
        if run is None:
            return
        preparing = time.perf_counter() - began
        try:
            yield StageStarted("Measuring a few steps on this machine")
            found = _estimated(run, folder, control, starting_seconds + preparing)
        finally:
            run.loader.close()
    if not control.stopping:
        warnings = tuple(_warnings(found, out or runs.default_runs_folder()))
        yield replace(found, warnings=warnings, measured_seconds=time.perf_counter() - began)


def _estimated(run: Run, folder: Path, control: Control, before: float) -> RunEstimated:
    """The estimate, without its warnings."""
    measured = Measured(run, folder, control)
    answer = measured.answering(ANSWER_SECONDS)
    phases = _phases(measured, answer)
    checkpoint_seconds, checkpoint_bytes = measured.checkpoint()
    network = run.classifier.network
    parameters = sum(parameter.numel() for parameter in network.parameters())
    rest = RunCost(
        before=before + measured.hashing(),
        checkpoint=checkpoint_seconds,
        proof=measured.proof(),
        answer=answer,
        python=python_seconds(),
        layers=sum(not any(True for _ in module.children()) for module in network.modules()),
        parameters=parameters,
    )
    test = len(run.numbers("test"))
    val = len(run.numbers("val"))
    counts = Counts(sum(map(len, run.groups(1))), val, test, min(PARITY_PHOTOS, val + test))
    parts = estimate.parts(phases, rest, counts)
    return RunEstimated(
        model=run.spec.name,
        strategy=run.strategy.name,
        epochs=run.config.epochs,
        seconds=sum(seconds for _, seconds in parts),
        seconds_per_epoch=estimate.seconds_per_epoch(phases, rest, counts),
        parts=parts,
        memory_bytes=estimate.memory_bytes(peak_bytes(), parameters),
        gpu_bytes=_gpu_bytes(run),
        disk_bytes=checkpoint_bytes + 4 * parameters,
        cache_bytes=max(phase.kept_bytes for phase in phases),
        warnings=(),
        measured_seconds=0.0,
    )


def _phases(measured: Measured, answer: float) -> list[PhaseCost]:
    plan = measured.run.plan
    chosen = estimate.chosen_phases(len(plan), MOST_PHASES)
    found = {place: measured.phase(plan[place], answer, SECONDS / len(chosen)) for place in chosen}
    return estimate.all_phases(found, [phase.epochs for phase in plan])


def _gpu_bytes(run: Run) -> int:
    return torch.cuda.max_memory_reserved() if run.config.device == "cuda" else 0


def _warnings(found: RunEstimated, out: Path) -> Generator[str, None, None]:
    """A sentence for each thing that will not suffice."""
    here = psutil.virtual_memory()
    # what this process holds now is given back before the run
    free = here.available + psutil.Process().memory_info().rss
    if found.memory_bytes > free:
        yield (
            f"The run will take {_gigabytes(found.memory_bytes)} of memory, and {_gigabytes(free)} are free; close "
            "other programs, or choose a smaller batch, image or model."
        )
    disk = shutil.disk_usage(existing(out)).free
    wanted = WHILE_WRITING * found.disk_bytes + KEPT_FREE
    if wanted > disk:
        yield (
            f"The run's folder needs {_gigabytes(wanted)} of disk, and {_gigabytes(disk)} are free at {out}; make "
            "room, or choose another folder for runs."
        )
    cache = shutil.disk_usage(existing(stores_folder())).free
    if found.cache_bytes > cache:
        yield (
            f"What is frozen takes {_gigabytes(found.cache_bytes)} of disk, and {_gigabytes(cache)} are free; make "
            "room, or set Cache to off, which is slower."
        )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
