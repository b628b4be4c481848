"""Batches of photos, decoded by threads a little ahead of the network."""

from __future__ import annotations

import collections
import functools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.config.augmentations import PRESETS, Preset
from engine.dataset.augment.draw import draw
from engine.dataset.augment.view import augmented
from engine.dataset.index import Photo
from engine.dataset.kept_photos import KeptPhotos
from engine.errors import PhotoError, ThawError
from engine.events import Notice
from engine.fit import Fit

LOOK_AHEAD = 3
"""Batches decoded beyond the one in use: enough to hide an uneven photo, and bounded whatever the dataset."""


Augmentation = tuple[int, int]
"""What a view is drawn from: (seed, epoch)."""
View = tuple[int, Augmentation | None]
"""A photo's number, and how it is augmented; None for not at all."""
Views = tuple[int, Sequence[Augmentation | None]]


@dataclass(frozen=True)
class Batch:
    """`pixels` uint8 N×H×W×3; `labels` int64 N; `numbers` the photos' places in the loader's list. `targets` says how
    much of each class is in a mixed photo (float32 N×C), None where the labels say all; `taught` are a teacher's logits
    (float32 N×C). `whole` is the batch that it is a part of, where it is one."""

    pixels: Tensor
    labels: Tensor
    numbers: tuple[int, ...]
    targets: Tensor | None = None
    taught: Tensor | None = None
    whole: Batch | None = None

    @property
    def wanted(self) -> Tensor:
        """What a loss compares answers with: `targets`, else `labels`."""
        return self.labels if self.targets is None else self.targets

    def part(self, place: slice) -> Batch:
        """Some of its photos."""
        own = {name: value for name, value in vars(self).items() if value is not None and name != "whole"}
        tensors: dict[str, Any] = {name: value[place] for name, value in own.items()}
        return replace(self, **tensors, whole=self.whole or self)

    def to(self, device: torch.device) -> Batch:
        """The batch with its tensors on `device`."""
        tensors: dict[str, Any] = {
            name: value.to(device, non_blocking=True) for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return replace(self, **tensors)


class PhotosAwayError(ThawError):
    """A photo could not be read because its folder is not there: its drive was pulled or its server is gone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The photos in {folder} cannot be reached any more; check that their drive is connected.")
        self.folder = folder


def folder_is_there(folder: Path) -> bool:
    """Whether the folder can be listed; one that may not be is there all the same."""
    try:
        os.scandir(folder).close()
    except PermissionError:
        return Path(folder.anchor).exists()  # Windows says so of a drive that is not ready
    except OSError:
        return False
    return True


class PhotoLoader:
    """Reads the photos of a run. A photo that cannot be read is left out of its batch and told once in `notices`; where
    its whole folder is gone, PhotosAwayError is raised: below `root`, the dataset's folder, only where all folders of
    photos are gone, for one alone was deleted, and no drive comes back with it.

    `kept` gives the pixels; where it is None, photos are decoded whenever they are read. `preset` is how those are
    augmented that are to be.
    """

    def __init__(
        self,
        dataset: Sequence[Photo],
        classes: Sequence[str],
        size: int,
        fit: Fit,
        interpolation: str,
        threads: int,
        kept: KeptPhotos | None = None,
        preset: Preset = PRESETS["light"],
        root: Path | None = None,
    ) -> None:
        self.dataset, self.preset = dataset, preset
        self.kept = kept or KeptPhotos([photo.path for photo in dataset], size, fit, interpolation)
        numbers = {name: number for number, name in enumerate(classes)}
        self.labels = [numbers[photo.label] for photo in dataset]
        self.size, self.fit, self.interpolation = size, fit, interpolation
        self.notices: collections.deque[Notice] = collections.deque()
        self._root = root
        self._told: set[int] = set()
        self._told_lost = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="photos")

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.kept.close()

    def batches(self, groups: Sequence[Sequence[int]], augmentation: Augmentation | None = None) -> Iterator[Batch]:
        """Yield a Batch for each group of photo numbers, in order; a group of which nothing can be read yields an empty
        one. `augmentation` is (seed, epoch), None for none."""
        for read in self._ahead([[(number, (augmentation,)) for number in group] for group in groups]):
            numbers = tuple(number for number, _ in read)
            labels = torch.tensor([self.labels[number] for number in numbers], dtype=torch.int64)
            yield Batch(self._stacked([pixels for _, (pixels,) in read]), labels, numbers)

    def views(self, groups: Sequence[Sequence[Views]]) -> Iterator[tuple[Tensor, list[View]]]:
        """Yield for each group of photos the pixels of all their views, uint8 N×H×W×3, and which those are: each photo
        is decoded once for all of its own."""
        asked = {number: augmentations for group in groups for number, augmentations in group}
        for read in self._ahead(groups):
            views = [(number, augmentation) for number, _ in read for augmentation in asked[number]]
            yield self._stacked([pixels for _, several in read for pixels in several]), views

    def _ahead(self, groups: Sequence[Sequence[Views]]) -> Iterator[list[tuple[int, list[np.ndarray]]]]:
        """Yield for each group the photos that could be read, with the pixels of their views."""
        waiting: collections.deque[list[tuple[int, Future[list[np.ndarray]]]]] = collections.deque()
        ahead = iter(groups)
        try:
            while True:
                while len(waiting) <= LOOK_AHEAD and (group := next(ahead, None)) is not None:
                    waiting.append(
                        [(number, self._pool.submit(self._pixels, number, views)) for number, views in group]
                    )
                if not waiting:
                    return
                yield self._read(waiting.popleft())
        finally:
            for jobs in waiting:
                for _, job in jobs:
                    job.cancel()

    def _read(self, jobs: Sequence[tuple[int, Future[list[np.ndarray]]]]) -> list[tuple[int, list[np.ndarray]]]:
        found = []
        for number, job in jobs:
            try:
                found.append((number, job.result()))
            except PhotoError as error:
                if folder := self._away(self.dataset[number].path.parent):
                    raise PhotosAwayError(folder) from error
                self._tell(number, error)
        if self.kept.lost and not self._told_lost:
            self._told_lost = True
            text = f"Not all photos could be kept decoded ({self.kept.lost}), so the others are decoded in every epoch."
            self.notices.append(Notice(text, "photos_not_kept"))
        return found

    def _away(self, folder: Path) -> Path | None:
        """The folder to wait for where a photo of `folder` could not be read; None where that photo alone is lost."""
        if folder_is_there(folder):
            return None
        root = self._root
        if root is None or not folder.is_relative_to(root):
            return folder
        if not folder_is_there(root):
            return root
        return None if any(map(folder_is_there, self._below_root)) else folder  # of a drive an empty folder may stay

    @functools.cached_property
    def _below_root(self) -> set[Path]:
        root = self._root
        return {photo.path.parent for photo in self.dataset if root and photo.path.is_relative_to(root)}

    def _stacked(self, pixels: Sequence[np.ndarray]) -> Tensor:
        if not pixels:
            return torch.empty(0, self.size, self.size, 3, dtype=torch.uint8)
        return torch.from_numpy(np.stack(pixels))

    def _tell(self, number: int, error: PhotoError) -> None:
        if number not in self._told:
            self._told.add(number)
            self.notices.append(Notice(f"{error} It is left out.", "photo_left_out", self.dataset[number].path))

    def _pixels(self, number: int, augmentations: Sequence[Augmentation | None]) -> list[np.ndarray]:
        whole = self.kept.whole(number) if any(augmentations) else None
        return [
            self.kept.as_is(number) if one is None or whole is None else self._augmented(whole, number, one)
            for one in augmentations
        ]

    def _augmented(self, whole: np.ndarray, number: int, augmentation: Augmentation) -> np.ndarray:
        return augmented(whole, draw(self.preset, *augmentation, number, self.fit), self.size, self.interpolation)


def in_groups(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    """Cut into groups of `size`; a last one of a single photo joins the one before, for batch norm cannot train on
    one."""
    groups = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [numbers[(len(groups) - 2) * size :]]
    return groups
