"""Work nobody waits for: removing what deleted tables and indexes left behind, a bounded batch at a time.

One thread, started when there is something to do, submits plans like any client and so never holds the committer for
longer than a batch takes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ddbengine.engine.purge import DONE, purge_pending, purge_plan
from ddbengine.storage.store import Store

_log = logging.getLogger(__name__)


class Housekeeper:
    """Runs purges over one store until closed."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._changed = threading.Condition()
        self._due: float | None = None
        """When to purge next, on the monotonic clock; None when nothing is known to be left behind."""
        self._closed = False
        self._thread: threading.Thread | None = None
        with store.snapshot() as txn:
            left_behind = purge_pending(txn)
        if left_behind:
            self.purge_in(0.0)

    def purge_in(self, seconds: float) -> None:
        """Purge after so many seconds, or sooner if that was already asked for."""
        due = time.monotonic() + seconds
        with self._changed:
            if self._closed:
                return
            self._due = due if self._due is None else min(due, self._due)
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
        while self._wait_until_due():
            try:
                self._purge()
            except Exception:
                _log.exception("what deleted tables left behind could not be removed; it is tried again at the next")

    def _wait_until_due(self) -> bool:
        with self._changed:
            while not self._closed:
                timeout = None if self._due is None else self._due - time.monotonic()
                if timeout is not None and timeout <= 0:
                    self._due = None
                    return True
                self._changed.wait(timeout)
            return False

    def _purge(self) -> None:
        plan = purge_plan(self._clock)
        while not self._closed and self._store.submit(plan).result().body != DONE:
            pass
