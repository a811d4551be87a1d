"""Consumed capacity of transactions: FACTS 6.1 and 6.4.  That of a repeated request is in test_transact_tokens."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.engine.transacting import Action, check, delete, get, put, read, update, write
from tests.wire import Item, N, S, placeholders

A: Item = {"pk": S("a")}


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table())


def units(engine: Calls, *actions: Action) -> float:
    """Of a transaction on one table, after checking that the two figures of its report agree."""
    [report] = write(engine, *actions, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert report.keys() == {"TableName", "CapacityUnits", "WriteCapacityUnits"}
    assert report["CapacityUnits"] == report["WriteCapacityUnits"]
    total: float = report["CapacityUnits"]
    return total


def test_a_write_costs_two_units_for_each_kilobyte_of_the_larger_size(engine: Calls, table: str) -> None:
    assert units(engine, put(table, A)) == 2
    assert units(engine, put(table, {**A, "x": S("x" * 1024)})) == 4
    assert units(engine, put(table, A)) == 4
    assert units(engine, delete(table, A)) == 2
    assert units(engine, delete(table, A)) == 2
    setting = update(table, A, "SET x = :x", ExpressionAttributeValues=placeholders(x=S("x" * 2048)))
    assert units(engine, setting) == 6
    assert units(engine, delete(table, A)) == 6


def test_a_passing_condition_costs_nothing_extra(engine: Calls, table: str) -> None:
    assert units(engine, put(table, A, ConditionExpression="attribute_not_exists(pk)")) == 2


def test_a_condition_check_costs_a_write(engine: Calls, table: str) -> None:
    engine.put(table, {**A, "x": S("x" * 5000)})
    assert units(engine, check(table, {"pk": S("missing")}, "attribute_not_exists(pk)")) == 2
    assert units(engine, check(table, A, "attribute_exists(pk)")) == 10


def test_an_update_that_leaves_a_missing_item_missing_costs_a_write(engine: Calls, table: str) -> None:
    assert units(engine, update(table, A, "REMOVE x")) == 2


def test_one_entry_for_each_table_with_split_fields_in_every_arm(engine: Calls, table: str) -> None:
    indexed = engine.create(
        tables.table(
            "indexed",
            sort="N",
            local=[tables.local_index("by-l", "l")],
            global_=[tables.global_index("by-g", "g"), tables.global_index("by-h", "h")],
        )
    )
    key = {"pk": S("a"), "sk": N(1)}
    actions = [
        put(indexed, {**key, "l": S("x"), "g": S("y")}),
        put(table, A),
        put(indexed, {"pk": S("a"), "sk": N(2), "g": S("z")}),
    ]
    answer = write(engine, *actions, ReturnConsumedCapacity="INDEXES")

    def figure(consumed: float) -> dict[str, float]:
        return {"CapacityUnits": consumed, "WriteCapacityUnits": consumed}

    assert answer["ConsumedCapacity"] == [
        {
            "TableName": indexed,
            **figure(7),
            "Table": figure(4),
            "LocalSecondaryIndexes": {"by-l": figure(1)},
            "GlobalSecondaryIndexes": {"by-g": figure(2)},
        },
        {"TableName": table, **figure(2), "Table": figure(2)},
    ]


def test_a_table_under_two_names_is_one_entry(engine: Calls, table: str) -> None:
    arn = engine.call("DescribeTable", TableName=table)["Table"]["TableArn"]
    answer = write(engine, put(table, A), put(arn, {"pk": S("b")}), ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 4, "WriteCapacityUnits": 4}]


@pytest.mark.parametrize("members", [{}, {"ReturnConsumedCapacity": "NONE"}])
def test_nothing_is_reported_unasked(engine: Calls, table: str, members: dict[str, Any]) -> None:
    assert write(engine, put(table, A), **members) == {}
    assert read(engine, get(table, A), **members) == {"Responses": [{"Item": A}]}


def test_a_cancelled_transaction_reports_nothing(engine: Calls, table: str) -> None:
    refusal = engine.refusal(
        "TransactWriteItems",
        TransactItems=[check(table, A, "attribute_exists(pk)")],
        ReturnConsumedCapacity="TOTAL",
    )
    assert refusal.members.keys() == {"CancellationReasons"}


def test_a_read_costs_two_units_for_each_4_kilobytes_before_the_projection(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other"))
    engine.put(table, {**A, "x": S("x" * 4096)}, {"pk": S("b")})
    actions = [
        get(table, A, ProjectionExpression="pk"),
        get(table, {"pk": S("b")}),
        get(other, {"pk": S("missing")}),
    ]
    expected = [(table, 6.0), (other, 2.0)]
    answer = read(engine, *actions, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [
        {"TableName": name, "CapacityUnits": consumed, "ReadCapacityUnits": consumed} for name, consumed in expected
    ]
    answer = read(engine, *actions, ReturnConsumedCapacity="INDEXES")
    assert [entry["Table"] for entry in answer["ConsumedCapacity"]] == [
        {"CapacityUnits": consumed, "ReadCapacityUnits": consumed} for _, consumed in expected
    ]
