"""What refuses a TransactWriteItems as a whole, in the words of the older layer, and in which order (FACTS 5.8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.engine.transacting import INVALID, Action, check, delete, put, reasons, refused, update, write
from tests.wire import BS, NS, SS, Item, M, N, S, Value, placeholders

SYNTAX = 'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("'
UNUSED = "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"
TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
TWICE = "Transaction request cannot include multiple operations on one item"
EMPTY_NAME = "Empty attribute name"
WHOLE_ITEM = "Item size has exceeded the maximum allowed size"
EMPTY_KEY = (
    "One or more parameter values are not valid. "
    "The AttributeValue for a key attribute cannot contain an empty {} value. Key: pk"
)
A: Item = {"pk": S("a")}
B: Item = {"pk": S("b")}
MALFORMED = "attribute_not_exists("


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table(global_=[tables.global_index("by-g", "g"), tables.global_index("by-b", "b:B")]))


def nested(levels: int) -> Value:
    value: Value = S("x")
    for _ in range(levels):
        value = M(n=value)
    return value


# --- an action without content, or with two ---------------------------------------------------------------------------


def test_an_action_without_content_is_refused(engine: Calls, table: str) -> None:
    message = "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
    assert refused(engine, put(table, A), {}) == message
    assert engine.get(table, **A) is None


def test_an_action_with_two_contents_is_refused(engine: Calls, table: str) -> None:
    message = "TransactItems can only contain one of Check, Put, Update or Delete"
    assert refused(engine, put(table, A) | delete(table, B)) == message


# --- values -----------------------------------------------------------------------------------------------------------

BAD_VALUES: list[tuple[Value, str]] = [
    (N("x"), "The parameter cannot be converted to a numeric value: x"),
    (N(""), "The parameter cannot be converted to a numeric value"),
    (N("1e2147483647"), "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
    (N("1" * 39), "Attempting to store more than 38 significant digits in a Number"),
    (SS("b", "a", "b"), "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."),
    (NS(1, "1.0"), "Input collection contains duplicates"),
    (
        BS(b"\x00", b"\x00"),
        "One or more parameter values were invalid: Input collection [AA==, AA==]of type BS contains duplicates.",
    ),
    ({"SS": []}, "One or more parameter values were invalid: An string set  may not be empty"),
    (
        {"NULL": False},
        "One or more parameter values were invalid: Null attribute value types must have the value of true",
    ),
    ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
]


@pytest.mark.parametrize(("value", "message"), BAD_VALUES)
def test_a_bad_value_of_an_item_or_a_key_is_told_bare(engine: Calls, table: str, value: Value, message: str) -> None:
    assert refused(engine, put(table, {**A, "x": value})) == message
    assert refused(engine, delete(table, {"pk": value})) == message


@pytest.mark.parametrize(("value", "message"), BAD_VALUES)
def test_a_bad_value_of_an_expression_names_its_placeholder(
    engine: Calls, table: str, value: Value, message: str
) -> None:
    wrapped = f"ExpressionAttributeValues contains invalid value: {message} for key :v"
    values = {"ExpressionAttributeValues": placeholders(v=value)}
    assert refused(engine, put(table, A, ConditionExpression="x = :v", **values)) == wrapped
    assert refused(engine, update(table, A, "SET x = :v", **values)) == wrapped
    assert refused(engine, delete(table, A, ConditionExpression="x = :v", **values)) == wrapped
    assert refused(engine, check(table, A, "x = :v", **values)) == wrapped


def test_an_item_or_key_that_is_too_deep_is_refused(engine: Calls, table: str) -> None:
    assert write(engine, put(table, {**A, "x": nested(31)})) == {}
    assert refused(engine, put(table, {**A, "x": nested(32)})) == TOO_DEEP
    assert refused(engine, delete(table, {"pk": nested(32)})) == TOO_DEEP


def test_a_value_of_an_expression_may_be_one_level_deeper_than_an_item(engine: Calls, table: str) -> None:
    condition = "attribute_not_exists(pk) OR x = :deep"
    deep = check(table, A, condition, ExpressionAttributeValues=placeholders(deep=nested(32)))
    assert write(engine, deep) == {}
    deeper = check(table, A, condition, ExpressionAttributeValues=placeholders(deep=nested(33)))
    assert refused(engine, deeper) == f"ExpressionAttributeValues contains invalid value: {TOO_DEEP} for key :deep"


def test_an_item_that_is_too_large_is_refused(engine: Calls, table: str) -> None:
    assert refused(engine, put(table, {**A, "x": S("x" * (409_601 - 4))}), put(table, B)) == WHOLE_ITEM


# --- expressions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ConditionExpression": ""}, "Invalid ConditionExpression: The expression can not be empty;"),
        ({"ConditionExpression": MALFORMED}, SYNTAX),
        (
            {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": placeholders(v=S("x"))},
            UNUSED,
        ),
        (
            {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": {"#n": "x"}},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}",
        ),
        (
            {"ConditionExpression": "attribute_exists(x)" + " " * 4096},
            "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size;",
        ),
    ],
)
def test_what_is_wrong_with_a_condition_is_told_bare(
    engine: Calls, table: str, members: dict[str, Any], message: str
) -> None:
    actions = (
        put(table, A, **members),
        delete(table, A, **members),
        {"ConditionCheck": {"TableName": table, "Key": A, **members}},
    )
    for action in actions:
        found = refused(engine, put(table, B), action)
        assert found is not None
        assert found.startswith(message)
    assert engine.get(table, **B) is None


@pytest.mark.parametrize(
    "members", [{"ExpressionAttributeValues": placeholders(v=S("x"))}, {"ExpressionAttributeNames": {"#n": "x"}}]
)
def test_names_and_values_are_let_pass_where_there_is_no_expression(
    engine: Calls, table: str, members: dict[str, Any]
) -> None:
    engine.put(table, B)
    engine.call("TransactWriteItems", TransactItems=[put(table, A, **members), delete(table, B, **members)])
    assert (engine.get(table, **A), engine.get(table, **B)) == (A, None)


def test_an_update_expression_comes_before_its_condition(engine: Calls, table: str) -> None:
    action = update(table, A, "SET x = :v SET y = :v", ConditionExpression=MALFORMED)
    message = refused(engine, action | {"Update": action["Update"] | {"ExpressionAttributeValues": {":v": S("1")}}})
    assert message == 'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;'


@pytest.mark.parametrize(
    ("action", "key"),
    [
        (put("table", A, ConditionExpression="attribute_exists(pk.x)"), "Key: pk"),
        (delete("table", A, ConditionExpression="g[0] = pk"), "IndexKey: g"),
        (check("table", A, "attribute_exists(pk[0])"), "Key: pk"),
        (update("table", A, "SET x = g.y"), "IndexKey: g"),
        (update("table", A, "REMOVE g.y"), "IndexKey: g"),
    ],
)
def test_paths_below_a_key_attribute_are_refused(engine: Calls, table: str, action: Action, key: str) -> None:
    assert refused(engine, action) == (
        f"Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {key}"
    )


# --- in one action ----------------------------------------------------------------------------------------------------


def test_an_empty_attribute_name_comes_before_the_expression(engine: Calls, table: str) -> None:
    named = {**A, "": S("x")}
    assert refused(engine, put(table, named, ConditionExpression=MALFORMED)) == EMPTY_NAME
    assert refused(engine, delete(table, named, ConditionExpression=MALFORMED)) == EMPTY_NAME
    assert refused(engine, update(table, named, "SET")) == EMPTY_NAME


@pytest.mark.parametrize(
    "item",
    [
        {**A, "x": nested(32)},
        {**A, "x": N("abc")},
        {**A, "x": SS("a", "a")},
        {**A, "x": M(**{"": S("x")})},
        {**A, "x": S("x" * 409_601)},
    ],
)
def test_the_expression_comes_before_the_values_of_the_item(engine: Calls, table: str, item: Item) -> None:
    assert refused(engine, put(table, item, ConditionExpression=MALFORMED)) == SYNTAX
    unused = {"ConditionExpression": "attribute_exists(x)", "ExpressionAttributeValues": placeholders(v=S("x"))}
    assert refused(engine, put(table, item, **unused)) == UNUSED


def test_the_expression_comes_before_the_depth_of_the_key(engine: Calls, table: str) -> None:
    assert refused(engine, delete(table, {"pk": nested(32)}, ConditionExpression=MALFORMED)) == SYNTAX
    assert refused(engine, update(table, {"pk": nested(32)}, "REMOVE x", ConditionExpression=MALFORMED)) == SYNTAX


def test_the_depth_of_an_item_comes_before_an_empty_name_inside_it(engine: Calls, table: str) -> None:
    item = {**A, "x": M(**{"": S("x")}), "y": nested(32)}
    assert refused(engine, put(table, item)) == TOO_DEEP
    assert refused(engine, put(table, {**A, "x": M(**{"": S("x")})})) == EMPTY_NAME


# --- between actions --------------------------------------------------------------------------------------------------


def test_the_first_action_with_something_wrong_is_told_of(engine: Calls, table: str) -> None:
    deep = put(table, {**A, "x": nested(32)})
    malformed = check(table, B, MALFORMED)
    assert refused(engine, deep, malformed) == TOO_DEEP
    assert refused(engine, malformed, deep) == SYNTAX
    assert refused(engine, {}, malformed) != SYNTAX


def test_what_an_action_shows_by_itself_comes_before_tables_and_targets(engine: Calls, table: str) -> None:
    unused = check(table, A, "attribute_exists(pk)", ExpressionAttributeValues=placeholders(v=S("x")))
    missing = put("missing", A)
    assert refused(engine, missing, unused) == UNUSED
    assert refused(engine, unused, missing) == UNUSED
    assert refused(engine, put(table, A), unused) == UNUSED


def test_a_missing_table_is_told_before_targets_and_keys(engine: Calls, table: str) -> None:
    missing = Refusal("ResourceNotFoundException", "Requested resource not found")
    for others in ([put(table, A), put(table, A)], [put(table, {"pk": N(1)})], [put(table, {"pk": S("")})], []):
        actions = [*others, put("missing", A)]
        assert engine.refusal("TransactWriteItems", TransactItems=actions) == missing
    assert engine.items("Scan", TableName=table) == []


@pytest.mark.parametrize(
    "action",
    [
        put("table", {**A, "x": S("1")}),
        update("table", A, "REMOVE x"),
        delete("table", A),
        check("table", A, "attribute_exists(pk)"),
    ],
)
def test_two_actions_on_one_item_are_refused(engine: Calls, table: str, action: Action) -> None:
    assert refused(engine, put(table, A), action) == TWICE
    assert refused(engine, put(table, B), action, put(table, A)) == TWICE
    assert engine.items("Scan", TableName=table) == []


def test_one_item_under_two_spellings_of_its_key_and_table_is_refused(engine: Calls, table: str) -> None:
    number = engine.create(tables.table("number", partition="N"))
    assert refused(engine, put(number, {"pk": N("1.0")}), delete(number, {"pk": N("1")})) == TWICE
    arn = engine.call("DescribeTable", TableName=table)["Table"]["TableArn"]
    assert refused(engine, put(table, A), delete(arn, A)) == TWICE


def test_the_same_key_in_two_tables_is_two_items(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other"))
    assert write(engine, put(table, A), put(other, A)) == {}


def test_two_actions_on_one_item_come_before_reasons(engine: Calls, table: str) -> None:
    failing = check(table, B, "attribute_exists(pk)")
    assert refused(engine, put(table, A), delete(table, A), put(table, {"pk": N(1)}), failing) == TWICE


# --- empty keys -------------------------------------------------------------------------------------------------------


def test_an_empty_key_value_refuses_everything(engine: Calls, table: str) -> None:
    empty = {"pk": S("")}
    actions = (
        put(table, empty),
        update(table, empty, "REMOVE x"),
        delete(table, empty),
        check(table, empty, "attribute_exists(pk)"),
    )
    for action in actions:
        assert refused(engine, put(table, A), action) == EMPTY_KEY.format("string")
    assert engine.items("Scan", TableName=table) == []


def test_an_empty_binary_key_value_refuses_everything(engine: Calls) -> None:
    binary = engine.create(tables.table("binary", partition="B"))
    empty = {"pk": {"B": ""}}
    for action in (put(binary, empty), delete(binary, empty), update(binary, empty, "REMOVE x")):
        assert refused(engine, action) == EMPTY_KEY.format("binary")


@pytest.mark.parametrize(("name", "value", "kind"), [("g", S(""), "string"), ("b", {"B": ""}, "binary")])
def test_an_empty_index_key_value_refuses_everything(
    engine: Calls, table: str, name: str, value: Value, kind: str
) -> None:
    assert refused(engine, put(table, B), put(table, {**A, name: value})) == (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
        f"The AttributeValue for a key attribute cannot contain an empty {kind} value. "
        f"IndexName: by-{name}, IndexKey: {name}"
    )
    setting = update(table, A, f"SET {name} = :v", ExpressionAttributeValues=placeholders(v=value))
    assert refused(engine, put(table, B), setting) == (
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key "
        "to a value that is not supported. "
        f"The AttributeValue for a key attribute cannot contain an empty {kind} value."
    )
    assert engine.items("Scan", TableName=table) == []


# --- the whole --------------------------------------------------------------------------------------------------------


def large(number: int, size: int) -> Item:
    """An item of exactly so many bytes."""
    name = f"{number:03}"
    return {"pk": S(name), "x": S("x" * (size - 2 - len(name) - 1))}


def test_a_transaction_of_4_megabytes_is_carried_out_and_one_byte_more_refused(engine: Calls, table: str) -> None:
    sizes = [400_000] * 10 + [4 * 1024 * 1024 - 4_000_000]
    items = [large(number, size) for number, size in enumerate(sizes)]
    assert write(engine, *(put(table, item) for item in items)) == {}
    items[-1]["x"]["S"] += "x"
    message = "Transaction payload size cannot exceed 4MB. Payload Size: 4194305"
    assert refused(engine, *(put(table, item) for item in items)) == message


def test_keys_expressions_and_their_values_count_towards_4_megabytes(engine: Calls, table: str) -> None:
    values = placeholders(v=S("x" * 400_000))
    actions = [
        update(table, {"pk": S(f"{number:03}")}, "SET x = :v", ExpressionAttributeValues=values) for number in range(11)
    ]
    payload = 11 * (5 + len("SET x = :v") + 400_000)
    assert refused(engine, *actions) == f"Transaction payload size cannot exceed 4MB. Payload Size: {payload}"


def test_a_refusal_and_a_cancellation_leave_nothing_behind(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other", local=[], sort="N"))
    good = [put(other, {"pk": S("a"), "sk": N(number)}) for number in range(5)]
    [*_, last] = reasons(engine, "TransactWriteItems", *good, put(other, {"pk": S("a")}))
    assert last["Code"] == INVALID
    assert refused(engine, *good, put(other, {"pk": S(""), "sk": N(1)})) == EMPTY_KEY.format("string")
    assert engine.items("Scan", TableName=other) == []
