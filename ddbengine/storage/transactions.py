"""Transactions as plans see them: a snapshot to read from, and the write transaction that a group of plans shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ddbengine._core import GatedRead, GroupedWrites
from ddbengine.storage import change_log, layers
from ddbengine.storage.digest import MODULUS_MASK
from ddbengine.storage.store import LOG_READ_MAX_BYTES, Writes
from ddbengine.storage.writing import carry_out

if TYPE_CHECKING:
    import lmdb

    from ddbengine.storage.change_log import LogEntry

    Transaction = lmdb.Transaction[memoryview]


class LogReader:
    """The change log as a transaction of LMDB sees it, see ``store.ReadTxn``."""

    __slots__ = ()

    txn: Transaction

    def lsn(self) -> int:
        return change_log.last_lsn(self.txn)

    def log_after(self, lsn: int, most_bytes: int = LOG_READ_MAX_BYTES) -> list[LogEntry]:
        return change_log.entries_after(self.txn, lsn, most_bytes)

    def log_search(self, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]) -> tuple[list[LogEntry], int]:
        return change_log.search(self.txn, lsn, most_bytes, wanted)

    def log_search_back(self, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]) -> tuple[list[LogEntry], int]:
        return change_log.search_back(self.txn, lsn, most_bytes, wanted)

    def log_begin(self) -> int:
        begin = change_log.begin(self.txn)
        return self.lsn() + 1 if begin is None else begin


class Snapshot(GatedRead, LogReader):
    """A read transaction, open inside ``with``.  It holds back the reuse of freed pages, so keep it short, and never
    wait for a write inside one: a write that needs a larger map waits for all snapshots to end.

    ``Snapshot(begin, gate, trees=None)``: see ``disk.Disk``; without ``trees`` the binding reads.
    """

    __slots__ = ()

    def get_long(self, key: bytes) -> memoryview | None:
        return layers.get(self.source, key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, memoryview]]:
        return layers.scan(self.source, low, high, reverse)


class WriteTransaction(GroupedWrites, LogReader):
    """What plans of one group read from, and what their writes go into.

    Deltas of counters are added up here and written by ``flush``, so that each row is touched once per commit however
    many plans change it; who reads a row before that sees the sum.
    """

    __slots__ = ("_lsn",)

    def __init__(
        self, txn: Transaction, lsn: int = 0, *, hashed: bool = False, logs_all: bool = False, digest: int = 0
    ) -> None:
        """``lsn`` is that of the last change before; see ``GroupedWrites`` for the rest."""
        super().__init__(txn, hashed, logs_all, digest)
        self._lsn = lsn

    def lsn(self) -> int:
        return self._lsn + len(self.logged)

    def get_long(self, key: bytes) -> memoryview | None:
        return layers.get(self.txn, key)

    def carry_out_each(self, changes: Sequence[Writes], hashed: bool) -> int:
        return sum(carry_out(self.txn, writes, self.counters, hashed) for writes in changes) & MODULUS_MASK

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, memoryview]]:
        if self.counters and any(low <= key < high for key in self.counters):
            self.flush()
        return layers.scan(self.txn, low, high, reverse)


class HashedTransaction(WriteTransaction):
    """A WriteTransaction that keeps the digest of the environment (see ``digest``) in step with its writes."""

    __slots__ = ()

    def __init__(self, txn: Transaction, digest: int, lsn: int = 0, *, logs_all: bool = False) -> None:
        super().__init__(txn, lsn, hashed=True, logs_all=logs_all, digest=digest)


class RecordedTransaction(HashedTransaction):
    """A HashedTransaction all of whose changes are for the log."""

    __slots__ = ()

    def __init__(self, txn: Transaction, digest: int, lsn: int = 0) -> None:
        super().__init__(txn, digest, lsn, logs_all=True)

    def last_marked(self) -> int | None:
        """The LSN of the last change with ``Writes.logged``."""
        return self._lsn + self.marked if self.marked else None
