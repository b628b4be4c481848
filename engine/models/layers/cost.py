"""What a choice of trainable layers costs in memory and time, estimated from the rows of the layer tree; no torch.

Memory, in bytes of float32 (4 each):

- weights, 4 for each parameter; gradients, 4 for each that trains; the optimizer's state, 4 for each number that it
  keeps (AdamW: two moments, Kingma and Ba 2015; SGD: momentum) of each that trains;
- activations, from the first layer that trains on, for each image of the batch: what autograd keeps of each layer for
  the backward pass (`Layer.kept_bytes`, told by autograd), and what goes into the first of them;
- what is passed on: twice the largest output of a batch, in and out of one layer.

Time: a forward pass through everything; then, from the first layer that trains on, the gradient of the input (but of
the first) and the gradient of the weights where they train, each as many multiply-adds as the forward pass of that
layer (Griewank and Walther 2008, "Evaluating Derivatives": reverse mode costs a small multiple of the function). Where
the layers were timed on this machine, their times take the place of multiply-adds, half of a backward pass for each
gradient.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engine.events import Layer, LayerTimed
from engine.models.optimizers import OPTIMIZERS

FLOAT = 4


@dataclass(frozen=True)
class Cost:
    """An estimate. `memory_bytes` is the sum of the parts, for a whole batch, without the program itself (torch takes
    some 300 MB). `products` are multiply-adds of one training step for one image, `seconds_per_image` its time, None
    where no speed is known."""

    weights_bytes: int
    gradients_bytes: int
    optimizer_bytes: int
    activations_bytes: int
    passing_bytes: int
    products: int
    seconds_per_image: float | None

    @property
    def memory_bytes(self) -> int:
        trained = self.gradients_bytes + self.optimizer_bytes
        return self.weights_bytes + trained + self.activations_bytes + self.passing_bytes


def estimate(
    layers: Sequence[Layer],
    trainable: Collection[str],
    *,
    batch_size: int,
    optimizer: str,
    images_per_second: float | None = None,
    times: Mapping[str, LayerTimed] | None = None,
) -> Cost:
    """The cost of training the layers named in `trainable`.

    `layers` are all rows of a network, in execution order. `images_per_second` is the speed of its forward pass alone;
    `times`, measured by layer on this machine, are taken in its place where given.
    """
    chosen = set(trainable)
    trained = sum(row.parameters for row in layers if row.name in chosen)
    first = next((place for place, row in enumerate(layers) if row.name in chosen and row.parameters), len(layers))
    after = layers[first:]
    kept = sum(row.kept_bytes for row in after)
    if 0 < first < len(layers):
        kept += FLOAT * math.prod(layers[first - 1].output_shape)
    largest = max((math.prod(row.output_shape) for row in layers if row.output_shape), default=0)
    forward = sum(row.flops for row in layers)
    gradients = sum(row.flops * (place > 0) + row.flops * (row.name in chosen) for place, row in enumerate(after))
    seconds = None
    if times:
        seconds = sum(time.forward_seconds for time in times.values()) + _backward_seconds(after, chosen, times)
    elif images_per_second and forward:
        seconds = (forward + gradients) / forward / images_per_second
    return Cost(
        weights_bytes=FLOAT * sum(row.parameters for row in layers),
        gradients_bytes=FLOAT * trained,
        optimizer_bytes=FLOAT * OPTIMIZERS[optimizer].kept * trained,
        activations_bytes=kept * batch_size,
        passing_bytes=2 * FLOAT * largest * batch_size,
        products=forward + gradients,
        seconds_per_image=seconds,
    )


def _backward_seconds(after: Sequence[Layer], chosen: set[str], times: Mapping[str, LayerTimed]) -> float:
    """Half a layer's backward time for the gradient of its input, half for that of its weights where it has any."""
    seconds = 0.0
    for place, row in enumerate(after):
        if row.name in times:
            halves = 2 if not row.parameters else (place > 0) + (row.name in chosen)
            seconds += times[row.name].backward_seconds * halves / 2
    return seconds
