"""Time that was worked: a machine that slept, a pause and a wait do not count."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import time
from collections.abc import Iterator


def awake_seconds() -> float:
    """Seconds that the machine has been awake, from some moment on."""
    if sys.platform == "win32":
        hundred_ns = ctypes.c_ulonglong()
        ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(hundred_ns))
        return hundred_ns.value / 1e7
    return time.monotonic()  # stands while Linux and macOS sleep


def passed_seconds() -> float:
    """Seconds from some moment on, asleep or awake. Never the clock on the wall, which people set."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


class Stopwatch:
    """Counts from `seconds` on; stands while the machine sleeps, and within `stopped`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._begun = time.perf_counter() - seconds
        self._asleep = passed_seconds() - awake_seconds()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._begun

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._begun += time.perf_counter() - begun

    def slept(self) -> float:
        """Seconds that the machine slept since this was last asked."""
        asleep = passed_seconds() - awake_seconds()
        slept, self._asleep = asleep - self._asleep, asleep
        if sys.platform == "win32" and slept > 1:  # elsewhere the counter stands as well
            self._begun += slept
        return max(0.0, slept)
