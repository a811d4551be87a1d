"""What the engine knows of storage: a Store of ordered bytes, its transactions, plans and outcomes.

Only protocols and plain data live here.  Keys and values are opaque bytes; a key may be of any length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ddbengine._core import Outcome, Writes
from ddbengine.storage.status import StoreStatus

if TYPE_CHECKING:
    from ddbengine.storage.change_log import LogEntry

__all__ = ["LOG_READ_MAX_BYTES", "POSITIONS", "Change", "Outcome", "Plan", "ReadTxn", "Store", "Writes", "WritesOf"]

POSITIONS = b"P"
_LSN_BYTES = 8
LOG_READ_MAX_BYTES = 4 << 20


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

    def lsn(self) -> int:
        """The log sequence number of the last change that this view includes: in a write, of the plans before this one
        in its group as well.  Whatever is changed later has a greater one.  There may be gaps."""
        ...

    def log_after(self, lsn: int, most_bytes: int = LOG_READ_MAX_BYTES) -> Sequence[LogEntry]:
        """Entries of the change log that have a change after ``lsn``, in order, at least one if there is any; the first
        may begin earlier.  In a write only those that were committed before it.  ValueError for damaged ones."""
        ...

    def log_search(self, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]) -> tuple[Sequence[LogEntry], int]:
        """As ``log_after``, of the entries whose bytes are wanted, in which each logical record stands as it is; and
        the LSN up to which it has looked, ``lsn`` at its end.  ``most_bytes`` are looked at, wanted or not."""
        ...

    def log_search_back(
        self, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]
    ) -> tuple[Sequence[LogEntry], int]:
        """The same in the other direction: entries with a change up to ``lsn``, the newest first; and the LSN after
        which it has looked at all of them, 0 at the beginning of the log."""
        ...

    def log_begin(self) -> int:
        """The LSN of the first change that is still in the log; ``lsn() + 1`` when there is none."""
        ...


class Change(Protocol):
    """Something a plan wants written.  How it becomes physical writes is known to the function given to the Store."""


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

    @property
    def commits_at_once(self) -> bool:
        """Whether a plan is run and committed in the thread that submits it, without a wait for a disk."""
        ...

    def last_logged(self) -> int:
        """The LSN of the newest committed change with ``Writes.logged``, or a later one after an opening."""
        ...

    def fork(self, path: Path | None = None, clock: Callable[[], float] | None = None) -> Store:
        """A store of its own with everything acknowledged so far, in memory or in an empty directory; its clock, or
        else this one's, tells when its changes are made."""
        ...

    def status(self) -> StoreStatus: ...

    def forget_dead_readers(self) -> None:
        """Give back what reads of other processes hold that are gone, so that its room can be used again."""
        ...

    def close(self) -> None:
        """Finish what was submitted, sync, release."""
        ...


# --- followers of the change log -------------------------------------------------------------------------------------


def position_key(name: str) -> bytes:
    """Where a follower says how far it is.  While the row is there, the log keeps all that is after its LSN."""
    return POSITIONS + name.encode()


def position_put(name: str, lsn: int) -> tuple[bytes, bytes]:
    """The put that says a follower is done with everything up to ``lsn``."""
    return position_key(name), lsn.to_bytes(_LSN_BYTES, "big")


def position_of(txn: ReadTxn, name: str) -> int | None:
    """The LSN a follower is done with; None when there is no such follower."""
    row = txn.get(position_key(name))
    return None if row is None else int.from_bytes(row, "big")


__all__ = [
    "LOG_READ_MAX_BYTES",
    "POSITIONS",
    "Change",
    "Outcome",
    "Plan",
    "ReadTxn",
    "Store",
    "Writes",
    "WritesOf",
    "position_key",
    "position_of",
    "position_put",
]
