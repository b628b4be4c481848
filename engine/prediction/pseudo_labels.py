"""pseudo_label: photos of an unlabelled folder that a model is sure of, to be looked at and then trained on. No torch.

Self-training (Lee 2013, "Pseudo-Label"): what a first model is sure of teaches the next one. Nothing is taken without
being seen: this proposes, a person ticks, and what was taken is a CSV file (path, label) for the setting
`pseudo_labels` of a run.
"""

from __future__ import annotations

import csv
import heapq
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path

from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, Notice, Prediction, PredictionFinished, PseudoLabel, PseudoLabelsFinished
from engine.model_file import locate, open_model
from engine.photos import printable
from engine.prediction.batch import predict
from engine.prediction.rules import classes_in_answers

COLUMNS = ("path", "label")
THRESHOLD = 0.95
"""As in FixMatch (Sohn et al. 2020). The confidence is calibrated, so at most about one in twenty is wrong at it."""
MOST_PER_CLASS = 200
EVENNESS, LEAST_QUOTA = 2, 10
"""A class gets at most twice what the class with the fewest gets, or ten: a model is surest of the classes it has seen
most, and would teach the next one to name them (class-balanced self-training, Zou et al. 2018)."""

Best = Mapping[str, Sequence[tuple[float, int, Path]]]


def pseudo_label(
    model: Path,
    folder: Path,
    out: Path | None = None,
    *,
    threshold: float = THRESHOLD,
    most_per_class: int = MOST_PER_CLASS,
    replace: bool = False,
    control: Control | None = None,
    threads: int | None = None,
) -> Generator[Event, None, None]:
    """Classify the photos in `folder`; yield PredictionProgress and Notices as `predict` does, then a PseudoLabel for
    each one that the model is sure of, class by class and the surest first, and PseudoLabelsFinished last.

    `threshold` is on the calibrated confidence, 0 to 1; a class gives at most `most_per_class` and the classes about
    equally many. With `out` all of them are written there. After a stop they are those of the photos looked at so far,
    and nothing is written. Raises ThawError as `predict` does, and for an `out` inside `folder` or there already.
    """
    if not 0 < threshold <= 1:
        raise ThawError(f"The threshold must lie between 0 and 1, not {threshold:g}.")
    if most_per_class < 1:
        raise ThawError(f"The number of photos per class must be 1 or more, not {most_per_class}.")
    if out is not None:
        check_out(out, folder, replace)
    began = time.monotonic()
    classes = open_model(locate(Path(model))).manifest.classes
    kept: dict[str, list[tuple[float, int, Path]]] = {name: [] for name in classes}
    called = dict(zip(classes_in_answers(classes), classes, strict=True))
    looked = failed = sure = 0
    stopped = False
    for event in predict(model, [folder], top=1, control=control, threads=threads):
        match event:
            case PredictionFinished():
                stopped = event.stopped
            case Prediction():
                looked, failed = looked + 1, failed + bool(event.error)
                if event.label in called and event.confidence >= threshold:
                    sure += 1
                    _keep(kept[called[event.label]], event, looked, most_per_class)
            case Notice(kind="unknown"):
                pass  # the file that is written has the model's own names
            case _:
                yield event
    chosen = tuple(_balanced(kept, most_per_class))
    if out is not None and not stopped:
        write_pseudo_labels(out, chosen)
    yield from chosen
    seconds = time.monotonic() - began
    written = None if stopped else out
    yield PseudoLabelsFinished(looked, failed, sure, len(chosen), threshold, seconds, stopped, written)


def _keep(best: list[tuple[float, int, Path]], event: Prediction, number: int, most: int) -> None:
    """The surest so far, at most `most`, as a heap; of equally sure ones the earlier."""
    entry = (event.confidence, -number, event.path)
    (heapq.heappush if len(best) < most else heapq.heappushpop)(best, entry)


def _balanced(kept: Best, most: int) -> Iterable[PseudoLabel]:
    fewest = min(len(best) for best in kept.values())
    quota = min(most, max(LEAST_QUOTA, EVENNESS * fewest))
    for label, best in kept.items():
        for confidence, _, path in sorted(best, reverse=True)[:quota]:
            yield PseudoLabel(path, label, confidence)


def check_out(out: Path, folder: Path, replace: bool = False) -> None:
    """Raises ThawError where the file of pseudo-labels must not or cannot stand: nothing is written among photos."""
    name = printable(str(out))
    if out.resolve().is_relative_to(folder.resolve()):
        raise ThawError(f"“{name}” lies in the folder of photos; choose a place outside it, nothing is written there.")
    if out.is_dir() or (out.exists() and not replace):
        raise ThawError(f"“{name}” exists already; choose another name, or move it away.")
    if not out.parent.is_dir():
        raise ThawError(f"There is no folder “{printable(str(out.parent))}”; create it first.")


def write_pseudo_labels(out: Path, labels: Iterable[PseudoLabel]) -> None:
    """A CSV of absolute paths and labels, written beside and moved into place. Raises ThawError."""
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            csv.writer(file).writerow(COLUMNS)
            csv.writer(file).writerows((str(item.path.absolute()), item.label) for item in labels)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ThawError(f"“{printable(str(out))}” could not be written ({error.strerror or error}).") from None


def read_pseudo_labels(source: Path, classes: Sequence[str]) -> tuple[tuple[Path, str], ...]:
    """(path, label) of each row, a relative path taken from where the file stands.

    Raises ThawError where the file is absent or none of this kind, and for a label that is no class of `classes`.
    """
    name = printable(str(source))
    try:
        with source.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            header, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no table of pseudo-labels"
        raise ThawError(f"The pseudo-labels in “{name}” cannot be read ({reason}).") from None
    if tuple(header[:2]) != COLUMNS or any(len(row) < 2 for row in rows):
        raise ThawError(f"“{name}” is no file of pseudo-labels: its columns must be path and label.")
    unknown = sorted({row[1] for row in rows} - set(classes))
    if unknown:
        raise ThawError(
            f"“{unknown[0]}” in “{name}” is no class of this dataset; make the pseudo-labels anew with a model of it."
        )
    return tuple((source.parent / row[0], row[1]) for row in rows)
