"""What the parser reads, and that no text makes it fail otherwise than with a StatementFault."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ddbengine.partiql import Insert, Select, StatementFault, compile_statement
from ddbengine.partiql.keywords import KEYWORDS
from ddbengine.partiql.parser import parse
from ddbengine.partiql.syntax import Operation, SelectStatement


def where(text: str) -> Operation:
    statement, _ = parse(f"SELECT * FROM T WHERE {text}")
    assert isinstance(statement, SelectStatement)
    assert isinstance(statement.where, Operation)
    return statement.where


def test_and_binds_tighter_than_or_and_not_tighter_than_both() -> None:
    tree = where("a = 1 OR NOT b = 2 AND c = 3")
    assert tree.operator == "or"
    right = tree.operands[1]
    assert isinstance(right, Operation)
    assert (right.operator, right.operands[0].operator) == ("and", "not")  # type: ignore[union-attr]


def test_the_and_of_between_belongs_to_it() -> None:
    tree = where("a BETWEEN 1 AND 2 AND b = 3")
    assert tree.operator == "and"
    assert tree.operands[0].operator == "between"  # type: ignore[union-attr]


@pytest.mark.parametrize("operator", ["IN [1]", "IN (1)", "BETWEEN 1 AND 2"])
def test_a_negated_operator_is_the_negation_of_the_operator(operator: str) -> None:
    negated, plain = where(f"a NOT {operator}"), where(f"NOT a {operator}")
    assert negated.operator == plain.operator == "not"
    assert negated.operands[0].operator == plain.operands[0].operator  # type: ignore[union-attr]


def test_a_long_chain_of_or_is_one_node() -> None:
    assert len(where(" OR ".join("a = 1" for _ in range(200))).operands) == 200


@pytest.mark.parametrize("text", ["select * from T", "Select * From T", "SELECT -- all\n * /* of */ FROM T;"])
def test_keywords_are_in_any_case_and_comments_anywhere(text: str) -> None:
    assert isinstance(compile_statement(text).body, Select)


@pytest.mark.parametrize(
    ("number", "stored"), [(".73e1", "7.3"), ("7.31E+6", "7310000"), ("5.", "5"), ("-1.50", "-1.5"), ("+2", "2")]
)
def test_numbers_are_read_in_every_spelling(number: str, stored: str) -> None:
    statements = [compile_statement(f"INSERT INTO T VALUE {{'n': {text}}}").body for text in (number, stored)]
    first, second = statements
    assert isinstance(first, Insert)
    assert isinstance(second, Insert)
    assert first.attributes == second.attributes


def test_quotes_are_doubled_inside_strings_and_names() -> None:
    statement, _ = parse("""SELECT "a""b" FROM T WHERE x = 'it''s'""")
    assert isinstance(statement, SelectStatement)
    assert statement.columns is not None
    assert statement.columns[0].name == 'a"b'  # type: ignore[union-attr]


@pytest.mark.parametrize("keyword", sorted(KEYWORDS - {"null", "missing", "true", "false"}))
def test_a_keyword_is_an_attribute_name_only_in_quotes(keyword: str) -> None:
    assert isinstance(compile_statement(f'SELECT "{keyword}" FROM T').body, Select)
    with pytest.raises(StatementFault):
        compile_statement(f"SELECT {keyword} FROM T")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM T WHERE " + "(" * 4000,
        "SELECT * FROM T WHERE " + "(" * 2000 + "a = 1" + ")" * 2000,
        "SELECT * FROM T WHERE a = " + "[" * 4000,
        "SELECT * FROM T WHERE " + "NOT " * 2000 + "a = 1",
        "SELECT * FROM T WHERE a = " + "-" * 1 + " -" * 2000 + "1",
        "UPDATE T SET a = a" + " + a" * 1900 + " WHERE pk = 1",
        "SELECT * FROM T WHERE a" + " = a" * 1900,
        "SELECT a" + "[a" * 2000 + " FROM T",
        "(SELECT * FROM " * 500,
    ],
)
def test_no_nesting_and_no_length_exhausts_the_stack(text: str) -> None:
    with pytest.raises(StatementFault):
        compile_statement(text)


_WORDS = st.sampled_from(
    [
        *(
            "SELECT",
            "*",
            "FROM",
            "T",
            '"T"',
            "WHERE",
            "a",
            "m.b[0]",
            "=",
            "<>",
            "<",
            "1",
            "'x'",
            "AND",
            "OR",
            "NOT",
            "IN",
        ),
        *(
            "[",
            "]",
            "(",
            ")",
            "{",
            "}",
            "<<",
            ">>",
            ",",
            ":",
            ".",
            "?",
            "IS",
            "NULL",
            "MISSING",
            "BETWEEN",
            "ORDER",
            "BY",
        ),
        *("INSERT", "INTO", "VALUE", "UPDATE", "SET", "REMOVE", "DELETE", "RETURNING", "ALL", "OLD", "NEW", "MODIFIED"),
        *("size(", "contains(", "EXISTS(", "set_add(", "+", "-", "||", "LIKE", "DESC", ";", "@", "`", "LIMIT", "GROUP"),
    ]
)


@given(st.text(max_size=60) | st.lists(_WORDS, max_size=25).map(" ".join))
@example("SELECT CAST(")
@example("SELECT * FROM T WHERE a IN (SELECT * FROM T)")
@example("EXISTS(SELECT * FROM T WHERE a = 1, 2)")
def test_whatever_the_text_it_is_compiled_or_refused_as_a_statement(text: str) -> None:
    with suppress(StatementFault):
        compile_statement(text)
