"""TransactWriteItems: what it does, and what cancels it (FACTS 5.8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.engine.transacting import NONE, UNMET, Action, cancellation, check, delete, invalid, put, update, write
from tests.wire import Item, L, N, S, Value, placeholders

MISMATCH = "The provided key element does not match the schema"
TOO_LARGE = "Item size to update has exceeded the maximum allowed size"
TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table(global_=[tables.global_index("by-g", "g")]))


@pytest.fixture
def other(engine: Calls) -> str:
    return engine.create(tables.table("other", sort="N"))


def key(name: str) -> Item:
    return {"pk": S(name)}


def nested(levels: int) -> Value:
    """A value whose scalar has so many lists around it."""
    value: Value = S("x")
    for _ in range(levels):
        value = L(value)
    return value


# --- what it does -----------------------------------------------------------------------------------------------------


def test_actions_of_every_kind_over_several_tables_take_effect_together(engine: Calls, table: str, other: str) -> None:
    engine.put(table, {**key("u"), "n": N(1)}, key("d"), key("c"))
    answer = write(
        engine,
        put(other, {"pk": S("p"), "sk": N(1), "x": S("new")}),
        update(table, key("u"), "ADD n :one", ExpressionAttributeValues=placeholders(one=N(1))),
        delete(table, key("d")),
        check(table, key("c"), "attribute_exists(pk)"),
    )
    assert answer == {}
    assert engine.get(other, pk=S("p"), sk=N(1)) == {"pk": S("p"), "sk": N(1), "x": S("new")}
    assert engine.get(table, **key("u")) == {**key("u"), "n": N(2)}
    assert engine.get(table, **key("d")) is None
    assert engine.get(table, **key("c")) == key("c")


def test_indexes_follow_a_transaction(engine: Calls, table: str) -> None:
    engine.put(table, {**key("a"), "g": S("old")})
    write(
        engine,
        update(table, key("a"), "SET g = :g", ExpressionAttributeValues=placeholders(g=S("new"))),
        put(table, {**key("b"), "g": S("new")}),
    )
    found = engine.items(
        "Query",
        TableName=table,
        IndexName="by-g",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues=placeholders(g=S("new")),
    )
    assert sorted(item["pk"]["S"] for item in found) == ["a", "b"]


def test_a_condition_sees_the_item_as_it_was_before_the_transaction(engine: Calls, table: str) -> None:
    write(engine, put(table, key("a"), ConditionExpression="attribute_not_exists(pk)"))
    assert cancellation(engine, put(table, key("a"), ConditionExpression="attribute_not_exists(pk)")) == [UNMET]


def test_an_update_creates_a_missing_item(engine: Calls, table: str) -> None:
    write(engine, update(table, key("a"), "SET x = :x", ExpressionAttributeValues=placeholders(x=S("1"))))
    assert engine.get(table, **key("a")) == {**key("a"), "x": S("1")}


def test_an_update_that_only_takes_away_leaves_a_missing_item_missing(engine: Calls, table: str) -> None:
    write(engine, update(table, key("a"), "REMOVE x"))
    assert engine.get(table, **key("a")) is None


def test_deleting_a_missing_item_succeeds(engine: Calls, table: str) -> None:
    assert write(engine, delete(table, key("a"))) == {}


def test_a_hundred_actions_are_carried_out(engine: Calls, table: str) -> None:
    write(engine, *(put(table, key(str(number))) for number in range(100)))
    assert len(engine.items("Scan", TableName=table)) == 100


def test_a_table_may_be_named_by_its_arn(engine: Calls, table: str) -> None:
    arn = engine.call("DescribeTable", TableName=table)["Table"]["TableArn"]
    write(engine, put(arn, key("a")), put(table, key("b")))
    assert len(engine.items("Scan", TableName=table)) == 2


def test_an_item_of_the_largest_size_is_put_and_updated(engine: Calls, table: str) -> None:
    write(engine, put(table, {**key("a"), "x": S("x" * (409_600 - 4))}))
    write(engine, update(table, key("a"), "SET x = :x", ExpressionAttributeValues=placeholders(x=S("y" * 409_596))))


def test_collection_metrics_by_table_once_for_each_collection_written_to(engine: Calls, table: str) -> None:
    local = engine.create(tables.table("local", sort="N", local=[tables.local_index("by-l", "l")]))
    actions = [
        put(local, {"pk": S("a"), "sk": N(1), "l": S("x")}),
        delete(local, {"pk": S("a"), "sk": N(2)}),
        update(local, {"pk": S("b"), "sk": N(1)}, "SET x = :x", ExpressionAttributeValues=placeholders(x=S("1"))),
        check(local, {"pk": S("c"), "sk": N(1)}, "attribute_not_exists(pk)"),
        put(table, key("a")),
    ]
    answer = write(engine, *actions, ReturnItemCollectionMetrics="SIZE")
    assert answer == {
        "ItemCollectionMetrics": {
            local: [
                {"ItemCollectionKey": {"pk": S("a")}, "SizeEstimateRangeGB": [0, 1]},
                {"ItemCollectionKey": {"pk": S("b")}, "SizeEstimateRangeGB": [0, 1]},
            ]
        }
    }


def test_no_collection_metrics_without_local_indexes(engine: Calls, table: str) -> None:
    assert write(engine, put(table, key("a")), ReturnItemCollectionMetrics="SIZE") == {}


# --- what cancels it --------------------------------------------------------------------------------------------------


def test_a_failed_condition_cancels_everything(engine: Calls, table: str, other: str) -> None:
    engine.put(table, {**key("u"), "n": N(1)}, key("d"))
    found = cancellation(
        engine,
        put(other, {"pk": S("p"), "sk": N(1)}),
        update(table, key("u"), "ADD n :one", ExpressionAttributeValues=placeholders(one=N(1))),
        delete(table, key("d")),
        check(table, key("c"), "attribute_exists(pk)"),
    )
    assert found == [NONE, NONE, NONE, UNMET]
    assert engine.items("Scan", TableName=other) == []
    assert engine.get(table, **key("u")) == {**key("u"), "n": N(1)}
    assert engine.get(table, **key("d")) == key("d")


def test_reasons_are_in_the_order_of_the_actions(engine: Calls, table: str) -> None:
    engine.put(table, key("a"))
    found = cancellation(
        engine,
        put(table, key("a"), ConditionExpression="attribute_not_exists(pk)"),
        put(table, key("b")),
        put(table, {"pk": N(1)}),
        delete(table, key("c"), ConditionExpression="attribute_exists(pk)"),
    )
    message = "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"
    assert found == [UNMET, NONE, invalid(message), UNMET]


@pytest.mark.parametrize("kind", ["Put", "Update", "Delete", "ConditionCheck"])
def test_a_reason_carries_the_item_when_it_was_asked_for(engine: Calls, table: str, kind: str) -> None:
    item = {**key("a"), "x": S("1")}
    engine.put(table, item)
    condition: dict[str, Any] = {
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    actions = {
        "Put": put(table, key("a"), **condition),
        "Update": update(table, key("a"), "REMOVE x", **condition),
        "Delete": delete(table, key("a"), **condition),
        "ConditionCheck": {"ConditionCheck": {"TableName": table, "Key": key("a"), **condition}},
    }
    assert cancellation(engine, actions[kind]) == [UNMET | {"Item": item}]
    del actions[kind][kind]["ReturnValuesOnConditionCheckFailure"]
    assert cancellation(engine, actions[kind]) == [UNMET]


def test_a_reason_carries_no_item_that_is_not_there(engine: Calls, table: str) -> None:
    action = check(table, key("a"), "attribute_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert cancellation(engine, action) == [UNMET]


@pytest.mark.parametrize("wrong", [{"pk": N(1)}, {}, {"pk": S("a"), "x": S("1")}, {"x": S("1")}, {"pk": L(S("a"))}])
def test_a_lookup_key_that_does_not_fit_the_schema_is_a_reason(engine: Calls, table: str, wrong: Item) -> None:
    found = cancellation(
        engine,
        update(table, wrong, "REMOVE x"),
        delete(table, wrong),
        check(table, wrong, "attribute_exists(pk)"),
        put(table, key("b")),
    )
    assert found == [invalid(MISMATCH)] * 3 + [NONE]
    assert engine.get(table, **key("b")) is None


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"pk": N(5)}, "Type mismatch for key pk expected: S actual: N"),
        ({"pk": L(S("x"))}, "Type mismatch for key pk expected: S actual: L"),
        ({"x": S("a")}, "Missing the key pk in the item"),
        ({"pk": S("a"), "g": N(5)}, "Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g"),
        ({"pk": S("a"), "g": L()}, "Type mismatch for Index Key g Expected: S Actual: L IndexName: by-g"),
        ({"pk": S("x" * 2049)}, "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        ({"pk": S("a"), "g": S("x" * 2049)}, "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
    ],
)
def test_keys_of_an_item_to_put_that_do_not_fit_are_a_reason(
    engine: Calls, table: str, item: Item, message: str
) -> None:
    assert cancellation(engine, put(table, item)) == [invalid(f"One or more parameter values were invalid: {message}")]


def updating(table: str, expression: str, **values: Value) -> Action:
    members = {"ExpressionAttributeValues": placeholders(**values)} if values else {}
    return update(table, key("a"), expression, **members)


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        (
            "SET pk = :v",
            {"v": S("b")},
            "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
        ),
        (
            "SET g = :v",
            {"v": N(5)},
            "One or more parameter values were invalid: "
            "Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g",
        ),
        (
            "SET g = x",
            {},
            "The update expression attempted to update the secondary index key to unsupported type",
        ),
        ("SET y = nowhere", {}, "The provided expression refers to an attribute that does not exist in the item"),
        ("SET x.y = :v", {"v": N(5)}, "The document path provided in the update expression is invalid for update"),
        ("SET y = x + s", {}, "An operand in the update expression has an incorrect data type"),
        ("ADD s :v", {"v": N(5)}, "An operand in the update expression has an incorrect data type"),
        ("SET y = :v", {"v": S("x" * 409_600)}, TOO_LARGE),
        ("SET y = :v", {"v": nested(32)}, TOO_DEEP),
    ],
)
def test_what_an_update_comes_to_is_a_reason(
    engine: Calls, table: str, expression: str, values: dict[str, Value], message: str
) -> None:
    item = {**key("a"), "x": N(1), "s": S("s")}
    engine.put(table, item)
    assert cancellation(engine, updating(table, expression, **values), put(table, key("b"))) == [invalid(message), NONE]
    assert engine.items("Scan", TableName=table) == [item]


def test_a_failed_condition_comes_before_what_the_update_would_come_to(engine: Calls, table: str) -> None:
    action = update(table, key("a"), "SET y = nowhere", ConditionExpression="attribute_exists(pk)")
    assert cancellation(engine, action) == [UNMET]


def test_an_update_is_measured_by_the_finished_item_not_by_its_statement(engine: Calls, table: str) -> None:
    """UpdateItem refuses this one for what its statement weighs (FACTS 2.7)."""
    values = placeholders(v=S("x" * 205_000), w=S("y"))
    expression = "SET x = if_not_exists(nowhere, :v), y = if_not_exists(x, :v), x2 = :w"
    engine.put(table, {**key("a"), "x": S("short")})
    single = engine.invalid(
        "UpdateItem", TableName=table, Key=key("a"), UpdateExpression=expression, ExpressionAttributeValues=values
    )
    assert single == TOO_LARGE
    assert write(engine, update(table, key("a"), expression, ExpressionAttributeValues=values)) == {}


def test_a_value_that_is_too_deep_to_be_stored_may_still_be_compared(engine: Calls, table: str) -> None:
    action = check(table, key("a"), "x = :v", ExpressionAttributeValues=placeholders(v=nested(32)))
    assert cancellation(engine, action) == [UNMET]


def test_an_older_item_that_an_index_cannot_hold_stays_writable(engine: Calls) -> None:
    plain = engine.create(tables.table("plain"))
    engine.put(plain, {**key("a"), "h": N(1)})
    engine.call(
        "UpdateTable",
        TableName=plain,
        AttributeDefinitions=[{"AttributeName": "h", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-h",
                    "KeySchema": [{"AttributeName": "h", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    assert write(engine, updating(plain, "SET x = :x", x=S("1"))) == {}
    assert engine.get(plain, **key("a")) == {**key("a"), "h": N(1), "x": S("1")}
