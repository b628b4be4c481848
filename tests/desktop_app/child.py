"""Stands in for the child process, wherever the window asks one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.control import Control

Answer = Callable[[Sequence[str], Control], Iterable[Any]]
Play = Callable[[Path, Control], Iterable[Any]]


class Child:
    """Keeps what it was asked, and tells what `answer` makes of the arguments; an exception among it is raised."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.answer: Answer = lambda _arguments, _control: ()

    @property
    def arguments(self) -> list[list[str]]:
        return [arguments for _, arguments in self.asked]

    def run(self, verb: str, arguments: Sequence[str], control: Control) -> Iterator[Any]:
        self.asked.append((verb, list(arguments)))
        for event in self.answer(arguments, control):
            if isinstance(event, Exception):
                raise event
            yield event


def into_run(play: Play) -> Answer:
    """An answer that wants only the folder of the run that it is to leave."""
    return lambda arguments, control: play(Path(arguments[arguments.index("--out") + 1]), control)
