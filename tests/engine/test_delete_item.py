"""DeleteItem: FACTS 5.2 and the rows it shares with other writes."""

from __future__ import annotations

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import N, S, placeholders

ENVELOPE = "1 validation error detected: "
KEY = {"pk": S("a"), "sk": N(1)}


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table(sort="N", local=[tables.local_index("by-l", "l")]))


def test_delete_removes_the_item_and_only_it(engine: Calls, table: str) -> None:
    other = {"pk": S("a"), "sk": N(2), "l": S("x")}
    engine.put(table, {**KEY, "l": S("x")}, other)
    assert engine.call("DeleteItem", TableName=table, Key=KEY) == {}
    assert engine.get(table, **KEY) is None
    assert engine.items("Scan", TableName=table, IndexName="by-l") == [other]


def test_deleting_a_missing_item_succeeds_silently(engine: Calls, table: str) -> None:
    assert engine.call("DeleteItem", TableName=table, Key=KEY, ReturnValues="ALL_OLD") == {}


def test_all_old_returns_the_deleted_item(engine: Calls, table: str) -> None:
    engine.put(table, {**KEY, "x": S("old")})
    answer = engine.call("DeleteItem", TableName=table, Key=KEY, ReturnValues="ALL_OLD")
    assert answer == {"Attributes": {**KEY, "x": S("old")}}


@pytest.mark.parametrize("mode", ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_other_return_values_are_refused_in_the_envelope(engine: Calls, table: str, mode: str) -> None:
    message = engine.invalid("DeleteItem", TableName=table, Key=KEY, ReturnValues=mode)
    assert message == ENVELOPE + "ReturnValues can only be ALL_OLD or NONE"


def test_a_failed_condition_keeps_the_item(engine: Calls, table: str) -> None:
    item = {**KEY, "x": N(1)}
    engine.put(table, item)
    refusal = engine.refusal(
        "DeleteItem",
        TableName=table,
        Key=KEY,
        ConditionExpression="x > :v",
        ExpressionAttributeValues=placeholders(v=N(1)),
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert refusal == Refusal("ConditionalCheckFailedException", "The conditional request failed", {"Item": item})
    assert engine.get(table, **KEY) == item


def test_a_condition_on_a_missing_item_fails(engine: Calls, table: str) -> None:
    refusal = engine.refusal("DeleteItem", TableName=table, Key=KEY, ConditionExpression="attribute_exists(pk)")
    assert refusal == Refusal("ConditionalCheckFailedException", "The conditional request failed")


def test_legacy_expected(engine: Calls, table: str) -> None:
    engine.put(table, {**KEY, "x": N(1)})
    assert engine.refusal("DeleteItem", TableName=table, Key=KEY, Expected={"x": {"Value": N(2)}}).code == (
        "ConditionalCheckFailedException"
    )
    assert engine.call("DeleteItem", TableName=table, Key=KEY, Expected={"x": {"Value": N(1)}}) == {}
    assert engine.get(table, **KEY) is None


def test_a_key_that_does_not_fit_the_schema_is_refused_bare(engine: Calls, table: str) -> None:
    message = engine.invalid("DeleteItem", TableName=table, Key={"pk": S("a")})
    assert message == "The provided key element does not match the schema"


def test_a_bad_key_value_is_refused_in_the_envelope(engine: Calls, table: str) -> None:
    message = engine.invalid("DeleteItem", TableName=table, Key={"pk": S("a"), "sk": N("x")})
    assert message == ENVELOPE + "The parameter cannot be converted to a numeric value: x"


def test_a_missing_table_is_not_found(engine: Calls) -> None:
    refusal = engine.refusal("DeleteItem", TableName="missing", Key=KEY)
    assert refusal == Refusal("ResourceNotFoundException", "Requested resource not found")


def test_a_condition_may_not_go_below_a_key_attribute(engine: Calls, table: str) -> None:
    message = engine.invalid("DeleteItem", TableName=table, Key=KEY, ConditionExpression="attribute_exists(l.x)")
    assert message == (
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: l"
    )
