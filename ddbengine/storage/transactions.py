"""Transactions as plans see them: a snapshot to read from, and the write transaction that a group of plans shares."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING

from ddbengine._core import GatedRead
from ddbengine.storage import change_log, layers
from ddbengine.storage.digest import MODULUS_MASK
from ddbengine.storage.layers import DIRECT_MAX_BYTES
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


class WriteTransaction(LogReader):
    """What plans of one group read from, and what their writes go into.

    Deltas of counters are added up here and written by ``flush``, so that each row is touched once per commit however
    many plans change it; who reads a row before that sees the sum.
    """

    __slots__ = ("_deltas", "_lsn", "logged", "txn")

    def __init__(self, txn: Transaction, lsn: int = 0) -> None:
        """``lsn`` is that of the last change before."""
        self.txn = txn
        self.logged: list[Writes] = []
        """What was applied and is to be in the log."""
        self._lsn = lsn
        self._deltas: dict[bytes, tuple[int, ...]] = {}

    def lsn(self) -> int:
        return self._lsn + len(self.logged)

    def get(self, key: bytes) -> memoryview | bytes | None:
        if key in self._deltas:
            return self._counter_row(key, self._deltas[key])
        if len(key) <= DIRECT_MAX_BYTES:
            return self.txn.get(key)
        return layers.get(self.txn, key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, memoryview]]:
        if self._deltas and any(low <= key < high for key in self._deltas):
            self.flush()
        return layers.scan(self.txn, low, high, reverse)

    def apply(self, writes: Writes) -> None:
        """Carry out one change: its deletes, then its puts, then its counters.

        A key is in at most one of the three.  A counter row that is put or deleted loses the deltas it had so far.
        """
        self.apply_all((writes,))
        if writes.logged:
            self.logged.append(writes)

    def apply_all(self, changes: Sequence[Writes]) -> None:
        """Carry out changes that are in the log already."""
        carry_out(self.txn, changes, self._deltas, hashed=False)

    def flush(self) -> None:
        """Write the counters."""
        if self._deltas:
            rows = Writes()
            for key, changes in self._deltas.items():
                row = self._counter_row(key, changes)
                if row is None:
                    rows.deletes.append(key)
                else:
                    rows.puts.append((key, row))
            self._deltas.clear()
            self.apply_all((rows,))

    def _counter_row(self, key: bytes, changes: tuple[int, ...]) -> bytes | None:
        """The row with the changes added; None when nothing but zeros is left."""
        row = counter_row(len(changes))
        before = layers.get(self.txn, key)
        packed = row.pack(*changes) if before is None else row.pack(*map(add, row.unpack(before), changes))
        return packed if any(packed) else None


class HashedTransaction(WriteTransaction):
    """A WriteTransaction that keeps the digest of the environment (see ``digest``) in step with its writes."""

    __slots__ = ("digest",)

    def __init__(self, txn: Transaction, digest: int, lsn: int = 0) -> None:
        super().__init__(txn, lsn)
        self.digest = digest

    def apply_all(self, changes: Sequence[Writes]) -> None:
        change = carry_out(self.txn, changes, self._deltas, hashed=True)
        self.digest = (self.digest + change) & MODULUS_MASK


class RecordedTransaction(HashedTransaction):
    """A HashedTransaction all of whose changes are for the log."""

    __slots__ = ()

    def apply(self, writes: Writes) -> None:
        self.apply_all((writes,))
        self.logged.append(writes)

    def last_marked(self) -> int | None:
        """The LSN of the last change with ``Writes.logged``."""
        marked = (place for place in range(len(self.logged), 0, -1) if self.logged[place - 1].logged)
        place = next(marked, None)
        return None if place is None else self._lsn + place


@lru_cache(maxsize=16)
def counter_row(members: int) -> struct.Struct:
    """The stored form of a counter row: signed 64-bit integers, little-endian."""
    return struct.Struct(f"<{members}q")
