"""What is refused in conditions: messages of FACTS 4.1, their priority (4.3), limits (4.2)."""

from __future__ import annotations

import pytest

from ddbengine.expressions import Placeholders, compile_condition
from tests.expressions.compiling import condition, condition_fault, refusal
from tests.wire import BS, NS, SS, B, L, M, N, S, Value

VALUES: dict[str, Value] = {
    ":s": S("a"),
    ":z": S("z"),
    ":n": N(1),
    ":five": N(5),
    ":b": B(b"a"),
    ":m": M(),
    ":l": L(),
    ":ss": SS("a"),
    ":ns": NS(1),
    ":bs": BS(b"a"),
    ":bool": {"BOOL": True},
    ":null": {"NULL": True},
}

REDUNDANT = "The expression has redundant parentheses;"
DISTINCT = "The first operand must be distinct from the remaining operands for this operator or function; operator: "
TYPE = "Incorrect operand type for operator or function; operator or function: "
COUNT = "Incorrect number of operands for operator or function; operator or function: "
NEEDS_PATH = "Operator or function requires a document path; operator or function: "
MISUSED = "The function is not allowed to be used this way in an expression; function: "
UNKNOWN = "Invalid function name; function: "
RESERVED = "Attribute name is a reserved keyword; reserved keyword: "
UNDEFINED_NAME = "An expression attribute name used in the document path is not defined; attribute name: "
UNDEFINED_VALUE = "An expression attribute value used in expression is not defined; attribute value: "
NOT_HERE = "The function is not allowed in a condition expression; function: "
DEEP = ".".join(["a"] * 33)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("((a = :s))", REDUNDANT),
        ("a = ((:s))", REDUNDANT),
        ("((a)) = :s", REDUNDANT),
        ("contains((a),((b)))", REDUNDANT),
        ("NOT ((a=:s))", REDUNDANT),
        ("(a = :s) AND ((b = :s))", REDUNDANT),
        ("(" * 1000 + "a=:s" + ")" * 1000, REDUNDANT),
        ("foo(a)", UNKNOWN + "foo"),
        ("SIZE(a) = :n", UNKNOWN + "SIZE"),
        ("size(a)", MISUSED + "size"),
        ("a = contains(a,b)", MISUSED + "contains"),
        ("contains(a,:s) = :n", MISUSED + "contains"),
        ("size(attribute_exists(a)) = :n", MISUSED + "attribute_exists"),
        ("if_not_exists(b,:s)", NOT_HERE + "if_not_exists"),
        ("a = list_append(b,:s)", NOT_HERE + "list_append"),
        ("select = :s", RESERVED + "select"),
        ("a.Select = :s", RESERVED + "Select"),
        ("#u = :s", UNDEFINED_NAME + "#u"),
        ("a = :u", UNDEFINED_VALUE + ":u"),
        ("a BETWEEN :u AND #u", UNDEFINED_VALUE + ":u"),
        ("a BETWEEN #u AND :u", UNDEFINED_NAME + "#u"),
        ("begins_with(a)", COUNT + "begins_with, number of operands: 1"),
        ("attribute_exists(a,b)", COUNT + "attribute_exists, number of operands: 2"),
        ("size(a,b) = :n", COUNT + "size, number of operands: 2"),
        ("attribute_exists(:s)", NEEDS_PATH + "attribute_exists"),
        ("attribute_not_exists(size(a))", NEEDS_PATH + "attribute_not_exists"),
        ("a = a", DISTINCT + "=, first operand: [a]"),
        ("a < (a)", DISTINCT + "<, first operand: [a]"),
        ("a[0] = a[0]", DISTINCT + "=, first operand: [a, [0]]"),
        ("a IN (b, a)", DISTINCT + "IN, first operand: [a]"),
        ("a BETWEEN b AND a", DISTINCT + "BETWEEN, first operand: [a]"),
        ("contains(a.b[1],a.b[1])", DISTINCT + "contains, first operand: [a, b, [1]]"),
        ("begins_with(a,:n)", TYPE + "begins_with, operand type: N"),
        ("begins_with(size(a),:s)", TYPE + "begins_with, operand type: N"),
        ("begins_with(:ss,a)", TYPE + "begins_with, operand type: SS"),
        ("size(:n) = :n", TYPE + "size, operand type: N"),
        ("size(:null) = :n", TYPE + "size, operand type: NULL"),
        ("size(size(a)) = :n", TYPE + "size, operand type: N"),
        ("a < :bool", TYPE + "<, operand type: BOOL"),
        (":m >= a", TYPE + ">=, operand type: M"),
        ("a > :ss", TYPE + ">, operand type: SS"),
        ("a BETWEEN :n AND :bool", TYPE + "BETWEEN, operand type: BOOL"),
        ("a BETWEEN :bool AND a", TYPE + "BETWEEN, operand type: BOOL"),
        ("attribute_type(a,:n)", TYPE + "attribute_type, operand type: N"),
        ("attribute_type(a,b)", TYPE + "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"),
        (
            "attribute_type(a,:s)",
            "Invalid attribute type name found; type: a, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "a BETWEEN :n AND :s",
            "The BETWEEN operator requires same data type for lower and upper bounds; "
            "lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}",
        ),
        (
            "a BETWEEN :z AND :s",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {S:z}, upper bound operand: AttributeValue: {S:a}",
        ),
        (
            ":n BETWEEN :five AND :n",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}",
        ),
        ("a[2147483648] = :s", "List index is not within the allowable range; index: [2147483648]"),
        (DEEP + " = :s", "The document path has too many nesting levels; nesting levels: 33"),
    ],
)
def test_a_faulty_condition_is_refused(text: str, message: str) -> None:
    assert condition_fault(text, VALUES) == message


@pytest.mark.parametrize(
    "text",
    [
        "(a = :s)",
        "a = (:s)",
        "(a) = (:s)",
        "((a) = (b))",
        "((a = :s) AND (b = :s))",
        "((a = :s) AND b = :s)",
        "(NOT (a = :s))",
        "(contains((a),:s))",
        "a IN ((b))",
        "a BETWEEN b AND b",
        "size(a) = size(a)",
        "size(a) = a",
        ":s = :s",
        ":s < :n",
        "a = :m",
        "a IN (:m)",
        "begins_with(a,:b)",
        "contains(:n,a)",
        "size(:l) > :n",
        "a BETWEEN :five AND size(b)",
        "a [ 0 ] . b = :s",
        "a.sizes = :s OR a.b.c <> :s",
        "a[2147483647] = :s",
        ".".join(["a"] * 32) + " = :s",
    ],
)
def test_an_unusual_but_legal_condition_is_accepted(text: str) -> None:
    condition(text, VALUES, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("((a = :s)) AND foo(a)", REDUNDANT),
        ("foo(a) AND ((a = :s))", REDUNDANT),
        ("a = :u AND foo(a)", UNKNOWN + "foo"),
        ("foo(a) AND a = attribute_exists(b)", UNKNOWN + "foo"),
        ("a = contains(select,b)", MISUSED + "contains"),
        ("foo(select)", UNKNOWN + "foo"),
        ("a = contains(a,b) AND select = :s", MISUSED + "contains"),
        ("a = a AND select = :u", RESERVED + "select"),
        ("#u = :u", UNDEFINED_NAME + "#u"),
        ("begins_with(:u)", UNDEFINED_VALUE + ":u"),
        ("begins_with(#u, :n)", UNDEFINED_NAME + "#u"),
        ("a = a AND #u = :s", DISTINCT + "=, first operand: [a]"),
        ("#u = :s AND a = a", UNDEFINED_NAME + "#u"),
        ("begins_with(a) AND b = :u", COUNT + "begins_with, number of operands: 1"),
    ],
)
def test_the_fault_of_higher_priority_wins(text: str, message: str) -> None:
    assert condition_fault(text, VALUES) == message


def test_a_filter_names_itself_in_its_messages() -> None:
    message = refusal(compile_condition, "foo(a)", Placeholders(None, None), "FilterExpression")
    assert message == "Invalid FilterExpression: Invalid function name; function: foo"


TOO_MANY = "The expression contains too many operators; operator count: 301"


@pytest.mark.parametrize(
    ("most", "too_many"),
    [
        (" AND ".join(["a=:s"] * 150), " AND ".join(["a=:s"] * 151)),
        (" OR ".join(["contains(a,:s)"] * 150), " OR ".join(["contains(a,:s)"] * 151)),
        (" OR ".join(["size(a)=:n"] * 100), " OR ".join(["size(a)=:n"] * 101)),
        (" AND ".join(["a IN (:s)"] * 150), " AND ".join(["a IN (:s)"] * 151)),
        (" AND ".join(["a BETWEEN :s AND :s"] * 150), " AND ".join(["a BETWEEN :s AND :s"] * 151)),
        ("NOT " * 299 + "a=:s", "NOT " * 300 + "a=:s"),
        ("(NOT " * 299 + "a=:s" + ")" * 299, "(NOT " * 300 + "a=:s" + ")" * 300),
    ],
)
def test_300_operators_are_accepted_and_301_are_not(most: str, too_many: str) -> None:
    condition(most, VALUES).matches(None)
    assert condition_fault(too_many, VALUES) == TOO_MANY


def test_alternating_nesting_at_the_ceiling_of_operators_evaluates() -> None:
    text = "(a=:s AND (b=:s OR " * 74 + "c=:s" + "))" * 74
    assert condition(text, VALUES).matches(None) is False


def test_in_takes_100_operands_and_not_101() -> None:
    condition(f"a IN ({', '.join([':s'] * 100)})", VALUES)
    message = condition_fault(f"a IN ({', '.join([':s'] * 101)})", VALUES)
    assert message == "The IN operator is provided with too many operands; number of operands: 101"


def test_nested_functions_as_deep_as_the_text_allows_are_refused_not_a_crash() -> None:
    assert condition_fault("foo(" * 800 + "a" + ")" * 800) == UNKNOWN + "foo"
    assert condition_fault("size(" * 600 + "a" + ")" * 600 + "=:n") == TOO_MANY
