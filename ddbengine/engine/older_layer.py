"""Single-item writes that the service's older validation layer reads before the newer one (FACTS 2.5, 3.3, 3.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LEVELS = 62
"""Past about this many M and L around a value."""


def is_deep(request: Mapping[str, Any]) -> bool:
    """Whether some value of a PutItem, UpdateItem or DeleteItem request is so deep that the older layer answers."""
    return any(_nested_past(_LEVELS, value) for value in _values_of(request))


def _values_of(request: Mapping[str, Any]) -> Iterator[Any]:
    """The attribute values of a single-item write, in whatever member they stand."""
    for member in ("Item", "Key", "ExpressionAttributeValues"):
        yield from request.get(member, {}).values()
    for member in ("Expected", "AttributeUpdates"):
        for entry in request.get(member, {}).values():
            yield from (entry[name] for name in ("Value",) if name in entry)
            yield from entry.get("AttributeValueList", ())


def _nested_past(levels: int, value: Any) -> bool:
    """Whether more than this many M and L stand around some scalar of a wire value."""
    front = [value]
    for _ in range(levels + 1):
        front = [inner for outer in front for inner in (*outer.get("M", {}).values(), *outer.get("L", ()))]
        if not front:
            return False
    return True
