"""Carrying out changes in a write transaction: in one call of the core where it can, else entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import TYPE_CHECKING

from ddbengine import _core
from ddbengine._core import entry_hash
from ddbengine.storage import layers

if TYPE_CHECKING:
    import lmdb

    from ddbengine.storage.store import Writes

    Transaction = lmdb.Transaction[memoryview]

Counters = dict[bytes, tuple[int, ...]]
"""Deltas of counter rows by key, not written yet."""


def carry_out(txn: Transaction, changes: Sequence[Writes], counters: Counters, hashed: bool) -> int:
    """Carry out changes in order, and return what they add to the digest (see ``digest``), which may be negative or
    wrap; 0 unless ``hashed``.

    Of each change the deletes, then the puts; its counters are added to ``counters``, of which rows that are put or
    deleted lose what they had.
    """
    if isinstance(txn, _core.Transaction):
        # A key of the layers' own is refused by what comes after.
        digest = txn.apply(changes, counters, layers.DIRECT_MAX_BYTES, hashed, layers.LAYER[0])
        if digest is not None:
            return digest
    return sum(_one(txn, writes, counters, hashed) for writes in changes)


def _one(txn: Transaction, writes: Writes, counters: Counters, hashed: bool) -> int:
    digest = 0
    for key in writes.deletes:
        counters.pop(key, None)
        gone = layers.pop(txn, key)
        if gone is not None and hashed:
            digest -= entry_hash(key, gone)
    for key, value in writes.puts:
        counters.pop(key, None)
        before = layers.replace(txn, key, value)
        if hashed:
            digest += entry_hash(key, value) - (0 if before is None else entry_hash(key, before))
    for key, deltas in writes.counters:
        known = counters.get(key)
        counters[key] = deltas if known is None else tuple(map(add, known, deltas))
    return digest
