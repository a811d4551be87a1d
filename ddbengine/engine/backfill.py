"""Fills an index that was added to a table with items, in the transaction that adds it."""

from __future__ import annotations

from ddbengine import _core
from ddbengine.engine.changes import COUNTERS
from ddbengine.engine.keys import after, table_prefix
from ddbengine.indexes.entries import entry_of
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.storage.store import ReadTxn, Writes


def filling(schema: TableSchema, index: IndexSchema, txn: ReadTxn) -> Writes:
    """Writes that give a new, empty index the entries of all items of its table; ``schema`` has the index already."""
    writes, items, size = Writes(), 0, 0
    prefix = table_prefix(schema)
    for _, item in txn.scan(prefix, after(prefix)):
        entry = entry_of(schema, index, bytes(item))
        if entry is not None:
            writes.puts.append((entry.key, entry.value))
            items += 1
            size += _core.item_size(entry.value)
    writes.counters.append((COUNTERS + index.number.to_bytes(4, "big"), (items, size)))
    return writes
