"""Attribute values as a person reads them: ``"text"``, ``12.5``, ``{"a", "b"}``, ``{label: "Acme", tags: ["new"]}``.

Values are in wire form, ``{"S": "x"}`` with base64 in B and BS.  Nothing that comes from an item
reaches a terminal unescaped: a control character there may do more than show itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

__all__ = ["Value", "elided", "members_text", "name_text", "printable", "value_text"]

Value = Mapping[str, Any]
"""One attribute value, ``{"S": "x"}``."""

_PLAIN_NAME = re.compile(r"[^\W\d][\w-]*\Z")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def value_text(value: Value) -> str:
    """One line, without control characters."""
    ((kind, content),) = value.items()
    if kind == "M":
        members = (f"{name_text(name)}: {value_text(member)}" for name, member in content.items())
        return _enclosed("{", members, "}")
    if kind == "L":
        return _enclosed("[", map(value_text, content), "]")
    if kind in ("SS", "NS", "BS"):
        return _enclosed("{", members_text(value), "}")
    return _scalar(kind, content)


def members_text(value: Value) -> list[str]:
    """The members of a set, in order."""
    ((kind, content),) = value.items()
    return [_scalar(kind[0], member) for member in sorted(content, key=Decimal if kind == "NS" else None)]


def _enclosed(start: str, members: Iterable[str], end: str) -> str:
    return f"{start}{', '.join(members)}{end}"


def _scalar(kind: str, content: Any) -> str:
    if kind == "S":
        return _quoted(content)
    if kind == "B":
        return f"base64:{printable(content)}"
    if kind == "BOOL":
        return "true" if content else "false"
    return "null" if kind == "NULL" else printable(str(content))


def name_text(name: str) -> str:
    """An attribute name, in quotes where it could be taken for something else."""
    return name if _PLAIN_NAME.match(name) and name.isprintable() else _quoted(name)


def _quoted(text: str) -> str:
    return '"' + "".join(_shown(character) for character in text) + '"'


def printable(text: str) -> str:
    """Text as it is, with everything a terminal would obey escaped."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _shown(character) for character in text)


def _shown(character: str) -> str:
    escape = _ESCAPES.get(character)
    if escape is not None:
        return escape
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def elided(text: str, characters: int) -> str:
    """The text, or its beginning with how long it is, when it has more characters than that."""
    if len(text) <= characters:
        return text
    return f"{text[:characters]}… ({len(text):,} characters)"
