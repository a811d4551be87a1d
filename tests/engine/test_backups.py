"""CreateBackup, DescribeBackup, ListBackups, DeleteBackup and RestoreTableFromBackup: shapes and errors (FACTS 5.16).

``test_backups_stateful`` has what a backup holds; ``test_backups_online`` has large tables, with the chores at work.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from ddbengine.engine.clock import Clock
from ddbengine.engine.context import Caller
from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.tables import KEYS_ONLY, global_index, local_index, table, vector_index
from tests.wire import L, N, S

NOW = 1_790_000_000.123
TABLE_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table"
NOT_THERE = f"{TABLE_ARN}/backup/01790000000000-0123abcd"


@pytest.fixture
def timed() -> Iterator[Calls]:
    """An engine with a table of one item, and a clock that the test turns."""
    engine = open_engine(None, clock=lambda: NOW)
    calls = Calls(engine)
    calls.create(table())
    calls.put("table", {"pk": S("a"), "n": N(1)})
    yield calls
    check_database(engine)
    engine.close()


def passed(engine: Calls, seconds: float) -> None:
    clock = engine.engine.clock
    assert isinstance(clock, Clock)
    clock.advance(seconds)


def back_up(engine: Calls, name: str = "table") -> str:
    arn: str = engine.call("CreateBackup", TableName=name, BackupName="kept")["BackupDetails"]["BackupArn"]
    return arn


def description(engine: Calls, arn: str) -> dict[str, Any]:
    described: dict[str, Any] = engine.call("DescribeBackup", BackupArn=arn)["BackupDescription"]
    return described


def restore(engine: Calls, arn: str, name: str = "restored", **overrides: Any) -> dict[str, Any]:
    request = {"TargetTableName": name, "BackupArn": arn, **overrides}
    described: dict[str, Any] = engine.call("RestoreTableFromBackup", **request)["TableDescription"]
    return described


def listed(engine: Calls, **members: Any) -> list[str]:
    return [summary["BackupArn"] for summary in engine.call("ListBackups", **members)["BackupSummaries"]]


# --- backups ----------------------------------------------------------------------------------------------------------


def test_a_backup_is_answered_as_being_created_and_then_available(timed: Calls) -> None:
    details = timed.call("CreateBackup", TableName="table", BackupName="kept")["BackupDetails"]
    assert details.pop("BackupArn").startswith(f"{TABLE_ARN}/backup/01790000000123-")
    assert details == {
        "BackupName": "kept",
        "BackupSizeBytes": 6,
        "BackupStatus": "CREATING",
        "BackupType": "USER",
        "BackupCreationDateTime": 1_790_000_000.123,
    }
    (arn,) = listed(timed)
    assert description(timed, arn)["BackupDetails"] == {**details, "BackupArn": arn, "BackupStatus": "AVAILABLE"}


def test_a_backup_describes_the_table_as_it_was(timed: Calls) -> None:
    live = timed.call("DescribeTable", TableName="table")["Table"]
    arn = back_up(timed)
    timed.call("DeleteTable", TableName="table")
    described = description(timed, arn)
    assert described["SourceTableFeatureDetails"] == {}
    assert described["SourceTableDetails"] == {
        "TableName": "table",
        "TableId": live["TableId"],
        "TableArn": TABLE_ARN,
        "TableSizeBytes": 6,
        "KeySchema": live["KeySchema"],
        "TableCreationDateTime": live["CreationDateTime"],
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "ItemCount": 1,
        "BillingMode": "PAY_PER_REQUEST",
    }


def test_a_backup_tells_of_the_features_the_table_had(engine: Calls) -> None:
    engine.create(
        table(
            sort="S",
            local=[local_index("local", "x")],
            global_=[global_index("global", "y", (), KEYS_ONLY)],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            SSESpecification={"Enabled": True},
            Tags=[{"Key": "k", "Value": "v"}],
        )
    )
    engine.call(
        "UpdateTimeToLive", TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    features = description(engine, back_up(engine))["SourceTableFeatureDetails"]
    (global_,) = features.pop("GlobalSecondaryIndexes")
    assert global_.keys() == {"IndexName", "KeySchema", "Projection", "ProvisionedThroughput"}
    (local,) = features.pop("LocalSecondaryIndexes")
    assert local.keys() == {"IndexName", "KeySchema", "Projection"}
    assert features.pop("SSEDescription")["SSEType"] == "KMS"
    assert features == {
        "StreamDescription": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"},
    }


def test_a_deleted_backup_is_gone_at_once(timed: Calls) -> None:
    arn = back_up(timed)
    deleted = timed.call("DeleteBackup", BackupArn=arn)["BackupDescription"]
    assert deleted["BackupDetails"]["BackupStatus"] == "DELETED"
    assert deleted["SourceTableDetails"]["ItemCount"] == 1
    for operation in ("DescribeBackup", "DeleteBackup"):
        refused = timed.refusal(operation, BackupArn=arn)
        assert (refused.code, refused.message) == ("BackupNotFoundException", f"Backup not found: {arn}")
    assert listed(timed) == []


def test_backups_of_one_name_are_told_apart_by_their_arns(timed: Calls) -> None:
    assert len({back_up(timed) for _ in range(3)}) == len(listed(timed, TableName="table")) == 3


def test_backups_are_listed_by_age_in_pages(timed: Calls) -> None:
    arns = []
    for _ in range(3):
        arns.append(back_up(timed))
        passed(timed, 1)
    assert listed(timed) == listed(timed, TableName=TABLE_ARN, BackupType="ALL") == arns
    first = timed.call("ListBackups", Limit=2)
    assert first["LastEvaluatedBackupArn"] == arns[1]
    assert "LastEvaluatedBackupArn" not in timed.call("ListBackups", Limit=3)
    timed.call("DeleteBackup", BackupArn=arns[1])
    assert listed(timed, ExclusiveStartBackupArn=arns[1]) == [arns[2]]


def test_the_range_of_times_has_its_beginning_and_not_its_end(timed: Calls) -> None:
    arn = back_up(timed)
    created = description(timed, arn)["BackupDetails"]["BackupCreationDateTime"]
    assert listed(timed, TimeRangeLowerBound=created) == [arn]
    assert listed(timed, TimeRangeUpperBound=created) == []
    assert listed(timed, TimeRangeUpperBound=created + 0.001) == [arn]
    assert timed.invalid("ListBackups", TimeRangeLowerBound=2, TimeRangeUpperBound=1) == (
        "One or more parameter values were invalid: Time range lower bound must be less than or equal to upper bound"
    )


@pytest.mark.parametrize("members", [{"TableName": "none"}, {"BackupType": "SYSTEM"}, {"BackupType": "AWS_BACKUP"}])
def test_what_there_is_none_of_is_an_empty_list(timed: Calls, members: dict[str, Any]) -> None:
    back_up(timed)
    assert timed.call("ListBackups", **members) == {"BackupSummaries": []}


def test_backups_and_tables_of_a_caller_named_like_the_beginning_of_another_are_its_own(engine: Calls) -> None:
    other = Caller("AKIATEST", "us-east-1\0table")
    engine.engine.execute("CreateTable", table(), other)
    engine.engine.execute("CreateBackup", {"TableName": "table", "BackupName": "kept"}, other)
    assert listed(engine) == []
    assert engine.call("ListTables") == {"TableNames": []}
    back = orjson.loads(engine.engine.execute("ListBackups", {}, other))
    assert len(back["BackupSummaries"]) == 1


def test_a_summary_tells_the_table(timed: Calls) -> None:
    back_up(timed)
    (summary,) = timed.call("ListBackups")["BackupSummaries"]
    assert summary.keys() == {
        *("BackupArn", "BackupCreationDateTime", "BackupName", "BackupSizeBytes", "BackupStatus", "BackupType"),
        *("TableArn", "TableId", "TableName"),
    }


def test_a_table_that_is_not_there_cannot_be_backed_up(engine: Calls) -> None:
    refused = engine.refusal("CreateBackup", TableName="none", BackupName="kept")
    assert (refused.code, refused.message) == ("TableNotFoundException", "Table not found: none")


@pytest.mark.parametrize(
    ("arn", "code", "message"),
    [
        (TABLE_ARN, "ValidationException", "Invalid Backup ARN"),
        ("x" * 48, "ValidationException", "Invalid Backup ARN"),
        (NOT_THERE.replace("aws:", "aws-cn:"), "ValidationException", "Invalid Request: BackupArn is not valid"),
        (NOT_THERE.replace("dynamodb", "sqs"), "ValidationException", "Invalid Request: BackupArn is not valid"),
        (NOT_THERE.replace("000000000000:", "111122223333:"), "AccessDeniedException", "Access is denied"),
        (NOT_THERE, "BackupNotFoundException", f"Backup not found: {NOT_THERE}"),
    ],
)
def test_what_no_backup_is_named_by_is_refused(engine: Calls, arn: str, code: str, message: str) -> None:
    for operation, members in (
        ("DescribeBackup", {}),
        ("DeleteBackup", {}),
        ("RestoreTableFromBackup", {"TargetTableName": "restored"}),
    ):
        refused = engine.refusal(operation, BackupArn=arn, **members)
        assert (refused.code, refused.message) == (code, message)


# --- restores ---------------------------------------------------------------------------------------------------------


def test_a_restored_table_has_the_items_of_the_backup(timed: Calls) -> None:
    arn = back_up(timed)
    timed.put("table", {"pk": S("a"), "n": N(2)}, {"pk": S("b")})
    description = restore(timed, arn)
    assert description["TableStatus"] == "CREATING"
    assert description["RestoreSummary"] == {
        "SourceBackupArn": arn,
        "SourceTableArn": TABLE_ARN,
        "RestoreDateTime": 1_790_000_000.123,
        "RestoreInProgress": True,
    }
    live = timed.call("DescribeTable", TableName="restored")["Table"]
    assert (live["TableStatus"], live["ItemCount"], live["TableSizeBytes"]) == ("ACTIVE", 1, 6)
    assert "RestoreSummary" not in live
    assert timed.items("Scan", TableName="restored") == [{"pk": S("a"), "n": N(1)}]


def test_a_restore_brings_back_keys_indexes_throughput_and_encryption_alone(engine: Calls) -> None:
    source = table(
        sort="S",
        local=[local_index("local", "x")],
        global_=[global_index("global", "y", (), KEYS_ONLY)],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        SSESpecification={"Enabled": True},
        TableClass="STANDARD_INFREQUENT_ACCESS",
        Tags=[{"Key": "k", "Value": "v"}],
        OnDemandThroughput={"MaxReadRequestUnits": 100},
    )
    engine.create(source)
    engine.put("table", {"pk": S("a"), "sk": S("b"), "x": S("x"), "y": S("y")})
    before = engine.call("DescribeTable", TableName="table")["Table"]
    restore(engine, back_up(engine))
    after = engine.call("DescribeTable", TableName="restored")["Table"]
    for member in ("KeySchema", "AttributeDefinitions", "SSEDescription", "OnDemandThroughput", "ItemCount"):
        assert after[member] == before[member]
    assert after["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert after.keys().isdisjoint({"StreamSpecification", "LatestStreamArn", "TableClassSummary"})
    assert engine.call("ListTagsOfResource", ResourceArn=after["TableArn"])["Tags"] == []
    for index in ("local", "global"):
        condition = {"pk": "a"} if index == "local" else {"y": "y"}
        ((name, value),) = condition.items()
        found = engine.call(
            "Query",
            TableName="restored",
            IndexName=index,
            KeyConditionExpression=f"{name} = :v",
            ExpressionAttributeValues={":v": S(value)},
        )
        assert found["Count"] == 1


def test_indexes_are_left_out_by_an_empty_list_and_renamed_by_their_keys(engine: Calls) -> None:
    index = global_index("global", "y", (), KEYS_ONLY)
    engine.create(table(sort="S", local=[local_index("local", "x")], global_=[index]))
    arn = back_up(engine)
    bare = restore(engine, arn, "bare", GlobalSecondaryIndexOverride=[], LocalSecondaryIndexOverride=[])
    assert bare.keys().isdisjoint({"GlobalSecondaryIndexes", "LocalSecondaryIndexes"})
    assert [each["AttributeName"] for each in bare["AttributeDefinitions"]] == ["pk", "sk"]
    override = {member: index[member] for member in ("KeySchema", "Projection")} | {"IndexName": "other"}
    renamed = restore(engine, arn, "renamed", GlobalSecondaryIndexOverride=[override])
    assert [each["IndexName"] for each in renamed["GlobalSecondaryIndexes"]] == ["other"]
    wider = override | {"Projection": {"ProjectionType": "ALL"}}
    request = {"BackupArn": arn, "TargetTableName": "wider", "GlobalSecondaryIndexOverride": [wider]}
    assert engine.invalid("RestoreTableFromBackup", **request) == (
        "Invalid Request: Index other does not match a secondary index that existed in the source table "
        "and cannot be created during the restore operation"
    )


UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            {"ProvisionedThroughputOverride": UNITS},
            "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED",
        ),
        (
            {"ProvisionedThroughputOverride": UNITS, "BillingModeOverride": "PAY_PER_REQUEST"},
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST",
        ),
        (
            {"BillingModeOverride": "PROVISIONED"},
            "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED",
        ),
        (
            {"OnDemandThroughputOverride": {"MaxReadRequestUnits": 0}},
            "Requested MaxReadRequestUnits for OnDemandThroughput is outside of valid range",
        ),
        (
            {
                "BillingModeOverride": "PROVISIONED",
                "ProvisionedThroughputOverride": UNITS,
                "OnDemandThroughputOverride": {"MaxReadRequestUnits": 1},
            },
            "Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST",
        ),
    ],
)
def test_overrides_of_throughput_fit_the_billing_mode(timed: Calls, overrides: dict[str, Any], problem: str) -> None:
    request = {"BackupArn": back_up(timed), "TargetTableName": "restored", **overrides}
    assert timed.invalid("RestoreTableFromBackup", **request) == f"Invalid Request: {problem}"
    assert timed.refusal("DescribeTable", TableName="restored").code == "ResourceNotFoundException"


def test_a_table_is_restored_with_other_throughput(timed: Calls) -> None:
    restore(timed, back_up(timed), BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=UNITS)
    live = timed.call("DescribeTable", TableName="restored")["Table"]
    assert live["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **UNITS}
    assert "BillingModeSummary" not in live


def test_a_table_is_restored_under_a_free_name(timed: Calls) -> None:
    refused = timed.refusal("RestoreTableFromBackup", BackupArn=back_up(timed), TargetTableName="table")
    assert (refused.code, refused.message) == ("TableAlreadyExistsException", "Table already exists: table")


def test_another_region_has_to_say_how_to_encrypt(timed: Calls) -> None:
    arn = back_up(timed).replace("us-east-1", "eu-west-1")
    assert timed.invalid("RestoreTableFromBackup", BackupArn=arn, TargetTableName="restored") == (
        "Invalid Request: sseSpecificationOverride must be provided for cross-region restores"
    )


def test_backups_go_with_everything_else_when_the_store_is_emptied(timed: Calls) -> None:
    arn = back_up(timed)
    timed.engine.reset()
    assert timed.refusal("DescribeBackup", BackupArn=arn).code == "BackupNotFoundException"


def test_vector_indexes_are_backed_up_restored_renamed_and_left_out(engine: Calls) -> None:
    index = vector_index("near", partition="tenant", filters=["kind"], projection=KEYS_ONLY)
    engine.create(table(vector=[index]))
    engine.put("table", {"pk": S("a"), "tenant": S("t"), "kind": S("k"), "v": L(N(1), N(0), N(0))})
    arn = back_up(engine)
    info = {member: value for member, value in index.items() if member != "types"}
    assert description(engine, arn)["SourceTableFeatureDetails"]["VectorIndexes"] == [info]
    described = restore(engine, arn)
    assert described["VectorIndexes"][0].items() >= info.items()
    search = {"SearchConditionExpression": "tenant = :t", "ExpressionAttributeValues": {":t": S("t")}, "TopK": 3}
    vector = {"SearchVector": [N(1), N(0), N(0)]}
    assert (
        len(engine.call("SearchVectors", TableName="restored", IndexName="near", **search, **vector)["SearchResults"])
        == 1
    )
    renamed = restore(engine, arn, "renamed", VectorIndexOverride=[info | {"IndexName": "other"}])
    assert [each["IndexName"] for each in renamed["VectorIndexes"]] == ["other"]
    bare = restore(engine, arn, "bare", VectorIndexOverride=[])
    assert "VectorIndexes" not in bare
    assert [each["AttributeName"] for each in bare["AttributeDefinitions"]] == ["pk"]
    request = {"BackupArn": arn, "TargetTableName": "other", "VectorIndexOverride": [info | {"Dimensions": 4}]}
    assert engine.invalid("RestoreTableFromBackup", **request) == (
        "Invalid Request: Index near does not match a secondary index that existed in the source table "
        "and cannot be created during the restore operation"
    )
    check_database(engine.engine)
