"""The command line as other programs lean on it: names, JSON lines, exit statuses."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import engine
import engine.cli
from engine.cli import cli
from engine.commands.training import numbers
from engine.config import TrainConfig, make_config
from engine.events import Event, Notice
from engine.models.catalog import CATALOG
from tests.engine import tiny_model
from tests.shared_data import shared
from tests.tiny_photos import make_photos


def thaw(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240, **options)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("cli") / "photos", splits=("train", "val", "test"))


@pytest.fixture(scope="module")
def run_dir(photos: Path) -> Path:
    out = photos.parent / "run"
    events = lines(
        thaw("train", photos, "--out", out, "--model", "lenet5", "--strategy", "from-scratch", "--epochs", 1,
             "--batch-size", 8, "--lr", 0.002, "--set", "optimizer=sgd", "--seed", 7, "--device", "cpu", "--json")
    )  # fmt: skip
    assert {"run_dir", "epochs", "best_epoch", "val_accuracy", "test_accuracy", "seconds", "images_per_second",
            "stopped"} <= set(events[-1])  # fmt: skip
    assert events[-1]["event"] == "run_finished"
    return out


def test_flags_and_assignments_reach_the_run(run_dir: Path) -> None:
    text = (run_dir / "config.toml").read_text()
    for line in ("learning_rate = 0.002", 'optimizer = "sgd"', "seed = 7", "batch_size = 8"):
        assert line in text


def test_predict_writes_the_table_of_the_contract(run_dir: Path, photos: Path, tmp_path: Path) -> None:
    events = lines(thaw("predict", run_dir, photos / "test", "--out", tmp_path / "a.csv", "--top", 2, "--json"))
    assert events[-1]["event"] == "prediction_finished"
    assert {"photos", "failed", "skipped", "seconds", "images_per_second"} <= set(events[-1])
    with (tmp_path / "a.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head[:8] == ["path", "label", "confidence", "error", "top1", "top1_confidence", "top2", "top2_confidence"]
    assert len(rows) == events[-1]["photos"] == 24
    assert rows[0][0] == str(photos / "test" / "blue" / "0.png")
    again = lines(thaw("predict", run_dir, photos / "test", "--out", tmp_path / "a.csv", "--resume", "--json"))
    assert (again[-1]["kept"], [event for event in again if event["event"] == "prediction"]) == (24, [])
    made = thaw("table", tmp_path / "a.thaw-ledger", "--out", tmp_path / "b.jsonl", "--threshold-for", "blue=1")
    assert made.returncode == 0 and "24 photos" in made.stdout
    wrong = thaw("table", tmp_path / "a.thaw-ledger", "--out", tmp_path / "c.csv", "--threshold-for", "blue")
    assert wrong.returncode == 2 and "CLASS=P" in wrong.stderr


def test_a_watch_does_not_sort(tmp_path: Path) -> None:
    arguments = ["predict", str(tmp_path), str(tmp_path), "--out", str(tmp_path / "a.csv"), "--watch"]
    done = CliRunner().invoke(cli, [*arguments, "--sort-into", str(tmp_path / "sorted")])
    assert done.exit_code == 2 and "thaw sort" in done.output


@pytest.mark.skipif(os.name == "nt", reason="Ctrl+C is sent by a signal")
def test_ctrl_c_ends_a_watch_in_an_orderly_way(photos: Path, tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "rgb.thaw").path
    command = [sys.executable, "-m", "engine", "predict", model, photos / "test", "--watch", "--json"]
    job = subprocess.Popen([*map(str, command), "--out", str(tmp_path / "a.csv")], stdout=subprocess.PIPE, text=True)
    assert job.stdout
    for line in job.stdout:
        if json.loads(line)["event"] == "watching" and json.loads(line)["done"] == 24:
            job.send_signal(signal.SIGINT)
    assert json.loads(line) | {"seconds": 0, "images_per_second": 0} == json.loads(line) | {
        "event": "prediction_finished", "photos": 24, "stopped": False, "seconds": 0, "images_per_second": 0,
    }  # fmt: skip
    assert job.wait() == 130
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 25


def test_an_existing_table_is_not_written_over(run_dir: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious")
    done = thaw("predict", run_dir, photos / "test", "--out", tmp_path / "mine.csv")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    assert (tmp_path / "mine.csv").read_text() == "precious"


def test_evaluate_measures_the_locked_test_split(run_dir: Path, photos: Path, tmp_path: Path) -> None:
    events = lines(thaw("evaluate", run_dir, photos, "--out", tmp_path / "report", "--json"))
    last = events[-1]
    assert (last["event"], last["split"], last["photos"]) == ("evaluation_finished", "test", 24)
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    own = json.loads((run_dir / "metrics.json").read_text())
    assert metrics["test"]["confusion"] == own["test"]["confusion"]
    assert (tmp_path / "report" / "predictions.csv").exists()


def test_evaluate_on_a_plain_folder_calls_it_neither_val_nor_test(run_dir: Path, photos: Path, tmp_path: Path) -> None:
    last = lines(thaw("evaluate", run_dir, photos / "val", "--out", tmp_path / "report", "--json"))[-1]
    assert last["split"] == "all"


def test_evaluate_names_a_class_that_the_model_does_not_know(photos: Path, tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "rgb.thaw", ("cats", "dogs", "eels")).path
    done = thaw("evaluate", model, photos, "--out", tmp_path / "report")
    assert done.returncode == 1 and "“blue”" in done.stderr


def test_scan(photos: Path) -> None:
    last = lines(thaw("scan", photos, "--json"))[-1]
    assert last["event"] == "scan_finished"
    assert (last["classes"], last["photos"], last["skipped"], last["findings"]) == (["blue", "green"], 72, 0, [])


def test_layers_of_a_name_and_of_a_run(run_dir: Path) -> None:
    *rows, last = lines(thaw("layers", "resnet18", "--strategy", "last-blocks", "--image-size", 128, "--json"))
    assert last["event"] == "layers_finished" and last["trainable"] == sum(
        r["parameters"] for r in rows if r["trainable"]
    )
    assert {
        "event",
        "name",
        "type",
        "depth",
        "output_shape",
        "parameters",
        "trainable",
        "receptive_field",
        "stride",
    } <= set(rows[0])
    assert rows[0]["output_shape"] == [64, 64, 64]
    *_, last = lines(thaw("layers", run_dir, "--json"))
    assert last["model"] == "lenet5"


def test_models_is_the_catalog_and_says_where_weights_are(tmp_path: Path) -> None:
    (tmp_path / "resnet18.pth").write_bytes(b"")
    rows = lines(thaw("models", "--weights-dir", tmp_path, "--json"))
    assert [row["name"] for row in rows] == list(CATALOG) and {row["event"] for row in rows} == {"model"}
    assert rows[list(CATALOG).index("resnet18")]["weights"] == str(tmp_path / "resnet18.pth")


def test_wrong_use_is_2_and_a_wrong_setting_is_1(photos: Path, tmp_path: Path) -> None:
    assert thaw("train", photos).returncode == 2
    assert thaw("conjure").returncode == 2
    done = thaw("train", photos, "--out", tmp_path / "r", "--set", "epoch=3")
    assert done.returncode == 1 and "“epoch”" in done.stderr and len(done.stderr.splitlines()) == 1
    (tmp_path / "mine.toml").write_text("epoch = 3\nseed = 1\n")
    done = thaw("train", photos, "--out", tmp_path / "r", "--config", tmp_path / "mine.toml")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "mine.toml: There is no setting named “epoch”" in done.stderr
    done = thaw("train", photos, "--out", tmp_path / "r", "--epochs", 0)
    assert done.returncode == 1 and "greater than or equal to 1" in done.stderr
    assert not (tmp_path / "r").exists()


def test_offline_without_weights_is_a_clear_error(photos: Path, tmp_path: Path) -> None:
    done = thaw("train", photos, "--out", tmp_path / "r", "--model", "resnet50", "--offline")
    assert done.returncode == 1 and "--weights-dir" in done.stderr and "resnet50-11ad3fa6.pth" in done.stderr
    assert not (tmp_path / "r").exists(), "what could not start leaves no run behind"


def test_every_setting_has_a_flag() -> None:
    text = thaw("train", "--help").stdout
    for name in set(TrainConfig.model_fields) - {"data", "trainable", "extends", "comparison"}:
        assert f"--{name.replace('_', '-')}" in text, name


def test_strengths_are_named_with_their_numbers() -> None:
    assert numbers("rotation=20, noise=0.5") == {"rotation": 20, "noise": 0.5}
    for wrong in ("rotation", "rotation=strong", "a=1=2"):
        with pytest.raises(click.BadParameter, match="name=number"):
            numbers(wrong)


def test_a_run_that_was_killed_has_no_model_yet(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text("epochs = 3")
    done = thaw("predict", tmp_path / "run", photos, "--out", tmp_path / "a.csv")
    assert done.returncode == 1 and "resume or finish it" in done.stderr


def test_the_plain_output_is_for_people(photos: Path) -> None:
    done = thaw("scan", photos)
    assert done.returncode == 0 and "2 classes, 72 photos" in done.stdout and "{" not in done.stdout
    assert "mobilenet_v2" in thaw("models").stdout


@pytest.mark.parametrize("command", ["predict", "scan", "models", "evaluate"])
def test_light_commands_load_no_torch(command: str, run_dir: Path, photos: Path, tmp_path: Path) -> None:
    arguments = {
        "predict": ["predict", run_dir, photos / "test", "--out", tmp_path / "a.csv"],
        "scan": ["scan", photos],
        "models": ["models"],
        "evaluate": ["evaluate", run_dir, photos, "--out", tmp_path / "e"],
    }[command]
    code = (
        "import sys\nfrom engine.cli import main\ntry:\n    main()\nexcept SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "assert not {'torch', 'torchvision', 'onnx', 'PySide6'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_scan_of_real_photos_names_the_stray_gif() -> None:
    last = lines(thaw("scan", shared("data/hymenoptera"), "--json"))[-1]
    assert (last["classes"], last["photos"]) == (["ants", "bees"], 398)
    assert any("imageNotFound.gif" in finding for finding in last["findings"])


@pytest.mark.parametrize("model", ["lenet5"])
def test_the_smallest_digits_train(model: str, tmp_path: Path) -> None:
    data = shared("data/mnist_tiny")
    events = lines(
        thaw(
            "train",
            data,
            "--out",
            tmp_path / "run",
            "--model",
            model,
            "--strategy",
            "from-scratch",
            "--epochs",
            2,
            "--json",
        )
    )
    started = next(event for event in events if event["event"] == "run_started")
    assert len(started["classes"]) == 10 and started["test_photos"] > 0 and started["val_photos"] > 0
    assert events[-1]["event"] == "run_finished"


def alone(folder: Path) -> dict[str, str]:
    """An environment in which no weights of this machine are found."""
    own = {"XDG_CACHE_HOME": str(folder), "TORCH_HOME": str(folder / "torch"), "LOCALAPPDATA": str(folder)}
    return {name: value for name, value in os.environ.items() if name != "THAW_WEIGHTS_DIR"} | own


def test_weights_are_listed_looked_into_and_imported(tmp_path: Path) -> None:
    file = shared("weights/squeezenet1_0.pth")
    environment = alone(tmp_path)
    report = lines(thaw("weights", "import", file, "--check", "--json", env=environment))[-1]
    assert (report["event"], report["model"], report["fits"]) == ("weights_imported", "squeezenet1_0", True)
    done = thaw("weights", "import", file, "--model", "squeezenet1_0", env=environment)
    assert done.returncode == 0 and "--weights own:squeezenet1_0" in done.stdout
    rows = lines(thaw("weights", "list", "--json", env=environment))
    assert {row["event"] for row in rows} == {"weights_listed"}
    own = [row for row in rows if row["state"] == "own"]
    assert [(row["model"], row["name"]) for row in own] == [("squeezenet1_0", "own:squeezenet1_0")]


def test_weights_that_cannot_be_had_or_fit_are_a_sentence_and_status_1(tmp_path: Path) -> None:
    environment = alone(tmp_path)
    (tmp_path / "bad.pth").write_bytes(b"PK no end")
    for arguments, says in (
        (("import", tmp_path / "bad.pth"), "damaged"),
        (("get", "resnet18@nothing"), "no official weights named"),
        (("get", "lenet5"), "no official weights"),
    ):
        done = thaw("weights", *arguments, env=environment)
        assert done.returncode == 1 and says in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_who_looks_before_a_run_takes_the_settings_of_a_run(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def look(config: TrainConfig, **_: Any) -> Iterator[Event]:
        asked.append(config)
        yield Notice("looked")

    monkeypatch.setattr(engine, "find_lr", look, raising=False)
    flags = ["--model", "lenet5", "--epochs", "3", "--lr", "0.01", "--set", "seed=7", "--json"]
    done = CliRunner().invoke(cli, ["find-lr", str(photos), *flags], standalone_mode=False)
    assert json.loads(done.output)["text"] == "looked" and done.return_value == 0
    assert asked == [make_config({"data": photos, "model": "lenet5", "epochs": 3, "learning_rate": 0.01, "seed": 7})]


def test_classifying_does_not_wait_for_the_settings_of_training() -> None:
    program = (
        "import sys, engine.cli, engine.commands.photos, engine.prediction.batch, engine.terminal\n"
        "print([name for name in ('engine.config', 'engine.runs', 'psutil', 'optuna') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_every_command_is_found_and_says_what_it_does() -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None and command.name == name and command.help
    assert cli.get_command(context, "nonsense") is None


@pytest.mark.parametrize("controlled", ["", "1"])
def test_what_the_system_refuses_is_a_sentence(
    controlled: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The window gets the traceback before it, for its details."""

    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied", "/photos")

    monkeypatch.setattr(engine.cli, "cli", refused)
    monkeypatch.setenv("THAW_CONTROLLED", controlled)
    with pytest.raises(SystemExit) as ended:
        engine.cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 1 and told.endswith("The system reported: Permission denied (/photos).\n")
    assert ("Traceback" in told) is bool(controlled)
