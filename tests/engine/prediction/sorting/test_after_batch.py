from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine.cli import cli
from engine.errors import ThawError
from engine.events import PredictionFinished, SortingFinished
from engine.prediction.ledger.files import place_beside
from engine.prediction.sorting.after_batch import predict_and_sort
from tests.engine import tiny_model
from tests.engine.prediction.sorting.made_ledger import names
from tests.engine.prediction.test_walk import lock, make_photo


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for folder, colour in (("a", "red"), ("b", "blue")):
        make_photo(tmp_path / "photos" / folder / "1.png", colour)
    return tiny_model.make(tmp_path / "m.thaw").path


def test_a_batch_is_sorted_at_its_end(model: Path, tmp_path: Path) -> None:
    events = list(predict_and_sort(model, [tmp_path / "photos"], tmp_path / "o.csv", sort_into=tmp_path / "sorted"))
    assert isinstance(events[-2], SortingFinished) and isinstance(events[-1], PredictionFinished)
    assert names(tmp_path / "sorted") == ["blue/b/1.png", "red/a/1.png"]


def test_a_folder_among_the_photos_is_refused_before_the_batch(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="is inside"):
        list(predict_and_sort(model, [tmp_path / "photos"], tmp_path / "o.csv", sort_into=tmp_path / "photos" / "x"))
    assert not (tmp_path / "o.csv").exists()


def test_a_folder_that_cannot_be_read_keeps_no_other_from_being_sorted(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(monkeypatch, "a")
    with pytest.raises(ThawError, match="could not be read"):
        list(predict_and_sort(model, [tmp_path / "photos"], tmp_path / "o.csv", sort_into=tmp_path / "sorted"))
    assert names(tmp_path / "sorted") == ["blue/b/1.png"]


def test_the_commands(model: Path, tmp_path: Path) -> None:
    def thaw(*arguments: object) -> list[dict[str, object]]:
        done = CliRunner().invoke(cli, [*map(str, arguments), "--json"], catch_exceptions=False, standalone_mode=False)
        return [json.loads(line) for line in done.output.splitlines()]

    into, ledger = tmp_path / "sorted", place_beside(tmp_path / "o.csv")
    told = thaw("predict", model, tmp_path / "photos", "--out", tmp_path / "o.csv", "--sort-into", into)
    assert told[-1]["event"] == "prediction_finished" and len(names(into)) == 2
    assert thaw("unsort", ledger)[-1]["removed"] == 2
    told = thaw(
        "predict", model, tmp_path / "photos", "--out", tmp_path / "o.csv", "--resume", "--sort-into", into,
        "--label-in-copies",
    )  # fmt: skip
    assert told[-2]["labelled"] == 2
    with pytest.raises(click.UsageError, match="goes with --sort-into"):
        thaw("predict", model, tmp_path / "photos", "--out", tmp_path / "p.csv", "--label-in-copies")
    assert thaw("unsort", ledger)[-1]["removed"] == 2
    assert thaw("sort", ledger, "--into", into, "--as", "symlinks", "--dry-run")[-1]["event"] == "sorting_planned"
    assert thaw("sort", ledger, "--into", into, "--as", "hard-links", "--flat")[-1]["files"] == 2
    assert thaw("sidecars", ledger, "--named-as", "lightroom")[-1]["files"] == 2
    assert thaw("unsort", ledger, "--only", "sidecars")[-1]["removed"] == 2
    assert thaw("unsort", ledger, "--into", into)[-1]["removed"] == 2
    assert not into.exists()
