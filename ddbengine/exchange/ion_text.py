"""Items as lines of Amazon Ion text, as the service exports them.

``ion_items`` says what becomes what, and reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

__all__ = ["ion_lines"]

_VERSION_MARKER = b"$ion_1_0 "
_SYMBOL = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_KEYWORDS = frozenset({"null", "true", "false", "nan"})
_SETS = {"SS": "S", "NS": "N", "BS": "B"}


def ion_lines(items: list[bytes]) -> bytes:
    """Lines of items that are DynamoDB JSON text."""
    return b"".join(map(_line, items))


def _line(item: bytes) -> bytes:
    return _VERSION_MARKER + ("{Item:" + _struct(orjson.loads(item)) + "}\n").encode()


def _struct(entries: Mapping[str, Any]) -> str:
    return "{" + ",".join(f"{_name(name)}:{_value(value)}" for name, value in entries.items()) + "}"


def _name(name: str) -> str:
    """A field's name bare where that is a symbol, in quotes otherwise.  ``$`` and digits would be a symbol's number."""
    is_plain = _SYMBOL.fullmatch(name) is not None and name not in _KEYWORDS and not name.startswith("$")
    return name if is_plain else _string(name)


def _value(value: Mapping[str, Any]) -> str:
    ((kind, content),) = value.items()
    if kind == "M":
        return _struct(content)
    if kind == "L":
        return "[" + ",".join(map(_value, content)) + "]"
    if kind in _SETS:
        return f"$dynamodb_{kind}::[" + ",".join(_scalar(_SETS[kind], member) for member in content) + "]"
    return _scalar(kind, content)


def _scalar(kind: str, content: Any) -> str:
    if kind == "S":
        return _string(content)
    if kind == "N":
        return _decimal(content)
    if kind == "B":
        return f"{{{{{content}}}}}"
    return "null" if kind == "NULL" else "true" if content else "false"


def _string(text: str) -> str:
    """JSON's escapes are Ion's too."""
    return orjson.dumps(text).decode()


def _decimal(number: str) -> str:
    """A whole number is a decimal by its point."""
    digits, mark, exponent = number.upper().partition("E")
    if mark:
        return f"{digits}d{exponent.removeprefix('+')}"
    return digits if "." in digits else digits + "."
