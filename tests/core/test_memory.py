"""The core gives back all it takes: references to what it is given, and memory, on success and on every fault."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from ddbengine import _core
from ddbengine._core import CorruptBytes, JsonTypeFault, ValueFault, encode_item, encode_value

LARGE = "x" * 5000
ITEM: dict[str, Any] = {
    "pk": {"S": "key"},
    "big": {"S": LARGE},
    "n": {"NS": [str(i) for i in range(300)]},
    "m": {"M": {f"k{i}": {"L": [{"N": str(i)}, {"BOOL": True}]} for i in range(50)}},
}
STORED = encode_item(ITEM)[0]
MAP = encode_value(ITEM["m"])
TURNED = encode_value({"M": dict(reversed(ITEM["m"]["M"].items()))})
TREE: Any = {"big": None, "m": {f"k{i}": {0: None} for i in range(40)}, "n": {"x": None}}

FORM = _core.Members(
    {"Item": _core.MapOf(_core.AttributeValue()), "List": _core.ListOf(_core.Text())}, {"List": len}, ("Item",)
)
WRITER = _core.AnswerWriter(bytes(range(32)))

CALLS: dict[str, Callable[[], Any]] = {
    "encode_item": lambda: encode_item(ITEM),
    "encode_item faulting late": lambda: encode_item({**ITEM, "z": {"N": "1e126"}}),
    "encode_item with repeats in a large set": lambda: encode_item({"s": {"SS": [LARGE, *map(str, range(40)), LARGE]}}),
    "encode_item too deep": lambda: encode_item(ITEM, 1),
    "encode_item with a wrong type": lambda: encode_item({"big": {"S": LARGE}, "z": {"S": 1}}),
    "check_item": lambda: _core.check_item({**ITEM, "t": {"BOOL": "yes"}, "s": {"SS": ["a", None]}}),
    "check_item faulting": lambda: _core.check_item({"t": {"BOOL": "yes"}, "z": {"B": "A"}}),
    "a form": lambda: FORM.fits({"Item": ITEM, "List": [LARGE]}),
    "a form that is not fitted": lambda: FORM.fits({"Item": {**ITEM, "z": {"S": 1}}, "List": [LARGE]}),
    "an answer": lambda: WRITER.parts(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", STORED, 1 << 20),
    "an answer in two parts": lambda: WRITER.parts(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", STORED, 0),
    "page_to_wire": lambda: _core.page_to_wire([STORED, memoryview(STORED)], b'"Count":2', STORED, b',"A":1'),
    "page_to_wire truncated": lambda: _core.page_to_wire([STORED], b'"Count":1', STORED[:-1], b""),
    "encode_values": lambda: _core.encode_values(ITEM, 1 << 20),
    "encode_values faulting late": lambda: _core.encode_values({**ITEM, "z": {"N": "1e126"}}, 1 << 20),
    "item_key": lambda: _core.item_key(b"I", {"big": "S"}, {"big": encode_value(ITEM["big"])}, 1 << 20),
    "key_of_item": lambda: _core.key_of_item(b"I", {"pk": "S", "big": "S"}, memoryview(STORED), 1 << 20),
    "key_of_item of another type": lambda: _core.key_of_item(b"I", {"pk": "S", "big": "N"}, STORED, 1 << 20),
    "item_to_wire": lambda: _core.item_to_wire(STORED),
    "item_to_wire truncated": lambda: _core.item_to_wire(STORED[:-1]),
    "item_to_wire of a view": lambda: _core.item_to_wire(memoryview(STORED)),
    "item_to_dict": lambda: _core.item_to_dict(STORED),
    "item_to_dict of a view": lambda: _core.item_to_dict(memoryview(STORED)),
    "item_to_dict truncated": lambda: _core.item_to_dict(STORED[:-1]),
    "items_to_wire": lambda: _core.items_to_wire([STORED, memoryview(STORED)]),
    "items_to_wire truncated": lambda: _core.items_to_wire([STORED, memoryview(STORED)[:-1]]),
    "items_to_wire of no iterable": lambda: _core.items_to_wire(7),  # type: ignore[arg-type]
    "find": lambda: _core.find(memoryview(STORED), ("m", "k7", 1)),
    "equal": lambda: _core.equal(memoryview(MAP), bytearray(TURNED)),
    "equal truncated": lambda: _core.equal(MAP, memoryview(TURNED)[:-1]),
    "contains": lambda: _core.contains(encode_value({"S": LARGE}), encode_value({"S": "x" * 4000 + "y"})),
    "split and join": lambda: _core.join_map(_core.split_map(STORED)),
    "a test of an attribute": lambda: _core.AttributeTest("pk", "=", STORED)(STORED),
    "with_entries": lambda: _core.with_entries(STORED, {"x": STORED, "pk": None}),
    "with_entries, many": lambda: _core.with_entries(STORED, dict.fromkeys(map(str, range(40)), STORED)),
    "join_map of a broken value": lambda: _core.join_map({"a": STORED, "b": memoryview(STORED)[:-1]}),
    "join_set": lambda: _core.join_set("NS", _core.split_set(encode_value(ITEM["n"])) * 2),
    "join_set of another type": lambda: _core.join_set("NS", [encode_value({"S": LARGE})] * 30),
    "project": lambda: _core.project(memoryview(STORED), TREE),
    "project truncated": lambda: _core.project(memoryview(STORED)[:-1], TREE),
    "pick": lambda: _core.pick(STORED, [f"n{i}" for i in range(30)] + ["big"]),
    "add_numbers": lambda: _core.add_numbers(encode_value({"N": "1e125"}), encode_value({"N": "1"})),
    "key_part": lambda: _core.key_part(encode_value({"S": "\0" * 2000})),
    "partition_key": lambda: _core.partition_key(b"I", encode_value({"S": "\0" * 2000})),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_repeated_takes_no_more_memory(name: str) -> None:
    def repeat(times: int) -> None:
        for _ in range(times):
            try:
                CALLS[name]()
            except (CorruptBytes, JsonTypeFault, ValueFault, TypeError):
                continue

    repeat(20)
    tracemalloc.start()
    try:
        repeat(20)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        repeat(200)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # One leaked object or buffer per call would be at least 200 times 16 bytes.
    assert grown < 1600


@pytest.mark.parametrize("name", CALLS)
def test_references_to_arguments_balance(name: str) -> None:
    held: list[Any] = [STORED, MAP, TURNED, TREE, ITEM, ITEM["m"], ITEM["n"]["NS"], LARGE, None, True, "kind"]
    before = [sys.getrefcount(thing) for thing in held]
    for _ in range(50):
        try:
            CALLS[name]()
        except (CorruptBytes, JsonTypeFault, ValueFault, TypeError):
            continue
    after = [sys.getrefcount(thing) for thing in held]
    drift = [abs(late - early) for early, late in zip(before, after, strict=True)]
    assert max(drift) < 50, drift
