"""Carrying out exports and imports, one after another, on a thread of its own.

What is in a bucket, and in which form, is known to ``Buckets`` alone; without any, there is no bucket.  A job ends in
one transaction with what it leaves: the row that says so, and the table that can be used from then on, or the backup
that is no longer needed.  One that is under way when the engine closes is taken up again at the next opening, from its
beginning: an export still has its moment, and to put an item again changes nothing.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from ddbengine import _core
from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_rows import Backup, backup_key, find_backup, items_prefix
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.job_rows import COMPLETED, EXPORTS, FAILED, Job, find_job, jobs_under_way
from ddbengine.engine.purge import garbage_of_backup
from ddbengine.engine.restoring import created
from ddbengine.engine.tables import CreateTable
from ddbengine.errors import ApiError, ResourceInUseException
from ddbengine.schema.create import table_definition
from ddbengine.schema.table import TableSchema
from ddbengine.storage.errors import StoreError
from ddbengine.storage.store import Outcome, ReadTxn, Store, Writes

if TYPE_CHECKING:
    from ddbengine.engine.bulk_load import Loaded, OnRefused
    from ddbengine.engine.engine import Engine
    from ddbengine.engine.export_filter import ExportFilter

__all__ = ["Bucket", "Buckets", "Imported", "JobFailed", "JobRunner", "access_denied", "jobs_pending", "no_such_bucket"]

_log = logging.getLogger(__name__)

PAGE_MAX_ITEMS = 1_000
PAGE_MAX_BYTES = 1024 * 1024
COPY_LOOK_SECONDS = 0.005
"""Between two looks whether the items of an export are all copied."""
RETRY_SECONDS = 10.0
"""After the store failed in the middle of a job, most likely because it is full."""

Load = Callable[[Iterable[Mapping[str, Any]], "OnRefused"], "Iterator[Loaded]"]
"""Puts items into the table of an import; see ``bulk_load.load_batches``."""


class JobFailed(Exception):
    """A job cannot be carried out: what its FailureCode and FailureMessage say."""

    def __init__(self, code: str, message: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.result = result or {}


class JobStopped(Exception):
    """The engine is closing."""


class Imported(NamedTuple):
    """What an import came to."""

    processed: int
    """Items, and what could not be read as one."""
    imported: int
    errors: int
    size: int
    """Bytes of the objects, as stored."""


class Bucket(Protocol):
    """A bucket that is there.  Methods raise JobFailed, and whatever what they are given raises."""

    def write(self, job: Job, pages: Iterable[list[bytes]], size: int) -> dict[str, Any]:
        """Write an export of items, which are DynamoDB JSON text and ``size`` bytes as DynamoDB counts; return the
        members of its description that say what came of it."""
        ...

    def read(self, job: Job, key_types: Mapping[str, str], load: Load) -> Imported:
        """Put the items of an import into its table, whose keys and those of its indexes have these types."""
        ...


class Buckets(Protocol):
    def find(self, name: str) -> Bucket:
        """Raise JobFailed."""
        ...


def _of_s3(text: str, status: int, code: str) -> str:
    ids = f"Request ID: {secrets.token_hex(8).upper()}; S3 Extended Request ID: {secrets.token_urlsafe(56)}"
    return f"{text} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; {ids}; Proxy: null)"


def no_such_bucket() -> JobFailed:
    return JobFailed("S3NoSuchBucket", _of_s3("The specified bucket does not exist", 404, "NoSuchBucket"))


def access_denied(text: str = "Access Denied") -> JobFailed:
    return JobFailed("S3AccessDenied", _of_s3(text, 403, "AccessDenied"))


class NoBuckets:
    """Of an engine that was told of no directory."""

    def find(self, name: str) -> Bucket:
        raise no_such_bucket()


@dataclass(frozen=True, slots=True)
class EndJob:
    """Puts down what came of a job, unless it is gone meanwhile, and takes away or sets free what it held."""

    surroundings: Surroundings
    job: Job
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        if find_job(txn, self.job.key) is None:
            return Outcome(b"")
        writes = Writes(puts=[self.job._replace(ended=self.surroundings.clock(), backup_id="").put()])
        if self.job.keyspace == EXPORTS:
            backup = backup_of(self.job, txn)
            if backup is not None:
                writes.deletes.append(backup.key)
                writes.puts.append(garbage_of_backup(backup.number))
            return Outcome(b"", [writes])
        schema = table_of(self.job, self.surroundings, txn)
        return Outcome(b"", [writes] if schema is None else [writes, catalogs.save(created(schema, None))])


def backup_of(job: Job, txn: ReadTxn) -> Backup | None:
    """The backup with the items of an export."""
    return find_backup(txn, backup_key(job.namespace, job.backup_id)) if job.backup_id else None


def table_of(job: Job, surroundings: Surroundings, txn: ReadTxn) -> TableSchema | None:
    """The table that an import has made."""
    schema = surroundings.catalog.find(txn, job.namespace, job.table_name)
    return schema if schema is not None and schema.id == job.table_id else None


def exported_pages(store: Store, backup: Backup, wanted: ExportFilter) -> Iterator[list[bytes]]:
    """The items of a complete backup as DynamoDB JSON text, each page from a snapshot of its own."""
    low, high = wanted.bounds(backup.schema, items_prefix(backup.number))
    while low:
        page: list[bytes] = []
        read = size = 0
        with store.snapshot() as txn:
            for key, item in txn.scan(low, high):
                shown = wanted.shown(item)
                if shown is not None:
                    page.append(_core.item_to_wire(shown))
                read += 1
                size += len(item)
                if read == PAGE_MAX_ITEMS or size >= PAGE_MAX_BYTES:
                    low = bytes(key) + b"\x00"
                    break
            else:
                low = b""
        yield page


class JobRunner:
    """Does jobs until closed; the thread is started for the first one."""

    def __init__(
        self,
        engine: Engine,
        buckets: Buckets | None,
        on_end: Callable[[], None],
        others: frozenset[bytes] = frozenset(),
    ) -> None:
        """``on_end`` is told when a job has ended, which may leave something to be removed.  ``others`` are keys of
        exports that another engine writes, of whose store this one's is a copy."""
        self._engine = engine
        self._others = others
        self._buckets = buckets or NoBuckets()
        self._on_end = on_end
        self._asked = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have the jobs done that are there; the housekeeper's chore."""
        with self._lock:
            if self._closing.is_set():
                return
            self._asked.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ddbengine-jobs", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Leave the job under way where it is."""
        with self._lock:
            self._closing.set()
            self._asked.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._asked.wait()
            self._asked.clear()
            try:
                while (job := self._next()) is not None:
                    self._do(job)
            except JobStopped:
                return
            except Exception:
                _log.exception("exports and imports are held up; they are tried again in %g seconds", RETRY_SECONDS)
                self._closing.wait(RETRY_SECONDS)
                self._asked.set()

    def _next(self) -> Job | None:
        self._stop_if_closing()
        with self._engine.store.snapshot() as txn:
            return next(jobs_under_way(txn), None)

    def _do(self, job: Job) -> None:
        carry_out = self._export if job.keyspace == EXPORTS else self._import
        try:
            ended = carry_out(job)
        except JobFailed as failure:
            ended = _failed(job, failure)
        except (JobStopped, StoreError):
            raise
        except Exception as error:
            _log.exception("%s failed", job.arn)
            ended = _failed(job, JobFailed("UNKNOWN", str(error) or type(error).__name__))
        self._engine.submit(EndJob(self._engine.surroundings, ended)).result()
        self._on_end()

    def _stop_if_closing(self) -> None:
        if self._closing.is_set():
            raise JobStopped

    # --- exports -----------------------------------------------------------------------------------------------------

    def _export(self, job: Job) -> Job:
        from ddbengine.engine.export_filter import export_filter  # with all of expressions, which few need at once

        backup = self._copied(job)
        if job.key in self._others:
            raise JobFailed("UNKNOWN", "The store is a copy of the one whose export this is")
        self._check_owner(job.request.get("S3BucketOwner"))
        bucket = self._buckets.find(job.request["S3Bucket"])
        pages = exported_pages(self._engine.store, backup, export_filter(job.request))
        result = bucket.write(job, self._until_closing(pages), backup.size)
        return job._replace(status=COMPLETED, result=result)

    def _copied(self, job: Job) -> Backup:
        """The backup of an export, once it is complete: one that is not cannot be taken away."""
        while True:
            with self._engine.store.snapshot() as txn:
                backup = backup_of(job, txn)
            if backup is None:
                raise JobFailed("UNKNOWN", "The items of the export are gone")
            if not backup.is_copying:
                return backup
            self._stop_if_closing()
            self._closing.wait(COPY_LOOK_SECONDS)

    def _until_closing(self, pages: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
        for page in pages:
            self._stop_if_closing()
            yield page

    def _check_owner(self, owner: str | None) -> None:
        """All buckets are of the one account there is."""
        if owner not in (None, self._engine.surroundings.account_id):
            raise access_denied()

    # --- imports -----------------------------------------------------------------------------------------------------

    def _import(self, job: Job) -> Job:
        source = job.request["S3BucketSource"]
        self._check_owner(source.get("S3BucketOwner"))
        bucket = self._buckets.find(source["S3Bucket"])
        key_types = dict(self._made_table(job).attribute_types)
        imported = bucket.read(job, key_types, partial(self._load, job))
        counts = {
            "ProcessedSizeBytes": imported.size,
            "ProcessedItemCount": imported.processed,
            "ImportedItemCount": imported.imported,
            "ErrorCount": imported.errors,
        }
        if imported.errors:
            raise JobFailed(
                "ItemValidationError",
                "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs "
                "for more details.",
                counts,
            )
        return job._replace(status=COMPLETED, result=counts)

    def _made_table(self, job: Job) -> TableSchema:
        """The table of an import; one that was taken up again has it already."""
        surroundings = self._engine.surroundings
        with self._engine.store.snapshot() as txn:
            schema = table_of(job, surroundings, txn)
        if schema is not None:
            return schema
        definition = table_definition(job.request["TableCreationParameters"])
        caller = Caller(job.access_key_id, job.region)
        try:
            self._engine.create_table(
                CreateTable(surroundings, caller, job.table_name, definition, filled_under_id=job.table_id)
            )
        except ResourceInUseException:
            raise JobFailed("TableAlreadyExists", f"Table already exists: {job.table_name}") from None
        except ApiError as error:
            raise JobFailed(error.code, error.message or error.code) from error
        with self._engine.store.snapshot() as txn:
            schema = table_of(job, surroundings, txn)
        if schema is None:
            raise JobFailed("UNKNOWN", f"Table is gone: {job.table_name}")
        return schema

    def _load(self, job: Job, items: Iterable[Mapping[str, Any]], on_refused: OnRefused) -> Iterator[Loaded]:
        from ddbengine.engine.bulk_load import load_batches

        caller = Caller(job.access_key_id, job.region)
        find = self._engine.surroundings.catalog.describe_table
        for loaded in load_batches(self._engine, caller, job.table_name, items, on_refused, find=find):
            self._stop_if_closing()
            yield loaded


def _failed(job: Job, failure: JobFailed) -> Job:
    """An import tells its counts, be they 0."""
    counts: dict[str, Any] = {}
    if job.keyspace != EXPORTS:
        counts = dict.fromkeys(("ProcessedSizeBytes", "ProcessedItemCount", "ImportedItemCount", "ErrorCount"), 0)
    result = {**counts, **failure.result, "FailureCode": failure.code, "FailureMessage": failure.message}
    return job._replace(status=FAILED, result=result)


def jobs_pending(txn: ReadTxn) -> bool:
    """Whether any export or import is under way."""
    return next(jobs_under_way(txn), None) is not None
