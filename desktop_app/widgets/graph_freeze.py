"""What of a drawn network is frozen and what trains, and the lines that part the two: plain data, without a window."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from desktop_app.widgets.graph_fold import Part
from desktop_app.widgets.graph_layout import Box
from engine.events import Layer

FROZEN, TRAINS, PARTLY, NOTHING = "frozen", "trains", "partly", ""


def give_owners(root: Part, layers: Sequence[Layer]) -> None:
    """Give each of `layers`, owners of parameters in execution order, to the boxes that compute with it.

    An owner that no operation names goes to the box of the nearest layer that it lies in (the parts of an attention),
    else to that of the owner before it, else to the first box.
    """
    boxes = [part for part in root.walk() if not part.children and part.nodes]
    by_layer: dict[str, list[Part]] = {}
    for box in boxes:
        for node in box.nodes:
            for name in {node.layer, node.name} - {""} or {""}:
                by_layer.setdefault(name, []).append(box)
    owned: dict[Part, set[int]] = {box: set() for box in boxes}
    before = boxes[:1]
    for position, layer in enumerate(layers):
        before = by_layer.get(layer.name, []) if layer.name else []
        before = before or _of_nearest(layer.name, by_layer) or _last(owned, position - 1) or boxes[:1]
        for box in before:
            owned[box].add(position)
    _sum_up(root, owned, [layer.parameters for layer in layers])


def _of_nearest(name: str, by_layer: Mapping[str, list[Part]]) -> list[Part]:
    while name:
        name = name.rpartition(".")[0]
        if name and name in by_layer:
            return by_layer[name][:1]
    return []


def _last(owned: dict[Part, set[int]], position: int) -> list[Part]:
    return [box for box, positions in owned.items() if position in positions][-1:]


def _sum_up(part: Part, owned: dict[Part, set[int]], sizes: list[int]) -> set[int]:
    positions = set(owned.get(part, ()))
    for child in part.children:
        positions |= _sum_up(child, owned, sizes)
    part.owners = tuple(sorted(positions))
    part.parameters = sum(sizes[position] for position in part.owners)
    return positions


class Choice:
    """Which of the owners train."""

    def __init__(self, layers: Sequence[Layer] = (), trainable: Collection[str] = ()) -> None:
        self.layers = tuple(layers)
        self.names = tuple(layer.name for layer in layers)
        wanted = set(trainable)
        self.trains = tuple(name in wanted for name in self.names)
        self._states: dict[Part, str] = {}

    def with_trainable(self, trainable: Collection[str]) -> Choice:
        return Choice(self.layers, trainable)

    def trainable(self) -> frozenset[str]:
        return frozenset(name for name, trains in zip(self.names, self.trains, strict=True) if trains)

    def state(self, part: Part) -> str:
        """frozen, trains, partly, or "" for what owns nothing."""
        if part not in self._states:
            ticks = {self.trains[owner] for owner in part.owners}
            state = PARTLY if len(ticks) == 2 else TRAINS if ticks == {True} else FROZEN
            self._states[part] = state if ticks else NOTHING
        return self._states[part]

    def share(self, part: Part) -> float:
        """The trainable share of its parameters, from 0 to 1."""
        trains = sum(self.layers[owner].parameters for owner in part.owners if self.trains[owner])
        return trains / part.parameters if part.parameters else 0.0

    # --- what would train

    def with_part(self, part: Part, trains: bool) -> frozenset[str]:
        touched = {self.names[owner] for owner in part.owners}
        return self.trainable() | touched if trains else self.trainable() - touched

    def frozen_up_to(self, part: Part, root: Part) -> frozenset[str]:
        """What would train if `part` and all before it in execution order were frozen."""
        return self.trainable() & frozenset(self.names[self._end(part, root) :])

    def training_from(self, part: Part, root: Part) -> frozenset[str]:
        """What would train if `part` and all after it in execution order trained."""
        first = min(part.owners) if part.owners else self._end(part, root)
        return self.trainable() | frozenset(self.names[first:])

    def below(self, frozen: Collection[int]) -> frozenset[str]:
        """What would train if the owners at the positions `frozen` were frozen and all others trained."""
        return frozenset(name for position, name in enumerate(self.names) if position not in frozen)

    def _end(self, part: Part, root: Part) -> int:
        """The position of the first owner after `part`."""
        if part.owners:
            return max(part.owners) + 1
        last = part.nodes[-1].number
        before = [
            max(box.owners) + 1
            for box in root.walk()
            if not box.children and box.owners and box.nodes[-1].number < last
        ]
        return max(before, default=0)


def changes_for(choice: Choice, part: Part, root: Part) -> list[tuple[str, str, str, frozenset[str]]]:
    """What a person can ask for at a part: the words, an icon and its colour, and what would train then."""
    changes = [
        ("Freeze up to here", "snowflake", "frozen", choice.frozen_up_to(part, root)),
        ("Train from here", "flame", "trainable", choice.training_from(part, root)),
    ]
    if part.owners:
        changes += [
            ("Freeze", "snowflake", "frozen", choice.with_part(part, False)),
            ("Train", "flame", "trainable", choice.with_part(part, True)),
        ]
    return changes


@dataclass(frozen=True)
class Stop:
    """A height at which the line between frozen and trainable can stand; `frozen` are the positions above it."""

    y: float
    frozen: frozenset[int]


def stops(boxes: Mapping[Part, Box]) -> tuple[Stop, ...]:
    """The heights where the line can stand, from the top: above each row of boxes that own parameters, so that at the
    lowest the last row still trains. Data flows downwards, so nothing above the line depends on what is below it."""
    rows: list[list[tuple[Part, Box]]] = []
    for part, box in sorted(boxes.items(), key=lambda item: item[1].middle):
        if not part.owners:
            continue
        if rows and box.middle - rows[-1][-1][1].middle < 1:
            rows[-1].append((part, box))
        else:
            rows.append([(part, box)])
    found: list[Stop] = []
    last_row = {owner: number for number, row in enumerate(rows) for part, _ in row for owner in part.owners}
    above = 0.0
    for number, row in enumerate(rows):
        top = min(box.y for _, box in row)
        frozen = frozenset(owner for owner, last in last_row.items() if last < number)
        y = top - 12 if not number else (max(above, top - 26) + top) / 2
        if not found or found[-1].frozen != frozen:
            found.append(Stop(y, frozen))
        above = max(above, *(box.bottom for _, box in row))
    return tuple(found)


def height_of(choice: Choice, found: Sequence[Stop], boxes: Mapping[Part, Box]) -> float | None:
    """Where the line stands for this choice: at a stop, or within one folded group; None where no line parts frozen
    from trainable."""
    if not choice.names:
        return None
    frozen = frozenset(position for position, trains in enumerate(choice.trains) if not trains)
    for stop in found:
        if stop.frozen == frozen:
            return stop.y
    if len(frozen) == len(choice.names) or frozen != frozenset(range(len(frozen))):
        return None
    parted = [part for part in boxes if choice.state(part) == PARTLY]
    if len(parted) != 1:
        return None
    box = boxes[parted[0]]
    inside = sum(owner in frozen for owner in parted[0].owners) / len(parted[0].owners)
    y = box.y + box.height * min(0.8, max(0.2, inside))
    for part, other in boxes.items():
        above = other.middle < box.middle
        if part is not parted[0] and choice.state(part) not in (NOTHING, FROZEN if above else TRAINS):
            return None
    return y
