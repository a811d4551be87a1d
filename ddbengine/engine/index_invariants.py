"""What must hold of global indexes, which follow the change log: they know the items of another moment than the table.

An index knows each item as of the propagator's position; while it is being filled, or just was, as of the moment its
filling looked at the item if that is later, and not at all what is still to be looked at.  The log has what was changed
since.  Takes memory for those changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgpack

from ddbengine.engine.index_register import (
    FILLINGS,
    FOLLOWER,
    INDEXED,
    Filling,
    filling_key,
    indexed_key,
    indexed_table,
    read_filling,
)
from ddbengine.engine.keys import after
from ddbengine.engine.propagation import ItemVersion, changes_after, unseen
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.store import ReadTxn, position_key, position_of

_UNREADABLE_ROW = (ValueError, TypeError, KeyError, IndexError, AttributeError, msgpack.UnpackException)


class KnownItems:
    """The items that indexes should know, where these are not the table's."""

    def __init__(self) -> None:
        self._fillings: dict[int, Filling] = {}
        self._pending: dict[bytes, list[ItemVersion]] = {}

    def read(self, txn: ReadTxn, schemas: Iterable[TableSchema]) -> Iterator[Finding]:
        """Learn what the log and the catalog say, and check it; to be done before anything is asked."""
        indexed = [schema for schema in schemas if schema.following_indexes]
        yield from _register_findings(txn, indexed)
        yield from self._read_fillings(txn, indexed)
        position = position_of(txn, FOLLOWER)
        if position is None:
            return
        numbers = {schema.number.to_bytes(4, "big") for schema in indexed}
        try:
            while entries := txn.log_after(position):
                for key, versions in changes_after(position, entries).items():
                    if key[1:5] in numbers:
                        self._pending.setdefault(key, []).extend(versions)
                position = entries[-1].last
        except _UNREADABLE_ROW as error:
            yield Finding("log-unreadable", "change log", str(position), f"what comes after cannot be read: {error}")

    def known(self, index: IndexSchema, key: bytes, item: bytes | None) -> bytes | None:
        """The item at a key as an index should know it, given what the table holds; None if it should not."""
        if not index.is_global:
            return item
        filling = self._fillings.get(index.number)
        if filling is not None and filling.seen_until(key) is None:
            return None
        versions = unseen(filling, key, self._pending.get(key, []))
        return versions[0].old if versions else item

    def deleted(self, txn: ReadTxn, prefix: bytes) -> list[bytes]:
        """Keys of the items of a table that are gone, and that its indexes may still have to know."""
        return [key for key in self._pending if key.startswith(prefix) and txn.get(key) is None]

    def _read_fillings(self, txn: ReadTxn, indexed: list[TableSchema]) -> Iterator[Finding]:
        known = {filling_key(index): index for schema in indexed for index in schema.following_indexes}
        for row_key, row in txn.scan(FILLINGS, after(FILLINGS)):
            key = bytes(row_key)
            try:
                filling = read_filling(bytes(row))
                filling.seen_until(filling.filled_to or b"")
            except (*_UNREADABLE_ROW, AssertionError) as error:
                yield Finding("catalog-row-unreadable", "catalog", shown(key), f"no filling of an index: {error!r}")
                continue
            index = known.get(key)
            if index is None:
                yield Finding(
                    "filling-of-nothing", "catalog", shown(key), "is the filling of an index that is not there"
                )
                continue
            self._fillings[index.number] = filling
        for key, index in known.items():
            filling_left = index.number in self._fillings and self._fillings[index.number].filled_to is not None
            if filling_left != index.is_filling:
                detail = f"index {index.name} is {'' if index.is_filling else 'not '}shown as being filled"
                yield Finding("filling-wrong", "catalog", shown(key), detail)


def _register_findings(txn: ReadTxn, indexed: list[TableSchema]) -> Iterator[Finding]:
    due = {indexed_key(schema.number): schema for schema in indexed}
    for schema in indexed:
        try:
            name = indexed_table(txn, schema.number)
        except _UNREADABLE_ROW:
            name = None
        if name != (schema.namespace, schema.name):
            detail = f"does not say that table {schema.name} has global indexes"
            yield Finding("register-wrong", "catalog", shown(indexed_key(schema.number)), detail)
    for key, _ in txn.scan(INDEXED, after(INDEXED)):
        if bytes(key) not in due:
            yield Finding("register-wrong", "catalog", shown(bytes(key)), "names a table that has no global indexes")
    if bool(due) != (position_of(txn, FOLLOWER) is not None):
        detail = "global indexes have no position in the change log" if due else "there is no global index"
        yield Finding("position-wrong", "change log", shown(position_key(FOLLOWER)), detail)
