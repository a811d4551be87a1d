"""UpdateTable's index actions: global indexes changed, created and deleted (FACTS 5.10)."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import (
    LimitExceededException,
    ResourceNotFoundException,
)
from tests.engine.control_plane import START, ControlPlane, definitions, index, key, on_demand, provisioned, units
from tests.engine.table_updates import (
    INVALID,
    change_index,
    create_index,
    delete_index,
    invalid,
    refusal,
    update,
)


@pytest.fixture
def plane() -> ControlPlane:
    """An on-demand table with a local and a global index."""
    plane = ControlPlane()
    plane.call(
        "CreateTable",
        on_demand(
            LocalSecondaryIndexes=[index("local", "Artist", "Song")],
            GlobalSecondaryIndexes=[index("idx", "Song")],
        ),
    )
    return plane


@pytest.fixture
def metered() -> ControlPlane:
    """A provisioned table, 5/5, with a global index, 2/2."""
    plane = ControlPlane()
    plane.call(
        "CreateTable", provisioned(GlobalSecondaryIndexes=[index("idx", "Song", ProvisionedThroughput=units(2, 2))])
    )
    return plane


# --- throughput of indexes ---


def test_the_units_of_an_index_change_while_the_table_stays_active(metered: ControlPlane) -> None:
    answered = update(metered, GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(1, 4)))
    assert answered["TableStatus"] == "ACTIVE"
    of_index = answered["GlobalSecondaryIndexes"][0]
    assert of_index["IndexStatus"] == "UPDATING"
    assert of_index["ProvisionedThroughput"]["WriteCapacityUnits"] == 2
    described = metered.describe()["GlobalSecondaryIndexes"][0]
    assert described["IndexStatus"] == "ACTIVE"
    assert described["ProvisionedThroughput"] == {
        **units(1, 4),
        "NumberOfDecreasesToday": 1,
        "LastIncreaseDateTime": round(START, 3),
        "LastDecreaseDateTime": round(START, 3),
    }
    assert described["WarmThroughput"]["WriteUnitsPerSecond"] == 4
    assert described["WarmThroughput"]["ReadUnitsPerSecond"] == 2


def test_a_change_of_warmth_alone_leaves_an_index_active(plane: ControlPlane) -> None:
    warmer = change_index(WarmThroughput={"WriteUnitsPerSecond": 4_001})
    answered = update(plane, GlobalSecondaryIndexUpdates=warmer)["GlobalSecondaryIndexes"][0]
    assert answered["IndexStatus"] == "ACTIVE"
    assert answered["WarmThroughput"] == {
        "ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000, "Status": "UPDATING",
    }  # fmt: skip


def test_several_indexes_may_change_together() -> None:
    plane = ControlPlane()
    metered = [index(name, "Song", ProvisionedThroughput=units(2, 2)) for name in ("one", "two")]
    plane.call("CreateTable", provisioned(GlobalSecondaryIndexes=metered))
    changes = [
        *change_index("one", ProvisionedThroughput=units(3, 3)),
        *change_index("two", ProvisionedThroughput=units(4, 4)),
    ]
    answered = update(plane, GlobalSecondaryIndexUpdates=changes)
    assert answered["TableStatus"] == "ACTIVE"
    assert [each["IndexStatus"] for each in answered["GlobalSecondaryIndexes"]] == ["UPDATING", "UPDATING"]
    described = plane.describe()["GlobalSecondaryIndexes"]
    assert [each["ProvisionedThroughput"]["ReadCapacityUnits"] for each in described] == [3, 4]


def test_the_units_of_table_and_index_may_change_together(metered: ControlPlane) -> None:
    update(
        metered,
        ProvisionedThroughput=units(6, 6),
        GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(3, 3)),
    )
    described = metered.describe()
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 6
    assert described["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 3


def test_units_of_an_index_that_are_the_same_are_refused(metered: ControlPlane) -> None:
    message = invalid(metered, GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(2, 2)))
    assert message.startswith(
        "The provisioned throughput for the index idx will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for index idx: 2. Requested ReadCapacityUnits: 2. "
    )


@pytest.mark.parametrize("members", [{}, {"OnDemandThroughput": {}}, {"ProvisionedThroughput": units(1, 1)}])
def test_an_index_on_demand_has_only_maxima_and_warmth_to_change(plane: ControlPlane, members: dict[str, Any]) -> None:
    assert invalid(plane, GlobalSecondaryIndexUpdates=change_index(**members)) == (
        f"{INVALID}The only Updates for index: idx when TableThroughputMode is PAY_PER_REQUEST can be to "
        "OnDemandThroughput, WarmThroughput"
    )


def test_maxima_and_warmth_of_an_index_change(plane: ControlPlane) -> None:
    members: dict[str, Any] = {
        "OnDemandThroughput": {"MaxReadRequestUnits": 7},
        "WarmThroughput": {"ReadUnitsPerSecond": 12_500},
    }
    answered = update(plane, GlobalSecondaryIndexUpdates=change_index(**members))["GlobalSecondaryIndexes"][0]
    assert answered["IndexStatus"] == "UPDATING"
    assert answered["OnDemandThroughput"] == {"MaxReadRequestUnits": 7}
    assert answered["WarmThroughput"]["Status"] == "UPDATING"
    assert plane.describe()["GlobalSecondaryIndexes"][0]["WarmThroughput"]["ReadUnitsPerSecond"] == 12_500
    lower = change_index(WarmThroughput={"ReadUnitsPerSecond": 12_499})
    assert invalid(plane, GlobalSecondaryIndexUpdates=lower) == (
        f"{INVALID}Requested ReadUnitsPerSecond for WarmThroughput for index idx is lower than current "
        "WarmThroughput, decreasing WarmThroughput is not supported"
    )


@pytest.mark.parametrize("action", [change_index("ghost", ProvisionedThroughput=units(1, 1)), delete_index("ghost")])
def test_an_index_that_is_not_there_is_not_found(metered: ControlPlane, action: list[dict[str, Any]]) -> None:
    refused = refusal(metered, GlobalSecondaryIndexUpdates=action)
    assert isinstance(refused, ResourceNotFoundException)
    assert refused.message == "Requested resource not found: Index ghost for table Music"


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        (change_index("local", OnDemandThroughput={"MaxReadRequestUnits": 1}), "update"),
        (delete_index("local"), "delete"),
    ],
)
def test_a_local_index_stays_as_it_is(plane: ControlPlane, action: list[dict[str, Any]], verb: str) -> None:
    message = invalid(plane, GlobalSecondaryIndexUpdates=action)
    assert message == f"Cannot {verb} an index that is not a GlobalSecondaryIndex: local"


# --- indexes created and deleted ---


def test_an_index_is_created_and_its_key_defined(plane: ControlPlane) -> None:
    answered = update(
        plane,
        AttributeDefinitions=definitions(Year="N", Song="S", Unused="S"),
        GlobalSecondaryIndexUpdates=create_index("byYear", "Year", "Song"),
    )
    assert answered["TableStatus"] == "UPDATING"
    created = answered["GlobalSecondaryIndexes"][1]
    assert (created["IndexStatus"], created["Backfilling"]) == ("CREATING", False)
    assert (created["ItemCount"], created["KeySchema"]) == (0, key("Year", "Song"))
    described = plane.describe()
    assert described["AttributeDefinitions"] == definitions(Artist="S", Song="S", Year="N")
    assert described["GlobalSecondaryIndexes"][1]["IndexStatus"] == "ACTIVE"
    assert "Backfilling" not in described["GlobalSecondaryIndexes"][1]
    numbers = [each.number for each in plane.schema().indexes]
    assert len(set(numbers)) == len(numbers)


def test_a_stored_type_stays_whatever_the_request_says(plane: ControlPlane) -> None:
    update(
        plane,
        AttributeDefinitions=definitions(Song="N"),
        GlobalSecondaryIndexUpdates=create_index("again", "Song"),
    )
    assert plane.describe()["AttributeDefinitions"] == definitions(Artist="S", Song="S")
    assert plane.schema().global_indexes[1].partition[0].type == "S"


def test_the_key_of_a_new_index_is_defined_by_the_request_itself(plane: ControlPlane) -> None:
    created = create_index("again", "Song")
    assert invalid(plane, GlobalSecondaryIndexUpdates=created) == (
        f"{INVALID}AttributeDefinitions is not specified for index: again"
    )
    assert invalid(plane, AttributeDefinitions=definitions(Year="N"), GlobalSecondaryIndexUpdates=created) == (
        f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [Song], AttributeDefinitions: [Year]"
    )


def test_a_new_index_needs_a_definition_for_each_of_its_key_attributes(plane: ControlPlane) -> None:
    created = create_index("again", "Song")
    created[0]["Create"]["KeySchema"].append({"AttributeName": "Artist", "KeyType": "RANGE"})
    message = invalid(plane, AttributeDefinitions=definitions(Song="S"), GlobalSecondaryIndexUpdates=created)
    assert message == "Invalid KeySchema: Some index key attribute have no definition"


@pytest.mark.parametrize("name", ["idx", "local"])
def test_a_name_that_is_taken_is_refused_before_the_rest_is_looked_at(plane: ControlPlane, name: str) -> None:
    message = invalid(plane, GlobalSecondaryIndexUpdates=create_index(name, "Nowhere", projection="INCLUDE"))
    assert message == "Attempting to create an index which already exists"


def test_units_of_a_new_index_go_with_the_billing_mode(plane: ControlPlane, metered: ControlPlane) -> None:
    defined = definitions(Song="S")
    with_units = create_index("new", "Song", ProvisionedThroughput=units(1, 1))
    without = create_index("new", "Song")
    assert invalid(plane, AttributeDefinitions=defined, GlobalSecondaryIndexUpdates=with_units) == (
        f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: new when "
        "BillingMode is PAY_PER_REQUEST"
    )
    assert invalid(metered, AttributeDefinitions=defined, GlobalSecondaryIndexUpdates=without) == (
        f"{INVALID}Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: new"
    )
    update(metered, AttributeDefinitions=defined, GlobalSecondaryIndexUpdates=with_units)
    assert metered.describe()["GlobalSecondaryIndexes"][1]["ProvisionedThroughput"]["ReadCapacityUnits"] == 1


def test_one_index_is_created_or_deleted_at_a_time(plane: ControlPlane) -> None:
    both = [*create_index("new", "Song"), *delete_index()]
    refused = refusal(plane, AttributeDefinitions=definitions(Song="S"), GlobalSecondaryIndexUpdates=both)
    assert isinstance(refused, LimitExceededException)
    assert refused.message == (
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    )


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        (
            [("HASH", name) for name in "abcde"],
            f"{INVALID}The KeySchema exceeds the maximum allowed number of HASH key attributes",
        ),
        (
            [("HASH", "a"), *(("RANGE", name) for name in "bcdef")],
            f"{INVALID}The KeySchema exceeds the maximum allowed number of RANGE key attributes",
        ),
        (
            [("HASH", "a"), ("RANGE", "b"), ("HASH", "c")],
            f"{INVALID}All HASH key attributes must precede RANGE key attributes in the KeySchema",
        ),
        (
            [("HASH", "a"), ("HASH", "b"), ("RANGE", "a")],
            "The KeySchema contains multiple key attributes with the same name",
        ),
        ([("RANGE", "a"), ("HASH", "b")], "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
        (
            [("HASH", "a"), ("HASH", "z")],
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
            "Keys: [a, z], AttributeDefinitions: [a, b, c, d, e, f]",
        ),
    ],
)
def test_the_key_of_a_new_index_is_checked(plane: ControlPlane, elements: list[tuple[str, str]], message: str) -> None:
    created = create_index("new", "a")
    created[0]["Create"]["KeySchema"] = [{"AttributeName": name, "KeyType": kind} for kind, name in elements]
    defined = definitions(**dict.fromkeys("abcdef", "S"))
    assert invalid(plane, AttributeDefinitions=defined, GlobalSecondaryIndexUpdates=created) == message


def test_an_index_of_many_attributes_is_created(plane: ControlPlane) -> None:
    elements = [("HASH", name) for name in "abcd"] + [("RANGE", name) for name in "efgh"]
    key_schema = [{"AttributeName": name, "KeyType": kind} for kind, name in elements]
    created = create_index("new", "a")
    created[0]["Create"]["KeySchema"] = key_schema
    update(
        plane,
        AttributeDefinitions=definitions(**dict.fromkeys("abcdefgh", "N")),
        GlobalSecondaryIndexUpdates=created,
    )
    assert plane.describe()["GlobalSecondaryIndexes"][1]["KeySchema"] == key_schema


def test_all_indexes_of_a_table_name_a_hundred_projected_attributes_at_most() -> None:
    def projecting(name: str, count: int) -> dict[str, Any]:
        names = [f"a{number}" for number in range(count)]
        return {**index(name, "Song"), "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": names}}

    plane = ControlPlane()
    local = {**projecting("local", 20), "KeySchema": key("Artist", "Song")}
    plane.call(
        "CreateTable",
        on_demand(
            LocalSecondaryIndexes=[local],
            GlobalSecondaryIndexes=[projecting(f"idx{number}", 20) for number in range(3)],
        ),
    )
    defined = definitions(Song="S")
    refused = invalid(
        plane, AttributeDefinitions=defined, GlobalSecondaryIndexUpdates=[{"Create": projecting("more", 21)}]
    )
    assert refused == f"{INVALID}Number of NonKeyAttributes exceeds the per-table limit of 100"
    update(plane, AttributeDefinitions=defined, GlobalSecondaryIndexUpdates=[{"Create": projecting("more", 20)}])


def test_twenty_global_indexes_are_the_most() -> None:
    plane = ControlPlane()
    plane.call("CreateTable", on_demand(GlobalSecondaryIndexes=[index(f"idx{number}", "Song") for number in range(20)]))
    refused = refusal(
        plane, AttributeDefinitions=definitions(Song="S"), GlobalSecondaryIndexUpdates=create_index("more", "Song")
    )
    assert isinstance(refused, LimitExceededException)
    assert refused.message == (
        "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20"
    )


def test_a_deleted_index_takes_definitions_along_that_nothing_else_uses(plane: ControlPlane) -> None:
    update(
        plane,
        AttributeDefinitions=definitions(Year="N"),
        GlobalSecondaryIndexUpdates=create_index("byYear", "Year"),
    )
    answered = update(plane, GlobalSecondaryIndexUpdates=delete_index("byYear"))
    assert answered["TableStatus"] == "UPDATING"
    assert [each["IndexStatus"] for each in answered["GlobalSecondaryIndexes"]] == ["ACTIVE", "DELETING"]
    assert answered["AttributeDefinitions"] == definitions(Artist="S", Song="S", Year="N")
    described = plane.describe()
    assert [each["IndexName"] for each in described["GlobalSecondaryIndexes"]] == ["idx"]
    assert described["AttributeDefinitions"] == definitions(Artist="S", Song="S")


def test_the_last_index_leaves_no_list_behind(plane: ControlPlane) -> None:
    update(plane, GlobalSecondaryIndexUpdates=delete_index())
    described = plane.describe()
    assert "GlobalSecondaryIndexes" not in described
    assert described["AttributeDefinitions"] == definitions(Artist="S", Song="S")


def test_tags_and_identity_survive_an_update(plane: ControlPlane) -> None:
    before = plane.describe()
    plane.call("TagResource", ResourceArn=before["TableArn"], Tags=[{"Key": "k", "Value": "v"}])
    update(plane, DeletionProtectionEnabled=True)
    after = plane.describe()
    assert (after["TableId"], after["CreationDateTime"]) == (before["TableId"], before["CreationDateTime"])
    assert plane.schema().tags == {"k": "v"}
