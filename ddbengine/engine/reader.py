"""An engine that only reads, beside another process that writes to the same store and is asked for all else.

What it reads is what the writing engine would read at that moment: snapshots see everything acknowledged, schemas carry
a version, and the clock runs as the writer's.  Whatever depends on more than that is relayed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from ddbengine.engine.catalog import Catalog
from ddbengine.engine.context import Caller, Prepare, Surroundings
from ddbengine.engine.operations import OPERATIONS
from ddbengine.storage.errors import StoreError
from ddbengine.storage.shared_reads import SharedReads
from ddbengine.storage.shared_state import SharedState
from ddbengine.storage.store import Outcome

__all__ = ["Reader", "Relay"]

Relay = Callable[[str, dict[str, Any], Caller], "Future[Outcome]"]
"""Has the writing process carry out a checked request.  The future's exception is an ApiError, or a StoreError."""

_STATEMENTS = frozenset({"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"})
"""Whether one reads is known when it is prepared, and of what only when it is understood."""
_READS = _STATEMENTS | {
    "BatchGetItem",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "ListTables",
    "ListTagsOfResource",
    "Query",
    "Scan",
    "TransactGetItems",
}


class Reader:
    """Answers checked requests, in one thread.  Faults on demand are the writer's to decide."""

    operations: Mapping[str, Prepare] = OPERATIONS
    faults = None

    def __init__(
        self,
        reads: SharedReads,
        state: SharedState,
        relay: Relay,
        *,
        clock: Callable[[], float] = time.time,
        shared: bool = False,
        transient_seconds: float = 0.0,
        reads_itself: bool = True,
        reads_eventually: bool = True,
    ) -> None:
        """``reads_itself``: False where something befalls requests that only the writer knows.  ``reads_eventually``:
        False where reads that need not be consistent go to replicas in turn, or are late."""
        self._reads = reads
        self._state = state
        self._relay = relay
        self._own = _READS if reads_itself else frozenset()
        self._reads_eventually = reads_eventually

        def now() -> float:
            return clock() + state.ahead_seconds

        self._surroundings = Surroundings(Catalog(now), now, shared, transient_seconds)

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Outcome]:
        """The response body of a read at once, or the future of what the writer says.  Raise ApiError."""
        if operation not in self._own or self._is_ahead_of_an_index(operation, request):
            return self._relay(operation, request, caller)
        plan = OPERATIONS[operation](self._surroundings, caller, request)
        if plan.writes or not (plan.consistent or self._reads_eventually):
            return self._relay(operation, request, caller)
        try:
            snapshot = self._reads.snapshot(plan.consistent)
        except StoreError:
            return self._relay(operation, request, caller)
        with snapshot as txn:
            return plan.run(txn).body

    def _is_ahead_of_an_index(self, operation: str, request: Mapping[str, Any]) -> bool:
        """Whether a global index that the request may read does not show all that was acknowledged."""
        return ("IndexName" in request or operation in _STATEMENTS) and not self._state.is_log_passed

    def answer_struck(self, operation: str, request: dict[str, Any], caller: Caller, strike: Any) -> Future[Outcome]:
        raise AssertionError("a reader has no faults on demand")
