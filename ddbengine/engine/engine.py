"""The engine: operations by name, run as plans over a store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import writes_of
from ddbengine.engine.context import Caller, Prepare, Surroundings
from ddbengine.engine.operations import OPERATIONS
from ddbengine.storage.store import Outcome, Plan, Store, WritesOf

__all__ = ["Engine"]


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
        self.store = open_store(writes_of)
        self._surroundings = Surroundings(
            catalog=Catalog(clock), clock=clock, shared=shared, transient_seconds=transient_seconds
        )

    def prepare(self, operation: str, request: dict[str, Any], caller: Caller) -> Plan:
        """Make the plan of a checked request; raise ApiError for what is wrong whatever the store holds."""
        return self.operations[operation](self._surroundings, caller, request)

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Outcome]:
        """The response body of a read at once; of a write, the future of its outcome.  Raise ApiError."""
        plan = self.prepare(operation, request, caller)
        if plan.writes:
            return self.store.submit(plan)
        with self.store.snapshot(plan.consistent) as txn:
            return plan.run(txn).body

    def execute(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes:
        """As ``answer``, waiting for a write to be durable."""
        answer = self.answer(operation, request, caller)
        return answer if isinstance(answer, bytes) else answer.result().body

    def close(self) -> None:
        self.store.close()
