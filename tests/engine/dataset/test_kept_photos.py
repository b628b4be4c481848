"""A photo's pixels are the same whether they were decoded just now or come from the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import photos
from engine.dataset.index import Photo
from engine.dataset.kept_photos import WHOLE_SHARE, KeptPhotos, file_hash, pixel_folder
from engine.dataset.loader import PhotoLoader
from engine.dataset.pixel_store import PixelStore
from tests.tiny_photos import draw_photo

SIZE = 16
GROUPS = [[0, 1], [2, 3]]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Four photos: two larger than what is kept, two smaller."""
    found = [tmp_path / f"{number}.png" for number in range(4)]
    for number, path in enumerate(found):
        draw_photo(path, (50 * number, 90, 10), number, size=48 if number < 2 else 12)
    return found


def loader_of(paths: list[Path], keeping: bool) -> PhotoLoader:
    names = [file_hash(path) for path in paths] if keeping else ()
    kept = KeptPhotos(paths, SIZE, "crop", "bilinear", names)
    kept.keeping = keeping
    return PhotoLoader([Photo(path, "a", "train") for path in paths], ("a",), SIZE, "crop", "bilinear", 2, kept)


def seen(loader: PhotoLoader) -> Iterator[torch.Tensor]:
    for augmentation in ((1, 1), None, (1, 2)):
        for batch in loader.batches(GROUPS, augmentation):
            yield batch.pixels


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The photos that are decoded, as they are."""
    decoded: list[Path] = []
    for name in ("read", "read_whole"):
        real = getattr(photos, name)
        monkeypatch.setattr(photos, name, lambda path, *a, real=real, **o: decoded.append(path) or real(path, *a, **o))
    return decoded


def test_kept_and_decoded_photos_are_the_same_and_kept_ones_decoded_once(
    paths: list[Path], counted: list[Path]
) -> None:
    plain = loader_of(paths, keeping=False)
    expected = list(seen(plain))
    plain.close()
    assert len(counted) == 4 * 3
    for _ in range(2):
        counted.clear()
        loader = loader_of(paths, keeping=True)
        assert all(torch.equal(one, other) for one, other in zip(seen(loader), expected, strict=True))
        loader.close()
    assert not counted


def test_what_is_not_augmented_is_what_prediction_sees(paths: list[Path]) -> None:
    for _ in range(2):
        loader = loader_of(paths, keeping=True)
        pixels = torch.cat([batch.pixels for batch in loader.batches(GROUPS)]).numpy()
        loader.close()
        for path, found in zip(paths, pixels, strict=True):
            assert np.array_equal(found, photos.read(path, SIZE, "crop").pixels)


def test_a_whole_photo_is_bounded_and_never_enlarged(paths: list[Path]) -> None:
    kept = KeptPhotos(paths, SIZE, "crop", "bilinear")
    assert kept.whole(0).shape == (round(WHOLE_SHARE * SIZE), 28, 3)
    assert np.array_equal(kept.whole(2), photos.read_upright(paths[2], 100).pixels)


def test_a_photo_that_was_changed_does_not_stand_under_its_old_name(paths: list[Path]) -> None:
    kept = KeptPhotos(paths, SIZE, "crop", "bilinear", [file_hash(path) for path in paths])
    kept.keeping = True
    was = file_hash(paths[0])
    draw_photo(paths[0], (1, 2, 3), 99)
    kept.whole(0), kept.whole(1)
    kept.close()
    store = PixelStore(pixel_folder(SIZE, "bilinear"))
    assert store.get(f"{was}/whole") is None and store.get(f"{file_hash(paths[1])}/whole") is not None
    store.close()


def test_nothing_is_written_where_nothing_is_to_be_kept(paths: list[Path], tmp_path: Path) -> None:
    loader = loader_of(paths, keeping=False)
    list(seen(loader))
    loader.close()
    assert not (tmp_path / "cache").exists()


def test_a_disk_that_cannot_keep_them_is_said_once(paths: list[Path], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    loader = loader_of(paths, keeping=True)
    assert sum(len(pixels) for pixels in seen(loader)) == 3 * 4
    assert [notice.kind for notice in loader.notices] == ["photos_not_kept"]
    loader.close()
