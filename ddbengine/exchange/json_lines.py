"""DynamoDB JSON, an item a line: bare, or as the member ``Item`` as in the service's exports."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson

from ddbengine.exchange.lines import Unreadable, read_lines
from ddbengine.exchange.records import Reader

__all__ = ["line_of", "read_items"]

_INCREMENTAL = frozenset({"Metadata", "Keys"})


def line_of(item: bytes) -> bytes:
    """The line of an item that is DynamoDB JSON text already."""
    return b'{"Item":' + item + b"}\n"


def _item(line: bytes) -> dict[str, Any]:
    """The item of a line.  A bare item that has but one attribute, called Item, is told from a wrapped one by its
    value, whose members are no attribute values."""
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"is not JSON: {error.msg} (column {error.colno})") from error
    if not isinstance(parsed, dict):
        raise Unreadable("is no item: a JSON object is needed on each line")
    if parsed.keys() >= _INCREMENTAL:
        raise Unreadable("is a change of an incremental export, which only says what happened to an item")
    inner = parsed.get("Item")
    if len(parsed) == 1 and isinstance(inner, dict) and all(isinstance(value, dict) for value in inner.values()):
        return inner
    return parsed


read_items: Reader = partial(read_lines, _item)
