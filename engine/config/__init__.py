"""TrainConfig: what was asked of a run. Each setting is declared once, in the file of its group; the form in the
window, the flags of the command line and the documentation are made from the declaration."""

from __future__ import annotations

import tomllib
from typing import Any, Self

import tomli_w
from pydantic import ValidationError, model_validator

from engine.config.declare import Settings
from engine.config.loss import LossSettings
from engine.config.machine import MachineSettings
from engine.config.model import ModelSettings
from engine.config.optimizer import OptimizerSettings
from engine.config.photos import PhotoSettings
from engine.config.run import RunSettings
from engine.errors import ConfigError

GROUPS: tuple[type[Settings], ...] = (
    ModelSettings,
    RunSettings,
    PhotoSettings,
    LossSettings,
    OptimizerSettings,
    MachineSettings,
)
"""As a form shows them."""


# The bases stand in reverse: so pydantic takes their fields in the order of GROUPS.
class TrainConfig(MachineSettings, OptimizerSettings, LossSettings, PhotoSettings, RunSettings, ModelSettings):
    """Everything that decides what a run computes. Frozen; an unknown or wrong key is a ConfigError that names it.

    None means "chosen for you"; a run directory's config.toml holds the values that were chosen.
    """

    @model_validator(mode="after")
    def _is_lowered_before_the_end(self) -> Self:
        """Patience leaves the schedule that waits for validation the time to lower the rate."""
        if self.schedule == "plateau" and 0 < self.patience <= self.plateau_epochs:
            raise ValueError(
                f"The run would stop after {self.patience} epochs without improvement, before the schedule lowers the "
                f"rate (after {self.plateau_epochs}): raise the patience, or lower “Plateau”."
            )
        return self

    def with_changes(self, **changes: Any) -> TrainConfig:
        """A copy with `changes`, checked again; ConfigError names what is wrong."""
        return make_config(self.model_dump() | changes)


def make_config(values: dict[str, Any]) -> TrainConfig:
    """A checked TrainConfig. Raises ConfigError with a sentence for each wrong or unknown key, and under the key "" for
    settings that contradict each other."""
    try:
        return TrainConfig(**values)
    except ValidationError as error:
        fields = {str(item["loc"][0]) if item["loc"] else "": _sentence(item) for item in error.errors()}
        raise ConfigError(" ".join(fields.values()), fields) from None


def _sentence(item: Any) -> str:
    if not item["loc"]:  # of settings together, and a sentence as it is
        return str(item["msg"]).removeprefix("Value error, ")
    key, given = item["loc"][0], item["input"]
    if item["type"] == "extra_forbidden":
        return f"There is no setting named “{key}”; see “thaw train --help” for those there are."
    field = TrainConfig.model_fields.get(str(key))
    title = field.title if field else key
    reason = item["msg"].replace("Input should be", "must be").replace("Value error, ", "")
    return f"{title} ({key}) {reason}, not {given!r}."


def parse_assignment(text: str) -> tuple[str, Any]:
    """`key=value` of the command line, the value read as TOML where it is that, else as plain text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"“{text}” is not of the form key=value.")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def to_toml(config: TrainConfig) -> str:
    """The settings as TOML; those that are None are left out, which reads back as None."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def read_values(text: str, source: str = "the settings") -> dict[str, Any]:
    """The keys and values of a TOML text, unchecked. Raises ConfigError where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} cannot be read as TOML: {error}.") from None


def from_toml(text: str, source: str = "the settings") -> TrainConfig:
    """The TrainConfig that `to_toml` wrote. Raises ConfigError for bad TOML, unknown and wrong keys."""
    values = read_values(text, source)
    if values.get("batch_size") == 1:  # could be asked for once, and taught nothing; such a run stays readable
        values["batch_size"] = 2
    return make_config(values)
