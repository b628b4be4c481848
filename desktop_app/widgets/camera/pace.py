"""How often something happens, counted over the last seconds."""

from __future__ import annotations

from collections import deque

SECONDS = 2.0


class Pace:
    """Times are in seconds, of any clock that never goes back."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def note(self, now: float) -> None:
        """It happened."""
        self._times.append(now)
        # Two are kept however long ago the first was: what takes longer than that has a pace, too.
        while len(self._times) > 2 and self._times[0] < now - SECONDS:
            self._times.popleft()

    def forget(self) -> None:
        self._times.clear()

    def words(self) -> str:
        """“12 answers a second”; "" as long as nothing can be said."""
        span = self._times[-1] - self._times[0] if self._times else 0.0
        if span <= 0:
            return ""
        rate = (len(self._times) - 1) / span
        if rate < 1:
            return f"an answer every {1 / rate:.1f} s"
        return f"{rate:.0f} answers a second" if rate >= 1.5 else "1 answer a second"
