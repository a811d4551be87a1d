"""How the service's older validation layer prints a value inside its message (FACTS 3.1).

Scalars appear as sent, containers as Java prints them: ``[a, b]``, ``{key=value}``,
``KeySchemaElement(attributeName=pk, keyType=HASH)`` with absent members as null.  BatchGetItem prints
its map as JSON.  What is nested deeper than any document may be is cut short, so that a hostile
request costs no more than its size.
"""

from __future__ import annotations

from typing import Any

import orjson

from ddbengine.api.model import Model

__all__ = ["as_java", "as_json", "lower_first"]

_MAX_DEPTH = 80
_CUT = "..."


def lower_first(name: str) -> str:
    """A member's name as the older layer spells it: ``TableName`` is ``tableName``."""
    return name[:1].lower() + name[1:]


def as_java(value: Any, shape_name: str, model: Model) -> str:
    """The value of a shape as Java prints it."""
    return _java(value, shape_name, model, _MAX_DEPTH)


def _java(value: Any, shape_name: str, model: Model, depth: int) -> str:
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if not isinstance(value, (dict, list)):
        return str(value)
    return _java_container(value, shape_name, model, depth - 1) if depth else _CUT


def _java_container(value: Any, shape_name: str, model: Model, depth: int) -> str:
    shape = model.shapes[shape_name]
    if shape.type == "list":
        return f"[{', '.join(_java(element, shape.element, model, depth) for element in value)}]"
    if shape.type == "map":
        entries = (f"{key}={_java(entry, shape.value, model, depth)}" for key, entry in value.items())
        return f"{{{', '.join(entries)}}}"
    members = (
        f"{lower_first(member)}={_java(value.get(member), target, model, depth)}"
        for member, target in shape.members.items()
    )
    return f"{shape.name}({', '.join(members)})"


def as_json(value: Any, shape_name: str, model: Model) -> str:
    """The value as compact JSON; text is printed bare, as the older layer does everywhere."""
    return value if isinstance(value, str) else orjson.dumps(_cut(value, _MAX_DEPTH)).decode()


def _cut(value: Any, depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        return _CUT
    if isinstance(value, list):
        return [_cut(element, depth - 1) for element in value]
    return {key: _cut(entry, depth - 1) for key, entry in value.items()}
