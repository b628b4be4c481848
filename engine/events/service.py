"""What is told of a model that serves other programs."""

from __future__ import annotations

from dataclasses import dataclass

from engine.events.base import Event


@dataclass(frozen=True)
class ServiceStarted(Event):
    """The service takes requests at `address` (http://127.0.0.1:8000), `requests` of them at once."""

    address: str
    model: str
    host: str
    port: int
    requests: int


@dataclass(frozen=True)
class Served(Event):
    """`requests` were answered since the start, with `photos`, of which `failed` could not be read."""

    requests: int
    photos: int
    failed: int


@dataclass(frozen=True)
class ServiceFinished(Event):
    """The same at the end."""

    requests: int
    photos: int
    failed: int
    seconds: float
