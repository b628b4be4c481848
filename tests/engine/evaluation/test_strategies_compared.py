"""Runs of several strategies: a row each, and who is best."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine
from engine import runs
from engine.cli import cli
from engine.evaluation import strategies_compared as module
from engine.evaluation.strategies_compared import names_of, strategies_compared
from engine.events import EpochFinished, Event, Notice, StrategiesCompared, StrategyCompared
from engine.wilson import wilson
from tests.engine.evaluation.measured import TEN, write

FIFTY = TEN * 5


def wrong(count: int) -> str:
    """Answers to fifty photos of which the first `count` are wrong."""
    return "".join("b" if letter == "a" else "a" for letter in FIFTY[:count]) + FIFTY[count:]


def of(kind: type, events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many parameters train, by the name of the run's folder."""
    trained: dict[str, int] = {}
    monkeypatch.setattr(module, "parameters_of", lambda model: (9000, trained.get(model.parent.name)))
    return trained


def test_a_row_says_what_the_run_reached(tmp_path: Path, parameters: dict[str, int]) -> None:
    run = write(tmp_path / "one", wrong(5), strategy="last-blocks")
    parameters["one"] = 70
    for epoch, accuracy in ((1, 0.5), (2, 0.7), (3, 0.8)):
        runs.append_history(run, EpochFinished(epoch, 3, 1, 1.0, accuracy, 1.0, 0.9, 0.1, 1.0, 1.0, 2, 0.9, None, None))
    runs.write_metrics(run, runs.read_metrics(run) | {"baseline": {"val_accuracy": 0.75}})
    row, end = strategies_compared([run])
    assert isinstance(row, StrategyCompared) and isinstance(end, StrategiesCompared)
    assert row.train_accuracy == 0.7, "of the best epoch, which is the second"
    assert (row.val_accuracy, row.val_low, row.val_high) == (0.9, *wilson(45, 50))
    assert row.gain == pytest.approx(0.15) and row.test_accuracy == 0.9 and row.seconds == 5.0
    assert (row.trained_parameters, row.parameters) == (70, 9000)
    assert end.sentence == "There is only Last blocks, and nothing to hold it against."


def test_a_clear_lead_is_hardly_luck_and_a_small_one_may_be(tmp_path: Path, parameters: dict[str, int]) -> None:
    folders = [
        write(tmp_path / name, wrong(count), strategy=name)
        for name, count in (("fine-tuning", 2), ("feature-extraction", 4), ("from-scratch", 25))
    ]
    parameters |= {"fine-tuning": 8000, "feature-extraction": 20, "from-scratch": 9000}
    end = list(strategies_compared(folders))[-1]
    assert isinstance(end, StrategiesCompared) and end.best == folders[0] and end.strategies == 3
    assert "Fine-tuning is best: 96.0%" in end.sentence and "same 50 test photos" in end.sentence
    assert "may be luck" in end.sentence
    assert "Feature extraction trains the fewest parameters (20)" in end.sentence
    clear = list(strategies_compared([folders[0], folders[2]]))[-1]
    assert isinstance(clear, StrategiesCompared)
    assert "hardly luck" in clear.sentence and "fewest" not in clear.sentence


def test_of_equals_the_one_that_trains_less_is_best(tmp_path: Path, parameters: dict[str, int]) -> None:
    folders = [write(tmp_path / name, FIFTY, strategy=name) for name in ("fine-tuning", "last-blocks")]
    parameters |= {"fine-tuning": 8000, "last-blocks": 20}
    end = list(strategies_compared(folders))[-1]
    assert isinstance(end, StrategiesCompared) and end.best == folders[1]
    assert "Last blocks and Fine-tuning are best alike" in end.sentence
    assert "right on the same photos" in end.sentence and "fewest" not in end.sentence


@pytest.mark.usefixtures("parameters")
def test_what_did_not_end_is_left_out_with_its_reason(tmp_path: Path) -> None:
    done = write(tmp_path / "done", FIFTY)
    stopped = write(tmp_path / "stopped", FIFTY, strategy="last-blocks")
    runs.write_metrics(stopped, runs.read_metrics(stopped) | {"stopped": True})
    failed = tmp_path / "failed"
    runs.create(failed, runs.read_config(done))
    runs.write_ended(failed, runs.Ended("The loss is no longer a number."))
    events = list(strategies_compared([done, stopped, failed, tmp_path / "never begun"]))
    assert [row.run_dir for row in of(StrategyCompared, events)] == [done]
    first, second = of(Notice, events)
    assert "Last blocks" in first.text and "resume" in first.text
    assert "no longer a number" in second.text
    assert not list(strategies_compared([tmp_path / "never begun"]))


@pytest.mark.usefixtures("parameters")
def test_runs_are_called_by_what_parts_them(tmp_path: Path) -> None:
    def called(*asked: tuple[str, str]) -> list[str]:
        folders = [tmp_path / str(len(list(tmp_path.iterdir())) + number) for number in range(len(asked))]
        for folder, (model, strategy) in zip(folders, asked, strict=True):
            write(folder, FIFTY, model=model, strategy=strategy)
        return list(names_of(of(StrategyCompared, list(strategies_compared(folders)))).values())

    assert called(("lenet5", "from-scratch"), ("small_resnet", "from-scratch")) == ["LeNet-5", "Small residual network"]
    assert (
        called(("lenet5", "from-scratch"), ("small_resnet", "last-blocks"))[1] == "Small residual network, last blocks"
    )
    assert called(("lenet5", "custom"), ("lenet5", "custom")) == ["4", "5"]


def test_the_command_asks_for_what_was_named_and_shows_a_table(
    tmp_path: Path, parameters: dict[str, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters |= {"fine-tuning": 8000, "last-blocks": 20}
    folders = [
        write(tmp_path / name, wrong(count), strategy=name) for name, count in (("fine-tuning", 9), ("last-blocks", 0))
    ]
    given: list[Any] = []

    def asked(*arguments: Any, **named: Any) -> Iterator[Event]:
        given.append((arguments, named))
        return strategies_compared(folders)

    monkeypatch.setitem(vars(engine), "compare_strategies", asked)  # setattr would load the real one
    line = ["compare-strategies", str(tmp_path), "--out", "there", "--strategies", "fine-tuning, last-blocks"]
    assert cli.main([*line, "--seed", "9"], standalone_mode=False) == 0
    ((config, folder), named), *_ = given
    assert (config.seed, folder, named["models"]) == (9, Path("there"), ())
    assert named["strategies"] == ("fine-tuning", "last-blocks")
    told = capsys.readouterr().out
    assert "8,000" in told and "82.0%" in told and told.rstrip().endswith(").") and "Last blocks is best" in told
