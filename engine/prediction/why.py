"""explain: where in a photo the evidence for a class lay. No torch.

The model file holds its network's end, from the last feature map on, as a network of its own. Each place of the map is
put to it alone, and what it answers are that place's logits. Where the head is average pooling and one linear layer,
their mean over the places is the network's own answer, and each class's are its class activation map (Zhou et al. 2016,
“Learning Deep Features for Discriminative Localization”); for heads with more layers it is the same question, without
that equality.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine import photos
from engine.control import Control
from engine.errors import ModelFileError, NoMapError, ThawError
from engine.events import Event, Explained
from engine.model_file import HEAD, ModelFile, Preprocessing, locate, open_model
from engine.photos import Part, Pixels
from engine.prediction.classify import NO_ANSWER
from engine.prediction.providers import session_of
from engine.prediction.rules import classes_in_answers, in_answers
from engine.prediction.runtime import Classifier, Floats, softmax
from engine.prediction.why_picture import check_place, write_picture

Map = npt.NDArray[np.float32]

ROUNDING = 1e-5
"""What is less than this share of the largest number that was added up is no evidence but rounding."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """`places` is h×w, 0 to 1, over `pixels`, the photo as the network saw it; those are `part` of the upright photo
    (left, top, right, bottom, as shares; beyond 0 and 1 where the network saw borders)."""

    places: Map
    label: str
    confidence: float
    pixels: Pixels
    part: Part


def explain(
    model: Path,
    photo: Path,
    out: Path | None = None,
    label: str | None = None,
    *,
    replace: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Yield an Explained: where in `photo` the evidence for `label` lay, without one for the likeliest class. With
    `out`, a PNG file, the photo as the network saw it is written with the map over it.

    Raises NoMapError where the model cannot tell, PhotoError, and ThawError for a class that the model does not know or
    a file that cannot be written.
    """
    del control  # it takes less than a second
    if out is not None:
        check_place(out, photo, replace)
    file = open_model(locate(model))
    _check_can_tell(file)
    found = look(Classifier(file, device="cpu"), photo, label)  # for one photo, trying devices takes longer
    if out is not None:
        write_picture(out, found.pixels, found.places)
    places = tuple(tuple(round(float(value), 4) for value in row) for row in found.places)
    yield Explained(photo, found.label, found.confidence, places, found.part, out)


def look(classifier: Classifier, photo: Path, label: str | None = None) -> Evidence:
    """The evidence for `label` in a photo, without one for the likeliest class. Raises as `explain` does."""
    how = classifier.preprocessing
    image = photos.read(photo, how.image_size, how.fit, interpolation=how.interpolation)
    by_place, logits = _logits(classifier, image.pixels)
    shares = softmax(logits, classifier.model_file.manifest.temperature)
    number = _number(classifier, label, logits)
    part = seen_part(image.width, image.height, how)
    said = in_answers(classifier.classes[number])
    return Evidence(_map_of(by_place, number), said, float(shares[number]), image.pixels, part)


def class_map(classifier: Classifier, pixels: Pixels, label: str | None = None) -> Map:
    """The class activation map of `label`, of the likeliest class without one: h×w, 0 to 1, 1 where the most evidence
    lay; 0 where nothing spoke for the class, and everywhere where nothing did at all.

    `pixels` are as `photos.read` makes them. Two things are taken away from the logits of a place, for they are no
    evidence in it: what an empty place would say (the bias, which Zhou et al. leave out, too), and what all classes
    have in common, their mean, which a softmax does not see. Raises NoMapError, and ThawError for a class that is none.
    """
    by_place, logits = _logits(classifier, pixels)
    return _map_of(by_place, _number(classifier, label, logits))


def refusal(file: ModelFile) -> str:
    """Why this model cannot say where it looked, in a sentence; "" where it can."""
    manifest = file.manifest
    if HEAD in manifest.members:
        return ""
    network = manifest.architecture.get("title") or "This network"
    if manifest.architecture.get("name") == "ensemble":
        return (
            "Several networks answer together here, so there is no one map of where they looked; ask one of its runs."
        )
    if manifest.architecture.get("by_place") is False:
        return (
            f"{network} cannot say where in a photo it looked: it has no feature map, or answers from the whole of it "
            "at once."
        )
    return (
        f"“{photos.shown_name(file.path)}” was made before Thaw kept what is needed to see where a model looked; train "
        "it anew for that."
    )


def seen_part(width: int, height: int, how: Preprocessing) -> Part:
    """Which part of an upright photo the network sees; beyond 0 and 1 where there are borders around it."""
    if how.fit == "crop":
        return photos.centre_part(width, height, how.image_size)
    if how.fit == "stretch":
        return 0.0, 0.0, 1.0, 1.0
    size, (columns, rows) = how.image_size, photos.fitted(width, height, how.image_size)
    left, top = (size - columns) // 2, (size - rows) // 2
    return -left / columns, -top / rows, (size - left) / columns, (size - top) / rows


def _check_can_tell(file: ModelFile) -> None:
    if reason := refusal(file):
        raise NoMapError(reason)


def _logits(classifier: Classifier, pixels: Pixels) -> tuple[Floats, Floats]:
    """Of each place beyond those of an empty one, h×w×classes, and of the whole photo."""
    file = classifier.model_file
    _check_can_tell(file)
    answers = classifier.outputs(pixels[None])
    if "maps" not in answers:
        raise NoMapError(f"The network inside “{photos.shown_name(file.path)}” gives no feature map.")
    maps, logits = answers["maps"][0], answers["logits"][0]
    channels, rows, columns = maps.shape
    empty = np.zeros((1, channels), np.float32)
    each = np.concatenate([empty, maps.reshape(channels, -1).T])[:, :, None, None]
    try:
        (found,) = session_of(file.read(HEAD), None).run(["logits"], {"maps": each})
    except ThawError:
        raise
    except Exception as error:  # its exceptions share no base but this one
        text = f"{HEAD} inside “{photos.shown_name(file.path)}” does not fit its network; get the file again."
        raise ModelFileError(text, str(error)) from None
    if not (np.isfinite(found).all() and np.isfinite(logits).all()):
        raise ThawError(NO_ANSWER)
    return (found[1:] - found[0]).reshape(rows, columns, -1), logits


def _number(classifier: Classifier, label: str | None, logits: Floats) -> int:
    if label is None:
        return int(logits.argmax())
    classes = classes_in_answers(classifier.classes)
    if in_answers(label) not in classes:
        known = ", ".join(classifier.classes[:8]) + (" …" if len(classifier.classes) > 8 else "")
        raise ThawError(f"The model knows no class “{label}”; it knows {known}.")
    return classes.index(in_answers(label))


def _map_of(by_place: Floats, number: int) -> Map:
    common = by_place.mean(axis=2) if by_place.shape[2] > 1 else 0.0
    evidence = np.maximum(by_place[:, :, number] - common, 0.0).astype(np.float32)
    most = float(evidence.max())
    if most <= ROUNDING * float(np.abs(by_place).max()):
        return np.zeros_like(evidence)
    return evidence / np.float32(most)
