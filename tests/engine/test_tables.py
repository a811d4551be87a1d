"""CreateTable, DescribeTable, ListTables and DeleteTable, told apart by what a client sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ddbengine.errors import ResourceInUseException, ResourceNotFoundException, ValidationException
from tests.engine.control_plane import BOB, START, ControlPlane, definitions, index, key, on_demand, provisioned, units

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Music"


@pytest.fixture
def plane() -> ControlPlane:
    return ControlPlane()


# --- CreateTable and DescribeTable ------------------------------------------------------------------------------------


def test_a_new_table_says_creating_and_is_active_for_the_next_who_asks(plane: ControlPlane) -> None:
    created = plane.call("CreateTable", on_demand())["TableDescription"]
    assert created["TableStatus"] == "CREATING"
    assert plane.describe()["TableStatus"] == "ACTIVE"
    assert plane.schema().name == "Music"


def test_an_on_demand_table_is_described_member_by_member(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand())
    described = plane.describe()
    assert len(described.pop("TableId")) == 36
    switched = {"LastUpdateToPayPerRequestDateTime": 1_790_000_000.124}
    assert described == {
        "AttributeDefinitions": definitions(Artist="S", Song="S"),
        "TableName": "Music",
        "KeySchema": key("Artist", "Song"),
        "TableStatus": "ACTIVE",
        "CreationDateTime": 1_790_000_000.124,
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **units(0, 0)},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": ARN,
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST", **switched},
        "TableThroughputModeSummary": {"TableThroughputMode": "PAY_PER_REQUEST", **switched},
        "WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000, "Status": "ACTIVE"},
        "DeletionProtectionEnabled": False,
    }


def test_a_provisioned_table_has_units_and_no_billing_mode_summary(plane: ControlPlane) -> None:
    plane.call("CreateTable", provisioned(read=3, write=2))
    described = plane.describe()
    assert described["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **units(3, 2)}
    assert described["WarmThroughput"] == {"ReadUnitsPerSecond": 3, "WriteUnitsPerSecond": 2, "Status": "ACTIVE"}
    assert not {"BillingModeSummary", "TableThroughputModeSummary"} & described.keys()


def test_the_answer_that_creates_leaves_out_what_the_service_learns_later(plane: ControlPlane) -> None:
    created = plane.call("CreateTable", on_demand(GlobalSecondaryIndexes=[index("idx", "Song")]))["TableDescription"]
    assert created["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert "WarmThroughput" not in created
    assert "WarmThroughput" not in created["GlobalSecondaryIndexes"][0]


def test_the_table_id_stays_the_same(plane: ControlPlane) -> None:
    created = plane.call("CreateTable", on_demand())["TableDescription"]
    assert plane.describe()["TableId"] == created["TableId"]


def test_definitions_and_projected_names_come_back_sorted_and_keys_as_given(plane: ControlPlane) -> None:
    include = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["zz", "aa"]}
    request = on_demand(
        AttributeDefinitions=definitions(Song="S", Zone="N", Artist="S"),
        GlobalSecondaryIndexes=[
            {**index("second", "Zone", "Artist"), "Projection": include},
            index("first", "Song", projection="KEYS_ONLY"),
        ],
    )
    plane.call("CreateTable", request)
    described = plane.describe()
    assert [each["AttributeName"] for each in described["AttributeDefinitions"]] == ["Artist", "Song", "Zone"]
    second, first = described["GlobalSecondaryIndexes"]
    assert second["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["aa", "zz"]}
    assert second["KeySchema"] == key("Zone", "Artist")
    assert (second["IndexName"], first["IndexName"]) == ("second", "first")
    assert first["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_a_global_index_is_described_member_by_member(plane: ControlPlane) -> None:
    asked = index(
        "bySong",
        "Song",
        OnDemandThroughput={"MaxReadRequestUnits": 9},
        WarmThroughput={"WriteUnitsPerSecond": 5_000},
    )
    created = plane.call("CreateTable", on_demand(GlobalSecondaryIndexes=[asked]))["TableDescription"]
    assert created["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    assert plane.describe()["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "bySong",
            "KeySchema": key("Song"),
            "Projection": {"ProjectionType": "ALL"},
            "IndexStatus": "ACTIVE",
            "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **units(0, 0)},
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": f"{ARN}/index/bySong",
            "OnDemandThroughput": {"MaxReadRequestUnits": 9},
            "WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 5_000, "Status": "ACTIVE"},
        }
    ]


def test_a_local_index_has_neither_status_nor_throughput(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand(LocalSecondaryIndexes=[index("local", "Artist", "Song")]))
    assert plane.describe()["LocalSecondaryIndexes"] == [
        {
            "IndexName": "local",
            "KeySchema": key("Artist", "Song"),
            "Projection": {"ProjectionType": "ALL"},
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": f"{ARN}/index/local",
        }
    ]


def test_what_was_asked_for_is_described(plane: ControlPlane) -> None:
    plane.call(
        "CreateTable",
        on_demand(
            OnDemandThroughput={"MaxReadRequestUnits": 100},
            WarmThroughput={"ReadUnitsPerSecond": 12_001},
            TableClass="STANDARD_INFREQUENT_ACCESS",
            DeletionProtectionEnabled=True,
            GlobalTableSettingsReplicationMode="DISABLED",
        ),
    )
    described = plane.describe()
    assert described["OnDemandThroughput"] == {"MaxReadRequestUnits": 100}
    assert described["WarmThroughput"]["ReadUnitsPerSecond"] == 12_001
    assert described["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert described["DeletionProtectionEnabled"] is True
    assert described["GlobalTableSettingsReplicationMode"] == "DISABLED"


def test_the_default_table_class_is_shown_when_it_was_asked_for(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand("named", TableClass="STANDARD"))
    assert plane.describe("named")["TableClassSummary"] == {"TableClass": "STANDARD"}
    plane.call("CreateTable", on_demand("silent"))
    assert "TableClassSummary" not in plane.describe("silent")


def test_a_stream_has_a_label_and_an_arn(plane: ControlPlane) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    plane.call("CreateTable", on_demand(StreamSpecification=stream))
    described = plane.describe()
    assert described["StreamSpecification"] == stream
    assert described["LatestStreamLabel"] == "2026-09-21T14:13:20.123"
    assert described["LatestStreamArn"] == f"{ARN}/stream/2026-09-21T14:13:20.123"


def test_a_stream_that_is_off_is_not_described(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand(StreamSpecification={"StreamEnabled": False}))
    assert not {"StreamSpecification", "LatestStreamArn", "LatestStreamLabel"} & plane.describe().keys()


@pytest.mark.parametrize("encryption", [{}, {"Enabled": False}])
def test_encryption_with_the_services_own_key_is_not_described(plane: ControlPlane, encryption: dict[str, Any]) -> None:
    plane.call("CreateTable", on_demand(SSESpecification=encryption))
    assert "SSEDescription" not in plane.describe()


def test_encryption_with_a_kms_key_names_the_key(plane: ControlPlane) -> None:
    arn = "arn:aws:kms:us-east-1:000000000000:key/7d1b"
    for name, asked in [("given", arn), ("byId", "7d1b")]:
        encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": asked}
        plane.call("CreateTable", on_demand(name, SSESpecification=encryption))
        assert plane.describe(name)["SSEDescription"] == {
            "Status": "ENABLED",
            "SSEType": "KMS",
            "KMSMasterKeyArn": arn,
        }


def test_an_alias_always_stands_for_the_same_key(plane: ControlPlane) -> None:
    keys = set()
    for name, alias in [("one", "alias/a"), ("two", "arn:aws:kms:us-east-1:000000000000:alias/a")]:
        encryption = {"SSEType": "KMS", "KMSMasterKeyId": alias}
        plane.call("CreateTable", on_demand(name, SSESpecification=encryption))
        keys.add(plane.describe(name)["SSEDescription"]["KMSMasterKeyArn"])
    plane.call("CreateTable", on_demand("three", SSESpecification={"Enabled": True}))
    assert len(keys) == 1
    assert plane.describe("three")["SSEDescription"]["KMSMasterKeyArn"] not in keys


def test_tags_are_kept_and_not_described(plane: ControlPlane) -> None:
    created = plane.call("CreateTable", on_demand(Tags=[{"Key": "k", "Value": "v"}]))["TableDescription"]
    assert "Tags" not in created
    assert plane.call("ListTagsOfResource", ResourceArn=ARN) == {"Tags": [{"Key": "k", "Value": "v"}]}


def test_a_table_may_be_created_described_and_deleted_by_arn(plane: ControlPlane) -> None:
    assert plane.call("CreateTable", on_demand(ARN))["TableDescription"]["TableName"] == "Music"
    assert plane.describe(ARN)["TableName"] == "Music"
    assert plane.call("DeleteTable", TableName=ARN)["TableDescription"]["TableName"] == "Music"


def test_a_name_is_taken_once(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand())
    with pytest.raises(ResourceInUseException, match=r"^Table already exists: Music$"):
        plane.call("CreateTable", provisioned())
    plane.call("CreateTable", on_demand("music"))
    plane.call("CreateTable", on_demand(), caller=BOB)


def test_a_malformed_request_is_refused_before_the_name_is_looked_at(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand())
    with pytest.raises(ValidationException):
        plane.call("CreateTable", on_demand(ProvisionedThroughput=units(1, 1)))


def test_counts_and_sizes_are_read_from_the_counters(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand(GlobalSecondaryIndexes=[index("idx", "Song")]))
    schema = plane.schema()
    for number, items, size in [(schema.number, 3, 300), (schema.global_indexes[0].number, 2, 150)]:
        key_of_counter = b"N" + number.to_bytes(4, "big")
        plane.store.rows[key_of_counter] = items.to_bytes(8, "little") + size.to_bytes(8, "little")
    described = plane.describe()
    assert (described["ItemCount"], described["TableSizeBytes"]) == (3, 300)
    of_index = described["GlobalSecondaryIndexes"][0]
    assert (of_index["ItemCount"], of_index["IndexSizeBytes"]) == (2, 150)


def test_a_table_that_is_not_there_cannot_be_described(plane: ControlPlane) -> None:
    with pytest.raises(ResourceNotFoundException, match=r"^Requested resource not found: Table: Music not found$"):
        plane.describe()


# --- ListTables -------------------------------------------------------------------------------------------------------


def test_tables_are_listed_in_pages(plane: ControlPlane) -> None:
    for name in ("ccc", "aaa", "bbb"):
        plane.call("CreateTable", on_demand(name))
    assert plane.call("ListTables") == {"TableNames": ["aaa", "bbb", "ccc"]}
    assert plane.call("ListTables", Limit=2) == {"TableNames": ["aaa", "bbb"], "LastEvaluatedTableName": "bbb"}
    assert plane.call("ListTables", Limit=2, ExclusiveStartTableName="bbb") == {"TableNames": ["ccc"]}


def test_a_page_that_ends_with_the_last_table_has_no_next(plane: ControlPlane) -> None:
    for name in ("aaa", "bbb"):
        plane.call("CreateTable", on_demand(name))
    assert plane.call("ListTables", Limit=2) == {"TableNames": ["aaa", "bbb"]}


def test_the_start_of_a_page_need_not_exist(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand("bbb"))
    assert plane.call("ListTables", ExclusiveStartTableName="aaa") == {"TableNames": ["bbb"]}
    assert plane.call("ListTables", ExclusiveStartTableName="zzz") == {"TableNames": []}


def test_a_page_has_a_hundred_names_when_nothing_else_is_said(plane: ControlPlane) -> None:
    for number in range(101):
        plane.call("CreateTable", on_demand(f"table{number:03}"))
    listed = plane.call("ListTables")
    assert len(listed["TableNames"]) == 100
    assert listed["LastEvaluatedTableName"] == "table099"


# --- DeleteTable ------------------------------------------------------------------------------------------------------


def test_a_deleted_table_is_gone_at_once(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand(GlobalSecondaryIndexes=[index("idx", "Song")]))
    deleted = plane.call("DeleteTable", TableName="Music")["TableDescription"]
    assert deleted["TableStatus"] == "DELETING"
    assert deleted["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    assert plane.call("ListTables") == {"TableNames": []}
    missing = "Requested resource not found: Table: Music not found"
    for operation in ("DescribeTable", "DeleteTable"):
        with pytest.raises(ResourceNotFoundException, match=f"^{missing}$"):
            plane.call(operation, TableName="Music")


def test_a_table_created_again_is_another_table(plane: ControlPlane) -> None:
    first = plane.call("CreateTable", on_demand())["TableDescription"]
    plane.call("DeleteTable", TableName="Music")
    plane.now += 1
    second = plane.call("CreateTable", on_demand())["TableDescription"]
    assert first["TableId"] != second["TableId"]
    assert second["CreationDateTime"] == round(START + 1, 3)


def test_a_protected_table_is_not_deleted(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand(DeletionProtectionEnabled=True))
    with pytest.raises(ValidationException) as refused:
        plane.call("DeleteTable", TableName="Music")
    assert refused.value.message == (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    plane.call("UpdateTable", TableName="Music", DeletionProtectionEnabled=False)
    plane.call("DeleteTable", TableName="Music")


# --- transient statuses, where they are asked for ---------------------------------------------------------------------


@pytest.fixture
def slow() -> ControlPlane:
    return ControlPlane(transient_seconds=10)


def test_a_table_is_creating_until_its_time_has_come(slow: ControlPlane) -> None:
    created = slow.call("CreateTable", on_demand(GlobalSecondaryIndexes=[index("idx", "Song")]))["TableDescription"]
    slow.now += 9.9
    assert slow.describe() == created
    slow.now += 0.2
    described = slow.describe()
    assert described["TableStatus"] == "ACTIVE"
    assert described["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"


def test_a_table_being_created_has_no_items_to_offer(slow: ControlPlane) -> None:
    slow.call("CreateTable", on_demand())
    with pytest.raises(ResourceNotFoundException, match=r"^Requested resource not found$"):
        slow.schema()
    slow.now += 11
    assert slow.schema().name == "Music"


@pytest.mark.parametrize(
    "change",
    [
        lambda plane: plane.call("DeleteTable", TableName="Music"),
        lambda plane: plane.call("UpdateTable", TableName="Music", DeletionProtectionEnabled=True),
        lambda plane: plane.call("CreateTable", on_demand()),
        lambda plane: plane.call("TagResource", ResourceArn=ARN, Tags=[{"Key": "k", "Value": "v"}]),
    ],
)
def test_a_table_being_created_lets_nothing_else_be_done(
    slow: ControlPlane, change: Callable[[ControlPlane], Any]
) -> None:
    slow.call("CreateTable", on_demand())
    with pytest.raises(ResourceInUseException) as refused:
        change(slow)
    assert refused.value.message == (
        "Attempt to change a resource which is still in use: Table is being created: Music"
    )


def test_a_table_is_deleting_until_its_time_has_come(slow: ControlPlane) -> None:
    slow.call("CreateTable", on_demand())
    slow.now += 11
    slow.call("DeleteTable", TableName="Music")
    assert slow.describe()["TableStatus"] == "DELETING"
    assert slow.call("ListTables") == {"TableNames": ["Music"]}
    with pytest.raises(ResourceNotFoundException):
        slow.schema()
    with pytest.raises(ResourceInUseException, match=r"Table is being deleted: Music$"):
        slow.call("DeleteTable", TableName="Music")
    with pytest.raises(ResourceInUseException, match=r"^Table already exists: Music$"):
        slow.call("CreateTable", on_demand())


def test_a_table_that_was_deleting_is_gone_after_its_time(slow: ControlPlane) -> None:
    slow.call("CreateTable", on_demand())
    slow.now += 11
    slow.call("DeleteTable", TableName="Music")
    slow.now += 11
    assert slow.call("ListTables") == {"TableNames": []}
    with pytest.raises(ResourceNotFoundException):
        slow.describe()
    slow.call("CreateTable", on_demand())
    assert slow.describe()["TableStatus"] == "CREATING"
