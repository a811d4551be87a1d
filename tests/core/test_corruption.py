"""Damaged stored bytes: every function answers with a value or CorruptBytes, and never reads outside its buffer.

Strategy: encode an item, then cut it off, flip bits, or splice in bytes that open long values; also plain noise.  What
is not covered: reads beyond a buffer that stay inside mapped memory are only seen when the core is built with the
address sanitizer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine._core import CorruptBytes, ValueFault, encode_item, encode_value, value_to_wire
from tests.strategies import Wire, wire_items

SOUND = encode_item({"a": {"L": [{"S": "x"}, {"N": "1"}, {"M": {"k": {"NS": ["1", "2"]}}}]}, "b": {"SS": ["x"]}})[0]
TREE: Any = {"a": {0: None, 2: {"k": None}}, "b": None, "c": {"x": None}}

READERS: list[Callable[[bytes], Any]] = [
    _core.value_to_wire,
    _core.item_to_wire,
    _core.item_to_dict,
    lambda stored: _core.items_to_wire([SOUND, stored]),
    lambda stored: _core.page_to_wire([SOUND], b"", stored, b""),
    _core.type_of,
    lambda stored: _core.get_attribute(stored, "b"),
    lambda stored: _core.find(stored, ("a", 2, "k")),
    lambda stored: _core.equal(stored, SOUND),
    lambda stored: _core.equal(SOUND, stored),
    lambda stored: _core.equal(stored, bytes(stored)),
    lambda stored: _core.compare(stored, stored),
    lambda stored: _core.contains(stored, stored),
    lambda stored: _core.contains(encode_value({"L": [{"NULL": True}]}), stored),
    lambda stored: _core.begins_with(stored, stored),
    _core.size_function,
    _core.value_size,
    _core.item_size,
    _core.value_depth,
    _core.split_map,
    _core.split_list,
    _core.split_set,
    lambda stored: _core.join_map({"x": stored}),
    lambda stored: _core.with_entries(stored, {"x": None}),
    lambda stored: _core.join_list([stored]),
    lambda stored: _core.join_set("SS", [stored]),
    lambda stored: _core.join_set("NS", [stored, stored]),
    lambda stored: _core.pick(stored, ["a", "k"]),
    lambda stored: _core.project(stored, TREE),
    _core.number_to_text,
    _core.number_size,
    lambda stored: _core.add_numbers(stored, stored),
]
KEY_READERS: list[Callable[[bytes], Any]] = [
    _core.key_bytes,
    _core.key_part,
    _core.key_part_prefix,
    lambda stored: _core.key_size(stored, "S"),
    lambda stored: _core.partition_key(b"I", stored),
    lambda stored: _core.item_key(b"I", {"a": "S"}, {"a": bytes(stored)}, 100),
    lambda stored: _core.key_of_item(b"I", {"pk": "S", "a": "S"}, stored, 100),
]


def read_with_everything(stored: bytes) -> None:
    for reader in READERS:
        try:
            reader(stored)
        except (CorruptBytes, ValueFault):
            continue
    for reader in KEY_READERS:
        try:
            reader(stored)
        except CorruptBytes:
            continue
        except ValueError as error:
            if "a key is S, N or B" not in str(error):
                raise


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    item = draw(wire_items)
    stored = bytearray(encode_item(item)[0])
    for _ in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(stored)))
        longest = draw(
            st.sampled_from([b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff", b"\xdb\xff", b"\xc9\0\0", b"\xc7\x02\2"])
        )
        stored[position:position] = longest
    for _ in range(draw(st.integers(0, 3))):
        stored[draw(st.integers(0, len(stored) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(stored[: draw(st.integers(0, len(stored)))])


@given(damaged() | st.binary(max_size=40))
def test_damaged_bytes_give_a_value_or_corrupt_bytes(stored: bytes) -> None:
    read_with_everything(stored)
    for value in _values_in(stored):
        read_with_everything(value)


def _values_in(stored: bytes) -> list[bytes]:
    try:
        return list(_core.split_map(stored).values())
    except CorruptBytes:
        return []


@settings(max_examples=30)
@given(wire_items.filter(bool))
def test_every_truncation_of_an_item_is_noticed(item: dict[str, Wire]) -> None:
    stored, _ = encode_item(item)
    for length in range(len(stored)):
        for reader in (
            _core.item_to_wire,
            _core.item_to_dict,
            _core.item_size,
            _core.split_map,
            _core.value_to_wire,
            _core.value_depth,
        ):
            try:
                reader(stored[:length])
            except CorruptBytes:
                continue
            raise AssertionError(f"{reader.__name__} took {stored[:length]!r}")


@pytest.mark.parametrize("head", [b"\x91", b"\x81\xa1a"])
def test_nesting_beyond_what_is_ever_written_is_noticed_before_the_stack_ends(head: bytes) -> None:
    stored, other = head * 200_000 + b"\xc0", head * 200_000 + b"\xc2"
    assert _core.type_of(stored) in ("L", "M")
    for reader in (value_to_wire, _core.value_size, _core.value_depth, lambda value: _core.equal(value, other)):
        with pytest.raises(CorruptBytes, match="nested too deep"):
            reader(stored)
    with pytest.raises(CorruptBytes):
        _core.item_to_wire(stored)
    with pytest.raises(CorruptBytes):
        _core.item_to_dict(stored)


@pytest.mark.parametrize(
    "stored",
    [
        b"\x01",  # a positive integer
        b"\xe0",  # a negative one
        b"\xca\0\0\0\0",  # a float
        b"\xd4\x01\x80",  # a number as fixext
        b"\xc7\x00\x01",  # a number without bytes
        b"\xc7\x01\x05\x80",  # an unknown extension
        b"\xc7\x02\x01\x80\x01",  # a number that begins with a zero pair
        b"\xc7\x03\x01\xc1\x02\x01",  # one that ends with a zero pair
        b"\xc7\x01\x01\xc1",  # one without digits
        b"\xc7\x02\x01\xc1\x66",  # a digit pair beyond 99
        b"\xc7\x02\x01\x3e\x64",  # a negative without its end
        b"\xc7\x16\x01\xc1" + b"\x02" * 21,  # more than 20 pairs
        b"\xc7\x15\x01\xc1" + b"\x0c" * 20,  # 40 digits
        b"\xc7\x01\x02\xa0",  # a set that is no array
        b"\xc7\x02\x02\x91\xc0",  # a member of the wrong type
        b"\xc7\x03\x02\x91\xa0\xa0",  # bytes behind the last member
        b"\xc7\x01\x02\x91",  # a member missing
        b"\x81\xc0\xc0",  # a key that is no string
        b"\xa1\xff",  # not UTF-8
        b"\xa2\xc0\x80",  # an overlong form
        b"\xa3\xed\xa0\x80",  # a surrogate
        b"\xa4\xf4\x90\x80\x80",  # above U+10FFFF
        b"\xa1\xc3",  # cut inside a character
        b"\xc0\xc0",  # two values
    ],
)
def test_what_the_core_never_writes_is_corrupt(stored: bytes) -> None:
    with pytest.raises(CorruptBytes):
        value_to_wire(stored)
