from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dataset.index import DatasetIndex, Photo, Split, load
from engine.dataset.split import assign_splits
from engine.errors import DatasetError
from tests.shared_data import shared

VAL, TEST = [0, 1, 12], [3, 14]
ROOT = Path("/photos").absolute()


def index_of(counts: dict[str, dict[Split, int]], root: Path = ROOT) -> DatasetIndex:
    photos = [
        Photo(root / split / label / f"{number}.jpg", label, split)
        for label, splits in counts.items()
        for split, count in splits.items()
        for number in range(count)
    ]
    return DatasetIndex(root, tuple(counts), tuple(photos))


def plain(**counts: int) -> DatasetIndex:
    return index_of({label: {"": count} for label, count in counts.items()})


def counted(photos: tuple[Photo, ...]) -> dict[str, Counter[str]]:
    return {
        label: Counter(photo.split for photo in photos if photo.label == label)
        for label in {photo.label for photo in photos}
    }


@given(
    counts=st.lists(st.integers(2, 60), min_size=2, max_size=5),
    seed=st.integers(0, 2**31 - 1),
    val_share=st.floats(0.05, 0.5),
    test_share=st.floats(0, 0.5),
)
def test_a_plain_folder_is_cut_class_by_class(
    counts: list[int], seed: int, val_share: float, test_share: float
) -> None:
    index = plain(**{f"class{number}": count for number, count in enumerate(counts)})
    if max(counts) == 2:
        with pytest.raises(DatasetError, match="validation"):
            assign_splits(index, seed, val_share, test_share)
        return
    photos, _ = assign_splits(index, seed, val_share, test_share)
    assert [photo.path for photo in photos] == [photo.path for photo in index.photos]
    for label, splits in counted(photos).items():
        total = splits.total()
        assert set(splits) <= {"train", "val", "test"} and splits["train"] >= 2
        assert splits["val"] >= (total > 2)
        assert splits["val"] <= max(1, val_share * total + 0.5), label
        assert splits["test"] <= max(1, test_share * total + 0.5) and (test_share > 0 or not splits["test"])
        assert splits["test"] >= (total > 3 and test_share > 0 and splits["val"] + 2 < total)


def test_the_usual_shares() -> None:
    photos, notices = assign_splits(plain(ants=100, bees=200), 0)
    assert counted(photos) == {
        "ants": Counter(train=75, val=15, test=10),
        "bees": Counter(train=150, val=30, test=20),
    }
    assert notices == ()


def test_the_seed_decides_and_nothing_else() -> None:
    index = plain(ants=50, bees=50)
    photos, _ = assign_splits(index, 3)
    assert photos == assign_splits(index, 3)[0]
    assert photos != assign_splits(index, 4)[0]
    moved = index_of({"ants": {"": 50}, "bees": {"": 50}}, Path("/elsewhere").absolute())
    assert [photo.split for photo in assign_splits(moved, 3)[0]] == [photo.split for photo in photos]
    backwards = DatasetIndex(ROOT, index.classes, index.photos[::-1])
    assert assign_splits(backwards, 3)[0][::-1] == photos


def test_these_places_hold_on_every_machine_and_release() -> None:
    photos, _ = assign_splits(plain(ants=20, bees=3), 0)
    ants = [photo.split for photo in photos if photo.label == "ants"]
    assert [number for number, split in enumerate(ants) if split == "val"] == VAL
    assert [number for number, split in enumerate(ants) if split == "test"] == TEST


@given(count=st.integers(4, 80), seed=st.integers(0, 1000))
def test_one_more_photo_moves_few_others(count: int, seed: int) -> None:
    before = {photo.path: photo.split for photo in assign_splits(plain(ants=count, bees=9), seed)[0]}
    after = {photo.path: photo.split for photo in assign_splits(plain(ants=count + 1, bees=9), seed)[0]}
    assert sum(before[path] != after[path] for path in before) <= 2


def test_train_without_val_gives_some_and_test_is_locked() -> None:
    index = index_of({label: {"train": 40, "test": 10} for label in ("ants", "bees")})
    photos, _ = assign_splits(index, 0)
    assert all(splits == Counter(train=34, val=6, test=10) for splits in counted(photos).values())
    for before, after in zip(index.photos, photos, strict=True):
        assert (before.split == "test") == (after.split == "test")
    only_train, _ = assign_splits(index_of({label: {"train": 40} for label in ("ants", "bees")}), 0)
    assert all(splits == Counter(train=34, val=6) for splits in counted(only_train).values())


def test_given_splits_stay_as_they_are() -> None:
    index = index_of({label: {"train": 4, "val": 3} for label in ("ants", "bees")})
    photos, notices = assign_splits(index, 5)
    assert photos == index.photos
    assert [notice.kind for notice in notices] == ["few_val"]


@pytest.mark.parametrize("splits", [{"": 1}, {"train": 1, "val": 5}, {"train": 1}, {"val": 2}])
def test_too_few_to_train_on_names_the_class(splits: dict[Split, int]) -> None:
    enough: dict[Split, int] = dict.fromkeys(splits, 9) | ({"train": 9} if "val" in splits else {})
    with pytest.raises(DatasetError, match="wasps"):
        assign_splits(index_of({"ants": enough, "wasps": splits}), 0)


def test_too_few_to_look_at_is_only_told() -> None:
    photos, notices = assign_splits(plain(ants=40, wasps=2), 0)
    assert counted(photos)["wasps"] == Counter(train=2)
    assert [notice.kind for notice in notices] == ["few_val", "few_test"]
    assert "wasps" in notices[0].text and "none" in notices[0].text


def test_the_tiny_digits_can_train() -> None:
    index = load(shared("data/mnist_tiny"))
    photos, notices = assign_splits(index, 0)
    for label, splits in counted(photos).items():
        assert splits["train"] >= 3 and splits["val"] >= 1, label
    assert [notice.kind for notice in notices] == ["few_val", "few_test"]
    assert sum(photo.split == "test" for photo in photos) == 63
