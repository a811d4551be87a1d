"""Carrying out changes in a write transaction entry by entry: by another binding than the core's, and keys of any
length."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

from ddbengine._core import entry_hash
from ddbengine.storage import layers

if TYPE_CHECKING:
    import lmdb

    from ddbengine.storage.store import Writes

    Transaction = lmdb.Transaction[memoryview]

Counters = dict[bytes, tuple[int, ...]]
"""Deltas of counter rows by key, not written yet."""


def carry_out(txn: Transaction, writes: Writes, counters: Counters, hashed: bool) -> int:
    """Carry out a change, and return what it adds to the digest (see ``digest``), which may be negative; 0 unless
    ``hashed``.

    First the deletes, then the puts; its counters are added to ``counters``, of which rows that are put or deleted lose
    what they had.
    """
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
