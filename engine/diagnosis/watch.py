"""Which rule looks when, and that each is heard once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import get_args

from engine.diagnosis import fit, layers, learning, photos
from engine.diagnosis.course import Course
from engine.events import Diagnosis
from engine.events.diagnosis import Severity

GRAVITY: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Rule:
    """`find` looks after every epoch, `at_end` at the end of the run; what is known as one of `unless` has explained
    it already, and the rule is silent."""

    kind: str
    find: Callable[[Course], Diagnosis | None]
    at_epochs: bool = True
    at_end: bool = False
    unless: tuple[str, ...] = ()


UNSOUND = ("exploding", "rate-too-high", "rate-too-low", "dead-units", "underfitting", "class-never-predicted")
"""What a model is not to be asked after: whose labels are wrong."""

RULES = (
    Rule("exploding", learning.exploding),
    Rule("rate-too-high", learning.rate_too_high, unless=("exploding",)),
    Rule("vanishing-gradients", layers.vanishing_gradients, unless=("exploding", "dead-units")),
    Rule("dead-units", layers.dead_units, unless=("exploding",)),
    Rule("overfitting", fit.overfitting),
    Rule("rate-too-low", learning.rate_too_low, unless=("vanishing-gradients",)),
    Rule("underfitting", fit.underfitting, unless=("exploding", "rate-too-high", "rate-too-low", "dead-units")),
    Rule("plateau", learning.plateau, unless=("underfitting", "rate-too-high", "overfitting", "dead-units")),
    Rule(
        "class-never-predicted",
        photos.class_never_predicted,
        at_end=True,
        unless=("exploding", "rate-too-high", "dead-units", "underfitting"),
    ),
    Rule("few-validation-photos", photos.few_validation_photos, at_end=True),
    Rule("noisy-labels", photos.noisy_labels, at_epochs=False, at_end=True, unless=UNSOUND),
)
"""In the order in which one explains another."""


def gravity(diagnosis: Diagnosis) -> int:
    return GRAVITY.index(diagnosis.severity)


def gravest_first(diagnoses: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
    """One of each kind, the last that was told, the gravest first."""
    newest = {diagnosis.kind: diagnosis for diagnosis in diagnoses}
    return tuple(sorted(newest.values(), key=gravity, reverse=True))


def look(course: Course, known: Iterable[Diagnosis] = ()) -> tuple[Diagnosis, ...]:
    """What is new in the course: kinds that are not `known`, or were known as less grave."""
    before = {diagnosis.kind: gravity(diagnosis) for diagnosis in known}
    found: list[Diagnosis] = []
    for rule in RULES:
        if not (rule.at_end if course.ended else rule.at_epochs) or before.keys() & set(rule.unless):
            continue
        diagnosis = rule.find(course)
        if diagnosis and gravity(diagnosis) > before.get(rule.kind, -1):
            before[rule.kind] = gravity(diagnosis)
            found.append(diagnosis)
    return tuple(found)
