"""Putting the items of a backup into the table that is restored from it, part by part.

The first part is put in by RestoreTableFromBackup itself, so that a small table is complete when it answers.  The rest
follows in plans of their own, as the ItemChanges that PutItem would make: so the indexes and counts come to be as ever.
Until then the table is being created, and nobody else can use it.  A row says how far it is, so it goes on after a
restart.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_rows import (
    PASSING,
    TABLE_PREFIX_BYTES,
    Backup,
    find_backup,
    items_prefix,
    restoring_key,
    restoring_put,
    restorings,
)
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import ItemChange
from ddbengine.engine.housekeeping import one_by_one
from ddbengine.engine.keys import after, table_prefix
from ddbengine.engine.purge import DONE, MORE, garbage_of_backup
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import transition_of, with_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Store, Writes

FIRST_MAX_ITEMS = 2_000
FIRST_MAX_BYTES = 4 * 1024 * 1024
PART_MAX_ITEMS = 500
PART_MAX_BYTES = 1024 * 1024
WAITING = orjson.dumps({"More": True, "Waiting": True})
WAITING_SECONDS = 0.02


def first_items(schema: TableSchema, backup: Backup, txn: ReadTxn) -> tuple[list[ItemChange], bytes | None]:
    """As ``next_items``, of the part that RestoreTableFromBackup puts in itself."""
    return next_items(schema, backup, b"", txn, FIRST_MAX_ITEMS, FIRST_MAX_BYTES)


def next_items(
    schema: TableSchema, backup: Backup, restored_to: bytes, txn: ReadTxn, most_items: int, most_bytes: int
) -> tuple[list[ItemChange], bytes | None]:
    """The changes that put the next items of a backup into a table, and how far that comes; None when that is all."""
    prefix, target = items_prefix(backup.number), table_prefix(schema)
    changes: list[ItemChange] = []
    size, within = 0, restored_to
    low = prefix + restored_to + b"\x00" if restored_to else prefix
    for key, item in txn.scan(low, after(prefix)):
        if len(changes) == most_items or size >= most_bytes:
            return changes, within
        within = bytes(key)[TABLE_PREFIX_BYTES:]
        changes.append(ItemChange(schema, target + within, None, bytes(item)))
        size += len(item)
    return changes, None


@dataclass(frozen=True, slots=True)
class RestoringPart:
    """Puts the next items into one table; the outcome's body is MORE when those were not the last, and WAITING while
    the copy of a table to be restored is not complete.  Such a copy goes with the last part."""

    catalog: Catalog
    clock: Callable[[], float]
    number: int
    """Of the table."""
    most_items: int = PART_MAX_ITEMS
    most_bytes: int = PART_MAX_BYTES
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        restoring = restorings(txn).get(self.number)
        if restoring is None:
            return Outcome(DONE)
        schema = self.catalog.find(txn, restoring.namespace, restoring.table_name)
        backup = find_backup(txn, restoring.backup_key)
        assert schema is not None, "a table cannot be deleted while it is restored"
        assert backup is not None, "a backup cannot be deleted while a table is restored from it"
        if backup.is_copying:
            return Outcome(WAITING)
        changes, restored_to = next_items(schema, backup, restoring.restored_to, txn, self.most_items, self.most_bytes)
        if restored_to is not None:
            further = Writes(puts=[restoring_put(self.number, restoring._replace(restored_to=restored_to))])
            return Outcome(MORE, [*changes, further])
        finished = catalogs.save(created(schema, restoring.until if self.clock() < restoring.until else None))
        over = Writes(deletes=[restoring_key(self.number)])
        if backup.type == PASSING:
            over.deletes.append(backup.key)
            over.puts.append(garbage_of_backup(backup.number))
        return Outcome(DONE, [*changes, over, finished])


def created(schema: TableSchema, until: float | None) -> TableSchema:
    """The schema of a table that is being created, when that is over, or shown until then at least."""
    transition = transition_of(schema)
    assert transition is not None, "it is being created"
    return with_transition(schema, None if until is None else replace(transition, until=until))


class Restoration:
    """The housekeeping chore: a part for each table that is being restored."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        clock: Callable[[], float],
        submit: Callable[[Plan], Future[Outcome]],
        purge: Callable[[], object],
    ) -> None:
        """``submit`` has a part carried out, ``purge`` what is left behind removed."""
        self._store = store
        self._submit = submit
        self._catalog = catalog
        self._clock = clock
        self._purge = purge

    def __call__(self) -> float | None:
        """Seconds until the next parts, None when nothing is left to restore."""
        with self._store.snapshot() as txn:
            numbers = list(restorings(txn))
        bodies, pause = one_by_one(self._part, numbers)
        if DONE in bodies:
            self._purge()
        if MORE in bodies:
            return pause
        return WAITING_SECONDS if WAITING in bodies else None

    def _part(self, number: int) -> bytes:
        return self._submit(RestoringPart(self._catalog, self._clock, number)).result().body


def restoring_pending(txn: ReadTxn) -> bool:
    """Whether any table is being restored."""
    return bool(restorings(txn))
