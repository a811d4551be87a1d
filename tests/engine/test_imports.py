"""ImportTable, DescribeImport and ListImports: shapes, errors and the table that an import makes (FACTS 5.16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.engine.exporting import (
    TABLE_ARN,
    MemoryBucket,
    MemoryBuckets,
    import_,
    import_request,
    imported,
)
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import N, S

IMPORTED_ARN = TABLE_ARN.replace("/table", "/imported")


@pytest.fixture
def bucket() -> MemoryBucket:
    bucket = MemoryBucket()
    bucket.items = [{"pk": S("a"), "n": N(1)}, {"pk": S("b")}]
    return bucket


@pytest.fixture
def calls(bucket: MemoryBucket) -> Iterator[Calls]:
    buckets = MemoryBuckets()
    buckets.bucket = bucket
    engine = open_engine(None, buckets=buckets)
    calls = Calls(engine)
    yield calls
    bucket.may_go.set()
    for summary in calls.call("ListImports")["ImportSummaryList"]:
        imported(calls, summary["ImportArn"])
    check_database(engine)
    engine.close()


def test_an_import_makes_a_table_of_its_items(calls: Calls) -> None:
    begun = import_(calls, S3BucketSource={"S3Bucket": "bucket", "S3KeyPrefix": "some/"})
    arn, started = begun["ImportArn"], begun["StartTime"]
    assert arn.startswith(f"{IMPORTED_ARN}/import/")
    assert begun == {
        "ImportArn": arn,
        "ImportStatus": "IN_PROGRESS",
        "TableArn": IMPORTED_ARN,
        "TableId": begun["TableId"],
        "S3BucketSource": {"S3BucketOwner": "000000000000", "S3Bucket": "bucket", "S3KeyPrefix": "some/"},
        "ErrorCount": 0,
        "CloudWatchLogGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws-dynamodb/imports:*",
        "InputFormat": "DYNAMODB_JSON",
        "InputCompressionType": "NONE",
        "TableCreationParameters": import_request()["TableCreationParameters"],
        "StartTime": started,
    }
    ended = imported(calls, arn)
    counts = {"ProcessedSizeBytes": 7, "ProcessedItemCount": 2, "ImportedItemCount": 2}
    assert ended == {**begun, **counts, "ImportStatus": "COMPLETED", "EndTime": ended["EndTime"]}
    described = calls.call("DescribeTable", TableName="imported")["Table"]
    assert (described["TableStatus"], described["TableId"], described["ItemCount"]) == ("ACTIVE", begun["TableId"], 2)
    assert calls.call("GetItem", TableName="imported", Key={"pk": S("a")})["Item"] == {"pk": S("a"), "n": N(1)}


def test_the_table_is_being_created_until_all_is_in_it(calls: Calls, bucket: MemoryBucket) -> None:
    bucket.may_go.clear()
    arn = import_(calls)["ImportArn"]
    assert bucket.has_begun.wait(20)
    assert calls.call("DescribeTable", TableName="imported")["Table"]["TableStatus"] == "CREATING"
    assert calls.refusal("PutItem", TableName="imported", Item={"pk": S("a")}).code == "ResourceNotFoundException"
    assert calls.refusal("DeleteTable", TableName="imported").code == "ResourceInUseException"
    bucket.may_go.set()
    imported(calls, arn)
    calls.call("DeleteTable", TableName="imported")
    assert calls.call("DescribeImport", ImportArn=arn)["ImportTableDescription"]["ImportStatus"] == "COMPLETED"
    assert len(calls.call("ListImports", TableArn=IMPORTED_ARN)["ImportSummaryList"]) == 1


def test_a_bad_item_fails_the_import_and_leaves_the_others(calls: Calls, bucket: MemoryBucket) -> None:
    bucket.items.insert(1, {"no": S("key")})
    ended = imported(calls, import_(calls)["ImportArn"])
    assert (ended["ImportStatus"], ended["FailureCode"]) == ("FAILED", "ItemValidationError")
    assert ended["FailureMessage"] == (
        "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more "
        "details."
    )
    assert (ended["ProcessedItemCount"], ended["ImportedItemCount"], ended["ErrorCount"]) == (3, 2, 1)
    described = calls.call("DescribeTable", TableName="imported")["Table"]
    assert (described["TableStatus"], described["ItemCount"]) == ("ACTIVE", 2)


def test_a_bucket_that_is_not_there_fails_the_import_without_a_table(calls: Calls) -> None:
    ended = imported(calls, import_(calls, bucket="nowhere")["ImportArn"])
    assert (ended["ImportStatus"], ended["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert (ended["ProcessedItemCount"], ended["ImportedItemCount"], ended["ErrorCount"]) == (0, 0, 0)
    assert "EndTime" in ended
    assert calls.refusal("DescribeTable", TableName="imported").code == "ResourceNotFoundException"


def test_of_several_imports_into_one_name_one_gets_it(calls: Calls, bucket: MemoryBucket) -> None:
    bucket.may_go.clear()
    first = import_(calls, name="first")["ImportArn"]
    assert bucket.has_begun.wait(20)
    arns = [import_(calls)["ImportArn"] for _ in range(3)]
    bucket.may_go.set()
    assert imported(calls, first)["ImportStatus"] == "COMPLETED"
    codes = [imported(calls, arn).get("FailureCode") for arn in arns]
    assert sorted(map(str, codes)) == ["None", "TableAlreadyExists", "TableAlreadyExists"]


def test_an_import_into_a_table_that_is_there_is_refused(calls: Calls) -> None:
    calls.create(table())
    refusal = calls.refusal("ImportTable", **import_request("table"))
    assert (refusal.code, refusal.message) == ("ResourceInUseException", "Table already exists: table")


def test_a_client_token_names_one_import(calls: Calls, bucket: MemoryBucket) -> None:
    bucket.may_go.clear()
    arn = import_(calls, ClientToken="once")["ImportArn"]
    other: dict[str, Any] = {"S3BucketSource": {"S3Bucket": "bucket", "S3KeyPrefix": "other"}}
    assert import_(calls, ClientToken="once", **other)["ImportArn"] == arn
    refusal = calls.refusal("ImportTable", **import_request("another", ClientToken="once"))
    assert refusal.code == "ImportConflictException"
    assert refusal.message == "Import conflict: Duplicate request detected with conflicting parameters"
    bucket.may_go.set()
    imported(calls, arn)
    assert calls.refusal("ImportTable", **import_request(ClientToken="once")).code == "ResourceInUseException"
    calls.call("DeleteTable", TableName="imported")
    assert import_(calls, ClientToken="once")["ImportArn"] == arn


def test_no_more_than_fifty_imports_are_under_way(calls: Calls, bucket: MemoryBucket) -> None:
    bucket.may_go.clear()
    for number in range(50):
        import_(calls, name=f"table{number}")
    assert calls.refusal("ImportTable", **import_request()).code == "LimitExceededException"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"InputFormatOptions": {"Csv": {"Delimiter": ";"}}},
            "Invalid Request: Unsupported InputFormatOptions for the given input format: DYNAMODB_JSON.",
        ),
        (
            {"InputFormat": "CSV", "InputFormatOptions": {"Csv": {"Delimiter": ";;"}}},
            "2 validation errors detected: Value ';;' at 'inputFormatOptions.csv.delimiter' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [,;:|\\t ]; Value ';;' at "
            "'inputFormatOptions.csv.delimiter' failed to satisfy constraint: Member must have length less than or "
            "equal to 1",
        ),
        (
            {"InputCompressionType": "BZIP2"},
            "1 validation error detected: Value 'BZIP2' at 'inputCompressionType' failed to satisfy constraint: Member "
            "must satisfy enum value set: [ZSTD, NONE, GZIP]",
        ),
    ],
)
def test_what_an_import_cannot_be_asked_for(calls: Calls, members: dict[str, Any], message: str) -> None:
    assert calls.invalid("ImportTable", **import_request(**members)) == message


def test_the_table_of_an_import_is_checked_as_by_create_table(calls: Calls) -> None:
    request = import_request()
    del request["TableCreationParameters"]["BillingMode"]
    assert calls.invalid("ImportTable", **request) == (
        "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified "
        "when BillingMode is PROVISIONED"
    )


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (TABLE_ARN, "ValidationException"),
        (f"{TABLE_ARN}/export/01790000000000-0123abcd", "ValidationException"),
        (f"{TABLE_ARN}/import/01790000000000-0123abcd", "ImportNotFoundException"),
        (f"{TABLE_ARN.replace('us-east-1', 'us-west-2')}/import/0", "ImportNotFoundException"),
        (f"{TABLE_ARN.replace('000000000000', '111111111111')}/import/0", "AccessDeniedException"),
    ],
)
def test_an_import_that_cannot_be_described(calls: Calls, arn: str, code: str) -> None:
    assert calls.refusal("DescribeImport", ImportArn=arn).code == code


def test_imports_are_listed_newest_first(calls: Calls) -> None:
    arns = []
    for number in range(3):
        arns.append(import_(calls, name=f"table{number}")["ImportArn"])
        imported(calls, arns[-1])
        calls.engine.advance_clock(1)
    page = calls.call("ListImports", PageSize=2)
    assert [summary["ImportArn"] for summary in page["ImportSummaryList"]] == arns[:0:-1]
    assert set(page["ImportSummaryList"][0]) == {
        "ImportArn",
        "ImportStatus",
        "TableArn",
        "S3BucketSource",
        "CloudWatchLogGroupArn",
        "InputFormat",
        "StartTime",
        "EndTime",
    }
    rest = calls.call("ListImports", PageSize=2, NextToken=page["NextToken"])
    assert [summary["ImportArn"] for summary in rest["ImportSummaryList"]] == arns[:1]


def test_an_imported_table_has_its_indexes(calls: Calls, bucket: MemoryBucket) -> None:
    request = import_request()
    request["TableCreationParameters"] |= {
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-n",
                "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }
    imported(calls, calls.call("ImportTable", **request)["ImportTableDescription"]["ImportArn"])
    found = calls.call(
        "Query",
        TableName="imported",
        IndexName="by-n",
        KeyConditionExpression="n = :n",
        ExpressionAttributeValues={":n": N(1)},
    )
    assert found["Items"] == [{"pk": S("a"), "n": N(1)}]
