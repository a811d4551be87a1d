"""Syntax errors name the first token that fits no rule, and the text from the token before to the one after.

The first block of conditions is from FACTS 4.1, the rest was observed on DynamoDB Local 1.25.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import encode_value
from ddbengine.errors import ValidationException
from ddbengine.expressions import (
    Placeholders,
    compile_condition,
    compile_key_condition,
    compile_projection,
    compile_update,
)
from tests.expressions.compiling import condition_fault, projection_fault, update_fault

CONDITIONS = [
    ("!!! INVALID !!!", "!", "!!"),
    ("attribute_not_exists(", "<EOF>", "("),
    ("a = = b", "=", "= = b"),
    ("INVALID SYNTAX HERE", "SYNTAX", "INVALID SYNTAX HERE"),
    ("a", "<EOF>", "a"),
    ("a ", "<EOF>", "a "),
    (" ", "<EOF>", " "),
    (" = ", "=", " = "),
    (" a", "<EOF>", "a"),
    ("a = ", "<EOF>", "= "),
    ("= a", "=", "= a"),
    ("AND", "AND", "AND"),
    ("a)", ")", "a)"),
    ("(a)", "<EOF>", ")"),
    ("(a", "<EOF>", "a"),
    ("((a) AND", "AND", ") AND"),
    ("NOT (a) ", "<EOF>", ") "),
    ("a b c d", "b", "a b c"),
    ("a = :v AND AND b = :v", "AND", "AND AND b"),
    ("a AND b = c", "AND", "a AND b"),
    ("(a OR b)", "OR", "a OR b"),
    ("(a = b) = c", "=", ") = c"),
    ("(a = b) AND", "<EOF>", "AND"),
    ("a = b = c", "=", "b = c"),
    ("NOT", "<EOF>", "NOT"),
    ("a = NOT b", "NOT", "= NOT b"),
    ("a NOT IN (b)", "NOT", "a NOT IN"),
    ("a IN ()", ")", "()"),
    ("a IN (:v,)", ")", ",)"),
    ("a in b", "b", "in b"),
    ("a in (b) in (c)", "in", ") in ("),
    ("a IN ((b),c", "<EOF>", "c"),
    ("a BETWEEN :v OR :n", "OR", ":v OR :n"),
    ("a BETWEEN (b) (", "(", ") ("),
    ("a BETWEEN b AND (c = d", "=", "c = d"),
    ("a BETWEEN b AND c AND d", "<EOF>", "d"),
    ("a..b = :v", ".", "..b"),
    ("a.b. = :v", "=", ". = :v"),
    ("a.1b = b", "1", ".1b"),
    ("a.in = :v", "in", ".in ="),
    ("a[x] = :v", "x", "[x]"),
    ("a[-1] = :v", "-", "[-1"),
    ("a[01] = :v", "1", "01]"),
    ("a[0 1] = :v", "1", "0 1]"),
    ("a[]", "]", "[]"),
    ("a.[0]", "[", ".[0"),
    ("a[1]b = d", "b", "]b ="),
    ("1a = :v", "1", "1a"),
    ("_a = :v", "_", "_a"),
    ("a = 'x'", "'", "= 'x"),
    ('a = "x"', '"', '= "x'),
    ("# = :v", "#", "# ="),
    ("a = :", ":", "= :"),
    ("#a# = :v", "#", "#a# ="),
    ("a#b = :v", "#b", "a#b ="),
    ("a=:v:v", ":v", ":v:v"),
    ("a.:v = b", ":v", ".:v ="),
    (":v.a = b", ".", ":v.a"),
    ("a=:v;", ";", ":v;"),
    ("a != :v", "!", "a !="),
    ("a => :v", ">", "=> :v"),
    ("a < > :v", ">", "< > :v"),
    ("é = :v", "é", "é ="),
    ("a\u00a0= :v", "\u00a0", "a\u00a0="),
    ("a\f= b", "\f", "a\f="),
    ("size() = :n", ")", "() ="),
    ("foo(a,)", ")", ",)"),
    ("foo(a = b)", "=", "a = b"),
    ("foo(NOT a)", "NOT", "(NOT a"),
    ("a = (b,c)", ",", "b,c"),
    ("attribute_exists a", "a", "attribute_exists a"),
    ("SET a = :v", "SET", "SET a"),
    ("(" * 4096, "<EOF>", "("),
    ("NOT " * 1024, "<EOF>", "NOT "),
    ("a(" * 2048, "<EOF>", "("),
]


@pytest.mark.parametrize(("text", "token", "near"), CONDITIONS)
def test_a_condition_reports_the_first_token_that_does_not_fit(text: str, token: str, near: str) -> None:
    assert condition_fault(text) == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"),
        ("SET", "<EOF>", "SET"),
        ("SET a = :v, SET b = :v", "SET", ", SET b"),
        ("SET a == :v", "=", "== :v"),
        ("SET (a) = :n", "(", "SET (a"),
        ("SET :v = a", ":v", "SET :v ="),
        ("SET set = :n", "set", "SET set ="),
        ("SETa = :n", "SETa", "SETa ="),
        ("SET a = b * c", "*", "b * c"),
        ("SET a = -:n", "-", "= -:n"),
        ("SET a = b + :n + :n", "+", ":n + :n"),
        ("SET a = (b + :n) + :n", "+", ") + :n"),
        ("SET a=b + (c + d)", "+", "c + d"),
        ("SET a=((b + c)", "<EOF>", ")"),
        ("SET a=(b + c)) ", ")", ")) "),
        ("SET a = :v; ", ";", ":v; "),
        ("SET a = if_not_exists(a, :n + :n)", "+", ":n + :n"),
        ("REMOVE a b", "b", "a b"),
        ("REMOVE (a)", "(", "REMOVE (a"),
        ("REMOVE :v", ":v", "REMOVE :v"),
        ("ADD a b", "b", "a b"),
        ("ADD a (:n)", "(", "a (:n"),
        ("ADD a if_not_exists(a,:n)", "if_not_exists", "a if_not_exists("),
        ("DELETE a", "<EOF>", "a"),
    ],
)
def test_an_update_reports_the_first_token_that_does_not_fit(text: str, token: str, near: str) -> None:
    assert update_fault(text) == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("a,", "<EOF>", ","),
        (",a", ",", ",a"),
        ("a,,b", ",", ",,b"),
        ("(a)", "(", "(a"),
        ("size(a)", "(", "size(a"),
        (":v", ":v", ":v"),
        ("a,and", "and", ",and"),
        ("a = b", "=", "a = b"),
    ],
)
def test_a_projection_reports_the_first_token_that_does_not_fit(text: str, token: str, near: str) -> None:
    assert projection_fault(text) == f'Syntax error; token: "{token}", near: "{near}"'


def test_an_empty_expression_has_its_own_message() -> None:
    expected = "The expression can not be empty;"
    assert (condition_fault(""), update_fault(""), projection_fault("")) == (expected, expected, expected)


def test_an_expression_of_4096_bytes_is_accepted_and_one_more_is_not() -> None:
    longest = "attribute_exists(a)".ljust(4096)
    compile_condition(longest, Placeholders(None, None))
    too_long = longest + " "
    assert len(too_long) == 4097
    assert condition_fault(too_long) == "Expression size has exceeded the maximum allowed size; expression size: 4097"


def test_the_size_of_an_expression_counts_utf_8_bytes() -> None:
    text = "é" * 2049
    assert condition_fault(text) == "Expression size has exceeded the maximum allowed size; expression size: 4098"


def test_the_size_message_of_an_update_does_not_echo_the_size() -> None:
    assert update_fault("REMOVE a".ljust(4097)) == "Expression size has exceeded the maximum allowed size;"
    assert projection_fault("a".ljust(4097)).endswith("; expression size: 4097")


FRAGMENTS = """
    a b.c d[0] #n :v = <> <= ( ) ( ) , . [ ] 0 AND OR NOT IN BETWEEN SET REMOVE ADD DELETE + -
    size( contains( if_not_exists( list_append( attribute_exists( foo( select ! é
"""
fragments = st.sampled_from(FRAGMENTS.split())
texts = st.lists(fragments, max_size=25).map(" ".join) | st.text(max_size=40)


@given(texts)
def test_any_text_compiles_or_is_refused_with_a_validation_exception(text: str) -> None:
    for compile_text in (compile_condition, compile_update, compile_projection, compile_key_condition):
        with suppress(ValidationException):
            compile_text(text, Placeholders({"#n": "n"}, {":v": encode_value({"S": "v"})}))
