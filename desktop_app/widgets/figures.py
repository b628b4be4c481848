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


def rough_duration(seconds: float) -> str:
    """How long an estimate says it takes, no more exact than it is: 0.42 is “0.4 s”, 41 “41 s”, 203 “3 min 25 s”, 745
    “12 min”, 4320 “1 h 10 min”."""
    if seconds < 9.5:
        return f"{max(0.1, seconds):.1f} s" if seconds < 2 else f"{seconds:.0f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if seconds < 597:
        minutes, rest = divmod(5 * round(seconds / 5), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if seconds < 3570:
        return f"{round(seconds / 60)} min"
    hours, tens = divmod(round(seconds / 600), 6)
    return f"{hours} h {10 * tens} min" if tens else f"{hours} h"


def shape(sizes: Sequence[int]) -> str:
    """(32, 112, 112) is “32 × 112 × 112”."""
    return " × ".join(str(size) for size in sizes)


def quantity(number: int, word: str, words: str = "") -> str:
    """1 and “epoch” is “1 epoch”, 3 is “3 epochs”."""
    return f"{count(number)} {word if number == 1 else words or word + 's'}"
