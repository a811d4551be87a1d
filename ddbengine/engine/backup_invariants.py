"""What must hold of backups, checked from scratch.

- a backup that is complete has as many items and bytes as it says, each readable and under the key its attributes make;
- one that is being made has a row that says how far, which its table's schema points to while the table is there;
- a table that is being restored is shown as being created, and its backup is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgpack

from ddbengine import _core
from ddbengine.engine.backup_rows import (
    BACKUPS,
    COPYING,
    PASSING,
    RESTORING,
    TABLE_PREFIX_BYTES,
    Backup,
    copying_key,
    copyings,
    items_prefix,
    read_backup,
    restorings,
)
from ddbengine.engine.keys import after, item_key
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import CREATING, transition_of
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.store import ReadTxn

_UNREADABLE = (_core.CorruptBytes, _core.ValueFault, ValueError, TypeError, KeyError, IndexError, AttributeError)
_UNREADABLE_ROW = (*_UNREADABLE, msgpack.UnpackException)
_PROGRESS_ROWS = 1000


def broken_backups(txn: ReadTxn, schemas: Sequence[TableSchema], advance: Callable[[int], object]) -> Iterator[Finding]:
    """Everything found; rows that cannot be read are told as such, those of backups elsewhere."""
    backups: dict[bytes, Backup] = {}
    for key, row in txn.scan(BACKUPS, after(BACKUPS)):
        try:
            backups[bytes(key)] = read_backup(bytes(key), row)
        except _UNREADABLE_ROW:
            continue  # the catalog tells it
    for backup in backups.values():
        if not backup.is_copying:
            yield from _broken_items(txn, backup, advance)
    try:
        yield from _broken_copyings(txn, backups, schemas)
        yield from _broken_restorings(txn, backups, schemas)
    except _UNREADABLE_ROW as error:
        detail = f"what is being copied or restored cannot be read: {error!r}"
        yield Finding("catalog-row-unreadable", "catalog", shown(COPYING), detail)


def _broken_items(txn: ReadTxn, backup: Backup, advance: Callable[[int], object]) -> Iterator[Finding]:
    place = f"backup {backup.id} of table {backup.table_name}"
    try:
        schema = backup.schema
    except _UNREADABLE_ROW as error:
        yield Finding(
            "backup-unreadable", place, shown(backup.key), f"the schema of its table cannot be read: {error!r}"
        )
        return
    items = size = 0
    for key, item in txn.scan(items_prefix(backup.number), after(items_prefix(backup.number))):
        items += 1
        if items % _PROGRESS_ROWS == 0:
            advance(_PROGRESS_ROWS)
        try:
            size += _core.item_size(item)
            is_misplaced = _key_within(schema, bytes(item)) != bytes(key)[TABLE_PREFIX_BYTES:]
        except _UNREADABLE as error:
            yield Finding("item-unreadable", place, shown(bytes(key)), f"the item cannot be decoded: {error}")
            continue
        if is_misplaced:
            yield Finding("item-misplaced", place, shown(bytes(key)), "the item is kept under another key than its own")
    advance(items % _PROGRESS_ROWS)
    if backup.is_seen and (items, size) != (backup.items, backup.size):
        detail = f"is said to have (items, bytes) {backup.items}, {backup.size}, a recount finds {items}, {size}"
        yield Finding("counter-wrong", place, shown(backup.key), detail)


def _key_within(schema: TableSchema, item: bytes) -> bytes:
    attributes = {attribute.name: _core.get_attribute(item, attribute.name) for attribute in schema.key}
    known = {name: value for name, value in attributes.items() if value is not None}
    return item_key(schema, known)[TABLE_PREFIX_BYTES:]


def _broken_copyings(txn: ReadTxn, backups: dict[bytes, Backup], schemas: Sequence[TableSchema]) -> Iterator[Finding]:
    under_way = copyings(txn)
    by_number = {schema.number: schema for schema in schemas}
    for number, copying in under_way.items():
        backup = backups.get(copying.backup_key)
        if backup is None or backup.number != number or not backup.is_copying:
            yield _in_catalog(copying_key(number), "copies into a backup that is not being made")
        schema = by_number.get(copying.table_number)
        if schema is not None and number not in schema.copies:
            yield _in_catalog(copying_key(number), f"table {schema.name} does not know that it is being copied")
    for backup in backups.values():
        if backup.is_copying and backup.number not in under_way:
            yield _in_catalog(backup.key, "is said to be being made, but nothing copies into it")
    for schema in schemas:
        for number in schema.copies:
            if number not in under_way:
                yield _in_catalog(copying_key(number), f"table {schema.name} waits for a copy that nobody makes")


def _broken_restorings(txn: ReadTxn, backups: dict[bytes, Backup], schemas: Sequence[TableSchema]) -> Iterator[Finding]:
    by_number = {schema.number: schema for schema in schemas}
    for number, restoring in restorings(txn).items():
        key = RESTORING + number.to_bytes(4, "big")
        backup, schema = backups.get(restoring.backup_key), by_number.get(number)
        if backup is None or (backup.is_copying and backup.type != PASSING):
            yield _in_catalog(key, "restores from a backup that is not there")
        transition = None if schema is None else transition_of(schema)
        if transition is None or transition.status != CREATING:
            yield _in_catalog(key, "restores a table that is not being created")


def _in_catalog(key: bytes, detail: str) -> Finding:
    return Finding("backup-row-wrong", "catalog", shown(key), detail)
