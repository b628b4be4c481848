"""How probabilities become a label: the thresholds of the model file, one's own, and "unknown" below them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import ThawError
from engine.prediction.hierarchy import NO_GROUP, Hierarchy

UNKNOWN = NO_GROUP
CLASS_CALLED_SO = "unknown (class)"
"""What a class is called among answers whose own name is “unknown”, which says there that no class was sure."""

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rules:
    """`needed` is, for each of the `classes`, the confidence (0 to 1) below which the label is "unknown". With a
    `hierarchy`, a photo that stays below it may still get the label of a group. Photos that one camera took at most
    `series_seconds` apart are decided on together; 0 for each on its own."""

    classes: tuple[str, ...]
    needed: tuple[float, ...]
    hierarchy: Hierarchy | None = None
    series_seconds: float = 0.0


def in_answers(name: str) -> str:
    """What a class of that name is called among answers."""
    return CLASS_CALLED_SO if name == UNKNOWN else name


def classes_in_answers(classes: Sequence[str]) -> tuple[str, ...]:
    """A model's classes as they are called among answers. Raises ThawError where two would have one name."""
    if UNKNOWN in classes and CLASS_CALLED_SO in classes:
        raise ThawError(
            f"The model has the classes “{UNKNOWN}” and “{CLASS_CALLED_SO}”, which cannot be told apart among answers; "
            "rename one of their folders and train again."
        )
    return tuple(map(in_answers, classes))


class LiveRules:
    """Rules that another thread may change while a batch is decided by them: `now` is what is wanted, and `used` the
    same as soon as all that was answered is decided by it."""

    def __init__(self, rules: Rules) -> None:
        self.now = self.used = rules


def rules_for(
    classes: tuple[str, ...],
    own: Mapping[str, float],
    *,
    threshold: float = 0.0,
    by_class: Mapping[str, float] | None = None,
    hierarchy: Hierarchy | None = None,
    series_seconds: float = 0.0,
) -> Rules:
    """The rules for a model's answers: `by_class` counts before all, and else the higher of `threshold` and the model
    file's `own` for that class. Classes may be named as the model does, or as answers do. Raises ThawError for a value
    that is none and for a class that the model does not know.
    """
    by_class = by_class or {}
    known = classes_in_answers(classes)
    if not 0 <= series_seconds < math.inf:
        raise ThawError(f"The seconds between photos of a series must be 0 or more, not {series_seconds}.")
    for value in (threshold, *by_class.values()):
        if not 0 <= value <= 1:
            raise ThawError(f"The threshold must lie between 0 and 1, not {value}.")
    strange = [name for name in by_class if in_answers(name) not in known]
    if strange:
        raise ThawError(f"The model knows no class “{strange[0]}”; it knows {', '.join(classes[:20])}.")
    if hierarchy:
        hierarchy = Hierarchy({in_answers(name): group for name, group in hierarchy.group_of.items()})
        hierarchy.check(known)
    wanted, own = ({in_answers(name): value for name, value in given.items()} for given in (by_class, own))
    needed = (wanted.get(name, max(threshold, own.get(name, 0.0))) for name in known)
    return Rules(known, tuple(needed), hierarchy, series_seconds)


def decide(rules: Rules, probabilities: Probabilities) -> list[tuple[str, float]]:
    """The label and the confidence for each row of `probabilities` (N × classes): the class with the highest, or the
    nearest group that is sure enough (its confidence is the sum of its classes'), or "unknown" with the class's own."""
    best = probabilities.argmax(axis=1)
    confidences = probabilities[np.arange(len(probabilities)), best]
    enough = confidences >= np.asarray(rules.needed, np.float32)[best]
    decided = [
        (rules.classes[place] if sure else UNKNOWN, float(confidence))
        for place, confidence, sure in zip(best, confidences, enough, strict=True)
    ]
    if rules.hierarchy:
        for row in np.flatnonzero(~enough):
            decided[row] = rules.hierarchy.group(rules, probabilities[row]) or decided[row]
    return decided


def ranked(classes: Sequence[str], probabilities: Probabilities, top: int) -> tuple[tuple[str, float], ...]:
    """The `top` best classes of one photo with their probabilities, best first; of equals the first class."""
    best = np.argsort(-probabilities, kind="stable")[:top]
    return tuple((classes[place], float(probabilities[place])) for place in best)
