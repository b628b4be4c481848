"""Batches of photos, decoded by threads a little ahead of the network."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine import photos
from engine.config import Fit
from engine.dataset.augment import apply_colour, draw_light
from engine.dataset.index import Photo
from engine.errors import PhotoError
from engine.events import Notice

LOOK_AHEAD = 3
"""Batches decoded beyond the one in use: enough to hide an uneven photo, and bounded whatever the dataset."""


@dataclass(frozen=True)
class Batch:
    """`pixels` uint8 N×H×W×3; `labels` int64 N; `numbers` the photos' places in the loader's list."""

    pixels: Tensor
    labels: Tensor
    numbers: tuple[int, ...]


class PhotoLoader:
    """Reads the photos of a run. A photo that cannot be read is left out of its batch and told once in `notices`."""

    def __init__(
        self,
        dataset: Sequence[Photo],
        classes: Sequence[str],
        size: int,
        fit: Fit,
        interpolation: str,
        threads: int,
    ) -> None:
        self.dataset = dataset
        numbers = {name: number for number, name in enumerate(classes)}
        self.labels = [numbers[photo.label] for photo in dataset]
        self.size, self.fit, self.interpolation = size, fit, interpolation
        self.notices: collections.deque[Notice] = collections.deque()
        self._told: set[int] = set()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="photos")

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def batches(self, groups: Sequence[Sequence[int]], augmentation: tuple[int, int] | None = None) -> Iterator[Batch]:
        """Yield a Batch for each group of photo numbers, in order; a group of which nothing can be read yields an empty
        one. `augmentation` is (seed, epoch), None for none."""
        waiting: collections.deque[tuple[Sequence[int], list[Future[np.ndarray]]]] = collections.deque()
        ahead = iter(groups)
        try:
            while True:
                while len(waiting) <= LOOK_AHEAD and (group := next(ahead, None)) is not None:
                    jobs = [self._pool.submit(self._pixels, number, augmentation) for number in group]
                    waiting.append((group, jobs))
                if not waiting:
                    return
                yield self._collected(*waiting.popleft())
        finally:
            for _, jobs in waiting:
                for job in jobs:
                    job.cancel()

    def _collected(self, group: Sequence[int], jobs: list[Future[np.ndarray]]) -> Batch:
        pixels, numbers = [], []
        for number, job in zip(group, jobs, strict=True):
            try:
                pixels.append(job.result())
                numbers.append(number)
            except PhotoError as error:
                self._tell(number, error)
        if not pixels:
            return Batch(
                torch.empty(0, self.size, self.size, 3, dtype=torch.uint8), torch.empty(0, dtype=torch.int64), ()
            )
        labels = torch.tensor([self.labels[number] for number in numbers])
        return Batch(torch.from_numpy(np.stack(pixels)), labels, tuple(numbers))

    def _tell(self, number: int, error: PhotoError) -> None:
        if number not in self._told:
            self._told.add(number)
            self.notices.append(Notice(f"{error} It is left out.", "photo_left_out", self.dataset[number].path))

    def _pixels(self, number: int, augmentation: tuple[int, int] | None) -> np.ndarray:
        path = self.dataset[number].path
        if augmentation is None:
            return photos.read(path, self.size, self.fit, interpolation=self.interpolation).pixels
        seed, epoch = augmentation
        draw = draw_light(seed, epoch, number, self.fit)
        image = photos.read(path, self.size, self.fit, box=draw.box, interpolation=self.interpolation)
        return apply_colour(image.pixels, draw)


def in_groups(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    """Cut into groups of `size`; a last one of a single photo joins the one before, for batch norm cannot train on
    one."""
    groups = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [numbers[(len(groups) - 2) * size :]]
    return groups
