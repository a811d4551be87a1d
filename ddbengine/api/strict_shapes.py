"""JSON types of SearchVectors, which the service reads with another, strict deserialiser (FACTS 1.5).

A required member that is null, and any member of a wrong type, is refused in that deserialiser's words; one that is
absent is named.  Both tell the column behind what was read last, here as if the body had no blanks.  Attribute values
are read as everywhere.
"""

from __future__ import annotations

from typing import Any

import orjson

from ddbengine._core import JsonTypeFault
from ddbengine.api.model import Model, Shape
from ddbengine.api.shapes import Coerce
from ddbengine.errors import ValidationException

__all__ = ["STRICT_OPERATIONS", "strict"]

STRICT_OPERATIONS = frozenset({"SearchVectors"})

_EXPECTED = {"string": "a string", "integer": "i32", "list": "a sequence", "map": "a map"}
_PYTHON_TYPES = {"string": str, "integer": int, "list": list, "map": dict}
_INTEGER_BITS = 32


def strict(shape: Shape, model: Model, coerce: Coerce) -> Coerce:
    """The closure of an operation's input shape that refuses what ``coerce`` would let pass."""
    kinds = {name: model.shapes[target].type for name, target in shape.members.items()}

    def coerce_strictly(value: Any) -> Any:
        if type(value) is dict:
            for name, member in value.items():
                problem = _problem(kinds.get(name), member, name in shape.required)
                if problem is not None:
                    raise JsonTypeFault(f"{problem} at line 1 column {_column_behind(value, name)}")
            for name in shape.required:
                if name not in value:
                    raise ValidationException(f"missing field `{name}` at line 1 column {_length(value)}")
        return coerce(value)

    return coerce_strictly


def _problem(kind: str | None, member: Any, is_required: bool) -> str | None:
    """What is wrong with a member's type, None for nothing."""
    if kind is None or (member is None and not is_required):
        return None
    expected = _EXPECTED[kind]
    if type(member) is not _PYTHON_TYPES[kind]:
        return f"invalid type: {_named(member)}, expected {expected}"
    if isinstance(member, int) and member.bit_length() >= _INTEGER_BITS:
        return f"invalid value: {_named(member)}, expected {expected}"
    return None


def _named(member: Any) -> str:
    if member is None:
        return "null"
    if type(member) is list:
        return "sequence"
    if type(member) is dict:
        return "map"
    if type(member) is str:
        return f"string {orjson.dumps(member).decode()}"
    names = {bool: "boolean", int: "integer", float: "floating point"}
    return f"{names[type(member)]} `{orjson.dumps(member).decode()}`"


def _column_behind(members: dict[str, Any], name: str) -> int:
    """How many characters of the request there are up to the end of a member."""
    until = dict(list(members.items())[: list(members).index(name) + 1])
    return _length(until) - 1


def _length(value: Any) -> int:
    """The characters of a JSON value without blanks; it may be nested more deeply than orjson writes."""
    length, rest = 0, [value]
    while rest:
        one = rest.pop()
        if type(one) is dict:
            length += 1 + max(1, len(one)) + sum(len(orjson.dumps(name).decode()) + 1 for name in one)
            rest.extend(one.values())
        elif type(one) is list:
            length += 1 + max(1, len(one))
            rest.extend(one)
        else:
            length += len(orjson.dumps(one).decode())
    return length
