"""Filling an index that was added to a table with items, while reads and writes go on.

The first part is put in by UpdateTable itself, so that an index over a small table is complete when it answers.  The
rest follows in parts, each a plan of its own with the next items in key order; between two parts clients have as much
time as a part took.  How far that came is a row of the catalog (``index_register.Filling``), so it goes on after a
restart.  Until then the index is shown as CREATING and cannot be read.

A part reads what the table holds at an LSN, its boundary; what was changed later reaches the index through the log, and
what was changed earlier is passed over there (``engine.propagation``).  So nothing is lost, and nothing counted twice.
An item that cannot be in the index, for the type of its key attribute, say, is left out, as the service does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import COUNTERS, add_entry_change, added_up
from ddbengine.engine.housekeeping import one_by_one
from ddbengine.engine.index_register import FILLINGS, FOLLOWER, Filling, filling_put, fillings, read_filling
from ddbengine.engine.keys import after, table_prefix
from ddbengine.engine.purge import DONE, MORE
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.storage.store import Outcome, ReadTxn, Store, Writes, position_of

FIRST_MAX_ITEMS = 2_000
"""Put in by UpdateTable itself: some hundredth of a second, which other writes wait for."""
FIRST_MAX_BYTES = 8 * 1024 * 1024
PART_MAX_ITEMS = 500
PART_MAX_BYTES = 1024 * 1024


def begin_filling(schema: TableSchema, index: IndexSchema, txn: ReadTxn) -> tuple[TableSchema, Writes]:
    """The schema with a new, empty index as it is after the first part, and the writes of that part."""
    begun = Filling(schema.namespace, schema.name, b"", (), 0, _items_of(schema, txn))
    filling, writes = next_part(schema, index, begun, txn, FIRST_MAX_ITEMS, FIRST_MAX_BYTES)
    if filling.filled_to is None:
        return schema, writes
    return _with_index(schema, replace(index, is_filling=True)), writes


def _items_of(schema: TableSchema, txn: ReadTxn) -> int:
    row = txn.get(COUNTERS + schema.number.to_bytes(4, "big"))
    return 0 if row is None else int.from_bytes(row[:8], "little", signed=True)


def next_part(
    schema: TableSchema, index: IndexSchema, filling: Filling, txn: ReadTxn, most_items: int, most_bytes: int
) -> tuple[Filling, Writes]:
    """The writes that put the next items into an index, and how far it is then filled."""
    assert filling.filled_to is not None, "there is something left"
    prefix = table_prefix(schema)
    writes, items, size = Writes(), 0, 0
    last: bytes | None = filling.filled_to
    for key, item in txn.scan(filling.filled_to + b"\x00" if filling.filled_to else prefix, after(prefix)):
        if items == most_items or size >= most_bytes:
            break
        last = bytes(key)
        items += 1
        size += len(item)
        add_entry_change(writes, schema, index, None, bytes(item))
    else:
        last = None
    position = position_of(txn, FOLLOWER) or 0
    filling = filling.advanced(last, items, txn.lsn(), position)
    writes.counters = added_up(writes.counters)
    writes.puts.append(filling_put(index, filling))
    return filling, writes


def _with_index(schema: TableSchema, index: IndexSchema) -> TableSchema:
    """The schema with one of its global or vector indexes replaced."""

    def replaced(indexes: tuple[IndexSchema, ...]) -> tuple[IndexSchema, ...]:
        return tuple(index if other.number == index.number else other for other in indexes)

    return replace(
        schema, global_indexes=replaced(schema.global_indexes), vector_indexes=replaced(schema.vector_indexes)
    )


@dataclass(frozen=True, slots=True)
class FillingPart:
    """Puts the next items into one index; the outcome's body is MORE when those were not the last."""

    catalog: Catalog
    number: int
    """Of the index."""
    most_items: int = PART_MAX_ITEMS
    most_bytes: int = PART_MAX_BYTES
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        row = txn.get(FILLINGS + self.number.to_bytes(4, "big"))
        filling = None if row is None else read_filling(row)
        if filling is None or filling.filled_to is None:
            return Outcome(DONE)
        schema = self.catalog.find(txn, filling.namespace, filling.table_name)
        assert schema is not None, "a filling is kept with the schemas"
        index = next(index for index in schema.following_indexes if index.number == self.number)
        filling, writes = next_part(schema, index, filling, txn, self.most_items, self.most_bytes)
        if filling.filled_to is not None:
            return Outcome(MORE, [writes])
        return Outcome(DONE, [writes, catalogs.save(_with_index(schema, replace(index, is_filling=False)))])


class Backfill:
    """The housekeeping chore: a part for each index that is being filled."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    def __call__(self) -> float | None:
        """Seconds until the next parts, None when nothing is left to fill."""
        with self._store.snapshot() as txn:
            numbers = unfilled(txn)
        bodies, pause = one_by_one(self._part, numbers)
        return pause if MORE in bodies else None

    def _part(self, number: int) -> bytes:
        return self._store.submit(FillingPart(self._catalog, number)).result().body


def unfilled(txn: ReadTxn) -> list[int]:
    """The numbers of indexes that are being filled."""
    return [number for number, filling in fillings(txn).items() if filling.filled_to is not None]
