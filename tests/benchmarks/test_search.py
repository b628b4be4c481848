"""How fast the list of models opens and timm's thousand are searched."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from engine.models import tables, timm_models

pytestmark = pytest.mark.bench


def test_search_while_typing(figure: Callable[[str], None]) -> None:
    """The first search reads timm's table; a later one must not be felt between two keys."""
    timm_models.facts.cache_clear()
    timm_models.searched.cache_clear()
    for text in ("", "v", "vit", "vit dino", "resnet in21k", "no such model"):
        start = time.perf_counter()
        found = tables.search_all(text)
        figure(f"“{text}”: {len(found)} models in {(time.perf_counter() - start) * 1e3:.1f} ms")
    start = time.perf_counter()
    found = tables.list_models()
    figure(f"the list of {len(found)} in {(time.perf_counter() - start) * 1e3:.1f} ms")
