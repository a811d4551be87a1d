"""How the service's older validation layer prints a value inside its message (FACTS 3.1).

Scalars appear as sent, containers as Java prints them: ``[a, b]``, ``{key=value}``,
``KeySchemaElement(attributeName=pk, keyType=HASH)`` with absent members as null.  BatchGetItem prints
its map as JSON.  Containers are cut short past a length and a depth that no honest request reaches,
so that refusing a hostile one stays cheap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from ddbengine.api.model import Model

__all__ = ["as_java", "as_json", "lower_first"]

_MAX_CHARACTERS = 1 << 20
_MAX_DEPTH = 80
_CUT = "..."


def lower_first(name: str) -> str:
    """A member's name as the older layer spells it: ``TableName`` is ``tableName``."""
    return name[:1].lower() + name[1:]


def as_java(value: Any, shape_name: str, model: Model) -> str:
    """The value of a shape as Java prints it."""
    if isinstance(value, str):
        return value
    pieces: list[str] = []
    room = _MAX_CHARACTERS
    for piece in _pieces(value, shape_name, model, _MAX_DEPTH):
        pieces.append(piece)
        room -= len(piece)
        if room < 0:
            pieces.append(_CUT)
            break
    return "".join(pieces)


def _pieces(value: Any, shape_name: str, model: Model, depth: int) -> Iterator[str]:
    if value is None:
        yield "null"
    elif type(value) is bool:
        yield "true" if value else "false"
    elif not isinstance(value, (dict, list)):
        yield str(value)
    elif not depth:
        yield _CUT
    elif isinstance(value, list):
        element = model.shapes[shape_name].element
        yield from _separated("[", (("", entry, element) for entry in value), "]", model, depth)
    else:
        yield from _object(value, shape_name, model, depth)


def _object(value: dict[str, Any], shape_name: str, model: Model, depth: int) -> Iterator[str]:
    shape = model.shapes[shape_name]
    if shape.type == "map":
        entries = ((f"{key}=", entry, shape.value) for key, entry in value.items())
        yield from _separated("{", entries, "}", model, depth)
    else:
        members = ((f"{lower_first(name)}=", value.get(name), target) for name, target in shape.members.items())
        yield from _separated(f"{shape.name}(", members, ")", model, depth)


def _separated(start: str, parts: Iterator[tuple[str, Any, str]], end: str, model: Model, depth: int) -> Iterator[str]:
    """Labelled values of the named shapes, between commas."""
    before = start
    for label, value, shape_name in parts:
        yield before + label
        yield from _pieces(value, shape_name, model, depth - 1)
        before = ", "
    yield end if before == ", " else start + end


def as_json(value: Any, shape_name: str, model: Model) -> str:
    """The value as compact JSON; scalars are printed bare, and what JSON cannot nest as Java prints it."""
    if isinstance(value, (dict, list)):
        try:
            return orjson.dumps(value).decode()
        except orjson.JSONEncodeError:
            pass
    return as_java(value, shape_name, model)
