"""Work nobody waits for, on one thread: chores, each a bounded batch at a time and with a time when it is next due.

A chore submits plans like any client, so it never holds the committer for longer than a batch takes; between batches
the others have their turn, for as long as those took (``one_by_one``).  The thread is started when the first chore is
due.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

_log = logging.getLogger(__name__)

Chore = Callable[[], float | None]
"""Does one batch; returns in how many seconds the next is due, None when there is nothing to do until it is asked."""

RETRY_SECONDS = 10.0
"""After a chore failed: what is in its way, a full disk most likely, does not go away by itself at once."""


SHORTEST_PAUSE_SECONDS = 0.001

_Part = TypeVar("_Part")


def one_by_one(part: Callable[[_Part], bytes], parts: Iterable[_Part]) -> tuple[list[bytes], float]:
    """What came of each part, and the seconds until the next ones if there is more: as long as these took, so that
    clients have at least half of the committer.

    One after another: the committer would run parts that wait together in one transaction.
    """
    started = time.monotonic()
    bodies = [part(each) for each in parts]
    return bodies, max(time.monotonic() - started, SHORTEST_PAUSE_SECONDS)


class Housekeeper:
    """Does chores until closed; names are for the log and for asking."""

    def __init__(self, chores: Mapping[str, Chore]) -> None:
        self._chores = chores
        self._due: dict[str, float] = {}
        """On the monotonic clock, by name; chores with nothing to do are not in it."""
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self, name: str, seconds: float = 0.0) -> None:
        """Have a batch of a chore done after so many seconds, or sooner if that was already asked for."""
        due = time.monotonic() + seconds
        if self._due.get(name, math.inf) <= due:
            return  # without the lock or waking the thread: busy operations ask for the same chore again and again
        with self._changed:
            if self._closed:
                return
            self._due[name] = min(due, self._due.get(name, due))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ddbengine-housekeeping", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Stop after the batch under way; what is left is found at the next opening."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (name := self._wait_until_due()) is not None:
            try:
                again = self._chores[name]()
            except Exception:
                _log.exception("%s failed; it is tried again in %g seconds", name, RETRY_SECONDS)
                again = RETRY_SECONDS
            if again is not None:
                self.ask(name, again)

    def _wait_until_due(self) -> str | None:
        """The chore that has been due for longest, no longer due; None once closed."""
        with self._changed:
            while not self._closed:
                name = min(self._due, key=self._due.__getitem__, default=None)
                timeout = None if name is None else self._due[name] - time.monotonic()
                if name is not None and timeout is not None and timeout <= 0:
                    del self._due[name]
                    return name
                self._changed.wait(timeout)
            return None
