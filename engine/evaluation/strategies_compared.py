"""Runs that differ in their strategy, a row each, and a sentence on who is best. No torch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from engine import runs
from engine.control import Control
from engine.evaluation.compare import compare, parameters_of
from engine.evaluation.significance import LUCK, verdict
from engine.events import (
    ComparisonFinished,
    Event,
    Notice,
    PairCompared,
    RunCompared,
    StrategiesCompared,
    StrategyCompared,
)
from engine.models import strategies
from engine.models.catalog import title_of

STOPPED = "It was stopped before its end; resume it to have it here."


def strategies_compared(run_dirs: Sequence[Path], control: Control | None = None) -> Generator[Event, None, None]:
    """Yield a StrategyCompared for each finished run, a Notice for each that is not, and StrategiesCompared last, if
    there is any. Raises RunError where a run cannot be read."""
    rows = []
    for run_dir in run_dirs:
        if runs.state(run_dir) == "finished":
            rows.append(_row(run_dir))
            yield rows[-1]
        else:
            yield from _left_out(run_dir)
    if rows:
        best = max(rows, key=lambda row: (row.val_accuracy, -(row.trained_parameters or 0)))
        yield StrategiesCompared(len(rows), best.run_dir, _sentence(best, rows, control))


def names_of(rows: Sequence[StrategyCompared]) -> dict[Path, str]:
    """What each run is called beside the others: by its strategy, its model or both, as they differ."""
    models, kinds = ({getattr(row, name) for row in rows} for name in ("model", "strategy"))
    found = {}
    for row in rows:
        strategy = strategies.title_of(row.strategy)
        if len(models) == 1:
            found[row.run_dir] = strategy
        else:
            model = title_of(row.model)
            found[row.run_dir] = model if len(kinds) == 1 else f"{model}, {strategy.lower()}"
    if len(set(found.values())) < len(found):  # strategies of one's own are all “custom” in their runs
        return {row.run_dir: row.run_dir.name for row in rows}
    return found


def _row(run_dir: Path) -> StrategyCompared:
    config, metrics = runs.read_config(run_dir), runs.read_metrics(run_dir)
    baseline = (metrics.get("baseline") or {}).get("val_accuracy")
    parameters, trained = parameters_of(run_dir / runs.MODEL)
    val: dict[str, Any] = metrics["val"]
    return StrategyCompared(
        run_dir=run_dir,
        model=config.model,
        strategy=config.strategy,
        train_accuracy=next(
            (row.train_accuracy for row in runs.read_history(run_dir) if row.epoch == metrics["best_epoch"]), None
        ),
        val_accuracy=val["accuracy"],
        val_low=val["low"],
        val_high=val["high"],
        test_accuracy=(metrics.get("test") or {}).get("accuracy"),
        seconds=metrics["seconds"],
        trained_parameters=trained,
        parameters=parameters,
        baseline_accuracy=baseline,
        gain=None if baseline is None else val["accuracy"] - baseline,
    )


def _left_out(run_dir: Path) -> Generator[Notice, None, None]:
    """Why a run that was begun is not among the rows."""
    state = runs.state(run_dir)
    if state == "absent":
        return
    name = strategies.title_of(runs.read_config(run_dir).strategy)
    why = runs.why_ended(run_dir) if state == "interrupted" else None
    otherwise = "It is being trained." if state == "running" else STOPPED
    told = why.text if why else otherwise
    yield Notice(f"“{name}” is left out. {told}", "left_out", run_dir)


def _sentence(best: StrategyCompared, rows: Sequence[StrategyCompared], control: Control | None) -> str:
    name = names_of(rows)
    if len(rows) < 2:
        return f"There is only {name[best.run_dir]}, and nothing to hold it against."
    head = _head(best, rows)
    told = tuple(compare([row.run_dir for row in rows], control))
    end = next((event for event in told if isinstance(event, ComparisonFinished)), None)
    if end is None or not end.photos:
        return f"{head} There is no photo to tell by whether that is luck."
    against = _against(best, told)
    second = max((row for row in rows if row is not best), key=lambda row: row.val_accuracy)
    pair = against[second.run_dir]
    parts = (name[best.run_dir], name[second.run_dir], pair.first_only, pair.second_only, pair.adjusted_p_value)
    return " ".join(filter(None, (
        head, f"Of the same {end.photos:,} {end.split} photos, {verdict(*parts)}", _cheaper(best, rows, against)
    )))  # fmt: skip


def _head(best: StrategyCompared, rows: Sequence[StrategyCompared]) -> str:
    name = names_of(rows)
    equals = [name[row.run_dir] for row in rows if row is not best and row.val_accuracy == best.val_accuracy]
    who = " and ".join(filter(None, (", ".join((name[best.run_dir], *equals[:-1])), *equals[-1:])))
    best_words = "are best alike" if equals else "is best"
    return f"{who} {best_words}: {best.val_accuracy:.1%} of the validation photos are right."


def _against(best: StrategyCompared, told: Sequence[Event]) -> dict[Path, PairCompared]:
    """The pairs of the best run, seen from its side, by the other run."""
    folder = {event.name: event.run_dir for event in told if isinstance(event, RunCompared)}
    found = {}
    for pair in told:
        if not isinstance(pair, PairCompared):
            continue
        for one, other, turned in ((pair.first, pair.second, False), (pair.second, pair.first, True)):
            if folder[one] == best.run_dir:
                found[folder[other]] = _turned(pair) if turned else pair
    return found


def _turned(pair: PairCompared) -> PairCompared:
    cells = (pair.both, pair.second_only, pair.first_only, pair.neither)
    return PairCompared(pair.second, pair.first, *cells, pair.p_value, pair.adjusted_p_value)


def _cheaper(best: StrategyCompared, rows: Sequence[StrategyCompared], against: dict[Path, PairCompared]) -> str:
    """Which of those that may be as good as the best trains least, where that is not the best itself."""
    equals = [row for row in rows if row is not best and against[row.run_dir].adjusted_p_value >= LUCK]
    known = [(row.trained_parameters, row) for row in (best, *equals) if row.trained_parameters is not None]
    if len(known) <= len(equals) or not equals:
        return ""
    fewest, row = min(known, key=lambda pair: pair[0])
    if fewest == best.trained_parameters:
        return ""
    return f"Of those that may be as good, {names_of(rows)[row.run_dir]} trains the fewest parameters ({fewest:,})."
