"""What is frozen is computed once: boundary tensors of every photo and view, kept on disk, from which the rest trains.

    photos -> frozen half -> rows on disk -> trained half -> loss

Where no cut can be made or kept, the phase trains the ordinary way and says why.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import hashlib
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

import numpy as np
import PIL
import torch
from torch import Tensor, nn
from torch.fx.experimental import optimization

from engine.clock import Stopwatch
from engine.control import Control
from engine.dataset.augment.draw import VERSION
from engine.dataset.kept_photos import WHOLE_SHARE
from engine.dataset.loader import Augmentation, Batch, PhotoLoader, View, Views, in_groups
from engine.dataset.row_store import RowStore, room_for, stores_folder
from engine.events import Event, FeaturesComputed, Notice, StageStarted
from engine.models.build import log_shares
from engine.models.cut import Cut, cut
from engine.models.timelines import PlannedPhase
from engine.photos import DRAFT, shown_name
from engine.training.frozen_half import TORCH, Computing, NotOnRuntimeError, computing, ways_of
from engine.training.keeping.contents import changed_since
from engine.training.keeping.steady import attended
from engine.training.learner.out_of_memory import answered
from engine.training.loop import Source
from engine.training.phases import stages_left
from engine.training.run_parts import Run

BATCH = 32
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""What a function's words have that is another in every process."""


class TrainedHalf(nn.Module):
    """The part that trains, from rows of boundary tensors (N×values) to logits."""

    auxiliary_weight = 0.0

    def __init__(self, made: Cut, one_vs_all: bool) -> None:
        super().__init__()
        self._cut, self.trained, self.one_vs_all = made, made.trained, one_vs_all
        self.values = made.values

    def forward(self, rows: Tensor) -> Tensor:
        logits: Tensor = self.trained(*self._cut.parted(rows))
        return log_shares(logits) if self.one_vs_all and not self.training else logits


class FeatureLoader:
    """Gives what PhotoLoader gives, with rows of boundary tensors in place of pixels; the last `taught` values of each
    row are a teacher's answer."""

    def __init__(self, store: RowStore, loader: PhotoLoader, hashes: Sequence[str], taught: int = 0) -> None:
        self._taught = taught
        self.labels = loader.labels
        self.notices: collections.deque[Notice] = collections.deque()
        self._store, self._hashes = store, hashes

    def _name(self, number: int, augmentation: Augmentation | None) -> str:
        return row_name(self._hashes[number], number, augmentation)

    def batches(self, groups: Sequence[Sequence[int]], augmentation: Augmentation | None = None) -> Iterator[Batch]:
        for group in groups:
            names = {number: self._name(number, augmentation) for number in group}
            there = tuple(number for number in group if self._store.has(names[number]))
            rows = torch.from_numpy(self._store.rows([names[number] for number in there]))
            labels = torch.tensor([self.labels[number] for number in there], dtype=torch.int64)
            own = rows.shape[1] - self._taught
            yield Batch(rows[:, :own], labels, there, taught=rows[:, own:] if self._taught else None)

    def close(self) -> None:
        self._store.close()


def row_name(content: str, number: int, augmentation: Augmentation | None) -> str:
    """What a row is called: a view depends on (seed, view, number), a photo as it is on its content alone."""
    return content if augmentation is None else f"{content}/{number}/{augmentation[0]}/{augmentation[1]}"


def source_of(run: Run, phase: PlannedPhase, control: Control) -> Generator[Event, None, Source]:
    """How the phase trains, its frozen part computed. Where a stop came, what it gives is not trained from."""
    ordinary = Source(run.classifier, run.loader)
    if not _pays(run, phase):
        return ordinary
    if reason := _reason_to_compute_anew(run):
        yield reason
        return ordinary
    made = cut_of(run)
    if made is None:
        text = "What is frozen cannot be computed apart from what trains, so it is computed in every epoch."
        yield Notice(text, "features_not_apart")
        return ordinary
    try:
        kept = yield from _kept(run, phase, made, control)
    except (OSError, sqlite3.Error) as error:
        yield Notice(f"What is frozen could not be kept ({error}), so it is computed in every epoch.", "features_lost")
        return ordinary
    return kept or ordinary


def keeps(run: Run, phase: PlannedPhase) -> bool:
    """Whether the phase trains from what is kept, where its network can be parted and the disk has room."""
    return _pays(run, phase) and _reason_to_compute_anew(run) is None


def _reason_to_compute_anew(run: Run) -> Notice | None:
    """Why what is frozen differs in every epoch, None where it does not."""
    if run.config.mixup or run.config.cutmix:
        text = "MixUp and CutMix mix photos anew in every epoch, so what is frozen is computed in every epoch."
        return Notice(text, "features_mixed")
    if run.loader.preset.changes_photos and run.config.views == 0:
        text = "Augmentation is new in every epoch, so what is frozen is computed in every epoch."
        return Notice(text, "features_fresh")
    return None


def views_of(run: Run, phase: PlannedPhase) -> list[Augmentation | None]:
    """The views of the training photos that the phase's epochs use."""
    epochs = range(phase.first_epoch, phase.first_epoch + phase.epochs)
    return list(dict.fromkeys(run.view(phase, epoch) for epoch in epochs))


def _pays(run: Run, phase: PlannedPhase) -> bool:
    """Whether what is frozen would be computed more than once. Decided by the plan alone, so that a run that is resumed
    computes as before; where validation decides how long a phase lasts, it may be too short."""
    open_end = stages_left(run.config, run.spec, run.strategy, run.progress) > 0
    return run.config.cache == "auto" and run.begins_frozen(phase) and phase.epochs > 1 and not open_end


def _kept(run: Run, phase: PlannedPhase, made: Cut, control: Control) -> Generator[Event, None, Source | None]:
    """The phase's source with all rows on the disk; None where there is no room or a stop came."""
    for way in ways_of(run, made):
        with contextlib.suppress(NotOnRuntimeError):
            return (yield from _kept_so(run, phase, made, way, control))
    return None


def _kept_so(
    run: Run, phase: PlannedPhase, made: Cut, way: str, control: Control
) -> Generator[Event, None, Source | None]:
    """`_kept`, its rows computed in one way. Raises NotOnRuntimeError where that fails."""
    views = views_of(run, phase)
    folder = stores_folder() / key_of(run, made, way)
    taught = len(run.classes) if run.teacher else 0
    store = RowStore(folder, "float32", made.values + taught)
    with contextlib.ExitStack() as on_leaving:
        on_leaving.callback(store.close)
        wanted = wanted_of(run, store, views)
        if not room_for(folder, _count(wanted) * store.row_bytes):
            text = "What is frozen is too large to keep on this disk, so it is computed in every epoch."
            yield Notice(text, "features_not_kept")
            return None
        if wanted and not (yield from fill(run, computing(run, made, way), store, wanted, control)):
            return None
        on_leaving.pop_all()  # the store stays open for the phase
    return Source(TrainedHalf(made, run.classifier.one_vs_all), FeatureLoader(store, run.loader, run.hashes, taught))


def cut_of(run: Run) -> Cut | None:
    """The network in two where the phase it is frozen for begins frozen, None where it cannot be parted."""
    classifier, size = run.classifier, run.config.image_size
    assert size
    device = next(classifier.parameters()).device
    generator = torch.Generator().manual_seed(0)
    photos = torch.randint(0, 256, (2, size, size, 3), dtype=torch.uint8, generator=generator)
    pixels = classifier.normalised(photos.to(device))
    made = cut(classifier.network, pixels)
    return _fused(made, pixels) if made else None


def _fused(made: Cut, pixels: Tensor) -> Cut:
    """The frozen half with its batch norms folded into the convolutions before them, where that gives the same to five
    digits: it is a third faster on a CPU."""
    made.frozen.eval()
    faster = optimization.fuse(made.frozen).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        one, other = made.joined(made.frozen(pixels)), made.joined(faster(pixels))
    return replace(made, frozen=faster) if torch.allclose(one, other, rtol=1e-4, atol=1e-5) else made


def key_of(run: Run, made: Cut, way: str) -> str:
    """What decides the numbers, but the photo itself: the frozen half, its weights, what comes before it, and the way
    it is computed, so that rows of two ways are never mixed.

    The graph names its modules and says nothing of them: what they are stands in their own words (strides, kinds of
    activation, epsilons), and what stands nowhere in the file that builds a network of one's own.
    """
    config = run.config
    digest = hashlib.sha256()
    scaled = (run.classifier.scale.tolist(), run.classifier.offset.tolist(), run.classifier.channels)
    preset = run.loader.preset
    augmented = (sorted(preset.strengths.items()), preset.policy, preset.fill, VERSION)
    read = (WHOLE_SHARE, DRAFT, PIL.__version__)
    before = (config.image_size, config.fit, run.spec.interpolation, augmented, read, scaled)
    digest.update(repr((before, made.shapes, config.device, config.channels_last, torch.__version__)).encode())
    digest.update(str(made.frozen.graph).encode())
    digest.update(ADDRESS.sub("", str(made.frozen)).encode())
    digest.update(run.spec.builder.read_bytes() if run.spec.builder else b"")
    digest.update(run.teacher.key.encode() if run.teacher else b"")
    digest.update(b"" if way == TORCH else way.encode())
    for name, tensor in made.frozen.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:32]


def wanted_of(run: Run, store: RowStore, views: Sequence[Augmentation | None]) -> list[list[Views]]:
    """The views whose rows are missing, in groups of photos; validation's photos are seen as they are.

    The groups are cut before what is there is left out: so a run that was killed goes on with the groups that it would
    have had, and the numbers are the same to the bit, which depends on how many photos are computed together.
    """
    wanted: list[list[Views]] = []
    for numbers, seen in ((run.numbers("train"), views), (run.numbers("val"), [None])):
        for group in in_groups(numbers, max(2, BATCH // len(seen))):
            missing: list[Views] = [
                (number, [view for view in seen if not store.has(row_name(run.hashes[number], number, view))])
                for number in group
            ]
            wanted.append([(number, absent) for number, absent in missing if absent])
    return [group for group in wanted if group]


def _rows(run: Run, frozen: Computing, pixels: Tensor) -> Tensor:
    """What is kept of images (uint8 N×H×W×3): boundary tensors, and after them what a teacher says."""
    with torch.inference_mode():
        rows = frozen(pixels)
        return torch.cat([rows, run.teacher.answers(pixels)], 1) if run.teacher else rows


def _count(wanted: Sequence[Sequence[Views]]) -> int:
    return sum(len(views) for group in wanted for _, views in group)


def fill(
    run: Run, frozen: Computing, store: RowStore, wanted: Sequence[Sequence[Views]], control: Control
) -> Generator[Event, None, bool]:
    """Compute the missing rows; False where a stop or finish came first. Raises what `frozen` does, and ThawError where
    the memory is too small for one."""
    total = _count(wanted)
    if not total:
        return True
    yield StageStarted("Computing the frozen layers, once")
    device = next(run.classifier.parameters()).device
    changed = changed_since(run.folder)
    watch, done = Stopwatch(), 0
    together = 0  # how many views fit into the memory at once, where not all of a group did
    groups = iter(wanted)
    for item in attended(lambda begun: run.loader.views(wanted[begun:]), run.loader, control, watch=watch):
        if isinstance(item, Notice):
            yield item
            continue
        if control.finishing:
            return False
        pixels, views = item
        if views:
            most = together or len(views)
            rows, fitted = answered(functools.partial(_rows, run, frozen), pixels.to(device), most)
            together = fitted if fitted < most else together
            yield from _kept_rows(run, store, views, rows.cpu().numpy(), changed)
        done += _count([next(groups)])
        rate = done / watch.seconds
        yield FeaturesComputed(done, total, rate, (total - done) / rate)
    return not (control.stopping and done < total)


def _kept_rows(
    run: Run, store: RowStore, views: Sequence[View], rows: np.ndarray, changed: Callable[[int], bool]
) -> Iterator[Notice]:
    """Keep the rows of views. A photo that was changed since it was hashed must not stand under the name of what it
    was: it is left out, and told."""
    others = {number for number in {number for number, _ in views} if changed(number)}
    places = [place for place, (number, _) in enumerate(views) if number not in others]
    if places:
        names = [row_name(run.hashes[number], number, view) for number, view in (views[place] for place in places)]
        store.add(names, rows[places])
    for number in sorted(others):
        path = run.photos[number].path
        text = f"“{shown_name(path)}” was changed since the run looked at it. It is left out."
        yield Notice(text, "photo_left_out", path)
