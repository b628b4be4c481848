"""Strategies of the person's own: what they ticked in the tree, kept under a name, a TOML file each."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from engine.config import TrainConfig
from engine.errors import ConfigError, ThawError
from engine.models.strategies import STRATEGIES

SUFFIX = ".toml"
LONGEST_NAME = 64
SETTINGS = ("trainable", "unfreeze", "block_lr_ratio", "norm_affine", "norm_statistics")
"""What a strategy of one's own decides, under the names that TrainConfig gives it."""


def _file_name(name: str) -> str:
    if not re.fullmatch(rf"[\w-]{{1,{LONGEST_NAME}}}", name):
        raise ValueError("must be made of letters, digits and hyphens")
    return name


class OwnStrategy(BaseModel):
    """A strategy for one model. `name` is what `--strategy` takes and the name of the file, `title` what a person
    reads; the rest are settings of the same names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, AfterValidator(_file_name)]
    title: str
    model: str
    trainable: tuple[str, ...]
    unfreeze: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    block_lr_ratio: Annotated[float | None, Field(gt=0, le=1)] = None
    norm_affine: Literal["follow", "frozen", "trained"] = "follow"
    norm_statistics: Literal["follow", "frozen"] = "follow"


def folder() -> Path:
    """Where they are kept: `THAW_STRATEGIES_DIR`, else beside the person's other settings."""
    named = os.environ.get("THAW_STRATEGIES_DIR")
    return Path(named) if named else Path(platformdirs.user_config_dir("Thaw", appauthor=False)) / "strategies"


def name_for(title: str) -> str:
    """A name made from a title: “Last two, no norms” gives last-two-no-norms."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")[:LONGEST_NAME].strip("-")


def make_own(title: str, config: TrainConfig) -> OwnStrategy:
    """What `config` says, as a strategy under `title`. Raises ConfigError for a title that makes no name."""
    values = {name: getattr(config, name) for name in SETTINGS}
    values["trainable"] = config.trainable or ()
    return _checked({"name": name_for(title), "title": title, "model": config.model} | values, "The strategy")


def save_own(strategy: OwnStrategy, *, replace: bool = False) -> Path:
    """Write it; returns the file. Raises ThawError where the name is taken, or nothing can be written."""
    if strategy.name in STRATEGIES:
        raise ThawError(f"“{strategy.name}” is the name of one of Thaw's strategies; choose another.")
    path = _path(strategy.name)
    if path.exists() and not replace:
        raise ThawError(f"There is a strategy named “{strategy.name}” already; choose another name, or replace it.")
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(tomli_w.dumps(strategy.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ThawError(f"The strategy cannot be written to {path}: {error.strerror or error}.") from None
    return path


def delete_own(name: str) -> None:
    """Remove it. Raises ThawError where there is none, or it cannot be removed."""
    try:
        _path(name).unlink()
    except FileNotFoundError:
        raise ThawError(f"There is no strategy of your own named “{name}”.") from None
    except OSError as error:
        raise ThawError(f"The strategy {_path(name)} cannot be removed: {error.strerror or error}.") from None


def list_own() -> tuple[tuple[OwnStrategy, ...], tuple[str, ...]]:
    """(the strategies by title, a sentence for each file that is none)."""
    found, wrong = [], []
    for path in sorted(folder().glob("*" + SUFFIX)):
        try:
            found.append(_read(path))
        except ThawError as error:
            wrong.append(str(error))
    return tuple(sorted(found, key=lambda strategy: strategy.title.casefold())), tuple(wrong)


def find_own(name: str) -> OwnStrategy:
    """The strategy of that name. Raises ThawError that lists the names there are, or names what is wrong in its
    file."""
    if re.fullmatch(r"[\w-]+", name) and _path(name).is_file():
        return _read(_path(name))
    own = [strategy.name for strategy in list_own()[0]]
    raise ThawError(f"There is no strategy named “{name}”; the strategies are {', '.join([*STRATEGIES, *own])}.")


def expanded(config: TrainConfig) -> TrainConfig:
    """`config` with a strategy of one's own replaced by what it says, as the strategy “custom”.

    Raises ThawError where there is no such strategy, or it was made for another model.
    """
    if config.strategy in STRATEGIES:
        return config
    own = find_own(config.strategy)
    if own.model != config.model:
        raise ThawError(
            f"The strategy “{own.name}” was made for the model {own.model}, not {config.model}; choose that model, or "
            "another strategy."
        )
    return config.with_changes(strategy="custom", **{name: getattr(own, name) for name in SETTINGS})


def _path(name: str) -> Path:
    return folder() / (name + SUFFIX)


def _read(path: Path) -> OwnStrategy:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThawError(f"The strategy {path} cannot be read: {error}.") from None
    strategy = _checked(values, f"The strategy {path}")
    if strategy.name != path.stem:
        raise ThawError(f"The strategy {path} is named “{strategy.name}” within; it must be named as its file.")
    return strategy


def _checked(values: dict[str, Any], what: str) -> OwnStrategy:
    """Raises ConfigError with a sentence that names the first wrong or unknown key."""
    try:
        return OwnStrategy(**values)
    except ValidationError as error:
        item = error.errors()[0]
    key = str(item["loc"][0])
    if item["type"] == "extra_forbidden":
        known = ", ".join(OwnStrategy.model_fields)
        raise ConfigError(f"{what} has a key “{key}” that there is not; the keys are {known}.", {key: "unknown"})
    if item["type"] == "missing":
        raise ConfigError(f"{what} lacks the key “{key}”.", {key: "missing"})
    reason = item["msg"].replace("Input should be", "must be").replace("Value error, ", "")
    sentence = f"{what} has a wrong value for “{key}”: it {reason}, not {item['input']!r}."
    raise ConfigError(sentence, {key: sentence})
