"""The whole-database check: items, index entries and counters agree with each other, and the storage below is sound.

Reads everything, and recomputes what the engine keeps up step by step:

- every stored item decodes and is stored under the key its attributes make;
- the entries of each index are exactly those that its table's items project;
- the expiry entries of each table with time to live are exactly those of its items, and the register knows the table;
- the counts of items and bytes of each table, index and item collection equal a recount;
- every client request token has its place in the order in which they expire, and nothing else has;
- no row belongs to a table or an index that does not exist.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator

import orjson

from ddbengine import _core
from ddbengine.engine.changes import COLLECTIONS, COUNTERS, collection_counter
from ddbengine.engine.engine import Engine
from ddbengine.engine.expiration import REGISTER, register_key, registration
from ddbengine.engine.keys import ITEMS, after, item_key, table_prefix
from ddbengine.engine.request_tokens import EXPIRIES as TOKEN_EXPIRIES
from ddbengine.engine.request_tokens import TOKENS
from ddbengine.indexes.entries import ENTRIES, entry_of, index_prefix
from ddbengine.indexes.expiries import EXPIRIES, expiry_key, expiry_of
from ddbengine.schema import stored
from ddbengine.schema.table import TableSchema
from ddbengine.storage.check import check_layers
from ddbengine.storage.store import ReadTxn
from ddbengine.storage.transactions import Snapshot

TABLE_ROWS = b"Ct"


def check_database(engine: Engine) -> None:
    """Raise AssertionError with every disagreement found."""
    with engine.store.snapshot() as txn:
        problems = [*_problems(txn)]
        assert isinstance(txn, Snapshot)
        problems += check_layers(txn._txn)
    assert not problems, "\n".join(problems)


def _problems(txn: ReadTxn) -> Iterator[str]:
    schemas = [stored.decode(row) for _, row in _rows(txn, TABLE_ROWS)]
    counts: dict[bytes, tuple[int, int]] = {}
    collections: Counter[bytes] = Counter()
    for schema in schemas:
        items = {key: bytes(item) for key, item in _rows(txn, table_prefix(schema))}
        for key, item in items.items():
            yield from _item_problems(schema, key, item)
        yield from _index_problems(txn, schema, items)
        yield from _expiry_problems(txn, schema, items)
        counts |= _recount(txn, schema, items)
        collections.update(_collection_sizes(schema, items))
    yield from _counter_problems(txn, counts, collections)
    yield from _token_problems(txn)
    yield from _strays(txn, schemas)


def _rows(txn: ReadTxn, prefix: bytes) -> list[tuple[bytes, bytes]]:
    return [(bytes(key), bytes(value)) for key, value in txn.scan(prefix, after(prefix))]


def _item_problems(schema: TableSchema, key: bytes, item: bytes) -> Iterator[str]:
    wire = orjson.loads(_core.item_to_wire(item))
    again, size = _core.encode_item(wire)
    if again != item or size != _core.item_size(item):
        yield f"{schema.name}: item {wire} is not in the form it is written in"
    attributes = {attribute.name: _core.get_attribute(item, attribute.name) for attribute in schema.key}
    known = {name: value for name, value in attributes.items() if value is not None}
    if len(known) < len(attributes):
        yield f"{schema.name}: item {wire} lacks a key attribute"
    elif item_key(schema, known) != key:
        yield f"{schema.name}: item {wire} is stored under another key"


def _index_problems(txn: ReadTxn, schema: TableSchema, items: dict[bytes, bytes]) -> Iterator[str]:
    for index in schema.indexes:
        found = dict(_rows(txn, index_prefix(index)))
        due = {entry.key: entry.value for item in items.values() if (entry := entry_of(schema, index, item))}
        for key in found.keys() - due.keys():
            yield f"{schema.name}/{index.name}: entry {key!r} has no item"
        for key in due.keys() - found.keys():
            yield f"{schema.name}/{index.name}: entry {key!r} is missing"
        for key in due.keys() & found.keys():
            if due[key] != found[key]:
                yield f"{schema.name}/{index.name}: entry {key!r} is not what its item projects"


def _expiry_problems(txn: ReadTxn, schema: TableSchema, items: dict[bytes, bytes]) -> Iterator[str]:
    ttl = schema.time_to_live
    if ttl is None:
        return
    row = txn.get(register_key(ttl))
    if row is None or registration(row)[:2] != (schema.namespace, schema.name):
        yield f"{schema.name}: its time to live is not in the register"
    elif registration(row).filled_to is None:
        found = {key for key, _ in _rows(txn, EXPIRIES + ttl.number.to_bytes(4, "big"))}
        due = {expiry_key(ttl, expiry, key) for key, item in items.items() if (expiry := expiry_of(ttl, item))}
        for key in found ^ due:
            yield f"{schema.name}: expiry entry {key!r} is {'missing' if key in due else 'of no item'}"


def _recount(txn: ReadTxn, schema: TableSchema, items: dict[bytes, bytes]) -> dict[bytes, tuple[int, int]]:
    """By counter row: items and bytes of the table and of each of its indexes."""
    counts = {_counter(schema.number): _count(list(items.values()))}
    for index in schema.indexes:
        counts[_counter(index.number)] = _count([entry for _, entry in _rows(txn, index_prefix(index))])
    return counts


def _counter(number: int) -> bytes:
    return COUNTERS + number.to_bytes(4, "big")


def _count(items: list[bytes]) -> tuple[int, int]:
    return len(items), sum(map(_core.item_size, items))


def _collection_sizes(schema: TableSchema, items: dict[bytes, bytes]) -> Counter[bytes]:
    sizes: Counter[bytes] = Counter()
    if not schema.local_indexes:
        return sizes
    for item in items.values():
        partition = _core.get_attribute(item, schema.partition.name)
        assert partition is not None, "checked with the items"
        entries = [entry for index in schema.local_indexes if (entry := entry_of(schema, index, item))]
        size = _core.item_size(item) + sum(_core.item_size(entry.value) for entry in entries)
        sizes[collection_counter(schema, partition)] += size
    return sizes


def _counter_problems(txn: ReadTxn, counts: dict[bytes, tuple[int, int]], collections: Counter[bytes]) -> Iterator[str]:
    stored_counts = {key: struct.unpack("<2q", row) for key, row in _rows(txn, COUNTERS)}
    for key in counts.keys() | stored_counts.keys():
        if counts.get(key, (0, 0)) != stored_counts.get(key, (0, 0)):
            yield f"counter {key!r} says {stored_counts.get(key)}, a recount {counts.get(key)}"
    for key, row in _rows(txn, COUNTERS) + _rows(txn, COLLECTIONS):
        if not any(row):
            yield f"counter {key!r} is kept though it is zero"
    stored_sizes = {key: struct.unpack("<q", row)[0] for key, row in _rows(txn, COLLECTIONS)}
    for key in collections.keys() | stored_sizes.keys():
        if collections.get(key, 0) != stored_sizes.get(key, 0):
            yield f"collection {key!r} says {stored_sizes.get(key)} bytes, a recount {collections.get(key)}"


def _token_problems(txn: ReadTxn) -> Iterator[str]:
    tokens = {(row[:8], key[len(TOKENS) :]) for key, row in _rows(txn, TOKENS)}
    expiries = {(key[2:10], key[10:]) for key, _ in _rows(txn, TOKEN_EXPIRIES)}
    for expiry, name in tokens ^ expiries:
        yield f"request token {name!r}, which expires at {expiry!r}, has only one of its two rows"


def _strays(txn: ReadTxn, schemas: list[TableSchema]) -> Iterator[str]:
    prefixes = {table_prefix(schema) for schema in schemas}
    prefixes |= {index_prefix(index) for schema in schemas for index in schema.indexes}
    times = [schema.time_to_live for schema in schemas if schema.time_to_live is not None]
    prefixes |= {EXPIRIES + ttl.number.to_bytes(4, "big") for ttl in times}
    for key in {key for key, _ in _rows(txn, REGISTER)} - {register_key(ttl) for ttl in times}:
        yield f"the register's {key!r} is of no table"
    for keyspace in (ITEMS, ENTRIES, EXPIRIES):
        for key in {key[:5] for key, _ in _rows(txn, keyspace)} - prefixes:
            yield f"rows under {key!r} belong to no table"
