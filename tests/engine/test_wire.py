"""Events survive the pipe between processes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from engine import events as ev
from engine import wire

ev.load_all()
EXAMPLES = {
    str: "α “β”",
    int: 3,
    float: 0.25,
    bool: True,
    Path: Path("/photos/ä b.jpg"),
    tuple[str, ...]: ("ants", "bees"),
    tuple[str, str]: ("ants", "bees"),
    tuple[int, ...]: (3, 224, 224),
    tuple[tuple[float, ...], ...]: ((0.0, 0.25), (1.0, 0.5)),
    tuple[float, float, float, float]: (0.125, -0.25, 0.875, 1.25),
    tuple[tuple[str, str], ...]: (("ants", "bees"), ("α", "")),
    tuple[tuple[str, float], ...]: (("bees", 0.75), ("ants", 0.25)),
    tuple[tuple[str, int], ...]: (("bees", 7), ("ants", 2)),
    tuple[tuple[str, int, int], ...]: (("ants", 7, 2000),),
    tuple[tuple[str, int, int, int, int], ...]: (("ants", 1, 2, 3, 4),),
    tuple[ev.WeightsChoice, ...]: (ev.WeightsChoice("in1k", "ImageNet-1k", "Apache-2.0", 0.8, ""),),
    tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]: (("conv1.weight", (64, 3, 7, 7), (16, 3, 3, 3)),),
    typing.get_type_hints(ev.Diagnosis)["severity"]: "warning",
    typing.get_type_hints(ev.TrialFinished)["outcome"]: "pruned",
    typing.get_type_hints(ev.Diagnosis)["changes"]: {"learning_rate": 0.001, "strategy": "last-blocks"},
    tuple[Path, ...]: (Path("a.jpg"),),
    float | None: None,
    int | None: 7,
    Path | None: Path("x"),
}


@pytest.mark.parametrize("event_class", ev.Event.__subclasses__(), ids=wire.name_of)
def test_every_event_survives_json(event_class: type[ev.Event]) -> None:
    hints = typing.get_type_hints(event_class)
    event = event_class(**{field.name: EXAMPLES[hints[field.name]] for field in dataclasses.fields(event_class)})
    line = wire.to_json(event)
    assert "\n" not in line
    assert json.loads(line)["event"] == wire.name_of(event_class)
    assert wire.from_json(line) == event


def test_names_on_the_wire() -> None:
    assert wire.name_of(ev.EpochFinished) == "epoch_finished"
    assert wire.name_of(ev.Layer) == "layer"


def test_a_name_that_is_not_utf8_survives() -> None:
    path = Path(b"/photos/\xff.jpg".decode("utf-8", "surrogateescape"))
    assert wire.from_json(wire.to_json(ev.Notice("bad", path=path))) == ev.Notice("bad", path=path)


def test_keys_of_a_newer_version_are_ignored() -> None:
    line = json.dumps({"event": "notice", "text": "x", "mood": "calm"})
    assert wire.from_json(line) == ev.Notice("x")


@pytest.mark.parametrize("line", ["[]", "{}", '{"event": "no_such_event"}', "warning: text of a library"])
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        wire.from_json(line)


def test_a_number_that_is_none_is_never_sent() -> None:
    with pytest.raises(ValueError):
        wire.to_json(ev.StepFinished(1, 1, 1, float("nan"), 0.1, 1.0))


def test_an_event_is_looked_for_where_it_is_and_loads_no_others() -> None:
    assert {one.__name__ for one in ev.Event.__subclasses__()} < set(ev.__all__)
    assert all(getattr(ev, name).__module__.startswith("engine.events.") for name in ev.__all__)
    program = "import sys; from engine.events import Prediction; print(*(m for m in sys.modules if 'engine.ev' in m))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == ["engine.events", "engine.events.base", "engine.events.photos"]
