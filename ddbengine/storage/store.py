"""What the engine knows of storage: a Store of ordered bytes, its transactions, plans and outcomes.

Only protocols and plain data live here.  Keys and values are opaque bytes; a key may be of any length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ddbengine.storage.status import StoreStatus


class ReadTxn(Protocol):
    """A consistent view of the store.

    Buffers it hands out live until it ends (or, in a write, until the next write); keys from a scan are bytes to keep.
    """

    def get(self, key: bytes) -> memoryview | bytes | None: ...

    def scan(
        self, low: bytes, high: bytes, reverse: bool = False
    ) -> Iterator[tuple[memoryview | bytes, memoryview | bytes]]:
        """Entries with low <= key < high in byte order (or from the last to the first)."""
        ...


@dataclass(slots=True)
class Writes:
    """Physical writes of one change, applied together.  A counter row holds signed 64-bit integers that are added to;
    the committer adds up a group's deltas and touches each row once.  A row of zeros is no row: it reads as None."""

    puts: list[tuple[bytes, bytes]] = field(default_factory=list)
    deletes: list[bytes] = field(default_factory=list)
    counters: list[tuple[bytes, tuple[int, ...]]] = field(default_factory=list)
    record: Callable[[], bytes] | None = None
    """Makes the logical part of the change's log record; called only when the change is logged."""
    logged: bool = False
    """Whether the change log must have it even if no replica follows."""


class Change(Protocol):
    """Something a plan wants written.  How it becomes physical writes is known to the function given to the Store."""


@dataclass(slots=True)  # not frozen: that would triple what making one costs, and each request makes one
class Outcome:
    """What a plan came to: the response body, and the changes to commit before it may be sent."""

    body: bytes
    changes: Sequence[Any] = ()


class Plan(Protocol):
    """A request made ready to run.  ``run`` reads and never writes; it may be run again if its transaction fails."""

    @property
    def writes(self) -> bool: ...

    @property
    def consistent(self) -> bool: ...

    def run(self, txn: ReadTxn) -> Outcome: ...


class WritesOf(Protocol):
    """Turns one change into physical writes, reading through the transaction it will be committed in."""

    def __call__(self, change: Any, txn: ReadTxn) -> Writes: ...


class Store(Protocol):
    def snapshot(self, consistent: bool = True) -> AbstractContextManager[ReadTxn]: ...

    def submit(self, plan: Plan) -> Future[Outcome]:
        """Run the plan in order, grouped with others, atomically; the future resolves when its changes are durable.
        A store without fsync resolves it before returning."""
        ...

    def fork(self, path: Path | None = None) -> Store:
        """A store of its own with everything acknowledged so far, in memory or in an empty directory."""
        ...

    def status(self) -> StoreStatus: ...

    def close(self) -> None:
        """Finish what was submitted, sync, release."""
        ...


__all__ = ["Change", "Outcome", "Plan", "ReadTxn", "Store", "Writes", "WritesOf"]
