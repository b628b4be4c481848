"""Rules about single layers: gradients that do not arrive, and units that have died."""

from __future__ import annotations

import statistics

from engine.diagnosis import remedies
from engine.diagnosis.course import Course
from engine.diagnosis.words import percent
from engine.events import Diagnosis

LAYERS = 4
VANISHED = 1e-4

DEAD_LAYER = 0.5
DEAD_SHARE = 0.4
WORTH_NAMING = 3


def vanishing_gradients(course: Course) -> Diagnosis | None:
    """The gradient of the first layers that train is ten thousand times smaller than that of the last, so they learn
    nothing (Hochreiter 1991; Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", section 4). The first quarter of the layers, by its median, against the last; a small
    residual network stayed within a factor of 10."""
    sizes = course.vitals.gradients
    if len(sizes) < LAYERS or not sizes[-1].size:
        return None
    first = sizes[: max(2, len(sizes) // 4)]
    ratio = statistics.median(layer.size for layer in first) / sizes[-1].size
    if ratio > VANISHED:
        return None
    shown = [sizes[0], sizes[len(sizes) // 2], sizes[-1]]
    evidence = (
        f"Gradients (root mean square) in the last step of epoch {course.last.epoch}: "
        f"{', '.join(f'{layer.layer} {layer.size:.1e}' for layer in shown)}."
    )
    sentence = "The gradients vanish: the first layers that train hardly get any, and stay as they are."
    return remedies.against_vanishing(course.config).diagnosed(
        "vanishing-gradients", "warning", sentence, evidence, course.last.epoch
    )


def dead_units(course: Course) -> Diagnosis | None:
    """Units behind a ReLU that give 0 for every photo get no gradient and cannot come back (Maas, Hannun and Ng 2013,
    "Rectifier Nonlinearities Improve Neural Network Acoustic Models"; Karpathy's notes of CS231n: "as much as 40 % of
    your network can be dead if the learning rate is set too high"). 40 % of all units, or half of three layers' or
    every unit of one."""
    layers = course.vitals.units
    units, dead = sum(layer.units for layer in layers), sum(layer.dead for layer in layers)
    half = [layer for layer in layers if layer.dead >= DEAD_LAYER * layer.units]
    whole = [layer for layer in layers if layer.dead == layer.units]
    if not units or (dead < DEAD_SHARE * units and len(half) < WORTH_NAMING and not whole):
        return None
    worst = sorted(layers, key=lambda layer: layer.dead / layer.units, reverse=True)[:WORTH_NAMING]
    evidence = (
        f"After epoch {course.last.epoch}, {percent(dead / units)} of the {units:,} units behind trained layers gave 0 "
        f"for every photo looked at: {', '.join(f'{w.layer} {w.dead} of {w.units}' for w in worst)}."
    )
    sentence = "Many ReLUs have died: their units give 0 whatever the photo."
    return remedies.lower_rate(course.config).diagnosed(
        "dead-units", "grave" if whole else "warning", sentence, evidence, course.last.epoch
    )
