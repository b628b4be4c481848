"""The command that lets other programs ask a model."""

from __future__ import annotations

from pathlib import Path

import click

import engine
from engine.commands.photos import share
from engine.commands.play import Existing, play, with_json
from engine.control import Control


@click.command()
@click.argument("model", type=Existing)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where it listens; 0.0.0.0 for other machines too."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes a photo.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.0, help="Below this the label is unknown.")
@click.option(
    "--threshold-for", "by_class", multiple=True, metavar="CLASS=P", help="The same for one class; repeatable."
)
@click.option("--groups", type=Existing, help="A CSV file (class,group): a group is named where no class is sure.")
@click.option("--threads", type=click.IntRange(1), help="Photos at once  [one for each core].")
@click.option("--requests", type=click.IntRange(1), help="Requests at once  [four for each thread].")
@click.option(
    "--max-mb", type=click.FloatRange(0.001), default=25.0, show_default=True, help="Size of a request's body."
)
@click.option("--max-megapixels", type=click.FloatRange(0.01), default=200.0, show_default=True, help="Of one photo.")
@with_json
def serve(
    model: Path, host: str, port: int, top: int, threshold: float, by_class: tuple[str, ...], groups: Path | None,
    threads: int | None, requests: int | None, max_mb: float, max_megapixels: float, as_json: bool,
) -> int:  # fmt: skip
    """Let other programs classify photos with MODEL over HTTP on this machine, until Ctrl+C.

    POST a photo to /predict; /docs says what else there is.
    """
    control = Control()
    events = engine.serve(
        model, host, port, top=top, threshold=threshold, by_class=dict(map(share, by_class)), groups=groups,
        threads=threads, requests=requests, body_bytes=int(max_mb * 2**20), megapixels=max_megapixels, control=control,
    )  # fmt: skip
    return play(events, control, as_json)
