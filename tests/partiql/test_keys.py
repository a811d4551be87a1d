"""Which keys a WHERE clause pins."""

from __future__ import annotations

import pytest

from ddbengine import _core
from ddbengine.partiql import Select, compile_statement
from ddbengine.partiql.compiler import BoundWhere
from ddbengine.partiql.keys import KeyNames, branches_of, excludes_overlap, pinned_key, undivided_names

KEY = KeyNames("pk", "sk")


def bound(text: str) -> BoundWhere:
    select = compile_statement(f"SELECT * FROM T WHERE {text}").body
    assert isinstance(select, Select)
    where = select.bind({})
    assert where is not None
    return where


def partitions(text: str) -> list[str | None]:
    return [
        None if b.partition is None else _core.value_to_wire(b.partition).decode()
        for b in branches_of(bound(text), KEY)
    ]


A, B = '{"S":"a"}', '{"S":"b"}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pk = 'a'", [A]),
        ("'a' = pk", [A]),
        ("pk IN ['b', 'a', 'b']", [B, A]),
        ("pk = 'a' OR pk = 'b'", [A, B]),
        ("(pk = 'a' AND sk > 1) OR (pk = 'b' AND n = 1)", [A, B]),
        ("(pk = 'a' OR pk = 'b') AND n = 1", [A, B]),
        ("pk = 'a' OR n = 1", [A, None]),
        ("pk > 'a'", [None]),
        ("pk <> 'a'", [None]),
        ("NOT pk = 'a'", [None]),
        ("NOT (pk <> 'a')", [None]),
        ("pk.x = 'a'", [None]),
        ("pk = n", [None]),
        ("size(pk) = 1", [None]),
        ("pk = 'a' AND pk = 'b'", []),
        ("pk IN ['a', 'b'] AND pk IN ['b', 'c']", [B]),
    ],
)
def test_every_alternative_has_the_partition_it_pins(text: str, expected: list[str | None]) -> None:
    assert partitions(text) == expected


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("pk = 'a'", True),
        ("pk = 'a' AND sk BETWEEN 1 AND 2", True),
        ("pk = 'a' AND sk > 1 AND sk < 3", True),
        ("pk IN ['a', 'b'] AND sk IN [1, 2]", True),
        ("pk = 'a' AND n = 1", False),
        ("pk = 'a' AND sk <> 1", False),
        ("pk = 'a' AND NOT sk = 1", False),
        ("pk = 'a' AND sk = n", False),
        ("pk = 'a' AND sk.x = 1", False),
    ],
)
def test_a_clause_of_key_conditions_alone_needs_no_filter(text: str, exact: bool) -> None:
    assert all(branch.is_exact for branch in branches_of(bound(text), KEY)) is exact


def test_too_many_alternatives_are_not_told_apart() -> None:
    numbers = ", ".join(map(str, range(100)))
    branches = branches_of(bound(f"pk IN [{numbers}] AND sk IN [{numbers}] AND (sk = 1 OR sk = 2)"), KEY)
    assert len(branches) == 10_000
    assert not any(branch.is_exact for branch in branches)


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("pk = 'a' AND (sk > 1 OR sk < 5)", True),
        ("pk = 'a' AND (sk > 1 OR n = 5)", True),
        ("pk = 'a' AND sk = 1 AND (n = 1 OR n = 2)", False),
        ("pk = 'a' AND (n = 1 OR n = 2)", False),
        ("pk = 'a' AND (sk <> 1 OR sk = 1)", False),
        ("pk = 'a' AND (NOT sk = 1 OR sk = 1)", False),
    ],
)
def test_operands_of_an_or_over_the_sort_key_may_not_overlap(text: str, excluded: bool) -> None:
    first, second = branches_of(bound(text), KEY)
    assert excludes_overlap(first, second) is excluded


@pytest.mark.parametrize(
    ("text", "names", "is_all"),
    [
        ("pk = 'a' AND sk = 1", {"pk", "sk"}, True),
        ("(pk = 'a') AND (sk = 1)", {"pk", "sk"}, True),
        ("pk = 'a' AND sk = 1 AND n = 2", {"pk", "sk"}, False),
        ("pk = 'a' AND sk IN [1]", {"pk"}, False),
        ("pk = 'a' AND sk > 1", {"pk"}, False),
        ("pk = 'a' OR sk = 1", set(), False),
        ("NOT pk = 'a' AND sk = 1", {"sk"}, False),
    ],
)
def test_one_item_is_pinned_by_equality_alone(text: str, names: set[str], is_all: bool) -> None:
    pinned = pinned_key(bound(text), ("pk", "sk"))
    assert set(pinned.values) == names
    assert pinned.is_all is is_all


def test_two_values_for_one_key_attribute_are_both_told() -> None:
    assert len(pinned_key(bound("pk = 'a' AND sk = 1 AND sk = 2 AND sk = 1.0"), ("pk", "sk")).values["sk"]) == 2


def test_attributes_under_or_are_not_counted_as_filtered_on() -> None:
    assert undivided_names(bound("pk = 'a' AND NOT n IS MISSING AND (x = 1 OR y = 2)")) == {"pk", "n"}
