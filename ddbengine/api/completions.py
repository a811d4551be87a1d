"""Bringing finished writes back to the event loop: many of them per wake-up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

__all__ = ["Completions"]

Settle = Callable[[Future[Any]], None]


class Completions:
    """Calls back, in the loop's thread, for futures that finish in any other.

    A group commit finishes its futures one after another; the loop is woken for the first, and finds the others.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._finished: deque[tuple[Settle, Future[Any]]] = deque()
        self._woken = False

    def watch(self, future: Future[Any], settle: Settle) -> None:
        """Call ``settle(future)`` in the loop once it has finished."""
        future.add_done_callback(partial(self._finish, settle))

    def _finish(self, settle: Settle, future: Future[Any]) -> None:
        self._finished.append((settle, future))
        # Appending comes before this test, and _drain clears the mark before it looks: nothing is left behind.
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._drain)
            except RuntimeError:
                # The loop is closed: the server gave up waiting for this write, and nobody is left to be told.
                self._finished.clear()

    def _drain(self) -> None:
        self._woken = False
        finished = self._finished
        while finished:
            settle, future = finished.popleft()
            settle(future)
