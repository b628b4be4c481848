"""What is told of folders of photos: looking through them, measuring on them, classifying them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class ScanProgress(Event):
    folder: Path
    photos: int


@dataclass(frozen=True)
class ScanFinished(Event):
    """`counts` has a row (class, train, val, test, unsplit) for each class, in order."""

    root: Path
    classes: tuple[str, ...]
    photos: int
    skipped: int
    findings: tuple[str, ...]
    counts: tuple[tuple[str, int, int, int, int], ...] = ()


@dataclass(frozen=True)
class EvaluationFinished(Event):
    """`split` is what was looked at; `low` and `high` bound accuracy (Wilson, 95 %)."""

    out: Path
    split: str
    photos: int
    failed: int
    accuracy: float
    low: float
    high: float
    macro_f1: float


@dataclass(frozen=True)
class Prediction(Event):
    """One photo's answer. `label` may be "unknown"; with an `error` there is no label. `top` is (class, confidence),
    best first. `size` is in bytes; `taken`, `camera`, `latitude` and `longitude` (degrees) are what its EXIF says;
    `sha256` is there where it was asked for, `verdict` where a person said what it shows, and `series` is the same
    number for photos that were decided on together."""

    path: Path
    label: str
    confidence: float
    top: tuple[tuple[str, float], ...] = ()
    error: str = ""
    size: int = 0
    taken: str = ""
    camera: str = ""
    latitude: float | None = None
    longitude: float | None = None
    sha256: str = ""
    verdict: str = ""
    series: int | None = None


@dataclass(frozen=True)
class PredictionProgress(Event):
    """`done` counts answers of earlier, too, of which there are `kept`; the speed is that of the others. `reading`,
    `decoding` and `network` say of what the work consists, as shares."""

    done: int
    total: int | None
    images_per_second: float
    seconds_left: float | None
    kept: int = 0
    reading: float = 0.0
    decoding: float = 0.0
    network: float = 0.0


@dataclass(frozen=True)
class Watching(Event):
    """What is there is classified, `done` photos with `failed` that could not be read, and more is waited for; `coming`
    files are there that may still be written to."""

    done: int
    failed: int
    coming: int


@dataclass(frozen=True)
class PredictionFinished(Event):
    """`photos` were found (while watching, one that changed counts again), of which `kept` had their answer from
    earlier; `failed` could not be read. `out` is the table, `ledger` what it can be made anew from."""

    photos: int
    failed: int
    skipped: int
    seconds: float
    images_per_second: float
    stopped: bool = False
    out: Path | None = None
    kept: int = 0
    ledger: Path | None = None


@dataclass(frozen=True)
class TableWritten(Event):
    """A table of `photos` answers, of which `unknown` have no label and `failed` could not be read."""

    out: Path
    photos: int
    unknown: int
    failed: int


@dataclass(frozen=True)
class LabelCounted(Event):
    """How many photos of a batch have a label, and their share of those that could be read; for `human` of them a
    person said so. `mean_confidence` is of the others."""

    label: str
    photos: int
    share: float
    human: int
    mean_confidence: float | None


@dataclass(frozen=True)
class FolderCounted(Event):
    """What lies directly in a folder of a batch: `labels` are (label, photos), the commonest first, without unknown."""

    folder: Path
    photos: int
    unknown: int
    failed: int
    labels: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class AccuracyVerified(Event):
    """How often the model is right where a person looked: `right` of `labelled` photos, `accuracy` with `low` and
    `high` (Wilson, 95 %). `seen` counts those, too, that it left unknown, and the `finer` ones, of which the person
    named only the group. It holds for all photos only if those that were looked at were chosen by chance."""

    seen: int
    labelled: int
    right: int
    accuracy: float
    low: float
    high: float
    finer: int = 0


@dataclass(frozen=True)
class VerdictsKept(Event):
    """A table said what `photos` show: `new` of them nobody had looked at, of `changed` a person had said otherwise."""

    photos: int
    new: int
    changed: int


@dataclass(frozen=True)
class SummaryFinished(Event):
    """`verified` photos have a person's word. `first_taken`, `last_taken` and `hours` (photos by the hour of the day,
    24 numbers) are of those whose EXIF says when they were taken; "" where none does."""

    photos: int
    unknown: int
    failed: int
    verified: int
    first_taken: str
    last_taken: str
    hours: tuple[int, ...]
    out: Path | None = None


@dataclass(frozen=True)
class Explained(Event):
    """Where in a photo the evidence for `label` lay: `places` are the rows of the map, 0 to 1, all 0 where nothing
    spoke for it. The map lies over `part` of the upright photo (left, top, right, bottom, as shares; beyond 0 and 1
    where the network saw borders). `confidence` is that of the label. `out` is the picture."""

    photo: Path
    label: str
    confidence: float
    places: tuple[tuple[float, ...], ...]
    part: tuple[float, float, float, float]
    out: Path | None = None


@dataclass(frozen=True)
class PseudoLabel(Event):
    """A photo without a label that a model is sure of, to be looked at before it is trained on."""

    path: Path
    label: str
    confidence: float


@dataclass(frozen=True)
class PseudoLabelsFinished(Event):
    """`photos` were looked at, `sure` of them reached the threshold, `proposed` are left after balancing the classes;
    `out` is the file they were written to."""

    photos: int
    failed: int
    sure: int
    proposed: int
    threshold: float
    seconds: float
    stopped: bool = False
    out: Path | None = None
