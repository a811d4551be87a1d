"""The catalog: which tables there are, and their schemas, decoded once and kept while nothing changes.

| key | value |
| --- | --- |
| ``C v`` | the version: 8 random bytes, others after every change of any schema |
| ``C n`` | the next number for a table or an index, 8 bytes big endian; numbers are never used twice |
| ``C t <namespace> 00 <table name>`` | the schema, see schema.stored |
| ``C g``, ``C x`` | what is left of deleted tables, see engine.purge |

A lookup costs one ``get`` of the version: what is cached under that version is what the transaction would read, be it
another process that made the change.  The version is random and not counted up, so that a change which is rolled back
and another one made in its place can never be taken for one another.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from ddbengine.errors import ResourceNotFoundException, TableNotFoundException
from ddbengine.schema import arns, stored
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import CREATING, DELETING, Transition, running_transition, transition_of
from ddbengine.storage.store import ReadTxn, Writes

VERSION_KEY = b"Cv"
NUMBER_KEY = b"Cn"
TABLES = b"Ct"

CACHED_SCHEMAS_MAX = 16_384
"""Then the cache starts anew: more tables than this are in use at once in no workload we know of."""

FIRST_NUMBER = 1

_NAMES_END = b"\xff"
"""Greater than any table name."""

_K = TypeVar("_K")
_V = TypeVar("_V")


class Entry(NamedTuple):
    """A schema and the transition it was stored with."""

    schema: TableSchema
    transition: Transition | None


class _Generation(NamedTuple):
    """What is known under one version of the catalog, by namespace and name (or ARN) as asked for."""

    version: bytes
    entries: dict[tuple[str, str], Entry]


class Catalog:
    """Schemas by namespace and name.  Safe from many threads; holds nothing that a transaction did not confirm."""

    def __init__(self, clock: Callable[[], float] = time.time, account_id: str = "000000000000") -> None:
        self._clock = clock
        self._account_id = account_id
        self._generation = _Generation(b"", {})
        self._rows: dict[bytes, tuple[bytes, Entry]] = {}
        """Decoded rows by key; good whenever the stored row is still these bytes."""

    def table(self, txn: ReadTxn, namespace: str, name: str) -> TableSchema:
        """The schema of a table that requests for items may use; ``name`` may be a table ARN.

        Raise ResourceNotFoundException in the data plane's words (FACTS 5.1), also while the table is being created or
        deleted.
        """
        generation = self._generation
        # _entry would do for all: this saves each request a call of it.
        known = generation.entries.get((namespace, name)) if generation.version == txn.get(VERSION_KEY) else None
        entry = known or self._entry(txn, namespace, name)
        if entry is None:
            raise ResourceNotFoundException("Requested resource not found")
        transition = entry.transition
        if transition is not None and not self._is_usable(transition):
            raise ResourceNotFoundException("Requested resource not found")
        return entry.schema

    def usable_table(self, txn: ReadTxn, namespace: str, name: str) -> tuple[bytes, TableSchema] | None:
        """The schema of a table as ``table`` gives it, with the transaction's version, under which it can be used; None
        in place of an error."""
        entry, version = self._entry(txn, namespace, name), txn.get(VERSION_KEY)
        if entry is None or version is None or (entry.transition is not None and not self._is_usable(entry.transition)):
            return None
        return bytes(version), entry.schema

    def describe_table(self, txn: ReadTxn, namespace: str, name: str) -> TableSchema:
        """The schema of a table in whatever state; raise ResourceNotFoundException in the control plane's words."""
        schema = self.find(txn, namespace, name)
        if schema is None:
            raise ResourceNotFoundException(
                f"Requested resource not found: Table: {self.plain_name(namespace, name)} not found"
            )
        return schema

    def established_table(self, txn: ReadTxn, namespace: str, name: str) -> TableSchema:
        """As ``describe_table``, for operations that do not see a table before it has been created."""
        schema = self.describe_table(txn, namespace, name)
        running = running_transition(schema, self._clock())
        if running is not None and running.status == CREATING:
            raise ResourceNotFoundException(f"Requested resource not found: Table: {schema.name} not found")
        return schema

    def backed_up_table(self, txn: ReadTxn, namespace: str, name: str) -> TableSchema:
        """As ``established_table``; raise TableNotFoundException, which is what operations of backups say."""
        try:
            return self.established_table(txn, namespace, name)
        except ResourceNotFoundException:
            raise TableNotFoundException(f"Table not found: {self.plain_name(namespace, name)}") from None

    def undeleted_table(self, txn: ReadTxn, namespace: str, name: str) -> TableSchema:
        """As ``backed_up_table``, for what cannot be done with a table that is being deleted, its items included."""
        schema = self.backed_up_table(txn, namespace, name)
        running = running_transition(schema, self._clock())
        if running is not None and running.status == DELETING:
            raise TableNotFoundException(f"Table not found: {schema.name}")
        return schema

    def find(self, txn: ReadTxn, namespace: str, name: str) -> TableSchema | None:
        """The schema of a table in whatever state, None when there is no such table."""
        entry = self._entry(txn, namespace, name)
        return None if entry is None or self._is_gone(entry) else entry.schema

    def names(self, txn: ReadTxn, namespace: str, after: str = "") -> Iterator[str]:
        """Table names in byte order, from the first one greater than ``after``."""
        prefix = _prefix(namespace)
        low = prefix + after.encode() + b"\x00" if after else prefix
        for key, _ in txn.scan(low, prefix + _NAMES_END):
            name = bytes(key)[len(prefix) :].decode()
            if "\0" in name:
                continue  # another namespace's, whose name begins like this one's
            if self.find(txn, namespace, name) is not None:
                yield name

    def plain_name(self, namespace: str, name: str) -> str:
        """The table name that a request gives plainly or by ARN; raise for an ARN of elsewhere (schema.arns)."""
        return arns.table_name(name, namespace.rpartition("/")[2] or None, self._account_id)

    def _is_usable(self, transition: Transition) -> bool:
        if transition.status == DELETING:
            return False
        return transition.status != CREATING or self._clock() >= transition.until

    def _is_gone(self, entry: Entry) -> bool:
        transition = entry.transition
        return transition is not None and transition.status == DELETING and self._clock() >= transition.until

    def _entry(self, txn: ReadTxn, namespace: str, name: str) -> Entry | None:
        version = txn.get(VERSION_KEY)
        generation = self._generation
        if generation.version != version:
            generation = self._generation = _Generation(b"" if version is None else bytes(version), {})
        entry = generation.entries.get((namespace, name))
        return self._load(txn, generation, namespace, name) if entry is None else entry

    def _load(self, txn: ReadTxn, generation: _Generation, namespace: str, name: str) -> Entry | None:
        key = table_key(namespace, self.plain_name(namespace, name))
        found = txn.get(key)
        if found is None:
            return None
        row = bytes(found)
        cached = self._rows.get(key)
        if cached is not None and cached[0] == row:
            entry = cached[1]
        else:
            schema = stored.decode(row)
            entry = Entry(schema, transition_of(schema))
            _add_bounded(self._rows, key, (row, entry))
        _add_bounded(generation.entries, (namespace, name), entry)
        return entry


def namespaces_of(txn: ReadTxn, name: str) -> list[str]:
    """The namespaces that have a table of this name, in whatever state, found by looking through all tables."""
    found = []
    for key, _ in txn.scan(TABLES, TABLES + _NAMES_END):
        namespace, _, its_name = bytes(key)[len(TABLES) :].partition(b"\x00")
        if its_name == name.encode():
            found.append(namespace.decode())
    return found


def _prefix(namespace: str) -> bytes:
    return TABLES + namespace.encode() + b"\x00"


def table_key(namespace: str, name: str) -> bytes:
    """The key of a table's schema."""
    return _prefix(namespace) + name.encode()


def save(schema: TableSchema) -> Writes:
    """Writes that add a schema or replace the one of the same name."""
    row = (table_key(schema.namespace, schema.name), stored.encode(schema))
    return Writes(puts=[row, new_version()])


def remove(schema: TableSchema) -> Writes:
    """Writes that take a schema out of the catalog."""
    return Writes(deletes=[table_key(schema.namespace, schema.name)], puts=[new_version()])


def new_version() -> tuple[bytes, bytes]:
    """The put that ends the life of everything cached."""
    return VERSION_KEY, uuid.uuid4().bytes[:8]


def next_number(txn: ReadTxn) -> int:
    """The first number that no table or index has or had."""
    row = txn.get(NUMBER_KEY)
    return FIRST_NUMBER if row is None else int.from_bytes(row, "big")


def taken_numbers(first: int, taken: int) -> Writes:
    """Writes that mark so many numbers, from ``first`` = ``next_number`` on, as taken."""
    return Writes(puts=[(NUMBER_KEY, (first + taken).to_bytes(8, "big"))])


def _add_bounded(cache: dict[_K, _V], key: _K, value: _V) -> None:
    if len(cache) >= CACHED_SCHEMAS_MAX:
        cache.clear()
    cache[key] = value
