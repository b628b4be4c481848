"""One model file in ONNX Runtime: pixels in, logits and probabilities out. No torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import ModelFileError, ThawError
from engine.model_file import NETWORK, ModelFile, Preprocessing
from engine.prediction.providers import Loaded, Wanted, installed, load

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating[Any]]


class Classifier:
    """A loaded network. Its methods may be called from several threads at once.

    Batches are uint8, N × image_size × image_size × 3 (RGB), as `photos.read` makes the images.
    """

    def __init__(self, model_file: ModelFile, threads: int | None = None, device: Wanted = "auto") -> None:
        """`threads` is how many cores one call may use; None takes all. `device` is "cpu", or "auto" for the fastest
        whose runtime is installed and that answers as the CPU does.

        Raises ModelFileError where ONNX Runtime refuses the network or it does not fit the manifest.
        """
        self.model_file = model_file
        loaded = _loaded(model_file, threads, device)
        self._session, self.device, self.device_reason = loaded.session, loaded.device, loaded.reason
        self.device_was_chosen = device == "auto" and bool(installed())
        self._outputs = [output.name for output in self._session.get_outputs()]
        _check(model_file, self._session)
        self._input = self._session.get_inputs()[0].name

    @property
    def classes(self) -> tuple[str, ...]:
        return self.model_file.manifest.classes

    @property
    def preprocessing(self) -> Preprocessing:
        return self.model_file.manifest.preprocessing

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(self._outputs)

    def logits(self, batch: Pixels) -> Floats:
        """N × classes, float32, as the network gives them: the temperature is not applied."""
        return self._run(["logits"], batch)["logits"]

    def outputs(self, batch: Pixels) -> dict[str, Floats]:
        """Everything the network gives: `logits`, and `features` (pooled) and `maps` (before pooling) where it has
        them."""
        return self._run(self._outputs, batch)

    def probabilities(self, batch: Pixels) -> Floats:
        """N × classes, float64, each row adding up to 1: the calibrated confidences."""
        return softmax(self.logits(batch), self.model_file.manifest.temperature)

    def _run(self, names: list[str], batch: Pixels) -> dict[str, Floats]:
        try:
            answers = self._session.run(names, {self._input: batch})
        except Exception as error:  # its exceptions share no base but this one
            raise ThawError(
                "The model could not be applied to these photos; the file may be damaged, or memory may have run out.",
                str(error),
            ) from None
        return dict(zip(names, answers, strict=True))


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities of `logits` (… × classes) divided by `temperature`, in float64."""
    scaled = np.asarray(logits, np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=-1, keepdims=True)
    return scaled


def _loaded(model_file: ModelFile, threads: int | None, device: Wanted) -> Loaded:
    content = model_file.read(NETWORK)
    try:
        return load(content, model_file.manifest.preprocessing.image_size, threads, device)
    except Exception as error:  # its exceptions share no base but this one
        raise ModelFileError(
            f"The network inside “{model_file.path.name}” cannot be loaded; it is damaged, or needs a newer Thaw.",
            str(error),
        ) from None


def _check(model_file: ModelFile, session: Any) -> None:
    """A network that would answer nonsense is refused before the first photo."""
    inputs = session.get_inputs()
    outputs = {output.name: output for output in session.get_outputs()}
    classes = len(model_file.manifest.classes)
    fits = len(inputs) == 1 and inputs[0].type == "tensor(uint8)" and len(inputs[0].shape) == 4 and "logits" in outputs
    if fits:
        width = outputs["logits"].shape[-1] if outputs["logits"].shape else None
        fits = not isinstance(width, int) or width == classes
    if not fits:
        raise ModelFileError(
            f"The network inside “{model_file.path.name}” does not fit what the file says of it; get the file again.",
            f"inputs {[(i.type, i.shape) for i in inputs]}, outputs {[(n, o.shape) for n, o in outputs.items()]}, "
            f"{classes} classes",
        )
