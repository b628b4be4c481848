"""A machine that does not go to sleep by itself while it works."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator

SECONDS_OF_SHORT_WORK = 60.0
"""No machine goes to sleep so soon, and asking it not to costs a start that short work should not pay."""


@contextlib.contextmanager
def kept_awake_when_long() -> Iterator[None]:
    """As `kept_awake`, once the work has lasted a minute."""
    ended = threading.Event()

    def hold() -> None:
        if not ended.wait(SECONDS_OF_SHORT_WORK):
            with kept_awake():
                ended.wait()

    holder = threading.Thread(target=hold, name="keep awake", daemon=True)
    holder.start()
    try:
        yield
    finally:
        ended.set()
        holder.join()


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
