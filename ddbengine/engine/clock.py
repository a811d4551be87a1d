"""The engine's time: a clock that runs like another one, and can be put forward."""

from __future__ import annotations

from collections.abc import Callable

ADVANCE_MAX_SECONDS = 100 * 365 * 24 * 3600
"""A hundred years: every time that is shown stays one that clients can read."""


class Clock:
    """Seconds since the epoch.  What it was put forward by is forgotten with the engine."""

    def __init__(self, source: Callable[[], float]) -> None:
        self._source = source
        self._ahead = 0.0

    def __call__(self) -> float:
        return self._source() + self._ahead

    @property
    def ahead_seconds(self) -> float:
        """What it was put forward by."""
        return self._ahead

    def advance(self, seconds: float) -> float:
        """Put the clock forward; return the time it then shows.  ValueError for going back, or too far."""
        if not 0 <= seconds <= ADVANCE_MAX_SECONDS - self._ahead:
            raise ValueError(f"the clock can be put forward, by {ADVANCE_MAX_SECONDS} seconds in all; not by {seconds}")
        self._ahead += seconds
        return self()
