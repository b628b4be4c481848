"""A trained network as one ONNX file that takes photos as `photos.read` makes them."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import ModelFileError
from engine.models.build import Classifier, head_path
from engine.models.catalog import ModelSpec

LARGEST_BYTES = 2**31 - 1
"""A protocol buffer, which an ONNX file is, cannot be larger."""


def output_names(spec: ModelSpec) -> tuple[str, ...]:
    """`maps` is there where the architecture has a last feature map."""
    return ("logits", "features", "maps") if spec.maps else ("logits", "features")


def export_onnx(classifier: Classifier, spec: ModelSpec, image_size: int, path: Path) -> None:
    """Write `classifier` (in eval mode, on the CPU) to `path`.

    Input `photos`: uint8 N×H×W×3, N free, H and W fixed to `image_size`; normalisation and grey are inside. Outputs:
    `logits` N×classes, `features` N×F (pooled, what the head takes), `maps` N×C×h×w. Raises ModelFileError above 2 GiB.
    """
    size = sum(parameter.nbytes for parameter in classifier.parameters())
    if size > LARGEST_BYTES:
        raise ModelFileError(f"{spec.title} is too large ({size / 2**30:.1f} GiB) to become one ONNX file (2 GiB).")
    names = output_names(spec)
    example = torch.zeros(2, image_size, image_size, 3, dtype=torch.uint8)
    with quiet(), torch.no_grad(), _WithTaps(classifier, spec) as tapped:
        torch.onnx.export(
            tapped,
            (example,),
            path,
            input_names=["photos"],
            output_names=list(names),
            dynamic_shapes={"photos": {0: torch.export.Dim("N", min=1)}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )


class _WithTaps(nn.Module):
    """Returns, beside the logits, what the head takes and the last feature map, caught by hooks."""

    def __init__(self, classifier: Classifier, spec: ModelSpec) -> None:
        super().__init__()
        self.classifier = classifier
        self.with_maps = bool(spec.maps)
        self._caught: dict[str, Tensor] = {}
        head = classifier.network.get_submodule(head_path(spec))
        self._hooks = [head.register_forward_pre_hook(self._catch_features)]
        if spec.maps:
            maps = classifier.network.get_submodule(spec.maps)
            self._hooks.append(maps.register_forward_hook(self._catch_maps))

    def forward(self, photos: Tensor) -> tuple[Tensor, ...]:
        logits = self.classifier(photos)
        caught = (logits, self._caught["features"])
        return (*caught, self._caught["maps"]) if self.with_maps else caught

    def _catch_features(self, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._caught["features"] = inputs[0]

    def _catch_maps(self, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
        self._caught["maps"] = output

    def __enter__(self) -> _WithTaps:
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The exporter prints its progress and warns of things that a person cannot act on."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
