"""Tests of stored items against the functions that look into values one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine._core import AllOf, AnyOf, AttributeTest, CorruptBytes, Negation, encode_item, encode_value, take_page
from tests.strategies import Wire, names, scalars, wire_items, wire_values

ORDERS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0)}


def held(item: bytes, name: str, relation: str, value: bytes) -> bool:
    found = _core.get_attribute(item, name)
    if found is None:
        return False
    if relation == "=":
        return found == value
    if relation == "begins_with":
        return _core.begins_with(found, value)
    return _core.compare(found, value) in ORDERS[relation]


@given(wire_items, names, wire_values, wire_values, st.sampled_from(["=", "begins_with", *ORDERS]))
def test_an_attribute_is_tested_as_its_value_would_be(
    item: dict[str, Wire], name: str, stored: Wire, value: Wire, relation: str
) -> None:
    for wire in (item, {**item, name: stored}, {**item, name: value}):
        encoded, operand = encode_item(wire)[0], encode_value(value)
        test = AttributeTest(name, relation, operand)
        assert test(encoded) is held(encoded, name, relation, operand)
        assert test(memoryview(encoded)) is test(encoded)


@given(st.sampled_from(["=", "begins_with", *ORDERS]), scalars, scalars)
def test_scalars_are_tested_by_type_and_order(relation: str, stored: Wire, value: Wire) -> None:
    encoded, operand = encode_item({"a": stored})[0], encode_value(value)
    assert AttributeTest("a", relation, operand)(encoded) is held(encoded, "a", relation, operand)


ITEM = encode_item({"a": {"N": "5"}, "b": {"S": "text"}})[0]


def test_an_attribute_exists_or_not() -> None:
    assert AttributeTest("b", "exists")(ITEM)
    assert not AttributeTest("c", "exists")(ITEM)


def yes(item: Any) -> bool:
    return True


def no(item: Any) -> bool:
    return False


HAS_A, HAS_C = AttributeTest("a", "exists"), AttributeTest("c", "exists")


@pytest.mark.parametrize(
    ("junction", "expected"),
    [
        (AllOf([]), True),
        (AllOf([yes, HAS_A]), True),
        (AllOf([HAS_A, HAS_C]), False),
        (AllOf([no, HAS_A]), False),
        (AnyOf([]), False),
        (AnyOf([no, HAS_A]), True),
        (AnyOf([HAS_C, no]), False),
        (Negation(HAS_C), True),
        (Negation(yes), False),
        (AllOf([Negation(HAS_C), AnyOf([HAS_C, yes])]), True),
    ],
)
def test_tests_and_other_functions_are_joined(junction: Callable[[bytes], bool], expected: bool) -> None:
    assert junction(ITEM) is expected


def test_what_follows_the_deciding_test_is_not_asked() -> None:
    def fails(item: Any) -> bool:
        raise AssertionError("asked")

    assert not AllOf([HAS_C, fails])(ITEM)
    assert AnyOf([HAS_A, fails])(ITEM)
    with pytest.raises(AssertionError, match="asked"):
        Negation(fails)(ITEM)


def test_a_page_is_tested_as_by_a_function() -> None:
    items = [encode_item({"a": {"N": str(number)}})[0] for number in range(20)]
    test = AttributeTest("a", "<", encode_value({"N": "7"}))
    entries = [(b"", memoryview(item)) for item in items]
    assert take_page(entries, 15, 1 << 20, test) == take_page(entries, 15, 1 << 20, lambda row: test(row))
    assert len(take_page(entries, 15, 1 << 20, test)[0]) == 7


def test_broken_items_and_operands_are_refused() -> None:
    test = AttributeTest("b", "=", encode_value({"S": "text"}))
    for end in range(len(ITEM)):
        with pytest.raises(CorruptBytes):
            test(ITEM[:end])
    with pytest.raises(CorruptBytes):
        AttributeTest("b", "<", b"\xd9")
    with pytest.raises(KeyError):
        AttributeTest("b", "like", b"\xa0")
    with pytest.raises(TypeError):
        AttributeTest("b", "=")
