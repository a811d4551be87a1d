"""The legacy parameters (FACTS 4.8): messages, order of checks, and that they mean what expressions mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.expressions import (
    KeyRange,
    check_mixing,
    legacy_condition,
    legacy_key_conditions,
    legacy_projection,
    legacy_updates,
)
from tests.expressions.compiling import condition, decoded, encoded, refusal, update
from tests.expressions.test_key_condition import MISMATCH, PK, SK
from tests.wire import NS, SS, B, Item, L, M, N, S, Value


def encode(value: Value) -> bytes:
    if value == {"S": "bad content"}:
        raise ValidationException("bad content")
    return _core.encode_value(value)


def expected_fault(entry: dict[str, Any]) -> str:
    return refusal(legacy_condition, {"a": entry}, None, "Expected", encode)


def filter_fault(operator: str, *values: Value) -> str:
    entry = {"ComparisonOperator": operator, "AttributeValueList": list(values)}
    return refusal(legacy_condition, {"a": entry}, None, "ScanFilter", encode)


def matches(entries: dict[str, Any], item: Item, operator: str | None = None, member: str = "Expected") -> bool:
    return legacy_condition(entries, operator, member, encode).matches(encoded(item))


def test_in_takes_more_values_than_an_expression_may_have() -> None:
    entry = {"ComparisonOperator": "IN", "AttributeValueList": [N(number) for number in range(101)]}
    for member in ("Expected", "QueryFilter", "ScanFilter"):
        assert matches({"n": entry}, {"n": N(100)}, member=member)
        assert not matches({"n": entry}, {"n": N(101)}, member=member)


INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: a"),
        ({}, "Value must be provided when Exists is null for Attribute: a"),
        ({"Exists": False, "Value": S("x")}, "Value cannot be used when Exists is false for Attribute: a"),
        (
            {"Value": S("x"), "AttributeValueList": [S("x")]},
            "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            {"Exists": True, "ComparisonOperator": "EQ", "Value": S("x")},
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            {"ComparisonOperator": "EQ"},
            "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a",
        ),
        (
            {"AttributeValueList": [S("x")]},
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        (
            {"ComparisonOperator": "BETWEEN", "Value": S("x")},
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "NULL", "Value": S("x")},
            "Invalid number of argument(s) for the NULL ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "EQ", "AttributeValueList": [S("bad content"), S("x")]},
            "Invalid number of argument(s) for the EQ ComparisonOperator",
        ),
    ],
)
def test_a_malformed_expected_entry_is_refused(entry: dict[str, Any], problem: str) -> None:
    assert expected_fault(entry) == INVALID + problem


@pytest.mark.parametrize(
    ("operator", "values", "problem"),
    [
        ("EQ", (), "Invalid number of argument(s) for the EQ ComparisonOperator"),
        ("IN", (), "Invalid number of argument(s) for the IN ComparisonOperator"),
        ("NOT_NULL", (S("x"),), "Invalid number of argument(s) for the NOT_NULL ComparisonOperator"),
        ("BETWEEN", (N(1), N(2), N(3)), "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
        ("IN", (S("x"), N(1)), "AttributeValues inside AttributeValueList must be of same type"),
        ("BEGINS_WITH", (N(1),), "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"),
        ("IN", (SS("x"),), "ComparisonOperator IN is not valid for SS AttributeValue type"),
        ("LT", ({"BOOL": True},), "ComparisonOperator LT is not valid for BOOL AttributeValue type"),
        ("CONTAINS", (SS("x"),), "ComparisonOperator CONTAINS is not valid for SS AttributeValue type"),
        ("BETWEEN", (SS("z"), SS("a")), "ComparisonOperator BETWEEN is not valid for SS AttributeValue type"),
    ],
)
def test_values_that_do_not_fit_their_operator_are_refused(
    operator: str, values: tuple[Value, ...], problem: str
) -> None:
    assert filter_fault(operator, *values) == INVALID + problem


def test_reversed_bounds_are_refused() -> None:
    expected = "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
    assert filter_fault("BETWEEN", N(10), N(9)) == expected


def test_a_filter_checks_the_content_of_its_values_first_and_expected_last() -> None:
    assert filter_fault("EQ", S("bad content"), S("x")) == "bad content"
    assert expected_fault({"Value": S("bad content")}) == "bad content"


ITEM: Item = {
    "s": S("abc"),
    "n": N(5),
    "ss": SS("x"),
    "l": L(S("x")),
    "m": M(a=N(1)),
    "a.b": S("dots"),
    "yes": {"BOOL": True},
}


@pytest.mark.parametrize(
    ("entries", "holds"),
    [
        ({"s": {"Value": S("abc")}}, True),
        ({"yes": {"Value": {"BOOL": True}}}, True),
        ({"s": {"Exists": True, "Value": S("x")}}, False),
        ({"zz": {"Exists": False}}, True),
        ({"a.b": {"Value": S("dots")}}, True),
        ({"s": {"ComparisonOperator": "NOT_NULL"}}, True),
        ({"s": {"ComparisonOperator": "NULL", "AttributeValueList": []}}, False),
        ({"s": {"ComparisonOperator": "BEGINS_WITH", "Value": S("ab")}}, True),
        ({"n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [N(1), N(5)]}}, True),
        ({"n": {"ComparisonOperator": "IN", "AttributeValueList": [N(1), N("5.0")]}}, True),
        ({"zz": {"ComparisonOperator": "NE", "AttributeValueList": [S("x")]}}, True),
        ({"zz": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [S("x")]}}, False),
        ({"n": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [S("x")]}}, True),
        ({"ss": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [S("x")]}}, False),
        ({"l": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [S("x")]}}, True),
        ({"m": {"ComparisonOperator": "EQ", "AttributeValueList": [M(a=N(1))]}}, True),
    ],
)
def test_a_legacy_condition_means(entries: dict[str, Any], holds: bool) -> None:
    assert matches(entries, ITEM) is holds


def test_conditions_are_joined_by_and_unless_told_otherwise() -> None:
    entries = {"s": {"Value": S("abc")}, "zz": {"Value": S("x")}}
    assert matches(entries, ITEM) is False
    assert matches(entries, ITEM, "AND") is False
    assert matches(entries, ITEM, "OR") is True


def test_a_legacy_condition_names_its_attributes() -> None:
    compiled = legacy_condition({"a.b": {"Exists": False}, "#x": {"Exists": False}}, None, "Expected", encode)
    assert compiled.paths == (("a.b",), ("#x",))


legacy_values = st.sampled_from([S("a"), S("ab"), N(1), N(2), B(b"a")])
item_values = legacy_values | st.sampled_from([SS("a"), NS(1), L(S("a"), N(1)), {"NULL": True}])
EXPRESSIONS = {
    "EQ": "#a = :v",
    "NE": "#a <> :v",
    "LE": "#a <= :v",
    "LT": "#a < :v",
    "GE": "#a >= :v",
    "GT": "#a > :v",
    "CONTAINS": "contains(#a, :v)",
    "NOT_CONTAINS": "attribute_exists(#a) AND NOT contains(#a, :v)",
    "IN": "#a IN (:v)",
}


@given(st.sampled_from(sorted(EXPRESSIONS)), legacy_values, st.none() | item_values)
def test_a_legacy_condition_equals_its_expression(operator: str, value: Value, held: Value | None) -> None:
    item: Item = {} if held is None else {"a": held}
    entry = {"ComparisonOperator": operator, "AttributeValueList": [value]}
    expression = condition(EXPRESSIONS[operator], {":v": value}, {"#a": "a"})
    assert matches({"a": entry}, item, member="QueryFilter") is expression.matches(encoded(item))


# --- mixing -----------------------------------------------------------------------------------------------------------

QUERY_LEGACY = ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions")
QUERY_EXPRESSIONS = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")


def test_mixing_lists_the_members_of_both_kinds_in_order() -> None:
    request = dict.fromkeys(("KeyConditions", "FilterExpression", "AttributesToGet", "KeyConditionExpression"), "x")
    assert refusal(check_mixing, request, QUERY_LEGACY, QUERY_EXPRESSIONS) == (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributesToGet, KeyConditions} "
        "Expression parameters: {FilterExpression, KeyConditionExpression}"
    )


def test_key_conditions_may_stand_beside_other_expressions() -> None:
    check_mixing({"KeyConditions": {}, "FilterExpression": "x"}, QUERY_LEGACY, QUERY_EXPRESSIONS)


def test_either_kind_alone_is_no_mixing() -> None:
    check_mixing({"Expected": {}}, ("Expected",), ("ConditionExpression",))
    check_mixing({"ConditionExpression": "x"}, ("Expected",), ("ConditionExpression",))


# --- key conditions ---------------------------------------------------------------------------------------------------


def key_entries(operator: str, *values: Value) -> dict[str, Any]:
    return {
        "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [S("v")]},
        "sk": {"ComparisonOperator": operator, "AttributeValueList": list(values)},
    }


@pytest.mark.parametrize(
    ("operator", "values", "equal", "range_operator"),
    [
        ("EQ", [S("a")], True, None),
        ("LE", [S("a")], False, "<="),
        ("GT", [S("a")], False, ">"),
        ("BEGINS_WITH", [S("a")], False, "begins_with"),
        ("BETWEEN", [S("a"), S("b")], False, "BETWEEN"),
    ],
)
def test_key_conditions_bind_like_expressions(
    operator: str, values: list[Value], equal: bool, range_operator: str | None
) -> None:
    bound = legacy_key_conditions(key_entries(operator, *values), encode).bind((PK,), (SK,))
    operands = tuple(map(encode, values))
    expected = KeyRange((encode(S("v")),), operands, None, ()) if equal else None
    assert bound == (expected or KeyRange((encode(S("v")),), (), range_operator, operands))


@pytest.mark.parametrize("operator", ["NE", "CONTAINS", "NOT_CONTAINS", "IN", "NULL", "NOT_NULL"])
def test_an_operator_no_key_can_be_looked_up_by_is_refused_when_binding(operator: str) -> None:
    values = [] if operator.endswith("NULL") else [N(1)]
    conditions = legacy_key_conditions(key_entries(operator, *values), encode)
    assert refusal(conditions.bind, (PK,), (SK,)) == "Attempted conditional constraint is not an indexable operation"


def test_a_legacy_key_value_of_another_type_is_a_mismatch() -> None:
    assert refusal(legacy_key_conditions(key_entries("EQ", N(1)), encode).bind, (PK,), (SK,)) == MISMATCH


# --- projections and updates ------------------------------------------------------------------------------------------


def test_attributes_to_get_are_whole_attributes() -> None:
    compiled = legacy_projection(["a.b", "n", "zz"])
    assert decoded(compiled.of(encoded(ITEM))) == {"a.b": S("dots"), "n": N(5)}
    assert compiled.paths == (("a.b",), ("n",), ("zz",))
    assert compiled.tree == {"a.b": None, "n": None, "zz": None}


def test_an_attribute_to_get_may_not_repeat() -> None:
    assert refusal(legacy_projection, ["b", "a", "b"]) == INVALID + "Duplicate value in attribute name: b"


@pytest.mark.parametrize(
    ("entry", "expression"),
    [
        ({"Value": S("x")}, "SET #a = :v"),
        ({"Action": "PUT", "Value": S("x")}, "SET #a = :v"),
        ({"Action": "DELETE"}, "REMOVE #a"),
        ({"Action": "ADD", "Value": N(2)}, "ADD #a :v"),
        ({"Action": "ADD", "Value": SS("y")}, "ADD #a :v"),
        ({"Action": "DELETE", "Value": SS("x")}, "DELETE #a :v"),
        ({"Action": "ADD", "Value": L(N(1))}, "SET #a = list_append(if_not_exists(#a, :none), :v)"),
    ],
)
@pytest.mark.parametrize("held", [None, N(5), SS("x"), SS("x", "y"), L(S("x"))])
def test_an_attribute_update_equals_its_expression(entry: dict[str, Any], expression: str, held: Value | None) -> None:
    item: Item = {"pk": S("k")} if held is None else {"pk": S("k"), "a": held}
    values = {":v": entry["Value"]} if "Value" in entry else {}
    values |= {":none": L()} if ":none" in expression else {}
    legacy, modern = legacy_updates({"a": entry}, encode), update(expression, values, {"#a": "a"})
    try:
        result = modern.apply(encoded(item), {})
    except ValidationException:
        assert refusal(legacy.apply, encoded(item), {}) == "Type mismatch for attribute to update"
        return
    legacy_result = legacy.apply(encoded(item), {})
    assert legacy_result.item == result.item
    assert (legacy_result.updated_old(), legacy_result.updated_new()) == (result.updated_old(), result.updated_new())


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "ADD"}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "DELETE", "Value": S("x")}, "DELETE action with value is not supported for the type S"),
        ({"Action": "DELETE", "Value": L()}, "DELETE action with value is not supported for the type L"),
        ({"Action": "ADD", "Value": S("x")}, "ADD action is not supported for the type S"),
        ({"Action": "ADD", "Value": M()}, "ADD action is not supported for the type M"),
    ],
)
def test_a_malformed_attribute_update_is_refused(entry: dict[str, Any], problem: str) -> None:
    assert refusal(legacy_updates, {"a": entry}, encode) == INVALID + problem


def test_attribute_updates_name_whole_attributes_and_are_not_charged() -> None:
    compiled = legacy_updates({"a.b": {"Value": S("x")}, "n": {"Action": "DELETE"}}, encode)
    assert compiled.paths == (("a.b",), ("n",))
    assert compiled.charge(None) == 0
    assert decoded(compiled.apply(None, {"pk": encode(S("k"))}).item) == {"pk": S("k"), "a.b": S("x")}


def test_attribute_updates_that_only_delete_create_no_item() -> None:
    assert legacy_updates({}, encode).creates
    assert legacy_updates({"a": {"Value": S("x")}, "b": {"Action": "DELETE"}}, encode).creates
    assert not legacy_updates({"a": {"Action": "DELETE"}, "b": {"Action": "DELETE", "Value": SS("x")}}, encode).creates
