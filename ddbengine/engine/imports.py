"""ImportTable, DescribeImport and ListImports (FACTS 5.16).

ImportTable only checks the request and leaves a job: the table is made once the bucket has been found, and is CREATING
until all is in it (``engine.job_running``).  So several imports may be after one name, of which one gets it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.job_pages import page_of, read_token
from ddbengine.engine.job_rows import IMPORTS, Job, find_job, forgotten, job_key, new_id, newest_first, with_token
from ddbengine.errors import (
    AccessDeniedException,
    ImportConflictException,
    ImportNotFoundException,
    LimitExceededException,
    ResourceInUseException,
    ValidationException,
)
from ddbengine.limits import IMPORTS_UNDER_WAY_MAX, JOB_KEPT_SECONDS, JOB_TOKEN_VALID_SECONDS
from ddbengine.schema import arns
from ddbengine.schema.create import table_definition
from ddbengine.schema.describe import wire_time
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes

_KIND = "import"
_LOG_GROUP = "log-group:/aws-dynamodb/imports:*"


def description(job: Job, account_id: str) -> dict[str, Any]:
    """An ImportTableDescription.  Counts other than that of errors are there at the end."""
    request = job.request
    members: dict[str, Any] = {
        "ImportArn": job.arn,
        "ImportStatus": job.status,
        "TableArn": job.table_arn,
        "TableId": job.table_id,
        "S3BucketSource": {"S3BucketOwner": account_id, **request["S3BucketSource"]},
        "ErrorCount": 0,
        "CloudWatchLogGroupArn": _log_group(job, account_id),
        "InputFormat": request["InputFormat"],
        "InputCompressionType": request.get("InputCompressionType", "NONE"),
        "TableCreationParameters": request["TableCreationParameters"],
        "StartTime": wire_time(job.started),
        **{name: request[name] for name in ("ClientToken", "InputFormatOptions") if name in request},
        **job.result,
    }
    if job.ended is not None:
        members["EndTime"] = wire_time(job.ended)
    return members


def _log_group(job: Job, account_id: str) -> str:
    return f"arn:aws:logs:{job.region}:{account_id}:{_LOG_GROUP}"


@dataclass(frozen=True, slots=True)
class ImportTable:
    surroundings: Surroundings
    caller: Caller
    request: dict[str, Any]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        namespace = surroundings.namespace(self.caller)
        name = self.request["TableCreationParameters"]["TableName"]
        jobs = newest_first(txn, IMPORTS, namespace)
        repeated = self._repeated(jobs, now)
        if repeated is not None and repeated.is_under_way and repeated.table_name == name:
            return self._described(repeated)
        if surroundings.catalog.find(txn, namespace, name) is not None:
            raise ResourceInUseException(f"Table already exists: {name}")
        if repeated is not None:
            if repeated.table_name != name:
                raise ImportConflictException("Import conflict: Duplicate request detected with conflicting parameters")
            return self._described(repeated)
        if sum(job.is_under_way for job in jobs) >= IMPORTS_UNDER_WAY_MAX:
            raise LimitExceededException(
                f"Up to {IMPORTS_UNDER_WAY_MAX} concurrent imports are allowed per account and region"
            )
        job = self._job(namespace, name, int(now * 1000))
        return self._described(job, [Writes(puts=[job.put()]), forgotten(jobs, now - JOB_KEPT_SECONDS)])

    def _repeated(self, jobs: list[Job], now: float) -> Job | None:
        def counts(job: Job) -> bool:
            return job.ended is None or now - job.ended < JOB_TOKEN_VALID_SECONDS

        return with_token(jobs, self.request.get("ClientToken"), counts)

    def _job(self, namespace: str, name: str, milliseconds: int) -> Job:
        return Job(
            keyspace=IMPORTS,
            namespace=namespace,
            id=new_id(milliseconds),
            access_key_id=self.caller.access_key_id,
            region=self.caller.region,
            request=self.request,
            table_name=name,
            table_arn=arns.table_arn(self.caller.region, self.surroundings.account_id, name),
            table_id=str(uuid.uuid4()),
            started=milliseconds / 1000,
        )

    def _described(self, job: Job, changes: list[Any] | None = None) -> Outcome:
        return _outcome(job, self.surroundings.account_id, changes)


def _outcome(job: Job, account_id: str, changes: list[Any] | None = None) -> Outcome:
    return Outcome(orjson.dumps({"ImportTableDescription": description(job, account_id)}), changes or [])


def import_table(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    _check_options(request)
    table_definition(request["TableCreationParameters"])
    return ImportTable(surroundings, caller, request)


def _check_options(request: Mapping[str, Any]) -> None:
    if "Csv" in request.get("InputFormatOptions", {}) and request["InputFormat"] != "CSV":
        raise ValidationException(
            f"Invalid Request: Unsupported InputFormatOptions for the given input format: {request['InputFormat']}."
        )


@dataclass(frozen=True, slots=True)
class DescribeImport:
    key: bytes
    arn: str
    account_id: str
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        job = find_job(txn, self.key)
        if job is None or job.arn != self.arn:
            raise ImportNotFoundException(f"Import not found: Import not found: {self.arn}")
        return _outcome(job, self.account_id)


def describe_import(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    text = request["ImportArn"]
    arn = arns.parse(text)
    parts = [] if arn is None else arn.resource.split("/")
    if arn is None or len(parts) != 4 or (arn.service, parts[0], parts[2]) != ("dynamodb", "table", _KIND):
        raise ValidationException("Invalid Import ARN")
    if arn.account_id != surroundings.account_id:
        raise AccessDeniedException("Access is denied")
    if arn.region != caller.region and not surroundings.shared:
        raise ImportNotFoundException("Import not found: Invalid import arn")
    key = job_key(IMPORTS, surroundings.namespace(caller), parts[3])
    return DescribeImport(key, text, surroundings.account_id)


@dataclass(frozen=True, slots=True)
class ListImports:
    namespace: str
    table_arn: str | None
    after: str | None
    limit: int | None
    account_id: str
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        jobs = newest_first(txn, IMPORTS, self.namespace)
        wanted = [job for job in jobs if self.table_arn in (None, job.table_arn)]
        return page_of(wanted, self.after, self.limit, _KIND, "ImportSummaryList", self._summary)

    def _summary(self, job: Job) -> dict[str, Any]:
        shown = description(job, self.account_id)
        names = ("ImportArn", "ImportStatus", "TableArn", "S3BucketSource", "CloudWatchLogGroupArn", "InputFormat")
        return {name: shown[name] for name in (*names, "StartTime", "EndTime") if name in shown}


def list_imports(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    after = read_token(request, _KIND)
    namespace = surroundings.namespace(caller)
    return ListImports(namespace, request.get("TableArn"), after, request.get("PageSize"), surroundings.account_id)
