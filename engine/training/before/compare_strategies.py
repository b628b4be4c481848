"""compare_strategies: several strategies on the same photos, trained in turn and held beside each other.

a strategy -> an ordinary run of it in a folder of its own -> … -> a row each, who is best, whether that may be luck

What is finished is not trained again and what was interrupted is resumed, so the same call goes on where it was left.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from engine import runs
from engine.config import TrainConfig, to_toml
from engine.control import Control
from engine.errors import RunError, ThawError
from engine.evaluation.strategies_compared import strategies_compared
from engine.events import Event, Notice, RunFinished, RunStarted
from engine.models.short_list import Candidate
from engine.models.side_by_side import pairs, settings_of
from engine.training.run import train
from engine.whole_file import write_whole

ASKED = "comparison.toml"
"""What was asked of the comparison that a folder holds."""


def compare_strategies(
    config: TrainConfig,
    folder: Path,
    *,
    strategies: Sequence[str] = (),
    models: Sequence[str] = (),
    weights_dir: Path | None = None,
    offline: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Train `config` by each of `strategies` (else all that suit), and with each of `models`, if any are named.

    Passes on the events of each run, which lies in `folder` under the name of its strategy; yields then a
    StrategyCompared for each that came to its end, and StrategiesCompared last. Splits and seed are the same for all.
    A run that fails by itself is told in a Notice and the others go on; *stop* and *finish* end the comparison with
    what there is. Raises ThawError for what would keep every run from training, and for a folder that holds something
    else.
    """
    control = control or Control()
    wanted = pairs(config, strategies, models)
    _claim(folder, config, several_models=bool(models))
    if config.learning_rate is not None:
        yield Notice(
            f"The learning rate is {config.learning_rate:g} for all of them; unset, each strategy has its own.",
            "same_rate",
        )
    places = {pair: folder / _name(pair, bool(models)) for pair in wanted}
    config = config.with_changes(comparison=_comparison(places.values()))
    began = False
    for pair, run_dir in places.items():
        if control.stopping or control.finishing:
            break
        try:
            running = train(
                settings_of(config, pair),
                run_dir,
                resume=True,
                weights_dir=weights_dir,
                offline=offline,
                control=control,
            )
            for event in running:
                began = began or isinstance(event, RunStarted | RunFinished)
                yield event
        except ThawError as error:
            # what has a kind ails the machine or the photos, and the next run would meet it too
            if error.kind or not began:
                raise
            yield Notice(f"{pair.model}, {pair.strategy}: {error}", "not_trained", run_dir)
    yield from strategies_compared(tuple(places.values()), control)


def _name(pair: Candidate, several_models: bool) -> str:
    model = pair.model.replace("/", "-")
    return f"{model}-{pair.strategy}" if several_models else pair.strategy


def _comparison(places: Iterable[Path]) -> str:
    """What those of the runs share that are there, for the others to share it too; else something new."""
    there = (runs.read_config(place).comparison for place in places if runs.state(place) != "absent")
    return next(filter(None, there), None) or runs.new_comparison()


def _claim(folder: Path, config: TrainConfig, several_models: bool) -> None:
    """Say in the folder what is compared there. Raises RunError where runs with other settings lie there already."""
    common: dict[str, object] = {
        "strategy": "feature-extraction",
        "trainable": None,
        "unfreeze": None,
        "comparison": None,
    }
    asked = to_toml(config.with_changes(**common | ({"model": "any"} if several_models else {}))).encode()
    path = folder / ASKED
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = any(runs.state(place) != "absent" for place in (folder, *folder.iterdir()))
        if held and (not path.is_file() or path.read_bytes() != asked):
            raise RunError(f"There are runs with other settings in {folder} already; choose another folder.")
        write_whole(path, asked)
    except OSError as error:
        raise RunError(f"The comparison cannot be kept in {folder}: {error.strerror or error}.") from error
