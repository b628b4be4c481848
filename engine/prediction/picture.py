"""A picture that is no file, a camera's for one, answered as a batch would answer the photo of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine import photos
from engine.events import Prediction
from engine.photos import Part, Pixels
from engine.prediction.classify import Answer, Found, answered
from engine.prediction.ledger.rows import predictions_of
from engine.prediction.results import labels_of
from engine.prediction.rules import Rules
from engine.prediction.runtime import Classifier
from engine.prediction.why import seen_part


@dataclass(frozen=True)
class PictureAnswer:
    """`prediction` has no path. `steady` are the same classes as its `top`, but where those are all that the model
    knows, in the model's own order, so that bars keep their places from one picture to the next. `needed` is the
    confidence from which on the likeliest class counts. `seen` is the part of the picture that the network saw, as
    `why.seen_part` tells it."""

    prediction: Prediction
    steady: tuple[tuple[str, float], ...]
    needed: float
    seen: Part


def answer(classifier: Classifier, rules: Rules, pixels: Pixels, top: int) -> PictureAnswer:
    """What the model says of H×W×3 upright RGB pixels, with the `top` likeliest classes.

    Raises ThawError where the network cannot be applied.
    """
    how = classifier.preprocessing
    square = photos.squared(pixels, how.image_size, how.fit, interpolation=how.interpolation)
    answers = answered(classifier, [Answer(Found(Path()))], [square])
    (prediction,) = predictions_of(answers, labels_of(rules, answers), rules.classes, top)
    shares = dict(prediction.top)
    steady = tuple((name, shares[name]) for name in rules.classes) if len(rules.classes) == len(shares) else None
    needed = rules.needed[rules.classes.index(prediction.top[0][0])] if prediction.top else 0.0
    height, width = pixels.shape[:2]
    return PictureAnswer(prediction, steady or prediction.top, needed, seen_part(width, height, how))
