"""Events for a person at a terminal: a line for what matters, a bar with the time left for what takes long."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from engine import events as ev
from engine.models.pretrained.words import findings, headline

Row = ev.Layer | ev.GraphNode | ev.LayerTimed | ev.Model | ev.WeightsListed
"""What is shown as a row of a table."""

console = Console(highlight=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """00:41, or 1 h 12 min."""
    whole = round(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def left(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration(seconds)} left"


def show(events: Iterable[ev.Event]) -> None:
    """Print events until they end; the bar goes away when they do."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        screen = Screen(progress)
        for event in events:
            screen.show(event)
    screen.show_tables()


class Screen:
    """Knows the one bar there is, and gathers rows that are shown as one table at the end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._tables: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        self._after: list[str] = []

    def show(self, event: ev.Event) -> None:
        if isinstance(event, Row):
            self._add_row(event)
        elif not self._move_bar(event):
            sentence = _sentence(event)
            if sentence and self._tables:
                self._after.append(sentence)  # sums belong below their table
            elif sentence:
                console.print(escape(sentence))

    def show_tables(self) -> None:
        for titles, rows in self._tables.items():
            for line in in_columns(titles, rows):
                console.print(escape(line))
        for line in self._after:
            console.print(escape(line))

    def _move_bar(self, event: ev.Event) -> bool:
        match event:
            case ev.StepFinished():
                note = f"loss {event.loss:.3f}   {event.images_per_second:.0f} photos/s   {left(event.seconds_left)}"
                self._bar(f"Epoch {event.epoch}", event.step, event.steps, note)
            case ev.PredictionProgress():
                note = f"{event.done} photos   {event.images_per_second:.0f} photos/s   {left(event.seconds_left)}"
                self._bar("Classifying", event.done, event.total, note)
            case ev.FeaturesComputed():
                note = f"{event.done} photos   {event.images_per_second:.0f} photos/s   {left(event.seconds_left)}"
                self._bar("Computing features", event.done, event.total, note)
            case ev.ScanProgress():
                self._bar("Looking through", None, None, f"{event.photos} photos")
            case ev.Transferred():
                note = f"{event.received_bytes / 1e6:.1f} MB"
                self._bar(f"Fetching {event.name}", event.received_bytes, event.total_bytes or None, note)
            case ev.StageStarted():
                self._bar(event.title, None, None, "")
            case _:
                return isinstance(event, ev.Prediction | ev.PseudoLabel)
        return True

    def _bar(self, title: str, done: int | None, total: int | None, note: str) -> None:
        if self._task is None:
            self._task = self._progress.add_task(title, total=None, note="")
        self._progress.update(self._task, description=title, completed=done or 0, total=total, note=note)

    def _add_row(self, event: Row) -> None:
        titles, cells = _cells(event)
        self._tables.setdefault(titles, []).append(cells)


def in_columns(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of aligned columns, as wide as they need to be: a name that is cut off cannot be copied."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if title in RIGHT_ALIGNED else cell.ljust(width)
            for title, cell, width in zip(titles, row, widths, strict=True)
        ).rstrip()
        for row in (titles, *rows)
    ]


COUNTED = ("train", "val", "test", "photos")
THE_NETWORK = "(the network itself)"
RIGHT_ALIGNED = (
    "MB",
    "No.",
    "Forward ms",
    "Backward ms",
    "Multiply-adds",
    "Parameters",
    "Sees",
    "ImageNet",
    "Photos/s",
)


def _cells(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    match row:
        case ev.Layer():
            return _layer_cells(row)
        case ev.GraphNode():
            return _node_cells(row)
        case ev.LayerTimed():
            return _time_cells(row)
        case ev.Model():
            return _model_cells(row)
        case ev.WeightsListed():
            return _weights_cells(row)


def _layer_cells(row: ev.Layer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Layer", "Type", "Output", "Parameters", "Multiply-adds", "Sees", "State")
    sees = "whole image" if row.receptive_field is None else f"{row.receptive_field} px"
    if row.training_only:
        sees = "training only"
    state = ("trains" if row.trainable else "frozen") if row.parameters else ""
    output = " × ".join(map(str, row.output_shape))
    name = "  " * row.depth + row.name if row.name else THE_NETWORK
    return titles, (name, row.type, output, f"{row.parameters:,}", f"{row.flops:,}", sees, state)


def _node_cells(row: ev.GraphNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("No.", "Operation", "What", "Kind", "From", "Gives")
    inputs, output = ", ".join(map(str, row.inputs)), " × ".join(map(str, row.output_shape))
    return titles, (str(row.number), row.name, row.op, row.kind, inputs, output)


def _time_cells(row: ev.LayerTimed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Layer", "Forward ms", "Backward ms")
    return titles, (row.name or THE_NETWORK, f"{row.forward_seconds * 1e3:.3f}", f"{row.backward_seconds * 1e3:.3f}")


def _model_cells(row: ev.Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Model", "Title", "Parameters", "ImageNet", "Speed", "Photos/s", "Pretrained weights")
    top1 = "" if row.imagenet_top1 is None else f"{row.imagenet_top1:.1%}"
    rate = "" if row.images_per_second is None else f"{row.images_per_second:.0f}"
    absent = "not here; can be fetched" if row.has_official_weights else "none; trains from scratch"
    return titles, (row.name, row.title, f"{row.parameters:,}", top1, row.speed, rate, row.weights or absent)


def _weights_cells(row: ev.WeightsListed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Model", "Weights", "Trained on", "Licence", "MB", "Where")
    absent = {"absent": "not here; can be fetched", "partly": f"{row.received_bytes / 1e6:.1f} MB of it are here"}
    sign = "(verified)" if row.verified else "(damaged)" if row.state == "damaged" else ""
    where = absent.get(row.state) or f"{row.path} {sign}".rstrip()
    size = f"{'~' * (row.path is None)}{row.size_bytes / 1e6:,.1f}"
    return titles, (row.model, row.name, row.trained_on, row.licence, size, where)


@functools.singledispatch
def _sentence(_event: ev.Event) -> str:
    return ""


def _says(event_class: type[ev.Event]) -> Callable[[Callable[..., str]], Callable[..., str]]:
    return _sentence.register(event_class)


@_says(ev.Notice)
def _(event: ev.Notice) -> str:
    return f"• {event.text}"


@_says(ev.ScanFinished)
def _(event: ev.ScanFinished) -> str:
    lines = [f"{event.root}: {len(event.classes)} classes, {event.photos:,} photos, {event.skipped:,} entries skipped"]
    for name, *counts in event.counts:
        parts = [
            f"{count} {split}" for count, split in zip(counts, ("train", "val", "test", "photos"), strict=True) if count
        ]
        lines.append(f"  {name}: {', '.join(parts)}")
    return "\n".join(lines)


@_says(ev.RunStarted)
def _(event: ev.RunStarted) -> str:
    resumed = f", going on with epoch {event.first_epoch}" if event.first_epoch > 1 else ""
    return (
        f"Training {event.model}, {event.strategy}, on {event.device} with {event.threads} threads{resumed}\n"
        f"{event.train_photos} training photos, {event.val_photos} for validation, {event.test_photos} for the test\n"
        f"{event.trainable_parameters:,} of {event.parameters:,} parameters train; {event.weights}"
    )


@_says(ev.PhaseStarted)
def _(event: ev.PhaseStarted) -> str:
    return f"Phase {event.phase} of {event.phases}: {event.title.lower()}" if event.phases > 1 else ""


@_says(ev.EpochFinished)
def _(event: ev.EpochFinished) -> str:
    best = " (best so far)" if event.best_epoch == event.epoch else ""
    return (
        f"Epoch {event.epoch} of {event.epochs}: loss {event.train_loss:.3f} train, {event.val_loss:.3f} val; accuracy "
        f"{event.train_accuracy:.1%} train, {event.val_accuracy:.1%} val{best}; "
        f"{event.images_per_second:.0f} photos/s; "
        f"{left(event.seconds_left)}"
    ).rstrip("; ")


@_says(ev.ParityMeasured)
def _(event: ev.ParityMeasured) -> str:
    return (
        f"The model file answers as the trained network did on {event.same_top1:.1%} of {event.photos} photos; the "
        f"largest difference of a probability is {event.largest_difference:.1e}"
    )


@_says(ev.RunFinished)
def _(event: ev.RunFinished) -> str:
    if event.model_file is None:
        return f"Stopped before the first epoch was done; “--resume” goes on with {event.run_dir}"
    figures = [f"{event.val_accuracy:.1%} of val right (epoch {event.best_epoch})"]
    if event.test_accuracy is not None:
        figures.append(f"{event.test_accuracy:.1%} of test right")
    if event.frozen_layers:
        figures.append(f"{event.unchanged_layers} of {event.frozen_layers} frozen layers proven unchanged")
    head = "Stopped; the run can be resumed" if event.stopped else "Finished"
    return f"{head} after {duration(event.seconds)}: {', '.join(figures)}\nModel file: {event.model_file}"


@_says(ev.Advice)
def _(event: ev.Advice) -> str:
    similarity = "" if event.similarity is None else f", similarity {event.similarity:.2f}"
    return (
        f"Model {event.model}, strategy {event.strategy}, head {event.head}, augmentation {event.augmentation}, "
        f"{event.epochs} epochs\n{' '.join(event.sentences)}\n"
        f"Advised after {duration(event.seconds)}{similarity}"
    )


@_says(ev.EvaluationFinished)
def _(event: ev.EvaluationFinished) -> str:
    return (
        f"{event.accuracy:.1%} of {event.photos} {event.split} photos right (95 % interval {event.low:.1%} to "
        f"{event.high:.1%}), macro F1 {event.macro_f1:.3f}; {event.failed} could not be read\nDetails: {event.out}"
    )


@_says(ev.PredictionFinished)
def _(event: ev.PredictionFinished) -> str:
    head = "Stopped" if event.stopped else "Finished"
    where = f"\nTable: {event.out}" if event.out else ""
    return (
        f"{head} after {duration(event.seconds)}: {event.photos:,} photos, {event.failed:,} of them could not be read, "
        f"{event.skipped:,} other entries skipped; {event.images_per_second:.0f} photos/s{where}"
    )


@_says(ev.LayerPictured)
def _(event: ev.LayerPictured) -> str:
    what = "Feature maps" if event.kind == "maps" else "Filters"
    files = "\n".join(f"  {path}" for path in (event.before, event.after) if path)
    return f"{what} of {event.layer}: {event.shown} of {event.channels} channels\n{files}"


@_says(ev.PseudoLabelsFinished)
def _(event: ev.PseudoLabelsFinished) -> str:
    head = "Stopped" if event.stopped else "Finished"
    where = f"\nTable: {event.out}" if event.out else ""
    return (
        f"{head} after {duration(event.seconds)}: of {event.photos:,} photos the model is sure of {event.sure:,}; "
        f"{event.proposed:,} are proposed, about equally many of each class{where}"
    )


@_says(ev.LayersFinished)
def _(event: ev.LayersFinished) -> str:
    share = event.trainable / event.parameters
    trains = f"{event.trainable:,} train ({share:.1%})"
    products = f"{event.flops / 1e9:.3g} billion multiply-adds an image"
    return f"{event.model} at {event.image_size} px: {event.parameters:,} parameters, {trains}, {products}"


@_says(ev.MeasureFinished)
def _(event: ev.MeasureFinished) -> str:
    forward, backward = event.forward_seconds, event.backward_seconds
    return (
        f"{event.model} at {event.image_size} px on {event.device} with {event.threads} threads, {event.batch_size} "
        f"photos at once: {forward * 1e3:.1f} ms forward, {backward * 1e3:.1f} ms backward a photo"
    )


@_says(ev.Check)
def _(event: ev.Check) -> str:
    sign = {"ok": "✓", "note": "•", "problem": "✗"}[event.status]
    return f"{sign} {event.name}: {event.text}"


@_says(ev.ChecksFinished)
def _(event: ev.ChecksFinished) -> str:
    return "No problem found" if not event.problems else f"{event.problems} problems found"


@_says(ev.WeightsFetched)
def _(event: ev.WeightsFetched) -> str:
    return f"{event.model}, {event.name}: {event.path} ({event.size_bytes / 1e6:.1f} MB, verified)"


@_says(ev.WeightsImported)
def _(event: ev.WeightsImported) -> str:
    kept = f"Kept as {event.name}: train with --model {event.model} --weights {event.name}" if event.name else ""
    return "\n".join(filter(None, (headline(event), *findings(event), kept)))


@_says(ev.DemoFinished)
def _(event: ev.DemoFinished) -> str:
    return (
        f"The whole job took {duration(event.seconds)}; {event.test_accuracy:.1%} of the test photos are right\n"
        f"Model file: {event.model_file}\nTable: {event.predictions}\nCurves: {event.curves}"
    )
