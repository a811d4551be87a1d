"""Which tables have indexes that follow the change log, and which indexes are being filled: rows of the catalog.

Those are global and vector indexes; both are meant by "global" here.

| key | value |
| --- | --- |
| ``C i <table number, 4 bytes>`` | a table with global indexes: msgpack list of namespace and table name |
| ``C b <index number, 4 bytes>`` | an index added to a table with items: msgpack of its Filling |

Global indexes follow the change log under the name FOLLOWER.  Its position row is there exactly while any table has
global indexes, so that without them nothing is kept for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgpack

from ddbengine.engine.keys import after
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.storage.store import ReadTxn, Writes, position_key, position_of, position_put

FOLLOWER = "indexes"
INDEXED = b"Ci"
FILLINGS = b"Cb"


class Batch(NamedTuple):
    """A part of a table that was put into an index in one transaction."""

    up_to: bytes | None
    """Key of the last item; None when it was the last part."""
    boundary: int
    """The LSN of the last change that the part was read with: later ones are the propagator's."""


class Filling(NamedTuple):
    """How far the items that a table had already have come into an index.

    Parts are put in from the lowest key up, each at a later boundary than the one before.  Those parts are remembered
    whose boundary the propagator has yet to pass, and the last one before them.
    """

    namespace: str
    table_name: str
    filled_to: bytes | None
    """Key of the last item that was looked at, empty for none yet; None when all have been."""
    batches: tuple[Batch, ...]
    items: int
    """Looked at so far."""
    of_items: int
    """In the table when it began."""

    def seen_until(self, key: bytes) -> int | None:
        """The LSN up to which the index knows the item at this key; None if it was not looked at yet."""
        if self.filled_to is not None and key > self.filled_to:
            return None
        for up_to, boundary in self.batches:
            if up_to is None or key <= up_to:
                return boundary
        raise AssertionError("the last part reaches as far as the filling")

    def advanced(self, up_to: bytes | None, items: int, boundary: int, position: int) -> Filling:
        """After another part; ``position`` is how far the propagator is."""
        batches = (*self.batches, Batch(up_to, boundary))
        passed = sum(batch.boundary <= position for batch in batches)
        return self._replace(filled_to=up_to, items=self.items + items, batches=batches[max(0, passed - 1) :])

    def is_over(self, position: int) -> bool:
        """Whether nothing of it is needed any more."""
        return self.filled_to is None and self.batches[-1].boundary <= position


def filling_key(index: IndexSchema) -> bytes:
    return FILLINGS + index.number.to_bytes(4, "big")


def filling_put(index: IndexSchema, filling: Filling) -> tuple[bytes, bytes]:
    packed: bytes = msgpack.packb(filling)
    return filling_key(index), packed


def read_filling(row: bytes | memoryview) -> Filling:
    """Raise ValueError or TypeError for a row that is none."""
    namespace, table_name, filled_to, batches, items, of_items = msgpack.unpackb(row)
    return Filling(namespace, table_name, filled_to, tuple(Batch(*batch) for batch in batches), items, of_items)


def fillings(txn: ReadTxn) -> dict[int, Filling]:
    """All there are, by index number."""
    rows = txn.scan(FILLINGS, after(FILLINGS))
    return {int.from_bytes(bytes(key)[len(FILLINGS) :], "big"): read_filling(row) for key, row in rows}


def indexed_key(number: int) -> bytes:
    """The key of the row of a table with global indexes, by its number."""
    return INDEXED + number.to_bytes(4, "big")


def indexed_table(txn: ReadTxn, number: int) -> tuple[str, str] | None:
    """Namespace and name of the table with this number; None when it has no global indexes or is gone."""
    row = txn.get(indexed_key(number))
    if row is None:
        return None
    namespace, name = msgpack.unpackb(row)
    return namespace, name


def indexed_tables(txn: ReadTxn) -> Iterator[tuple[str, str]]:
    """Namespace and name of every table with global indexes."""
    for _, row in txn.scan(INDEXED, after(INDEXED)):
        namespace, name = msgpack.unpackb(row)
        yield namespace, name


def reregistered(old: TableSchema | None, new: TableSchema | None, txn: ReadTxn) -> list[Writes]:
    """The writes that go with a change of a table's global indexes: ``old`` is None for a new table, ``new`` for one
    that is deleted.  The position row comes with the first table that has any, and goes with the last."""
    before = () if old is None else old.following_indexes
    kept = () if new is None else new.following_indexes
    numbers = {index.number for index in kept}
    writes = Writes(deletes=[filling_key(index) for index in before if index.number not in numbers])
    if kept and not before:
        assert new is not None, "it has the indexes"
        row: bytes = msgpack.packb((new.namespace, new.name))
        writes.puts.append((indexed_key(new.number), row))
        if position_of(txn, FOLLOWER) is None:
            writes.puts.append(position_put(FOLLOWER, txn.lsn()))
    elif before and not kept:
        assert old is not None, "it had the indexes"
        key = indexed_key(old.number)
        writes.deletes.append(key)
        if all(bytes(other) == key for other, _ in txn.scan(INDEXED, after(INDEXED))):
            writes.deletes.append(position_key(FOLLOWER))
    return [writes] if writes.puts or writes.deletes else []
