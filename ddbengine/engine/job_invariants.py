"""What must hold of exports and imports, checked from scratch.

- every row of one can be read;
- an export under way has the backup with its items, and every backup of an export belongs to one;
- a table that is being created without an end is being restored or imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgpack

from ddbengine.engine.backup_rows import BACKUPS, OF_EXPORT, backup_key, read_backup, restorings
from ddbengine.engine.job_rows import EXPORTS, IMPORTS, Job, read_job
from ddbengine.engine.keys import after
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import transition_of
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.store import ReadTxn

_UNREADABLE_ROW = (ValueError, TypeError, KeyError, IndexError, AttributeError, msgpack.UnpackException)


def broken_jobs(txn: ReadTxn, schemas: Sequence[TableSchema]) -> Iterator[Finding]:
    """Everything found."""
    under_way: list[Job] = []
    for keyspace in (EXPORTS, IMPORTS):
        for key, row in txn.scan(keyspace, after(keyspace)):
            try:
                job = read_job(bytes(key), row)
                if job.is_under_way:
                    under_way.append(job)
            except _UNREADABLE_ROW as error:
                detail = f"an export or import cannot be read: {error!r}"
                yield Finding("catalog-row-unreadable", "catalog", shown(bytes(key)), detail)
    yield from _broken_exports(txn, [job for job in under_way if job.keyspace == EXPORTS])
    try:
        filled = restorings(txn).keys()
    except _UNREADABLE_ROW:
        return  # which is told with the backups
    imported = {job.table_id for job in under_way if job.keyspace == IMPORTS}
    for schema in schemas:
        transition = transition_of(schema)
        is_endless = transition is not None and transition.until == math.inf
        if is_endless and schema.number not in filled and schema.id not in imported:
            yield _wrong(schema.name.encode(), f"table {schema.name} is being created, but nobody fills it")


def _broken_exports(txn: ReadTxn, exports: Sequence[Job]) -> Iterator[Finding]:
    wanted = {backup_key(job.namespace, job.backup_id): job for job in exports}
    kept = set()
    for key, row in txn.scan(BACKUPS, after(BACKUPS)):
        try:
            is_of_export = read_backup(bytes(key), row).type == OF_EXPORT
        except _UNREADABLE_ROW:  # the catalog tells it
            is_of_export = bytes(key) in wanted
        if is_of_export:
            kept.add(bytes(key))
    for key, job in wanted.items():
        if key not in kept:
            yield _wrong(job.key, "exports items that are kept nowhere")
    for key in kept - wanted.keys():
        yield _wrong(key, "keeps the items of an export that is not under way")


def _wrong(key: bytes, detail: str) -> Finding:
    return Finding("job-row-wrong", "catalog", shown(key), detail)
