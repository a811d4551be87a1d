"""Exports and imports as they stand in the store.

| key | value |
| --- | --- |
| ``C e <namespace> 00 <export id>`` | msgpack of a Job, without what the key says |
| ``C m <namespace> 00 <import id>`` | the same, of an import |

An id begins with the time at which the job was asked for, so the jobs of a namespace are in order of their age.  A row
outlives its table; one older than ``JOB_KEPT_SECONDS`` goes when the next job of its kind is asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgpack

from ddbengine.storage.store import ReadTxn, Writes

EXPORTS = b"Ce"
IMPORTS = b"Cm"
_ROWS_END = b"\xff"

IN_PROGRESS = "IN_PROGRESS"
COMPLETED = "COMPLETED"
FAILED = "FAILED"


class Job(NamedTuple):
    """An export or an import, and what came of it."""

    keyspace: bytes
    """EXPORTS or IMPORTS."""
    namespace: str
    id: str
    access_key_id: str
    region: str
    request: dict[str, Any]
    """As checked."""
    table_name: str
    table_arn: str
    table_id: str
    started: float
    """Seconds since the epoch, to the millisecond."""
    status: str = IN_PROGRESS
    ended: float | None = None
    backup_id: str = ""
    """Of the backup with the items of an export that is under way."""
    result: dict[str, Any] = {}  # noqa: RUF012 - never changed in place
    """Members of the description that were not there at the beginning."""

    @property
    def key(self) -> bytes:
        return job_key(self.keyspace, self.namespace, self.id)

    @property
    def arn(self) -> str:
        kind = "export" if self.keyspace == EXPORTS else "import"
        return f"{self.table_arn}/{kind}/{self.id}"

    @property
    def is_under_way(self) -> bool:
        return self.status == IN_PROGRESS

    def put(self) -> tuple[bytes, bytes]:
        packed: bytes = msgpack.packb(tuple(self)[3:])
        return self.key, packed


def new_id(milliseconds: int) -> str:
    return f"{milliseconds:014d}-{uuid.uuid4().hex[:8]}"


def job_key(keyspace: bytes, namespace: str, job_id: str) -> bytes:
    return keyspace + namespace.encode() + b"\x00" + job_id.encode()


def read_job(key: bytes, row: bytes | memoryview) -> Job:
    """Raise ValueError or TypeError for what is none."""
    namespace, job_id = key[2:].decode().rsplit("\0", 1)
    return Job(key[:2], namespace, job_id, *msgpack.unpackb(row))


def find_job(txn: ReadTxn, key: bytes) -> Job | None:
    row = txn.get(key)
    return None if row is None else read_job(key, row)


def newest_first(txn: ReadTxn, keyspace: bytes, namespace: str) -> list[Job]:
    """The jobs of a namespace."""
    prefix = job_key(keyspace, namespace, "")
    jobs = [read_job(bytes(key), row) for key, row in txn.scan(prefix, prefix + _ROWS_END)]
    return jobs[::-1]


def jobs_under_way(txn: ReadTxn) -> Iterator[Job]:
    """Of all namespaces, exports first."""
    for keyspace in (EXPORTS, IMPORTS):
        for key, row in txn.scan(keyspace, keyspace + _ROWS_END):
            job = read_job(bytes(key), row)
            if job.is_under_way:
                yield job


def forgotten(jobs: list[Job], before: float) -> Writes:
    """The writes that forget the jobs which ended before a time."""
    return Writes(deletes=[job.key for job in jobs if job.ended is not None and job.ended < before])


def with_token(jobs: list[Job], token: str | None, is_valid: Callable[[Job], bool]) -> Job | None:
    """The job that was asked for with a client token which still counts."""
    if token is None:
        return None
    return next((job for job in jobs if job.request.get("ClientToken") == token and is_valid(job)), None)
