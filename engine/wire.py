"""Events to one line of JSON and back, for the pipe between processes and for other programs.

An event's name on the wire is its class name in snake_case.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import types
import typing
from pathlib import Path
from typing import Any

from engine import events
from engine.events import Event


def name_of(event_class: type[Event]) -> str:
    """The event's name on the wire: EpochFinished is epoch_finished."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event_class.__name__).lower()


def to_json(event: Event) -> str:
    """One line of JSON. Names that are not UTF-8 survive as escaped surrogates."""
    fields = {"event": name_of(type(event))} | _plain(event)
    return json.dumps(fields, allow_nan=False)


def from_json(line: str) -> Event:
    """The event that `to_json` wrote.

    Raises ValueError for a line that is no event. Keys this version does not know are ignored.
    """
    fields = json.loads(line)
    if not isinstance(fields, dict) or fields.get("event") not in _event_classes():
        raise ValueError(f"not an event: {line[:200]}")
    event: Event = _revived(_event_classes()[fields["event"]], fields)
    return event


@functools.cache
def _event_classes() -> dict[str, type[Event]]:
    events.load_all()
    return {name_of(event_class): event_class for event_class in Event.__subclasses__()}


@functools.cache
def _fields_of(record: type) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _revived(wanted: Any, value: Any) -> Any:
    """`value`, read from JSON, as the annotated type `wanted`."""
    if isinstance(wanted, types.UnionType):
        (wanted,) = [option for option in wanted.__args__ if option is not type(None)]
        return None if value is None else _revived(wanted, value)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        known = _fields_of(wanted)
        return wanted(**{key: _revived(known[key], item) for key, item in value.items() if key in known})
    if typing.get_origin(wanted) is tuple:
        kinds = typing.get_args(wanted)
        if kinds[1:] == (Ellipsis,):
            return tuple(_revived(kinds[0], item) for item in value)
        return tuple(_revived(kind, item) for kind, item in zip(kinds, value, strict=True))
    if wanted is Path:
        return Path(value)
    return float(value) if wanted is float else value
