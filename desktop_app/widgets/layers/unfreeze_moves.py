"""What the unfreeze timeline reckons with: starts of blocks, their places on an axis of epochs, and moves of them.

A timeline says for each block, the head last, the epoch from 1 from which it trains; 0 is never. A position is the same
on an axis: from 1 to `epochs`, and one further for never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Timeline = tuple[int, ...]
STEPS = (2, 5, 10, 20, 50, 100, 200, 500)


def position(start: int, epochs: int) -> int:
    return start if 0 < start <= epochs else epochs + 1


def start_at(place: int, epochs: int) -> int:
    return place if place <= epochs else 0


def tidy(timeline: Sequence[int], epochs: int) -> Timeline:
    """The same, with 0 for a block whose epoch lies behind the last."""
    return tuple(start_at(position(start, epochs), epochs) for start in timeline)


def move(timeline: Timeline, block: int, place: int, epochs: int, with_above: bool = False) -> Timeline:
    """The timeline with `block` moved to a position, and the blocks above it as far, if `with_above`.

    Those above that never train stay so, unless the block itself never trained: then they share its border. A move
    after which nothing would train in the first epoch is refused, and the timeline comes back as it was.
    """
    places = [position(start, epochs) for start in timeline]
    never = epochs + 1
    by = min(max(place, 1), never) - places[block]
    above = [row for row in range(block) if places[row] < never or places[block] == never] if with_above else []
    for row in [*above, block]:
        places[row] = min(max(places[row] + by, 1), never)
    return tuple(start_at(moved, epochs) for moved in places) if 1 in places else timeline


def phase_firsts(timeline: Sequence[int], epochs: int) -> tuple[int, ...]:
    """The first epoch of each stretch in which the same blocks train."""
    return tuple(sorted({1} | {start for start in timeline if 1 < start <= epochs}))


def in_words(title: str, start: int, epochs: int) -> str:
    return f"Block {title} trains from epoch {start} of {epochs}" if start else f"Block {title} stays frozen"


def phase_words(number: int, first: int, rates: Mapping[int, float]) -> tuple[str, ...]:
    """What stands above a phase, the longest first."""
    if first in rates:
        rate = f"× {rates[first]:g}"
        return f"{number} · learning rate {rate}", f"{number} · {rate}", str(number)
    return (str(number),)


@dataclass(frozen=True)
class Axis:
    """Epochs from `left` to `right`, in pixels."""

    left: float
    right: float
    epochs: int

    @property
    def cell(self) -> float:
        return max(self.right - self.left, 1.0) / self.epochs

    def x(self, place: int) -> float:
        """Where the cell of a position begins."""
        return self.left + (place - 1) * self.cell

    def place(self, x: float) -> int:
        """The position whose border is nearest; right of the last epoch is never."""
        return min(max(round((x - self.left) / self.cell) + 1, 1), self.epochs + 1)

    def ticks(self, label_width: float) -> list[int]:
        """Epochs to write a number at, so that the numbers keep apart; the first is always among them."""
        if self.cell >= label_width:
            return list(range(1, self.epochs + 1))
        step = next((step for step in STEPS if (step - 1) * self.cell >= label_width), self.epochs + 1)
        return [1, *range(step, self.epochs + 1, step)]
