"""search: better settings for a run, from trials of it; the best trial becomes a run like any other.

optuna proposes settings -> a run of them, pruned where it promises little -> … -> the best is tested and written

The journal of the trials is kept after each, so a search that was killed goes on with what it knows.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from engine import runs
from engine.config import TrainConfig, to_toml
from engine.control import Control
from engine.errors import DivergedError, RunError, ThawError
from engine.events import EpochFinished, Event, FeaturesComputed, Notice, SearchFinished, TrialFinished, TrialStarted
from engine.events.diagnosis import Value
from engine.events.search import Outcome
from engine.models.search_space import USUAL, changes_of, check
from engine.training.run import train

JOURNAL = "trials.journal"
CHANGES, EPOCHS, SETTINGS = "changes", "epochs", "settings"
STARTUP_TRIALS = 4
"""Trials at random before the sampler learns from them, and before any is pruned."""
STATES: dict[Outcome, TrialState] = {
    "finished": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def search(
    config: TrainConfig,
    run_dir: Path,
    *,
    vary: Sequence[str] = USUAL,
    trials: int = 12,
    minutes: float | None = None,
    weights_dir: Path | None = None,
    offline: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Try settings around those of `config`, at most so many `trials` and, if given, for about so many `minutes`;
    yields a TrialStarted and a TrialFinished for each, and one SearchFinished last.

    The first trial is `config` as it is. Trials are compared by the validation accuracy of their best epoch; the test
    photos are looked at once, by the best, at the end, which makes `run_dir` a finished run. The trials are kept in
    `run_dir`.search, from where the same call goes on if it was killed; only the best one's weights stay. *Stop* and
    *finish* end it with the best so far. Raises ThawError for what cannot be varied, for what would keep a run from
    starting, and where not one trial came to its end.
    """
    control = control or Control()
    names = check(vary)
    if (there := runs.state(run_dir)) != "absent":
        # of a search that was killed while it tested the best, say
        resumed = "resume it, or " if there in ("interrupted", "stopped") else ""
        raise RunError(f"There is a run in {run_dir} already; {resumed}choose another folder for the search.")
    if os.path.lexists(run_dir) and not _is_empty(run_dir):  # the best trial could not take its place, hours later
        raise RunError(f"{run_dir} is no empty folder; choose another one for the search.")
    folder = run_dir.with_name(run_dir.name + ".search")
    with runs.taken(folder, "search"):
        yield from _searched(_Trials(config, folder, names, trials), run_dir, minutes, weights_dir, offline, control)


def _searched(
    trying: _Trials, run_dir: Path, minutes: float | None, weights_dir: Path | None, offline: bool, control: Control
) -> Generator[Event, None, None]:
    began, trials, config = time.perf_counter(), trying.trials, trying.config
    taken: list[float] = []
    while len(trying.done) < trials and not (control.stopping or control.finishing):
        if minutes and time.perf_counter() - began >= 60 * minutes:
            break
        yield from trying.try_one(taken, weights_dir, offline, control)
    best = trying.best
    if best is None:
        if control.stopping or control.finishing:
            return
        raise ThawError(
            "Not one of the trials came to its end: in each the loss was no number any more. Begin a search in another "
            "folder with a lower learning rate."
        )
    trying.make_run(best, run_dir)
    yield from train(config, run_dir, resume=True, weights_dir=weights_dir, offline=offline, control=control)
    yield trying.finished(best, run_dir, time.perf_counter() - began)


@dataclass(frozen=True)
class _Course:
    """How a trial went; `reached` is the best validation accuracy, None where no epoch was done."""

    outcome: Outcome
    reached: float | None = None
    epochs: int = 0


class _Trials:
    """The trials of a search, in a folder: their journal, and the run of the best."""

    def __init__(self, config: TrainConfig, folder: Path, names: tuple[str, ...], trials: int) -> None:
        self.config, self._folder, self._names, self.trials = config, folder, names, trials
        self._study = _study(folder, config)
        for trial in self._study.get_trials(states=(TrialState.RUNNING,)):  # of a search that was killed
            self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            shutil.rmtree(self._place(trial.number), ignore_errors=True)

    @property
    def done(self) -> list[FrozenTrial]:
        return [trial for trial in self._study.get_trials(states=tuple(STATES.values())) if EPOCHS in trial.user_attrs]

    @property
    def best(self) -> FrozenTrial | None:
        """The earliest of those with the highest accuracy; a pruned one is none."""
        ended = [trial for trial in self.done if trial.state == TrialState.COMPLETE]
        return max(ended, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)

    def _place(self, number: int) -> Path:
        return self._folder / f"trial-{number + 1:03d}"

    def try_one(
        self, taken: list[float], weights_dir: Path | None, offline: bool, control: Control
    ) -> Generator[Event, None, None]:
        """One trial; one that a stop cuts short does not count. `taken` gets its seconds."""
        start, before, number = time.perf_counter(), self.best, len(self.done) + 1
        asked = self._study.ask()
        changes = changes_of(asked, self.config, self._names) if number > 1 else {}
        asked.set_user_attr(CHANGES, changes)
        yield TrialStarted(number, self.trials, changes)
        running = train(
            self.config.with_changes(**changes),
            self._place(asked.number),
            weights_dir=weights_dir,
            offline=offline,
            control=control,
        )
        try:
            course = yield from _followed(running, asked, control)
        finally:
            running.close()
        if course is None:
            self._study.tell(asked, state=TrialState.FAIL)
            shutil.rmtree(self._place(asked.number), ignore_errors=True)
            return
        asked.set_user_attr(EPOCHS, course.epochs)
        value = course.reached if course.outcome == "finished" else None
        self._study.tell(asked, value, STATES[course.outcome])
        best = self.best
        self._keep_only(best)
        taken.append(time.perf_counter() - start)
        yield TrialFinished(
            trial=number,
            trials=self.trials,
            changes=changes,
            outcome=course.outcome,
            epochs=course.epochs,
            val_accuracy=course.reached,
            best=best is not None and (before is None or best.number != before.number),
            seconds=taken[-1],
            seconds_left=(self.trials - number) * sum(taken) / len(taken),
        )

    def _keep_only(self, best: FrozenTrial | None) -> None:
        """Weights of what is not the best go; its figures stay in the journal."""
        for folder in self._folder.glob("trial-*"):
            if best is None or folder != self._place(best.number):
                shutil.rmtree(folder, ignore_errors=True)

    def make_run(self, best: FrozenTrial, run_dir: Path) -> None:
        """Move the best trial to where the search's run was asked for."""
        if not self._place(best.number).is_dir():
            raise RunError(
                f"The best of these trials became a run before and is not in {self._folder} any more; that run is the "
                "result, or begin a search in another folder."
            )
        try:
            with contextlib.suppress(OSError):
                run_dir.rmdir()  # an empty one, which Windows would not let another take the place of
            self._place(best.number).replace(run_dir)
        except OSError as error:
            raise RunError(
                f"The best trial is in {self._place(best.number)} and cannot be moved to {run_dir}: "
                f"{error.strerror or error}."
            ) from error

    def finished(self, best: FrozenTrial, run_dir: Path, seconds: float) -> SearchFinished:
        first = next((trial for trial in self.done if not trial.user_attrs[CHANGES]), None)
        changes: dict[str, Value] = best.user_attrs[CHANGES]
        return SearchFinished(
            run_dir=run_dir,
            trials=len(self.done),
            best_trial=self.done.index(best) + 1,
            changes=changes,
            val_accuracy=best.value or 0.0,
            usual_accuracy=first.value if first and first.state == TrialState.COMPLETE else None,
            seconds=seconds,
        )


def _is_empty(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except OSError:
        return False


def _study(folder: Path, config: TrainConfig) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
            study_name="search",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(STARTUP_TRIALS, n_warmup_steps=max(1, config.epochs // 4)),
        )
    except OSError as error:
        raise RunError(f"The search cannot be kept in {folder}: {error.strerror or error}.") from error
    # By how many trials there are: a search that goes on would else propose what it has tried.
    seed = config.seed + len(study.trials)
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    settings = to_toml(config)
    if study.user_attrs.get(SETTINGS, settings) != settings:
        raise RunError(f"The search in {folder} began with other settings; choose another folder, or remove that one.")
    study.set_user_attr(SETTINGS, settings)
    return study


def _followed(
    running: Generator[Event, None, None], asked: Trial, control: Control
) -> Generator[Event, None, _Course | None]:
    """Pass on what tells how far a trial is, up to its last epoch; None where a stop cut it short. A run whose loss is
    no number any more has failed, and no more than that."""
    reached, epochs = None, 0
    try:
        for event in running:
            if control.stopping or control.finishing:
                return None
            if isinstance(event, EpochFinished | FeaturesComputed) or (asked.number == 0 and isinstance(event, Notice)):
                yield event
            if isinstance(event, EpochFinished):
                reached, epochs = event.best_val_accuracy, event.epoch
                if event.epoch == event.epochs or event.patience_left == 0:
                    return _Course("finished", reached, epochs)
                asked.report(reached, event.epoch)
                if asked.should_prune():
                    return _Course("pruned", reached, epochs)
    except DivergedError:
        return _Course("failed", reached, epochs)
    if control.stopping or control.finishing:  # before the trial had begun
        return None
    raise ThawError("A trial ended before its last epoch.")
