"""A rehearsal: the run that would be, prepared in a temporary folder that goes when it ends. Nothing is kept."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.loader import Augmentation, Batch, PhotoLoader
from engine.errors import ThawError
from engine.events import Event, Notice, RunStarted
from engine.models.build import Classifier
from engine.models.cut import Cut
from engine.models.own_strategies import expanded
from engine.training.prepare import prepare
from engine.training.run_parts import Run

MOST_KEPT_BYTES = 2**30


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for a run directory, gone afterwards with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="thaw-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "run"


def rehearsed(
    config: TrainConfig, folder: Path, weights_dir: Path | None, offline: bool, control: Control
) -> Generator[Event, None, Run | None]:
    """The run of `config` as `train` would prepare it, in `folder`; None where a stop came first.

    Its RunStarted is not told, for none has started, nor what is odd in the dataset, which is the scan's to tell; and
    its photos are not hashed. Raises ThawError for what would keep the run from starting.
    """
    runs.create(folder, expanded(config))
    preparing = prepare(folder, weights_dir, offline, control, hashed=False)
    try:
        while True:
            event = next(preparing)
            if not isinstance(event, RunStarted) and not (isinstance(event, Notice) and event.kind == "finding"):
                yield event
    except StopIteration as end:
        run: Run = end.value
        return run
    except ThawError:
        if control.stopping:
            return None
        raise


class FrozenFirst:
    """Gives what PhotoLoader gives, with rows of boundary tensors in place of pixels: each is computed when it is first
    asked for, and kept in memory while there is room."""

    def __init__(self, made: Cut, classifier: Classifier, loader: PhotoLoader) -> None:
        self.labels, self.notices = loader.labels, loader.notices
        self._cut, self._classifier, self._loader = made, classifier, loader
        self._rows: dict[tuple[int, Augmentation | None], Tensor] = {}
        self._most_rows = MOST_KEPT_BYTES // (4 * made.values)

    def batches(self, groups: Sequence[Sequence[int]], augmentation: Augmentation | None = None) -> Iterator[Batch]:
        missing = [self._missing(group, augmentation) for group in groups]
        read = self._loader.batches([numbers for numbers in missing if numbers], augmentation)
        for group, absent in zip(groups, missing, strict=True):
            new = self._computed(next(read)) if absent else {}
            found = [(number, self._rows.get((number, augmentation), new.get(number))) for number in group]
            there = [(number, row) for number, row in found if row is not None]
            rows = torch.stack([row for _, row in there]) if there else torch.empty(0, self._cut.values)
            numbers = tuple(number for number, _ in there)
            yield Batch(rows, torch.tensor([self.labels[number] for number in numbers], dtype=torch.int64), numbers)
            if len(self._rows) + len(new) <= self._most_rows:
                self._rows |= {(number, augmentation): row for number, row in new.items()}

    def _missing(self, group: Sequence[int], augmentation: Augmentation | None) -> list[int]:
        return [number for number in dict.fromkeys(group) if (number, augmentation) not in self._rows]

    def close(self) -> None:
        self._rows.clear()

    def _computed(self, batch: Batch) -> dict[int, Tensor]:
        """The row of each photo that could be read."""
        if not batch.numbers:
            return {}
        device = next(self._classifier.parameters()).device
        with torch.inference_mode():
            pixels = self._classifier.normalised(batch.pixels.to(device))
            rows = self._cut.joined(self._cut.frozen(pixels)).cpu()
        return dict(zip(batch.numbers, rows.clone(), strict=True))
