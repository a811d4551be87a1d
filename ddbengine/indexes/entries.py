"""The entry an item has in an index, and the writes that keep entries in step with their items.

An entry's key is ``X | index number | hash of the index partition key | index key parts | hash of the table key | table
key parts``: an index is scanned in the order of FACTS 5.7, and equal index keys stay apart by their table key.  Its
value is the item as the index projects it; in a vector index the vector comes first, as 32-bit floats in a value of
type B, and so counts four bytes for each of its dimensions.

An item that lacks a key attribute of the index, or the vector, has no entry (a sparse index).  Nor has one whose value
cannot be a key or a vector, which only an item older than the index can have: it has the wrong type, is empty or too
long.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ddbengine import _core
from ddbengine.limits import PARTITION_KEY_MAX_BYTES, SEARCH_MIN_BYTES, SORT_KEY_MAX_BYTES
from ddbengine.schema.table import IndexSchema, KeyAttribute, TableSchema, VectorSpace

ENTRIES = b"X"
_UNIT_BYTES = 1024
_FLOAT_BYTES = 4


def index_prefix(index: IndexSchema) -> bytes:
    """What every entry key of the index starts with: 5 bytes."""
    return ENTRIES + index.number.to_bytes(4, "big")


def partition_prefix(index: IndexSchema, partition: tuple[bytes, ...]) -> bytes:
    """What the entries of one index partition start with; encoded values in the order of the index's key schema."""
    raw = b"".join(map(_core.key_bytes, partition))
    return index_prefix(index) + _core.partition_hash(raw) + b"".join(map(_core.key_part, partition))


def entry_key(schema: TableSchema, index: IndexSchema, attributes: Mapping[str, bytes]) -> bytes:
    """The key of the entry of an item that has these table and index key attributes (encoded values by name)."""
    partition = tuple(attributes[attribute.name] for attribute in index.partition)
    sort = b"".join(_core.key_part(attributes[attribute.name]) for attribute in index.sort)
    table_key = [attributes[attribute.name] for attribute in schema.key]
    table_hash = _core.partition_hash(b"".join(map(_core.key_bytes, table_key)))
    return partition_prefix(index, partition) + sort + table_hash + b"".join(map(_core.key_part, table_key))


@dataclass(frozen=True, slots=True)
class Entry:
    key: bytes
    value: bytes


def entry_of(schema: TableSchema, index: IndexSchema, item: bytes | None) -> Entry | None:
    """The entry of a stored item, None if it has none."""
    if item is None:
        return None
    attributes = {}
    for attribute in index.key + schema.key:
        value = _core.get_attribute(item, attribute.name)
        if value is None or _core.type_of(value) != attribute.type:
            return None
        attributes[attribute.name] = value
    if not (
        _fits(index.partition, attributes, PARTITION_KEY_MAX_BYTES)
        and _fits(index.sort, attributes, SORT_KEY_MAX_BYTES)
    ):
        return None
    names = schema.projected[index.number]
    if index.vector is not None:
        value = _vector_entry(index, index.vector, item, names)
        return None if value is None else Entry(entry_key(schema, index, attributes), value)
    return Entry(entry_key(schema, index, attributes), item if names is None else _core.pick(item, names))


def _vector_entry(index: IndexSchema, vector: VectorSpace, item: bytes, names: Collection[str] | None) -> bytes | None:
    """The value of an item's entry in a vector index; None for an item without a vector of the index, or with a filter
    of another type than it should have."""
    for attribute in index.filters:
        value = _core.get_attribute(item, attribute.name)
        if value is not None and _core.type_of(value) != attribute.type:
            return None
    numbers = _core.get_attribute(item, vector.attribute)
    floats = None if numbers is None else _core.vector_of(numbers, vector.dimensions)
    if floats is None:
        return None
    others = _core.split_map(item if names is None else _core.pick(item, names))
    del others[vector.attribute]
    return _core.join_map({vector.attribute: floats, **others})


def vector_saving(index: IndexSchema, item: bytes | None) -> int:
    """How many bytes less an item's vector counts than its numbers take: it counts four for each dimension (FACTS 6.5).

    The item has an entry in the index, or is None.
    """
    if index.vector is None or item is None:
        return 0
    numbers = _core.get_attribute(item, index.vector.attribute)
    assert numbers is not None, "an item in a vector index has its vector"
    return _core.value_size(numbers) - _FLOAT_BYTES * index.vector.dimensions


def billed_size(schema: TableSchema, item: bytes | None) -> int:
    """The size that a write of an item is charged for; that of its numbers without vector indexes.  None is nothing."""
    if item is None:
        return 0
    size = _core.item_size(item)
    for name, dimensions in schema.vector_dimensions.items():
        numbers = _core.get_attribute(item, name)
        if numbers is not None and _core.vector_of(numbers, dimensions) is not None:
            size -= _core.value_size(numbers) - _FLOAT_BYTES * dimensions
    return size


def vector_write_bytes(old: Entry | None, new: Entry | None) -> int:
    """What a vector index is charged for a change of an item: the size of what it stores, if that changes (FACTS
    6.5)."""
    if old == new:
        return 0
    sizes = [_core.item_size(entry.value) for entry in (old, new) if entry is not None]
    return max(SEARCH_MIN_BYTES, *sizes)


def _fits(key: Iterable[KeyAttribute], attributes: Mapping[str, bytes], most: int) -> bool:
    """Whether no value is empty and all together are not too long."""
    length = 0
    for attribute in key:
        value_length = len(_core.key_bytes(attributes[attribute.name]))
        if value_length == 0:
            return False
        length += value_length
    return length <= most


def write_units(old: Entry | None, new: Entry | None) -> int:
    """Write capacity units one index is charged for a change of an item (FACTS 6.3).

    | change | units for entries under 1 KB |
    | --- | --- |
    | enters or leaves the index | 1 |
    | projected attribute changes | 1 |
    | index key changes | 2: a deletion and an insertion |
    | nothing that the index stores | 0 |
    """
    if old is None or new is None:
        entry = old or new
        return 0 if entry is None else _units(entry)
    if old.key != new.key:
        return _units(old) + _units(new)
    return 0 if old.value == new.value else max(_units(old), _units(new))


def _units(entry: Entry) -> int:
    return max(1, -(-_core.item_size(entry.value) // _UNIT_BYTES))
