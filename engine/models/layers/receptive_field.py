"""Receptive fields: which pixels of the input each place of a feature map can see.

As in Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019), but place
by place and for both axes: each place holds the first and the last pixel that it sees, branches that meet hold both.
For a plain convolutional network the size is theirs, r += (k − 1)·j and j *= s; 1×7 kernels, even kernels, padding on
one side and the windows of Swin come out right too. The image is taken to go on beyond its borders, so sizes can exceed
it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

Places = np.ndarray


@dataclass(frozen=True)
class Axis:
    """One axis of a feature map: `first` and `last` pixel seen by each place, and pixels from place to place."""

    first: Places
    last: Places
    step: int

    def __len__(self) -> int:
        return len(self.first)

    def seen_from(self, places: Places) -> Axis:
        """New places that each see the old `places` (new × seen); those beyond the border are continued."""
        return Axis(
            _continued(self.first, places, self.step).min(1), _continued(self.last, places, self.step).max(1), 0
        )

    def slide(self, kernel: int, step: int, padding: int, dilation: int, places: int) -> Axis:
        """After a convolution or pooling that makes `places` places."""
        starts = np.arange(places)[:, None] * step - padding
        return replace(self.seen_from(starts + np.arange(kernel)[None, :] * dilation), step=self.step * step)

    def fit(self, places: int) -> Axis:
        """The axis with so many places: neighbours put together where there were more (space to depth, adaptive
        pooling), repeated where there were fewer (upsampling)."""
        if places in (0, len(self)):
            return self
        starts = np.arange(places) * len(self) // places
        ends = np.maximum(starts, -(-(np.arange(places) + 1) * len(self) // places) - 1)
        step = max(1, round(self.step * len(self) / places))
        return Axis(self.first[starts], self.last[ends], step)

    def cut(self, part: slice) -> Axis:
        """The places that a slice takes."""
        return Axis(self.first[part], self.last[part], self.step * (part.step or 1))

    def pad(self, before: int, after: int) -> Axis:
        """With places before the first and after the last; negative numbers take away."""
        places = np.arange(-before, len(self) + after)[:, None]
        return replace(self.seen_from(places), step=self.step)

    def join(self, other: Axis) -> Axis:
        """Both seen at once."""
        other = other.fit(len(self))
        return Axis(np.minimum(self.first, other.first), np.maximum(self.last, other.last), max(self.step, other.step))

    def share_windows(self, width: int, shift: int) -> Axis:
        """Each place sees what its window of `width` places sees; the windows begin `shift` places late."""
        if width >= len(self):
            shift = 0
        window = (np.arange(len(self)) - shift) // width
        inside = window[:, None] == window[None, :]
        return Axis(
            np.where(inside, self.first[None, :], self.first.max()).min(1),
            np.where(inside, self.last[None, :], self.last.min()).max(1),
            self.step,
        )

    @property
    def size(self) -> int:
        """Pixels seen by the place that sees most."""
        return int((self.last - self.first).max()) + 1

    def sees_all(self, pixels: int) -> bool:
        """Whether every place sees an image of so many pixels from border to border."""
        return bool((self.first <= 0).all() and (self.last >= pixels - 1).all())


def _continued(values: Places, places: Places, step: int) -> Places:
    inside = np.clip(places, 0, len(values) - 1)
    return np.asarray(values[inside] + (places - inside) * step)


@dataclass(frozen=True)
class Field:
    """What the places of a feature map see. `windowed` says that windows of attention took part: then "the whole image"
    is a question of the image's borders."""

    rows: Axis
    columns: Axis
    windowed: bool = False

    @property
    def places(self) -> tuple[int, int]:
        return len(self.rows), len(self.columns)

    def on_each(self, rows: Axis, columns: Axis) -> Field:
        return replace(self, rows=rows, columns=columns)

    def fit(self, places: tuple[int, int]) -> Field:
        return self.on_each(self.rows.fit(places[0]), self.columns.fit(places[1]))

    def slide(
        self,
        kernel: tuple[int, int],
        step: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
        places: tuple[int, int],
    ) -> Field:
        return self.on_each(
            self.rows.slide(kernel[0], step[0], padding[0], dilation[0], places[0]),
            self.columns.slide(kernel[1], step[1], padding[1], dilation[1], places[1]),
        )

    def share_windows(self, width: tuple[int, int], shift: tuple[int, int]) -> Field:
        rows = self.rows.share_windows(width[0], shift[0])
        return Field(rows, self.columns.share_windows(width[1], shift[1]), windowed=True)

    def join(self, other: Field) -> Field:
        """Both seen at once, as branches that meet do."""
        rows, columns = self.rows.join(other.rows), self.columns.join(other.columns)
        return Field(rows, columns, self.windowed or other.windowed)

    def size_and_stride(self, image: tuple[int, int]) -> tuple[int | None, int | None]:
        """Pixels of the larger axis, and from place to place; (None, None) where the windows cover the whole image."""
        if self.windowed and self.rows.sees_all(image[0]) and self.columns.sees_all(image[1]):
            return None, None
        return max(self.rows.size, self.columns.size), max(self.rows.step, self.columns.step)


def whole(size: int) -> Axis:
    """The image itself: each pixel sees itself."""
    return Axis(np.arange(size), np.arange(size), 1)
