"""How a run ends: whole or not at all, whatever fails meanwhile, and with a file that answers as the run did."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
from PIL import Image, ImageDraw

from engine import model_file, runs
from engine.config import TrainConfig
from engine.control import Control
from engine.errors import DiskFullError, RunError, ThawError
from engine.events import Event, Notice, ParityMeasured, Prediction, RunFinished, RunStarted, StageStarted
from engine.prediction.batch import predict
from engine.prediction.providers import session_of
from engine.prediction.runtime import Classifier
from engine.prediction.why import look
from engine.training import finish
from engine.training import run as run_module
from engine.training.keeping import checkpoint, steady
from engine.training.loop import Answers
from engine.training.run import train
from tests.engine.training.short_run import (
    hashes,
    network_of,
    notices_of,
    resumed,
    same_tensors,
    short,
    without_export,
)
from tests.tiny_photos import make_photos

ON_ITS_SIDE = 6
"""How a camera says that a photo is to be turned."""


class Once:
    """Stands for `export_onnx`: the same network is exported once, and copied from then on."""

    def __init__(self) -> None:
        self._real = finish.export_onnx
        self._made: dict[str, bytes] = {}

    def __call__(self, classifier: Any, spec: Any, size: int, path: Path) -> None:
        key = str(hashes(classifier.state_dict()))
        if key in self._made:
            path.write_bytes(self._made[key])
            return
        self._real(classifier, spec, size, path)
        self._made[key] = path.read_bytes()


@pytest.fixture(scope="module", autouse=True)
def exported_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finish, "export_onnx", Once())
        yield


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JPEGs that are wider than high, each with a dark corner, and every second one stored on its side."""
    data = make_photos(tmp_path_factory.mktemp("turned"), photos=4, splits=("train", "val", "test"))
    for number, path in enumerate(sorted(data.rglob("*.png"))):
        picture, exif = Image.open(path).resize((64, 40)), Image.Exif()
        ImageDraw.Draw(picture).rectangle((0, 0, 30, 16), fill=(0, 0, 0))
        if number % 2:
            picture, exif[0x0112] = picture.transpose(Image.Transpose.ROTATE_90), ON_ITS_SIDE
        picture.save(path.with_suffix(".jpg"), exif=exif)
        path.unlink()
    return data


def asked_of(data: Path, **changes: Any) -> TrainConfig:
    return short(data, **({"epochs": 2, "cache": "off"} | changes))


@pytest.fixture(scope="module")
def asked(turned: Path) -> TrainConfig:
    return asked_of(turned)


@pytest.fixture(scope="module")
def finished(asked: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, closed without a fault."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    events = list(train(asked, folder))
    assert isinstance(events[-1], RunFinished) and not notices_of(events, "parity_low")
    return folder


def is_whole(run_dir: Path, like: Path) -> bool:
    return (
        runs.state(run_dir) == "finished"
        and (run_dir / runs.BEST).read_bytes() == (like / runs.BEST).read_bytes()
        and runs.read_metrics(run_dir)["val"] == runs.read_metrics(like)["val"]
        and model_file.locate(run_dir).is_file()
    )


def test_prediction_answers_for_photos_of_any_orientation_as_the_run_did(finished: Path, turned: Path) -> None:
    rows, classes = runs.read_predictions(finished), ("blue", "green")
    folders = [turned / "val", turned / "test"]
    said = {event.path: dict(event.top) for event in predict(finished, folders) if isinstance(event, Prediction)}
    assert len(said) == len(rows) == 16
    for row in rows:
        assert [said[row.path][name] for name in classes] == pytest.approx(row.probabilities, abs=1e-4)


def test_a_finished_run_can_say_where_it_looked(finished: Path, turned: Path) -> None:
    file = model_file.open_model(model_file.locate(finished))
    assert file.manifest.architecture["by_place"] is True
    photo = next(turned.rglob("*.jpg"))
    classifier = Classifier(file, 1)
    found = look(classifier, photo)
    maps, logits = (classifier.outputs(found.pixels[None])[name][0] for name in ("maps", "logits"))
    assert found.places.shape == maps.shape[1:] and found.places.max() == 1
    places = maps.reshape(len(maps), -1).T[:, :, None, None]
    (by_place,) = session_of(file.read(model_file.HEAD), 1).run(None, {"maps": places})
    assert by_place.mean(0) == pytest.approx(logits, abs=1e-4)


@pytest.mark.parametrize("error", [RuntimeError("it broke"), OSError(errno.ENOSPC, "No space left on device")])
@pytest.mark.parametrize("where", [(finish, "export_onnx"), (runs, "write_metrics")])
def test_a_failure_while_it_closes_leaves_a_run_that_a_resume_closes(
    where: tuple[Any, str],
    error: Exception,
    asked: TrainConfig,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*given: object) -> None:
        if isinstance(path := given[-1], Path):
            path.write_bytes(b"half of it")
        raise error

    run_dir, full = tmp_path / "run", isinstance(error, OSError)
    with monkeypatch.context() as patch, pytest.raises(DiskFullError if full else RuntimeError):
        patch.setattr(*where, fails)
        list(train(asked, run_dir))
    assert runs.state(run_dir) == "interrupted" and not list(run_dir.glob("*.part*"))
    with pytest.raises(RunError, match="no model yet"):
        model_file.locate(run_dir)
    why = runs.why_ended(run_dir)
    assert why and why.kind == ("disk_full" if full else "")
    assert resumed(asked, run_dir) == [], "all epochs were done"
    assert is_whole(run_dir, finished)


def test_figures_that_were_damaged_are_written_anew(asked: TrainConfig, finished: Path, tmp_path: Path) -> None:
    run_dir = shutil.copytree(finished, tmp_path / "run")
    (run_dir / runs.METRICS).write_bytes(b"{")
    assert resumed(asked, run_dir) == []
    assert is_whole(run_dir, finished)


@pytest.mark.usefixtures("no_model_file")
def test_a_run_whose_best_weights_are_lost_before_it_closes_ships_its_last(
    asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "accuracy", 0.5)
    monkeypatch.setattr(Answers, "loss", 1.0)
    with without_export():
        list(train(asked, tmp_path / "run"))
    assert checkpoint.best_epoch(tmp_path / "run") == 1
    (tmp_path / "run" / runs.BEST).write_bytes(b"damaged")
    events = list(train(asked, tmp_path / "run", resume=True))
    assert len(notices_of(events, "best_lost")) == 1
    assert isinstance(events[-1], RunFinished) and (events[-1].best_epoch, events[-1].stopped) == (2, False)
    assert same_tensors(safetensors.torch.load_file(tmp_path / "run" / runs.BEST), network_of(tmp_path / "run"))


@pytest.mark.usefixtures("no_model_file")
def test_a_run_out_of_patience_trains_no_more_where_it_ended_while_it_closed(
    asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "accuracy", 0.5)
    monkeypatch.setattr(Answers, "loss", 1.0)
    patient = asked.with_changes(epochs=9, patience=1)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(run_module, "close_run", lambda *_: 1 / 0)
        list(train(patient, tmp_path / "run"))
    *_, last = train(patient, tmp_path / "run", resume=True)
    assert isinstance(last, RunFinished) and (last.epochs, last.best_epoch, last.stopped) == (2, 1, False)


@pytest.mark.usefixtures("no_model_file")
def test_photos_that_are_away_while_it_closes_are_waited_for_until_a_stop(
    turned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steady, "LOOK_EVERY_SECONDS", 0.001)
    drive, pulled, run_dir = tmp_path / "drive", tmp_path / "pulled", tmp_path / "run"
    shutil.copytree(turned, drive / "photos")
    asked = asked_of(drive / "photos")

    def closing(stops: bool) -> Iterator[Event]:
        """The run, whose photos go away when it begins to close; then a stop, or they come back."""
        control = Control()
        for event in train(asked, run_dir, resume=True, control=control):
            yield event
            if event == StageStarted("Testing the best weights"):
                drive.rename(pulled)
            if isinstance(event, Notice) and event.kind == "photos_away":
                control.stop() if stops else pulled.rename(drive)

    with pytest.raises(ThawError, match="could not be closed; connect their drive and resume"):
        list(closing(stops=True))
    assert runs.state(run_dir) == "interrupted"
    pulled.rename(drive)
    events = list(closing(stops=False))
    assert [notice.kind for notice in notices_of(events)] == ["photos_away", "photos_back"]
    assert isinstance(events[-1], RunFinished) and runs.state(run_dir) == "finished"


@pytest.mark.parametrize(
    ("parity", "says"),
    [
        (ParityMeasured(16, 0.5, 0.4), "another class for 8 of 16 photos, and a confidence differs by up to 40%"),
        (ParityMeasured(16, 1.0, 0.03), "another class for 0 of 16 photos, and a confidence differs by up to 3%"),
    ],
)
def test_a_file_that_answers_otherwise_is_told_and_says_so_itself(
    parity: ParityMeasured,
    says: str,
    asked: TrainConfig,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_dir = shutil.copytree(finished, tmp_path / "run")
    (run_dir / runs.METRICS).unlink()
    monkeypatch.setattr(finish, "_parity", lambda *_: parity)
    (told,) = notices_of(list(train(asked, run_dir, resume=True)), "parity_low")
    assert says in told.text and "measure it with “thaw evaluate”" in told.text
    assert runs.read_metrics(run_dir)["parity"]["same_top1"] == parity.same_top1
    written = model_file.open_model(run_dir / runs.MODEL)
    assert written.manifest.metrics["parity"] == vars(parity)
    assert told.text in written.read(model_file.CARD).decode()
    assert "Beware" not in model_file.open_model(finished / runs.MODEL).read(model_file.CARD).decode()


@pytest.mark.usefixtures("no_model_file")
def test_a_class_whose_photos_go_one_by_one_ends_nothing(turned: Path, tmp_path: Path) -> None:
    data = shutil.copytree(turned, tmp_path / "photos")
    events: list[Event] = []
    for event in train(asked_of(data), tmp_path / "run"):
        events.append(event)
        if isinstance(event, RunStarted):
            gone = [path for path in data.rglob("*.jpg") if path.parent.name == "green"]
            for path in gone:
                path.unlink()
    assert sorted(notice.path for notice in notices_of(events, "photo_left_out") if notice.path) == sorted(gone)
    assert isinstance(events[-1], RunFinished)
    assert [row["support"] for row in runs.read_metrics(tmp_path / "run")["val"]["per_class"]] == [4, 0]


@pytest.mark.usefixtures("no_model_file")
def test_a_stop_while_a_run_out_of_patience_closes_leaves_it_finished(
    asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "accuracy", 0.5)
    monkeypatch.setattr(Answers, "loss", 1.0)
    control, seen = Control(), list[Event]()
    for event in train(asked.with_changes(epochs=9, patience=1), tmp_path / "run", control=control):
        seen.append(event)
        if event == StageStarted("Testing the best weights"):
            control.stop()
    assert isinstance(seen[-1], RunFinished) and not seen[-1].stopped
    assert runs.state(tmp_path / "run") == "finished"


@pytest.mark.usefixtures("no_model_file")
def test_a_head_alone_that_is_closed_anew_answers_to_the_bit_as_before(
    few_photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    """Validation is answered from what is kept of the frozen layers, which is equal to the network to five digits."""
    run_dir, where = tmp_path / "run", {"weights_dir": tiny_weights, "offline": True}
    asked = short(few_photos, model="mobilenet_v2", strategy="feature-extraction", epochs=2, head="linear")
    list(train(asked, run_dir, **where))  # type: ignore[arg-type]
    before = (run_dir / runs.PREDICTIONS).read_bytes()
    (run_dir / runs.METRICS).unlink()
    assert resumed(asked, run_dir, **where) == []
    assert (run_dir / runs.PREDICTIONS).read_bytes() == before
