"""Rules about the photos: classes that are never answered, validation that says little, labels that look wrong."""

from __future__ import annotations

import math
import statistics
from collections import Counter

from engine.diagnosis import remedies
from engine.diagnosis.course import Course
from engine.diagnosis.words import named, percent, photos
from engine.events import Diagnosis
from engine.runs import PredictionRow
from engine.wilson import wilson

LEAST_OF_CLASS = 3
EARLIEST = 5
FEW_SHARE = 0.5

WIDE = 0.2

SUSPECTS = 3
SUSPECT_SHARE = 0.03
SURE_BY_ITSELF = 0.2
UNLIKELY = 0.01
NAMED_PHOTOS = 50


def class_never_predicted(course: Course) -> Diagnosis | None:
    """A class with three or more validation photos is never the answer: at the end of the run, or while it goes after
    half of its epochs, from the fifth on. Before that a run that learns well may pass a class over."""
    if not course.ended and course.last.epoch < max(EARLIEST, course.last.epochs / 2):
        return None
    given = Counter(row.predicted for row in course.predictions) if course.ended else course.vitals.predicted
    missing = [name for name, count in course.val.items() if count >= LEAST_OF_CLASS and not given.get(name)]
    if not missing or not given:
        return None
    lines = [
        f"“{name}”: {course.val[name]} of {photos(course.val_photos)} of validation are of it, 0 were taken for it; "
        f"{course.train[name]} of {course.train_photos} training photos are."
        for name in missing[:3]
    ]
    usual = course.train_photos / len(course.train)
    few = any(course.train[name] < FEW_SHARE * usual for name in missing)
    plural = len(missing) > 1
    sentence = f"The class{'es' if plural else ''} {named(missing)} {'are' if plural else 'is'} never predicted."
    epoch = None if course.ended else course.last.epoch
    remedy = remedies.for_classes(course.config, missing, few)
    return remedy.diagnosed("class-never-predicted", "warning", sentence, " ".join(lines), epoch)


def few_validation_photos(course: Course) -> Diagnosis | None:
    """The 95 % interval (Wilson 1927, as everywhere in Thaw) of the validation accuracy is wider than 20 points, so
    that no two settings can be told apart by it. After the first epoch only where it would be so even with all right,
    which is below 16 photos."""
    right = round(course.last.best_val_accuracy * course.val_photos) if course.ended else course.val_photos
    low, high = wilson(right, course.val_photos)
    if high - low <= WIDE:
        return None
    said = f"{percent(right / course.val_photos)} right" if course.ended else "even all of them right"
    evidence = (
        f"{said[0].upper()}{said[1:]} of {photos(course.val_photos)}: the 95 % interval is {100 * low:.0f} to "
        f"{100 * high:.0f} %."
    )
    sentence = "There are too few validation photos for its accuracy to say much."
    remedy = remedies.more_validation(course.config, course.val_cut)
    epoch = None if course.ended else course.last.epoch
    return remedy.diagnosed("few-validation-photos", "note", sentence, evidence, epoch)


def noisy_labels(course: Course) -> Diagnosis | None:
    """Wrong answers of which the model is as sure as of its right ones, so that the labels may be what is wrong.

    Confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset
    Labels", equation 1): a photo is suspect where another class than its label reaches that class's threshold, the mean
    probability of it over the photos labelled so; here only over those that were answered right, for a model that
    knows little would else suspect half of its errors. Runs on clean photos were that sure of 15 to 17 % of their wrong
    answers (insects, flowers, CIFAR-10 from scratch), and of 41 % where 15 % of the insects had been given another
    label, all of those 12 photos among them. So the finding needs three suspects, 3 % of validation, and a number that
    one in five would reach less than once in a hundred times.
    """
    rows, names = course.predictions, list(course.train)
    wrong = sum(row.label != row.predicted for row in rows)
    suspects = _suspects(rows, names)
    if len(suspects) < max(SUSPECTS, SUSPECT_SHARE * len(rows)) or _by_itself(len(suspects), wrong) > UNLIKELY:
        return None
    shown = ", ".join(
        f"{row.path.name} (labelled {row.label}, {percent(row.confidence)} {row.predicted})" for row in suspects[:3]
    )
    evidence = (
        f"Of {wrong} wrong answers on {photos(len(rows))} of validation, in {len(suspects)} the model is as sure as "
        f"where it is right: {shown}{'' if len(suspects) <= 3 else ' …'}"
    )
    sentence = f"{photos(len(suspects))} of validation may have a wrong label."
    remedy = remedies.Remedy(
        "Look at them in Review, and put those that are mislabelled into the folder of their class; training photos "
        "from the same source will have as many."
    )
    places = tuple(row.path for row in suspects[:NAMED_PHOTOS])
    return remedy.diagnosed("noisy-labels", "note", sentence, evidence, None, places)


def _by_itself(suspects: int, wrong: int) -> float:
    """The probability that of so many wrong answers at least so many are sure ones, where one in five is."""
    share = SURE_BY_ITSELF
    return sum(math.comb(wrong, n) * share**n * (1 - share) ** (wrong - n) for n in range(suspects, wrong + 1))


def _suspects(rows: tuple[PredictionRow, ...], names: list[str]) -> list[PredictionRow]:
    """The photos whose label confident learning doubts, the surest first."""
    labelled = {
        name: [row.probabilities[place] for row in rows if row.label == name == row.predicted]
        for place, name in enumerate(names)
    }
    threshold = [statistics.fmean(shares) if (shares := labelled[name]) else 1.0 for name in names]
    found = []
    for row in rows:
        reached = [place for place, share in enumerate(row.probabilities) if share >= threshold[place]]
        likeliest = max(reached, key=lambda place: row.probabilities[place], default=None)
        if likeliest is not None and names[likeliest] != row.label and row.predicted != row.label:
            found.append(row)
    return sorted(found, key=lambda row: row.confidence, reverse=True)
