"""Looking into values: paths, equality, order, containment and size(), against the same on plain Python values."""

from __future__ import annotations

import base64
import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import (
    CorruptBytes,
    begins_with,
    compare,
    contains,
    encode_item,
    encode_value,
    equal,
    find,
    get_attribute,
    item_to_wire,
    size_function,
    type_of,
    value_to_wire,
)
from tests.core import model
from tests.strategies import Wire, names, sets, wire_items, wire_values


def shuffled(value: Wire, order: random.Random) -> Wire:
    """The same value with every map's entries and every set's members in another order."""
    ((kind, content),) = value.items()
    if kind == "L":
        return {"L": [shuffled(element, order) for element in content]}
    if kind == "M":
        entries = [(name, shuffled(entry, order)) for name, entry in content.items()]
        order.shuffle(entries)
        return {"M": dict(entries)}
    if kind in ("SS", "NS", "BS"):
        return {kind: order.sample(content, len(content))}
    return value


def paths_of(value: Wire) -> list[tuple[tuple[str | int, ...], Wire]]:
    ((kind, content),) = value.items()
    steps: list[tuple[str | int, Wire]] = []
    if kind == "L":
        steps = list(enumerate(content))
    elif kind == "M":
        steps = list(content.items())
    return [((), value)] + [((step, *path), found) for step, inner in steps for path, found in paths_of(inner)]


# --- paths ------------------------------------------------------------------------------------------------------------


@given(wire_items)
def test_find_reaches_every_value_of_an_item(item: dict[str, Wire]) -> None:
    stored, _ = encode_item(item)
    for path, value in paths_of({"M": item})[1:]:
        assert find(stored, path) == encode_value(value)
    assert find(stored, ()) == stored


@given(wire_items, st.lists(names | st.integers(-2, 5), min_size=1, max_size=3).map(tuple))
def test_find_answers_none_where_there_is_nothing(item: dict[str, Wire], path: tuple[str | int, ...]) -> None:
    there = dict(paths_of({"M": item}))
    found = find(encode_item(item)[0], path)
    assert found == (encode_value(there[path]) if path in there else None)


@given(wire_items, names)
def test_get_attribute_is_find_on_top(item: dict[str, Wire], name: str) -> None:
    stored, _ = encode_item(item)
    for wanted in [name, *item]:
        expected = encode_value(item[wanted]) if wanted in item else None
        assert get_attribute(stored, wanted) == get_attribute(memoryview(stored), wanted) == expected


def test_a_list_position_beyond_any_list_is_absent() -> None:
    stored, _ = encode_item({"l": {"L": [{"S": "x"}]}})
    assert find(stored, ("l", 10**30)) is None
    assert find(stored, ("l", -1)) is None


# --- equality ---------------------------------------------------------------------------------------------------------


@given(wire_values, st.randoms(use_true_random=False))
def test_order_in_maps_and_sets_does_not_matter_to_equality(value: Wire, order: random.Random) -> None:
    assert equal(encode_value(value), encode_value(shuffled(value, order)))


@given(wire_values, wire_values)
def test_values_are_equal_when_their_canonical_forms_are(a: Wire, b: Wire) -> None:
    assert equal(encode_value(a), encode_value(b)) == model.equal(a, b)


@given(wire_items, st.data())
def test_one_changed_value_anywhere_makes_items_unequal(item: dict[str, Wire], data: st.DataObject) -> None:
    stored, _ = encode_item(item)
    paths = [path for path, _ in paths_of({"M": item}) if path]
    if not paths:
        return
    other = {"M": copy.deepcopy(item)}
    _replace(other, data.draw(st.sampled_from(paths)), {"S": "never drawn: much longer than texts are drawn" * 3})
    assert not equal(stored, encode_value(other))


def _replace(value: Wire, path: tuple[str | int, ...], leaf: Wire) -> None:
    ((_, content),) = value.items()
    if len(path) == 1:
        content[path[0]] = leaf
    else:
        _replace(content[path[0]], path[1:], leaf)


@pytest.mark.parametrize("count", [15, 16, 17, 40, 5000])
def test_large_maps_are_compared_in_any_order(count: int) -> None:
    entries: dict[str, Wire] = {f"name {i}": {"N": str(i)} for i in range(count)}
    backwards: Wire = {"M": dict(reversed(entries.items()))}
    assert equal(encode_value({"M": entries}), encode_value(backwards))
    entries["name 7"] = {"N": "-7"}
    assert not equal(encode_value({"M": entries}), encode_value(backwards))


def test_values_of_different_types_are_never_equal() -> None:
    kinds: list[Wire] = [
        {"S": "1"}, {"N": "1"}, {"B": "MQ=="}, {"BOOL": True}, {"BOOL": False}, {"NULL": True},
        {"L": []}, {"M": {}}, {"SS": ["1"]}, {"NS": ["1"]}, {"BS": ["MQ=="]}, {"S": ""}, {"B": ""},
    ]  # fmt: skip
    for i, a in enumerate(kinds):
        for j, b in enumerate(kinds):
            assert equal(encode_value(a), encode_value(b)) == (i == j)


# --- order and containment --------------------------------------------------------------------------------------------


def comparable(value: Wire) -> Any:
    ((kind, content),) = value.items()
    if kind == "S":
        return content.encode()
    return base64.b64decode(content) if kind == "B" else None


@given(wire_values, wire_values)
def test_only_two_strings_two_numbers_or_two_binaries_are_ordered(a: Wire, b: Wire) -> None:
    order = compare(encode_value(a), encode_value(b))
    assert (order is None) == (list(a) != list(b) or not {*a} <= {"S", "N", "B"})
    x, y = comparable(a), comparable(b)
    if order is not None and x is not None:
        assert order == (x > y) - (x < y)


@given(st.text("ab", max_size=30), st.text("ab", max_size=12))
def test_strings_and_binaries_contain_what_is_inside_them(text: str, part: str) -> None:
    for wire in (lambda t: {"S": t}, lambda t: {"B": base64.b64encode(t.encode()).decode()}):
        container, operand = encode_value(wire(text)), encode_value(wire(part))
        assert contains(container, operand) == (part in text)
        assert begins_with(container, operand) == text.startswith(part)


@given(sets, sets)
def test_a_set_contains_its_members_and_no_others(a: Wire, b: Wire) -> None:
    ((kind, members),) = model.canonical(a).items()
    ((other_kind, candidates),) = model.canonical(b).items()
    stored = encode_value(a)
    for member in members:
        assert contains(stored, encode_value({kind[0]: member}))
    for candidate in candidates:
        expected = kind == other_kind and candidate in members
        assert contains(stored, encode_value({other_kind[0]: candidate})) == expected
    assert not contains(stored, stored)


@given(st.lists(wire_values, max_size=5), wire_values)
def test_a_list_contains_its_elements(elements: list[Wire], other: Wire) -> None:
    stored = encode_value({"L": elements})
    for element in elements:
        assert contains(stored, encode_value(element))
    assert contains(stored, encode_value(other)) == any(model.equal(element, other) for element in elements)


@given(wire_values, wire_values)
def test_containment_of_any_pair_is_answered(a: Wire, b: Wire) -> None:
    container, operand = encode_value(a), encode_value(b)
    kinds = type_of(container), type_of(operand)
    answer = contains(container, operand)
    if kinds[0] in ("N", "BOOL", "NULL", "M") or (kinds[0] in ("S", "B") and kinds[0] != kinds[1]):
        assert answer is False
    if kinds not in (("S", "S"), ("B", "B")):
        assert begins_with(container, operand) is False


def test_searching_a_hostile_text_stays_linear() -> None:
    text, part = encode_value({"S": "a" * 400_000}), encode_value({"S": "a" * 200_000 + "b"})
    assert not contains(text, part)


@given(wire_values)
def test_the_size_function_counts_units_bytes_members_or_entries(value: Wire) -> None:
    ((kind, content),) = value.items()
    size = size_function(encode_value(value))
    if kind == "S":
        assert size == len(content.encode("utf-16-le")) // 2
    elif kind == "B":
        assert size == len(base64.b64decode(content))
    else:
        assert size == (None if kind in ("N", "BOOL", "NULL") else len(content))


def test_the_size_of_a_string_is_counted_in_utf16_code_units() -> None:
    assert size_function(encode_value({"S": "\u00e9\U0001d11e"})) == 3
    assert size_function(encode_value({"S": "\uffff\U0010ffff"})) == 3


# --- buffers ----------------------------------------------------------------------------------------------------------


@given(wire_values)
def test_any_contiguous_buffer_is_read_alike(value: Wire) -> None:
    stored = encode_value(value)
    wire = value_to_wire(stored)
    assert value_to_wire(bytearray(stored)) == wire
    assert value_to_wire(memoryview(b"x" + stored + b"y")[1:-1]) == wire


def test_a_buffer_with_gaps_is_refused() -> None:
    stored = encode_value({"S": "abcdef"})
    with pytest.raises(BufferError):
        value_to_wire(memoryview(stored)[::2])


def test_text_is_no_buffer() -> None:
    with pytest.raises(TypeError):
        item_to_wire("x")  # type: ignore[arg-type]


def test_a_buffer_is_not_kept_locked() -> None:
    stored = bytearray(encode_item({"a": {"S": "x"}})[0])
    item_to_wire(stored)
    with pytest.raises(CorruptBytes):
        item_to_wire(stored[:-1])
    get_attribute(stored, "a")
    find(stored, ("a", "b"))
    stored.append(0)  # BufferError when an export were still held
    assert stored.pop() == 0
