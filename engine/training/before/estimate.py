"""What a run will take, from the measured pace of its pieces. Arithmetic only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

EXPORT_SECONDS = 1.5
EXPORT_SECONDS_PER_LAYER = 0.04
EXPORT_SECONDS_PER_MILLION = 0.1
"""Writing the ONNX file: by its layers and its parameters. Measured at `USUAL_SPEED` for nine networks of 8 to 366
layers (LeNet 1.9 s, ResNet-18 2.7, MobileNetV2 7.7, EfficientNet-B0 8.4, DenseNet-121 13.8 at half the speed), within
40 %."""
USUAL_SPEED = 0.07
"""Seconds of a million rounds of a small loop in Python (`measured_run.python_seconds`) where those were measured."""
RUNTIME_SECONDS = 1.5
"""Loading ONNX Runtime and the model file."""
EXPORT_BYTES = 130_000_000
EXPORT_BYTES_PER_PARAMETER = 8
"""What exporting takes on top of training: the exporter's libraries, and two copies of the weights."""
MARGIN = 1.1
"""Memory, on top of what was seen."""


@dataclass(frozen=True)
class PhaseCost:
    """One phase. `once` is what comes before its first epoch: cutting the network, and computing what is frozen;
    `step_seconds` and `val_seconds` are for one photo; `kept_bytes` go to the disk."""

    epochs: int
    once: float
    step_seconds: float
    val_seconds: float
    kept_bytes: int = 0


@dataclass(frozen=True)
class RunCost:
    """The rest of a run. `before` is all up to its first phase, `checkpoint` what is written after each epoch, `answer`
    one photo through the whole network, `python` the machine's speed as `USUAL_SPEED` has it."""

    before: float
    checkpoint: float
    proof: float
    answer: float
    python: float
    layers: int
    parameters: int


@dataclass(frozen=True)
class Counts:
    """Photos: `drawn` are those that an epoch trains on."""

    drawn: int
    val: int
    test: int
    parity: int


def parts(phases: Sequence[PhaseCost], rest: RunCost, counts: Counts) -> tuple[tuple[str, float], ...]:
    """(what, seconds) of the parts of the run, in its order."""
    epochs = sum(phase.epochs for phase in phases)
    training = sum(phase.epochs * counts.drawn * phase.step_seconds for phase in phases)
    validation = sum(phase.epochs * counts.val * phase.val_seconds for phase in phases)
    testing = counts.val * phases[-1].val_seconds + counts.test * rest.answer + rest.proof
    writing = export_seconds(rest) + RUNTIME_SECONDS * rest.python / USUAL_SPEED + counts.parity * rest.answer
    return (
        ("Starting, reading photos and weights", rest.before),
        ("Computing the frozen layers, once", sum(phase.once for phase in phases)),
        ("Training", training),
        ("Validation and checkpoints", validation + epochs * rest.checkpoint),
        ("Testing", testing),
        ("Writing the model file and comparing it", writing),
    )


def seconds_per_epoch(phases: Sequence[PhaseCost], rest: RunCost, counts: Counts) -> float:
    """The mean over the run's epochs; what is computed once is not in it."""
    epochs = sum(phase.epochs for phase in phases)
    by_photo = sum(
        phase.epochs * (counts.drawn * phase.step_seconds + counts.val * phase.val_seconds) for phase in phases
    )
    return by_photo / epochs + rest.checkpoint


def export_seconds(rest: RunCost) -> float:
    usual = EXPORT_SECONDS + EXPORT_SECONDS_PER_LAYER * rest.layers + EXPORT_SECONDS_PER_MILLION * rest.parameters / 1e6
    return usual * rest.python / USUAL_SPEED


def memory_bytes(peak: int, parameters: int) -> int:
    """The largest that the process will be, from the peak while its steps were measured."""
    return round(MARGIN * (peak + EXPORT_BYTES + EXPORT_BYTES_PER_PARAMETER * parameters))


def chosen_phases(count: int, most: int) -> list[int]:
    """Which of `count` phases to measure, at most `most`: the ends, and those evenly between."""
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})


def all_phases(measured: dict[int, PhaseCost], epochs: Sequence[int]) -> list[PhaseCost]:
    """The cost of every phase of so many `epochs` each, those between two measured ones on the line between them: what
    trains grows from phase to phase."""
    found = []
    for place, count in enumerate(epochs):
        low = max(known for known in measured if known <= place)
        high = min(known for known in measured if known >= place)
        share = (place - low) / (high - low) if high > low else 0.0
        found.append(replace(_between(measured[low], measured[high], share), epochs=count))
    return found


def _between(one: PhaseCost, other: PhaseCost, share: float) -> PhaseCost:
    def mixed(low: float, high: float) -> float:
        return low + share * (high - low)

    return PhaseCost(
        one.epochs,
        mixed(one.once, other.once),
        mixed(one.step_seconds, other.step_seconds),
        mixed(one.val_seconds, other.val_seconds),
        round(mixed(one.kept_bytes, other.kept_bytes)),
    )
