"""Several runs as one model file: it answers with the mean of their confidences, whatever their order of classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from engine import model_file, runs
from engine import photos as photo_files
from engine.cli import cli
from engine.config import make_config
from engine.control import Control
from engine.dataset.index import Photo
from engine.errors import ThawError
from engine.evaluation.metrics import summary
from engine.events import EnsembleFinished, Event, Notice, ParityMeasured
from engine.export import joined_graph
from engine.export.ensemble import ensemble
from engine.export.joined_graph import Member, joined
from engine.models.layers.tree_of import layers_of
from engine.prediction.runtime import Classifier, softmax
from tests.engine import tiny_model
from tests.tiny_photos import draw_photo

RED_FIRST, BLUE_FIRST = ("red", "green", "blue"), ("blue", "green", "red")


def card_in(path: Path) -> str:
    """What a model file says of itself to a person."""
    return model_file.open_model(path).read(model_file.CARD).decode()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(8):
        draw_photo(folder / f"{number}.png", ((200, 50, 40), (40, 170, 60))[number % 2], number)
    return folder


def make_run(
    folder: Path, photos: Path, classes: tuple[str, ...] = RED_FIRST, trained: tuple[int, ...] = (), **changes: Any
) -> Path:
    """A finished run that has answered, as its file does, for photos 0 to 5, a red one and a green one in turn; photos
    6 and 7 and `trained` it has trained on."""
    runs.create(folder, make_config({"data": photos}))
    splits = ["train" if number > 5 or number in trained else "test" if number < 4 else "val" for number in range(8)]
    dataset = [
        Photo(photos / f"{number}.png", ("red", "green")[number % 2], split)  # type: ignore[arg-type]
        for number, split in enumerate(splits)
    ]
    runs.write_dataset(folder, dataset, [f"hash {number}" for number in range(8)], photos)
    made = tiny_model.make(folder / runs.MODEL, classes, **changes)
    asked = [photo for photo in dataset if photo.split != "train"]
    shares = Classifier(made, 1).probabilities(np.stack([read(photo.path) for photo in asked]))
    rows = [
        runs.PredictionRow(photo.path, photo.split, photo.label, classes[share.argmax()], tuple(share))
        for photo, share in zip(asked, shares, strict=True)
    ]
    runs.write_predictions(folder, rows, classes)
    measured = summary(np.array([classes.index(photo.label) for photo in asked]), shares, classes).as_dict()
    runs.write_metrics(folder, {"val": measured, "test": measured, "stopped": False})
    return folder


def read(path: Path) -> np.ndarray:
    return photo_files.read(path, tiny_model.SIZE, "crop").pixels


def only(events: list[Event], kind: type[Event]) -> Any:
    (event,) = [event for event in events if isinstance(event, kind)]
    return event


@pytest.fixture
def two(photos: Path, tmp_path: Path) -> tuple[Path, Path]:
    """One names its classes the other way round, so what it calls red is blue, and is less sure of itself."""
    sure = make_run(tmp_path / "sure", photos, lineage={"dataset": "colours", "weights_licence": "BSD-3-Clause"})
    other = make_run(tmp_path / "other", photos, BLUE_FIRST, temperature=4.0, lineage={"dataset": "colours"})
    return sure, other


def test_it_answers_with_the_mean_by_the_names_of_the_classes(two: tuple[Path, Path], photos: Path) -> None:
    out = two[0].parent / "both.thaw"
    events = list(ensemble(two, out))
    both, (sure, other) = (
        Classifier(model_file.open_model(out), 1),
        (Classifier(model_file.open_model(path / runs.MODEL), 1) for path in two),
    )
    assert both.classes == RED_FIRST and set(both.output_names) == {"logits", "features"}
    images = np.stack([read(photos / f"{number}.png") for number in range(8)])
    mean = (sure.probabilities(images) + other.probabilities(images)[:, ::-1]) / 2
    np.testing.assert_allclose(both.probabilities(images), mean, atol=1e-6)
    assert both.outputs(images)["features"].shape == (8, 6)
    parity = only(events, ParityMeasured)
    assert parity.photos == 6 and parity.same_top1 == 1 and parity.largest_difference < 1e-6
    assert not list(out.parent.glob("*.part*"))


def test_one_that_answers_otherwise_than_its_runs_is_told_and_says_so(
    two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Classifier.probabilities

    def turned(self: Classifier, images: np.ndarray) -> np.ndarray:
        whole = "members" in self.model_file.manifest.lineage
        return real(self, images)[:, ::-1] if whole else real(self, images)

    monkeypatch.setattr(Classifier, "probabilities", turned)
    told = only(list(ensemble(two, tmp_path / "e.thaw")), Notice)
    assert told.kind == "parity_low" and "another class for" in told.text
    assert told.text in card_in(tmp_path / "e.thaw")


def test_it_is_measured_on_the_photos_in_common_that_none_has_trained_on(
    two: tuple[Path, Path], photos: Path, tmp_path: Path
) -> None:
    third = make_run(tmp_path / "third", photos, trained=(0, 4))
    finished = only(list(ensemble((*two, third), tmp_path / "e.thaw")), EnsembleFinished)
    assert (finished.val_photos, finished.test_photos) == (1, 3)
    manifest = model_file.open_model(tmp_path / "e.thaw").manifest
    # Photos 1 and 3 are green and 2 is red; what the second run calls red is blue, so it is wrong about 2 only.
    assert manifest.metrics["test"]["photos"] == 3 and manifest.metrics["val_accuracy"] == finished.val_accuracy
    assert finished.test_accuracy == 1 and finished.best_test_accuracy == 1
    assert manifest.temperature == 1 and manifest.metrics["parity"]["photos"] == 4
    assert manifest.lineage["members"] == "sure, other, third" and manifest.lineage["dataset"] == "colours"
    assert "Runs that answer together: sure, other, third" in card_in(tmp_path / "e.thaw")


def test_nothing_in_common_is_said_and_photos_that_are_gone_too(photos: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    for number in range(8):
        draw_photo(away / f"{number}.png", (200, 50, 40), number)
    one = make_run(tmp_path / "one", away, trained=(0, 1, 2, 4))
    other = make_run(tmp_path / "other", photos, trained=(3, 5))
    for path in away.iterdir():
        path.unlink()
    events = list(ensemble((one, other), tmp_path / "e.thaw"))
    assert {event.kind for event in events if isinstance(event, Notice)} == {"nothing_in_common", "parity_on_noise"}
    finished = only(events, EnsembleFinished)
    assert finished.val_accuracy is None and finished.best_test_accuracy is None
    assert "Not measured" in card_in(tmp_path / "e.thaw")


def test_a_stop_leaves_no_file(two: tuple[Path, Path], tmp_path: Path) -> None:
    control = Control()
    control.stop()
    events = list(ensemble(two, tmp_path / "e.thaw", control=control))
    assert not any(isinstance(event, EnsembleFinished) for event in events)
    assert not list(tmp_path.glob("*.thaw"))


def test_what_cannot_be_joined_is_a_sentence(two: tuple[Path, Path], photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.thaw"
    cases = [
        ("at least two", two[:1]),
        ("each of them once", (two[0], two[0])),
        ("no run in", (two[0], tmp_path / "absent")),
        (
            "knows the class “plum” and “sure” does not",
            (two[0], make_run(tmp_path / "p", photos, (*RED_FIRST, "plum"))),
        ),
    ]
    for words, run_dirs in cases:
        with pytest.raises(ThawError, match=words):
            list(ensemble(run_dirs, out))
    pads = make_run(tmp_path / "pads", photos)
    opened = model_file.open_model(pads / runs.MODEL)
    seen = opened.manifest.preprocessing.model_copy(update={"fit": "pad"})
    manifest = opened.manifest.model_copy(update={"preprocessing": seen})
    model_file.write(opened.path, manifest, {model_file.NETWORK: opened.read(model_file.NETWORK)})
    with pytest.raises(ThawError, match="“pads” has fit pad and “sure” crop"):
        list(ensemble((two[0], pads), out))
    with pytest.raises(ThawError, match="name ends in"):
        list(ensemble(two, tmp_path / "e.onnx"))
    out.write_bytes(b"kept")
    with pytest.raises(ThawError, match="is there already"):
        list(ensemble(two, out))
    assert out.read_bytes() == b"kept"
    list(ensemble(two, out, replace=True))
    assert model_file.open_model(out).manifest.architecture["name"] == "ensemble"


def test_too_much_for_one_file_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx.checker, "MAXIMUM_PROTOBUF", joined_graph.ROOM_BYTES + 1000)
    with pytest.raises(ThawError, match="too large for one file"):
        joined([Member(tiny_model.network(), (0, 1, 2), 1.0)] * 4, tiny_model.SIZE)


def test_networks_of_different_exporters_are_joined(tmp_path: Path) -> None:
    newer = onnx.load_model_from_string(tiny_model.network())
    newer.opset_import[0].version, newer.ir_version = 20, 10
    whole = joined(
        [Member(tiny_model.network(), (2, 1, 0), 1.0), Member(newer.SerializeToString(), (0, 1, 2), 2.0)],
        tiny_model.SIZE,
    )
    assert onnx.load_model_from_string(whole).opset_import[0].version == 20
    manifest = tiny_model.manifest()
    model_file.write(tmp_path / "m.thaw", manifest, {model_file.NETWORK: whole})
    image = np.full((1, tiny_model.SIZE, tiny_model.SIZE, 3), (255, 0, 51), np.uint8)
    logits = np.array([[10.0, 0.0, 2.0]])
    expected = (softmax(logits[:, ::-1]) + softmax(logits, 2.0)) / 2
    answered = Classifier(model_file.open_model(tmp_path / "m.thaw"), 1).probabilities(image)
    np.testing.assert_allclose(answered, expected, atol=1e-5)


def test_what_no_member_thinks_possible_is_still_a_number(tmp_path: Path) -> None:
    """Probabilities too small for any float keep their order, by their logarithms."""
    whole = joined([Member(tiny_model.network(), (0, 1, 2), 0.05)] * 2, tiny_model.SIZE)
    model_file.write(tmp_path / "m.thaw", tiny_model.manifest(), {model_file.NETWORK: whole})
    image = np.full((1, tiny_model.SIZE, tiny_model.SIZE, 3), (255, 0, 51), np.uint8)
    (logits,) = Classifier(model_file.open_model(tmp_path / "m.thaw"), 1).logits(image)
    np.testing.assert_allclose(logits, [0, -200, -160], atol=1e-2)


def test_the_command_tells_what_was_won(two: tuple[Path, Path], tmp_path: Path) -> None:
    asked = ["ensemble", *map(str, two), "--out", str(tmp_path / "e.thaw")]
    told = CliRunner().invoke(cli, asked)
    assert told.exit_code == 0, told.output
    assert "100.0% of 4 test photos right (the best of them alone 100.0%)" in told.output
    told = CliRunner().invoke(cli, [*asked, "--replace", "--json"])
    last = json.loads(told.output.splitlines()[-1])
    assert last["event"] == "ensemble_finished" and last["members"] == ["sure", "other"]


def test_an_ensemble_has_no_layer_tree_and_says_so(two: tuple[Path, Path], tmp_path: Path) -> None:
    list(ensemble(two, tmp_path / "e.thaw"))
    with pytest.raises(ThawError, match="no layer tree of its own; name one of its runs: sure, other"):
        list(layers_of(str(tmp_path / "e.thaw")))
