"""How a change becomes physical writes, in one transaction: the item, its entries in local indexes, its expiry entry,
and the counts.  Global and vector indexes follow the change log (``engine.propagation``), which gets the record of the
change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ddbengine import _core
from ddbengine.engine.backup_rows import kept_before
from ddbengine.indexes.entries import Entry, entry_of, vector_saving
from ddbengine.indexes.expiries import expiry_key, expiry_of
from ddbengine.schema.table import IndexSchema, TableSchema, TimeToLive
from ddbengine.storage.store import ReadTxn, Writes
from ddbengine.streams import records

COUNTERS = b"N"
COLLECTIONS = b"S"

TIME_TO_LIVE = records.TIME_TO_LIVE
"""The actor of deletions of expired items."""


@dataclass(slots=True)  # not frozen: each request makes one
class ItemChange:
    """An item becomes another, comes to be (old None) or ceases to be (new None)."""

    schema: TableSchema
    key: bytes
    old: bytes | None
    new: bytes | None
    actor: str | None = None
    """Who did it when it was no client: TIME_TO_LIVE."""

    def record(self) -> bytes:
        """The logical part of the change's log record."""
        return _core.change_record(self.schema.number, self.key, self.old, self.new, self.actor)

    def partition(self) -> bytes:
        """The encoded value of the item's partition key."""
        item = self.new if self.new is not None else self.old
        assert item is not None, "a change has an item on at least one side"
        value = _core.get_attribute(item, self.schema.partition.name)
        assert value is not None, "every stored item has its key"
        return value


def writes_of(change: Any, txn: ReadTxn) -> Writes:
    """The physical writes of an ItemChange; Writes (of the catalog) are their own."""
    if isinstance(change, Writes):
        return change
    assert isinstance(change, ItemChange), change
    writes = _writes_of_item(change)
    if change.schema.copies:
        kept_before(writes, change.schema, change.key, change.old, txn)
    return writes


def _writes_of_item(change: ItemChange) -> Writes:
    schema, old, new = change.schema, change.old, change.new
    puts, deletes = ([], [change.key]) if new is None else ([(change.key, new)], [])
    writes = Writes(puts, deletes, [], change.record, schema.is_logged)
    size = _count(writes, schema.number, old, new)
    for index in schema.local_indexes:
        size += add_entry_change(writes, schema, index, old, new)
    if schema.time_to_live is not None:
        _write_expiry(writes, schema.time_to_live, change)
    if schema.local_indexes and size:
        writes.counters.append((collection_counter(schema, change.partition()), (size,)))
    return writes


def add_entry_change(
    writes: Writes, schema: TableSchema, index: IndexSchema, old: bytes | None, new: bytes | None
) -> int:
    """Take an index from an item's old form to its new one, counters included; return the bytes it grew by."""
    before, after = entry_of(schema, index, old), entry_of(schema, index, new)
    if before == after and (index.vector is None or old == new):
        return 0
    _write_entry(writes, before, after)
    if index.vector is not None:
        _count_vector(writes, index, (before, old), (after, new))
        return 0
    return _count(writes, index.number, _value(before), _value(after))


Indexed = tuple[Entry | None, bytes | None]
"""An entry and its item."""


def _count_vector(writes: Writes, index: IndexSchema, before: Indexed, after: Indexed) -> None:
    """Keep the counter of a vector index: items, size in bytes, and what the table's size counts less for it."""
    deltas = tuple(now - once for once, now in zip(_counted(index, before), _counted(index, after), strict=True))
    if any(deltas):
        writes.counters.append((COUNTERS + index.number.to_bytes(4, "big"), deltas))


def _counted(index: IndexSchema, indexed: Indexed) -> tuple[int, int, int]:
    entry, item = indexed
    return (0, 0, 0) if entry is None else (1, _size(entry.value), vector_saving(index, item))


def _write_entry(writes: Writes, before: Entry | None, after: Entry | None) -> None:
    if before is not None and (after is None or before.key != after.key):
        writes.deletes.append(before.key)
    if after is not None:
        writes.puts.append((after.key, after.value))


def _write_expiry(writes: Writes, ttl: TimeToLive, change: ItemChange) -> None:
    before, after = expiry_of(ttl, change.old), expiry_of(ttl, change.new)
    if before == after:
        return
    if before is not None:
        writes.deletes.append(expiry_key(ttl, before, change.key))
    if after is not None:
        writes.puts.append((expiry_key(ttl, after, change.key), b""))


def _count(writes: Writes, number: int, old: bytes | None, new: bytes | None) -> int:
    """Keep the item count and size in bytes of a table or an index; return the bytes it grew by."""
    items = (new is not None) - (old is not None)
    size = _size(new) - _size(old)
    if items or size:
        writes.counters.append((COUNTERS + number.to_bytes(4, "big"), (items, size)))
    return size


def added_up(counters: Iterable[tuple[bytes, tuple[int, ...]]]) -> list[tuple[bytes, tuple[int, ...]]]:
    """One entry for each row; the log of a replica would have to carry all the others."""
    sums: dict[bytes, tuple[int, ...]] = {}
    for key, deltas in counters:
        known = sums.get(key)
        sums[key] = deltas if known is None else tuple(a + b for a, b in zip(known, deltas, strict=True))
    return [(key, deltas) for key, deltas in sums.items() if any(deltas)]


def _value(entry: Entry | None) -> bytes | None:
    return None if entry is None else entry.value


def _size(item: bytes | None) -> int:
    return 0 if item is None else _core.item_size(item)


def collection_counter(schema: TableSchema, partition: bytes) -> bytes:
    """The counter row of an item collection's size in bytes, kept for tables with local indexes only."""
    return _core.partition_key(COLLECTIONS + schema.number.to_bytes(4, "big"), partition)


def collection_growth(change: ItemChange) -> int:
    """Bytes a change adds to its item collection: the item and its entries in local indexes."""
    schema, old, new = change.schema, change.old, change.new
    growth = _size(new) - _size(old)
    for index in schema.local_indexes:
        before, after = entry_of(schema, index, old), entry_of(schema, index, new)
        growth += _size(_value(after)) - _size(_value(before))
    return growth
