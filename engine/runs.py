"""The run directory: what happened, as files. State is derived from what is there and never stored twice."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import platformdirs

from engine.config import TrainConfig, from_toml, to_toml
from engine.dataset.index import Photo
from engine.errors import ConfigError, RunError
from engine.events import EpochFinished

CONFIG = "config.toml"
DATASET = "dataset.csv"
HISTORY = "history.csv"
BEST = "best.safetensors"
LAST = "last.pt"
PREDICTIONS = "predictions.csv"
LAYERS = "layers.csv"
MODEL = "model.thaw"
METRICS = "metrics.json"
LOG = "run.log"

State = Literal["finished", "stopped", "interrupted", "absent"]


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


@dataclass(frozen=True)
class PredictionRow:
    """One val or test photo of a run; `probabilities` are calibrated, in the order of the classes."""

    path: Path
    split: str
    label: str
    predicted: str
    probabilities: tuple[float, ...]

    @property
    def confidence(self) -> float:
        return max(self.probabilities)


@dataclass(frozen=True)
class LayerHash:
    """A row of layers.csv. The hashes (SHA-256, hex) are over names, types, shapes and bytes of the layer's own
    parameters and buffers; `sha256_after` is "" until the run has ended."""

    layer: str
    trained: bool
    sha256_before: str
    sha256_after: str = ""


@dataclass(frozen=True)
class LayerProof:
    """Whether a layer was to train in the run, and whether its tensors and statistics are bit for bit as before it."""

    trained: bool
    unchanged: bool


def thaw_folder() -> Path:
    """Where a person's runs and samples are kept: `THAW_HOME`, else Thaw in their documents."""
    home = os.environ.get("THAW_HOME")
    return Path(home) if home else Path(platformdirs.user_documents_dir()) / "Thaw"


def default_runs_folder() -> Path:
    return thaw_folder() / "runs"


def write_whole(path: Path, data: bytes) -> None:
    """Write beside and move into place, so that a reader sees the old file or the new one and never a part."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def state(run_dir: Path) -> State:
    """finished; stopped (has a model, can go on); interrupted (killed or failed, can go on); absent (no run here)."""
    if not (run_dir / CONFIG).is_file():
        return "absent"
    if not (run_dir / METRICS).is_file():
        return "interrupted"
    return "stopped" if read_metrics(run_dir).get("stopped") else "finished"


def create(run_dir: Path, config: TrainConfig) -> None:
    """Make the directory and write its config. Raises RunError where one is there, or nothing can be written."""
    if state(run_dir) != "absent":
        raise RunError(f"There is a run in {run_dir} already; choose another folder, or resume that run.")
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        write_config(run_dir, config)
    except OSError as error:
        raise RunError(f"The run cannot be written to {run_dir}: {error.strerror or error}.") from error


def discard(run_dir: Path) -> None:
    """Remove what a run that never began training wrote; anything else in the folder stays."""
    for name in (CONFIG, DATASET, LOG):
        (run_dir / name).unlink(missing_ok=True)
    if not any(run_dir.iterdir()):
        run_dir.rmdir()


def write_config(run_dir: Path, config: TrainConfig) -> None:
    write_whole(run_dir / CONFIG, to_toml(config).encode())


def read_config(run_dir: Path) -> TrainConfig:
    """The run's settings. Raises RunError where there is no run, ConfigError where the file is damaged."""
    try:
        return from_toml((run_dir / CONFIG).read_text(encoding="utf-8"), str(run_dir / CONFIG))
    except FileNotFoundError:
        raise RunError(f"There is no run in {run_dir}.") from None


def write_dataset(run_dir: Path, photos: Iterable[Photo], hashes: Sequence[str], root: Path) -> None:
    """dataset.csv: `path` is relative to the root that its first line names, absolute where it lies outside."""
    lines = [["root", str(root), "", ""], ["path", "label", "split", "sha256"]]
    lines += [
        [_below(photo.path, root), photo.label, photo.split, digest]
        for photo, digest in zip(photos, hashes, strict=True)
    ]
    part = run_dir / (DATASET + ".part")
    with part.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        csv.writer(file).writerows(lines)
    part.replace(run_dir / DATASET)


def _below(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def read_dataset(run_dir: Path) -> tuple[Path, tuple[Photo, ...], tuple[str, ...]]:
    """(root, photos, hashes) of dataset.csv, photos in the order the run numbers them."""
    with (run_dir / DATASET).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        (_, root_text, *_), _, *rows = csv.reader(file)
    root = Path(root_text)
    photos: list[Photo] = []
    for path, label, split, _ in rows:
        if split not in ("train", "val", "test"):
            raise RunError(f"{run_dir / DATASET} names a split “{split}” that there is not; the run cannot go on.")
        photos.append(Photo(root / path, label, split))  # type: ignore[arg-type]
    return root, tuple(photos), tuple(row[3] for row in rows)


def append_history(run_dir: Path, epoch: EpochFinished) -> None:
    """Add a row to history.csv and flush it to the disk."""
    path = run_dir / HISTORY
    row = dataclasses.asdict(epoch)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow({key: "" if value is None else value for key, value in row.items()})
        file.flush()
        os.fsync(file.fileno())


def read_history(run_dir: Path) -> tuple[EpochFinished, ...]:
    """The epochs done so far; a row that a crash left half written is left out."""
    path = run_dir / HISTORY
    if not path.is_file():
        return ()
    found = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                found.append(EpochFinished(**{f.name: _number(row[f.name]) for f in dataclasses.fields(EpochFinished)}))
            except (ValueError, TypeError, KeyError):
                continue
    return tuple(found)


def cut_history(run_dir: Path, epochs: int) -> None:
    """Keep the rows of the first `epochs` epochs: what came after the checkpoint is done again on resume."""
    kept = [row for row in read_history(run_dir) if row.epoch <= epochs]
    (run_dir / HISTORY).unlink(missing_ok=True)
    for row in kept:
        append_history(run_dir, row)


def _number(text: str) -> Any:
    if text == "":
        return None
    return float(text) if any(sign in text for sign in ".en") else int(text)


def write_metrics(run_dir: Path, metrics: dict[str, Any]) -> None:
    write_whole(run_dir / METRICS, json.dumps(metrics, indent=1, allow_nan=False).encode())


def read_metrics(run_dir: Path) -> dict[str, Any]:
    """The numbers of a finished or stopped run; empty where there are none."""
    try:
        metrics: dict[str, Any] = json.loads((run_dir / METRICS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise RunError(f"{run_dir / METRICS} is damaged; resume the run to write it anew.") from None
    return metrics


def write_predictions(run_dir: Path, rows: Iterable[PredictionRow], classes: Sequence[str]) -> None:
    """predictions.csv: path, split, label, predicted, then a probability for each class."""
    part = run_dir / (PREDICTIONS + ".part")
    with part.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "split", "label", "predicted", *classes])
        for row in rows:
            numbers = [f"{value:.6f}" for value in row.probabilities]
            writer.writerow([row.path, row.split, row.label, row.predicted, *numbers])
    part.replace(run_dir / PREDICTIONS)


def read_predictions(run_dir: Path) -> tuple[PredictionRow, ...]:
    path = run_dir / PREDICTIONS
    if not path.is_file():
        return ()
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.reader(file)
        next(rows, None)
        return tuple(
            PredictionRow(Path(place), split, label, predicted, tuple(map(float, numbers)))
            for place, split, label, predicted, *numbers in rows
        )


def write_layers(run_dir: Path, rows: Iterable[LayerHash]) -> None:
    """layers.csv: a row for every layer that owns parameters or buffers."""
    part = run_dir / (LAYERS + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in dataclasses.fields(LayerHash)])
        writer.writerows([row.layer, int(row.trained), row.sha256_before, row.sha256_after] for row in rows)
    part.replace(run_dir / LAYERS)


def read_layers(run_dir: Path) -> tuple[LayerHash, ...]:
    """The rows of layers.csv; none where it is not there or cannot be read."""
    try:
        with (run_dir / LAYERS).open(newline="", encoding="utf-8") as file:
            _, *rows = csv.reader(file)
        return tuple(LayerHash(layer, bool(int(trained)), before, after) for layer, trained, before, after in rows)
    except (OSError, ValueError):
        return ()


def read_layer_proof(run_dir: Path) -> dict[str, LayerProof]:
    """What a run's hashes prove of each layer, by dotted name; empty while the run has not ended."""
    return {
        row.layer: LayerProof(row.trained, row.sha256_before == row.sha256_after)
        for row in read_layers(run_dir)
        if row.sha256_after
    }


def list_runs(folder: Path) -> tuple[RunSummary, ...]:
    """The runs directly in `folder`, newest first; a folder that is not there has none."""
    if not folder.is_dir():
        return ()
    found = [summary for path in folder.iterdir() if (summary := summarise(path))]
    return tuple(sorted(found, key=lambda summary: summary.started, reverse=True))


def summarise(run_dir: Path) -> RunSummary | None:
    """One row of the list, None where there is no readable run."""
    try:
        now = state(run_dir)
        if now == "absent":
            return None
        config, metrics, history = read_config(run_dir), read_metrics(run_dir), read_history(run_dir)
    except (ConfigError, RunError, OSError) as error:
        print(f"The run in {run_dir} is left out of the list: {error}", file=sys.stderr)  # noqa: T201
        return None
    last = history[-1] if history else None
    return RunSummary(
        path=run_dir,
        name=run_dir.name,
        state=now,
        model=config.model,
        strategy=config.strategy,
        dataset=config.data.name,
        started=datetime.fromtimestamp((run_dir / CONFIG).stat().st_mtime),
        epochs_done=len(history),
        epochs=config.epochs,
        best_epoch=last.best_epoch if last else None,
        val_accuracy=metrics.get("val_accuracy", last.best_val_accuracy if last else None),
        test_accuracy=metrics.get("test_accuracy"),
        seconds=metrics.get("seconds"),
    )
