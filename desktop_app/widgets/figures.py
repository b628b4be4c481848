"""How numbers are written: thin separators, one decimal for percent, 00:41 or 1 h 12 min for times."""

from __future__ import annotations

from collections.abc import Sequence

THIN = "\u202f"  # narrow no-break space: separates thousands, and a number from its sign


def count(number: int) -> str:
    """3538984 is “3 538 984”, with narrow spaces that never break."""
    return f"{number:,}".replace(",", THIN)


def percent(share: float | None) -> str:
    """0.9542 is “95.4 %”; None is “–”."""
    return "–" if share is None else f"{share * 100:.1f}{THIN}%"


def megabytes(done: int, total: int) -> str:
    """3.2 million of 14 million bytes are “3.2 of 14 MB”; a total of 0 is not known and left out."""
    whole = f" of {total / 1e6:.0f}" if total else ""
    return f"{done / 1e6:.{0 if done >= 10e6 else 1}f}{whole} MB"


def plain(number: float) -> str:
    """4e-05 is “0.00004”: as one writes it, without an exponent."""
    return f"{number:.10f}".rstrip("0").rstrip(".")


def interval(low: float, high: float) -> str:
    """The two ends in percent: “90.9–97.8”."""
    return f"{low * 100:.1f}–{high * 100:.1f}"


def duration(seconds: float | None) -> str:
    """41 is “00:41”, 4320 is “1 h 12 min”; None is “–”."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 3600:
        return f"{whole // 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def shape(sizes: Sequence[int]) -> str:
    """(32, 112, 112) is “32 × 112 × 112”."""
    return " × ".join(str(size) for size in sizes)


def quantity(number: int, word: str, words: str = "") -> str:
    """1 and “epoch” is “1 epoch”, 3 is “3 epochs”."""
    return f"{count(number)} {word if number == 1 else words or word + 's'}"
