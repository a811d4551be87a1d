"""An engine that only reads, beside another process that writes to the same store and is asked for all else.

What it reads is what the writing engine would read at that moment: snapshots see everything acknowledged, schemas carry
a version, and the clock runs as the writer's.  Whatever depends on more than that is relayed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from ddbengine._core import Shortcut
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.context import Caller, Prepare, StreamSettings, Surroundings
from ddbengine.engine.index_waits import IndexesBehind
from ddbengine.engine.long_reads import ReadIsLong, is_long
from ddbengine.engine.operations import OPERATIONS
from ddbengine.engine.plain_lookups import plain_lookups
from ddbengine.engine.plain_queries import plain_queries
from ddbengine.storage.errors import StoreError
from ddbengine.storage.shared_reads import SharedReads
from ddbengine.storage.shared_state import SharedState
from ddbengine.storage.store import Outcome
from ddbengine.storage.transactions import Snapshot

__all__ = ["Reader", "Relay"]

Relay = Callable[[str, dict[str, Any], Caller], "Future[Outcome]"]
"""Has the writing process carry out a checked request.  The future's exception is an ApiError, or a StoreError."""

_STATEMENTS = frozenset({"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"})
"""Whether one reads is known when it is prepared, and of what only when it is understood."""
_READS = _STATEMENTS | {
    "BatchGetItem",
    "DescribeBackup",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeExport",
    "DescribeImport",
    "DescribeKinesisStreamingDestination",
    "DescribeStream",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "GetRecords",
    "GetResourcePolicy",
    "GetShardIterator",
    "ListBackups",
    "ListContributorInsights",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "ListStreams",
    "ListTables",
    "ListTagsOfResource",
    "Query",
    "Scan",
    "SearchVectors",
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
        streams: StreamSettings | None = None,
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

        catalog = Catalog(now)
        self._surroundings = Surroundings(
            catalog,
            now,
            shared,
            transient_seconds,
            streams=streams or StreamSettings(),
            pending_lsn=self._pending_lsn,
        )
        self._shortcuts = {
            "GetItem": plain_lookups(catalog, self._snapshot),
            "Query": plain_queries(self._surroundings, self._snapshot),
        }

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Outcome]:
        """The response body of a read at once, or the future of what the writer says.  Raise ApiError."""
        if operation not in self._own:
            return self._relay(operation, request, caller)
        plan = OPERATIONS[operation](self._surroundings, caller, request)
        if plan.writes or not (plan.consistent or self._reads_eventually) or is_long(plan, self._state.last_logged):
            return self._relay(operation, request, caller)
        try:
            snapshot = self._reads.snapshot(plan.consistent)
        except StoreError:
            return self._relay(operation, request, caller)
        try:
            with snapshot as txn:
                return plan.run(txn).body
        except (IndexesBehind, ReadIsLong):
            return self._relay(operation, request, caller)

    def shortcut(self, operation: str, caller: Caller) -> Shortcut | None:
        """See ``Engine.shortcut``."""
        find = self._shortcuts.get(operation) if operation in self._own else None
        return None if find is None else find(self._surroundings.namespace(caller))

    def _snapshot(self, consistent: bool) -> Snapshot | None:
        """Where a shortcut is to read; None where the writer is to do it."""
        if not (consistent or self._reads_eventually):
            return None
        try:
            return self._reads.snapshot(consistent)
        except StoreError:
            return None

    def _pending_lsn(self) -> int:
        """See ``Surroundings``; the LSN does not matter, since it is the writer that waits."""
        return 0 if self._state.is_log_passed else 1

    def answer_struck(self, operation: str, request: dict[str, Any], caller: Caller, strike: Any) -> Future[Outcome]:
        raise AssertionError("a reader has no faults on demand")
