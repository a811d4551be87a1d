"""PutItem: FACTS 5.2 and the rows it shares with other writes."""

from __future__ import annotations

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import BS, NS, SS, B, Item, L, M, N, S, placeholders

ENVELOPE = "1 validation error detected: "


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table(sort="N"))


def test_put_replaces_the_whole_item(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("a"), "sk": N(1), "x": S("old"), "y": S("old")})
    engine.put(table, {"pk": S("a"), "sk": N(1), "x": S("new")})
    assert engine.get(table, pk=S("a"), sk=N(1)) == {"pk": S("a"), "sk": N(1), "x": S("new")}


def test_put_without_return_members_answers_an_empty_object(engine: Calls, table: str) -> None:
    assert engine.call("PutItem", TableName=table, Item={"pk": S("a"), "sk": N(1)}) == {}


def test_every_attribute_type_reads_back_as_it_was_put(engine: Calls, table: str) -> None:
    item: Item = {
        "pk": S("a"), "sk": N(1), "s": S("häß\U0001f600"), "n": N("-12.5"), "b": B(b"\x00\xff"),
        "t": {"BOOL": True}, "f": {"BOOL": False}, "null": {"NULL": True}, "ss": SS("a", "b"), "ns": NS(1, 2),
        "bs": BS(b"", b"a"), "l": L(S("x"), N(1), L()), "m": M(k=S(""), d=M(e=B(b""))), "es": S(""), "eb": B(b""),
    }  # fmt: skip
    engine.put(table, item)
    assert engine.get(table, pk=S("a"), sk=N(1)) == item


def test_attribute_order_is_kept(engine: Calls, table: str) -> None:
    engine.put(table, {"z": S("1"), "sk": N(1), "a": S("2"), "pk": S("a")})
    found = engine.get(table, pk=S("a"), sk=N(1))
    assert found is not None
    assert list(found) == ["z", "sk", "a", "pk"]


def test_all_old_returns_the_item_that_was_replaced(engine: Calls, table: str) -> None:
    old = {"pk": S("a"), "sk": N(1), "x": S("old")}
    engine.put(table, old)
    new = {"pk": S("a"), "sk": N(1)}
    assert engine.call("PutItem", TableName=table, Item=new, ReturnValues="ALL_OLD") == {"Attributes": old}


def test_all_old_without_a_previous_item_returns_no_attributes(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "sk": N(1)}
    assert engine.call("PutItem", TableName=table, Item=item, ReturnValues="ALL_OLD") == {}


@pytest.mark.parametrize("mode", ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_other_return_values_are_refused_in_the_envelope(engine: Calls, table: str, mode: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={"pk": S("a"), "sk": N(1)}, ReturnValues=mode)
    assert message == ENVELOPE + "ReturnValues can only be ALL_OLD or NONE"


@pytest.mark.parametrize(("levels", "envelope"), [(62, ENVELOPE), (63, "")])
@pytest.mark.parametrize("operation", ["PutItem", "DeleteItem"])
def test_return_values_are_refused_bare_past_62_levels(
    engine: Calls, table: str, operation: str, levels: int, envelope: str
) -> None:
    deep = S("x")
    for _ in range(levels):
        deep = L(deep)
    key = {"pk": S("a"), "sk": N(1)}
    request = {"ConditionExpression": "x = :deep", "ExpressionAttributeValues": {":deep": deep}}
    member = "Item" if operation == "PutItem" else "Key"
    message = engine.invalid(operation, TableName=table, ReturnValues="ALL_NEW", **{member: key}, **request)
    assert message == envelope + "ReturnValues can only be ALL_OLD or NONE"


def test_a_deep_item_is_told_of_after_return_values(engine: Calls, table: str) -> None:
    deep = S("x")
    for _ in range(63):
        deep = M(a=deep)
    message = engine.invalid("PutItem", TableName=table, Item={"pk": deep}, ReturnValues="UPDATED_NEW")
    assert message == "ReturnValues can only be ALL_OLD or NONE"


def test_a_bad_value_is_told_before_return_values(engine: Calls, table: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={"pk": N("x")}, ReturnValues="ALL_NEW")
    assert message == ENVELOPE + "The parameter cannot be converted to a numeric value: x"


def test_mixing_is_told_before_a_bad_value(engine: Calls, table: str) -> None:
    message = engine.invalid(
        "PutItem",
        TableName=table,
        Item={"pk": N("x")},
        Expected={"a": {"Exists": False}},
        ConditionExpression="attribute_exists(a)",
    )
    assert message == (
        ENVELOPE + "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"
    )


def test_the_size_is_told_after_expressions_and_the_table_and_before_the_key(engine: Calls, table: str) -> None:
    large = {"pk": N(1), "x": S("x" * 409_600)}
    request = {"TableName": "nowhere", "Item": large, "ConditionExpression": "!"}
    mode = engine.invalid("PutItem", **request, ReturnValues="ALL_NEW")
    assert mode == ENVELOPE + "ReturnValues can only be ALL_OLD or NONE"
    assert "Syntax error" in str(engine.invalid("PutItem", **request))
    assert engine.refusal("PutItem", TableName="nowhere", Item=large).code == "ResourceNotFoundException"
    size = engine.invalid("PutItem", TableName=table, Item=large)
    assert size == "Item size has exceeded the maximum allowed size"


def test_request_checks_come_before_the_table_lookup(engine: Calls) -> None:
    assert engine.invalid("PutItem", TableName="missing", Item={"pk": SS()}) is not None
    refusal = engine.refusal("PutItem", TableName="missing", Item={"pk": S("a")})
    assert refusal == Refusal("ResourceNotFoundException", "Requested resource not found")


def test_a_missing_key_attribute_is_named(engine: Calls, table: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={"sk": N(1)})
    assert message == "One or more parameter values were invalid: Missing the key pk in the item"
    message = engine.invalid("PutItem", TableName=table, Item={"pk": S("a")})
    assert message == "One or more parameter values were invalid: Missing the key sk in the item"


@pytest.mark.parametrize(
    ("value", "actual"),
    [
        (N(1), "N"),
        (B(b"a"), "B"),
        (SS("a"), "SS"),
        (M(), "M"),
        (L(), "L"),
        ({"BOOL": True}, "BOOL"),
        ({"NULL": True}, "NULL"),
    ],
)
def test_a_key_of_another_type_is_named_with_both_types(engine: Calls, table: str, value: Item, actual: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={"pk": value, "sk": N(1)})
    expected = f"One or more parameter values were invalid: Type mismatch for key pk expected: S actual: {actual}"
    assert message == expected


def test_keys_are_checked_attribute_by_attribute_in_schema_order(engine: Calls, table: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={"pk": S(""), "sk": S("x")})
    assert message is not None
    assert message.endswith("cannot contain an empty string value. Key: pk")


def test_a_condition_that_holds_lets_the_put_through(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "sk": N(1)}
    request = {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    assert engine.call("PutItem", **request) == {}
    assert engine.refusal("PutItem", **request) == Refusal(
        "ConditionalCheckFailedException", "The conditional request failed"
    )


def test_a_failed_condition_leaves_the_item_as_it_was(engine: Calls, table: str) -> None:
    old = {"pk": S("a"), "sk": N(1), "x": S("old")}
    engine.put(table, old)
    engine.refusal(
        "PutItem",
        TableName=table,
        Item={"pk": S("a"), "sk": N(1), "x": S("new")},
        ConditionExpression="x = :v",
        ExpressionAttributeValues=placeholders(v=S("other")),
    )
    assert engine.get(table, pk=S("a"), sk=N(1)) == old


def test_a_failed_condition_returns_the_item_when_asked(engine: Calls, table: str) -> None:
    old = {"pk": S("a"), "sk": N(1), "x": S("old")}
    engine.put(table, old)
    refusal = engine.refusal(
        "PutItem",
        TableName=table,
        Item={"pk": S("a"), "sk": N(1)},
        ConditionExpression="attribute_not_exists(pk)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert refusal == Refusal("ConditionalCheckFailedException", "The conditional request failed", {"Item": old})


def test_a_failed_condition_on_a_missing_item_returns_no_item(engine: Calls, table: str) -> None:
    refusal = engine.refusal(
        "PutItem",
        TableName=table,
        Item={"pk": S("a"), "sk": N(1)},
        ConditionExpression="attribute_exists(pk)",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert refusal == Refusal("ConditionalCheckFailedException", "The conditional request failed")
    assert engine.get(table, pk=S("a"), sk=N(1)) is None


def test_a_bad_condition_expression_is_enveloped(engine: Calls, table: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={"pk": S("a")}, ConditionExpression="")
    assert message == ENVELOPE + "Invalid ConditionExpression: The expression can not be empty;"


def test_legacy_expected_compares_with_the_stored_item(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "sk": N(1), "x": N(5)}
    engine.call("PutItem", TableName=table, Item=item, Expected={"pk": {"Exists": False}})
    assert engine.refusal("PutItem", TableName=table, Item=item, Expected={"pk": {"Exists": False}}).code == (
        "ConditionalCheckFailedException"
    )
    greater = {"x": {"ComparisonOperator": "GT", "AttributeValueList": [N(4)]}}
    assert engine.call("PutItem", TableName=table, Item=item, Expected=greater) == {}


def test_conditional_operator_or_needs_only_one_condition(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "sk": N(1), "x": N(5)}
    engine.put(table, item)
    expected = {"x": {"Value": N(5)}, "y": {"Value": N(1)}}
    assert engine.call("PutItem", TableName=table, Item=item, Expected=expected, ConditionalOperator="OR") == {}
    assert engine.refusal("PutItem", TableName=table, Item=item, Expected=expected).code == (
        "ConditionalCheckFailedException"
    )


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({}, "ConditionalOperator cannot be used without Filter or Expected"),
        (
            {"x": {"Value": N(5)}},
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        ),
    ],
)
def test_conditional_operator_with_less_than_two_conditions_is_refused(
    engine: Calls, table: str, expected: Item, message: str
) -> None:
    item = {"pk": S("a"), "sk": N(1)}
    refused = engine.invalid("PutItem", TableName=table, Item=item, Expected=expected, ConditionalOperator="AND")
    assert refused == ENVELOPE + message


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: a"),
        ({"Exists": False, "Value": S("x")}, "Value cannot be used when Exists is false for Attribute: a"),
        (
            {"Value": S("x"), "AttributeValueList": [S("x")]},
            "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            {"ComparisonOperator": "EQ"},
            "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a",
        ),
        (
            {"ComparisonOperator": "BETWEEN", "AttributeValueList": [S("x")]},
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
    ],
)
def test_malformed_expected_is_enveloped(engine: Calls, table: str, expected: Item, message: str) -> None:
    answer = engine.invalid("PutItem", TableName=table, Item={"pk": S("a"), "sk": N(1)}, Expected={"a": expected})
    assert answer == f"{ENVELOPE}One or more parameter values were invalid: {message}"


def test_names_and_values_need_an_expression(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "sk": N(1)}
    names = engine.invalid("PutItem", TableName=table, Item=item, ExpressionAttributeNames={"#a": "a"})
    assert names == ENVELOPE + "ExpressionAttributeNames can only be specified when using expressions"
    values = engine.invalid("PutItem", TableName=table, Item=item, ExpressionAttributeValues=placeholders(v=S("a")))
    assert values == ENVELOPE + "ExpressionAttributeValues can only be specified when using expressions"


def test_unused_names_and_values_are_refused(engine: Calls, table: str) -> None:
    request = {"TableName": table, "Item": {"pk": S("a"), "sk": N(1)}, "ConditionExpression": "attribute_exists(a)"}
    names = engine.invalid("PutItem", **request, ExpressionAttributeNames={"#unused": "a"})
    assert names == ENVELOPE + "Value provided in ExpressionAttributeNames unused in expressions: keys: {#unused}"
    values = engine.invalid("PutItem", **request, ExpressionAttributeValues=placeholders(unused=S("a")))
    assert values == ENVELOPE + "Value provided in ExpressionAttributeValues unused in expressions: keys: {:unused}"


def test_an_item_of_409600_bytes_is_accepted_and_one_more_refused(engine: Calls, table: str) -> None:
    # "pk" 2 + "a" 1 + "sk" 2 + number 2 + "x" 1 leave the rest for the value.
    fitting = {"pk": S("a"), "sk": N(1), "x": S("x" * (409_600 - 8))}
    engine.put(table, fitting)
    assert engine.get(table, pk=S("a"), sk=N(1)) == fitting
    message = engine.invalid("PutItem", TableName=table, Item={**fitting, "x": S("x" * (409_600 - 7))})
    assert message is not None
    assert message.endswith("Item size has exceeded the maximum allowed size")


def test_a_condition_may_not_go_below_a_key_attribute(engine: Calls) -> None:
    table = engine.create(tables.table("keyed", global_=[tables.global_index("by-g", "g")]))
    item = {"pk": S("a")}
    below = engine.invalid("PutItem", TableName=table, Item=item, ConditionExpression="attribute_exists(pk.x)")
    prefix = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
    assert below == prefix + "Key: pk"
    below = engine.invalid("PutItem", TableName=table, Item=item, ConditionExpression="attribute_exists(g[0])")
    assert below == prefix + "IndexKey: g"
