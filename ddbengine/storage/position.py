"""The row in which a replica says whose it is, how far it has come, and what its entries must add up to.

Written in the transaction of every change, so it is always as true as the entries beside it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ddbengine.storage.errors import StoreFormat
from ddbengine.storage.quorum import Position

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]

REPLICA_KEY = b"R"
_ROW = struct.Struct(">16s5QB")


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    store: bytes
    """16 random bytes, the same in all replicas of a store and in no other's."""
    term: int
    """Of the last log entry."""
    lsn: int
    """The last change in the log, or that was ever in it."""
    applied: int
    """The last change that the entries show: ``lsn``, or less under a replica lag."""
    digest: int
    """Of the entries as they are, see ``digest``."""
    log_from: int
    """The log has every change from this one to ``lsn``."""
    members: int = 1
    """How many replicas the store had when it was last opened."""

    @property
    def position(self) -> Position:
        return Position(self.term, self.lsn)

    def pack(self) -> bytes:
        return _ROW.pack(self.store, self.term, self.lsn, self.applied, self.digest, self.log_from, self.members)


def read_row(txn: Transaction) -> ReplicaRow:
    """The row of a replica; StoreFormat when there is none of the right form."""
    packed = txn.get(REPLICA_KEY)
    if packed is None or len(packed) != _ROW.size:
        raise StoreFormat("the replica does not say how far it has come")
    return ReplicaRow(*_ROW.unpack(packed))


def write_row(txn: Transaction, row: ReplicaRow) -> None:
    txn.put(REPLICA_KEY, row.pack())
