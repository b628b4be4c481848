"""Learning from an earlier run's answers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import photos, runs
from engine.config import TrainConfig
from engine.errors import RunError
from engine.events import Event, FeaturesComputed
from engine.model_file import open_model
from engine.models.build import Classifier
from engine.prediction.runtime import Classifier as Runtime
from engine.training.learner.losses import distilled
from engine.training.learner.teacher import Teacher, find_teacher
from engine.training.run import train
from tests.engine.training.short_run import cut_at, epochs_of, lenet, same_network, step
from tests.tiny_photos import make_photos


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Photos, and a finished run on them."""
    folder = tmp_path_factory.mktemp("taught")
    data = make_photos(folder / "photos", photos=6, splits=("train", "val"))
    list(train(small(data, epochs=3, learning_rate=0.01), folder / "teacher"))
    return data, folder / "teacher"


def small(data: Path, **changes: Any) -> TrainConfig:
    return lenet(data, **({"batch_size": 6} | changes))


def losses_of(events: list[Event]) -> list[float]:
    return [epoch.train_loss for epoch in epochs_of(events)]


def test_the_divergence_is_hintons() -> None:
    own, theirs = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]]), torch.tensor([[1.0, 1.0, 0.0], [0.0, 9.0, -1.0]])
    p, q = (theirs / 4).double().softmax(1), (own / 4).double().softmax(1)
    expected = 16 * (p * (p / q).log()).sum(1).mean()
    assert distilled(own, theirs, 4.0).item() == pytest.approx(expected.item(), rel=1e-5)
    assert distilled(own, own + 3, 2.0).item() == pytest.approx(0, abs=1e-6)


def test_the_teacher_answers_as_its_model_file_whatever_the_order_of_classes(taught: tuple[Path, Path]) -> None:
    data, folder = taught
    images = np.stack([photos.read(path, 28, "crop").pixels for path in sorted(data.rglob("*.png"))[:5]])
    runtime = Runtime(open_model(folder / runs.MODEL), 1)
    for classes in (runtime.classes, runtime.classes[::-1]):
        teacher = find_teacher(small(data, teacher=folder), classes)
        assert isinstance(teacher, Teacher)
        columns = [runtime.classes.index(name) for name in classes]
        answers = teacher.answers(torch.from_numpy(images)).numpy()
        np.testing.assert_allclose(answers, runtime.logits(images)[:, columns], atol=1e-4)
    larger = torch.from_numpy(images.repeat(2, axis=1).repeat(2, axis=2))
    np.testing.assert_allclose(teacher.answers(larger).numpy(), answers, rtol=0.1)


@pytest.mark.usefixtures("no_export")
def test_a_taught_run_learns_from_both_and_goes_on_to_the_same_weights(
    taught: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folder = taught
    seen: list[torch.Tensor] = []
    learnt: list[torch.Tensor] = []
    answers, normalised = Teacher.answers, Classifier.normalised

    def spy(self: Classifier, pixels: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled() and not pixels.is_meta:  # a step that is reckoned only sees no photos
            learnt.append(pixels)
        return normalised(self, pixels)

    monkeypatch.setattr(Teacher, "answers", lambda self, pixels: (seen.append(pixels), answers(self, pixels))[1])
    monkeypatch.setattr(Classifier, "normalised", spy)
    config = small(data, teacher=folder, mixup=0.4)
    list(train(config, tmp_path / "whole"))
    assert len(seen) == len(learnt) == 4
    assert all(torch.equal(one, other) for one, other in zip(seen, learnt, strict=True))
    cut_at(config, tmp_path / "cut", step(2, 1), stop=True)
    list(train(config, tmp_path / "cut", resume=True))
    assert same_network(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.usefixtures("no_export")
def test_with_a_weight_of_1_the_labels_do_not_count(taught: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = taught
    told = {
        (weight, smoothing): losses_of(
            list(
                train(
                    small(data, epochs=1, teacher=folder, distillation_weight=weight, label_smoothing=smoothing),
                    tmp_path / f"{weight} {smoothing}",
                )
            )
        )
        for weight in (0.5, 1.0)
        for smoothing in (0.0, 0.4)
    }
    assert told[1.0, 0.0] == told[1.0, 0.4] and told[0.5, 0.0] != told[0.5, 0.4] != told[1.0, 0.4]


@pytest.mark.usefixtures("no_export")
def test_answers_are_kept_with_what_is_frozen_and_mean_the_same(
    taught: tuple[Path, Path], tiny_weights: Path, tmp_path: Path
) -> None:
    data, folder = taught
    base = small(data, model="squeezenet1_0", strategy="feature-extraction", teacher=folder, image_size=32)
    told = {
        name: list(train(base.with_changes(**changes), tmp_path / name, weights_dir=tiny_weights, offline=True))
        for name, changes in {"kept": {}, "anew": {"cache": "off"}, "alone": {"teacher": None}}.items()
    }
    assert any(isinstance(event, FeaturesComputed) for event in told["kept"])
    assert losses_of(told["kept"]) == pytest.approx(losses_of(told["anew"]), rel=1e-3)
    assert losses_of(told["kept"])[0] != pytest.approx(losses_of(told["alone"])[0], rel=1e-2)
    again = list(train(base, tmp_path / "again", weights_dir=tiny_weights, offline=True))
    assert not any(isinstance(event, FeaturesComputed) for event in again)


def test_a_teacher_that_cannot_teach_is_a_sentence_and_leaves_no_run(taught: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = taught
    with pytest.raises(RunError, match=r"no finished run in .*absent"):
        list(train(small(data, teacher=tmp_path / "absent"), tmp_path / "a"))
    three = make_photos(tmp_path / "three", classes=3, photos=4)
    with pytest.raises(RunError, match="knows no class “red”"):
        list(train(small(three, teacher=folder), tmp_path / "a"))
    with pytest.raises(RunError, match="knows the class “green”, which these photos lack"):
        find_teacher(small(data, teacher=folder), ("blue",))
    assert runs.state(tmp_path / "a") == "absent"


def test_a_teacher_whose_weights_are_damaged_is_not_to_be_resumed(taught: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = taught
    shutil.copytree(folder, tmp_path / "damaged")
    (tmp_path / "damaged" / runs.BEST).write_bytes(b"no weights")
    with pytest.raises(RunError, match=r"weights of the run in .* are damaged.*choose another run"):
        find_teacher(small(data, teacher=tmp_path / "damaged"), ("blue", "green"))
