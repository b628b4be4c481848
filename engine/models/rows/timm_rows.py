"""The curated rows that timm builds: ResNet-v2, SE-ResNet, ConvNeXt V2, CoAtNet."""

from __future__ import annotations

import json
from typing import Any

from engine.models import timm_models
from engine.models.rows.families import FAMILIES
from engine.models.rows.timm_said import SAID
from engine.models.spec import ModelSpec, Need


def _read() -> dict[str, dict[str, Any]]:
    """Their rows of timm's table, kept apart because that takes tens of milliseconds to read."""
    rows: list[dict[str, Any]] = json.loads((timm_models.TABLES / "timm_curated.json").read_text(encoding="utf-8"))
    return {row["name"]: row for row in rows}


def _row(facts: dict[str, Any], title: str, family: str, summary: str, needs: tuple[Need, ...]) -> ModelSpec:
    about = FAMILIES[family]
    return timm_models.spec_of(
        facts,
        name=facts["name"],
        title=title,
        family=family,
        summary=summary,
        year=about.year,
        brought=about.brought,
        recipe=about.recipe,
        needs=needs,
        curated=True,
    )


_FACTS = _read()
ROWS = tuple(_row(_FACTS[name], title, family, summary, needs) for name, title, family, summary, needs in SAID)
