"""compare: several runs beside each other, measured on the photos that all of them were tested on. No torch."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.errors import ModelFileError, RunError
from engine.evaluation.measured_run import SPLITS, Key, MeasuredRun, common_photos, read_measured, trained_by_any
from engine.evaluation.metrics import summary
from engine.evaluation.significance import holm, mcnemar
from engine.events import ComparisonFinished, Event, Notice, PairCompared, RunCompared, SettingDiffers
from engine.model_file import open_model


def compare(run_dirs: Sequence[Path], control: Control | None = None) -> Generator[Event, None, None]:
    """Yield a RunCompared for each run, a SettingDiffers for each setting that is not the same in all, a PairCompared
    for each two runs, and ComparisonFinished; Notices say what could not be compared.

    The runs are compared on the test photos that all of them have, known by their content, that none of them has
    trained on; on validation photos where a run has no test set. Raises RunError where fewer than two runs are named,
    or one is none.
    """
    control = control or Control()
    compared = tuple(read_measured(run_dir, name) for run_dir, name in zip(run_dirs, _names(run_dirs), strict=True))
    split, common = _common(compared)
    yield from _notices(compared, split, common)
    for run in compared:
        if control.stopping:
            return
        yield _row(run, split, common)
    yield from _differing(compared)
    if common:
        yield from _pairs(compared, split, common)
    yield ComparisonFinished(len(compared), split if common else "", len(common))


def _names(run_dirs: Sequence[Path]) -> tuple[str, ...]:
    """What the runs are called beside each other: their titles, or their folders without the words that all
    begin with; their paths, where two are called the same."""
    if len({path.resolve() for path in run_dirs}) < max(2, len(run_dirs)):
        raise RunError("Name at least two runs to compare, and each of them once.")
    titles = [runs.read_about(path).title for path in run_dirs]
    names = [title or path.resolve().name for title, path in zip(titles, run_dirs, strict=True)]
    if len(set(names)) < len(names):
        return tuple(map(str, run_dirs))
    if any(titles):
        return tuple(names)
    words = [name.split("-") for name in names]
    shortest = min(map(len, words)) - 1
    same = next((place for place in range(shortest) if len({parts[place] for parts in words}) > 1), shortest)
    return tuple("-".join(parts[same:]) for parts in words)


def _common(compared: Sequence[MeasuredRun]) -> tuple[str, tuple[Key, ...]]:
    """The split to compare on, and the photos of it that all measured runs have and none has trained on."""
    measured = [run for run in compared if run.metrics]
    split = next((split for split in SPLITS if measured and all(run.photos[split] for run in measured)), "")
    if not split:
        return "", ()
    return split, common_photos(measured, split, trained_by_any(compared))


def _notices(compared: Sequence[MeasuredRun], split: str, common: Sequence[Key]) -> Generator[Event, None, None]:
    for run in compared:
        if not run.metrics:
            yield Notice(f"“{run.name}” has no results yet, so it has no numbers here; resume it.", "not_measured")
    if split == "val" and common:
        yield Notice(
            "Not all of these runs have a test set, so they are compared on validation photos. Their best epochs were "
            "chosen by these, which flatters all of them a little.",
            "compared_on_val",
        )
    sizes = [len(run.photos[split]) for run in compared if run.metrics] if split else []
    if not common:
        yield Notice(
            "There is no photo that all of these runs were measured on and none has trained on, so only their curves "
            "and settings stand beside each other.",
            "nothing_in_common",
        )
    elif any(size != len(common) for size in sizes):
        yield Notice(
            f"The runs do not have the same {split} photos ({', '.join(map(str, sizes))} of them): the numbers are of "
            f"the {len(common)} that all have with the same label and none has trained on.",
            "partly_in_common",
        )


def _row(run: MeasuredRun, split: str, common: Sequence[Key]) -> RunCompared:
    metrics = summary(*run.answers(split, common), run.classes) if common and run.metrics else None
    model = run.folder / runs.MODEL
    parameters, trained = parameters_of(model)
    return RunCompared(
        run_dir=run.folder,
        name=run.name,
        model=run.config.model,
        strategy=run.config.strategy,
        epochs=len(runs.read_history(run.folder)),
        best_epoch=run.metrics.get("best_epoch"),
        split=split,
        photos=len(common) if metrics else 0,
        own_photos=len(run.photos[split]) if split else 0,
        accuracy=metrics.accuracy if metrics else None,
        low=metrics.low if metrics else None,
        high=metrics.high if metrics else None,
        macro_f1=metrics.macro_f1 if metrics else None,
        seconds=run.metrics.get("seconds"),
        parameters=parameters,
        trained_parameters=trained,
        model_bytes=model.stat().st_size if model.is_file() else None,
    )


def parameters_of(model: Path) -> tuple[int | None, int | None]:
    """(all, those that trained) as the model file says; None where it does not."""
    try:
        manifest = open_model(model).manifest
    except ModelFileError:
        return None, None
    whole, frozen = manifest.architecture.get("parameters"), manifest.lineage.get("frozen_parameters")
    return whole, whole - frozen if whole is not None and frozen is not None else None


def _differing(compared: Sequence[MeasuredRun]) -> Generator[SettingDiffers, None, None]:
    for name, field in TrainConfig.model_fields.items():
        if name == "comparison":  # it changes nothing about a run
            continue
        values = [_in_words(getattr(run.config, name)) for run in compared]
        if len(set(values)) > 1:
            pairs = tuple((run.name, value) for run, value in zip(compared, values, strict=True))
            yield SettingDiffers(name, field.title or name, pairs)


def _in_words(value: Any) -> str:
    """A setting's value in one line, "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _pairs(compared: Sequence[MeasuredRun], split: str, common: Sequence[Key]) -> Generator[PairCompared, None, None]:
    right = {
        run.name: np.array([run.photos[split][key].predicted == key[1] for key in common])
        for run in compared
        if run.metrics
    }
    pairs = tuple(itertools.combinations(right, 2))
    cells = [_cells(right[first], right[second]) for first, second in pairs]
    p_values = [mcnemar(first_only, second_only) for _, first_only, second_only, _ in cells]
    for (first, second), counts, p_value, adjusted in zip(pairs, cells, p_values, holm(p_values), strict=True):
        yield PairCompared(first, second, *counts, p_value, adjusted)


def _cells(one: np.ndarray, other: np.ndarray) -> tuple[int, int, int, int]:
    """How many photos both got right, one alone, the other alone, and neither."""
    return tuple(int(cell.sum()) for cell in (one & other, one & ~other, ~one & other, ~one & ~other))  # type: ignore[return-value]
