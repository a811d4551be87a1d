"""ExportTableToPointInTime, DescribeExport and ListExports (FACTS 5.16).

An export has the items as of the moment it was asked for: they are copied as into a backup, whose first part is taken
here (``engine.backup_copying``), and ``engine.job_running`` has the files written.  No history is kept, so no other
moment can be had, nor what changed between two.

| TableArn | answer |
| --- | --- |
| no ARN | ValidationException ``... tableArn is not a valid ARN`` |
| not ``...:table/<table>`` | ValidationException ``Invalid Request: Table ARN is invalid.`` |
| of another account | AccessDeniedException ``Access is denied`` |
| of another region | the region is not looked at |
| of what is not there | TableNotFoundException ``Table not found: <as sent>`` |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_copying import begin_copy, begin_copy_as_of
from ddbengine.engine.backup_rows import OF_EXPORT, Backup
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.export_filter import ExportFilter, export_filter
from ddbengine.engine.history import Recovery, recovery_of
from ddbengine.engine.job_pages import page_of, read_token
from ddbengine.engine.job_rows import EXPORTS, Job, find_job, forgotten, job_key, new_id, newest_first, with_token
from ddbengine.engine.tables import counter_of
from ddbengine.errors import (
    AccessDeniedException,
    ExportConflictException,
    ExportNotFoundException,
    InvalidExportTimeException,
    LimitExceededException,
    PointInTimeRecoveryUnavailableException,
    TableNotFoundException,
    ValidationException,
)
from ddbengine.limits import EXPORTS_UNDER_WAY_MAX, JOB_KEPT_SECONDS, JOB_TOKEN_VALID_SECONDS
from ddbengine.schema import arns, stored
from ddbengine.schema.describe import wire_time
from ddbengine.schema.refusals import invalid
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import DELETING, running_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes

_INCREMENTAL = "INCREMENTAL_EXPORT"
_FULL = "FULL_EXPORT"
_ECHOED = ("ClientToken", "S3Bucket", "S3BucketOwner", "S3Prefix", "S3SseKmsKeyId", "FilterSpecification")
_SHORTEST_SECONDS = 15 * 60
_LONGEST_SECONDS = 24 * 3600
_UNAVAILABLE = "Point in Time Recovery is not available for specified export time"
_KIND = "export"


def description(job: Job) -> dict[str, Any]:
    """An ExportDescription.  A failed export has no EndTime; that it is a full one is not said."""
    request = job.request
    members = {
        "ExportArn": job.arn,
        "ExportStatus": job.status,
        "StartTime": wire_time(job.started),
        "TableArn": job.table_arn,
        "TableId": job.table_id,
        "ExportTime": wire_time(float(request.get("ExportTime", job.started))),
        **{name: request[name] for name in _ECHOED if name in request},
        "S3SseAlgorithm": request.get("S3SseAlgorithm", "AES256"),
        "ExportFormat": request.get("ExportFormat", "DYNAMODB_JSON"),
        **job.result,
    }
    if job.ended is not None and "FailureCode" not in job.result:
        members["EndTime"] = wire_time(job.ended)
    return members


def _described(job: Job, changes: list[Any] | None = None) -> Outcome:
    return Outcome(orjson.dumps({"ExportDescription": description(job)}), changes or [])


@dataclass(frozen=True, slots=True)
class ExportTableToPointInTime:
    surroundings: Surroundings
    caller: Caller
    table_name: str
    request: dict[str, Any]
    filter: ExportFilter
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        namespace = surroundings.namespace(self.caller)
        schema = self._table(txn, namespace, now)
        jobs = newest_first(txn, EXPORTS, namespace)
        repeated = with_token(jobs, self.request.get("ClientToken"), lambda job: _counts(job, now))
        if repeated is not None:
            if repeated.request != self.request:
                raise ExportConflictException("Export conflict: Duplicate request detected with conflicting parameters")
            return _described(repeated)
        self.filter.check(schema)
        recovery = self._recovery(schema, txn, now)
        if sum(job.is_under_way for job in jobs) >= EXPORTS_UNDER_WAY_MAX:
            raise LimitExceededException(
                f"Up to {EXPORTS_UNDER_WAY_MAX} concurrent exports are allowed per account and region"
            )
        milliseconds = int(now * 1000)
        backup = _moment(schema, txn, milliseconds)
        job = Job(
            keyspace=EXPORTS,
            namespace=namespace,
            id=new_id(milliseconds),
            access_key_id=self.caller.access_key_id,
            region=self.caller.region,
            request=self.request,
            table_name=schema.name,
            table_arn=schema.arn,
            table_id=schema.id,
            started=milliseconds / 1000,
            backup_id=backup.id,
        )
        second = math.floor(self.request.get("ExportTime", now))
        if second + 1 > now:
            copy, copied = begin_copy(backup, schema, txn)
        else:
            copy, copied = begin_copy_as_of(backup, schema, recovery.lsn_at(txn, second, now), txn)
        numbers = catalogs.taken_numbers(backup.number, 1)
        old = forgotten(jobs, now - JOB_KEPT_SECONDS)
        changes = [numbers, copy, Writes(puts=[job.put()]), old]
        if copied is not schema:
            changes.append(catalogs.save(copied))
        return _described(job, changes)

    def _table(self, txn: ReadTxn, namespace: str, now: float) -> TableSchema:
        missing = TableNotFoundException(f"Table not found: {self.request['TableArn']}")
        try:
            schema = self.surroundings.catalog.backed_up_table(txn, namespace, self.table_name)
        except TableNotFoundException:
            raise missing from None
        running = running_transition(schema, now)
        if running is not None and running.status == DELETING:
            raise missing
        return schema

    def _recovery(self, schema: TableSchema, txn: ReadTxn, now: float) -> Recovery:
        """The table's history, which has the moment of the export."""
        if self.request.get("ExportType") == _INCREMENTAL:
            _check_window(self.request["IncrementalExportSpecification"], schema, now)
            raise InvalidExportTimeException(_UNAVAILABLE)
        recovery = recovery_of(txn, schema)
        if recovery is None:
            raise PointInTimeRecoveryUnavailableException(
                f"Point in time recovery is not enabled for table '{schema.name}'"
            )
        if not recovery.earliest(now) <= self.request.get("ExportTime", now) <= now:
            raise InvalidExportTimeException("Export Time is invalid")
        return recovery


def _counts(job: Job, now: float) -> bool:
    """Whether the token of a job still counts: for eight hours after it has ended."""
    return job.ended is None or now - job.ended < JOB_TOKEN_VALID_SECONDS


def _moment(schema: TableSchema, txn: ReadTxn, milliseconds: int) -> Backup:
    """The backup that comes to hold the items of an export; nobody else sees it."""
    items, size = counter_of(txn)(schema.number)
    return Backup(
        namespace=schema.namespace,
        id=new_id(milliseconds),
        number=catalogs.next_number(txn),
        name="",
        table_name=schema.name,
        created=milliseconds / 1000,
        items=items,
        size=size,
        schema_row=stored.encode(schema),
        is_copying=True,
        type=OF_EXPORT,
    )


def _check_window(window: Mapping[str, Any], schema: TableSchema, now: float) -> None:
    """Raise InvalidExportTimeException for a window that no incremental export can have."""
    begin, end = window["ExportFromTime"], window.get("ExportToTime", now)
    if begin < int(schema.created):
        raise InvalidExportTimeException(
            f"Incremental export period from time cannot be less than the table creation time : {_iso(begin)}"
        )
    if end > now:
        raise InvalidExportTimeException(
            f"Incremental export period to time cannot be greater than the current time : {_iso(end)}"
        )
    if end - begin < _SHORTEST_SECONDS:
        raise InvalidExportTimeException(
            "Difference between export period from time and export period to time is less than 15 minutes"
        )
    if end - begin > _LONGEST_SECONDS:
        raise InvalidExportTimeException(
            "Difference between export period from time and export period to time is greater than 24 hours"
        )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def export_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    _check_members(request)
    wanted = export_filter(request)
    name = _name_of(request["TableArn"], surroundings)
    return ExportTableToPointInTime(surroundings, caller, name, request, wanted)


def _check_members(request: Mapping[str, Any]) -> None:
    kind, window = request.get("ExportType"), request.get("IncrementalExportSpecification")
    if "S3SseKmsKeyId" in request and request.get("S3SseAlgorithm") != "KMS":
        raise _refused("KMS Key Id is not supported for this encryption type")
    if kind == _INCREMENTAL and window is None:
        raise _refused("Incremental Export Specification expected when export type is set as Incremental Export")
    if window is None:
        return
    if kind is None:
        raise _refused(
            "Export Type expected to be Incremental Export when incremental export specification is provided"
        )
    if kind == _FULL:
        raise _refused("When Export Type is Full Export , Incremental Export Specification should not be provided")
    if "ExportFromTime" not in window:
        raise _refused("ExportFromTime must be provided in IncrementalExportSpecification")


def _refused(problem: str) -> ValidationException:
    return ValidationException(f"Invalid Request: {problem}")


def _name_of(text: str, surroundings: Surroundings) -> str:
    arn = arns.parse(text)
    if arn is None:
        raise invalid("tableArn is not a valid ARN")
    kind, _, name = arn.resource.partition("/")
    if (arn.partition, arn.service, kind) != ("aws", "dynamodb", "table") or not name or "/" in name:
        raise _refused("Table ARN is invalid.")
    if arn.account_id != surroundings.account_id:
        raise AccessDeniedException("Access is denied")
    return name


@dataclass(frozen=True, slots=True)
class DescribeExport:
    key: bytes
    arn: str
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        job = find_job(txn, self.key)
        if job is None or job.arn != self.arn:
            raise ExportNotFoundException(f"Export not found: Export not found: {self.arn}")
        return _described(job)


def describe_export(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    text = request["ExportArn"]
    arn = arns.parse(text)
    parts = [] if arn is None else arn.resource.split("/")
    if arn is None or len(parts) != 4 or (arn.service, parts[0], parts[2]) != ("dynamodb", "table", _KIND):
        raise ValidationException("Invalid Export ARN")
    if arn.account_id != surroundings.account_id:
        raise AccessDeniedException("Access is denied")
    if arn.region != caller.region and not surroundings.shared:
        raise ExportNotFoundException("Export not found: Invalid export arn")
    return DescribeExport(job_key(EXPORTS, surroundings.namespace(caller), parts[3]), text)


@dataclass(frozen=True, slots=True)
class ListExports:
    surroundings: Surroundings
    namespace: str
    table_name: str | None
    after: str | None
    limit: int | None
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        jobs = newest_first(txn, EXPORTS, self.namespace)
        if self.table_name is not None:
            schema = self.surroundings.catalog.find(txn, self.namespace, self.table_name)
            jobs = [job for job in jobs if schema is not None and job.table_id == schema.id]
        return page_of(jobs, self.after, self.limit, _KIND, "ExportSummaries", _summary)


def _summary(job: Job) -> dict[str, Any]:
    return {"ExportArn": job.arn, "ExportStatus": job.status, "ExportType": job.request.get("ExportType", _FULL)}


def list_exports(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    name = None if "TableArn" not in request else _name_of(request["TableArn"], surroundings)
    after = read_token(request, _KIND)
    return ListExports(surroundings, surroundings.namespace(caller), name, after, request.get("MaxResults"))
