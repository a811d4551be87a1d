"""The operations of global tables where there is none (FACTS 5.16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.calls import Calls
from tests.tables import table

MISSING = "Global table with name: '{}' does not exist."
OLD_KIND = (
    "One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. "
    "We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy)."
)


def test_there_is_none_to_list(engine: Calls) -> None:
    engine.create(table())
    assert engine.call("ListGlobalTables") == engine.call("ListGlobalTables", Limit=1) == {"GlobalTables": []}


def test_the_old_kind_can_no_longer_be_made(engine: Calls) -> None:
    create = {"GlobalTableName": "table", "ReplicationGroup": [{"RegionName": "us-east-1"}]}
    assert engine.invalid("CreateGlobalTable", **create) == OLD_KIND
    update: dict[str, Any] = {"GlobalTableName": "table", "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}
    assert engine.invalid("UpdateGlobalTable", **update) == OLD_KIND
    assert engine.invalid("UpdateGlobalTable", **(update | {"ReplicaUpdates": []})) == (
        "One or more parameter values were invalid"
    )


@pytest.mark.parametrize("name", ["table", "none"])
def test_no_table_is_a_global_one(engine: Calls, name: str) -> None:
    engine.create(table())
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("DescribeGlobalTable", {}, f"Global table not found: {MISSING}"),
        ("DescribeGlobalTableSettings", {}, MISSING),
        ("UpdateGlobalTableSettings", {"GlobalTableBillingMode": "PROVISIONED"}, MISSING),
        ("UpdateGlobalTable", {"ReplicaUpdates": [{"Delete": {"RegionName": "eu-west-1"}}]}, MISSING),
    ]
    for operation, members, message in asked:
        refused = engine.refusal(operation, GlobalTableName=name, **members)
        assert (refused.code, refused.message) == ("GlobalTableNotFoundException", message.format(name))


@pytest.mark.parametrize("operation", ["DescribeTableReplicaAutoScaling", "UpdateTableReplicaAutoScaling"])
def test_a_table_in_one_region_has_no_replicas_to_scale(engine: Calls, operation: str) -> None:
    engine.create(table())
    refused = engine.refusal(operation, TableName="table")
    assert (refused.code, refused.message) == ("ResourceNotFoundException", MISSING.format("table"))
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/table"
    assert engine.refusal(operation, TableName=arn).message == MISSING.format("table")
