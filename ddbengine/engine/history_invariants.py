"""What must hold of the history that point-in-time recovery keeps, checked from scratch.

- exactly the tables with recovery on have a row that says since when;
- the position in the change log is there while any table or restore asks for it, and no later than any of them needs;
- exactly the backups that expire have a row that says when.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgpack

from ddbengine.engine.backup_rows import BACKUPS, EXPIRING, expiring, expiring_key, read_backup
from ddbengine.engine.history import FOLLOWER, RECOVERIES, needed_after, recoveries
from ddbengine.engine.keys import after
from ddbengine.schema.table import TableSchema
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.store import ReadTxn, position_key, position_of

__all__ = ["broken_history"]

_UNREADABLE_ROW = (ValueError, TypeError, IndexError, msgpack.UnpackException)


def broken_history(txn: ReadTxn, schemas: Sequence[TableSchema]) -> Iterator[Finding]:
    """Everything found; ``schemas`` are those of all tables.  Backups that cannot be read are told elsewhere."""
    try:
        yield from _broken_recoveries(txn, schemas)
        yield from _broken_position(txn)
    except _UNREADABLE_ROW as error:
        detail = f"since when history is kept cannot be read: {error!r}"
        yield Finding("catalog-row-unreadable", "catalog", shown(RECOVERIES), detail)
    yield from _broken_expiries(txn)


def _broken_recoveries(txn: ReadTxn, schemas: Sequence[TableSchema]) -> Iterator[Finding]:
    tables = {schema.number: schema for schema in schemas if schema.is_recoverable}
    for number, recovery in recoveries(txn):
        schema = tables.pop(number, None)
        if schema is None or (schema.namespace, schema.name) != (recovery.namespace, recovery.table_name):
            yield _wrong(RECOVERIES + number.to_bytes(4, "big"), "keeps the history of no such table")
    for number, schema in tables.items():
        yield _wrong(
            RECOVERIES + number.to_bytes(4, "big"), f"is missing: table {schema.name} has recovery switched on"
        )


def _broken_position(txn: ReadTxn) -> Iterator[Finding]:
    position, needed = position_of(txn, FOLLOWER), needed_after(txn)
    if needed is not None and (position is None or position > needed):
        yield _wrong(position_key(FOLLOWER), f"lets go of history: it is {position}, where {needed} is needed")


def _broken_expiries(txn: ReadTxn) -> Iterator[Finding]:
    expected = set()
    for key, row in txn.scan(BACKUPS, after(BACKUPS)):
        try:
            backup = read_backup(bytes(key), row)
            if backup.expires is not None:
                expected.add(expiring_key(backup))
        except _UNREADABLE_ROW:
            continue
    found = {EXPIRING + second.to_bytes(8, "big") + key for second, key in expiring(txn)}
    for key in sorted(expected ^ found):
        yield _wrong(key, "is missing, or speaks of no backup that expires then")


def _wrong(key: bytes, detail: str) -> Finding:
    return Finding("history-row-wrong", "catalog", shown(key), detail)
