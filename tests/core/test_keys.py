"""Key parts: concatenated, their byte order is the order of the values as tuples; the hash that orders a scan."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ddbengine._core import (
    encode_item,
    encode_value,
    encode_values,
    item_key,
    key_bytes,
    key_of_item,
    key_part,
    key_part_prefix,
    key_size,
    partition_hash,
    partition_key,
)
from tests.core import model
from tests.strategies import Wire, key_values, keys_of_type, wire_values


def raw(value: Wire) -> bytes:
    ((kind, content),) = value.items()
    if kind == "N":
        return model.number_bytes(content)
    return content.encode() if kind == "S" else base64.b64decode(content)


def sort_key(value: Wire) -> Any:
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else raw(value)


def joined(values: tuple[Wire, ...]) -> bytes:
    return b"".join(key_part(encode_value(value)) for value in values)


@st.composite
def tuples_of_one_schema(draw: st.DrawFn) -> tuple[tuple[Wire, ...], tuple[Wire, ...]]:
    types = draw(st.lists(st.sampled_from("SNB"), min_size=1, max_size=4))
    parts = st.tuples(*(keys_of_type[kind] for kind in types))
    a = draw(parts)
    shared = draw(st.integers(0, len(types)))
    return a, a[:shared] + draw(parts)[shared:]


@given(tuples_of_one_schema())
@example((({"S": "a"}, {"S": ""}), ({"S": "a\0"}, {"S": ""})))
@example((({"S": "a\0"}, {"S": ""}), ({"S": "a"}, {"S": "\uffff"})))
@example((({"N": "-1"}, {"S": ""}), ({"N": "-1.5"}, {"S": "z"})))
@example((({"N": "0"}, {"S": "z"}), ({"N": "1e-130"}, {"S": ""})))
@example((({"N": "-9e125"},), ({"N": "-9.5e125"},)))
def test_concatenated_parts_sort_as_tuples_do(pair: tuple[tuple[Wire, ...], tuple[Wire, ...]]) -> None:
    a, b = pair
    x, y = tuple(map(sort_key, a)), tuple(map(sort_key, b))
    left, right = joined(a), joined(b)
    assert (left > right) - (left < right) == (x > y) - (x < y)


@given(key_values, key_values)
def test_no_part_is_a_prefix_of_another_of_its_type(a: Wire, b: Wire) -> None:
    left, right = key_part(encode_value(a)), key_part(encode_value(b))
    if list(a) == list(b) and left != right:
        assert not left.startswith(right)
        assert not right.startswith(left)


@given(key_values)
def test_key_bytes_are_what_the_service_hashes_and_measures(value: Wire) -> None:
    assert key_bytes(encode_value(value)) == raw(value)


@pytest.mark.parametrize("kind", ["S", "B"])
@given(st.data())
def test_the_prefix_of_a_part_bounds_what_begins_with_it(kind: str, data: st.DataObject) -> None:
    prefix, other = data.draw(keys_of_type[kind]), data.draw(keys_of_type[kind])
    low = key_part_prefix(encode_value(prefix))
    part = key_part(encode_value(other))
    assert part.startswith(low) == raw(other).startswith(raw(prefix))
    assert key_part(encode_value(prefix)) == low + b"\0\0"


def test_the_longest_keys_keep_their_order() -> None:
    zeros = {"B": base64.b64encode(b"\0" * 2048).decode()}
    shorter = {"B": base64.b64encode(b"\0" * 2047).decode()}
    longer_text = {"S": "\0" * 1023 + "a"}
    assert joined((shorter, longer_text)) < joined((zeros, {"S": ""})) < joined((zeros, longer_text))
    assert len(key_part(encode_value(zeros))) == 2 * 2048 + 2


def test_parts_by_example() -> None:
    assert key_part(encode_value({"S": "a\0b"})) == b"a\x00\xffb\x00\x00"
    assert key_part(encode_value({"B": ""})) == b"\x00\x00"
    assert key_part(encode_value({"N": "0"})) == b"\x80\x00"
    assert key_part(encode_value({"N": "-1.5"})) == b"\x3ed3f\x00"


def test_only_scalars_of_three_types_are_keys() -> None:
    others: list[Wire] = [{"BOOL": True}, {"NULL": True}, {"L": []}, {"M": {}}, {"SS": ["a"]}]
    for value in others:
        for function in (key_bytes, key_part, key_part_prefix, partial(partition_key, b"I")):
            with pytest.raises(ValueError, match="a key is S, N or B"):
                function(encode_value(value))


@given(st.binary(max_size=200))
def test_the_partition_hash_is_the_services(key: bytes) -> None:
    expected = hashlib.md5(b"Outliers" + key).digest()[:4]
    assert partition_hash(key) == partition_hash(memoryview(key)) == partition_hash(bytearray(key)) == expected


@given(key_values, st.sampled_from(["S", "N", "B", "BOOL", "SS", "", "Ä"]))
def test_the_size_of_a_key_is_told_for_its_own_type_only(value: Wire, key_type: str) -> None:
    encoded = encode_value(value)
    assert key_size(encoded, key_type) == (len(raw(value)) if key_type in value else -1)
    assert key_size(encode_value({"M": {"S": value}}), key_type) == -1


@given(key_values, st.binary(max_size=9))
def test_a_partition_key_is_its_prefix_its_hash_and_its_part(value: Wire, prefix: bytes) -> None:
    encoded = encode_value(value)
    expected = prefix + partition_hash(key_bytes(encoded)) + key_part(encoded)
    assert partition_key(prefix, encoded) == partition_key(prefix, memoryview(encoded)) == expected


MOST_BYTES = 40


@given(
    types=st.lists(st.sampled_from("SNB"), min_size=1, max_size=2),
    values=st.lists(wire_values, min_size=1, max_size=3),
    prefix=st.binary(max_size=5),
)
def test_the_key_of_an_item_is_made_of_its_parts_where_nothing_is_to_be_said(
    types: list[str], values: list[Wire], prefix: bytes
) -> None:
    key_types = {f"k{place}": key_type for place, key_type in enumerate(types)}
    item = {f"k{place}": value for place, value in enumerate(values)}
    encoded = {name: encode_value(value) for name, value in item.items()}
    sizes = [key_size(encoded[name], key_type) if name in encoded else -1 for name, key_type in key_types.items()]
    expected = None
    if all(0 < size <= MOST_BYTES for size in sizes):
        expected = partition_key(prefix, encoded["k0"]) + b"".join(
            key_part(encoded[name]) for name in ["k1"][: len(types) - 1]
        )
    assert key_of_item(prefix, key_types, encode_item(item)[0], MOST_BYTES) == expected
    as_looked_up = expected if len(values) == len(types) else None
    assert item_key(prefix, key_types, encoded, MOST_BYTES) == as_looked_up


def test_a_key_of_another_name_is_no_key() -> None:
    value = encode_value({"S": "x"})
    assert item_key(b"", {"k": "S"}, {"k": value}, MOST_BYTES) is not None
    assert item_key(b"", {"k": "S"}, {"other": value}, MOST_BYTES) is None
    assert key_of_item(b"", {"k": "S"}, encode_item({"other": {"S": "x"}})[0], MOST_BYTES) is None


@given(st.dictionaries(st.text(max_size=3), wire_values, max_size=4))
def test_values_are_encoded_together_as_one_by_one(wire: dict[str, Wire]) -> None:
    encoded = {name: encode_value(value) for name, value in wire.items()}
    assert encode_values(wire, 1 << 20) == encoded
    longest = max(map(len, encoded.values()), default=0)
    assert encode_values(wire, longest) == encoded
    assert encode_values(wire, longest - 1) == (None if encoded else {})


@pytest.mark.parametrize(
    "bad", [{"N": "x"}, {"SS": []}, {}, {"S": "a", "N": "1"}, {"M": {"": {"S": "x"}}}, {"L": [{"L": [{"L": []}]}]}]
)
def test_who_gives_a_value_that_is_refused_is_told_to_look(bad: Wire) -> None:
    assert encode_values({"a": {"S": "x"}, "b": bad}, 1000, 2) is None
