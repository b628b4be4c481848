"""Commands about architectures, their layers and their weights."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

import engine
from engine.commands.play import Existing, play, with_json
from engine.control import Control


@click.command()
@click.option("--weights-dir", type=Existing, help="A folder to look for pretrained weights in first.")
@click.option("--search", help="Only models in which all of these words are found, timm's among them.")
@click.option("--all", "everything", is_flag=True, help="All of timm's too, as timm/NAME.")
@with_json
def models(weights_dir: Path | None, search: str | None, everything: bool, as_json: bool) -> int:
    """List the architectures and your own, and whether their pretrained weights are on this machine."""
    events = importlib.import_module("engine.models.tables").listed(search, everything, weights_dir)
    return play(events, Control(), as_json)


@click.command()
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


@click.command()
@click.argument("model")
@click.option("--image-size", type=click.IntRange(1), help="Side of the image in pixels.")
@click.option("--batch-size", type=click.IntRange(2), default=8, show_default=True, help="Photos at once.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@with_json
def measure(model: str, image_size: int | None, batch_size: int, device: str, as_json: bool) -> int:
    """Measure how long each layer of MODEL takes on this machine, forward and backward."""
    control = Control()
    return play(engine.measure(model, image_size, batch_size, device, control), control, as_json)


@click.command()
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


@click.group()
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
