"""Rules about the size of the steps: too large, too small, or beyond all numbers."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

from engine.diagnosis import remedies
from engine.diagnosis.course import Course
from engine.diagnosis.words import loss, percent, rate
from engine.events import Diagnosis, EpochFinished
from engine.events.diagnosis import Severity

EXPLODED = 10
RISE = 1.3
RISE_IN_CHANCE = 0.1
WORSE_THAN_CHANCE = 1.2
STEPS_FOR_TREND = 12
JUMPS = 3
JUMP_EPOCHS = 6
STILL_FALLS = 0.9

HARDLY = 0.08
STEADY = 0.9
EPOCHS_FOR_SLOPE = 4

PLATEAU_EPOCHS = 5
FLAT = 0.02
STILL_LARGE_RATE = 0.3


def not_a_number(course: Course, epoch: int) -> Diagnosis:
    """The loss is infinite or no number any more, in `epoch`; nothing after it would mean anything."""
    seen = course.step_losses
    when = f"after step {len(seen)}, whose loss was {loss(seen[-1])}" if seen else "in the first step"
    evidence = f"Epoch {epoch}, {when}, at a learning rate of at most {rate(course.config.learning_rate or 0)}."
    sentence = "The loss is no longer a number: the steps are so large that the weights have run away."
    return remedies.tame(course.config).diagnosed("not-a-number", "grave", sentence, evidence, epoch)


def exploding(course: Course) -> Diagnosis | None:
    """The loss is finite, but 10 times what guessing would cost: ln(classes) is the loss of who knows nothing, and
    only weights that grow without bound are so sure of so much that is wrong. The factor leaves room for sums of
    losses and for a first epoch."""
    last = course.last
    if last.train_loss < EXPLODED * course.guessing_loss:
        return None
    evidence = (
        f"Training loss {loss(last.train_loss)} in epoch {last.epoch}; equal probabilities for all classes would have "
        f"given {loss(course.guessing_loss)}."
    )
    sentence = "The loss explodes: the model is surer and surer of wrong answers."
    return remedies.tame(course.config).diagnosed("exploding", "grave", sentence, evidence, last.epoch)


def rate_too_high(course: Course) -> Diagnosis | None:
    """Steps that overshoot: the training loss rises between epochs or within one, stays above that of guessing, or
    validation jumps to and fro further than its photos explain.

    Training at a workable rate lowers the loss it minimises but for noise (Smith 2017, "Cyclical Learning Rates for
    Training Neural Networks", section 3.3, takes the point where it begins to rise for too high). Rises count from a
    tenth of ln(classes), so that noise near zero does not. Where a schedule starts anew the loss rises, as it is meant
    to (Loshchilov and Hutter 2017, "SGDR", figure 2), and epochs are compared from there on.
    """
    found = _above_guessing(course) or _epochs_rise(course) or _steps_rise(course) or _jumps(course)
    if not found:
        return None
    severity, evidence = found
    sentence = "The learning rate is too high: the steps overshoot, and the loss does not settle."
    return remedies.lower_rate(course.config).diagnosed(
        "rate-too-high", severity, sentence, evidence, course.last.epoch
    )


def _above_guessing(course: Course) -> tuple[Severity, str] | None:
    last, guessing = course.last, course.guessing_loss
    if len(course.phase) < 2 or min(row.train_loss for row in course.phase) < WORSE_THAN_CHANCE * guessing:
        return None
    return "grave", (
        f"After {last.epoch} epochs the training loss is {loss(last.train_loss)}, above the {loss(guessing)} of equal "
        "probabilities for all classes."
    )


def _epochs_rise(course: Course) -> tuple[Severity, str] | None:
    lowest, last = min(course.since_restart, key=lambda row: row.train_loss), course.last
    rise = last.train_loss - lowest.train_loss
    if last.train_loss < RISE * lowest.train_loss or rise < RISE_IN_CHANCE * course.guessing_loss:
        return None
    return "warning", (
        f"Training loss rose from {loss(lowest.train_loss)} (epoch {lowest.epoch}) to {loss(last.train_loss)} (epoch "
        f"{last.epoch})."
    )


def _steps_rise(course: Course) -> tuple[Severity, str] | None:
    """The last third of an epoch's steps against the first: more than 4 standard errors, and a quarter of guessing."""
    losses = course.step_losses
    restarted = len(course.since_restart) == 1 and len(course.history) > 1  # within this very epoch, perhaps
    if len(losses) < STEPS_FOR_TREND or (restarted and course.config.schedule == "cosine-restarts"):
        return None
    third = len(losses) // 3
    first, after = losses[:third], losses[-third:]
    before, now = statistics.fmean(first), statistics.fmean(after)
    error = math.sqrt((statistics.variance(first) + statistics.variance(after)) / third)
    if now - before < max(4 * error, 0.25 * course.guessing_loss):
        return None
    return "warning", f"Within epoch {course.last.epoch} the loss of the steps rose from {loss(before)} to {loss(now)}."


def _jumps(course: Course) -> tuple[Severity, str] | None:
    """Three or more jumps in turn up and down within six epochs, each further than both 95 % intervals reach, while the
    training loss falls by less than a tenth. Where it does fall, it is the running statistics of batch norm that have
    few steps to follow in; the sample set's run does so, and ends well."""
    rows = course.phase[-JUMP_EPOCHS:]
    if rows[-1].train_loss < STILL_FALLS * rows[0].train_loss:
        return None
    signs = [_jump(course, one, other) for one, other in pairwise(rows)]
    turned = [sign for sign in signs if sign]
    alternating = sum(one != other for one, other in pairwise(turned))
    if len(turned) < JUMPS or alternating < len(turned) - 1:
        return None
    shown = ", ".join(percent(row.val_accuracy) for row in rows)
    return "warning", (
        f"Validation accuracy of epochs {rows[0].epoch} to {rows[-1].epoch}: {shown}; so far apart are not the 95 % "
        f"intervals of {course.val_photos} photos."
    )


def _jump(course: Course, one: EpochFinished, other: EpochFinished) -> int:
    (low, high), (other_low, other_high) = course.val_interval(one), course.val_interval(other)
    return 1 if other_low > high else -1 if other_high < low else 0


def rate_too_low(course: Course) -> Diagnosis | None:
    """The loss falls, but along a line and hardly: less than 8 % of itself over at least four epochs, while the model
    knows less than half of what there is to know.

    A loss that falls along a straight line is the picture of a rate below the useful ones (Karpathy, notes of Stanford
    CS231n, "Babysitting the learning process": low rates give linear improvements). The first epoch, in which the rate
    rises, is left out; and so is a loss that comes down to that of guessing at the usual rate, for there may be nothing
    to learn.
    """
    rows = course.phase[1:]
    last = course.last
    if len(rows) < EPOCHS_FOR_SLOPE or course.skill(max(last.train_accuracy, last.val_accuracy)) > 0.5:
        return None
    losses = [row.train_loss for row in rows]
    fall = losses[0] - losses[-1]
    line = statistics.correlation(range(len(losses)), losses) if len(set(losses)) > 1 else 0.0
    if not 0 < fall < HARDLY * losses[0] or line > -math.sqrt(STEADY):
        return None
    guesses = last.train_loss > 0.97 * course.guessing_loss
    if guesses and (course.config.learning_rate or 0) >= remedies.usual_rate(course.config):
        return None
    evidence = (
        f"From epoch {rows[0].epoch} to {last.epoch} the training loss fell along a line from {losses[0]:.3f} to "
        f"{losses[-1]:.3f}, and {percent(last.train_accuracy)} of the training photos are right."
    )
    sentence = "The learning rate is too low: the loss falls, but hardly."
    return remedies.raise_rate(course.config).diagnosed("rate-too-low", "warning", sentence, evidence, last.epoch)


def plateau(course: Course) -> Diagnosis | None:
    """For five epochs neither loss has improved (2 % in training, 1 % in validation), at a rate that is still large,
    though there is something left to learn: at such a place the rate is lowered (He et al. 2015, "Deep Residual
    Learning", section 3.4: "divided by 10 when the error plateaus"). What stands still because a schedule has brought
    the rate near zero is at its end, and no finding."""
    rows, last = course.phase, course.last
    if len(rows) <= PLATEAU_EPOCHS + 1 or max(last.train_accuracy, last.val_accuracy) > 0.95:
        return None
    before, since = rows[:-PLATEAU_EPOCHS], rows[-PLATEAU_EPOCHS:]
    best_train, best_val = min(r.train_loss for r in before), min(r.val_loss for r in before)
    flat = statistics.fmean(row.train_loss for row in since) > (1 - FLAT) * best_train
    better = min(row.val_loss for row in since) < (1 - FLAT / 2) * best_val
    better |= max(row.val_accuracy for row in since) > max(row.val_accuracy for row in before)
    if not flat or better or last.learning_rate < STILL_LARGE_RATE * max(row.learning_rate for row in rows):
        return None
    evidence = (
        f"Since epoch {before[-1].epoch} the training loss has stood at {loss(last.train_loss)} (the best before was "
        f"{loss(best_train)}), validation loss at {loss(last.val_loss)} ({loss(best_val)})."
    )
    sentence = f"Nothing has improved for {PLATEAU_EPOCHS} epochs: the model stands on a plateau."
    return remedies.anneal(course.config).diagnosed("plateau", "warning", sentence, evidence, last.epoch)
