"""UpdateTable where changes take time: what is shown meanwhile, and what has to wait."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import (
    LimitExceededException,
    ResourceInUseException,
    ValidationException,
)
from tests.engine.control_plane import ControlPlane, definitions, index, provisioned, units
from tests.engine.table_updates import (
    NEW_IMAGE,
    change_index,
    create_index,
    delete_index,
    refusal,
    update,
)


@pytest.fixture
def slow() -> ControlPlane:
    """A provisioned table with an index, active, in an engine whose changes take ten seconds."""
    plane = ControlPlane(transient_seconds=10)
    plane.call(
        "CreateTable", provisioned(GlobalSecondaryIndexes=[index("idx", "Song", ProvisionedThroughput=units(2, 2))])
    )
    plane.now += 11
    return plane


def test_an_update_is_shown_until_its_time_has_come(slow: ControlPlane) -> None:
    answered = update(slow, ProvisionedThroughput=units(6, 6))
    slow.now += 9
    assert slow.describe() == answered
    slow.now += 2
    described = slow.describe()
    assert described["TableStatus"] == "ACTIVE"
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 6


def test_a_table_being_updated_can_be_used(slow: ControlPlane) -> None:
    update(slow, ProvisionedThroughput=units(6, 6))
    assert slow.schema().name == "Music"


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"ProvisionedThroughput": units(7, 7)}, "Table IOPS are currently being updated. Table: Music"),
        ({"BillingMode": "PAY_PER_REQUEST"}, "Table IOPS are currently being updated. Table: Music"),
        (
            {"StreamSpecification": NEW_IMAGE},
            "Can't enable or disable stream while table IOPS are being updated. Table: Music",
        ),
        (
            {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
            "Can't update table class while table IOPS are being updated. Table: Music",
        ),
        (
            {"GlobalSecondaryIndexUpdates": delete_index()},
            "Can't create or delete indexes while table IOPS are being updated. Table: Music",
        ),
    ],
)
def test_one_change_waits_for_the_other(slow: ControlPlane, members: dict[str, Any], problem: str) -> None:
    update(slow, ProvisionedThroughput=units(6, 6))
    refused = refusal(slow, **members)
    assert isinstance(refused, ResourceInUseException)
    assert refused.message == f"Attempt to change a resource which is still in use: {problem}"
    slow.now += 11
    update(slow, **members)


INFREQUENT = {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
NO_STREAM = {"StreamEnabled": False}
SSE = {"SSESpecification": {"Enabled": True}}
UNITS = {"ProvisionedThroughput": units(6, 6)}
NEW = {
    "AttributeDefinitions": definitions(Song="S"),
    "GlobalSecondaryIndexUpdates": create_index("new", "Song", ProvisionedThroughput=units(1, 1)),
}
CLASS_WAITS = (
    "when a table class update is in progress. Table: Music TableClassUpdateInProgress: " + INFREQUENT["TableClass"]
)
STREAM_WAITS = "when stream status is being updated. Table: Music Stream: {label} Operation: ENABLE"
CREATED = "when an index is being created. Table: Music Indexes: [new]"
DELETED = "when an index is being deleted. Table: Music Indexes: [idx]"


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ({"StreamSpecification": NEW_IMAGE}, UNITS, f"Can't change table IOPS {STREAM_WAITS}"),
        ({"StreamSpecification": NEW_IMAGE}, INFREQUENT, f"Can't update table class {STREAM_WAITS}"),
        ({"StreamSpecification": NEW_IMAGE}, NEW, f"Can't create or delete an index {STREAM_WAITS}"),
        (
            {"StreamSpecification": NEW_IMAGE},
            {"StreamSpecification": NO_STREAM},
            "A stream status change is currently in progress. Table: Music Stream: {label} Operation: ENABLE",
        ),
        (INFREQUENT, INFREQUENT, f"Can't update table class {CLASS_WAITS}"),
        (INFREQUENT, {"StreamSpecification": NEW_IMAGE}, f"Can't change stream status {CLASS_WAITS}"),
        (INFREQUENT, NEW, f"Can't create or delete an index {CLASS_WAITS}"),
        (NEW, UNITS, f"Can't change table IOPS {CREATED}"),
        (NEW, {"StreamSpecification": NEW_IMAGE}, f"Can't change stream status {CREATED}"),
        ({"GlobalSecondaryIndexUpdates": delete_index()}, UNITS, f"Can't change table IOPS {DELETED}"),
        (
            {"GlobalSecondaryIndexUpdates": delete_index()},
            {"BillingMode": "PAY_PER_REQUEST"},
            f"Can't change table IOPS {DELETED}",
        ),
        (
            {"GlobalSecondaryIndexUpdates": delete_index()},
            {**UNITS, "GlobalSecondaryIndexUpdates": change_index(ProvisionedThroughput=units(1, 1))},
            "Index is being deleted. Table: Music Index: idx",
        ),
        (
            {"GlobalSecondaryIndexUpdates": delete_index()},
            {"GlobalSecondaryIndexUpdates": delete_index()},
            "Index is being deleted. Table: Music Index: idx",
        ),
        (
            NEW,
            {"GlobalSecondaryIndexUpdates": delete_index("new")},
            "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the "
            "index is active. Table: Music Index: new",
        ),
        (
            NEW,
            {"GlobalSecondaryIndexUpdates": change_index("new", ProvisionedThroughput=units(2, 2))},
            "Index is being created but is not backfilling yet. Table: Music Index: new",
        ),
        (SSE, SSE, "Server-Side Encryption is still being updated"),
    ],
)
def test_what_is_under_way_is_told(
    slow: ControlPlane, first: dict[str, Any], second: dict[str, Any], problem: str
) -> None:
    label = update(slow, **first).get("LatestStreamLabel")
    refused = refusal(slow, **second)
    assert isinstance(refused, ResourceInUseException)
    assert refused.message == f"Attempt to change a resource which is still in use: {problem.format(label=label)}"


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        (NEW, "index creation is in progress for indexes: [new]"),
        ({"GlobalSecondaryIndexUpdates": delete_index()}, "index deletion is in progress for indexes: [idx]"),
        ({"BillingMode": "PAY_PER_REQUEST"}, "BillingMode update is in progress"),
        (
            INFREQUENT,
            "TableClass update is in progress. TableClassUpdateInProgress: STANDARD_INFREQUENT_ACCESS",
        ),
        ({"StreamSpecification": NEW_IMAGE}, "stream status update is in progress"),
    ],
)
def test_maxima_wait(slow: ControlPlane, first: dict[str, Any], problem: str) -> None:
    update(slow, **first)
    refused = refusal(slow, OnDemandThroughput={"MaxReadRequestUnits": 1})
    assert isinstance(refused, ResourceInUseException)
    assert refused.message == (
        f"Attempt to change a resource which is still in use: OnDemandThroughput cannot be updated while {problem}"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NEW, SSE),
        (NEW, {"DeletionProtectionEnabled": True}),
        (NEW, {"GlobalSecondaryIndexUpdates": change_index(ProvisionedThroughput=units(3, 3))}),
        ({"GlobalSecondaryIndexUpdates": delete_index()}, SSE),
        (UNITS, SSE),
        (UNITS, {"GlobalSecondaryIndexUpdates": change_index(ProvisionedThroughput=units(3, 3))}),
        (SSE, NEW),
        ({"WarmThroughput": {"ReadUnitsPerSecond": 9}}, NEW),
        ({"GlobalSecondaryIndexUpdates": change_index(ProvisionedThroughput=units(3, 3))}, NEW),
    ],
)
def test_what_need_not_wait(slow: ControlPlane, first: dict[str, Any], second: dict[str, Any]) -> None:
    update(slow, **first)
    update(slow, **second)


def test_a_table_whose_stream_changes_is_not_deleted(slow: ControlPlane) -> None:
    update(slow, StreamSpecification=NEW_IMAGE)
    with pytest.raises(ResourceInUseException, match=r"Cannot delete table while stream is being enabled/disabled\.$"):
        slow.call("DeleteTable", TableName="Music")


def test_protection_may_be_switched_during_an_update_which_goes_on(slow: ControlPlane) -> None:
    update(slow, ProvisionedThroughput=units(6, 6))
    answered = update(slow, DeletionProtectionEnabled=True)
    assert (answered["TableStatus"], answered["DeletionProtectionEnabled"]) == ("UPDATING", True)
    assert slow.describe()["ProvisionedThroughput"]["ReadCapacityUnits"] == 5


def test_a_table_being_updated_is_not_deleted(slow: ControlPlane) -> None:
    update(slow, ProvisionedThroughput=units(6, 6))
    with pytest.raises(ResourceInUseException, match=r"Table: Music is in the process of being updated\.$"):
        slow.call("DeleteTable", TableName="Music")
    slow.now += 11
    slow.call("DeleteTable", TableName="Music")


@pytest.mark.parametrize(
    "updates",
    [
        change_index(ProvisionedThroughput=units(3, 3)),
        create_index("new", "Song", ProvisionedThroughput=units(1, 1)),
        delete_index(),
    ],
)
def test_a_table_whose_indexes_change_is_not_deleted(slow: ControlPlane, updates: list[dict[str, Any]]) -> None:
    update(slow, AttributeDefinitions=definitions(Song="S"), GlobalSecondaryIndexUpdates=updates)
    with pytest.raises(ResourceInUseException) as refused:
        slow.call("DeleteTable", TableName="Music")
    assert refused.value.message == (
        "Attempt to change a resource which is still in use: "
        "Cannot delete table while indexes are being created, updated, or deleted."
    )


def test_a_second_index_waits_for_the_first(slow: ControlPlane) -> None:
    update(slow, GlobalSecondaryIndexUpdates=delete_index())
    refused = refusal(
        slow,
        AttributeDefinitions=definitions(Song="S"),
        GlobalSecondaryIndexUpdates=create_index("new", "Song", ProvisionedThroughput=units(1, 1)),
    )
    assert isinstance(refused, LimitExceededException)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("Scan", {}),
        (
            "Query",
            {"KeyConditionExpression": "Song = :song", "ExpressionAttributeValues": {":song": {"S": "Call Me Today"}}},
        ),
    ],
)
def test_an_index_being_created_is_not_read(slow: ControlPlane, operation: str, members: dict[str, Any]) -> None:
    update(
        slow,
        AttributeDefinitions=definitions(Song="S"),
        GlobalSecondaryIndexUpdates=create_index("new", "Song", ProvisionedThroughput=units(1, 1)),
    )
    request = {"TableName": "Music", "IndexName": "new", **members}
    with pytest.raises(ValidationException, match=r"^Cannot read from backfilling global secondary index: new$"):
        slow.call(operation, request)
    assert slow.call(operation, {**request, "IndexName": "idx"})["Count"] == 0
    slow.now += 11
    assert slow.call(operation, request)["Count"] == 0


def test_an_index_being_updated_can_be_read(slow: ControlPlane) -> None:
    update(slow, GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(3, 3)))
    assert slow.call("Scan", TableName="Music", IndexName="idx")["Count"] == 0


def test_an_index_being_updated_is_not_updated_again(slow: ControlPlane) -> None:
    update(slow, GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(3, 3)))
    refused = refusal(slow, GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(4, 4)))
    assert refused.message == (
        "Attempt to change a resource which is still in use: Index is being updated. Table: Music Index: idx"
    )


def test_a_change_that_is_done_at_once_is_never_shown_as_under_way(slow: ControlPlane) -> None:
    update(slow, DeletionProtectionEnabled=True)
    assert slow.describe()["TableStatus"] == "ACTIVE"
    slow.call("UpdateTable", TableName="Music", DeletionProtectionEnabled=False)
    slow.call("DeleteTable", TableName="Music")
