from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from engine import model_file
from engine.errors import ModelFileError, ThawError
from engine.prediction.runtime import Classifier, softmax
from tests.engine import tiny_model


def photos(*colours: tuple[int, int, int]) -> np.ndarray:
    batch = np.empty((len(colours), tiny_model.SIZE, tiny_model.SIZE, 3), np.uint8)
    batch[:] = np.array(colours)[:, None, None, :]
    return batch


BATCH = photos((255, 0, 0), (0, 255, 0), (0, 0, 255), (100, 100, 150))


def test_it_names_the_colour(tmp_path: Path) -> None:
    classifier = Classifier(tiny_model.make(tmp_path / "m.thaw"), threads=1)
    probabilities = classifier.probabilities(BATCH)
    assert [classifier.classes[best] for best in probabilities.argmax(axis=1)] == ["red", "green", "blue", "blue"]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(classifier.logits(BATCH)[0], [tiny_model.SHARPNESS, 0, 0], atol=1e-5)
    assert classifier.preprocessing.image_size == tiny_model.SIZE


def test_outputs_are_found_by_name(tmp_path: Path) -> None:
    classifier = Classifier(tiny_model.make(tmp_path / "m.thaw"))
    assert classifier.output_names == ("logits", "features")
    np.testing.assert_allclose(classifier.outputs(BATCH)["features"][3], [100, 100, 150], rtol=1e-6)


def test_the_temperature_softens_and_changes_no_label(tmp_path: Path) -> None:
    sharp = Classifier(tiny_model.make(tmp_path / "sharp.thaw")).probabilities(BATCH)
    soft = Classifier(tiny_model.make(tmp_path / "soft.thaw", temperature=4.0)).probabilities(BATCH)
    assert (soft.max(axis=1) < sharp.max(axis=1)).all()
    assert (soft.argmax(axis=1) == sharp.argmax(axis=1)).all()


def test_answers_do_not_depend_on_batch_or_threads(tmp_path: Path) -> None:
    opened = tiny_model.make(tmp_path / "m.thaw")
    batch = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3)).astype(np.uint8)
    whole = Classifier(opened, threads=1).logits(batch)
    two = Classifier(opened, threads=2)
    with ThreadPoolExecutor(4) as pool:
        single = np.concatenate(list(pool.map(two.logits, np.split(batch, 16))))
    assert (whole == single).all()


def test_softmax_of_large_logits_is_finite() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])), [[1, 0], [0.5, 0.5]])


@pytest.mark.parametrize("content", [b"", b"no graph", tiny_model.network()[:200]])
def test_a_network_that_cannot_be_loaded_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.thaw"
    model_file.write(path, tiny_model.manifest(), {"model.onnx": content})
    with pytest.raises(ModelFileError, match=r"“m.thaw” (cannot be loaded|does not fit)"):
        Classifier(model_file.open_model(path))


@pytest.mark.parametrize("content", [tiny_model.network(outputs=2), tiny_model.network(input_type=TensorProto.INT32)])
def test_a_network_that_is_not_what_the_manifest_says_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.thaw"
    model_file.write(path, tiny_model.manifest(), {"model.onnx": content})
    with pytest.raises(ModelFileError, match="does not fit"):
        Classifier(model_file.open_model(path))


def test_a_refused_batch_is_a_sentence(tmp_path: Path) -> None:
    classifier = Classifier(tiny_model.make(tmp_path / "m.thaw"))
    with pytest.raises(ThawError, match="could not be applied"):
        classifier.logits(np.zeros((1, 32, 32, 4), np.uint8))
