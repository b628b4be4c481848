"""How what is frozen is computed: by torch, or on ONNX Runtime where that is faster and gives the same to five digits.

ONNX Runtime is faster on a CPU for networks of depthwise convolutions (MobileNetV2 takes two thirds of the processor
time) and for few others; making its session takes about a second, so there must be photos enough. Which way a run goes
follows from its plan alone, for the ways differ in the last bits, and a run that is resumed goes on as it began.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from engine.export.onnx import quiet
from engine.models.cut import Cut
from engine.prediction.providers import session_of
from engine.training.run_parts import Run

LEAST_PHOTOS = 300
"""Of training and validation, at `AT_SIZE`: making the session then takes less time than it saves. Photos are counted,
not their views, so that runs of fewer epochs have their rows in common with longer ones."""
AT_SIZE = 224
TOGETHER = 2
"""Photos that one core takes at a time: their tensors stay in its cache, and nobody waits for another core."""

TORCH = "torch"
ON_RUNTIME = f"onnxruntime {onnxruntime.__version__}"

Computing = Callable[[Tensor], Tensor]
"""Images (uint8 N×H×W×3) to rows: boundary tensors side by side (float32 N×values)."""


class NotOnRuntimeError(Exception):
    """ONNX Runtime cannot compute the frozen half, or gives something else; torch can."""


def ways_of(run: Run, made: Cut) -> tuple[str, ...]:
    """The ways to compute rows, to be tried in this order; `computing` says no only to the first of two."""
    photos = len(run.numbers("train")) + len(run.numbers("val"))
    size = run.config.image_size or 0
    pays = photos * size**2 >= LEAST_PHOTOS * AT_SIZE**2
    return (ON_RUNTIME, TORCH) if run.config.device == "cpu" and pays and _suits_runtime(made.frozen) else (TORCH,)


def _suits_runtime(frozen: nn.Module) -> bool:
    """Whether depthwise convolutions take much of the time; ConvNeXt, most of which is linear layers, gains nothing."""
    modules = list(frozen.modules())
    depthwise = sum(isinstance(m, nn.Conv2d) and m.groups == m.in_channels > 1 for m in modules)
    return depthwise > sum(isinstance(m, nn.Linear) for m in modules)


def computing(run: Run, made: Cut, way: str) -> Computing:
    """What computes rows in one of `ways_of`. Raises NotOnRuntimeError, as what it gives may in turn."""
    if way == TORCH:
        return lambda pixels: made.joined(made.frozen(run.classifier.normalised(pixels)))
    return _on_runtime(run, made)


class _Rows(nn.Module):
    """Images to rows, with normalisation inside; shares nothing with the run's network, whose modes export changes."""

    def __init__(self, run: Run, made: Cut) -> None:
        super().__init__()
        self.frozen = copy.deepcopy(made.frozen)
        self._normalised, self._joined = run.classifier.normalised, made.joined
        self.eval()

    def forward(self, photos: Tensor) -> Tensor:
        return self._joined(self.frozen(self._normalised(photos)))


def _on_runtime(run: Run, made: Cut) -> Computing:
    """Each core takes a few photos at a time. A row has the same bits whichever photos it is computed with, in all that
    was tried (1 to 32 at a time, six networks); nothing is built on that."""
    try:
        session = session_of(_exported(_Rows(run, made), run.config.image_size or 0), threads=1)
    except Exception as error:  # neither the exporter nor the session has exceptions of its own
        raise NotOnRuntimeError(str(error)) from error

    def few(photos: Tensor) -> Tensor:
        try:
            return torch.from_numpy(session.run(None, {"photos": photos.numpy()})[0])
        except Exception as error:  # its exceptions share no base but this one
            raise NotOnRuntimeError(str(error)) from error

    def rows(pixels: Tensor) -> Tensor:
        with ThreadPoolExecutor(run.config.threads) as pool:
            return torch.cat(list(pool.map(few, pixels.split(TOGETHER))))

    _compare(rows, computing(run, made, TORCH), run.config.image_size or 0)
    return rows


def _exported(rows: nn.Module, size: int) -> bytes:
    """The graph, with N free. By the exporter that traces: the other takes ten times as long, and what tracing may get
    wrong is seen when the rows are compared."""
    content = io.BytesIO()
    with quiet(), torch.no_grad():
        torch.onnx.export(
            rows,
            (torch.zeros(3, size, size, 3, dtype=torch.uint8),),
            cast("Any", content),  # the signature names files only
            input_names=["photos"],
            output_names=["rows"],
            dynamic_axes={"photos": {0: "N"}, "rows": {0: "N"}},
            dynamo=False,
        )
    return content.getvalue()


def _compare(one: Computing, other: Computing, size: int) -> None:
    """Raises NotOnRuntimeError where the rows differ, of two photos and of one."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    photos = torch.from_numpy(pixels)
    with torch.inference_mode():
        mine, theirs = one(photos), other(photos)
    if mine.shape != theirs.shape or not torch.allclose(mine, theirs, rtol=1e-4, atol=1e-5):
        raise NotOnRuntimeError("other numbers")
