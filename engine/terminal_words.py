"""Events as sentences for a person at a terminal."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from engine import events as ev
from engine.evaluation.significance import verdict
from engine.models.pretrained.words import findings, headline

COUNTED = ("train", "val", "test", "photos")


def duration(seconds: float) -> str:
    """00:41, or 1 h 12 min."""
    whole = round(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def left(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration(seconds)} left"


def waited(epoch: ev.EpochFinished) -> str:
    """What is said beside the speed of an epoch that photos held up, else ""."""
    return f" ({epoch.waiting_share:.0%} of the time waiting for photos)" if epoch.waited_long else ""


@functools.singledispatch
def sentence(_event: ev.Event) -> str:
    """What a person reads of an event, "" where that is nothing."""
    return ""


def _says(event_class: type[ev.Event]) -> Callable[[Callable[..., str]], Callable[..., str]]:
    return sentence.register(event_class)


@_says(ev.Notice)
def _(event: ev.Notice) -> str:
    return f"• {event.text}"


@_says(ev.Diagnosis)
def _(event: ev.Diagnosis) -> str:
    return f"! {event.sentence}\n  {event.evidence}\n  {event.remedy}"


@_says(ev.ScanFinished)
def _(event: ev.ScanFinished) -> str:
    lines = [f"{event.root}: {len(event.classes)} classes, {event.photos:,} photos, {event.skipped:,} entries skipped"]
    for name, *counts in event.counts:
        parts = [f"{count} {split}" for count, split in zip(counts, COUNTED, strict=True) if count]
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
        f"{event.images_per_second:.0f} photos/s{waited(event)}; "
        f"{left(event.seconds_left)}"
    ).rstrip("; ")


@_says(ev.ParityMeasured)
def _(event: ev.ParityMeasured) -> str:
    return (
        f"The model file gives the trained answer on {event.same_top1:.1%} of {event.photos} photos; the "
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


@_says(ev.LearningRateFound)
def _(event: ev.LearningRateFound) -> str:
    found = "No learning rate was found" if event.learning_rate is None else f"Learning rate {event.learning_rate:g}"
    steepest = "" if event.steepest is None else f" The loss falls fastest at {event.steepest:g}."
    return (
        f"{found} for {event.model}, {event.strategy} (phase “{event.phase}”); as set it would be {event.usual:g}\n"
        f"{event.why}{steepest}\nFound after {duration(event.seconds)}, {event.steps} steps"
    )


@_says(ev.RunEstimated)
def _(event: ev.RunEstimated) -> str:
    caches = f", {event.cache_bytes / 1e6:,.0f} MB of caches" if event.cache_bytes else ""
    gpu = f", {event.gpu_bytes / 1e9:.1f} GB on the GPU" if event.gpu_bytes else ""
    lines = [
        f"{event.model}, {event.strategy}: about {duration(event.seconds)} for {event.epochs} epochs, "
        f"{event.seconds_per_epoch:.3g} s an epoch; {event.memory_bytes / 1e9:.1f} GB of memory{gpu}; "
        f"{event.disk_bytes / 1e6:,.0f} MB on the disk{caches}"
    ]
    lines += [f"  {what}: {duration(seconds)}" for what, seconds in event.parts]
    return "\n".join((*lines, *(f"• {warning}" for warning in event.warnings)))


@_says(ev.EvaluationFinished)
def _(event: ev.EvaluationFinished) -> str:
    return (
        f"{event.accuracy:.1%} of {event.photos} {event.split} photos right (95 % interval {event.low:.1%} to "
        f"{event.high:.1%}), macro F1 {event.macro_f1:.3f}; {event.failed} could not be read\nDetails: {event.out}"
    )


@_says(ev.PairCompared)
def _(event: ev.PairCompared) -> str:
    return verdict(event.first, event.second, event.first_only, event.second_only, event.adjusted_p_value)


@_says(ev.ComparisonFinished)
def _(event: ev.ComparisonFinished) -> str:
    return f"{event.runs} runs on the same {event.photos} {event.split} photos" if event.photos else ""


@_says(ev.PredictionFinished)
def _(event: ev.PredictionFinished) -> str:
    head = "Stopped" if event.stopped else "Finished"
    where = f"\nTable: {event.out}" if event.out else ""
    kept = f" ({event.kept:,} answered before)" if event.kept else ""
    return (
        f"{head} after {duration(event.seconds)}: {event.photos:,} photos{kept}, {event.failed:,} of them could not be "
        f"read, {event.skipped:,} other entries skipped; {event.images_per_second:.0f} photos/s{where}"
    )


@_says(ev.LayerPictured)
def _(event: ev.LayerPictured) -> str:
    what = "Feature maps" if event.kind == "maps" else "Filters"
    files = "\n".join(f"  {path}" for path in (event.before, event.after) if path)
    return f"{what} of {event.layer}: {event.shown} of {event.channels} channels\n{files}"


@_says(ev.SummaryFinished)
def _(event: ev.SummaryFinished) -> str:
    said = f", a person looked at {event.verified:,}" if event.verified else ""
    where = f"\nPage: {event.out}" if event.out else ""
    return f"{event.photos:,} photos, {event.unknown:,} unknown, {event.failed:,} could not be read{said}{where}"


@_says(ev.Explained)
def _(event: ev.Explained) -> str:
    across = f"{len(event.places[0])} × {len(event.places)} places" if any(map(any, event.places)) else ""
    said = f"evidence by {across}" if across else "nothing in this photo speaks for it more than for the other classes"
    return f"{event.label}, {event.confidence:.1%}: {said}" + (f"\nPicture: {event.out}" if event.out else "")


@_says(ev.TableWritten)
def _(event: ev.TableWritten) -> str:
    return (
        f"{event.photos:,} photos, {event.unknown:,} of them unknown, {event.failed:,} could not be read\n"
        f"Table: {event.out}"
    )


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
    return f"{event.problems or 'No'} problem{'s' if event.problems > 1 else ''} found"


@_says(ev.WeightsFetched)
def _(event: ev.WeightsFetched) -> str:
    return f"{event.model}, {event.name}: {event.path} ({event.size_bytes / 1e6:.1f} MB, verified)"


@_says(ev.WeightsImported)
def _(event: ev.WeightsImported) -> str:
    kept = f"Kept as {event.name}: train with --model {event.model} --weights {event.name}" if event.name else ""
    return "\n".join(filter(None, (headline(event), *findings(event), kept)))


@_says(ev.EnsembleFinished)
def _(event: ev.EnsembleFinished) -> str:
    figures = [
        f"{whole:.1%} of {photos} {split} photos right (the best of them alone {best:.1%})"
        for split, photos, whole, best in (
            ("val", event.val_photos, event.val_accuracy, event.best_val_accuracy),
            ("test", event.test_photos, event.test_accuracy, event.best_test_accuracy),
        )
        if whole is not None and best is not None
    ]
    made = f"An ensemble of {', '.join(event.members)}"
    size = f"{event.model_bytes / 1e6:.1f} MB"
    return f"{': '.join(filter(None, (made, ', '.join(figures))))}\nModel file: {event.model_file} ({size})"


@_says(ev.DemoFinished)
def _(event: ev.DemoFinished) -> str:
    return (
        f"The whole job took {duration(event.seconds)}; {event.test_accuracy:.1%} of the test photos are right\n"
        f"Model file: {event.model_file}\nTable: {event.predictions}\nCurves: {event.curves}"
    )


@_says(ev.BaselineMeasured)
def _(event: ev.BaselineMeasured) -> str:
    return (
        f"Baseline: {event.val_accuracy:.1%} of {event.val_photos} validation photos right (95 % interval "
        f"{event.low:.1%} to {event.high:.1%}), by a linear classifier on the features of {event.model} that learnt "
        f"from {event.train_photos} photos; always naming the commonest class gives {event.chance:.1%}"
    )


@_says(ev.TrialStarted)
def _(event: ev.TrialStarted) -> str:
    return f"Trial {event.trial} of {event.trials}: {_changes(event.changes) or 'the settings as they are'}"


@_says(ev.TrialFinished)
def _(event: ev.TrialFinished) -> str:
    reached = "no epoch was done" if event.val_accuracy is None else f"{event.val_accuracy:.1%} val"
    how = {"finished": "", "pruned": f", given up after epoch {event.epochs}", "failed": ", the loss was no number"}
    best = " (best so far)" if event.best else ""
    return f"  {reached}{how[event.outcome]}{best}; {left(event.seconds_left)}"


@_says(ev.SearchFinished)
def _(event: ev.SearchFinished) -> str:
    usual = "" if event.usual_accuracy is None else f", against {event.usual_accuracy:.1%} of the settings as they were"
    return (
        f"The best of {event.trials} trials is number {event.best_trial}, {_changes(event.changes) or 'as they were'}: "
        f"{event.val_accuracy:.1%} val{usual}; it is in {event.run_dir}"
    )


@_says(ev.StrategiesCompared)
def _(event: ev.StrategiesCompared) -> str:
    return event.sentence


def _changes(changes: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in changes.items()
    )
