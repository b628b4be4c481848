"""Gradients that do not arrive, and units that have died."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.diagnosis.course import LayerGradient, LayerUnits, Vitals
from engine.diagnosis.layers import dead_units, vanishing_gradients
from tests.engine.diagnosis.courses import course

RUN = course([(0.5, 0.8, 0.5, 0.8)])


def gradients(*sizes: float) -> Vitals:
    return Vitals(gradients=tuple(LayerGradient(f"layer{n}", size) for n, size in enumerate(sizes)))


def units(*dead: int) -> Vitals:
    return Vitals(units=tuple(LayerUnits(f"layer{n}", count, 64) for n, count in enumerate(dead)))


def test_gradients_that_vanish_are_told_by_layer() -> None:
    found = vanishing_gradients(replace(RUN, vitals=gradients(1e-9, 1e-8, 1e-6, 1e-4, 1e-2)))
    assert found and "layer0 1.0e-09" in found.evidence and "layer4 1.0e-02" in found.evidence
    assert found.remedy


@pytest.mark.parametrize("sizes", [(), (1e-9, 1e-2), (1e-4, 1e-3, 1e-3, 1e-2), (1e-3, 1e-3, 1e-3, 0.0)])
def test_gradients_that_arrive_and_few_layers_are_no_finding(sizes: tuple[float, ...]) -> None:
    assert vanishing_gradients(replace(RUN, vitals=gradients(*sizes))) is None


@pytest.mark.parametrize(
    ("dead", "severity"),
    [((0, 64, 0, 0, 0), "grave"), ((30, 30, 30, 30), "warning"), ((33, 33, 33, 0, 0, 0, 0, 0), "warning")],
)
def test_units_that_have_died_are_told_by_layer(dead: tuple[int, ...], severity: str) -> None:
    found = dead_units(replace(RUN, vitals=units(*dead)))
    assert found and found.severity == severity and f"{max(dead)} of 64" in found.evidence
    assert found.changes == {"learning_rate": 0.0001}


@pytest.mark.parametrize("dead", [(), (0, 0), (20, 40, 0, 0), (12, 12, 12)])
def test_some_silent_units_are_no_finding(dead: tuple[int, ...]) -> None:
    assert dead_units(replace(RUN, vitals=units(*dead))) is None
