"""BatchWriteItem: FACTS 5.8, and the older wording of value errors (FACTS 2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import NS, SS, Item, L, N, S, Value

DUPLICATES = "Provided list of item keys contains duplicates"
MISMATCH = "The provided key element does not match the schema"


@pytest.fixture
def table(engine: Calls) -> str:
    local = tables.local_index("by-l", "l", tables.KEYS_ONLY)
    global_ = tables.global_index("by-g", "g", (), tables.including("x"))
    return engine.create(tables.table(sort="N", local=[local], global_=[global_]))


def key(number: int) -> Item:
    return {"pk": S("a"), "sk": N(number)}


def put(item: Item) -> dict[str, Any]:
    return {"PutRequest": {"Item": item}}


def delete(key: Item) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": key}}


def write(engine: Calls, **tables: list[dict[str, Any]]) -> dict[str, Any]:
    return engine.call("BatchWriteItem", RequestItems=tables)


def test_puts_and_deletes_over_several_tables(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other"))
    engine.put(table, {**key(1), "l": S("x"), "g": S("y")})
    answer = write(
        engine, table=[delete(key(1)), delete(key(5)), put({**key(2), "l": S("z")})], other=[put({"pk": S("p")})]
    )
    assert answer == {"UnprocessedItems": {}}
    assert engine.get(table, **key(1)) is None
    assert engine.get(table, **key(2)) == {**key(2), "l": S("z")}
    assert engine.get(other, pk=S("p")) == {"pk": S("p")}


@pytest.mark.parametrize(
    "twice",
    [
        [put(key(1)), put({**key(1), "x": S("1")})],
        [put(key(1)), delete(key(1))],
        [delete(key(1)), delete({"pk": S("a"), "sk": N("1.0")})],
    ],
)
def test_a_key_twice_is_refused(engine: Calls, table: str, twice: list[dict[str, Any]]) -> None:
    assert engine.invalid("BatchWriteItem", RequestItems={table: twice}) == DUPLICATES
    assert engine.get(table, **key(1)) is None


def test_a_key_twice_under_two_names_of_one_table_is_refused(engine: Calls, table: str) -> None:
    arn = engine.call("DescribeTable", TableName=table)["Table"]["TableArn"]
    request = {table: [put({**key(1), "x": S("1")})], arn: [put({**key(1), "x": S("12")})]}
    assert engine.invalid("BatchWriteItem", RequestItems=request) == DUPLICATES
    assert engine.get(table, **key(1)) is None


@pytest.mark.parametrize("request_", [{}, {**put(key(1)), **delete(key(2))}])
def test_a_write_request_needs_exactly_one_action(engine: Calls, table: str, request_: dict[str, Any]) -> None:
    message = engine.invalid("BatchWriteItem", RequestItems={table: [request_]})
    assert message == (
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
    )


def test_more_than_25_requests_over_several_tables_are_refused(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other", sort="N"))
    request = {table: [put(key(i)) for i in range(20)], other: [put(key(i)) for i in range(6)]}
    message = engine.invalid("BatchWriteItem", RequestItems=request)
    assert message == "Too many items requested for the BatchWriteItem call"
    request[other].pop()
    assert engine.call("BatchWriteItem", RequestItems=request) == {"UnprocessedItems": {}}
    assert len(engine.items("Scan", TableName=table)) == 20


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (put({"pk": S("a")}), MISMATCH),
        (put({"pk": N(1), "sk": N(1)}), MISMATCH),
        (put({"pk": S("a"), "sk": S("1")}), MISMATCH),
        (delete({"pk": S("a")}), MISMATCH),
        (delete({**key(1), "x": S("1")}), MISMATCH),
        (
            put({"pk": S(""), "sk": N(1)}),
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty string value. Key: pk",
        ),
        (
            put({**key(1), "g": N(1)}),
            "One or more parameter values were invalid: "
            "Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g",
        ),
        (put({**key(1), "x": S("x" * 409_600)}), "Item size has exceeded the maximum allowed size"),
    ],
)
def test_one_bad_request_refuses_the_whole_batch(
    engine: Calls, table: str, request_: dict[str, Any], message: str
) -> None:
    assert engine.invalid("BatchWriteItem", RequestItems={table: [put(key(9)), request_]}) == message
    assert engine.items("Scan", TableName=table) == []


def test_a_missing_table_is_told_before_the_size_of_an_item(engine: Calls) -> None:
    large = put({**key(1), "x": S("x" * 409_600)})
    assert engine.refusal("BatchWriteItem", RequestItems={"nowhere": [large]}).code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (N("x"), "The parameter cannot be converted to a numeric value: x"),
        (N(""), "The parameter cannot be converted to a numeric value"),
        (SS("b", "a", "b"),
         "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."),
        (NS(1, "1.0"), "Input collection contains duplicates"),
        ({"BS": ["AA==", "AA=="]},
         "One or more parameter values were invalid: Input collection [AA==, AA==]of type BS contains duplicates."),
        (N("1e99999999999"), "The parameter cannot be converted to a numeric value: 1e99999999999"),
        (N("1e2147483647"),
         "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
    ],
)  # fmt: skip
def test_bad_values_are_worded_by_the_older_layer(engine: Calls, table: str, value: Value, message: str) -> None:
    assert engine.invalid("BatchWriteItem", RequestItems={table: [put({**key(1), "x": value})]}) == message


def test_a_too_deep_item_is_refused_bare(engine: Calls, table: str) -> None:
    deep: Value = S("x")
    for _ in range(32):
        deep = L(deep)
    message = engine.invalid("BatchWriteItem", RequestItems={table: [put({**key(1), "x": deep})]})
    assert message == (
        "Nesting Levels have exceeded supported limits: "
        "Attributes in the item have nested levels beyond supported limit"
    )


def test_a_missing_table_refuses_the_whole_batch(engine: Calls, table: str) -> None:
    refusal = engine.refusal("BatchWriteItem", RequestItems={table: [put(key(1))], "missing": [put(key(1))]})
    assert refusal == Refusal("ResourceNotFoundException", "Requested resource not found")
    assert engine.get(table, **key(1)) is None


def test_consumed_capacity_by_table_with_index_arms(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other"))
    answer = engine.call(
        "BatchWriteItem",
        RequestItems={
            table: [put({**key(1), "l": S("x")}), put({**key(2), "g": S("y"), "x": S("x" * 2000)}), delete(key(3))],
            other: [put({"pk": S("a")})],
        },
        ReturnConsumedCapacity="INDEXES",
    )
    assert answer["ConsumedCapacity"] == [
        {
            "TableName": table,
            "CapacityUnits": 7,
            "Table": {"CapacityUnits": 4},
            "LocalSecondaryIndexes": {"by-l": {"CapacityUnits": 1}},
            "GlobalSecondaryIndexes": {"by-g": {"CapacityUnits": 2}},
        },
        {"TableName": other, "CapacityUnits": 1, "Table": {"CapacityUnits": 1}},
    ]


def test_item_collection_metrics_once_per_collection_of_tables_with_local_indexes(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other"))
    answer = engine.call(
        "BatchWriteItem",
        RequestItems={
            table: [put(key(1)), put(key(2)), delete({"pk": S("b"), "sk": N(1)})],
            other: [put({"pk": S("a")})],
        },
        ReturnItemCollectionMetrics="SIZE",
    )
    assert answer["ItemCollectionMetrics"] == {
        table: [
            {"ItemCollectionKey": {"pk": S("a")}, "SizeEstimateRangeGB": [0, 1]},
            {"ItemCollectionKey": {"pk": S("b")}, "SizeEstimateRangeGB": [0, 1]},
        ]
    }
