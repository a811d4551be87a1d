"""What must hold between the rows of a store, checked from scratch.

Reads everything and recomputes what the engine keeps up step by step:

- every row of the catalog decodes and is where it belongs; no number is used twice, none is yet to be given out;
- every stored item decodes, is in the form it is written in and is stored under the key its attributes make;
- the entries of each index are exactly those that its table's items project: as they are for local indexes, as of
  where the propagator is for global ones (``index_invariants``);
- the counts of items and bytes of each table, index and item collection equal a recount;
- expiry entries and client request tokens are those there should be (``time_invariants``);
- streams are those of the tables, and their shards have every record once (``stream_invariants``);
- backups have the items they are said to have, and what is under way has its rows (``backup_invariants``);
- exports and imports under way have what they need (``job_invariants``);
- the history that point-in-time recovery needs is kept (``history_invariants``);
- no row belongs to a table or an index that neither exists nor is known as garbage.

Takes memory for the catalog, whatever the number of items: keyspaces of the same order are walked side by side.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import msgpack
import orjson

from ddbengine import _core
from ddbengine.engine.backup_invariants import broken_backups
from ddbengine.engine.backup_rows import BACKUP_ITEMS, BACKUPS, COPYING, EXPIRING, RESTORING, read_backup
from ddbengine.engine.catalog import FIRST_NUMBER, NUMBER_KEY, TABLES, VERSION_KEY, table_key
from ddbengine.engine.changes import COLLECTIONS, COUNTERS, collection_counter
from ddbengine.engine.expiration import REGISTER
from ddbengine.engine.history import RECOVERIES
from ddbengine.engine.history_invariants import broken_history
from ddbengine.engine.index_invariants import KnownItems
from ddbengine.engine.index_register import FILLINGS, INDEXED
from ddbengine.engine.job_invariants import broken_jobs
from ddbengine.engine.job_rows import EXPORTS, IMPORTS
from ddbengine.engine.keys import after, item_key, table_prefix
from ddbengine.engine.purge import DEADLINES, GARBAGE
from ddbengine.engine.stream_invariants import broken_streams
from ddbengine.engine.time_invariants import broken_expiries, broken_tokens
from ddbengine.indexes.entries import ENTRIES, Entry, entry_of, index_prefix, vector_saving
from ddbengine.indexes.expiries import EXPIRIES
from ddbengine.schema import stored
from ddbengine.schema.table import ITEMS, IndexSchema, TableSchema
from ddbengine.schema.transition import DELETING, transition_of
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.store import ReadTxn
from ddbengine.streams.rows import SHARDS, STREAMS

__all__ = ["broken_invariants"]

CATALOG = b"C"
_READ_ELSEWHERE = (
    *(REGISTER, INDEXED, FILLINGS, STREAMS, SHARDS, COPYING, RESTORING),
    *(EXPORTS, IMPORTS, EXPIRING, RECOVERIES),
)
_PREFIX_BYTES = 5
"""A keyspace and a number."""
_PROGRESS_ROWS = 1000

Advance = Callable[[int], object]
"""Told, now and then, how many more rows have been read."""

_UNREADABLE = (_core.CorruptBytes, _core.ValueFault, _core.JsonTypeFault, ValueError, RecursionError)
"""What decoding damaged bytes may raise; orjson's error is a ValueError."""
_UNREADABLE_ROW = (*_UNREADABLE, msgpack.UnpackException, KeyError, TypeError, IndexError, AttributeError)


def broken_invariants(txn: ReadTxn, advance: Advance = lambda rows: None) -> Iterator[Finding]:
    """Everything found, one at a time; nothing for a sound store.  It never raises for what is stored."""
    catalog = _Catalog()
    yield from catalog.read(txn)
    known = KnownItems()
    yield from known.read(txn, catalog.schemas)
    counts: dict[int, tuple[int, ...]] = {}
    for schema in catalog.schemas:
        yield from _table_findings(txn, schema, known, counts, advance)
    yield from _counter_findings(txn, catalog, counts)
    yield from broken_expiries(txn, catalog.schemas)
    yield from broken_tokens(txn)
    yield from broken_streams(txn, catalog.schemas)
    yield from broken_backups(txn, catalog.schemas, advance)
    yield from broken_jobs(txn, catalog.schemas)
    yield from broken_history(txn, catalog.schemas)
    yield from _strays(txn, catalog)


def _rows(txn: ReadTxn, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    for key, value in txn.scan(prefix, after(prefix)):
        yield bytes(key), bytes(value)


# --- the catalog -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Catalog:
    schemas: list[TableSchema] = field(default_factory=list)
    """Of tables whose items are all there."""
    owners: dict[int, str] = field(default_factory=dict)
    """By number, the place of the table or index that has it."""
    garbage: set[int] = field(default_factory=set)
    """Numbers of deleted tables and indexes whose rows are yet to be purged."""

    def read(self, txn: ReadTxn) -> Iterator[Finding]:
        for key, row in _rows(txn, CATALOG):
            if key.startswith(TABLES):
                yield from self._read_table(key, row)
            elif key.startswith(GARBAGE):
                yield from self._read_garbage(key, row)
            elif key.startswith(DEADLINES):
                if len(row) != 4 or len(key) <= len(DEADLINES) + 8:
                    yield _in_catalog("catalog-row-unreadable", key, "does not name a table that is being deleted")
            elif key == VERSION_KEY:
                if len(row) != 8:
                    yield _in_catalog("catalog-row-unreadable", key, f"the version has {len(row)} bytes in place of 8")
            elif key.startswith(BACKUPS):
                yield from self._read_backup(key, row)
            elif key != NUMBER_KEY and not key.startswith(_READ_ELSEWHERE):
                yield _in_catalog("catalog-row-unknown", key, "is no row of a catalog")
        yield from self._check_numbers(txn)

    def _read_table(self, key: bytes, row: bytes) -> Iterator[Finding]:
        try:
            schema = stored.decode(row)
            place = _table(schema)
            transition = transition_of(schema)
            if table_key(schema.namespace, schema.name) != key:
                yield _in_catalog("catalog-row-misplaced", key, f"holds the schema of {place}")
            for number, owner in _numbered(schema):
                yield from self._own(number, owner, key)
        except _UNREADABLE_ROW as error:
            yield _in_catalog("catalog-row-unreadable", key, f"the schema of a table cannot be read: {error!r}")
            return
        if transition is None or transition.status != DELETING:
            self.schemas.append(schema)

    def _own(self, number: int, owner: str, key: bytes) -> Iterator[Finding]:
        if number in self.owners:
            detail = f"{owner} has number {number}, which is that of {self.owners[number]}"
            yield _in_catalog("number-used-twice", key, detail)
        self.owners[number] = owner

    def _read_backup(self, key: bytes, row: bytes) -> Iterator[Finding]:
        try:
            backup = read_backup(key, row)
            yield from self._own(backup.number, f"backup {backup.id} of table {backup.table_name}", key)
        except _UNREADABLE_ROW as error:
            yield _in_catalog("catalog-row-unreadable", key, f"a backup cannot be read: {error!r}")

    def _read_garbage(self, key: bytes, row: bytes) -> Iterator[Finding]:
        try:
            self.garbage |= {int.from_bytes(low[1:_PREFIX_BYTES], "big") for low, _ in msgpack.unpackb(row)}
        except _UNREADABLE_ROW as error:
            yield _in_catalog("catalog-row-unreadable", key, f"what a deleted table left cannot be read: {error!r}")

    def _check_numbers(self, txn: ReadTxn) -> Iterator[Finding]:
        row = txn.get(NUMBER_KEY)
        following = FIRST_NUMBER if row is None else int.from_bytes(row, "big")
        for number, place in self.owners.items():
            if number >= following:
                yield _in_catalog(
                    "next-number-too-low", NUMBER_KEY, f"is {following}, but {place} already has number {number}"
                )
        if self.owners and txn.get(VERSION_KEY) is None:
            yield _in_catalog("catalog-row-missing", VERSION_KEY, "there are tables but no version of the catalog")


def _numbered(schema: TableSchema) -> Iterator[tuple[int, str]]:
    """The numbers that a table has, with what has them."""
    yield schema.number, _table(schema)
    for index in schema.all_indexes:
        yield index.number, _index(schema, index)
    if schema.time_to_live is not None:
        yield schema.time_to_live.number, f"time to live of table {schema.name}"


def _in_catalog(name: str, key: bytes, detail: str) -> Finding:
    return Finding(name, "catalog", shown(key), detail)


def _table(schema: TableSchema) -> str:
    return f"table {schema.name}"


def _index(schema: TableSchema, index: IndexSchema) -> str:
    return f"index {index.name} of table {schema.name}"


# --- items and index entries -----------------------------------------------------------------------------------------


def _table_findings(
    txn: ReadTxn, schema: TableSchema, known: KnownItems, counts: dict[int, tuple[int, ...]], advance: Advance
) -> Iterator[Finding]:
    """Walks the table's items once, and the entries of each index once; adds to ``counts`` by number."""
    recount = _Recount(txn, schema, known)
    rows = 0
    for key, item in _rows(txn, table_prefix(schema)):
        yield from recount.add(key, item)
        rows += 1
        if rows % _PROGRESS_ROWS == 0:
            advance(_PROGRESS_ROWS)
    advance(rows % _PROGRESS_ROWS)
    yield from recount.finish()
    counts[schema.number] = (recount.items, recount.size)
    for index in schema.all_indexes:
        found = recount.entries[index.number]
        saved = () if index.vector is None else (found.saved,)
        counts[index.number] = (found.due, found.size, *saved)
        yield from _entries_without_item(txn, schema, index, known, found.present, advance)


@dataclass(slots=True)
class _Entries:
    """What the items so far have in one index."""

    due: int = 0
    size: int = 0
    saved: int = 0
    """Of a vector index: see ``vector_saving``."""
    present: int = 0
    """Those of them that are stored, be it with another value."""


class _Recount:
    """Looks at the items of a table in key order, and adds up what its counters should say."""

    def __init__(self, txn: ReadTxn, schema: TableSchema, known: KnownItems) -> None:
        self._txn = txn
        self._schema = schema
        self._known = known
        self.items = 0
        self.size = 0
        self.entries = {index.number: _Entries() for index in schema.all_indexes}
        self._collections = _Collections(txn, schema)

    def add(self, key: bytes, item: bytes) -> Iterator[Finding]:
        self.items += 1
        try:
            self.size += _core.item_size(item)
            flaw = _flaw_of_item(self._schema, key, item)
            if flaw is not None:
                yield Finding(flaw[0], _table(self._schema), _shown_key(self._schema, key, item), flaw[1])
            if flaw is None or flaw[0] == "item-not-as-written":
                yield from self._add_sound(key, item)
        except _UNREADABLE as error:
            yield Finding("item-unreadable", _table(self._schema), shown(key), f"the item cannot be decoded: {error}")

    def finish(self) -> Iterator[Finding]:
        for key in self._known.deleted(self._txn, table_prefix(self._schema)):
            for index in self._schema.following_indexes:
                yield from self._add_entry(index, key, None)
        yield from self._collections.finish()

    def _add_sound(self, key: bytes, item: bytes) -> Iterator[Finding]:
        size = _core.item_size(item)
        for index in self._schema.local_indexes:
            size += yield from self._add_entry(index, key, item)
        for index in self._schema.following_indexes:
            yield from self._add_entry(index, key, item)
        if self._schema.local_indexes:
            partition = _core.get_attribute(item, self._schema.partition.name)
            assert partition is not None, "an item whose key was checked has its partition key"
            yield from self._collections.add(collection_counter(self._schema, partition), size)

    def _add_entry(self, index: IndexSchema, key: bytes, item: bytes | None) -> Generator[Finding, None, int]:
        """Look for the entry that an item, as the table has it, should have; return its size."""
        known = self._known.known(index, key, item)
        entry = entry_of(self._schema, index, known)
        if known is None or entry is None:
            return 0
        size = _core.item_size(entry.value)
        yield from self._compare(index, entry, size, known)
        return size

    def _compare(self, index: IndexSchema, entry: Entry, size: int, item: bytes) -> Iterator[Finding]:
        found = self.entries[index.number]
        found.due += 1
        found.size += size
        found.saved += vector_saving(index, item)
        stored_entry = self._txn.get(entry.key)
        place = _index(self._schema, index)
        if stored_entry is None:
            key = _shown_key(self._schema, b"", item)
            yield Finding("entry-missing", place, key, "the item has no entry in the index, though it has its key")
            return
        found.present += 1
        if stored_entry != entry.value:
            key = _shown_key(self._schema, b"", item)
            yield Finding("entry-not-as-projected", place, key, "the entry is not what the index projects of the item")


def _flaw_of_item(schema: TableSchema, key: bytes, item: bytes) -> tuple[str, str] | None:
    """What is wrong with an item by itself: a name and a sentence."""
    attributes = {attribute.name: _core.get_attribute(item, attribute.name) for attribute in schema.key}
    known = {name: value for name, value in attributes.items() if value is not None}
    if len(known) < len(attributes):
        return "item-without-key", f"the item lacks its key attribute {next(n for n in attributes if n not in known)}"
    for attribute in schema.key:
        actual = _core.type_of(known[attribute.name])
        if actual != attribute.type:
            return "item-without-key", f"the key attribute {attribute.name} is {actual} in place of {attribute.type}"
    if item_key(schema, known) != key:
        return "item-misplaced", f"the item is stored under another key than its own, {shown(key)}"
    again, size = _core.encode_item(orjson.loads(_core.item_to_wire(item)))
    if again != item or size != _core.item_size(item):
        return "item-not-as-written", "the item is not in the form it is written in"
    return None


def _shown_key(schema: TableSchema, key: bytes, item: bytes) -> str:
    """The key attributes of an item as DynamoDB JSON, or the stored key when they cannot be read."""
    try:
        return _core.item_to_wire(_core.pick(item, [attribute.name for attribute in schema.key])).decode()
    except _UNREADABLE:
        return shown(key)


def _entries_without_item(
    txn: ReadTxn, schema: TableSchema, index: IndexSchema, known: KnownItems, expected: int, advance: Advance
) -> Iterator[Finding]:
    """Entries that no item accounts for.  All of ``expected`` entries are accounted for by items, so where there are
    no more than these, there is nothing to look up."""
    count = 0
    for _ in txn.scan(index_prefix(index), after(index_prefix(index))):
        count += 1
        if count % _PROGRESS_ROWS == 0:
            advance(_PROGRESS_ROWS)
    advance(count % _PROGRESS_ROWS)
    if count == expected:
        return
    for key, value in _rows(txn, index_prefix(index)):
        if not _is_accounted_for(txn, schema, index, known, key, value):
            yield Finding(
                "entry-without-item",
                _index(schema, index),
                _shown_key(schema, key, value),
                "the index has an entry that no item of the table accounts for",
            )


def _is_accounted_for(
    txn: ReadTxn, schema: TableSchema, index: IndexSchema, known: KnownItems, key: bytes, value: bytes
) -> bool:
    try:
        attributes = {}
        for attribute in schema.key:
            found = _core.get_attribute(value, attribute.name)
            if found is None:
                return False
            attributes[attribute.name] = found
        place = item_key(schema, attributes)
        item = txn.get(place)
        entry = entry_of(schema, index, known.known(index, place, None if item is None else bytes(item)))
    except _UNREADABLE:
        return False
    return entry is not None and entry.key == key


# --- counters --------------------------------------------------------------------------------------------------------


class _Collections:
    """Compares the sizes of item collections with their rows.  Both come in the same order; a collection of no bytes
    may have a row or none."""

    def __init__(self, txn: ReadTxn, schema: TableSchema) -> None:
        prefix = COLLECTIONS + schema.number.to_bytes(4, "big")
        self._rows = _rows(txn, prefix)
        self._row = next(self._rows, None)
        self._place = _table(schema)
        self._key: bytes | None = None
        self._size = 0

    def add(self, key: bytes, size: int) -> Iterator[Finding]:
        if key != self._key:
            yield from self._close()
            self._key, self._size = key, 0
        self._size += size

    def finish(self) -> Iterator[Finding]:
        yield from self._close()
        while self._row is not None:
            yield from self._compare(self._row, 0)
            self._row = next(self._rows, None)

    def _close(self) -> Iterator[Finding]:
        if self._key is None:
            return
        while self._row is not None and self._row[0] < self._key:
            yield from self._compare(self._row, 0)
            self._row = next(self._rows, None)
        if self._row is not None and self._row[0] == self._key:
            yield from self._compare(self._row, self._size)
            self._row = next(self._rows, None)
        else:
            yield from self._compare((self._key, struct.pack("<q", 0)), self._size)

    def _compare(self, row: tuple[bytes, bytes], size: int) -> Iterator[Finding]:
        says = _integers(row[1], 1)
        if says != (size,):
            detail = f"an item collection is said to have {_said(says)} bytes, a recount finds {size}"
            yield Finding("collection-size-wrong", self._place, shown(row[0]), detail)


def _counter_findings(txn: ReadTxn, catalog: _Catalog, counts: dict[int, tuple[int, ...]]) -> Iterator[Finding]:
    for number, found in counts.items():
        key = COUNTERS + number.to_bytes(4, "big")
        row = txn.get(key)
        says = (0,) * len(found) if row is None else _integers(row, len(found))
        if says != found:
            detail = f"is counted as (items, bytes) {_said(says)}, a recount finds {_said(found)}"
            yield Finding("counter-wrong", catalog.owners[number], shown(key), detail)


def _integers(row: bytes | memoryview, count: int) -> tuple[int, ...] | None:
    return struct.unpack(f"<{count}q", row) if len(row) == 8 * count else None


def _said(integers: tuple[int, ...] | None) -> str:
    return "something unreadable" if integers is None else ", ".join(map(str, integers))


def _strays(txn: ReadTxn, catalog: _Catalog) -> Iterator[Finding]:
    """Rows under numbers that nothing has; found by leaping from number to number."""
    known = catalog.owners.keys() | catalog.garbage
    for keyspace, kind in (
        (ITEMS, "items"),
        (ENTRIES, "index entries"),
        (COUNTERS, "counters"),
        (COLLECTIONS, "sizes"),
        (EXPIRIES, "expiry entries"),
        (BACKUP_ITEMS, "items of backups"),
    ):
        low = keyspace
        while (first := next(iter(txn.scan(low, after(keyspace))), None)) is not None:
            prefix = bytes(first[0])[:_PREFIX_BYTES]
            number = int.from_bytes(prefix[1:], "big")
            if len(prefix) < _PREFIX_BYTES or number not in known:
                yield Finding("rows-of-no-table", kind, shown(prefix), f"rows under number {number} belong to no table")
            low = after(prefix)
