"""Reads of streams and searches that take milliseconds, on a thread of their own, so that nobody waits behind them.

A consumer that catches up asks for page after page of a thousand records.  Done where it arrives, each page would hold
up every other request of the server; here it pauses between steps, and others go first.  A read near the end of the
log, which is what most consumers do most of the time, is quick and does without the change of threads.

How long a search takes is only seen on the way: it begins where it arrives, and raises ReadIsLong if there is more to
look at than a millisecond's worth.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from ddbengine.engine.shard_reads import GetRecords
from ddbengine.storage.errors import StoreClosed
from ddbengine.storage.store import Outcome, Plan, Store

__all__ = ["LongReads", "ReadIsLong"]

Pause = Callable[[], object]

QUICK_MAX_CHANGES = 100
"""Behind a place in the log, that a read may be done with at once: well under a millisecond."""
READ_SECONDS = 0.001
"""From one pause to the next."""
PAUSE_SECONDS = 0.00005
"""Enough for a thread that waits for the interpreter to get it."""


class ReadIsLong(Exception):
    """The plan is to be read with pauses."""


@runtime_checkable
class Pausable(Protocol):
    """A plan that can be read with pauses."""

    def pausing(self, pause: Pause) -> Plan:
        """The same read; ``pause`` is called between any two steps, each well under a millisecond."""
        ...


def is_long(plan: Plan, last_logged: int) -> bool:
    """Whether a plan reads more of a log that goes up to ``last_logged`` than is done between two other requests."""
    return isinstance(plan, GetRecords) and last_logged - plan.claimed_after > QUICK_MAX_CHANGES


class _Pauses:
    """Sleeps when it is called, if it is time."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def __call__(self) -> None:
        if time.perf_counter() - self._since >= READ_SECONDS:
            time.sleep(PAUSE_SECONDS)
            self._since = time.perf_counter()


class LongReads:
    """The thread is started when it is first needed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread: ThreadPoolExecutor | None = None
        self._process = os.getpid()
        self._closed = False

    def takes(self, plan: Plan) -> bool:
        """Whether a plan is to be read here: not once closed, nor in a process forked off, where the thread is not."""
        return is_long(plan, self._store.last_logged()) and not self._closed and os.getpid() == self._process

    def submit(self, plan: Plan) -> Future[Outcome]:
        """The outcome of a plan that is taken, or that raised ReadIsLong."""
        assert isinstance(plan, Pausable), plan
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "ddbengine-long-reads")
        try:
            return self._thread.submit(self._read, plan.pausing(_Pauses()))
        except RuntimeError as error:
            if not self._closed:
                raise
            raise StoreClosed("the store is closed") from error

    def _read(self, plan: Plan) -> Outcome:
        with self._store.snapshot(plan.consistent) as txn:
            return plan.run(txn)

    def close(self) -> None:
        """Finish what was submitted."""
        self._closed = True
        if self._thread is not None:
            self._thread.shutdown()
