"""How a setting is declared."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


def setting(default: Any, title: str, description: str, unit: str = "", advanced: bool = True, **bounds: Any) -> Any:
    """A declared setting: `description` is one sentence, `bounds` are pydantic's (ge, gt, le, lt)."""
    return Field(
        default=default,
        title=title,
        description=description,
        json_schema_extra={"unit": unit, "advanced": advanced},
        **bounds,
    )


class Settings(BaseModel):
    """A group of settings; `group` is its title."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)
    group: ClassVar[str] = ""
