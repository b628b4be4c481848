"""`thaw …`: each command iterates a verb of the engine and prints its events."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import click

import engine
from engine.config import TrainConfig, make_config, parse_assignment, read_values
from engine.control import Control
from engine.errors import ThawError
from engine.events import Event
from engine.wire import to_json

INTERRUPTED = 130
OWN_FLAGS = {"learning_rate": "--lr"}
NOT_FLAGS = ("data", "trainable", "unfreeze")

Existing = click.Path(path_type=Path)


def main() -> None:
    """The console script: ends with the exit statuses of the contract, 0, 1, 2 or 130."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape" if os.name == "posix" else "backslashreplace")  # type: ignore[union-attr]
    try:
        status = cli(standalone_mode=False)
    except ThawError as error:
        _fail(str(error))
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `thaw … | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    _leave(status if isinstance(status, int) else 0)


def _leave(status: int) -> typing.NoReturn:
    """End at once where torch was loaded: everything is written, and its tearing down takes seconds."""
    if "torch" not in sys.modules:
        sys.exit(status)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _fail(sentence: str) -> typing.NoReturn:
    click.echo(sentence, err=True)
    sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(engine.__version__, prog_name="thaw")
def cli() -> None:
    """Train an image classifier on your own photos, see what it does, and classify whole folders, offline."""


def with_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, and nothing else.")(
        command
    )


def play(events: Iterable[Event], control: Control, as_json: bool) -> int:
    """Iterate a verb and print its events; returns the exit status. Ctrl+C stops the verb in an orderly way."""
    interrupted = _listen(control)
    if as_json:
        for event in events:
            print(to_json(event), flush=True)  # noqa: T201
    else:
        importlib.import_module("engine.terminal").show(events)
    return INTERRUPTED if interrupted.is_set() else 0


def _listen(control: Control) -> threading.Event:
    """Let Ctrl+C, a polite kill and, in a child of the window, its standard input steer the work."""
    interrupted = threading.Event()

    def on_signal(number: int, _frame: Any) -> None:
        interrupted.set()
        control.stop()
        signal.signal(number, signal.SIG_DFL)  # a second one ends the program at once

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    if os.environ.get("THAW_CONTROLLED") == "1":
        threading.Thread(target=_obey_stdin, args=(control,), name="control", daemon=True).start()
    return interrupted


def _obey_stdin(control: Control) -> None:
    """A command a line. The end of the input means that whoever started this is gone."""
    for line in sys.stdin:
        control.command(line.strip())
    control.stop()


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
        flags = [f"--{name.replace('_', '-')}", *([OWN_FLAGS[name]] if name in OWN_FLAGS else [])]
        default = "chosen for you" if field.default is None else field.default
        text = f"{field.description}  [{default}]"
        command = click.option(*flags, name, type=kind, default=None, help=text)(command)
    return command


@cli.command()
@click.argument("data", type=Existing)
@click.option("--out", "run_dir", type=Existing, required=True, help="The run directory to make.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, with its own settings.")
@click.option("--weights-dir", type=Existing, help="A folder to look for pretrained weights in first.")
@click.option("--offline", is_flag=True, help="Never use the network.")
@click.option("--config", "config_file", type=Existing, help="A TOML file of settings.")
@click.option("--config-text", hidden=True)
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any setting, by name; repeatable.")
@config_flags
@with_json
def train(
    data: Path,
    run_dir: Path,
    resume: bool,
    weights_dir: Path | None,
    offline: bool,
    config_file: Path | None,
    config_text: str | None,
    assignments: tuple[str, ...],
    as_json: bool,
    **flags: Any,
) -> int:
    """Train a model on DATA, a folder with one folder of photos per class."""
    values: dict[str, Any] = {}
    for text, source in ((config_text, "the settings"), (_text_of(config_file), str(config_file))):
        values |= read_values(text, source) if text is not None else {}
    values |= dict(parse_assignment(assignment) for assignment in assignments)
    values |= {name: value for name, value in flags.items() if value is not None}
    config = make_config(values | {"data": data})
    control = Control()
    events = engine.train(config, run_dir, resume=resume, weights_dir=weights_dir, offline=offline, control=control)
    return play(events, control, as_json)


def _text_of(path: Path | None) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path else None
    except (OSError, UnicodeDecodeError) as error:
        raise ThawError(f"The settings in {path} cannot be read: {error}.") from None


@cli.command()
@click.argument("data", type=Existing)
@click.option("--model", help="Advise about this architecture only.")
@click.option("--weights-dir", type=Existing, help="A folder to look for pretrained weights in first.")
@with_json
def advise(data: Path, model: str | None, weights_dir: Path | None, as_json: bool) -> int:
    """Tell which model, strategy, head, augmentation and epochs suit the photos in DATA, and why."""
    control = Control()
    return play(engine.advise(data, model=model, weights_dir=weights_dir, control=control), control, as_json)


@cli.command()
@click.argument("model", type=Existing)
@click.argument("paths", type=Existing, nargs=-1, required=True)
@click.option("--out", type=Existing, required=True, help="The CSV file to write.")
@click.option("--replace", is_flag=True, help="Write over --out if it is there.")
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes to list a photo.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), default=0.0, help="Below this confidence the label is unknown."
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads; all when not given.")
@with_json
def predict(
    model: Path,
    paths: tuple[Path, ...],
    out: Path,
    replace: bool,
    top: int,
    threshold: float,
    threads: int | None,
    as_json: bool,
) -> int:
    """Classify photos: MODEL is a .thaw file or a finished run, PATHS are photos and folders."""
    control = Control()
    events = engine.predict(
        model, paths, out, top=top, threshold=threshold, control=control, threads=threads, replace=replace
    )
    return play(events, control, as_json)


@cli.command("pseudo-label")
@click.argument("model", type=Existing)
@click.argument("folder", type=Existing)
@click.option("--out", type=Existing, required=True, help="The CSV file to write, outside the folder.")
@click.option("--replace", is_flag=True, help="Write over --out if it is there.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.95, show_default=True, help="Least confidence.")
@click.option("--most", type=click.IntRange(1), default=200, show_default=True, help="At most so many a class.")
@with_json
def pseudo_label(
    model: Path, folder: Path, out: Path, replace: bool, threshold: float, most: int, as_json: bool
) -> int:
    """Label the photos in FOLDER that MODEL is sure of, for “thaw train --pseudo-labels”; look at them first."""
    control = Control()
    events = engine.pseudo_label(
        model, folder, out, threshold=threshold, most_per_class=most, replace=replace, control=control
    )
    return play(events, control, as_json)


@cli.command()
@click.argument("model", type=Existing)
@click.argument("data", type=Existing)
@click.option("--out", type=Existing, required=True, help="The folder to write metrics.json and predictions.csv to.")
@with_json
def evaluate(model: Path, data: Path, out: Path, as_json: bool) -> int:
    """Measure MODEL on the labelled photos of DATA: its test split where it has one, else val, else all of it."""
    control = Control()
    return play(engine.evaluate(model, data, out, control=control), control, as_json)


@cli.command()
@click.argument("target", metavar="NAME|RUN")
@click.option("--layer", required=True, help="The dotted name of a convolution; “thaw layers” lists them.")
@click.option("--photo", type=Existing, help="The photo to make feature maps of.")
@click.option("--weights-dir", type=Existing, help="A folder to look for pretrained weights in first.")
@click.option("--out", type=Existing, required=True, help="The folder to write PNG files to.")
@with_json
def look(target: str, layer: str, photo: Path | None, weights_dir: Path | None, out: Path, as_json: bool) -> int:
    """Picture the filters of a layer and its feature maps on a photo, before and after training."""
    control = Control()
    events = engine.look(target, layer, out, photo=photo, weights_dir=weights_dir, control=control)
    return play(events, control, as_json)


@cli.command()
@click.argument("data", type=Existing)
@with_json
def scan(data: Path, as_json: bool) -> int:
    """Tell what is in a dataset folder, and what is wrong with it."""
    control = Control()
    return play(engine.scan(data, control), control, as_json)


@cli.command()
@click.argument("model")
@click.option("--strategy", help="Whose frozen layers to show  [feature-extraction; of a run, its own].")
@click.option("--image-size", type=click.IntRange(1), help="Side of the image in pixels.")
@click.option("--classes", type=click.IntRange(1), default=2, show_default=True, help="Classes of the head.")
@click.option("--head", default="linear", show_default=True, help="The kind of the head.")
@click.option("--head-width", type=click.IntRange(1), default=512, show_default=True, help="Its hidden units, if any.")
@click.option("--graph", is_flag=True, help="Print the operations and how they are joined, too.")
@with_json
def layers(
    model: str,
    strategy: str | None,
    image_size: int | None,
    classes: int,
    head: str,
    head_width: int,
    graph: bool,
    as_json: bool,
) -> int:
    """Print the layer tree of MODEL: a name of the catalog, or a model file or run."""
    events = importlib.import_module("engine.models.layers.tree_of").layers_of(
        model, strategy, image_size, classes, head=head, width=head_width, graph=graph
    )
    return play(events, Control(), as_json)


@cli.command()
@click.argument("model")
@click.option("--image-size", type=click.IntRange(1), help="Side of the image in pixels.")
@click.option("--batch-size", type=click.IntRange(2), default=8, show_default=True, help="Photos at once.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@with_json
def measure(model: str, image_size: int | None, batch_size: int, device: str, as_json: bool) -> int:
    """Measure how long each layer of MODEL takes on this machine, forward and backward."""
    control = Control()
    return play(engine.measure(model, image_size, batch_size, device, control), control, as_json)


@cli.command()
@click.option("--weights-dir", type=Existing, help="A folder to look for pretrained weights in first.")
@click.option("--search", help="Only models in which all of these words are found, timm's among them.")
@click.option("--all", "everything", is_flag=True, help="All of timm's too, as timm/NAME.")
@with_json
def models(weights_dir: Path | None, search: str | None, everything: bool, as_json: bool) -> int:
    """List the architectures and your own, and whether their pretrained weights are on this machine."""
    events = importlib.import_module("engine.models.tables").listed(search, everything, weights_dir)
    return play(events, Control(), as_json)


@cli.group()
def weights() -> None:
    """Pretrained weights: list them, fetch them, import a file of your own."""


@weights.command("list")
@click.option("--weights-dir", type=Existing, help="A folder to look in first.")
@click.option("--verify", is_flag=True, help="Hash each file that is here, and tell which are damaged.")
@with_json
def weights_list(weights_dir: Path | None, verify: bool, as_json: bool) -> int:
    """List what there is for each model, and whether it is on this machine."""
    return play(engine.list_weights(weights_dir, verify=verify), Control(), as_json)


@weights.command("get")
@click.argument("names", metavar="MODEL[@WEIGHTS]...", nargs=-1, required=True)
@click.option("--weights-dir", type=Existing, help="A folder to look in first.")
@with_json
def weights_get(names: tuple[str, ...], weights_dir: Path | None, as_json: bool) -> int:
    """Fetch official weights, verified; what broke off before goes on."""
    control = Control()
    return play(engine.get_weights(names, weights_dir, control), control, as_json)


@weights.command("import")
@click.argument("file", type=Existing)
@click.option("--model", help="The model they are for  [found by looking]")
@click.option("--check", is_flag=True, help="Only tell what is in the file; keep nothing.")
@with_json
def weights_import(file: Path, model: str | None, check: bool, as_json: bool) -> int:
    """Keep a copy of FILE, weights of your own, for the model that they fit. Nothing in the file is run."""
    return play(engine.import_weights(file, model, check=check), Control(), as_json)


@cli.command()
@click.option("--out", type=Existing, default=Path("thaw-demo"), show_default=True, help="The folder to write to.")
@with_json
def demo(out: Path, as_json: bool) -> int:
    """Do the whole job on the built-in sample set: train, test, classify. No network."""
    control = Control()
    return play(engine.demo(out, control), control, as_json)


@cli.command()
@click.option(
    "--self-check", is_flag=True, help="Load a model, classify a photo, draw the window; exit 0 if all works."
)
@with_json
def doctor(self_check: bool, as_json: bool) -> int:
    """Tell versions, devices and why one is not used, folders, and what is wrong."""
    events = list(importlib.import_module("engine.doctor").self_check() if self_check else engine.checks())
    status = play(events, Control(), as_json)
    return 1 if self_check and events[-1].problems else status


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def app(arguments: tuple[str, ...]) -> int:
    """Open the window."""
    return subprocess.run([*window_program(), *arguments], check=False).returncode


def window_program() -> list[str]:
    """How the window is started: the sibling program where frozen, the package else. The engine never imports Qt."""
    if getattr(sys, "frozen", False):
        name = "thaw-app.exe" if sys.platform == "win32" else "thaw-app"
        return [str(Path(sys.executable).with_name(name))]
    return [sys.executable, "-m", "desktop_app"]
