"""Times of layers that were measured on this machine, kept in the user's cache folder; no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import platformdirs

from engine.devices import cpu_threads
from engine.events import LayerTimed, MeasureFinished
from engine.wire import from_json, to_json


@dataclass(frozen=True)
class Measured:
    """What `thaw measure` told: times of each layer by its dotted name, and of the whole network."""

    layers: dict[str, LayerTimed]
    whole: MeasureFinished

    @property
    def images_per_second(self) -> float:
        """Of the forward pass alone."""
        return 1 / self.whole.forward_seconds


def measured_folder() -> Path:
    """Where times are kept; what is lost there is measured anew."""
    return Path(platformdirs.user_cache_dir("Thaw", appauthor=False)) / "measured"


def write_measured(events: Iterable[LayerTimed | MeasureFinished], folder: Path | None = None) -> Path | None:
    """Keep the times of one measurement, which ends with MeasureFinished; None where it was stopped before that."""
    rows = list(events)
    last = rows[-1] if rows else None
    if not isinstance(last, MeasureFinished):
        return None
    path = _path(last.model, last.image_size, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text("".join(to_json(row) + "\n" for row in rows), encoding="utf-8")
    beside.replace(path)
    return path


def read_measured(model: str, image_size: int, folder: Path | None = None) -> Measured | None:
    """The times kept for a model at that image size; None where there are none, or none for as many threads."""
    try:
        text = _path(model, image_size, folder).read_text(encoding="utf-8")
        rows = [from_json(line) for line in text.splitlines()]
    except (OSError, ValueError, TypeError):  # a cache: what cannot be read is measured anew
        return None
    last = rows[-1] if rows else None
    if not isinstance(last, MeasureFinished) or (last.device == "cpu" and last.threads != cpu_threads()):
        return None
    return Measured({row.name: row for row in rows if isinstance(row, LayerTimed)}, last)


def _path(model: str, image_size: int, folder: Path | None) -> Path:
    return (folder or measured_folder()) / f"{quote(model, safe='')}-{image_size}.jsonl"
