"""Taking values apart, putting them together, and cutting items down to attributes and paths."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import (
    CorruptBytes,
    encode_item,
    encode_value,
    item_to_wire,
    join_list,
    join_map,
    join_set,
    pick,
    project,
    split_list,
    split_map,
    split_set,
    value_to_wire,
    with_entries,
)
from tests.core import model
from tests.strategies import Wire, names, sets, wire_items, wire_values


@given(wire_items)
def test_a_map_is_its_entries_joined(item: dict[str, Wire]) -> None:
    stored, _ = encode_item(item)
    entries = split_map(stored)
    assert entries == {name: encode_value(value) for name, value in item.items()}
    assert list(entries) == list(item)
    assert join_map(entries) == stored


changes_to_entries = st.dictionaries(names, st.none() | wire_values, max_size=20)


@given(wire_items, changes_to_entries, st.data())
def test_entries_are_replaced_in_place_removed_and_added_behind(
    item: dict[str, Wire], changes: dict[str, Wire | None], data: st.DataObject
) -> None:
    for name in data.draw(st.lists(st.sampled_from(sorted(item)), unique=True)) if item else ():
        changes[name] = data.draw(st.none() | wire_values)
    stored, _ = encode_item(item)
    expected = split_map(stored)
    encoded = {name: None if value is None else encode_value(value) for name, value in changes.items()}
    for name, value in encoded.items():
        if value is None:
            expected.pop(name, None)
        else:
            expected[name] = value
    assert with_entries(stored, encoded) == join_map(expected)
    assert with_entries(memoryview(stored), encoded) == join_map(expected)


@given(st.lists(wire_values, max_size=20))
def test_a_list_is_its_elements_joined(elements: list[Wire]) -> None:
    stored = encode_value({"L": elements})
    assert split_list(stored) == [encode_value(element) for element in elements]
    assert join_list(split_list(stored)) == stored


@given(sets)
def test_a_set_is_its_members_in_order(value: Wire) -> None:
    ((kind, members),) = model.canonical(value).items()
    assert split_set(encode_value(value)) == [encode_value({kind[0]: member}) for member in members]


def test_only_whole_values_can_be_joined() -> None:
    value = encode_value({"S": "abc"})
    for broken in (b"", value[:-1], value + b"\xc0", b"\x01"):
        with pytest.raises(CorruptBytes):
            join_map({"a": broken})
        with pytest.raises(CorruptBytes):
            with_entries(join_map({"b": value}), {"a": broken})
        with pytest.raises(CorruptBytes):
            join_list([broken])
        with pytest.raises(CorruptBytes):
            join_set("SS", [broken])


def test_a_set_takes_members_of_its_type_and_at_least_one() -> None:
    with pytest.raises(CorruptBytes):
        join_set("SS", [encode_value({"N": "1"})])
    with pytest.raises(ValueError, match="a set has members"):
        join_set("NS", [])
    with pytest.raises(ValueError, match="not a set type"):
        join_set("L", [encode_value({"N": "1"})])


def test_what_is_taken_apart_as_another_type_is_corrupt() -> None:
    text = encode_value({"S": "abc"})
    for split in (split_map, split_list, split_set):
        with pytest.raises(CorruptBytes):
            split(text)


@given(wire_items, st.lists(names, max_size=20, unique=True), st.data())
def test_pick_keeps_the_named_attributes_in_the_items_order(
    item: dict[str, Wire], others: list[str], data: st.DataObject
) -> None:
    wanted = set(data.draw(st.lists(st.sampled_from([*item, *others])))) if item or others else set()
    stored, _ = encode_item(item)
    expected = encode_item({name: value for name, value in item.items() if name in wanted})[0]
    for collection in (wanted, tuple(wanted), dict.fromkeys(wanted)):
        assert pick(stored, collection) == expected


def cut(value: Wire, tree: Any) -> Wire | None:
    """What a tree keeps of a value; None when nothing."""
    if tree is None:
        return value
    ((kind, content),) = value.items()
    steps = content.items() if kind == "M" else enumerate(content) if kind == "L" else ()
    kept = [(step, cut(inner, tree[step])) for step, inner in steps if step in tree]
    kept = [(step, inner) for step, inner in kept if inner is not None]
    if not kept:
        return None
    return {"M": dict(kept)} if kind == "M" else {"L": [inner for _, inner in kept]}


def trees_in(value: Wire) -> st.SearchStrategy[Any]:
    """Trees whose paths mostly exist in a value, and sometimes do not."""
    ((kind, content),) = value.items()
    inner: dict[str | int, Wire] = dict(content) if kind == "M" else dict(enumerate(content)) if kind == "L" else {}
    strangers = st.dictionaries(names | st.integers(0, 30), st.none() | st.just({"x": None}), min_size=1, max_size=2)
    if not inner:
        return st.none() | strangers
    steps = st.lists(st.sampled_from(list(inner)), min_size=1, max_size=4).map(dict.fromkeys)
    known = steps.flatmap(lambda chosen: st.fixed_dictionaries({step: trees_in(inner[step]) for step in chosen}))
    return st.none() | known | st.tuples(strangers, known).map(lambda both: both[0] | both[1])


@given(wire_items, st.data())
def test_a_projection_keeps_exactly_its_paths(item: dict[str, Wire], data: st.DataObject) -> None:
    tree = data.draw(trees_in({"M": item})) or {}
    projected = project(encode_item(item)[0], tree)
    expected = cut({"M": item}, tree)
    assert projected == encode_value(expected or {"M": {}})


ITEM: dict[str, Wire] = {
    "a": {"S": "x"},
    "l": {"L": [{"N": "0"}, {"N": "1"}, {"M": {"k": {"N": "2"}, "e": {"L": []}}}]},
    "m": {"M": {"x": {"S": "1"}, "y": {"S": "2"}}},
    "none": {"M": {}},
}


@pytest.mark.parametrize(
    ("tree", "kept"),
    [
        ({}, {}),
        ({"a": None, "nope": None}, {"a": ITEM["a"]}),
        ({"m": None, "a": None}, {"a": ITEM["a"], "m": ITEM["m"]}),
        ({"l": {2: None, 0: None}}, {"l": {"L": [{"N": "0"}, ITEM["l"]["L"][2]]}}),
        ({"l": {7: None}}, {}),
        ({"l": {2: {"e": None}}}, {"l": {"L": [{"M": {"e": {"L": []}}}]}}),
        ({"l": {2: {"e": {0: None}}}}, {}),
        ({"m": {"y": None, "z": None}}, {"m": {"M": {"y": {"S": "2"}}}}),
        ({"m": {0: None}, "l": {"x": None}, "a": {"x": None}}, {}),
        ({"none": None}, {"none": {"M": {}}}),
        ({"none": {"x": None}}, {}),
    ],
)
def test_projections_by_example(tree: Any, kept: dict[str, Wire]) -> None:
    assert orjson.loads(item_to_wire(project(encode_item(ITEM)[0], tree))) == kept


def test_a_projection_of_many_names_and_many_entries_has_the_right_headers() -> None:
    item: dict[str, Wire] = {f"n{i}": {"M": {f"k{j}": {"N": str(j)} for j in range(20)}} for i in range(70_000 // 20)}
    stored, _ = encode_item(item)
    inner = [f"k{j}" for j in range(17)]
    tree: Any = {name: dict.fromkeys(inner) for name in list(item)[:300]}
    projected = orjson.loads(item_to_wire(project(stored, tree)))
    assert {name: list(value["M"]) for name, value in projected.items()} == dict.fromkeys(tree, inner)
    elements = encode_item({"l": {"L": [{"N": str(i)} for i in range(70_000)]}})[0]
    for count in (15, 16, 65_535, 65_536):
        kept = orjson.loads(item_to_wire(project(elements, {"l": dict.fromkeys(range(count))})))
        assert [element["N"] for element in kept["l"]["L"]] == [str(i) for i in range(count)]


def test_wire_bytes_of_a_joined_document_are_those_of_its_parts() -> None:
    parts: dict[str, Wire] = {"a": {"S": "x"}, "b": {"L": [{"N": "1"}]}}
    joined = join_map({name: memoryview(encode_value(value)) for name, value in parts.items()})
    assert value_to_wire(joined) == orjson.dumps({"M": parts})
