"""An earlier run's network, which answers for the photos that this one learns from (distillation)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from engine import runs
from engine.config import TrainConfig
from engine.errors import ConfigError, RunError
from engine.models.build import Classifier, build
from engine.models.catalog import find_model, for_weights
from engine.training.keeping import checkpoint
from engine.training.learner.out_of_memory import answered


@dataclass
class Teacher:
    """A finished run's best weights, never trained again. `columns` has the place of each class of the run that learns
    among the teacher's, `side` is of the images it takes, `key` differs where its answers do. It answers for a whole
    batch, or for `together` photos at a time where memory was too small for one."""

    classifier: Classifier
    columns: tuple[int, ...]
    side: int
    key: str
    together: int | None = None

    def answers(self, pixels: Tensor) -> Tensor:
        """Logits (float32 N×classes) for uint8 N×H×W×3, the very images that are learnt from, resized where the
        teacher takes others. Raises ThawError where the memory is too small for one."""
        self.classifier.eval()
        most = self.together or len(pixels)
        with torch.no_grad():
            logits, fitted = answered(lambda some: self.classifier(self._sized(some)), pixels, most)
        if fitted < most:
            self.together = fitted
        return logits.float()[:, self.columns]

    def _sized(self, pixels: Tensor) -> Tensor:
        if pixels.shape[1:3] == (self.side, self.side):
            return pixels
        images = pixels.permute(0, 3, 1, 2).float()
        sized = F.interpolate(images, (self.side, self.side), mode="bilinear", antialias=True, align_corners=False)
        return sized.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def find_teacher(config: TrainConfig, classes: tuple[str, ...]) -> Teacher | None:
    """The teacher that `config` names, on its device; None for none. Raises RunError as `check_teacher` does, and where
    the teacher's weights are damaged."""
    folder = config.teacher
    if folder is None:
        return None
    theirs, known = check_teacher(folder, classes)
    spec = for_weights(find_model(theirs.model), theirs.weights)
    network = build(spec, len(known), theirs.head, theirs.head_width, theirs.head_dropout)
    try:
        checkpoint.load_best(folder, network)
    except RunError:  # which offers to resume that run, but it has ended
        text = f"The best weights of the run in {folder} are damaged, so nothing can learn from it; choose another run."
        raise RunError(text) from None
    classifier = Classifier(network, spec, one_vs_all=theirs.loss == "bce").requires_grad_(False).to(config.device)
    if theirs.channels_last:
        classifier.to(memory_format=torch.channels_last)
    columns = tuple(known.index(name) for name in classes)
    side = theirs.image_size or spec.input_size
    return Teacher(classifier, columns, side, _key(folder, side, columns))


def check_teacher(folder: Path, classes: tuple[str, ...]) -> tuple[TrainConfig, tuple[str, ...]]:
    """The settings and classes of the run in `folder`. Raises RunError where it is no finished run or knows other
    classes; only a finished run's weights stay as they are, so that a run that is resumed learns the same."""
    if runs.state(folder) != "finished":
        raise RunError(f"There is no finished run in {folder} to learn from; name the folder of a run that has ended.")
    try:
        theirs = runs.read_config(folder)
        _, photos, _ = runs.read_dataset(folder)
    except (ConfigError, OSError, ValueError) as error:
        raise RunError(f"The run in {folder} is damaged, so nothing can learn from it: {error}") from None
    known = tuple(dict.fromkeys(photo.label for photo in photos))
    if strange := sorted(set(classes) - set(known)):
        what = f"knows no class “{strange[0]}”"
    elif missing := sorted(set(known) - set(classes)):
        what = f"knows the class “{missing[0]}”, which these photos lack"
    else:
        return theirs, known
    raise RunError(f"The run in {folder} {what}, so it cannot teach this one; choose a run with the same classes.")


def _key(folder: Path, side: int, columns: tuple[int, ...]) -> str:
    with (folder / runs.BEST).open("rb") as file:
        weights = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{weights} {side} {columns}"
