"""Attribute values: what is accepted, how it reads back, and how each operation words a refusal.

FACTS 2.1 to 2.3, 2.5.  PutItem, UpdateItem and DeleteItem answer in the newer wording inside an envelope, GetItem,
BatchGetItem and Query in the newer wording bare, Scan and BatchWriteItem in the older wording.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.wire import BS, NS, SS, Item, L, M, N, S, Value

ENVELOPE = "1 validation error detected: "
INVALID = "One or more parameter values were invalid: "
KEY: Item = {"pk": S("a")}

OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
PRECISION = "Attempting to store more than 38 significant digits in a Number"
NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table())


def stored(engine: Calls, table: str, value: Value) -> Value:
    """The value as it reads back."""
    engine.put(table, {**KEY, "v": value})
    item = engine.get(table, **KEY)
    assert item is not None
    found: Value = item["v"]
    return found


# --- what reads back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("+5", "5"), (".5", "0.5"), ("5.", "5"), ("1.e5", "100000"), ("1.5E2", "150"), ("1e5", "100000"),
        ("00042", "42"), ("1.0", "1"), ("3.1400", "3.14"), ("-0", "0"), ("0042.1200", "42.12"), ("0e125", "0"),
        ("1E125", "1" + "0" * 125), ("-1E-130", "-0." + "0" * 129 + "1"), ("9" * 38, "9" * 38),
        ("0." + "9" * 38, "0." + "9" * 38), ("1" + "0" * 100 + ".0", "1" + "0" * 100),
        ("9.9999999999999999999999999999999999999E+125", "9" * 38 + "0" * 88),
    ],
)  # fmt: skip
def test_numbers_read_back_plain(engine: Calls, table: str, sent: str, read: str) -> None:
    assert stored(engine, table, N(sent)) == N(read)
    assert stored(engine, table, L(M(n=NS(sent)))) == L(M(n=NS(read)))


def test_sets_read_back_sorted(engine: Calls, table: str) -> None:
    assert stored(engine, table, SS("b", "", "é", "a", "B")) == SS("", "B", "a", "b", "é")
    assert stored(engine, table, NS("10", "9", "-1", "0.5", "1e2")) == NS("-1", "0.5", "9", "10", "100")
    assert stored(engine, table, BS(b"\xff", b"", b"\x00\x00", b"\x00")) == BS(b"", b"\x00", b"\x00\x00", b"\xff")


def test_numbers_that_differ_in_the_last_of_many_digits_are_different(engine: Calls, table: str) -> None:
    members = NS("100000000000000000", "100000000000000001")
    assert stored(engine, table, members) == members


def test_booleans_given_as_text(engine: Calls, table: str) -> None:
    assert stored(engine, table, {"BOOL": "Yes"}) == {"BOOL": True}
    assert stored(engine, table, {"BOOL": "0"}) == {"BOOL": False}


# --- refusals, operation by operation -------------------------------------------------------------------------------

Send = Callable[[str, Value], tuple[str, dict[str, Any]]]


def in_put(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"TableName": table, "Item": {**KEY, "v": value}}


def nested_in_put(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"TableName": table, "Item": {**KEY, "v": L(M(x=value))}}


def in_put_expected(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"TableName": table, "Item": KEY, "Expected": {"x": {"Value": value}}}


def in_put_condition(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    condition = {"ConditionExpression": "x = :v", "ExpressionAttributeValues": {":v": value}}
    return "PutItem", {"TableName": table, "Item": KEY, **condition}


def in_update(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    update = {"UpdateExpression": "SET x = :v", "ExpressionAttributeValues": {":v": value}}
    return "UpdateItem", {"TableName": table, "Key": KEY, **update}


def in_attribute_updates(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "UpdateItem", {"TableName": table, "Key": KEY, "AttributeUpdates": {"x": {"Value": value}}}


def in_update_key(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "UpdateItem", {"TableName": table, "Key": {"pk": value}, "UpdateExpression": "REMOVE x"}


def in_delete_key(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "DeleteItem", {"TableName": table, "Key": {"pk": value}}


def in_get_key(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "GetItem", {"TableName": table, "Key": {"pk": value}}


def in_batch_get_key(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "BatchGetItem", {"RequestItems": {table: {"Keys": [{"pk": value}]}}}


def in_key_condition(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    condition = {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": value}}
    return "Query", {"TableName": table, **condition}


def in_query_filter(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "Query", {
        "TableName": table, "KeyConditionExpression": "pk = :p", "FilterExpression": "x = :v",
        "ExpressionAttributeValues": {":p": S("a"), ":v": value},
    }  # fmt: skip


def in_legacy_query_filter(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    equal = {"ComparisonOperator": "EQ"}
    return "Query", {
        "TableName": table, "KeyConditions": {"pk": {**equal, "AttributeValueList": [S("a")]}},
        "QueryFilter": {"x": {**equal, "AttributeValueList": [value]}},
    }  # fmt: skip


def in_batch_put(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "BatchWriteItem", {"RequestItems": {table: [{"PutRequest": {"Item": {**KEY, "v": value}}}]}}


def in_batch_delete(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": {"pk": value}}}]}}


def in_scan_start_key(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "Scan", {"TableName": table, "ExclusiveStartKey": {"pk": value}}


def in_scan_filter(table: str, value: Value) -> tuple[str, dict[str, Any]]:
    return "Scan", {
        "TableName": table, "FilterExpression": "x = :v", "ExpressionAttributeValues": {":v": value},
    }  # fmt: skip


ENVELOPED = (
    in_put, nested_in_put, in_put_expected, in_put_condition, in_update, in_attribute_updates, in_update_key,
    in_delete_key,
)  # fmt: skip
BARE = (in_get_key, in_batch_get_key, in_key_condition, in_query_filter, in_legacy_query_filter)
OLDER = (in_batch_put, in_batch_delete, in_scan_start_key)

BAD_NUMBERS = [
    ("abc", f"{NOT_NUMERIC}: abc", f"{NOT_NUMERIC}: abc"),
    ("", f"{NOT_NUMERIC}: ", NOT_NUMERIC),
    (" 1", f"{NOT_NUMERIC}:  1", f"{NOT_NUMERIC}:  1"),
    ("NaN", f"{NOT_NUMERIC}: NaN", f"{NOT_NUMERIC}: NaN"),
    ("1e", f"{NOT_NUMERIC}: 1e", f"{NOT_NUMERIC}: 1e"),
    ("1e126", OVERFLOW, OVERFLOW),
    ("0e126", OVERFLOW, OVERFLOW),
    ("1e-131", UNDERFLOW, UNDERFLOW),
    ("1" * 39, PRECISION, PRECISION),
    ("1e2147483647", OVERFLOW, UNDERFLOW),
    ("1e99999999999", OVERFLOW, f"{NOT_NUMERIC}: 1e99999999999"),
    ("1e-99999999999", UNDERFLOW, f"{NOT_NUMERIC}: 1e-99999999999"),
    ("1e9223372036854775808", f"{NOT_NUMERIC}: 1e9223372036854775808", f"{NOT_NUMERIC}: 1e9223372036854775808"),
]
OTHERS: list[tuple[Value, str, str]] = [
    (SS("b", "a", "b"),
     INVALID + 'Input collection ["a", "b", "b"] contains duplicates.',
     INVALID + "Input collection [b, a, b] contains duplicates."),
    ({"BS": ["/w==", "AA==", "AA=="]},
     INVALID + 'Input collection ["AA==","/w==","AA=="]of type BS contains duplicates.',
     INVALID + "Input collection [/w==, AA==, AA==]of type BS contains duplicates."),
    (NS("1", "1.0"), INVALID + "Input collection contains duplicates.", "Input collection contains duplicates"),
    (SS("", ""), INVALID + 'Input collection ["", ""] contains duplicates.',
     INVALID + "Input collection [, ] contains duplicates."),
    ({"NS": ["1", None]}, "The parameter cannot be converted to a numeric value: ",
     "The parameter cannot be converted to a numeric value"),
]  # fmt: skip
EMPTY_SETS: list[tuple[Value, str]] = [
    (SS(), INVALID + "An string set  may not be empty"),
    (NS(), INVALID + "An number set  may not be empty"),
    (BS(), INVALID + "Binary sets should not be empty"),
    ({"SS": ["a", None]}, INVALID + "An string set may not have a null string as a member"),
    ({"BS": [None]}, "The supplied Item contains a null AttributeValue"),
    ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
]
BAD_VALUES = (
    [(N(text), current, older) for text, current, older in BAD_NUMBERS]
    + [(NS(text), current, older) for text, current, older in BAD_NUMBERS]
    + OTHERS
)


@pytest.mark.parametrize("send", ENVELOPED)
@pytest.mark.parametrize(("value", "current"), [(value, current) for value, current, _ in BAD_VALUES] + EMPTY_SETS)
def test_single_writes_envelope_the_newer_wording(
    engine: Calls, table: str, send: Send, value: Value, current: str
) -> None:
    operation, request = send(table, value)
    assert engine.invalid(operation, **request) == ENVELOPE + current


@pytest.mark.parametrize("send", BARE)
@pytest.mark.parametrize(("value", "current"), [(value, current) for value, current, _ in BAD_VALUES] + EMPTY_SETS)
def test_reads_give_the_newer_wording_bare(engine: Calls, table: str, send: Send, value: Value, current: str) -> None:
    operation, request = send(table, value)
    assert engine.invalid(operation, **request) == current


@pytest.mark.parametrize("send", OLDER)
@pytest.mark.parametrize(("value", "older"), [(value, older) for value, _, older in BAD_VALUES])
def test_batch_writes_and_scans_give_the_older_wording(
    engine: Calls, table: str, send: Send, value: Value, older: str
) -> None:
    operation, request = send(table, value)
    assert engine.invalid(operation, **request) == older


@pytest.mark.parametrize(("sign", "message"), [("", OVERFLOW), ("-", UNDERFLOW)])
def test_the_older_layer_reads_an_exponent_behind_any_number_of_zeros(
    engine: Calls, table: str, sign: str, message: str
) -> None:
    operation, request = in_batch_put(table, N(f"1e{sign}{'0' * 5000}200"))
    assert engine.invalid(operation, **request) == message


@pytest.mark.parametrize(("value", "older"), [(value, older) for value, _, older in BAD_VALUES] + EMPTY_SETS)
def test_a_scan_names_the_bad_expression_value(engine: Calls, table: str, value: Value, older: str) -> None:
    operation, request = in_scan_filter(table, value)
    assert engine.invalid(operation, **request) == (
        f"ExpressionAttributeValues contains invalid value: {older} for key :v"
    )


@pytest.mark.parametrize("send", [*ENVELOPED, *BARE, in_batch_put, in_batch_delete])
def test_a_value_has_exactly_one_type(engine: Calls, table: str, send: Send) -> None:
    operation, request = send(table, {})
    message = engine.invalid(operation, **request)
    assert message is not None
    assert message.endswith("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    operation, request = send(table, {"S": "a", "N": "1"})
    message = engine.invalid(operation, **request)
    assert message is not None
    assert message.endswith(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
    )


def test_the_content_of_each_type_is_told_before_there_being_two(engine: Calls, table: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={**KEY, "v": {"S": "a", "N": "x"}})
    assert message == f"{ENVELOPE}{NOT_NUMERIC}: x"


def test_an_empty_attribute_name_is_refused(engine: Calls, table: str) -> None:
    message = engine.invalid("PutItem", TableName=table, Item={**KEY, "": S("x")})
    assert message is not None
    assert message.endswith("Empty attribute name")


# --- depth ----------------------------------------------------------------------------------------------------------


def nested(levels: int, wrap: Callable[[Value], Value]) -> Value:
    """A scalar inside so many containers."""
    value: Value = S("x")
    for _ in range(levels):
        value = wrap(value)
    return value


WRAPS: list[Callable[[Value], Value]] = [lambda value: M(d=value), lambda value: L(value)]


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("send", [in_put, in_put_condition, in_update])
def test_32_levels_are_accepted_and_33_refused(
    engine: Calls, table: str, send: Send, wrap: Callable[[Value], Value]
) -> None:
    operation, request = send(table, nested(31, wrap))
    if send is in_put_condition:
        assert engine.refusal(operation, **request).code == "ConditionalCheckFailedException"
    else:
        assert engine.call(operation, **request) == {}
    operation, request = send(table, nested(32, wrap))
    assert engine.invalid(operation, **request) == ENVELOPE + TOO_DEEP


@pytest.mark.parametrize("send", [in_query_filter, in_batch_put])
def test_too_deep_values_are_refused_bare_elsewhere(engine: Calls, table: str, send: Send) -> None:
    operation, request = send(table, nested(32, WRAPS[0]))
    assert engine.invalid(operation, **request) == TOO_DEEP


# --- size -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (S("é"), 2), ({"B": "AAAA"}, 3), ({"BOOL": True}, 1), ({"NULL": True}, 1), (L(), 3), (M(), 3),
        (L(S("ab"), N(1)), 3 + 1 + 2 + 1 + 2), (M(ab=S("c")), 3 + 1 + 2 + 1), (SS("a", "bc"), 3), (NS(1, 123), 2 + 3),
        (N(0), 1), (N("-0"), 1), (N(1), 2), (N(12), 2), (N(123), 3), (N(1234), 3), (N(123456), 4), (N(100), 2),
        (N(1010), 3), (N("0042"), 2), (N(-42), 3), (N("1" * 38), 20), (N("1.5"), 3), (N("1.200"), 3), (N("1.234"), 4),
        (N("3.14159"), 5), (N("100.5"), 4), (N("0.15"), 2), (N("0.0000001"), 2), (N("1E125"), 2), (N("1E-100"), 2),
    ],
)  # fmt: skip
def test_values_count_their_bytes_at_the_400_kilobyte_gate(engine: Calls, table: str, value: Value, size: int) -> None:
    # pk 2 + 1, v 1, f 1: the filler takes what is left.
    room = 409_600 - 5 - size
    engine.put(table, {**KEY, "v": value, "f": S("x" * room)})
    message = engine.invalid("PutItem", TableName=table, Item={**KEY, "v": value, "f": S("x" * (room + 1))})
    assert message is not None
    assert message.endswith("Item size has exceeded the maximum allowed size")
