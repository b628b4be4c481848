from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchvision

from engine.control import Control
from engine.dataset.index import Photo
from engine.errors import ThawError, WeightsError
from engine.events import Advice, Event, FeaturesComputed, Notice
from engine.models.advice import SIMILAR_FROM
from engine.training.before.advise import MOST_PHOTOS, advise, sample_of
from tests.shared_data import shared
from tests.tiny_photos import make_photos


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights: what the probe then sees is what random features keep of colours."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save(torchvision.models.squeezenet1_0(weights=None).state_dict(), folder / "squeezenet1_0.pth")
    return folder


def the_advice(events: list[Event]) -> Advice:
    (found,) = [event for event in events if isinstance(event, Advice)]
    assert events[-1] is found
    return found


def photos(sizes: dict[str, int]) -> list[Photo]:
    return [
        Photo(Path(f"/{label}/{number}"), label, "train") for label, size in sizes.items() for number in range(size)
    ]


def test_the_sample_is_even_seeded_and_bounded() -> None:
    sizes = {"a": 1000, "b": 1000, "c": 30}
    sample = sample_of(photos(sizes), list(sizes), seed=1)
    assert Counter(photo.label for photo in sample) == {"a": 235, "b": 235, "c": 30}
    assert len(sample) == MOST_PHOTOS
    assert sample == sample_of(photos(sizes), list(sizes), seed=1)
    assert sample != sample_of(photos(sizes), list(sizes), seed=2)


def test_a_hundred_of_a_thousand_classes_stand_for_all() -> None:
    sizes = {f"class {number}": 20 for number in range(1000)}
    counts = Counter(photo.label for photo in sample_of(photos(sizes), list(sizes), seed=0))
    assert len(counts) == 100 and set(counts.values()) == {5}


def test_a_small_dataset_is_whole_in_the_sample() -> None:
    assert len(sample_of(photos({"a": 7, "b": 3}), ["a", "b"], seed=0)) == 10


def test_advice_comes_last_and_is_measured(tmp_path: Path, weights: Path) -> None:
    data = make_photos(tmp_path / "data", photos=12)
    events = list(advise(data, weights_dir=weights))
    found = the_advice(events)
    assert found.model == "squeezenet1_0"  # the only one with weights here
    assert found.probe_photos == found.photos_per_class * 2 == 18
    assert found.probe_accuracy is not None and found.similarity is not None
    assert len(found.sentences) == 2 and all(found.sentences)
    done = [event.done for event in events if isinstance(event, FeaturesComputed)]
    assert done == sorted(done) and done[-1] == 18


def test_the_same_seed_gives_the_same_answer(tmp_path: Path, weights: Path) -> None:
    data = make_photos(tmp_path / "data", photos=8)
    first, second = (the_advice(list(advise(data, weights_dir=weights))) for _ in range(2))
    assert (first.similarity, first.probe_accuracy) == (second.similarity, second.probe_accuracy)


def test_bad_photos_are_told_and_left_out(tmp_path: Path, weights: Path) -> None:
    data = make_photos(tmp_path / "data", photos=10)
    for number in range(3):
        path = data / "blue" / f"{number}.png"
        path.write_bytes(path.read_bytes()[:200])
    events = list(advise(data, weights_dir=weights))
    told = [event for event in events if isinstance(event, Notice) and event.kind == "photo_left_out"]
    assert 0 < len(told) <= 3
    assert the_advice(events).probe_photos < 2 * the_advice(events).photos_per_class


def test_a_dataset_of_nothing_but_bad_photos_is_a_sentence(tmp_path: Path, weights: Path) -> None:
    data = make_photos(tmp_path / "data", photos=4)
    for path in data.rglob("*.png"):
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ThawError, match="Not one photo"):
        list(advise(data, weights_dir=weights))


def test_without_weights_it_says_so_and_goes_by_size(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "data", photos=6)
    events = list(advise(data, weights_dir=tmp_path))
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert notice.kind == "no_weights" and "number of photos alone" in notice.text
    found = the_advice(events)
    assert (found.similarity, found.probe_accuracy, found.probe_photos) == (None, None, 0)
    assert found.strategy == "feature-extraction"


def test_a_model_that_never_had_weights_trains_from_scratch(tmp_path: Path, weights: Path) -> None:
    data = make_photos(tmp_path / "data", photos=6)
    found = the_advice(list(advise(data, model="lenet5", weights_dir=weights)))
    assert (found.model, found.strategy) == ("lenet5", "from-scratch")


def test_a_stop_ends_it_without_advice(tmp_path: Path, weights: Path) -> None:
    data = make_photos(tmp_path / "data", photos=20)
    control = Control()
    events: Iterator[Event] = advise(data, weights_dir=weights, control=control)
    seen = []
    for event in events:
        seen.append(event)
        if isinstance(event, FeaturesComputed):
            control.stop()
    assert not any(isinstance(event, Advice) for event in seen)
    stopped = Control()
    stopped.stop()
    assert not any(isinstance(event, Advice) for event in advise(data, weights_dir=weights, control=stopped))


def test_what_is_wrong_is_named(tmp_path: Path, weights: Path) -> None:
    data = make_photos(tmp_path / "data", photos=6)
    with pytest.raises(ThawError, match="no-such-model"):
        list(advise(data, model="no-such-model", weights_dir=weights))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "squeezenet1_0.pth").write_bytes((weights / "squeezenet1_0.pth").read_bytes()[:5000])
    with pytest.raises(WeightsError, match="damaged"):
        list(advise(data, weights_dir=broken))


@pytest.mark.long
@pytest.mark.parametrize("model", ["mobilenet_v2", "squeezenet1_0"])
def test_ants_and_bees_are_like_imagenet(model: str) -> None:
    found = the_advice(list(advise(shared("data/hymenoptera"), model=model, weights_dir=shared("weights"))))
    assert found.similarity is not None and found.similarity > SIMILAR_FROM
    assert found.strategy == "feature-extraction"


@pytest.mark.long
def test_digits_are_not_like_imagenet() -> None:
    found = the_advice(list(advise(shared("data/mnist_tiny"), model="mobilenet_v2", weights_dir=shared("weights"))))
    assert found.similarity is not None and found.similarity < SIMILAR_FROM
    assert found.self_training
