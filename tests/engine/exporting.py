"""Exports and imports as tests ask for them, and buckets that are lists in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from ddbengine.engine.job_rows import Job
from ddbengine.engine.job_running import Imported, Load, no_such_bucket
from tests.engine.calls import Calls

TABLE_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table"
WAIT_SECONDS = 20.0


class MemoryBucket:
    """Keeps what is exported by key, and gives an import its ``items``; each waits until it ``may_go``."""

    def __init__(self) -> None:
        self.exports: dict[str, list[dict[str, Any]]] = {}
        self.items: list[dict[str, Any]] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.has_begun = threading.Event()

    def _begin(self) -> None:
        self.has_begun.set()
        assert self.may_go.wait(WAIT_SECONDS)

    def write(self, job: Job, pages: Iterable[list[bytes]], size: int) -> dict[str, Any]:
        self._begin()
        items = [orjson.loads(item) for page in pages for item in page]
        self.exports[job.id] = items
        return {"ExportManifest": f"{job.id}/manifest", "BilledSizeBytes": size, "ItemCount": len(items)}

    def read(self, job: Job, key_types: Mapping[str, str], load: Load) -> Imported:
        self._begin()
        refused: list[int] = []
        loaded = 0
        for progress in load(self.items, lambda ordinal, error: refused.append(ordinal)):
            loaded = progress.items
        return Imported(len(self.items), loaded, len(refused), 7)


class MemoryBuckets:
    """One bucket, called ``bucket``."""

    def __init__(self) -> None:
        self.bucket = MemoryBucket()

    def find(self, name: str) -> MemoryBucket:
        if name != "bucket":
            raise no_such_bucket()
        return self.bucket


def enable_recovery(calls: Calls, name: str = "table") -> None:
    specification = {"PointInTimeRecoveryEnabled": True}
    calls.call("UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=specification)


def export(calls: Calls, **members: Any) -> dict[str, Any]:
    request = {"TableArn": TABLE_ARN, "S3Bucket": "bucket", **members}
    described: dict[str, Any] = calls.call("ExportTableToPointInTime", **request)["ExportDescription"]
    return described


def exported(calls: Calls, arn: str) -> dict[str, Any]:
    """The description of an export that has ended."""
    return _ended(calls, "DescribeExport", {"ExportArn": arn}, "ExportDescription", "ExportStatus")


def import_request(name: str = "imported", bucket: str = "bucket", **members: Any) -> dict[str, Any]:
    table = {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {
        "S3BucketSource": {"S3Bucket": bucket},
        "InputFormat": "DYNAMODB_JSON",
        "TableCreationParameters": table,
        **members,
    }


def import_(calls: Calls, name: str = "imported", bucket: str = "bucket", **members: Any) -> dict[str, Any]:
    answer = calls.call("ImportTable", **import_request(name, bucket, **members))
    described: dict[str, Any] = answer["ImportTableDescription"]
    return described


def imported(calls: Calls, arn: str) -> dict[str, Any]:
    """The description of an import that has ended."""
    return _ended(calls, "DescribeImport", {"ImportArn": arn}, "ImportTableDescription", "ImportStatus")


def _ended(calls: Calls, operation: str, request: dict[str, Any], member: str, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        described: dict[str, Any] = calls.call(operation, **request)[member]
        if described[status] != "IN_PROGRESS":
            return described
        assert time.monotonic() < deadline, described
        time.sleep(0.005)
