"""Every setting that CreateTable and UpdateTable take is shown by DescribeTable as the service shows it (FACTS 5.9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls

ON_DEMAND = {"MaxReadRequestUnits": 50, "MaxWriteRequestUnits": 60}
WARM = {"ReadUnitsPerSecond": 13_000, "WriteUnitsPerSecond": 5_000}
ENCRYPTED = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/mine"}


def described(engine: Calls) -> dict[str, Any]:
    table: dict[str, Any] = engine.call("DescribeTable", TableName="table")["Table"]
    return table


@pytest.mark.parametrize("is_created_with_it", [True, False])
def test_a_table_class_is_shown(engine: Calls, is_created_with_it: bool) -> None:
    _set(engine, is_created_with_it, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert described(engine)["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


@pytest.mark.parametrize("is_created_with_it", [True, False])
def test_on_demand_maxima_are_shown(engine: Calls, is_created_with_it: bool) -> None:
    _set(engine, is_created_with_it, OnDemandThroughput=ON_DEMAND)
    assert described(engine)["OnDemandThroughput"] == ON_DEMAND


@pytest.mark.parametrize("is_created_with_it", [True, False])
def test_warm_throughput_is_shown(engine: Calls, is_created_with_it: bool) -> None:
    _set(engine, is_created_with_it, WarmThroughput=WARM)
    assert described(engine)["WarmThroughput"] == {**WARM, "Status": "ACTIVE"}


@pytest.mark.parametrize("is_created_with_it", [True, False])
def test_encryption_with_a_key_is_shown(engine: Calls, is_created_with_it: bool) -> None:
    _set(engine, is_created_with_it, SSESpecification=ENCRYPTED)
    shown = described(engine)["SSEDescription"]
    assert (shown["Status"], shown["SSEType"]) == ("ENABLED", "KMS")
    assert shown["KMSMasterKeyArn"].startswith("arn:aws:kms:")


def test_a_global_index_has_maxima_and_warm_throughput_of_its_own(engine: Calls) -> None:
    index = tables.global_index("by-g", "g") | {"OnDemandThroughput": ON_DEMAND, "WarmThroughput": WARM}
    engine.create(tables.table(global_=[index]))
    assert _index(engine) == (ON_DEMAND, WARM)


def test_a_global_index_added_later_has_them_too(engine: Calls) -> None:
    engine.create(tables.table())
    index = tables.global_index("by-g", "g")
    del index["types"]
    engine.call(
        "UpdateTable",
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index | {"OnDemandThroughput": ON_DEMAND, "WarmThroughput": WARM}}],
    )
    assert _index(engine) == (ON_DEMAND, WARM)


def test_maxima_and_warm_throughput_of_an_index_can_be_changed(engine: Calls) -> None:
    engine.create(tables.table(global_=[tables.global_index("by-g", "g")]))
    for changed in ({"OnDemandThroughput": ON_DEMAND}, {"WarmThroughput": WARM}):
        update = {"Update": {"IndexName": "by-g", **changed}}
        engine.call("UpdateTable", TableName="table", GlobalSecondaryIndexUpdates=[update])
    assert _index(engine) == (ON_DEMAND, WARM)


def test_units_of_an_index_can_be_given_and_changed(engine: Calls) -> None:
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    engine.create(tables.table(BillingMode="PROVISIONED", ProvisionedThroughput=units))
    index = tables.global_index("by-g", "g", projection=tables.including("a"))
    del index["types"]
    engine.call(
        "UpdateTable",
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index | {"ProvisionedThroughput": units}}],
    )
    described(engine)
    more = {"ReadCapacityUnits": 4, "WriteCapacityUnits": 5}
    update = {"Update": {"IndexName": "by-g", "ProvisionedThroughput": more}}
    engine.call("UpdateTable", TableName="table", GlobalSecondaryIndexUpdates=[update])
    (shown,) = described(engine)["GlobalSecondaryIndexes"]
    assert {name: shown["ProvisionedThroughput"][name] for name in more} == more
    assert shown["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]}


def _set(engine: Calls, is_created_with_it: bool, **setting: Any) -> None:
    if is_created_with_it:
        engine.create(tables.table(**setting))
    else:
        engine.create(tables.table())
        engine.call("UpdateTable", TableName="table", **setting)


def _index(engine: Calls) -> tuple[Any, Any]:
    described(engine)
    (shown,) = described(engine)["GlobalSecondaryIndexes"]
    warm = {name: shown["WarmThroughput"][name] for name in WARM}
    return shown["OnDemandThroughput"], warm
