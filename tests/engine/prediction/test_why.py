from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from engine import model_file, photos
from engine.cli import cli
from engine.errors import NoMapError, ThawError
from engine.events import Explained
from engine.model_file import ModelFile
from engine.prediction.runtime import Classifier
from engine.prediction.why import class_map, explain, look, refusal, seen_part
from engine.prediction.why_picture import LEAST_SIDE, SCALE, overlay
from engine.wire import from_json, to_json
from tests.engine import corner_model, tiny_model

RED, GREEN, BLUE = (230, 20, 20), (20, 220, 20), (10, 10, 240)
ACROSS, PLACE, SIZE = corner_model.ACROSS, corner_model.PLACE, corner_model.SIZE
CORNER = np.zeros((ACROSS, ACROSS))
CORNER[0, -1] = 1
ON_ITS_SIDE = 6


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return corner_model.make(tmp_path_factory.mktemp("corner") / "corner.thaw")


@pytest.fixture(scope="module")
def classifier(model: ModelFile) -> Classifier:
    return Classifier(model, 1)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Green, 96×64, red where the network looks; stored on its side."""
    pixels = np.full((64, 96, 3), GREEN, np.uint8)
    left, top, right, bottom = photos.centre_part(96, 64, SIZE)
    wide, high = (right - left) / ACROSS, (bottom - top) / ACROSS
    pixels[round(top * 64) : round((top + high) * 64), round((right - wide) * 96) : round(right * 96)] = RED
    exif = Image.Exif()
    exif[0x0112] = ON_ITS_SIDE
    stored = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_90)
    stored.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    return tmp_path / "photo.jpg"


def test_the_map_lies_where_the_network_looked_and_nowhere_else(classifier: Classifier) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    pixels[:PLACE, -PLACE:] = RED
    other = 255 - pixels
    other[:PLACE, -PLACE:] = RED
    for one in (pixels, other):
        np.testing.assert_array_equal(class_map(classifier, one), CORNER)
        assert class_map(classifier, one).dtype == np.float32


def test_another_class_has_another_map(classifier: Classifier) -> None:
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[:PLACE, -PLACE:] = (200, 0, 150)
    assert class_map(classifier, pixels)[0, -1] == class_map(classifier, pixels, "blue")[0, -1] == 1
    assert class_map(classifier, pixels, "green")[0, -1] == 0  # the other two speak against it there
    with pytest.raises(ThawError, match="no class “ant”; it knows red, green, blue"):
        class_map(classifier, pixels, "ant")


def test_what_says_nothing_of_the_photo_is_no_evidence(classifier: Classifier) -> None:
    """Neither the bias, which differs from class to class, nor what all classes have in common."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    assert classifier.logits(pixels[None])[0].tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert not class_map(classifier, pixels).any()
    pixels[:PLACE, -PLACE:] = 210
    assert not any(class_map(classifier, pixels, name).any() for name in classifier.classes)


def test_a_photo_that_is_stored_on_its_side_is_explained_upright(classifier: Classifier, photo: Path) -> None:
    found = look(classifier, photo)
    assert found.label == "red" and found.confidence > 0.9
    np.testing.assert_array_equal(found.places, CORNER)
    assert found.part == photos.centre_part(96, 64, SIZE)
    np.testing.assert_allclose(found.pixels[2:6, -6:-2].mean((0, 1)), RED, atol=12)


@pytest.mark.parametrize(
    ("width", "height", "fit", "part"),
    [
        (400, 200, "stretch", (0, 0, 1, 1)),
        (400, 200, "pad", (0, -0.5, 1, 1.5)),
        (200, 400, "pad", (-0.5, 0, 1.5, 1)),
        (400, 200, "crop", photos.centre_part(400, 200, SIZE)),
    ],
)
def test_where_the_square_lies_on_the_whole_photo(width: int, height: int, fit: str, part: photos.Part) -> None:
    assert seen_part(width, height, tiny_model.manifest().preprocessing.model_copy(update={"fit": fit})) == part


def test_explaining_writes_the_photo_as_seen_with_the_map_over_it(
    model: ModelFile, photo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "why.png"
    before = photo.read_bytes()
    (told,) = explain(model.path, photo, out)
    assert isinstance(told, Explained) and from_json(to_json(told)) == told
    assert (told.label, told.out, told.photo) == ("red", out, photo)
    np.testing.assert_array_equal(told.places, CORNER)
    drawn = np.asarray(Image.open(out)).astype(int)
    assert drawn.shape == (LEAST_SIDE, LEAST_SIDE, 3)
    middle = LEAST_SIDE // ACROSS // 2
    seen, passed_over = drawn[middle, -middle], drawn[-middle, middle]
    assert seen.max() > 150 > 130 > seen[2], "yellow over grey"
    assert passed_over.max() < 110 and np.ptp(passed_over) < 10, "grey, and dimmed"
    with pytest.raises(ThawError, match=r"why.png” exists already"):
        list(explain(model.path, photo, out))
    (told,) = explain(model.path, photo, out, "blue", replace=True)
    assert isinstance(told, Explained) and told.label == "blue" and not any(map(any, told.places))
    assert photo.read_bytes() == before


def test_a_photo_is_never_written_over(model: ModelFile, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), RED).save(path)
    before = path.read_bytes()
    with pytest.raises(ThawError, match="exists already"):
        list(explain(model.path, path, path, replace=True))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("out", "sentence"), [("why.jpg", "name it why.png"), ("no/why.png", "create it first"), (".png", "name it")]
)
def test_a_place_that_cannot_be_written_is_told_first(
    out: str, sentence: str, model: ModelFile, photo: Path, tmp_path: Path
) -> None:
    with pytest.raises(ThawError, match=sentence):
        list(explain(model.path, photo, tmp_path / out))


@pytest.mark.parametrize(
    ("architecture", "sentence"),
    [
        ({}, "“m.thaw” was made before"),
        ({"title": "VGG-11", "by_place": False}, "VGG-11 cannot say where in a photo it looked"),
        ({"name": "ensemble", "title": "an ensemble of two"}, "Several networks answer together"),
    ],
)
def test_a_model_that_cannot_tell_says_why(
    architecture: dict[str, object], sentence: str, photo: Path, tmp_path: Path
) -> None:
    made = tiny_model.make(tmp_path / "m.thaw", architecture=architecture)
    assert refusal(made).startswith(sentence)
    with pytest.raises(NoMapError, match=sentence):
        list(explain(made.path, photo))
    with pytest.raises(NoMapError, match=sentence):
        class_map(Classifier(made, 1), np.zeros((SIZE, SIZE, 3), np.uint8))


@pytest.mark.parametrize("head", [b"", b"no graph", tiny_model.network()])
def test_a_head_that_does_not_fit_is_a_sentence(head: bytes, model: ModelFile, photo: Path, tmp_path: Path) -> None:
    members = {model_file.NETWORK: model.read(model_file.NETWORK), model_file.HEAD: head}
    model_file.write(tmp_path / "m.thaw", model.manifest, members)
    with pytest.raises(ThawError, match=r"head.onnx inside “m.thaw” does not fit"):
        list(explain(tmp_path / "m.thaw", photo))


def test_it_is_a_command(model: ModelFile, photo: Path, tmp_path: Path) -> None:
    asked = ["why", str(model.path), str(photo), "--label", "red", "--out"]
    said = CliRunner().invoke(cli, [*asked, str(tmp_path / "a.png")])
    assert said.exit_code == 0 and "evidence by 4 × 4 places" in said.output and (tmp_path / "a.png").is_file()
    said = CliRunner().invoke(cli, [*asked, str(tmp_path / "b.png"), "--json"])
    told = json.loads(said.output.splitlines()[-1])
    assert told["event"] == "explained" and told["places"][0][-1] == 1


# What a deuteranope sees of linear red, green and blue (Viénot, Brettel and Mollon 1999).
DEUTERANOPE = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])


def lightness(colours: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """CIE L*, 0 to 100, of sRGB from 0 to 255."""
    linear = ((colours / 255 + 0.055) / 1.055).clip(0) ** 2.4
    luminance = np.clip(linear @ seen.T, 0, 1) @ (0.2126, 0.7152, 0.0722)
    return 116 * np.cbrt(luminance) - 16


@pytest.mark.parametrize("seen", [np.eye(3), DEUTERANOPE], ids=["anyone", "deuteranope"])
@pytest.mark.parametrize("ground", [(0, 0, 0), (60, 90, 40), (128, 128, 128), (235, 240, 250)])
def test_more_evidence_is_lighter_on_any_photo_and_for_the_colour_blind(
    ground: tuple[int, int, int], seen: np.ndarray
) -> None:
    steps = np.linspace(0, 1, len(SCALE))
    laid = overlay(steps[None], LEAST_SIDE * len(steps), 1)[0, LEAST_SIDE // 2 :: LEAST_SIDE].astype(float)
    cover = laid[:, 3:] / 255
    light = lightness(cover * laid[:, :3] + (1 - cover) * np.array(ground), seen)
    assert (np.diff(light) > 0).all() and light[-1] - light[0] > 30


def test_a_map_is_laid_upright_and_smooth() -> None:
    places = np.array([[0.0, 1.0], [0.0, 0.0]])
    laid = overlay(places, 60, 40)
    assert laid.shape == (40, 60, 4) and (laid[..., 3] == laid[0, 0, 3]).all() and 0 < laid[0, 0, 3] < 255
    assert laid[0, -1, 0] > 240 > laid[0, 0, 0] and laid[-1, -1, 0] < 60
    assert np.abs(np.diff(laid[..., 0].astype(int), axis=1)).max() < 60
