"""Key conditions in their two phases (FACTS 4.6)."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from ddbengine import _core
from ddbengine.expressions import KeyRange
from tests.expressions.compiling import key_condition, refusal
from tests.wire import B, M, N, S, Value


class Attribute(NamedTuple):
    name: str
    type: str


PK, SK = Attribute("pk", "S"), Attribute("sk", "S")
VALUES: dict[str, Value] = {
    ":v": S("v"),
    ":w": S("w"),
    ":n": N(1),
    ":m": N(2),
    ":b": B(b"x"),
    ":bool": {"BOOL": True},
    ":map": M(),
}


def e(value: Value) -> bytes:
    return _core.encode_value(value)


def fault(text: str, names: dict[str, str] | None = None) -> str:
    return refusal(key_condition, text, VALUES, names)


def bound(text: str, partition: list[Attribute], sort: list[Attribute]) -> KeyRange:
    return key_condition(text, VALUES, {"#pk": "pk"}).bind(tuple(partition), tuple(sort))


V, W = e(S("v")), e(S("w"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pk = :v", KeyRange((V,), (), None, ())),
        ("#pk = (:v)", KeyRange((V,), (), None, ())),
        (":v = pk", KeyRange((V,), (), None, ())),
        ("(pk = :v) AND (sk = :w)", KeyRange((V,), (W,), None, ())),
        ("sk = :w AND pk = :v", KeyRange((V,), (W,), None, ())),
        ("pk = :v AND sk < :w", KeyRange((V,), (), "<", (W,))),
        ("pk = :v AND :w < sk", KeyRange((V,), (), ">", (W,))),
        ("pk = :v AND :w >= sk", KeyRange((V,), (), "<=", (W,))),
        ("pk = :v and sk between :v and :w", KeyRange((V,), (), "BETWEEN", (V, W))),
        ("pk = :v AND begins_with(sk, :w)", KeyRange((V,), (), "begins_with", (W,))),
    ],
)
def test_a_key_condition_becomes_a_range(text: str, expected: KeyRange) -> None:
    assert bound(text, [PK], [SK]) == expected


PREFIX = "Invalid KeyConditionExpression: "
TYPE = PREFIX + "Incorrect operand type for operator or function; operator or function: "
INVALID = "Invalid condition in KeyConditionExpression: "
NESTED = PREFIX + "KeyConditionExpressions cannot have conditions on nested attributes"
NOT_AN_OPERATOR = "Invalid operator used in KeyConditionExpression: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", PREFIX + "The expression can not be empty;"),
        ("pk = :v AND", PREFIX + 'Syntax error; token: "<EOF>", near: "AND"'),
        ("((pk = :v))", PREFIX + "The expression has redundant parentheses;"),
        ("pk = :v AND foo(sk)", PREFIX + "Invalid function name; function: foo"),
        ("pk = :u", PREFIX + "An expression attribute value used in expression is not defined; attribute value: :u"),
        ("pk = :v AND begins_with(sk, :n)", TYPE + "begins_with, operand type: N"),
        ("pk = :v AND begins_with(sk, :bool)", TYPE + "begins_with, operand type: BOOL"),
        ("pk = :v AND sk < :bool", TYPE + "<, operand type: BOOL"),
        ("pk = :v AND :bool >= sk", TYPE + ">=, operand type: BOOL"),
        ("pk = :v AND sk BETWEEN :bool AND :bool", TYPE + "BETWEEN, operand type: BOOL"),
        ("pk = :v OR sk = :v", NOT_AN_OPERATOR + "OR"),
        ("pk = :v AND (sk = :v OR sk = :w)", NOT_AN_OPERATOR + "OR"),
        ("NOT pk = :v", NOT_AN_OPERATOR + "NOT"),
        ("pk IN (:v)", NOT_AN_OPERATOR + "IN"),
        ("pk <> :v", NOT_AN_OPERATOR + "<>"),
        ("attribute_exists(pk)", NOT_AN_OPERATOR + "attribute_exists"),
        ("attribute_not_exists(pk) AND sk = :v", NOT_AN_OPERATOR + "attribute_not_exists"),
        ("contains(pk, :v)", NOT_AN_OPERATOR + "contains"),
        ("size(pk) = :n", "KeyConditionExpressions cannot contain nested operations"),
        ("pk = :v AND sk > size(:v)", "KeyConditionExpressions cannot contain nested operations"),
        ("pk.a = :v", NESTED),
        ("pk[0] = :v", NESTED),
        ("pk = sk", INVALID + "Multiple attribute names used in one condition"),
        ("pk = :v AND sk BETWEEN pk AND :v", INVALID + "Multiple attribute names used in one condition"),
        ("pk BETWEEN sk AND size(pk)", INVALID + "Multiple attribute names used in one condition"),
        ("size(pk) BETWEEN :n AND :m", "KeyConditionExpressions cannot contain nested operations"),
        (":v = :v", INVALID + "No key attribute specified"),
        (":v BETWEEN pk AND :w", INVALID + "BETWEEN operator must have the key attribute as its first operand"),
        ("begins_with(:v, pk)", INVALID + "begins_with operator must have the key attribute as its first operand"),
        ("pk = :v AND pk = :w", PREFIX + "KeyConditionExpressions must only contain one condition per key"),
        (
            "pk = :u OR sk = :v",
            PREFIX + "An expression attribute value used in expression is not defined; attribute value: :u",
        ),
        (
            "sk <> :v AND pk = :u",
            PREFIX + "An expression attribute value used in expression is not defined; attribute value: :u",
        ),
        ("pk = :v AND sk > :v AND zz > :bool", TYPE + ">, operand type: BOOL"),
    ],
)
def test_what_is_wrong_with_the_expression_is_found_without_the_table(text: str, message: str) -> None:
    assert fault(text) == message


MISMATCH = "One or more parameter values were invalid: Condition parameter type does not match schema type"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sk = :v", "Query condition missed key schema element: pk"),
        ("zz = :v AND sk = :v", "Query condition missed key schema element: pk"),
        ("pk = :v AND zz = :v", "Query condition missed key schema element: sk"),
        ("pk = :n", MISMATCH),
        ("pk = :bool", MISMATCH),
        ("pk = :map", MISMATCH),
        ("pk = :v AND sk = :bool", MISMATCH),
        ("pk = :v AND sk BETWEEN :n AND :m", MISMATCH),
        ("pk = :v AND begins_with(sk, :b)", MISMATCH),
        ("pk > :v", "Query key condition not supported"),
        ("begins_with(pk, :v) AND sk = :n", "Query key condition not supported"),
        (
            "pk = :v AND sk = :v AND zz = :v",
            "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
        ),
    ],
)
def test_what_needs_the_schema_is_found_when_binding(text: str, message: str) -> None:
    assert refusal(bound, text, [PK], [SK]) == message


def test_a_table_without_sort_key_takes_one_condition() -> None:
    message = "The number of query conditions (2) exceeds the number of key attributes defined in the schema (1)"
    assert refusal(bound, "pk = :v AND sk = :v", [PK], []) == message


def test_begins_with_a_string_on_a_number_key_is_a_mismatch() -> None:
    assert refusal(bound, "pk = :v AND begins_with(sk, :v)", [PK], [Attribute("sk", "N")]) == MISMATCH


MANY = ([Attribute("p1", "S"), Attribute("p2", "N")], [Attribute("a", "S"), Attribute("b", "S"), Attribute("c", "S")])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p2 = :n AND p1 = :v", KeyRange((V, e(N(1))), (), None, ())),
        ("b > :w AND p1 = :v AND a = :v AND p2 = :n", KeyRange((V, e(N(1))), (V,), ">", (W,))),
        ("p1 = :v AND p2 = :n AND c = :w AND b = :v AND a = :v", KeyRange((V, e(N(1))), (V, V, W), None, ())),
        ("p1 = :v AND p2 = :n AND begins_with(a, :v)", KeyRange((V, e(N(1))), (), "begins_with", (V,))),
    ],
)
def test_an_index_key_of_many_attributes_binds_in_schema_order(text: str, expected: KeyRange) -> None:
    assert bound(text, *MANY) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p1 = :v", "HASH key attributes p2 must have equality conditions specified in the query"),
        (
            "p1 = :v AND p2 = :n AND a = :v AND c = :v",
            "RANGE key attributes b must have equality conditions specified in the query "
            "because a condition is present on key attribute c",
        ),
        (
            "p1 = :v AND p2 = :n AND a > :v AND b = :v",
            "RANGE key attributes a must have equality conditions specified in the query "
            "because a condition is present on key attribute b",
        ),
    ],
)
def test_a_gap_in_an_index_key_of_many_attributes_is_refused(text: str, message: str) -> None:
    assert refusal(bound, text, *MANY) == message


@pytest.mark.parametrize("_", ["the first time", "from memory"])
def test_what_was_good_with_values_of_some_types_is_looked_at_with_others(_: str) -> None:
    text = "pk = :v AND sk < :w"
    good = {":v": S("v"), ":w": S("w")}
    assert key_condition(text, good).bind((PK,), (SK,)) == KeyRange((V,), (), "<", (W,))
    wrong_type = {":v": S("v"), ":w": N(1)}
    assert refusal(lambda: key_condition(text, wrong_type).bind((PK,), (SK,))) == MISMATCH
    not_ordered = {":v": S("v"), ":w": {"BOOL": True}}
    assert "Incorrect operand type" in refusal(key_condition, text, not_ordered)
    assert "not defined" in refusal(key_condition, text, {":v": S("v")})


@pytest.mark.parametrize("_", ["the first time", "from memory"])
def test_bounds_of_between_are_compared_each_time(_: str) -> None:
    text = "pk = :v AND sk BETWEEN :a AND :b"
    values = {":v": S("v"), ":a": S("v"), ":b": S("w")}
    assert key_condition(text, values).bind((PK,), (SK,)).operands == (V, W)
    assert "BETWEEN" in refusal(key_condition, text, {**values, ":a": S("x")})


@pytest.mark.parametrize("_", ["the first time", "from memory"])
def test_a_condition_is_matched_with_each_key_by_itself(_: str) -> None:
    condition = key_condition("pk = :v AND sk = :w", {":v": S("v"), ":w": S("w")})
    assert condition.bind((PK,), (SK,)) == KeyRange((V,), (W,), None, ())
    assert condition.bind((SK,), (PK,)) == KeyRange((W,), (V,), None, ())
    assert refusal(condition.bind, (PK,), (Attribute("other", "S"),)).startswith("Query condition missed key schema")
    assert refusal(condition.bind, (PK,), ()).startswith("The number of query conditions (2) exceeds")


def test_more_forms_and_layouts_than_are_remembered_are_made_anew() -> None:
    for round_ in range(2):
        for number in range(100):
            attribute = Attribute(f"k{number}", "S")
            condition = key_condition("#k = :v", {":v": S("v")}, {"#k": f"k{number}"})
            assert condition.bind((attribute,), ()) == KeyRange((V,), (), None, ()), round_
    condition = key_condition("pk = :v", {":v": S("v")})
    for number in range(200):
        assert condition.bind((PK,), (Attribute(f"k{number % 100}", "S"),)) == KeyRange((V,), (), None, ())
