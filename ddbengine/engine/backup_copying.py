"""Copying a table's items into a backup, while reads and writes go on.

The first part is copied by CreateBackup itself, so that the backup of a small table is complete when it answers.  The
rest follows in parts, each a plan of its own with the next items in key order; how far that came is a row, so it goes
on after a restart.  A deleted table stays out of everybody's reach, and its items where they are, until its backups are
complete (``engine.purge``).

``backup_rows`` says why what comes of it is the table as of one moment.  No snapshot is held meanwhile: one that lasts
as long as a copy would keep the pages of all that is deleted, and the map from growing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from typing import ClassVar

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_rows import (
    NOT_THERE,
    TABLE_PREFIX_BYTES,
    Backup,
    Copying,
    copying_key,
    copying_put,
    copyings,
    find_backup,
    items_prefix,
)
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.housekeeping import one_by_one
from ddbengine.engine.keys import after
from ddbengine.engine.purge import DONE, MORE
from ddbengine.engine.undoing import next_undoing
from ddbengine.schema.table import ITEMS, TableSchema
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Store, Writes

FIRST_MAX_ITEMS = 2_000
"""Copied by CreateBackup itself: some hundredth of a second, which other writes wait for."""
FIRST_MAX_BYTES = 8 * 1024 * 1024
PART_MAX_ITEMS = 500
PART_MAX_BYTES = 1024 * 1024


def begin_copy(backup: Backup, schema: TableSchema, txn: ReadTxn) -> tuple[Writes, TableSchema]:
    """The writes of a backup that begins now, with its first part, and the schema its table has then: another one
    while there is more to copy."""
    begun = Copying(backup.key, schema.number, b"")
    copying, writes = next_part(backup.number, begun, txn, FIRST_MAX_ITEMS, FIRST_MAX_BYTES)
    if copying is None:
        writes.puts.append(backup._replace(is_copying=False).put())
        return writes, schema
    writes.puts += [backup.put(), copying_put(backup.number, copying)]
    return writes, with_copies(schema, (*schema.copies, backup.number))


def begin_copy_as_of(backup: Backup, schema: TableSchema, as_of: int, txn: ReadTxn) -> tuple[Writes, TableSchema]:
    """The same of a backup that is to be the table as of an earlier LSN; its parts all follow."""
    begun = Copying(backup.key, schema.number, b"", as_of, txn.lsn())
    writes = Writes(puts=[backup.put(), copying_put(backup.number, begun)])
    return writes, with_copies(schema, (*schema.copies, backup.number))


def next_part(
    number: int, copying: Copying, txn: ReadTxn, most_items: int, most_bytes: int
) -> tuple[Copying | None, Writes]:
    """The writes that copy the next items, and how far it is copied then; None when that is all."""
    writes, rows, size = Writes(), 0, 0
    prefix = items_prefix(number)
    last, is_kept = copying.copied_to, False
    for within, is_item, value in _side_by_side(number, copying, txn):
        if within != last:
            # What the backup has of a key and what the table has are not parted.
            if rows >= most_items or size >= most_bytes:
                return copying._replace(copied_to=last), writes
            last, is_kept = within, False
            rows += 1
        if not is_item:
            is_kept = True
            if value == NOT_THERE:
                writes.deletes.append(prefix + within)
        elif not is_kept:
            writes.puts.append((prefix + within, bytes(value)))
            size += len(value)
    return None, writes


def _side_by_side(number: int, copying: Copying, txn: ReadTxn) -> Iterator[tuple[bytes, bool, memoryview | bytes]]:
    """By key within the backup: what the backup has already, then what the table has."""
    return merge(
        _rows_behind(items_prefix(number), copying.copied_to, False, txn),
        _rows_behind(ITEMS + copying.table_number.to_bytes(4, "big"), copying.copied_to, True, txn),
        key=lambda row: row[:2],
    )


def _rows_behind(
    prefix: bytes, within: bytes, is_item: bool, txn: ReadTxn
) -> Iterator[tuple[bytes, bool, memoryview | bytes]]:
    low = prefix + within + b"\x00" if within else prefix
    for key, value in txn.scan(low, after(prefix)):
        yield bytes(key)[TABLE_PREFIX_BYTES:], is_item, value


def with_copies(schema: TableSchema, copies: tuple[int, ...]) -> TableSchema:
    """The schema with these numbers of backups under way."""
    settings = {name: value for name, value in schema.settings.items() if name != "Copies"}
    return replace(schema, settings={**settings, "Copies": list(copies)} if copies else settings)


@dataclass(frozen=True, slots=True)
class CopyingPart:
    """Copies the next items into one backup; the outcome's body is MORE when those were not the last."""

    catalog: Catalog
    number: int
    """Of the backup."""
    most_items: int = PART_MAX_ITEMS
    most_bytes: int = PART_MAX_BYTES
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        copying = copyings(txn).get(self.number)
        if copying is None:
            return Outcome(DONE)
        assert not copying.is_undoing, "what is to be undone comes first"
        further, writes = next_part(self.number, copying, txn, self.most_items, self.most_bytes)
        if further is not None:
            writes.puts.append(copying_put(self.number, further))
            return Outcome(MORE, [writes])
        backup = find_backup(txn, copying.backup_key)
        assert backup is not None, "a backup is there while it is being made"
        writes.puts.append(backup._replace(is_copying=False).put())
        writes.deletes.append(copying_key(self.number))
        return Outcome(DONE, [writes, *self._released(backup, copying, txn)])

    def _released(self, backup: Backup, copying: Copying, txn: ReadTxn) -> list[Writes]:
        """The change of the table's schema, unless the table is gone or another one has its name."""
        schema = self.catalog.find(txn, backup.namespace, backup.table_name)
        if schema is None or schema.number != copying.table_number:
            return []
        copies = tuple(number for number in schema.copies if number != self.number)
        return [catalogs.save(with_copies(schema, copies))]


class BackupCopy:
    """The housekeeping chore: a part for each backup that is being made."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    def __call__(self) -> float | None:
        """Seconds until the next parts, None when nothing is left to copy."""
        with self._store.snapshot() as txn:
            numbers = list(copyings(txn))
        bodies, pause = one_by_one(self._part, numbers)
        return pause if MORE in bodies else None

    def _part(self, number: int) -> bytes:
        return self._store.submit(self._plan(number)).result().body

    def _plan(self, number: int) -> Plan:
        with self._store.snapshot() as txn:
            copying = copyings(txn).get(number)
            if copying is not None and copying.is_undoing:
                return next_undoing(txn, number, copying)
        return CopyingPart(self._catalog, number)


def copying_pending(txn: ReadTxn) -> bool:
    """Whether any backup is being made."""
    return bool(copyings(txn))
