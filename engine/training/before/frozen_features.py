"""What a frozen network sees in photos: the features before its head, beside their bare pixels."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.control import Control
from engine.dataset.loader import PhotoLoader, in_groups
from engine.errors import ThawError
from engine.events import Event, FeaturesComputed
from engine.models.build import Classifier, build_pretrained, head_path
from engine.models.spec import ModelSpec
from engine.training.keeping.steady import notices_of

BATCH = 16
PIXEL_SIDE = 16
"""Beside its features stand a photo's 16×16 pixels: its colours and coarse shapes."""


@dataclass(frozen=True)
class Seen:
    """Of the photos that could be read: `features` float32 N×F, `pixels` float32 N×768 from 0 to 1, `labels` int64 N,
    and their places in the loader's list."""

    features: Tensor
    pixels: Tensor
    labels: Tensor
    numbers: tuple[int, ...]


class Eye:
    """A pretrained network that learns nothing."""

    def __init__(self, spec: ModelSpec, weights: Path, classes: int) -> None:
        network = build_pretrained(spec, classes, weights)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        classifier = Classifier(network, spec).to(self._device).to(memory_format=torch.channels_last)
        self._classifier = classifier.eval()
        self._head = network.get_submodule(head_path(spec))

    def look(self, loader: PhotoLoader, control: Control) -> Generator[Event, None, Seen | None]:
        """Yield FeaturesComputed and what the loader has to tell; returns what was seen, None where a stop came first.

        Raises ThawError where not one photo can be read.
        """
        features, pixels, labels = list[Tensor](), list[Tensor](), list[Tensor]()
        numbers: list[int] = []
        hook = self._head.register_forward_pre_hook(
            lambda _module, inputs: features.append(inputs[0].flatten(1).float().cpu())
        )
        groups = in_groups(range(len(loader.dataset)), BATCH)
        start, done = time.perf_counter(), 0
        with torch.inference_mode():
            for group, batch in zip(groups, loader.batches(groups), strict=True):
                control.wait_while_paused()
                if control.stopping or control.finishing:
                    return None
                done += len(group)
                if batch.numbers:
                    self._classifier(batch.pixels.to(self._device))
                    pixels.append(_shrunk(batch.pixels))
                    labels.append(batch.labels)
                    numbers.extend(batch.numbers)
                yield from notices_of(loader)
                rate = done / (time.perf_counter() - start)
                yield FeaturesComputed(done, len(loader.dataset), rate, (len(loader.dataset) - done) / rate)
        hook.remove()
        if not labels:
            raise ThawError("Not one photo could be read; check that the dataset's drive is connected.")
        # What inference mode made cannot be trained on: whoever learns from it takes copies.
        return Seen(torch.cat(features).clone(), torch.cat(pixels).clone(), torch.cat(labels), tuple(numbers))


def _shrunk(pixels: Tensor) -> Tensor:
    """uint8 N×H×W×3 to float32 N×768, 0 to 1: mean colours of 16×16 fields."""
    return F.adaptive_avg_pool2d(pixels.permute(0, 3, 1, 2).float() / 255, PIXEL_SIDE).flatten(1)
