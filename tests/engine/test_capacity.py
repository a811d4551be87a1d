"""Consumed capacity: FACTS 6.1 to 6.3."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.wire import Item, N, S, placeholders

KEY: Item = {"pk": S("a"), "sk": N(1)}


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(
        tables.table(
            sort="N",
            local=[tables.local_index("l-some", "l", tables.including("x"))],
            global_=[
                tables.global_index("g-all", "g"),
                tables.global_index("g-keys", "g", (), tables.KEYS_ONLY),
                tables.global_index("g-some", "g", (), tables.including("x")),
            ],
        )
    )


def consumed(engine: Calls, operation: str, **members: Any) -> dict[str, Any]:
    """The report with its arms, unless the request asks for less."""
    answer = engine.call(operation, **{"ReturnConsumedCapacity": "INDEXES", **members})
    report: dict[str, Any] = answer["ConsumedCapacity"]
    return report


def put(engine: Calls, table: str, item: Item) -> dict[str, Any]:
    return consumed(engine, "PutItem", TableName=table, Item={**KEY, **item})


def arms(report: dict[str, Any]) -> dict[str, float]:
    """Units by index, after checking that they and the table's add up to the top figure."""
    found = {
        name: arm["CapacityUnits"]
        for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        for name, arm in report.get(member, {}).items()
    }
    assert report["CapacityUnits"] == report["Table"]["CapacityUnits"] + sum(found.values())
    assert report.get("LocalSecondaryIndexes") != {}
    assert report.get("GlobalSecondaryIndexes") != {}
    return found


# --- shapes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("PutItem", {"Item": KEY}),
        ("UpdateItem", {"Key": KEY, "UpdateExpression": "REMOVE x"}),
        ("DeleteItem", {"Key": KEY}),
        ("GetItem", {"Key": KEY, "ConsistentRead": True}),
        ("Scan", {"ConsistentRead": True}),
    ],
)
def test_reports_by_detail(engine: Calls, table: str, operation: str, members: dict[str, Any]) -> None:
    total = {"TableName": table, "CapacityUnits": 1}
    assert consumed(engine, operation, ReturnConsumedCapacity="TOTAL", TableName=table, **members) == total
    by_arm = consumed(engine, operation, ReturnConsumedCapacity="INDEXES", TableName=table, **members)
    assert by_arm == {**total, "Table": {"CapacityUnits": 1}}
    answer = engine.call(operation, TableName=table, ReturnConsumedCapacity="NONE", **members)
    assert "ConsumedCapacity" not in answer


def test_total_counts_the_indexes_too(engine: Calls, table: str) -> None:
    report = consumed(
        engine, "PutItem", ReturnConsumedCapacity="TOTAL", TableName=table, Item={**KEY, "g": S("g"), "l": S("l")}
    )
    assert report == {"TableName": table, "CapacityUnits": 5}


# --- writes ---------------------------------------------------------------------------------------------------------


def filler(size: int) -> Item:
    """An item of ``size`` bytes: pk 3, sk 4, z 1."""
    return {**KEY, "z": S("z" * (size - 8))}


@pytest.mark.parametrize(("size", "units"), [(100, 1), (1024, 1), (1025, 2), (2048, 2), (2049, 3), (409_600, 400)])
def test_a_write_costs_a_unit_per_kilobyte(engine: Calls, size: int, units: int) -> None:
    table = engine.create(tables.table("plain", sort="N"))
    assert put(engine, table, filler(size))["CapacityUnits"] == units
    assert put(engine, table, filler(size))["CapacityUnits"] == units


def test_a_write_is_charged_for_the_larger_of_before_and_after(engine: Calls) -> None:
    table = engine.create(tables.table("plain", sort="N"))
    put(engine, table, filler(3000))
    assert put(engine, table, filler(100))["CapacityUnits"] == 3
    assert put(engine, table, filler(5000))["CapacityUnits"] == 5
    update = {"Key": KEY, "UpdateExpression": "REMOVE z", "TableName": table}
    assert consumed(engine, "UpdateItem", **update)["CapacityUnits"] == 5
    put(engine, table, filler(2000))
    assert consumed(engine, "DeleteItem", TableName=table, Key=KEY)["CapacityUnits"] == 2
    assert consumed(engine, "DeleteItem", TableName=table, Key=KEY)["CapacityUnits"] == 1


def test_the_index_ladder(engine: Calls, table: str) -> None:
    assert arms(put(engine, table, {})) == {}
    entered = put(engine, table, {"g": S("g"), "l": S("l")})
    assert arms(entered) == {"l-some": 1, "g-all": 1, "g-keys": 1, "g-some": 1}
    projected = put(engine, table, {"g": S("g"), "l": S("l"), "x": S("x")})
    assert arms(projected) == {"l-some": 1, "g-all": 1, "g-some": 1}
    unprojected = put(engine, table, {"g": S("g"), "l": S("l"), "x": S("x"), "y": S("y")})
    assert arms(unprojected) == {"g-all": 1}
    identical = put(engine, table, {"g": S("g"), "l": S("l"), "x": S("x"), "y": S("y")})
    assert arms(identical) == {}
    key_changed = put(engine, table, {"g": S("other"), "l": S("l"), "x": S("x"), "y": S("y")})
    assert arms(key_changed) == {"g-all": 2, "g-keys": 2, "g-some": 2}
    left = put(engine, table, {"l": S("l"), "x": S("x"), "y": S("y")})
    assert arms(left) == {"g-all": 1, "g-keys": 1, "g-some": 1}
    deleted = consumed(engine, "DeleteItem", TableName=table, Key=KEY)
    assert arms(deleted) == {"l-some": 1}


def test_an_update_climbs_the_same_ladder(engine: Calls, table: str) -> None:
    def update(expression: str, **values: Item) -> dict[str, float]:
        members = {"ExpressionAttributeValues": placeholders(**values)} if values else {}
        report = consumed(engine, "UpdateItem", TableName=table, Key=KEY, UpdateExpression=expression, **members)
        return arms(report)

    assert update("SET g = :g", g=S("g")) == {"g-all": 1, "g-keys": 1, "g-some": 1}
    assert update("SET y = :y", y=S("y")) == {"g-all": 1}
    assert update("SET x = :x", x=S("x")) == {"g-all": 1, "g-some": 1}
    assert update("SET g = :g", g=S("h")) == {"g-all": 2, "g-keys": 2, "g-some": 2}
    assert update("REMOVE g") == {"g-all": 1, "g-keys": 1, "g-some": 1}
    assert update("SET x = :x", x=S("z")) == {}


def test_large_entries_cost_a_unit_per_kilobyte_of_what_is_projected(engine: Calls, table: str) -> None:
    report = put(engine, table, {"g": S("g"), "z": S("z" * 3000)})
    assert arms(report) == {"g-all": 3, "g-keys": 1, "g-some": 1}
    moved = put(engine, table, {"g": S("h"), "z": S("z" * 1500)})
    assert arms(moved) == {"g-all": 5, "g-keys": 2, "g-some": 2}


# --- reads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "units"), [(100, 1), (4096, 1), (4097, 2), (8192, 2), (409_600, 100)])
def test_a_consistent_read_costs_a_unit_per_four_kilobytes_and_another_half(
    engine: Calls, size: int, units: int
) -> None:
    table = engine.create(tables.table("plain", sort="N"))
    engine.put(table, filler(size))
    members = {"TableName": table, "Key": KEY, "ProjectionExpression": "pk"}
    assert consumed(engine, "GetItem", ConsistentRead=True, **members)["CapacityUnits"] == units
    assert consumed(engine, "GetItem", **members)["CapacityUnits"] == units / 2


def test_a_missing_item_is_charged(engine: Calls, table: str) -> None:
    assert consumed(engine, "GetItem", TableName=table, Key=KEY)["CapacityUnits"] == 0.5
    assert consumed(engine, "GetItem", TableName=table, Key=KEY, ConsistentRead=True)["CapacityUnits"] == 1


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_a_page_is_charged_for_the_sum_of_what_was_read_before_the_filter(engine: Calls, operation: str) -> None:
    table = engine.create(tables.table("plain", sort="N"))
    for number in range(10):
        engine.put(table, {**filler(1000), "sk": N(number + 10)})
    members: dict[str, Any] = {"TableName": table, "FilterExpression": "z = :z", "ProjectionExpression": "z"}
    values = placeholders(z=S("no"))
    if operation == "Query":
        members["KeyConditionExpression"] = "pk = :p"
        values |= placeholders(p=S("a"))
    members["ExpressionAttributeValues"] = values
    # 10 items of 1,000 bytes each: 10,000 bytes are 3 units.
    assert consumed(engine, operation, **members)["CapacityUnits"] == 1.5
    assert consumed(engine, operation, ConsistentRead=True, **members)["CapacityUnits"] == 3
    assert consumed(engine, operation, ConsistentRead=True, Limit=4, **members)["CapacityUnits"] == 1


def test_an_empty_page_is_charged_the_least(engine: Calls, table: str) -> None:
    assert consumed(engine, "Scan", TableName=table)["CapacityUnits"] == 0.5
    assert consumed(engine, "Scan", TableName=table, ConsistentRead=True)["CapacityUnits"] == 1


def test_an_index_read_is_charged_to_the_index(engine: Calls, table: str) -> None:
    put(engine, table, {"g": S("g"), "z": S("z" * 5000)})
    members = {
        "TableName": table, "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": placeholders(g=S("g")),
    }  # fmt: skip
    assert consumed(engine, "Query", IndexName="g-all", **members) == {
        "TableName": table, "CapacityUnits": 1, "Table": {"CapacityUnits": 0},
        "GlobalSecondaryIndexes": {"g-all": {"CapacityUnits": 1}},
    }  # fmt: skip
    assert arms(consumed(engine, "Query", IndexName="g-keys", **members)) == {"g-keys": 0.5}
    assert consumed(engine, "Scan", ReturnConsumedCapacity="TOTAL", TableName=table, IndexName="g-all") == {
        "TableName": table, "CapacityUnits": 1,
    }  # fmt: skip


def test_fetches_of_a_local_index_are_charged_to_the_table_each_on_its_own(engine: Calls, table: str) -> None:
    for number in range(3):
        engine.put(table, {"pk": S("a"), "sk": N(number), "l": S("l"), "z": S("z" * 5000)})
    members = {
        "TableName": table, "IndexName": "l-some", "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": placeholders(p=S("a")), "ConsistentRead": True,
    }  # fmt: skip
    assert consumed(engine, "Query", **members) == {
        "TableName": table, "CapacityUnits": 1, "Table": {"CapacityUnits": 0},
        "LocalSecondaryIndexes": {"l-some": {"CapacityUnits": 1}},
    }  # fmt: skip
    fetched = consumed(engine, "Query", Select="ALL_ATTRIBUTES", **members)
    assert fetched["Table"] == {"CapacityUnits": 6}
    assert fetched["CapacityUnits"] == 7
