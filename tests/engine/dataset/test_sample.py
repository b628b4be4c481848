from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.dataset import sample
from engine.dataset.index import load
from engine.dataset.sample import CLASSES, SIZE, draw_shape, make_sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample") / "shapes")


def pixels(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    images, labels = [], []
    for number, name in enumerate(CLASSES):
        for path in sorted((folder / split / name).iterdir()):
            images.append(np.asarray(Image.open(path)).astype(float).ravel())
            labels.append(number)
    return np.stack(images), np.array(labels)


def test_the_set_is_a_dataset_without_findings(folder: Path) -> None:
    index = load(folder)
    assert index.classes == CLASSES and not index.skipped and not index.findings
    for split, count in (("train", 300), ("val", 60), ("test", 60)):
        assert sum(photo.split == split for photo in index.photos) == count
    assert len({photo.path.read_bytes() for photo in index.photos}) == 420
    assert [item.name for item in folder.parent.iterdir()] == [folder.name]


def test_pixels_alone_do_not_tell_the_class(folder: Path) -> None:
    train, labels = pixels(folder, "train")
    centroids = np.stack([train[labels == number].mean(0) for number in range(3)])
    for split in ("val", "test"):
        images, truth = pixels(folder, split)
        nearest = ((images[:, None] - centroids) ** 2).sum(-1).argmin(1)
        assert (nearest == truth).mean() < 0.6  # measured 0.3 to 0.4
    means = train.mean(1)
    assert np.ptp([means[labels == number].mean() for number in range(3)]) < 20


def test_the_seed_draws_the_same_pictures(folder: Path, tmp_path: Path) -> None:
    again = make_sample(tmp_path / "again")
    other = make_sample(tmp_path / "other", seed=1)
    same = [path.relative_to(folder) for path in folder.rglob("*.png")]
    assert all((again / path).read_bytes() == (folder / path).read_bytes() for path in same)
    assert not any((other / path).read_bytes() == (folder / path).read_bytes() for path in same)


def test_a_set_that_is_there_is_left_alone(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert make_sample(folder) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str, rng: np.random.Generator) -> Image.Image:
        if name == "triangle":
            raise OSError("disk full")
        return draw_shape(name, rng)

    monkeypatch.setattr(sample, "draw_shape", fails)
    with pytest.raises(OSError, match="disk full"):
        make_sample(tmp_path / "shapes")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", CLASSES)
def test_the_shape_stands_out_and_lies_inside_the_centre_crop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outlines = []
    real = sample._outline
    monkeypatch.setattr(sample, "_outline", lambda *arguments: outlines.append(real(*arguments)) or outlines[-1])
    for number in range(20):
        picture = draw_shape(name, np.random.default_rng(number))
        assert picture.size == (SIZE, SIZE) and picture.mode == "RGB"
        corners = np.array(outlines[-1]) / (SIZE * sample._OVERSAMPLING)
        assert corners.min() >= 0.0625 and corners.max() <= 0.9375
        x, y = (corners.mean(0) * SIZE).astype(int)
        grey = np.asarray(picture.convert("L")).astype(float)
        border = np.concatenate([grey[:4].ravel(), grey[-4:].ravel()])
        assert abs(grey[y - 3 : y + 4, x - 3 : x + 4].mean() - border.mean()) > 40
