"""Classes in groups (species in genera, genera in families): what is said of a photo when the species is not sure.

The probability of a group is the sum of its classes' probabilities, as they exclude each other.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ThawError
from engine.photos import printable

if TYPE_CHECKING:
    from engine.prediction.rules import Probabilities, Rules

COLUMNS = ("class", "group")
NO_GROUP = "unknown"
"""What is said of a photo where no class and no group is sure."""
NEEDED = 0.5
"""A group is named from here on, unless its classes ask for more: more likely than not."""


@dataclass(frozen=True)
class Hierarchy:
    """`group_of` maps a class, or a group, to the group it belongs to."""

    group_of: Mapping[str, str]

    def check(self, classes: Iterable[str]) -> None:
        """Raises ThawError where no class of the model is in a group, or a group's name says something else."""
        known = set(classes)
        if NO_GROUP in self.group_of.values():
            raise ThawError(
                f"A group cannot be called “{NO_GROUP}”, which says that no class was sure; give it another name."
            )
        if not known & set(self.group_of):
            raise ThawError("No class of the model is in one of the groups; check the names in the file of groups.")
        same = sorted(known & set(self.group_of.values()))
        if same:
            raise ThawError(f"“{same[0]}” is a class of the model and also a group; give the group another name.")

    def group(self, rules: Rules, probabilities: Probabilities) -> tuple[str, float] | None:
        """The nearest group of the likeliest class whose probability reaches what is needed, and that probability.

        What is needed is what the likeliest class needs, and at least `NEEDED`. Where the likeliest class's groups are
        not sure enough, nothing is: a group that it is no part of is not named.
        """
        lines = [self.above(name) for name in rules.classes]
        best = int(probabilities.argmax())
        needed = max(NEEDED, rules.needed[best])
        for name in lines[best]:
            share = float(sum(p for p, line in zip(probabilities, lines, strict=True) if name in line))
            if share >= needed:
                return name, min(share, 1.0)
        return None

    def above(self, name: str) -> list[str]:
        """The groups that a class, or a group, belongs to, the nearest first."""
        line: list[str] = []
        while name in self.group_of:
            name = self.group_of[name]
            line.append(name)
        return line


def line_of(hierarchy: Hierarchy | None, name: str) -> list[str]:
    """The groups that a class is in, the widest first, and the class."""
    return [*reversed(hierarchy.above(name) if hierarchy else []), name]


def read_hierarchy(path: Path) -> Hierarchy:
    """The groups in a CSV file with the columns class and group; a group may itself stand in the column class.

    Raises ThawError where it cannot be read, is none, or leads in a circle.
    """
    name = printable(str(path))
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no such table"
        raise ThawError(f"The groups in “{name}” cannot be read ({reason}).") from None
    if tuple(cell.strip().casefold() for cell in header[:2]) != COLUMNS or any(len(row) < 2 for row in rows):
        raise ThawError(f"“{name}” is no file of groups: its first line must be “class,group”.")
    group_of = {_name(row[0]): _name(row[1]) for row in rows if row[1].strip()}
    for start in group_of:
        seen, at = {start}, group_of[start]
        while at in group_of and at not in seen:
            seen.add(at)
            at = group_of[at]
        if at in seen:
            raise ThawError(f"In “{name}”, “{start}” is in a group that leads back to itself; mend that line.")
    return Hierarchy(group_of)


def _name(cell: str) -> str:
    """As classes are called: two computers may write one name in two Unicode forms."""
    return unicodedata.normalize("NFC", cell.strip())
