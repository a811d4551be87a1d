"""Wire values to stored bytes and back: one form per value, sizes, and the faults a value can have (FACTS 2)."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import (
    ValueFault,
    encode_item,
    encode_value,
    item_size,
    item_to_dict,
    item_to_wire,
    items_to_wire,
    join_set,
    page_to_wire,
    split_set,
    type_of,
    value_depth,
    value_size,
    value_to_wire,
)
from tests.core import model
from tests.strategies import Wire, sets, wire_items, wire_values

YES: Wire = {"BOOL": True}


def fault_of(value: Wire, **options: int) -> tuple[str, Any]:
    with pytest.raises(ValueFault) as caught:
        encode_value(value, **options)
    return caught.value.kind, caught.value.detail


def fault_of_item(item: dict[str, Any]) -> str:
    with pytest.raises(ValueFault) as caught:
        encode_item(item)
    return caught.value.kind


@given(wire_values)
def test_a_value_is_read_back_in_its_canonical_form(value: Wire) -> None:
    stored = encode_value(value)
    wire = orjson.loads(value_to_wire(stored))
    assert wire == model.canonical(value)
    assert encode_value(wire) == stored


@given(wire_items)
def test_an_item_is_read_back_with_its_attributes_in_order(item: dict[str, Wire]) -> None:
    stored, size = encode_item(item)
    wire = orjson.loads(item_to_wire(stored))
    assert wire == {name: model.canonical(value) for name, value in item.items()}
    assert list(wire) == list(item)
    assert item_to_dict(stored) == item_to_dict(memoryview(stored)) == wire
    assert orjson.dumps(item_to_dict(stored)) == item_to_wire(stored), "the same order at every level"
    assert size == item_size(stored) == model.item_size(item)


@given(wire_values)
def test_stored_bytes_are_msgpack_that_any_reader_opens(value: Wire) -> None:
    assert model.from_msgpack(encode_value(value)) == model.canonical(value)


@given(wire_values)
def test_size_and_depth_follow_the_services_accounting(value: Wire) -> None:
    stored = encode_value(value)
    assert value_size(stored) == model.size(value)
    assert value_depth(stored) == model.depth(value)


@given(wire_values)
def test_the_type_of_a_value_is_its_wire_member(value: Wire) -> None:
    assert [type_of(encode_value(value))] == list(value)


@given(wire_values)
def test_wire_bytes_are_what_a_compact_json_writer_makes(value: Wire) -> None:
    wire = value_to_wire(encode_value(value))
    assert wire == orjson.dumps(model.canonical(value))


@given(st.lists(wire_items, max_size=4))
def test_a_page_is_the_array_of_its_items(items: list[dict[str, Wire]]) -> None:
    stored = [encode_item(item)[0] for item in items]
    assert items_to_wire(stored) == b"[" + b",".join(map(item_to_wire, stored)) + b"]"
    assert items_to_wire(memoryview(item) for item in stored) == items_to_wire(stored)


@given(st.none() | st.lists(wire_items, max_size=3), st.none() | wire_items, st.sampled_from([b"", b',"More":[1]']))
def test_the_body_of_a_page_has_its_members_in_order(
    items: list[dict[str, Wire]] | None, last: dict[str, Wire] | None, more: bytes
) -> None:
    stored = None if items is None else [encode_item(item)[0] for item in items]
    end = None if last is None else encode_item(last)[0]
    members = [] if stored is None else [b'"Items":' + items_to_wire(stored)]
    members.append(b'"Count":1,"ScannedCount":2')
    if end is not None:
        members.append(b'"LastEvaluatedKey":' + item_to_wire(end))
    expected = b"{" + b",".join(members) + more + b"}"
    assert page_to_wire(stored, b'"Count":1,"ScannedCount":2', end, more) == expected


@pytest.mark.parametrize("size", [0, 31, 32, 255, 256, 65535, 65536, 100_000])
def test_every_length_of_string_and_binary_is_read_back(size: int) -> None:
    text = {"S": "x" * size}
    assert orjson.loads(value_to_wire(encode_value(text))) == text
    binary = {"B": "AAAA" * size}
    assert orjson.loads(value_to_wire(encode_value(binary))) == binary


@pytest.mark.parametrize("count", [15, 16, 17, 255, 256, 65535, 65536, 70_000])
def test_every_count_of_members_is_read_back(count: int) -> None:
    numbers = [str(i) for i in range(count)]
    values: list[Wire] = [{"NS": numbers}, {"L": [{"N": n} for n in numbers]}, {"M": dict.fromkeys(numbers, YES)}]
    for value in values:
        stored = encode_value(value)
        assert orjson.loads(value_to_wire(stored)) == value
        assert model.from_msgpack(stored) == value


@pytest.mark.parametrize("position", range(12))
@pytest.mark.parametrize("character", ['"', "\\", "\n", "\x00", "\x1f", "\x7f", "/", "é", "\u2028", "\U0010ffff"])
def test_json_escapes_what_json_demands_wherever_it_stands(character: str, position: int) -> None:
    text = "a" * position + character + "b" * (11 - position)
    wire = value_to_wire(encode_value({"S": text}))
    assert wire == orjson.dumps({"S": text})
    assert json.loads(wire) == {"S": text}
    stored, _ = encode_item({text: {"BOOL": False}})
    assert item_to_wire(stored) == orjson.dumps({text: {"BOOL": False}})


def test_values_of_one_kind_and_content_have_equal_bytes() -> None:
    assert encode_value({"N": "1.50"}) == encode_value({"N": "+015E-1"})
    assert encode_value({"NS": ["3", "1.0"]}) == encode_value({"NS": ["1", "3e0"]})
    assert encode_value({"SS": ["b", "", "a"]}) == encode_value({"SS": ["a", "b", ""]})


@given(sets)
def test_a_set_joined_from_its_members_in_any_order_is_the_same_set(value: Wire) -> None:
    stored = encode_value(value)
    members = split_set(stored)
    assert join_set(type_of(stored), reversed(members + members)) == stored


def test_strings_of_a_set_sort_by_bytes_not_by_length() -> None:
    long = "a" * 40
    assert orjson.loads(value_to_wire(encode_value({"SS": ["b", "é", long, "a", ""]}))) == {
        "SS": ["", "a", long, "b", "é"]
    }


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({}, ("no_type", None)),
        ({"S": "a", "N": "1"}, ("many_types", None)),
        ({"S": "a", "N": "x"}, ("number_format", "x")),
        ({"NULL": False}, ("null_false", None)),
        ({"SS": []}, ("SS_empty", None)),
        ({"SS": ["a", None]}, ("SS_null", None)),
        ({"NS": [None, "1"]}, ("number_format", "")),
        ({"L": [{"BS": [None]}]}, ("BS_null", None)),
        ({"NS": []}, ("NS_empty", None)),
        ({"BS": []}, ("BS_empty", None)),
        ({"SS": ["b", "a", "b"]}, ("SS_duplicates", ["b", "a", "b"])),
        ({"SS": ["", ""]}, ("SS_duplicates", ["", ""])),
        ({"BS": ["/w==", "AA==", "/w=="]}, ("BS_duplicates", ["/w==", "AA==", "/w=="])),
        ({"NS": ["1", "2", "1.0"]}, ("NS_duplicates", None)),
        ({"NS": ["1", "1", "x"]}, ("number_format", "x")),
        ({"NS": [""]}, ("number_format", "")),
        ({"M": {"": {"S": "a"}}}, ("empty_name", None)),
        ({"L": [{}]}, ("no_type", None)),
        ({"M": {"": {"S": "a"}, "n": {"N": "1e126"}}}, ("number_overflow", "1e126")),
    ],
)
def test_a_value_the_service_refuses_names_its_fault(value: Wire, fault: tuple[str, Any]) -> None:
    assert fault_of(value) == fault
    assert fault_of({"L": [{"M": {"x": value}}]}) == fault


def test_more_than_one_type_is_found_after_the_content_of_each() -> None:
    assert fault_of({"S": "a", "SS": []}) == ("SS_empty", None)
    assert fault_of({"M": {"x": {}}, "S": "a"}) == ("no_type", None)


def test_an_empty_name_on_top_is_found_before_anything_in_the_item() -> None:
    assert fault_of_item({"n": {"N": "x"}, "": {"S": "a"}}) == "empty_name"
    assert fault_of_item({"": {"N": "x"}}) == "empty_name"
    assert fault_of_item({"n": {"N": "x"}}) == "number_format"


def nested(levels: int, kind: str = "M", leaf: Wire | None = None) -> Wire:
    value = {"S": "x"} if leaf is None else leaf
    for _ in range(levels):
        value = {"M": {"k": value}} if kind == "M" else {"L": [value]}
    return value


@pytest.mark.parametrize("kind", ["M", "L"])
def test_a_scalar_inside_31_containers_is_accepted_and_inside_32_refused(kind: str) -> None:
    assert value_depth(encode_value(nested(31, kind))) == 32
    assert fault_of(nested(32, kind)) == ("nesting", None)
    assert encode_item({"a": nested(31, kind)})[1] == model.item_size({"a": nested(31, kind)})
    assert fault_of_item({"a": nested(32, kind)}) == "nesting"


def test_an_empty_container_is_a_level_like_a_scalar() -> None:
    empty: Wire = {"M": {}}
    assert value_depth(encode_value(nested(31, leaf=empty))) == 32
    assert fault_of(nested(32, leaf=empty)) == ("nesting", None)


def test_excessive_depth_is_found_before_an_empty_name_in_a_map() -> None:
    assert fault_of({"L": [{"M": {"": {"S": "a"}}}, nested(32)]}) == ("nesting", None)


def test_a_deeper_limit_can_be_asked_for_and_what_it_admits_can_be_read() -> None:
    stored = encode_value(nested(60), max_depth=64)
    assert value_depth(stored) == 61
    assert orjson.loads(value_to_wire(stored)) == nested(60)
    assert fault_of(nested(64), max_depth=64) == ("nesting", None)


def test_json_nested_as_deep_as_orjson_allows_is_refused_not_crashed_on() -> None:
    deepest: Any = orjson.loads(b'{"L":[' * 500 + b"]}" * 500)
    assert fault_of(deepest, max_depth=10_000) == ("nesting", None)


def test_what_is_no_wire_value_is_a_programming_error() -> None:
    wrong: Any
    for wrong in ("x", {"X": "a"}, {"S": 1}, {"N": 1}, {"L": {}}, {"M": []}, {"SS": "a"}, {"B": b"a"}):
        with pytest.raises(TypeError):
            encode_value(wrong)
    with pytest.raises(TypeError):
        encode_item([])  # type: ignore[arg-type]


def test_names_that_share_a_slot_of_those_kept_are_told_apart() -> None:
    names = [f"name{number}" for number in range(5000)] + ["ä", "é" * 20, "x" * 40, "x" * 41, "\0", "\0\0"]
    item: dict[str, Wire] = {name: {"S": name} for name in names}
    stored = encode_item(item)[0]
    for _ in range(2):
        assert item_to_dict(stored) == item
    for name in names:
        assert item_to_dict(encode_item({name: {"M": {name: {"NULL": True}}}})[0]) == {
            name: {"M": {name: {"NULL": True}}}
        }
