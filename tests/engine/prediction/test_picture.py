from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.events import Prediction
from engine.photos import Pixels, centre_part
from engine.prediction.batch import predict
from engine.prediction.classify import NO_ANSWER
from engine.prediction.picture import answer
from engine.prediction.rules import UNKNOWN, Rules, rules_for
from engine.prediction.runtime import Classifier
from tests.engine import tiny_model

NAMES = ("red", "green", "blue")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    thresholds = {"blue": 0.5}
    return Classifier(tiny_model.make(tmp_path_factory.mktemp("m") / "m.thaw", thresholds=thresholds), 1, "cpu")


def mixed(red: int, green: int, blue: int) -> Pixels:
    """A wide picture whose sides, which the network does not see, are black."""
    pixels = np.zeros((48, 120, 3), np.uint8)
    pixels[:, 30:90] = (red, green, blue)
    return pixels


def rules_of(classifier: Classifier, threshold: float = 0.0) -> Rules:
    return rules_for(classifier.classes, classifier.model_file.manifest.thresholds, threshold=threshold)


def test_it_is_answered_as_a_batch_answers_the_same_photo(classifier: Classifier, tmp_path: Path) -> None:
    for colours in ((200, 30, 40), (90, 100, 110), (20, 30, 220)):
        Image.fromarray(mixed(*colours)).save(tmp_path / "photo.png")
        events = predict(classifier.model_file.path, [tmp_path / "photo.png"], threads=1, device="cpu")
        (expected,) = [event for event in events if isinstance(event, Prediction)]
        found = answer(classifier, rules_of(classifier), mixed(*colours), 5).prediction
        assert (found.label, found.confidence, found.top) == (expected.label, expected.confidence, expected.top)
        assert not found.error


def test_below_what_a_class_needs_it_is_unknown_and_says_what_that_is(classifier: Classifier) -> None:
    unsure = answer(classifier, rules_of(classifier), mixed(90, 100, 110), 5)
    assert unsure.prediction.label == UNKNOWN and unsure.prediction.top[0][0] == "blue" and unsure.needed == 0.5
    sure = answer(classifier, rules_of(classifier), mixed(10, 20, 240), 5)
    assert sure.prediction.label == "blue" and sure.needed == 0.5
    strict = answer(classifier, rules_of(classifier, 0.9999999), mixed(250, 20, 20), 5)
    assert strict.prediction.label == UNKNOWN and strict.needed == 0.9999999


def test_bars_keep_their_places_where_all_classes_have_one(classifier: Classifier) -> None:
    for colours in ((200, 30, 40), (20, 30, 220)):
        found = answer(classifier, rules_of(classifier), mixed(*colours), 5)
        assert tuple(name for name, _ in found.steady) == NAMES
        assert sorted(found.steady) == sorted(found.prediction.top)
        few = answer(classifier, rules_of(classifier), mixed(*colours), 2)
        assert few.steady == few.prediction.top and len(few.steady) == 2


def test_it_says_which_part_the_network_saw(classifier: Classifier) -> None:
    assert answer(classifier, rules_of(classifier), mixed(1, 2, 3), 5).seen == centre_part(120, 48, tiny_model.SIZE)


def test_an_answer_that_is_no_number_is_an_error_and_no_label(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Classifier, "logits", lambda _, pixels: np.full((len(pixels), 3), np.nan, np.float32))
    found = answer(classifier, rules_of(classifier), mixed(1, 2, 3), 5)
    assert (found.prediction.error, found.prediction.label, found.steady) == (NO_ANSWER, "", ())
