"""What the core costs on an item of 10 attributes and about 200 bytes, in nanoseconds a call.

    python -m bench.core [--seconds 0.5]

The last line is a checksum of all results: a change that makes the core faster must not change it.
"""

from __future__ import annotations

import argparse
import timeit
import zlib
from collections.abc import Callable
from typing import Any

from ddbengine import _core

ITEM: dict[str, Any] = {
    "pk": {"S": "customer#0001234"},
    "sk": {"S": "order#2024-05-06#000123"},
    "status": {"S": "SHIPPED"},
    "amount": {"N": "1299.95"},
    "count": {"N": "3"},
    "note": {"S": "left at the front door as requested by the recipient"},
    "active": {"BOOL": True},
    "tags": {"SS": ["blue", "green", "red"]},
    "address": {"M": {"city": {"S": "Berlin"}, "zip": {"S": "10115"}}},
    "created": {"N": "1714982400"},
}
STORED, SIZE = _core.encode_item(ITEM)
VALUES = _core.split_map(STORED)
PAGE = [STORED] * 500
TREE: _core.Tree = {"pk": None, "sk": None, "address": {"zip": None}}

CALLS: dict[str, Callable[[], object]] = {
    "check_item": lambda: _core.check_item(ITEM),
    "encode_item": lambda: _core.encode_item(ITEM),
    "item_to_wire": lambda: _core.item_to_wire(STORED),
    "items_to_wire, 500 items": lambda: _core.items_to_wire(PAGE),
    "get_attribute": lambda: _core.get_attribute(STORED, "created"),
    "find": lambda: _core.find(STORED, ("address", "zip")),
    "compare": lambda: _core.compare(VALUES["amount"], VALUES["created"]),
    "equal": lambda: _core.equal(VALUES["address"], VALUES["tags"]),
    "add_numbers": lambda: _core.add_numbers(VALUES["amount"], VALUES["count"]),
    "item_size": lambda: _core.item_size(STORED),
    "split_map": lambda: _core.split_map(STORED),
    "join_map": lambda: _core.join_map(VALUES),
    "pick": lambda: _core.pick(STORED, ("pk", "sk")),
    "project": lambda: _core.project(STORED, TREE),
    "key_part": lambda: _core.key_part(VALUES["pk"]),
    "partition_hash": lambda: _core.partition_hash(VALUES["pk"]),
}


def nanoseconds(call: Callable[[], object], seconds: float) -> float:
    """The best of five rounds."""
    timer = timeit.Timer(call)
    times, _ = timer.autorange()
    rounds = max(1, int(times * seconds / 5 / 0.2))
    return min(timer.repeat(repeat=5, number=rounds)) / rounds * 1e9


def checksum() -> int:
    """One number for what every call answers."""
    total = 0
    for call in CALLS.values():
        total = zlib.crc32(repr(call()).encode(), total)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=0.5, help="how long to measure each call")
    seconds = parser.parse_args().seconds
    empty = nanoseconds(lambda: None, seconds)
    print(f"an item of {SIZE} bytes by DynamoDB's accounting, {len(STORED)} bytes stored")
    for name, call in CALLS.items():
        print(f"{name:28}{nanoseconds(call, seconds) - empty:10.0f} ns")
    print(f"checksum {checksum():08x}")


if __name__ == "__main__":
    main()
