"""Requests that are repeated while what is wrong may pass: throttling, a connection that breaks, a server's own fault.

One line says so when it begins.  When nothing has got through for a minute, or nothing ever did because nobody answers
there, it is taken for the answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ddbengine.consumer.backoff import Backoff
from ddbengine.consumer.errors import EndpointUnreachable
from ddbengine.consumer.failures import is_throttling, is_transient, translated

__all__ = ["Patience", "Stopped"]

LIMIT_SECONDS = 60.0
_WAIT_MAX_SECONDS = 10.0

Answer = TypeVar("Answer")


class Stopped(Exception):
    """Somebody asked to stop while a request waited to be repeated."""


class Patience:
    """Calls what is given it, again and again if need be.  Safe from many threads."""

    def __init__(
        self,
        warn: Callable[[str], None],
        *,
        limit_seconds: float = LIMIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """``wait`` waits for some seconds and says whether to give up; by default that is after ``stop``."""
        self._warn = warn
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._lock = threading.Lock()
        self._has_worked = False
        self._is_in_trouble = False

    def stop(self) -> None:
        """Let nothing wait any longer: waiting calls raise Stopped."""
        self._stopping.set()

    def pause(self, seconds: float) -> None:
        """Wait for no reason but pace.  Raise Stopped."""
        if self._wait(seconds):
            raise Stopped

    def __call__(self, call: Callable[[], Answer]) -> Answer:
        """What the call returns, as soon as it does.  Raise its error when that would not pass, or has not for the
        limit; Stopped when asked to."""
        deadline = self._clock() + self._limit_seconds
        backoff = Backoff(limit_seconds=_WAIT_MAX_SECONDS)
        while True:
            try:
                answer = call()
            except Exception as error:
                seconds = backoff.next()
                if not self._may_pass(error) or self._clock() + seconds > deadline:
                    raise
                self._tell(error)
            else:
                self._has_worked, self._is_in_trouble = True, False
                return answer
            self.pause(seconds)

    def _may_pass(self, error: Exception) -> bool:
        is_nobody_there = not is_throttling(error) and isinstance(translated(error), EndpointUnreachable)
        return self._has_worked if is_nobody_there else is_transient(error)

    def _tell(self, error: Exception) -> None:
        with self._lock:
            if self._is_in_trouble:
                return
            self._is_in_trouble = True
        self._warn("throttled, slowing down" if is_throttling(error) else f"{translated(error)}; trying again")
