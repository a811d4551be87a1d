"""The digest of an environment: a sum of hashes, so that it can be kept commit by commit and compared between replicas.

It covers all entries under their whole keys, apart from the rows that replicas may differ in: format, log, replica.
How long keys are cut into layers is left out with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddbengine._core import entry_hash
from ddbengine.storage import layers

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]

MODULUS_MASK = (1 << 64) - 1

COVERED = ((b"", b"F"), (b"H", b"R"), (b"S", b"\xff"))
"""Key ranges that count: all but F (format), G (log) and R (replica).  No key begins with ff."""


def digest_of(txn: Transaction) -> int:
    """Reads everything: about 1 us for an entry."""
    total = 0
    for low, high in COVERED:
        for key, value in layers.scan(txn, low, high):
            total += entry_hash(key, value)
    return total & MODULUS_MASK
