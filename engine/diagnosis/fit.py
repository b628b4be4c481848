"""Rules about how well the model fits its photos: by heart, or hardly at all."""

from __future__ import annotations

from engine.diagnosis import remedies
from engine.diagnosis.course import Course
from engine.diagnosis.words import loss, percent
from engine.events import Diagnosis

SEVERAL = 3
RISEN = 1.25
RISEN_IN_NATS = 0.05
FALLEN = 0.9

EARLIEST = 6
NEAR_CHANCE = 0.05


def overfitting(course: Course) -> Diagnosis | None:
    """Validation loss rises while training loss falls: since its lowest, for three epochs and more, it has stood
    higher, in the end by a quarter and 0.05 nats; the training loss fell by a tenth meanwhile, and training accuracy
    lies above the 95 % interval of validation's.

    That the two curves part is the definition (Goodfellow, Bengio and Courville 2016, "Deep Learning", section 5.2);
    the thresholds were set so that five recorded healthy runs on few hundred photos stay silent.
    """
    rows, last = course.phase, course.last
    lowest = min(rows, key=lambda row: row.val_loss)
    since = [row for row in rows if row.epoch > lowest.epoch]
    if len(since) < SEVERAL or min(row.val_loss for row in since[-SEVERAL:]) < (1 + RISEN) / 2 * lowest.val_loss:
        return None
    risen = last.val_loss >= max(RISEN * lowest.val_loss, lowest.val_loss + RISEN_IN_NATS)
    fallen = last.train_loss <= FALLEN * lowest.train_loss
    if not risen or not fallen or last.train_accuracy <= course.val_interval(last)[1]:
        return None
    evidence = (
        f"Validation loss rose from {loss(lowest.val_loss)} (epoch {lowest.epoch}) to {loss(last.val_loss)} (epoch "
        f"{last.epoch}) while training loss fell from {loss(lowest.train_loss)} to {loss(last.train_loss)}; "
        f"{percent(last.train_accuracy)} of training and {percent(last.val_accuracy)} of validation are right."
    )
    sentence = "The model learns the training photos by heart: it overfits."
    remedy = remedies.against_overfitting(course.config)
    return remedy.diagnosed("overfitting", "warning", sentence, evidence, last.epoch)


def underfitting(course: Course) -> Diagnosis | None:
    """The training photos themselves are not learned: past half of the run less than half of the way from always
    answering the most frequent class to all right, and over the last three epochs no better than in the three before,
    but for the noise of so many photos (two standard errors of the difference of two shares).

    A training error that stays high is the definition (Goodfellow, Bengio and Courville 2016, "Deep Learning", section
    5.2). Half is a choice: a real task that is hard for its features may lie there, and then more capacity is right.
    Mixed photos have no accuracy to go by.
    """
    rows, last = course.phase, course.last
    if course.mixed or len(rows) < EARLIEST or last.epoch < last.epochs / 2:
        return None
    now = sum(row.train_accuracy for row in rows[-SEVERAL:]) / SEVERAL
    before = sum(row.train_accuracy for row in rows[-2 * SEVERAL : -SEVERAL]) / SEVERAL
    noise = 2 * (2 * now * (1 - now) / (SEVERAL * course.train_photos)) ** 0.5
    if course.skill(max(now, last.val_accuracy)) > 0.5 or now - before > noise:
        return None
    frozen = course.vitals.frozen_share
    evidence = (
        f"In epochs {rows[-SEVERAL].epoch} to {last.epoch} {percent(now)} of the training photos were right, in the "
        f"three before {percent(before)}; training loss is {loss(last.train_loss)}"
        + (f"; {percent(frozen)} of the parameters are frozen." if frozen else ".")
    )
    learned = course.skill(now) > NEAR_CHANCE
    sentence = (
        "The model does not learn its training photos: it underfits."
        if learned
        else "The model has learned nothing: it is right no more often than one who guesses."
    )
    remedy = remedies.against_underfitting(course.config, learned)
    return remedy.diagnosed("underfitting", "warning" if learned else "grave", sentence, evidence, last.epoch)
