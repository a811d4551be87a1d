"""Backups as they stand in the store, and the one thing that a write has to do for a backup under way.

| key | value |
| --- | --- |
| ``C k <namespace> 00 <backup id>`` | msgpack of a Backup, without what the key says |
| ``C c <backup number, 4 bytes>`` | a backup that is being made: msgpack of a Copying |
| ``C r <table number, 4 bytes>`` | a table that is being restored: msgpack of a Restoring |
| ``C d <seconds since the epoch, 8 bytes> <key of the backup>`` | nothing: the backup expires then |
| ``B <backup number, 4> <item key without I and table number>`` | the stored item; nothing for none, see below |

A backup id begins with the time of creation, so the backups of a namespace are in order of their age.

A backup has the items of its table as of one LSN, that of CreateBackup.  They are copied in key order, part by part,
while the table is written to.  Whoever is the first to change an item whose key the copy has not come to yet puts what
the item was into the backup, in the same transaction: ``kept_before``.  Where there was no item it puts nothing, by
which the copy knows that it is to pass over what it finds there.

A copy as of an earlier time begins with what the items were then that have changed since (``engine.undoing``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgpack

from ddbengine.schema import stored
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import ReadTxn, Writes

BACKUPS = b"Ck"
COPYING = b"Cc"
RESTORING = b"Cr"
EXPIRING = b"Cd"
BACKUP_ITEMS = b"B"
TABLE_PREFIX_BYTES = 5
"""Of an item's key: keyspace and table number, which are not part of its key in a backup."""
_ROWS_END = b"\xff"
NOT_THERE = b""
"""In place of an item that came to be after the backup."""

USER = "USER"
SYSTEM = "SYSTEM"
"""Of a table that was deleted while point-in-time recovery was on."""
PASSING = ""
"""Nobody's: a table as it was at some time, on the way into one that is restored to that."""


OF_EXPORT = "EXPORT"
"""There for an export, until that has ended."""


class Backup(NamedTuple):
    """A backup; everything of its table is as it was when the backup was created."""

    namespace: str
    id: str
    number: int
    """Names its items in the store; drawn from the same counter as tables."""
    name: str
    table_name: str
    created: float
    """Seconds since the epoch."""
    items: int
    size: int
    """Of the items, in bytes."""
    schema_row: bytes
    """The table's schema, see schema.stored."""
    is_copying: bool
    """Whether items are still being copied."""
    type: str = USER
    """USER, SYSTEM, PASSING or OF_EXPORT."""
    expires: float | None = None
    """Seconds since the epoch: when a SYSTEM backup is deleted."""

    @property
    def is_seen(self) -> bool:
        """Whether anybody is told of it."""
        return self.type in (USER, SYSTEM)

    @property
    def schema(self) -> TableSchema:
        return stored.decode(self.schema_row)

    @property
    def key(self) -> bytes:
        return backup_key(self.namespace, self.id)

    def put(self) -> tuple[bytes, bytes]:
        packed: bytes = msgpack.packb(tuple(self)[2:])
        return self.key, packed


class Copying(NamedTuple):
    """How far a backup is copied."""

    backup_key: bytes
    table_number: int
    copied_to: bytes
    """The key, within the backup, of the last item that was looked at; empty before the first."""
    as_of: int = 0
    """Of a copy as of an earlier time: the LSN of the last change that it is to have."""
    undone_to: int = 0
    """All that changed after this LSN has been undone in the backup, up to when it was begun."""

    @property
    def is_undoing(self) -> bool:
        """Whether it is to have items as they were before changes that have not been undone yet."""
        return self.undone_to > self.as_of


class Restoring(NamedTuple):
    """How far a table is restored."""

    namespace: str
    table_name: str
    backup_key: bytes
    restored_to: bytes
    """The key, within the backup, of the last item that was restored; empty before the first."""
    until: float
    """Until when the table is shown as being created at least."""


# --- backups ---------------------------------------------------------------------------------------------------------


def backup_key(namespace: str, backup_id: str) -> bytes:
    return BACKUPS + namespace.encode() + b"\x00" + backup_id.encode()


def read_backup(key: bytes, row: bytes | memoryview) -> Backup:
    """Raise ValueError or TypeError for what is none."""
    namespace, backup_id = key[len(BACKUPS) :].decode().rsplit("\0", 1)
    return Backup(namespace, backup_id, *msgpack.unpackb(row))


def find_backup(txn: ReadTxn, key: bytes) -> Backup | None:
    row = txn.get(key)
    return None if row is None else read_backup(key, row)


def backups_after(txn: ReadTxn, namespace: str, backup_id: str = "") -> Iterator[Backup]:
    """The backups of a namespace by age, from the first one behind an id on."""
    low = backup_key(namespace, backup_id) + (b"\x00" if backup_id else b"")
    for key, row in txn.scan(low, backup_key(namespace, "") + _ROWS_END):
        backup = read_backup(bytes(key), row)
        if backup.namespace == namespace:  # and not one that is named like the beginning of another
            yield backup


def new_backup_id(txn: ReadTxn, namespace: str, now: float, suffix: str) -> str:
    """The milliseconds of a time in 14 digits and a suffix; of two backups that would have one id the later one is
    dated ahead."""
    milliseconds = int(now * 1000)
    while txn.get(backup_key(namespace, backup_id := f"{milliseconds:014d}-{suffix}")) is not None:
        milliseconds += 1
    return backup_id


# --- expiry ----------------------------------------------------------------------------------------------------------


def expiring_key(backup: Backup) -> bytes:
    """Of the row that has a backup deleted."""
    assert backup.expires is not None, "only such a backup expires"
    return EXPIRING + int(backup.expires).to_bytes(8, "big") + backup.key


def expiring(txn: ReadTxn) -> Iterator[tuple[int, bytes]]:
    """When backups expire, in seconds since the epoch, with their keys; the first one first."""
    for key, _ in txn.scan(EXPIRING, EXPIRING + _ROWS_END):
        row = bytes(key)[len(EXPIRING) :]
        yield int.from_bytes(row[:8], "big"), row[8:]


# --- what is under way -----------------------------------------------------------------------------------------------


def _numbered(keyspace: bytes, number: int) -> bytes:
    return keyspace + number.to_bytes(4, "big")


def copying_key(number: int) -> bytes:
    return _numbered(COPYING, number)


def restoring_key(number: int) -> bytes:
    return _numbered(RESTORING, number)


def copying_put(number: int, copying: Copying) -> tuple[bytes, bytes]:
    packed: bytes = msgpack.packb(copying)
    return copying_key(number), packed


def restoring_put(number: int, restoring: Restoring) -> tuple[bytes, bytes]:
    packed: bytes = msgpack.packb(restoring)
    return restoring_key(number), packed


def copyings(txn: ReadTxn) -> dict[int, Copying]:
    """The backups that are being made, by number."""
    return {number: Copying(*msgpack.unpackb(row)) for number, row in _rows(txn, COPYING)}


def restorings(txn: ReadTxn) -> dict[int, Restoring]:
    """The tables that are being restored, by number."""
    return {number: Restoring(*msgpack.unpackb(row)) for number, row in _rows(txn, RESTORING)}


def _rows(txn: ReadTxn, keyspace: bytes) -> Iterator[tuple[int, bytes | memoryview]]:
    for key, row in txn.scan(keyspace, keyspace + _ROWS_END):
        yield int.from_bytes(bytes(key)[len(keyspace) :], "big"), row


# --- items -----------------------------------------------------------------------------------------------------------


def items_prefix(number: int) -> bytes:
    """What the keys of a backup's items start with."""
    return _numbered(BACKUP_ITEMS, number)


def kept_before(writes: Writes, schema: TableSchema, key: bytes, old: bytes | None, txn: ReadTxn) -> None:
    """Put an item that is about to change into those backups under way that have not come to its key."""
    within = key[TABLE_PREFIX_BYTES:]
    for number in schema.copies:
        row = txn.get(copying_key(number))
        assert row is not None, "a schema names the backups of its table that are under way"
        kept = items_prefix(number) + within
        if within > Copying(*msgpack.unpackb(row)).copied_to and txn.get(kept) is None:
            writes.puts.append((kept, NOT_THERE if old is None else old))
