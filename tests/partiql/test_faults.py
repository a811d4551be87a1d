"""What is refused of a statement for its text alone, word for word: FACTS 5.14."""

from __future__ import annotations

import pytest

from ddbengine.partiql import Select, StatementFault, compile_statement

MALFORMED = "Statement wasn't well formed, can't be processed: "


def refusal(text: str) -> str:
    with pytest.raises(StatementFault) as caught:
        compile_statement(text)
    return caught.value.message


NINES = "9" * 5000
"""More digits than Python makes an int of."""


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (f"SELECT a[{NINES}] FROM T", " at 1:10:5000"),
        (f"SELECT * FROM T WHERE a[{NINES}] = 1", " at 1:25:5000"),
        (f"UPDATE T SET a[{NINES}] = 1 WHERE b = 1", " at 1:16:5000"),
    ],
)
def test_an_index_of_thousands_of_digits_is_outside_the_range(text: str, at: str) -> None:
    assert refusal(text) == f"List index is not within the allowable range; index: [{NINES}]{at}"


def test_an_index_to_write_to_is_held_to_the_range_too() -> None:
    range_fault = "List index is not within the allowable range; index: [2147483648] at 1:16:10"
    assert refusal("UPDATE T SET a[2147483648] = 1 WHERE b = 1") == range_fault
    compile_statement("UPDATE T SET a[2147483647] = 1 WHERE b = 1")


def test_leading_zeros_of_an_exponent_or_an_index_are_nothing() -> None:
    zeros = "0" * 5000
    compile_statement(f"SELECT * FROM T WHERE a = 1e{zeros}1 AND b = 1e-{zeros}1 AND c[{zeros}1] = 1")
    assert refusal(f"SELECT * FROM T WHERE a = 1e{NINES}") == MALFORMED


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("SELECT * FROM T WHERE a = 1 b", "Unexpected token after expression"),
        ("SELECT * FROM T WHERE a = 1 e2", "Unexpected token after expression"),
        ("SELECT * FROM T WHERE a = 1)", "Unexpected token after expression"),
        ("DELETE FROM T WHERE a = 1 ORDER BY a", "Unexpected token after expression"),
        ("SELECT * FROM T ORDER BY a WHERE a = 1", "Unexpected token after expression"),
        ("INSERT INTO T AS t VALUE {'a': 1}", "Unexpected token after expression"),
        ("INSERT INTO T t VALUE {'a': 1}", "Unexpected token after expression"),
        ("FROM T SET x = 9 WHERE a = 1", "Unexpected token after expression"),
        ("SELECT * FROM T WHERE a = 1;;", "Unexpected token after expression"),
        ("SELECT * FROM T WHERE a = 1e99999999999", ""),
        ("SELECT * FROM T WHERE a = 1e2147483648", ""),
        ("SELECT * FROM T # comment", ""),
        ("SELECT * FROM T /* comment", ""),
        ("SELECT * FROM T WHERE a = 'open", ""),
        ("SELECT * FROM T WHERE", "Unexpected term"),
        ("SELECT * FROM T WHERE NOT", "Unexpected term"),
        ("SELECT * FROM T WHERE (", "Unexpected term"),
        ("SELECT * FROM", "Unexpected term"),
        ("SELECT * FROM T WHERE a = 1 AND", "Missing right-hand side expression of infix operator"),
        ("SELECT * FROM T WHERE a = 1 OR", "Missing right-hand side expression of infix operator"),
        ("SELECT * FROM T WHERE ORDER BY", "Unexpected keyword"),
        ("SELECT * FROM T WHERE IS NULL", "Unexpected operator"),
        ("SELECT * FROM T WHERE a = LIKE 'x'", "Unexpected operator"),
        ("SELECT * FROM T WHERE a IS FOO", "Expected type name"),
        ("DELETE FROM", "Expected identifier for simple path"),
        ("FOO * FROM T", "Expected data manipulation"),
        ("foo bar", "Expected data manipulation"),
        ("UPDATE T WHERE a = 1", "Expected data manipulation"),
        ("SELECT m.inner FROM T", "Invalid path dot component"),
    ],
)
def test_a_malformed_statement_is_refused_with_the_reason_at_the_end(text: str, tail: str) -> None:
    assert refusal(text) == MALFORMED + tail


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT COUNT(*) FROM T", "Unexpected path component at 1:8:5"),
        ("SELECT attribute_exists(a) FROM T", "Unexpected path component at 1:8:16"),
        ("SELECT a, b,\n  size(a) FROM T", "Unexpected path component at 2:3:4"),
        ("SELECT a, b.c[1] FROM T", None),
        ("SELECT * FROM T", None),
    ],
)
def test_a_column_that_is_no_path_is_noted_for_later(text: str, message: str | None) -> None:
    body = compile_statement(text).body
    assert isinstance(body, Select)
    assert body.column_refusal == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * FROM T t", "Aliasing is not supported"),
        ("SELECT * FROM T AS t", "Aliasing is not supported"),
        ("SELECT a AS b FROM T", "Aliasing is not supported"),
        ("UPDATE T t SET x = 1 WHERE a = 1", "Aliasing is not supported"),
        ("DELETE FROM T t WHERE a = 1", "Aliasing is not supported"),
        ("pk IS NULL", "Unsupported operation: IsType"),
        ('SELECT * FROM "T"."i"."x"', "A path may contain at most 2 components in the FROM clause"),
        ('SELECT * FROM "T".""', "Path component cannot be an empty string"),
        ('SELECT * FROM ""', "Path component cannot be an empty string"),
        (
            'INSERT INTO "T"."i" VALUE {\'a\': 1}',
            "FROM clause may only contain a single table name in data manipulation statements",
        ),
        ("SELECT * FROM T WHERE EXISTS(a)", "Unrecognized function: exists at 1:23:6"),
        ("SELECT * FROM T WHERE set_add(a, <<1>>)", "Unrecognized function: set_add at 1:23:7"),
        ("SELECT * FROM T WHERE a = MISSING", "MISSING must be compared using IS operator"),
        ("SELECT a, m.a FROM T", "Duplicate identifiers in select clause: a"),
        ("SELECT * FROM T ORDER BY a", "Must have WHERE clause in the statement when using ORDER BY clause."),
        (
            "DELETE FROM T WHERE a = 1 RETURNING MODIFIED OLD *",
            "Invalid returning clause: RETURNING MODIFIED OLD *. "
            "Only RETURNING ALL OLD * is allowed in DELETE statements.",
        ),
    ],
)
def test_a_statement_that_is_well_formed_may_still_ask_for_too_much(text: str, message: str) -> None:
    assert refusal(text) == message


OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
TOO_PRECISE = "Attempting to store more than 38 significant digits in a Number"


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        ("1e200", f"{OVERFLOW} under root"),
        ("{'x': 1e200}", f"{OVERFLOW} under root.x"),
        ("[0, 1e200]", f"{OVERFLOW} under root[1]"),
        ("[{'x': [" + "1" * 39 + "]}]", f"{TOO_PRECISE} under root[0].x[0]"),
        ("<<'x', 'x'>>", "One or more parameter values were invalid: Input collection [x, x] contains duplicates."),
        ("<<1, 1.0>>", "Input collection contains duplicates"),
        ("<<>>", "Empty bags are not supported"),
        ("set_add(a, <<1>>)", "Unsupported data type: set_add under key root at 1:27:7"),
        ("[1, a]", "Unsupported data type: VariableReference under key root.1 at 1:31:1"),
        ("[?]", "Unsupported data type: Parameter under key root.0 at 1:28:1"),
        (
            "<<'a', 1>>",
            "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags at 1:34:1",
        ),
        ("`{{AAEC}}`", "Ion Literals are not supported: BLOB under key root at 1:27:10"),
    ],
)
def test_a_literal_that_is_no_value_is_refused_with_its_place(literal: str, message: str) -> None:
    assert refusal("INSERT INTO T VALUE {'v': " + literal + "}") == message


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        (f"a {operator} {value}", f"operator or function: {operator}, operand type: {type_name}")
        for operator in ("<", "<=", ">", ">=")
        for value, type_name in (("true", "BOOL"), ("NULL", "NULL"), ("[1]", "L"), ("{'a': 1}", "M"), ("<<1>>", "NS"))
    ]
    + [("a BETWEEN true AND false", "operator or function: BETWEEN, operand type: BOOL")],
)
def test_only_strings_numbers_and_binary_have_an_order(predicate: str, message: str) -> None:
    statement = compile_statement(f"SELECT * FROM T WHERE {predicate}").body
    with pytest.raises(StatementFault) as caught:
        statement.bind({})  # type: ignore[union-attr]  # a SELECT
    assert caught.value.message == f"Incorrect operand type for operator or function; {message}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("set_add(b, <<1>>)", "The first argument to SET_ADD must equal the assignment value at 1:18:7"),
        ("set_add(a, [1])", "The second argument to SET_ADD must be a value with type SET at 1:26:1"),
        ("SET_DELETE(a, b)", "The second argument to SET_DELETE must be a value with type SET at 1:29:1"),
        ("set_add(a)", "SET_ADD must have exactly two arguments at 1:18:7"),
        ("size(a)", "The function is not allowed in an update expression; function: size"),
        ("a * 2", "Unsupported operator in Update Expression. Operator: *"),
    ],
)
def test_what_an_assignment_cannot_compute_is_refused(value: str, message: str) -> None:
    assert refusal(f"UPDATE T SET a = {value} WHERE pk = 'x'") == message
