"""Transactions as plans see them: a snapshot to read from, and the write transaction that a group of plans shares."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING

from ddbengine.storage import layers
from ddbengine.storage.layers import DIRECT_MAX_BYTES
from ddbengine.storage.store import Writes

if TYPE_CHECKING:
    from types import TracebackType

    import lmdb

    from ddbengine.storage.gate import Gate

    Transaction = lmdb.Transaction[memoryview]


class Snapshot:
    """A read transaction, open inside ``with``.  It holds back the reuse of freed pages, so keep it short, and never
    wait for a write inside one: a write that needs a larger map waits for all snapshots to end."""

    __slots__ = ("_begin", "_gate", "_txn")

    def __init__(self, begin: Callable[..., Transaction], gate: Gate) -> None:
        self._begin = begin
        self._gate = gate

    def __enter__(self) -> Snapshot:
        gate = self._gate
        gate.inside.add(self)
        if gate.shut:
            gate.wait(self)
        try:
            self._txn = self._begin(None, None, False, True)
        except BaseException:
            gate.left(self)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._txn.abort()
        gate = self._gate
        gate.inside.discard(self)
        if gate.shut:
            gate.left(self)

    def get(self, key: bytes) -> memoryview | None:
        if len(key) <= DIRECT_MAX_BYTES:
            return self._txn.get(key)
        return layers.get(self._txn, key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, memoryview]]:
        return layers.scan(self._txn, low, high, reverse)


class WriteTransaction:
    """What plans of one group read from, and what their writes go into.

    Deltas of counters are added up here and written by ``flush``, so that each row is touched once per commit however
    many plans change it; who reads a row before that sees the sum.
    """

    __slots__ = ("_deltas", "_txn")

    def __init__(self, txn: Transaction) -> None:
        self._txn = txn
        self._deltas: dict[bytes, tuple[int, ...]] = {}

    def get(self, key: bytes) -> memoryview | bytes | None:
        if key in self._deltas:
            return self._counter_row(key, self._deltas[key])
        if len(key) <= DIRECT_MAX_BYTES:
            return self._txn.get(key)
        return layers.get(self._txn, key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, memoryview]]:
        if self._deltas and any(low <= key < high for key in self._deltas):
            self.flush()
        return layers.scan(self._txn, low, high, reverse)

    def apply(self, writes: Writes) -> None:
        """Carry out one change: its deletes, then its puts, then its counters.

        A key is in at most one of the three.  A counter row that is put or deleted loses the deltas it had so far.
        """
        txn, deltas = self._txn, self._deltas
        for key in writes.deletes:
            deltas.pop(key, None)
            layers.delete(txn, key)
        for key, value in writes.puts:
            deltas.pop(key, None)
            layers.put(txn, key, value)
        for key, changes in writes.counters:
            known = deltas.get(key)
            deltas[key] = changes if known is None else tuple(map(add, known, changes))

    def flush(self) -> None:
        """Write the counters."""
        for key, changes in self._deltas.items():
            row = self._counter_row(key, changes)
            if row is None:
                layers.delete(self._txn, key)
            else:
                layers.put(self._txn, key, row)
        self._deltas.clear()

    def _counter_row(self, key: bytes, changes: tuple[int, ...]) -> bytes | None:
        """The row with the changes added; None when nothing but zeros is left."""
        row = counter_row(len(changes))
        before = layers.get(self._txn, key)
        packed = row.pack(*changes) if before is None else row.pack(*map(add, row.unpack(before), changes))
        return packed if any(packed) else None


@lru_cache(maxsize=16)
def counter_row(members: int) -> struct.Struct:
    """The stored form of a counter row: signed 64-bit integers, little-endian."""
    return struct.Struct(f"<{members}q")
