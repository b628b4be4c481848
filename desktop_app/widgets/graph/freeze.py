"""What of a drawn network is frozen and what trains, and the lines that part the two: plain data, without a window."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from desktop_app.widgets.graph.fold import Part
from desktop_app.widgets.graph.layout import Box
from engine.events import Layer

FROZEN, TRAINS, PARTLY, NOTHING = "frozen", "trains", "partly", ""


def give_owners(root: Part, layers: Sequence[Layer]) -> dict[int, int]:
    """Give each of `layers`, owners of parameters in execution order, to the boxes that compute with it.

    An owner that no operation names goes to the box of the nearest layer that it lies in (the parts of an attention).
    One that lies in none, as what only training calls or a class token, has no box; returned is, by position, which
    other owner it goes with at the line: the one before it, or the next.
    """
    by_layer = _boxes_by_layer(root)
    owned: dict[Part, set[int]] = {box: set() for box in root.walk() if not box.children}
    adrift: list[int] = []
    for position, layer in enumerate(layers):
        boxes = by_layer.get(layer.name) or _of_nearest(layer.name, by_layer)
        for box in boxes:
            owned[box].add(position)
        if not boxes:
            adrift.append(position)
    _sum_up(root, owned, [layer.parameters for layer in layers])
    placed = root.owners
    return {one: max((other for other in placed if other < one), default=placed[0]) for one in adrift if placed}


def _boxes_by_layer(root: Part) -> dict[str, list[Part]]:
    by_layer: dict[str, list[Part]] = {}
    for box in root.walk():
        for node in () if box.children else box.nodes:
            for name in {node.layer, node.name} - {""}:
                # Of the functions called in a module the first is where it uses parameters of its own.
                is_function = node.name.startswith(f"{name}.")
                if not is_function or name not in by_layer:
                    by_layer.setdefault(name, []).append(box)
    return by_layer


def _of_nearest(name: str, by_layer: Mapping[str, list[Part]]) -> list[Part]:
    while name:
        name = name.rpartition(".")[0]
        if name in by_layer:
            return by_layer[name][:1]
    return []


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


def stops(boxes: Mapping[Part, Box], goes_with: Mapping[int, int]) -> tuple[Stop, ...]:
    """The heights where the line can stand, from the top: above each row of boxes that own parameters, so that at the
    lowest the last row still trains. Data flows downwards, so nothing above the line depends on what is below it.
    `goes_with` is what `give_owners` returned."""
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
        frozen = {owner for owner, last in last_row.items() if last < number}
        frozen |= {owner for owner, other in goes_with.items() if other in frozen}
        y = top - 12 if not number else (max(above, top - 26) + top) / 2
        if not found or found[-1].frozen != frozen:
            found.append(Stop(y, frozenset(frozen)))
        above = max(above, *(box.bottom for _, box in row))
    return tuple(found)


def height_of(choice: Choice, found: Sequence[Stop], boxes: Mapping[Part, Box]) -> float | None:
    """Where the line stands for this choice: at a stop, or within one folded group; None where no line parts frozen
    from trainable. Owners without a box do not count."""
    placed = sorted({owner for part in boxes for owner in part.owners})
    frozen = {owner for owner in placed if not choice.trains[owner]}
    if not placed:
        return None
    for stop in found:
        if stop.frozen.intersection(placed) == frozen:
            return stop.y
    parted = [part for part in boxes if choice.state(part) == PARTLY]
    if len(parted) != 1 or frozen != set(placed[: len(frozen)]):
        return None
    box = boxes[parted[0]]
    for part, other in boxes.items():
        above = other.middle < box.middle
        if part is not parted[0] and choice.state(part) not in (NOTHING, FROZEN if above else TRAINS):
            return None
    inside = sum(owner in frozen for owner in parted[0].owners) / len(parted[0].owners)
    return box.y + box.height * min(0.8, max(0.2, inside))
