"""ExportTableToPointInTime, DescribeExport and ListExports: shapes, errors and the moment of an export (FACTS 5.16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.engine.clock import Clock
from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.engine.exporting import TABLE_ARN, MemoryBucket, MemoryBuckets, enable_recovery, export, exported
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import N, S

NOW = 1_790_000_000.123
UNAVAILABLE = "Point in Time Recovery is not available for specified export time"


@pytest.fixture
def buckets() -> MemoryBuckets:
    return MemoryBuckets()


@pytest.fixture
def bucket(buckets: MemoryBuckets) -> MemoryBucket:
    return buckets.bucket


@pytest.fixture
def calls(buckets: MemoryBuckets) -> Iterator[Calls]:
    """A table of one item with recovery, and a clock that the test turns."""
    engine = open_engine(None, clock=lambda: NOW, buckets=buckets)
    calls = Calls(engine)
    calls.create(table())
    calls.put("table", {"pk": S("a"), "n": N(1)})
    enable_recovery(calls)
    yield calls
    for summary in calls.call("ListExports")["ExportSummaries"]:
        exported(calls, summary["ExportArn"])
    check_database(engine)
    engine.close()


def passed(calls: Calls, seconds: float) -> None:
    clock = calls.engine.clock
    assert isinstance(clock, Clock)
    clock.advance(seconds)


def refused(calls: Calls, **members: Any) -> tuple[str, str | None]:
    refusal = calls.refusal("ExportTableToPointInTime", **{"TableArn": TABLE_ARN, "S3Bucket": "bucket", **members})
    return refusal.code, refusal.message


def test_an_export_is_described_at_once_and_has_its_counts_at_the_end(calls: Calls, bucket: MemoryBucket) -> None:
    begun = export(calls, S3Prefix="all", ClientToken="once", ExportType="FULL_EXPORT")
    arn = begun["ExportArn"]
    assert arn.startswith(f"{TABLE_ARN}/export/01790000000123-")
    assert begun == {
        "ExportArn": arn,
        "ExportStatus": "IN_PROGRESS",
        "StartTime": 1790000000.123,
        "TableArn": TABLE_ARN,
        "TableId": calls.call("DescribeTable", TableName="table")["Table"]["TableId"],
        "ExportTime": 1790000000.123,
        "ClientToken": "once",
        "S3Bucket": "bucket",
        "S3Prefix": "all",
        "S3SseAlgorithm": "AES256",
        "ExportFormat": "DYNAMODB_JSON",
    }
    ended = exported(calls, arn)
    counts = {"BilledSizeBytes": 6, "ItemCount": 1, "ExportManifest": f"{arn.rpartition('/')[2]}/manifest"}
    assert ended == {**begun, **counts, "ExportStatus": "COMPLETED", "EndTime": 1790000000.123}
    assert list(bucket.exports.values()) == [[{"pk": S("a"), "n": N(1)}]]


def test_an_export_has_the_items_of_the_moment_it_was_asked_for(calls: Calls, bucket: MemoryBucket) -> None:
    expected = {f"k{number}" for number in range(3_000)} | {"a"}
    for number in range(3_000):
        calls.put("table", {"pk": S(f"k{number}")})
    bucket.may_go.clear()
    arn = export(calls)["ExportArn"]
    calls.put("table", {"pk": S("later")})
    calls.call("DeleteItem", TableName="table", Key={"pk": S("k7")})
    bucket.may_go.set()
    assert exported(calls, arn)["ItemCount"] == 3_001
    (items,) = bucket.exports.values()
    assert {item["pk"]["S"] for item in items} == expected


def test_an_export_outlives_its_table(calls: Calls, bucket: MemoryBucket) -> None:
    bucket.may_go.clear()
    arn = export(calls)["ExportArn"]
    calls.call("DeleteTable", TableName="table")
    bucket.may_go.set()
    assert exported(calls, arn)["ItemCount"] == 1
    assert calls.call("ListExports", TableArn=TABLE_ARN) == {"ExportSummaries": []}
    calls.create(table())
    assert calls.call("ListExports", TableArn=TABLE_ARN) == {"ExportSummaries": []}
    assert len(calls.call("ListExports")["ExportSummaries"]) == 1


def test_a_bucket_that_is_not_there_fails_the_export_later(calls: Calls) -> None:
    ended = exported(calls, export(calls, S3Bucket="nowhere")["ExportArn"])
    assert (ended["ExportStatus"], ended["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert ended["FailureMessage"].startswith(
        "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; Request"
    )
    assert not {"EndTime", "ItemCount", "ExportManifest", "BilledSizeBytes"} & ended.keys()


def test_a_bucket_of_another_account_fails_the_export_later(calls: Calls) -> None:
    ended = exported(calls, export(calls, S3BucketOwner="111111111111")["ExportArn"])
    assert (ended["ExportStatus"], ended["FailureCode"]) == ("FAILED", "S3AccessDenied")


def test_a_bug_of_a_bucket_ends_the_export(
    calls: Calls, bucket: MemoryBucket, caplog: pytest.LogCaptureFixture
) -> None:
    def write(*_: object) -> dict[str, Any]:
        raise RuntimeError("no more ink")

    bucket.write = write  # type: ignore[method-assign,assignment]
    ended = exported(calls, export(calls)["ExportArn"])
    assert (ended["FailureCode"], ended["FailureMessage"]) == ("UNKNOWN", "no more ink")
    assert "no more ink" in caplog.text


def test_the_backup_of_an_export_is_nobodys_backup(calls: Calls, bucket: MemoryBucket) -> None:
    bucket.may_go.clear()
    arn = export(calls)["ExportArn"]
    with calls.engine.store.snapshot() as txn:
        ((key, _),) = txn.scan(b"Ck", b"Cl")
        backup_arn = f"{TABLE_ARN}/backup/{bytes(key).rpartition(bytes(1))[2].decode()}"
    assert calls.call("ListBackups") == {"BackupSummaries": []}
    assert calls.refusal("DescribeBackup", BackupArn=backup_arn).code == "BackupNotFoundException"
    bucket.may_go.set()
    exported(calls, arn)
    with calls.engine.store.snapshot() as txn:
        assert list(txn.scan(b"Ck", b"Cl")) == []


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        (
            {"TableArn": "table"},
            "ValidationException",
            "One or more parameter values were invalid: tableArn is not a valid ARN",
        ),
        ({"TableArn": f"{TABLE_ARN}/index/i"}, "ValidationException", "Invalid Request: Table ARN is invalid."),
        (
            {"TableArn": TABLE_ARN.replace("000000000000", "111111111111")},
            "AccessDeniedException",
            "Access is denied",
        ),
        (
            {"TableArn": f"{TABLE_ARN}s"},
            "TableNotFoundException",
            f"Table not found: {TABLE_ARN}s",
        ),
        ({"ExportTime": NOW + 5}, "InvalidExportTimeException", "Export Time is invalid"),
        ({"ExportTime": NOW - 3600}, "InvalidExportTimeException", "Export Time is invalid"),
        (
            {"S3SseKmsKeyId": "key"},
            "ValidationException",
            "Invalid Request: KMS Key Id is not supported for this encryption type",
        ),
        (
            {"IncrementalExportSpecification": {}},
            "ValidationException",
            "Invalid Request: Export Type expected to be Incremental Export when incremental export specification is "
            "provided",
        ),
        (
            {"IncrementalExportSpecification": {}, "ExportType": "FULL_EXPORT"},
            "ValidationException",
            "Invalid Request: When Export Type is Full Export , Incremental Export Specification should not be "
            "provided",
        ),
        (
            {"ExportType": "INCREMENTAL_EXPORT"},
            "ValidationException",
            "Invalid Request: Incremental Export Specification expected when export type is set as Incremental Export",
        ),
        (
            {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": {"ExportViewType": "NEW_IMAGE"}},
            "ValidationException",
            "Invalid Request: ExportFromTime must be provided in IncrementalExportSpecification",
        ),
    ],
)
def test_what_an_export_cannot_be_asked_for(calls: Calls, members: dict[str, Any], code: str, message: str) -> None:
    assert refused(calls, **members) == (code, message)


def test_an_export_needs_recovery_before_it_needs_a_bucket(calls: Calls) -> None:
    calls.create(table("plain"))
    code, message = refused(calls, TableArn=TABLE_ARN.replace("/table", "/plain"), S3Bucket="nowhere")
    assert code == "PointInTimeRecoveryUnavailableException"
    assert message == "Point in time recovery is not enabled for table 'plain'"


def test_an_export_of_the_present_second_is_one_of_now(calls: Calls) -> None:
    begun = export(calls, ExportTime=int(NOW))
    assert begun["ExportTime"] == int(NOW)
    assert exported(calls, begun["ExportArn"])["ExportStatus"] == "COMPLETED"


def test_an_export_of_the_past_has_the_items_there_were_then(calls: Calls, bucket: MemoryBucket) -> None:
    passed(calls, 100)
    calls.put("table", {"pk": S("later")}, {"pk": S("a"), "n": N(2)})
    passed(calls, 100)
    calls.call("DeleteItem", TableName="table", Key={"pk": S("a")})
    arn = export(calls, ExportTime=NOW + 50)["ExportArn"]
    assert exported(calls, arn)["ItemCount"] == 1
    middle = export(calls, ExportTime=NOW + 150)["ExportArn"]
    assert exported(calls, middle)["ItemCount"] == 2
    earlier, later = bucket.exports.values()
    assert earlier == [{"pk": S("a"), "n": N(1)}]
    assert sorted(item["pk"]["S"] for item in later) == ["a", "later"]


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        (
            NOW - 60,
            None,
            "Incremental export period from time cannot be less than the table creation time : 2026-09-21T14:12:20Z",
        ),
        (
            NOW,
            NOW + 200_000,
            "Incremental export period to time cannot be greater than the current time : 2026-09-23T21:46:40Z",
        ),
        (
            NOW + 99_500,
            None,
            "Difference between export period from time and export period to time is less than 15 minutes",
        ),
        (NOW + 50_000, None, UNAVAILABLE),
    ],
)
def test_an_incremental_export_is_refused(calls: Calls, begin: float, end: float | None, message: str) -> None:
    passed(calls, 100_000)
    window = {"ExportFromTime": begin} | ({} if end is None else {"ExportToTime": end})
    request = {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": window}
    assert refused(calls, **request) == ("InvalidExportTimeException", message)


FILTERS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"FilterExpression": "n > :n", "ExpressionAttributeValues": {":n": N(5)}}, [{"pk": S("b"), "n": N(7)}]),
    ({"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": {":k": S("a")}}, [{"pk": S("a"), "n": N(1)}]),
    ({"ProjectionExpression": "#n", "ExpressionAttributeNames": {"#n": "n"}}, [{"n": N(1)}, {"n": N(7)}]),
]


@pytest.mark.parametrize(("specification", "items"), FILTERS)
def test_an_export_can_be_of_some_items(
    calls: Calls, bucket: MemoryBucket, specification: dict[str, Any], items: list[dict[str, Any]]
) -> None:
    calls.put("table", {"pk": S("b"), "n": N(7)})
    ended = exported(calls, export(calls, FilterSpecification=specification)["ExportArn"])
    assert (ended["ItemCount"], ended["FilterSpecification"]) == (len(items), specification)
    (found,) = bucket.exports.values()
    assert sorted(found, key=str) == sorted(items, key=str)


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ({}, "Invalid Request: Invalid FilterSpecification: The specification can not be empty"),
        (
            {"FilterExpression": "attribute_exists(n"},
            'Invalid FilterExpression: Syntax error; token: "<EOF>", near: "n"',
        ),
        (
            {
                "KeyConditionExpression": "pk = :k",
                "FilterExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": {":k": S("a")},
            },
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: pk",
        ),
    ],
)
def test_a_filter_of_an_export_is_checked(calls: Calls, specification: dict[str, Any], message: str) -> None:
    assert refused(calls, FilterSpecification=specification) == ("ValidationException", message)


def test_a_client_token_names_one_export(calls: Calls) -> None:
    first = export(calls, ClientToken="once")
    exported(calls, first["ExportArn"])
    assert export(calls, ClientToken="once")["ExportArn"] == first["ExportArn"]
    conflict = ("ExportConflictException", "Export conflict: Duplicate request detected with conflicting parameters")
    assert refused(calls, ClientToken="once", S3Prefix="other") == conflict
    assert export(calls)["ExportArn"] != export(calls)["ExportArn"]
    passed(calls, 8 * 3600)
    assert export(calls, ClientToken="once", S3Prefix="other")["ExportArn"] != first["ExportArn"]


@pytest.mark.parametrize(
    ("arn", "code", "message"),
    [
        (TABLE_ARN, "ValidationException", "Invalid Export ARN"),
        (f"{TABLE_ARN}/import/01790000000000-0123abcd", "ValidationException", "Invalid Export ARN"),
        ("x" * 40, "ValidationException", "Invalid Export ARN"),
        (
            f"{TABLE_ARN}/export/0",
            "ExportNotFoundException",
            f"Export not found: Export not found: {TABLE_ARN}/export/0",
        ),
        (
            f"{TABLE_ARN.replace('us-east-1', 'us-west-2')}/export/0",
            "ExportNotFoundException",
            "Export not found: Invalid export arn",
        ),
        (f"{TABLE_ARN.replace('000000000000', '111111111111')}/export/0", "AccessDeniedException", "Access is denied"),
    ],
)
def test_an_export_that_cannot_be_described(calls: Calls, arn: str, code: str, message: str) -> None:
    refusal = calls.refusal("DescribeExport", ExportArn=arn)
    assert (refusal.code, refusal.message) == (code, message)


def test_exports_are_listed_newest_first_ten_to_a_page(calls: Calls) -> None:
    arns = []
    for _ in range(12):
        arns.append(export(calls)["ExportArn"])
        passed(calls, 1)
    for arn in arns:
        exported(calls, arn)
    page = calls.call("ListExports", TableArn=TABLE_ARN)
    assert [summary["ExportArn"] for summary in page["ExportSummaries"]] == arns[:1:-1]
    assert page["ExportSummaries"][0] == {
        "ExportArn": arns[-1],
        "ExportStatus": "COMPLETED",
        "ExportType": "FULL_EXPORT",
    }
    rest = calls.call("ListExports", NextToken=page["NextToken"], MaxResults=25)
    assert [summary["ExportArn"] for summary in rest["ExportSummaries"]] == arns[1::-1]
    assert "NextToken" not in rest
    for token in ("00", "x", page["NextToken"][:-1] + "g", page["NextToken"].replace("6", "7")):
        expected = f"Invalid Request: Provided nextToken is invalid: {token}"
        assert calls.invalid("ListExports", NextToken=token) == expected
    expected = f"Invalid Request: Provided nextToken is invalid: {page['NextToken']}"
    assert calls.invalid("ListImports", NextToken=page["NextToken"]) == expected


def test_an_export_is_forgotten_after_ninety_days(calls: Calls) -> None:
    old = export(calls)["ExportArn"]
    exported(calls, old)
    passed(calls, 90 * 86_400 + 1)
    new = export(calls)["ExportArn"]
    assert [summary["ExportArn"] for summary in calls.call("ListExports")["ExportSummaries"]] == [new]
