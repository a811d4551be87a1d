"""DynamoDB JSON, an item a line: bare, or as the member ``Item`` as in the service's exports."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import orjson

from ddbengine.exchange.records import Record
from ddbengine.limits import MIB

__all__ = ["line_of", "read_items"]

LINE_MAX_BYTES = 16 * MIB
"""Many times what an item can be, so that a file without lines does not fill the memory."""
_SHOWN_CHARACTERS = 200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_INCREMENTAL = frozenset({"Metadata", "Keys"})


def line_of(item: bytes) -> bytes:
    """The line of an item that is DynamoDB JSON text already."""
    return b'{"Item":' + item + b"}\n"


def read_items(stream: BinaryIO, skip: int = 0) -> Iterator[Record]:
    """A ``Reader``; blank lines are passed over."""
    for number, line in enumerate(iter(partial(stream.readline, LINE_MAX_BYTES), b""), 1):
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if number <= skip or line.isspace() or not line:
            continue
        if len(line) == LINE_MAX_BYTES and not line.endswith(b"\n"):
            yield Record(number, None, f"the line is longer than {LINE_MAX_BYTES} bytes", _shown(line))
            return
        try:
            parsed = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield Record(number, None, f"is not JSON: {error.msg} (column {error.colno})", _shown(line))
            continue
        item = _item(parsed)
        if item is None:
            yield Record(number, None, _problem(parsed), _shown(line))
        else:
            yield Record(number, item)


def _item(parsed: Any) -> dict[str, Any] | None:
    """The item of a line.  A bare item that has but one attribute, called Item, is told from a wrapped one by its
    value, whose members are no attribute values."""
    if not isinstance(parsed, dict) or parsed.keys() >= _INCREMENTAL:
        return None
    inner = parsed.get("Item")
    if len(parsed) == 1 and isinstance(inner, dict) and all(isinstance(value, dict) for value in inner.values()):
        return inner
    return parsed


def _problem(parsed: Any) -> str:
    if isinstance(parsed, dict):
        return "is a change of an incremental export, which only says what happened to an item"
    return "is no item: a JSON object is needed on each line"


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
