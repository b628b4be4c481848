"""Figures as the sentences of a diagnosis write them."""

from __future__ import annotations


def loss(value: float) -> str:
    """0.31; short also where it is huge."""
    return f"{value:.2f}" if value < 1000 else f"{value:.1e}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def rate(value: float) -> str:
    """A learning rate without noughts that say nothing."""
    return f"{value:.2g}"


def photos(count: int) -> str:
    return f"{count:,} photo{'' if count == 1 else 's'}"


def named(names: list[str], most: int = 3) -> str:
    """“a”, “b” and 4 more."""
    shown = [f"“{name}”" for name in names[:most]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
