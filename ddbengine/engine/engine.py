"""The engine: operations by name, run as plans over a store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import writes_of
from ddbengine.engine.context import Caller, Prepare, Surroundings
from ddbengine.engine.housekeeping import Housekeeper
from ddbengine.engine.operations import OPERATIONS
from ddbengine.engine.reset import Reset
from ddbengine.storage.status import StoreStatus
from ddbengine.storage.store import Outcome, Plan, Store, WritesOf

__all__ = ["Engine"]


_LEAVE_GARBAGE = frozenset({"DeleteTable", "UpdateTable"})


class Engine:
    """Answers checked requests from one store.  Safe from many threads."""

    operations: Mapping[str, Prepare] = OPERATIONS

    def __init__(
        self,
        open_store: Callable[[WritesOf], Store],
        *,
        clock: Callable[[], float] = time.time,
        shared: bool = False,
        transient_seconds: float = 0.0,
    ) -> None:
        """``open_store`` is given the function that turns changes into writes.  ``clock`` gives seconds since the
        epoch; ``shared`` puts all callers into one namespace; see ``Surroundings`` for transient_seconds."""
        self.store = open_store(writes_of)
        self._surroundings = Surroundings(Catalog(clock), clock, shared, transient_seconds)
        self._housekeeper = Housekeeper(self.store, clock)

    def prepare(self, operation: str, request: dict[str, Any], caller: Caller) -> Plan:
        """Make the plan of a checked request; raise ApiError for what is wrong whatever the store holds."""
        return self.operations[operation](self._surroundings, caller, request)

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Outcome]:
        """The response body of a read at once; of a write, the future of its outcome.  Raise ApiError."""
        plan = self.operations[operation](self._surroundings, caller, request)
        if plan.writes:
            future = self.store.submit(plan)
            if operation in _LEAVE_GARBAGE:
                future.add_done_callback(self._purge_later)
            return future
        with self.store.snapshot(plan.consistent) as txn:
            return plan.run(txn).body

    def execute(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes:
        """As ``answer``, waiting for a write to be durable."""
        answer = self.answer(operation, request, caller)
        return answer if isinstance(answer, bytes) else answer.result().body

    def fork(self, path: Path | None = None) -> Engine:
        """An engine of its own over a copy of everything there is now: in memory, or in a directory that is empty or
        not there yet.  Others may write meanwhile.  Raise StoreError when there is no room, or something in the way."""
        surroundings = self._surroundings
        return Engine(
            lambda _: self.store.fork(path),
            clock=surroundings.clock,
            shared=surroundings.shared,
            transient_seconds=surroundings.transient_seconds,
        )

    def reset(self) -> None:
        """Delete all tables of all callers and everything in them, in order with other writes; numbers start anew."""
        self.store.submit(Reset()).result()

    def status(self) -> StoreStatus:
        """How the store and its replicas are at this moment."""
        return self.store.status()

    def close(self) -> None:
        """Finish what was submitted and release the store."""
        self._housekeeper.close()
        self.store.close()

    def _purge_later(self, deletion: Future[Outcome]) -> None:
        if deletion.exception() is None:
            self._housekeeper.purge_in(self._surroundings.transient_seconds)
