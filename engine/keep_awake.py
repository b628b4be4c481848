"""A machine that does not go to sleep by itself while a run trains."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator


@contextlib.contextmanager
def kept_awake() -> Iterator[bool | None]:
    """Within this the machine stays awake, though its screen may go dark. Gives whether that could be asked of it; None
    where the library for it is not installed. Nothing here ever ends a run."""
    held = contextlib.ExitStack()
    active: bool | None = False
    try:
        mode = importlib.import_module("wakepy").keep.running(on_fail="pass")
        active = bool(held.enter_context(mode).active)
    except ImportError:
        active = None
    except Exception:  # a desktop's own services fail in ways of their own
        active = False
    try:
        yield active
    finally:
        with contextlib.suppress(Exception):
            held.close()
