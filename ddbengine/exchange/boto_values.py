"""Between DynamoDB JSON, where a binary is base64 text, and what boto3's clients take and give, where it is bytes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import orjson

__all__ = ["boto_item", "wire_text"]


def boto_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A checked item as boto3 takes it."""
    return {name: _boto_value(value) for name, value in item.items()}


def _boto_value(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if not value.keys() & {"B", "BS", "M", "L"}:
        return value
    return {value_type: _content(value_type, content) for value_type, content in value.items()}


def _content(value_type: str, content: Any) -> Any:
    if value_type == "B":
        return b64decode(content)
    if value_type == "BS":
        return list(map(b64decode, content))
    if value_type == "M":
        return boto_item(content)
    return list(map(_boto_value, content)) if value_type == "L" else content


def wire_text(item: Mapping[str, Any]) -> bytes:
    """The DynamoDB JSON text of an item that a client gave."""
    return orjson.dumps(item, default=_base64)


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"a client gives no {type(value)}")
