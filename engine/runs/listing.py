"""The runs of a folder, a row each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.errors import ConfigError, RunError
from engine.runs.about import read_about
from engine.runs.files import CONFIG, State, read_config, read_metrics, state
from engine.runs.tables import read_history


@dataclass(frozen=True)
class RunSummary:
    """One row of the list of runs. `epochs` is what was asked, `epochs_done` what history holds; accuracies are
    shares, None where not measured (yet)."""

    path: Path
    name: str
    state: State
    model: str
    strategy: str
    dataset: str
    started: datetime
    epochs_done: int
    epochs: int
    best_epoch: int | None
    val_accuracy: float | None
    test_accuracy: float | None
    seconds: float | None
    title: str = ""
    note: str = ""
    comparison: str = ""
    """What runs share that were asked for together; "" for a run of its own."""

    @property
    def called(self) -> str:
        """What the person calls it, else the name of its folder."""
        return self.title or self.name


def list_runs(folder: Path) -> tuple[RunSummary, ...]:
    """The runs directly in `folder`, newest first; a folder that is not there, or cannot be read, has none."""
    try:
        there = sorted(folder.iterdir())
    except OSError:
        return ()
    found = [summary for path in there if (summary := summarise(path))]
    return tuple(sorted(found, key=lambda summary: summary.started, reverse=True))


def summarise(run_dir: Path) -> RunSummary | None:
    """One row of the list, None where there is no readable run."""
    try:
        now = state(run_dir)
        if now == "absent":
            return None
        config, history = read_config(run_dir), read_history(run_dir)
        metrics = read_metrics(run_dir) if now in ("finished", "stopped") else {}
        started = datetime.fromtimestamp((run_dir / CONFIG).stat().st_mtime)
    except (ConfigError, RunError, OSError) as error:
        print(f"The run in {run_dir} is left out of the list: {error}", file=sys.stderr)  # noqa: T201
        return None
    last, about = history[-1] if history else None, read_about(run_dir)
    return RunSummary(
        path=run_dir,
        name=run_dir.name,
        state=now,
        model=config.model,
        strategy=config.strategy,
        dataset=config.data.name,
        started=started,
        epochs_done=len(history),
        epochs=config.epochs,
        best_epoch=last.best_epoch if last else None,
        val_accuracy=metrics.get("val_accuracy", last.best_val_accuracy if last else None),
        test_accuracy=metrics.get("test_accuracy"),
        seconds=metrics.get("seconds"),
        title=about.title,
        note=about.note,
        comparison=config.comparison or "",
    )
