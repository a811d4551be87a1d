"""Values as a person reads them, and never as a terminal obeys them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.commands.streams.notation import elided, name_text, printable, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"S": "Acme"}, '"Acme"'),
        ({"S": ""}, '""'),
        ({"S": 'say "no"\n'}, '"say \\"no\\"\\n"'),
        ({"S": "Straße \U0001f600"}, '"Straße \U0001f600"'),
        ({"N": "-12.5"}, "-12.5"),
        ({"B": "AAE="}, "base64:AAE="),
        ({"BOOL": True}, "true"),
        ({"NULL": True}, "null"),
        ({"NS": ["10", "9", "-1"]}, "{-1, 9, 10}"),
        ({"SS": ["b", "a"]}, '{"a", "b"}'),
        ({"BS": ["Yg=="]}, "{base64:Yg==}"),
        ({"L": [{"N": "1"}, {"M": {}}]}, "[1, {}]"),
        ({"M": {"a": {"S": "x"}, "b c": {"L": []}}}, '{a: "x", "b c": []}'),
    ],
)
def test_each_type_has_its_form(value: dict[str, Any], text: str) -> None:
    assert value_text(value) == text


def test_a_name_that_is_no_word_is_quoted() -> None:
    assert [name_text(name) for name in ("year", "first-name", "a.b", "1st", "", "a\x1b")] == [
        "year",
        "first-name",
        '"a.b"',
        '"1st"',
        '""',
        '"a\\u001b"',
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_of_an_item_controls_the_terminal(text: str) -> None:
    assert value_text({"M": {text: {"S": text}}}).isprintable()
    assert printable(text).isprintable()


def test_the_escape_of_a_terminal_is_shown_as_a_number() -> None:
    assert value_text({"S": "\x1b[2J\x9b\u202e"}) == '"\\u001b[2J\\u009b\\u202e"'


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert elided("x" * 1_200, 5) == "xxxxx… (1,200 characters)"
    assert elided("xxxxx", 5) == "xxxxx"
