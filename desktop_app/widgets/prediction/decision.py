"""How probabilities become labels, as a person set it: what the controls show and what a ledger is decided by."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.prediction.rules import Rules


@dataclass(frozen=True)
class Decision:
    """`threshold` (0 to 1) is for all classes, `by_class` (class, threshold) for single ones; `groups` are (class,
    group). Photos at most `series_seconds` apart are decided on together; 0 for each on its own."""

    threshold: float = 0.0
    by_class: tuple[tuple[str, float], ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    series_seconds: float = 0.0

    def fitting(self, classes: tuple[str, ...]) -> Decision:
        """Without what is not for a model with these classes: it was set for another."""
        by_class = tuple(pair for pair in self.by_class if pair[0] in classes)
        groups = self.groups if any(name in classes for name, _ in self.groups) else ()
        return Decision(self.threshold, by_class, groups, self.series_seconds)

    def rules(self, classes: tuple[str, ...], own: Mapping[str, float]) -> Rules:
        """The rules for a model with these classes and thresholds of its `own`. Raises ThawError."""
        # Loaded when it is first needed: NumPy has no part in opening the window.
        rules = importlib.import_module("engine.prediction.rules")
        hierarchy = importlib.import_module("engine.prediction.hierarchy").Hierarchy
        made: Rules = rules.rules_for(
            classes, own, threshold=self.threshold, by_class=dict(self.by_class),
            hierarchy=hierarchy(dict(self.groups)) if self.groups else None, series_seconds=self.series_seconds,
        )  # fmt: skip
        return made


def decision_of(rules: Rules, own: Mapping[str, float]) -> Decision:
    """What the controls show for `rules` of a model with thresholds of its `own`."""
    threshold = min(rules.needed, default=0.0)
    by_class = tuple(
        (name, needed)
        for name, needed in zip(rules.classes, rules.needed, strict=True)
        if needed != max(threshold, own.get(name, 0.0))
    )
    groups = tuple(rules.hierarchy.group_of.items()) if rules.hierarchy else ()
    return Decision(threshold, by_class, groups, rules.series_seconds)
