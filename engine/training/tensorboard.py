"""TensorBoard event files of a run, for those who have TensorBoard. Thaw itself never reads them."""

from __future__ import annotations

import importlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from engine import runs
from engine.config import to_toml
from engine.events import EpochFinished, Event, Notice, RunStarted, StepFinished

FOLDER = runs.TENSORBOARD
BY_EPOCH = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "images_per_second")


def also_to_tensorboard(run_dir: Path, events: Iterator[Event]) -> Generator[Event, None, None]:
    """Pass `events` on; where the run's settings ask for it, losses, accuracies and rates go to RUN/tensorboard too.

    Steps are counted through the run, epochs from 1. What a run that is resumed does again replaces what it had. Where
    the files cannot be written it is told once, and the run goes on.
    """
    board: _Board | None = None
    try:
        for event in events:
            yield event
            if isinstance(event, RunStarted):
                board = _Board(run_dir) if runs.read_config(run_dir).tensorboard else None
            try:
                if board:
                    board.write(event)
            except OSError as error:
                board = None
                yield Notice(f"TensorBoard's files cannot be written: {error.strerror or error}.", "tensorboard_lost")
    finally:
        if board:
            board.close()


class _Board:
    """The files, begun with the first step: only that says from where a resumed run replaces what is there."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._writer: Any = None

    def write(self, event: Event) -> None:
        match event:
            case StepFinished():
                step = (event.epoch - 1) * event.steps + event.step
                self._writer = self._writer or self._opened(step)
                self._writer.add_scalar("step/loss", event.loss, step)
                self._writer.add_scalar("step/learning_rate", event.learning_rate, step)
            case EpochFinished() if self._writer:
                for name in BY_EPOCH:
                    self._writer.add_scalar(f"epoch/{name}", getattr(event, name), event.epoch)
                self._writer.flush()

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    def _opened(self, step: int) -> Any:
        library = importlib.import_module("tensorboardX")  # a second of imports that few runs need
        folder = self._run_dir / FOLDER
        resumed = step if folder.is_dir() else None
        # Two files of one second would else have one name.
        writer = library.SummaryWriter(str(folder), purge_step=resumed, filename_suffix=f".{step}")
        settings = to_toml(runs.read_config(self._run_dir))
        writer.add_text("settings", "    " + settings.replace("\n", "\n    "))
        return writer
