"""The backup that is left of a table deleted while point-in-time recovery is on: the table as it was then, for 35 days.

It is a backup like any other, but that nobody can delete it, and that it expires (``engine.history_upkeep``).
"""

from __future__ import annotations

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_copying import begin_copy
from ddbengine.engine.backup_rows import SYSTEM, Backup, expiring_key, new_backup_id
from ddbengine.engine.history import switched_off
from ddbengine.limits import RECOVERY_PERIOD_DAYS
from ddbengine.schema import stored
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import ReadTxn, Writes

__all__ = ["last_backup"]

_NO_UNIQUE_PART = "00000000"
_SECONDS_PER_DAY = 86_400


def last_backup(
    schema: TableSchema, txn: ReadTxn, now: float, counts: tuple[int, int]
) -> tuple[list[Writes], TableSchema]:
    """What is written for a table that is being deleted, and the schema it is shown with while that takes time;
    ``counts`` are its items and their bytes.  Nothing for a table without recovery."""
    if not schema.is_recoverable:
        return [], schema
    items, size = counts
    number = catalogs.next_number(txn)
    created = int(now * 1000) / 1000
    backup = Backup(
        namespace=schema.namespace,
        id=new_backup_id(txn, schema.namespace, now, _NO_UNIQUE_PART),
        number=number,
        name=f"{schema.name}$DeletedTableBackup",
        table_name=schema.name,
        created=created,
        items=items,
        size=size,
        schema_row=stored.encode(schema),
        is_copying=True,
        type=SYSTEM,
        expires=created + RECOVERY_PERIOD_DAYS * _SECONDS_PER_DAY,
    )
    copy, copied = begin_copy(backup, schema, txn)
    copy.puts.append((expiring_key(backup), b""))
    left, forgotten = switched_off(copied)
    return [catalogs.taken_numbers(number, 1), copy, forgotten], left
