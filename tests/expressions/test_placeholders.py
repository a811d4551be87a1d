"""Names and values: spelling, and that each is used (FACTS 4.1, order 3.5)."""

from __future__ import annotations

import pytest

from ddbengine.expressions import (
    Placeholders,
    check_placeholder_names,
    check_placeholder_values,
    compile_condition,
    compile_key_condition,
    compile_projection,
    compile_update,
)
from tests.expressions.compiling import placeholders, refusal
from tests.wire import N


def test_an_empty_map_is_refused() -> None:
    assert refusal(check_placeholder_names, {}) == "ExpressionAttributeNames must not be empty"
    assert refusal(check_placeholder_values, {}) == "ExpressionAttributeValues must not be empty"


@pytest.mark.parametrize("key", ["a", "#", "", "##a", "#a-b", "#a b", ":a", "#é", "#a\n"])
def test_a_name_alias_is_a_hash_and_letters_digits_or_underscores(key: str) -> None:
    check_placeholder_names({"#a_1": "x", "#_": "y", "#9": "z"})
    expected = f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{key}"'
    assert refusal(check_placeholder_names, {"#a": "x", key: "y"}) == expected


@pytest.mark.parametrize("key", ["a", ":", "#a", "::a", ":a.b"])
def test_a_value_alias_is_a_colon_and_letters_digits_or_underscores(key: str) -> None:
    check_placeholder_values({":a_1": 1, ":_": 1, ":9": 1})
    expected = f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{key}"'
    assert refusal(check_placeholder_values, {key: 1}) == expected


def test_an_alias_has_at_most_255_characters() -> None:
    check_placeholder_names({"#" + "a" * 254: "x"})
    check_placeholder_values({":" + "a" * 254: 1})
    too_long = "contains invalid key: The expression attribute map contains a key that is too long;"
    message = refusal(check_placeholder_names, {"#" + "a" * 255: "x"})
    assert message == f"ExpressionAttributeNames {too_long} size of key: 256"
    assert refusal(check_placeholder_values, {":" + "-" * 255: 1}) == f"ExpressionAttributeValues {too_long}"


def test_an_alias_stands_for_a_name_that_is_not_empty() -> None:
    message = refusal(check_placeholder_names, {"#a": "x", "#b": ""})
    assert message == "ExpressionAttributeNames contains invalid value: Empty attribute name for key #b"


def test_every_expression_marks_what_it_uses() -> None:
    shared = placeholders({f"#{n}": f"a{n}" for n in range(4)}, {f":{n}": N(n) for n in range(4)})
    compile_condition("#0 = :0", shared)
    compile_update("SET #1 = :1", shared)
    compile_projection("#2.x", shared)
    compile_key_condition("#3 = :2 AND b > :3", shared)
    shared.check_unused()


def test_an_unused_name_is_reported_before_an_unused_value() -> None:
    shared = placeholders({"#used": "a", "#unused": "b"}, {":unused": N(1)})
    compile_condition("attribute_exists(#used)", shared)
    expected = "Value provided in ExpressionAttributeNames unused in expressions: keys: {#unused}"
    assert refusal(shared.check_unused) == expected


@pytest.mark.parametrize(
    ("aliases", "listed"),
    [
        ([":unused"], ":unused"),
        ([":a", ":p"], ":p, :a"),
        ([":foo", ":bar", ":bazz", ":zzz"], ":bar, :bazz, :foo, :zzz"),
        (
            [f":{letter}" for letter in "zyxwvutsrqponmlkjihgfedcba"],
            ":z, " + ", ".join(f":{c}" for c in "abcdefghijklmnopqrstuvwxy"),
        ),
    ],
)
def test_unused_values_are_listed_in_the_order_of_a_hash_table(aliases: list[str], listed: str) -> None:
    shared = placeholders(None, {alias: N(1) for alias in aliases})
    compile_condition("attribute_exists(a)", shared)
    expected = f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{listed}}}"
    assert refusal(shared.check_unused) == expected


def test_without_names_and_values_nothing_is_unused() -> None:
    Placeholders(None, None).check_unused()
