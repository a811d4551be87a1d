"""How long to wait before trying again: twice as long each time, up to a limit, and at random below that, so that
workers which failed together do not come back together."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(slots=True)
class Backoff:
    """One series of attempts.  ``next`` is the wait before the next one, in seconds; ``reset`` after a success."""

    base_seconds: float = 0.2
    limit_seconds: float = 30.0
    chance: Callable[[], float] = random.random
    """Gives a number from 0 to 1."""
    failures: int = 0

    def next(self) -> float:
        ceiling = min(self.limit_seconds, self.base_seconds * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return ceiling * (0.5 + 0.5 * self.chance())

    def reset(self) -> None:
        self.failures = 0
