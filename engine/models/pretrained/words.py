"""What an import found, in sentences: for the terminal and for the window."""

from __future__ import annotations

from collections.abc import Sequence

from engine.events import WeightsImported

NAMED = 3
"""How many tensors a sentence names."""


def headline(report: WeightsImported) -> str:
    """Whether it fits, in one sentence."""
    if report.fits:
        return f"{report.file.name} fits {report.title}: all {report.wanted} tensors of the backbone are there."
    return f"{report.file.name} does not fit {report.title}: {report.matched} of {report.wanted} tensors match."


def findings(report: WeightsImported) -> tuple[str, ...]:
    """What else is to be said, a sentence each."""
    return tuple(
        sentence
        for sentence in (
            _where(report),
            _head(report),
            _missing(report),
            _reshaped(report),
            _unexpected(report),
            _others(report),
        )
        if sentence
    )


def _where(report: WeightsImported) -> str:
    parts = []
    if report.within:
        parts.append(f"in the checkpoint's entry “{report.within}”")
    if report.prefix:
        parts.append(f"behind the prefix “{report.prefix}”")
    if report.form:
        parts.append(f"under the names that {report.form} gives them")
    return f"The tensors are {', '.join(parts)}." if parts else ""


def _head(report: WeightsImported) -> str:
    if not report.fits:
        return ""
    if report.classes is None:
        return "It has no head of its own; training puts a new one on."
    return f"Its own head knows {report.classes:,} classes; training puts a new one in its place."


def _missing(report: WeightsImported) -> str:
    return f"Missing in the file: {_some(report.missing)}." if report.missing else ""


def _reshaped(report: WeightsImported) -> str:
    rows = [f"{name} ({_by(theirs)} instead of {_by(ours)})" for name, theirs, ours in report.reshaped]
    return f"Of another shape: {_some(rows)}." if rows else ""


def _unexpected(report: WeightsImported) -> str:
    return (
        f"Not used, since the model has nothing of that name: {_some(report.unexpected)}." if report.unexpected else ""
    )


def _others(report: WeightsImported) -> str:
    others = [name for name in report.models if name != report.model]
    return f"It fits {_some(others)} as well." if others else ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _by(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "a single number"
