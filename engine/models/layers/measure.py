"""`thaw measure`: how long each layer takes on this machine, forward and backward, in training as Thaw trains."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from engine.control import Control
from engine.devices import cpu_threads
from engine.errors import ThawError
from engine.events import LayerTimed, MeasureFinished
from engine.memory import keep_memory
from engine.models.build import build
from engine.models.catalog import find_model
from engine.models.layers.tree import described_rows

REPEATS = 5
SECONDS = 30.0
"""Passes are repeated this often, but none begins after so long."""

Mark = Any
"""A moment: seconds on the CPU, an event on a GPU."""


def measure(
    model: str,
    image_size: int | None = None,
    batch_size: int = 8,
    device: str = "auto",
    control: Control | None = None,
) -> Iterator[LayerTimed | MeasureFinished]:
    """Yield a LayerTimed for each row of the layer tree that is called, in execution order, then MeasureFinished.

    Seconds are for one image, the median of some passes after one that is not counted, with random weights and
    everything trainable, in train mode and channels last. A row's time is without that of the rows inside it. A stop
    ends without MeasureFinished. Raises ThawError where the model cannot take images of that size, or memory is out.
    """
    spec = find_model(model)
    size = image_size or spec.input_size
    rows = described_rows(spec, size)
    keep_memory()
    threads = cpu_threads()
    torch.set_num_threads(threads)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    control = control or Control()
    try:
        network = build(spec, 2).to(device).to(memory_format=torch.channels_last).train()
        images = torch.rand(batch_size, spec.channels, size, size, device=device)
        passes = _Passes(network, images.contiguous(memory_format=torch.channels_last), rows)
        for _ in _until_enough(control):
            passes.plain()
            passes.by_layer()
    except (RuntimeError, MemoryError) as error:
        if "memory" not in str(error).lower() and not isinstance(error, MemoryError):
            raise
        raise ThawError(
            f"There is not enough memory to measure {spec.title} with {batch_size} photos at once; take fewer."
        ) from error
    if control.stopping:
        return
    for name in rows:
        if name in passes.forward:
            yield LayerTimed(name, passes.median(passes.forward[name]), passes.median(passes.backward[name]))
    whole = (passes.median(passes.whole_forward), passes.median(passes.whole_backward))
    yield MeasureFinished(spec.name, size, batch_size, threads, device, *whole)


def _until_enough(control: Control) -> Iterator[int]:
    start = time.perf_counter()
    for number in range(REPEATS + 1):
        if control.stopping or (number > 1 and time.perf_counter() - start > SECONDS):
            return
        yield number
        control.wait_while_paused()


class _Passes:
    """Forward and backward passes over one batch, timed as a whole and by layer; the first of each is not counted."""

    def __init__(self, network: nn.Module, images: Tensor, rows: tuple[str, ...]) -> None:
        self._network, self._images, self._rows = network, images, rows
        self._mark, self._between = _clock(images.device)
        self.forward: dict[str, list[float]] = defaultdict(list)
        self.backward: dict[str, list[float]] = defaultdict(list)
        self.whole_forward: list[float] = []
        self.whole_backward: list[float] = []

    def median(self, seconds: list[float]) -> float:
        """Seconds for one image."""
        counted = seconds[1:] or seconds
        return statistics.median(counted) / len(self._images) if counted else 0.0

    def plain(self) -> None:
        """One pass without a look at the layers, which costs time itself."""
        self._network.zero_grad(set_to_none=True)
        start = self._mark()
        loss = _loss(self._network(self._images))
        middle = self._mark()
        loss.backward()
        end = self._mark()
        self.whole_forward.append(self._between(start, middle))
        self.whole_backward.append(self._between(middle, end))

    def by_layer(self) -> None:
        """One pass with hooks that take the time: around each module, and around each of autograd's nodes."""
        self._network.zero_grad(set_to_none=True)
        watch = _Watch(self._mark)
        hooks = [
            hook
            for name in self._rows
            for hook in (
                self._network.get_submodule(name).register_forward_pre_hook(watch.enter(name)),
                self._network.get_submodule(name).register_forward_hook(watch.leave),
            )
        ]
        try:
            loss = _loss(self._network(self._images))
        finally:
            for hook in hooks:
                hook.remove()
        watch.claim(loss, "")
        watch.listen()
        loss.backward()
        for name, seconds in self._summed(watch.forward).items():
            self.forward[name].append(seconds)
        for name, seconds in self._summed(watch.backward).items():
            self.backward[name].append(seconds)

    def _summed(self, spans: list[tuple[str, Mark, Mark, int]]) -> dict[str, float]:
        sums: dict[str, float] = defaultdict(float)
        for name, start, end, sign in spans:
            sums[name] += sign * self._between(start, end)
        return sums


class _Watch:
    """Spans of time by layer: (name, start, end, sign); an inner layer's span is taken from the outer one's time."""

    def __init__(self, mark: Callable[[], Mark]) -> None:
        self._mark = mark
        self._running: list[tuple[str, Mark]] = []
        self._owner: dict[Any, str] = {}
        self._begun: dict[Any, Mark] = {}
        self.forward: list[tuple[str, Mark, Mark, int]] = []
        self.backward: list[tuple[str, Mark, Mark, int]] = []

    def enter(self, name: str) -> Any:
        def entered(_module: nn.Module, args: Any) -> None:
            for one in args:
                self.claim(one, self._running[-1][0] if self._running else None)
            self._running.append((name, self._mark()))

        return entered

    def leave(self, _module: nn.Module, _args: Any, result: Any) -> None:
        name, start = self._running.pop()
        end = self._mark()
        self.forward.append((name, start, end, 1))
        if self._running:
            self.forward.append((self._running[-1][0], start, end, -1))
        for one in result if isinstance(result, tuple | list) else (result,):
            self.claim(one, name)

    def claim(self, result: Any, name: str | None) -> None:
        """Give the nodes behind a tensor that are nobody's yet to the layer `name`; None is no layer."""
        waiting = [result.grad_fn] if isinstance(result, Tensor) and result.grad_fn is not None else []
        while waiting:
            node = waiting.pop()
            if node not in self._owner:
                self._owner[node] = "" if name is None else name
                waiting.extend(before for before, _ in node.next_functions if before is not None)

    def listen(self) -> None:
        for node in self._owner:
            node.register_prehook(self._begins(node))
            node.register_hook(self._ends(node))

    def _begins(self, node: Any) -> Any:
        def begins(_gradients: Any) -> None:
            self._begun[node] = self._mark()

        return begins

    def _ends(self, node: Any) -> Any:
        def ends(_inputs: Any, _outputs: Any) -> None:
            self.backward.append((self._owner[node], self._begun[node], self._mark(), 1))

        return ends


def _loss(answer: Any) -> Tensor:
    """Some number of every logit, those of auxiliary classifiers too."""
    logits = answer if isinstance(answer, tuple | list) else (answer,)
    return torch.stack([one.float().square().mean() for one in logits if isinstance(one, Tensor)]).sum()


def _clock(device: torch.device) -> tuple[Callable[[], Mark], Callable[[Mark, Mark], float]]:
    if device.type != "cuda":
        return time.perf_counter, lambda start, end: float(end - start)

    def mark() -> Mark:
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def between(start: Mark, end: Mark) -> float:
        end.synchronize()
        return float(start.elapsed_time(end)) / 1000

    return mark, between
