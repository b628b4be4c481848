"""Commands that train, or say how to."""

from __future__ import annotations

import time
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click
import psutil

import engine
from engine import runs
from engine.commands.play import Existing, play, with_json
from engine.config import TrainConfig, make_config, parse_assignment, read_values
from engine.control import Control
from engine.errors import ConfigError, ThawError
from engine.keep_awake import kept_awake

OWN_FLAGS = {"learning_rate": "--lr"}
NOT_FLAGS = ("data", "trainable", "unfreeze", "extends", "comparison")


def numbers(value: str) -> dict[str, float]:
    """`name=number,name=number` as a mapping. Raises BadParameter."""
    try:
        pairs = [pair.split("=") for pair in value.split(",")]
        return {name.strip(): float(number) for name, number in pairs}
    except ValueError:
        raise click.BadParameter(f"“{value}” is not of the form name=number,name=number.") from None


def config_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """A flag for each setting of TrainConfig, made from its declaration."""
    for name, field in reversed(TrainConfig.model_fields.items()):
        if name in NOT_FLAGS:
            continue
        options = [
            value for value in typing.get_args(field.annotation) or (field.annotation,) if value is not type(None)
        ]
        literal = next(
            (option for option in (field.annotation, *options) if typing.get_origin(option) is Literal), None
        )
        kind: Any = click.Choice([str(choice) for choice in typing.get_args(literal)]) if literal else options[0]
        kind = numbers if typing.get_origin(options[0]) is dict else kind
        flags = [f"--{name.replace('_', '-')}", *([OWN_FLAGS[name]] if name in OWN_FLAGS else [])]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        empty = "chosen for you" if extra.get("empty") == "automatic" else extra.get("empty")
        default = empty if field.default is None else field.default
        text = f"{field.description}  [{default}]"
        command = click.option(*flags, name, type=kind, default=None, help=text)(command)
    return command


def asks_for_a_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """DATA and every way to say what a run is to be; `config_of` makes the settings of them."""
    for decorate in reversed(
        (
            click.argument("data", type=Existing),
            click.option("--weights-dir", type=Existing, help="A folder to look for pretrained weights in first."),
            click.option("--offline", is_flag=True, help="Never use the network."),
            click.option("--config", "config_file", type=Existing, help="A TOML file of settings."),
            click.option("--config-text", hidden=True),
            click.option(
                "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any setting, by name; repeatable."
            ),
            config_flags,
        )
    ):
        command = decorate(command)
    return command


def config_of(
    data: Path, config_file: Path | None, config_text: str | None, assignments: tuple[str, ...], **flags: Any
) -> TrainConfig:
    """The settings that `asks_for_a_run` has read: a file, then --set, then flags, the later ones first. Raises
    ConfigError, which names the file where what is wrong stands in it."""
    text = _text_of(config_file)
    of_file = read_values(text, str(config_file)) if text is not None else {}
    later = dict(parse_assignment(assignment) for assignment in assignments)
    later |= {name: value for name, value in flags.items() if value is not None}
    sent = read_values(config_text) if config_text is not None else {}
    try:
        return make_config(sent | of_file | later | {"data": data})
    except ConfigError as error:
        if error.fields.keys() & (of_file.keys() - later.keys()):
            raise ConfigError(f"{config_file}: {error}", error.fields) from None
        raise


@click.command()
@click.option("--out", "run_dir", type=Existing, required=True, help="The run directory to make.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, with its own settings.")
@click.option("--accept-changes", is_flag=True, help="With --resume: go on although photos changed since it began.")
@asks_for_a_run
@with_json
def train(
    run_dir: Path,
    resume: bool,
    accept_changes: bool,
    weights_dir: Path | None,
    offline: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Train a model on DATA, a folder with one folder of photos per class."""
    control = Control()
    events = engine.train(
        config_of(**asked),
        run_dir,
        resume=resume,
        weights_dir=weights_dir,
        offline=offline,
        accept_changes=accept_changes,
        control=control,
    )
    with kept_awake():
        return play(events, control, as_json)


@click.command("find-lr")
@asks_for_a_run
@with_json
def find_lr(weights_dir: Path | None, offline: bool, as_json: bool, **asked: Any) -> int:
    """Find a learning rate for the run that these settings ask for: try rising ones until the loss diverges."""
    control = Control()
    events = engine.find_lr(config_of(**asked), weights_dir=weights_dir, offline=offline, control=control)
    return play(events, control, as_json)


@click.command()
@click.argument("run", type=Existing)
@click.option("--epochs", type=click.IntRange(1), required=True, help="How many epochs more.")
@click.option("--out", "run_dir", type=Existing, required=True, help="The run directory to make.")
@click.option("--accept-changes", is_flag=True, help="Go on although photos changed since RUN began.")
@with_json
def extend(run: Path, epochs: int, run_dir: Path, accept_changes: bool, as_json: bool) -> int:
    """Go on with a finished RUN for more epochs, in a new run; RUN stays as it is.

    Weights and optimizer go on; the schedule of the learning rate is laid over all epochs, old and new.
    """
    control = Control()
    config = runs.extension_of(run, epochs)
    with kept_awake():
        return play(engine.train(config, run_dir, accept_changes=accept_changes, control=control), control, as_json)


@click.command()
@asks_for_a_run
@with_json
def baseline(weights_dir: Path | None, offline: bool, as_json: bool, **asked: Any) -> int:  # noqa: ARG001
    """Tell what a linear classifier on a pretrained network's features gets right of the validation photos."""
    control = Control()
    return play(engine.baseline(config_of(**asked), weights_dir=weights_dir, control=control), control, as_json)


@click.command()
@click.option("--out", type=Existing, help="Where the run would go: its disk is looked at.")
@click.option("--compare", is_flag=True, help="Hold other models and strategies that suit beside it.")
@asks_for_a_run
@with_json
def preflight(
    out: Path | None, compare: bool, weights_dir: Path | None, offline: bool, as_json: bool, **asked: Any
) -> int:
    """Measure how long the run that these settings ask for will take on this machine, and how much memory and disk."""
    config, control = config_of(**asked), Control()
    verb = engine.preflight  # loads torch, which is part of what a run takes to start
    starting = time.time() - psutil.Process().create_time()
    where = {"out": out, "weights_dir": weights_dir, "offline": offline}
    events = verb(config, compare=compare, starting_seconds=starting, control=control, **where)
    return play(events, control, as_json)


@click.command()
@click.option("--out", "run_dir", type=Existing, required=True, help="The run directory to make of the best trial.")
@click.option("--vary", help="The settings to vary, with commas between; without it, the usual ones.")
@click.option("--trials", type=click.IntRange(1), default=12, show_default=True, help="How many at most.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="About how long at most.")
@asks_for_a_run
@with_json
def search(
    run_dir: Path,
    vary: str | None,
    trials: int,
    minutes: float | None,
    weights_dir: Path | None,
    offline: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Search for better settings: trials of the run that these settings ask for, of which the best is kept."""
    control = Control()
    named: dict[str, Any] = {"vary": tuple(name.strip().replace("-", "_") for name in vary.split(","))} if vary else {}
    limits = {"trials": trials, "minutes": minutes}
    where = {"weights_dir": weights_dir, "offline": offline}
    events = engine.search(config_of(**asked), run_dir, **named, **limits, **where, control=control)
    with kept_awake():
        return play(events, control, as_json)


@click.command("compare-strategies")
@click.option("--out", "folder", type=Existing, required=True, help="The folder for the runs, one for each strategy.")
@click.option("--strategies", help="Which ones, with commas between; without it, all that suit the model.")
@click.option("--models", help="Each of these models by each strategy, with commas between.")
@asks_for_a_run
@with_json
def compare_strategies(
    folder: Path,
    strategies: str | None,
    models: str | None,
    weights_dir: Path | None,
    offline: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Train several strategies in turn with otherwise the same settings, and hold their results beside each other.

    The same command goes on where it was left.
    """
    control = Control()
    named = {"strategies": _names(strategies), "models": _names(models)}
    where = {"weights_dir": weights_dir, "offline": offline}
    events = engine.compare_strategies(config_of(**asked), folder, **named, **where, control=control)
    with kept_awake():
        return play(events, control, as_json)


def _names(text: str | None) -> tuple[str, ...]:
    """What stands between the commas."""
    return tuple(filter(None, map(str.strip, (text or "").split(","))))


def _text_of(path: Path | None) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path else None
    except (OSError, UnicodeDecodeError) as error:
        raise ThawError(f"The settings in {path} cannot be read: {error}.") from None


@click.command()
@click.argument("data", type=Existing)
@click.option("--model", help="Advise about this architecture only.")
@click.option("--weights-dir", type=Existing, help="A folder to look for pretrained weights in first.")
@with_json
def advise(data: Path, model: str | None, weights_dir: Path | None, as_json: bool) -> int:
    """Tell which model, strategy, head, augmentation and epochs suit the photos in DATA, and why."""
    control = Control()
    return play(engine.advise(data, model=model, weights_dir=weights_dir, control=control), control, as_json)


@click.command()
@click.option("--out", type=Existing, default=Path("thaw-demo"), show_default=True, help="The folder to write to.")
@with_json
def demo(out: Path, as_json: bool) -> int:
    """Do the whole job on the built-in sample set: train, test, classify. No network."""
    control = Control()
    return play(engine.demo(out, control), control, as_json)
