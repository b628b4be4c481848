"""How a setting is declared."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


def setting(
    default: Any,
    title: str,
    description: str,
    unit: str = "",
    advanced: bool = True,
    *,
    empty: str = "automatic",
    only: tuple[str, tuple[Any, ...]] | None = None,
    **bounds: Any,
) -> Any:
    """A declared setting: `description` is one sentence, `bounds` are pydantic's (ge, gt, le, lt).

    `empty` is what None means, in a word. `only` is another setting and those of its values with which this one has an
    effect: the form shows it with them alone.
    """
    extra: dict[str, Any] = {"unit": unit, "advanced": advanced, "empty": empty}
    return Field(
        default=default,
        title=title,
        description=description,
        json_schema_extra=extra | ({"only": only} if only else {}),
        **bounds,
    )


class Settings(BaseModel):
    """A group of settings; `group` is its title."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)
    group: ClassVar[str] = ""
