"""The smallest request of an operation that keeps the service model's types and constraints, and parts of one."""

from __future__ import annotations

import re
from typing import Any

from ddbengine.api.constraint_tables import ADJUSTMENTS, table_of
from ddbengine.api.model import SERVICE, STREAMS_SERVICE, Model, Shape, load
from ddbengine.engine.operations import STREAM_OPERATIONS

__all__ = ["lengths_of", "model_of", "required_of", "smallest", "smallest_request"]

_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/abc/stream/2026-01-01T00:00:00.000"
_TEXTS = ("a", "abc", "aa", _ARN, "0" * 12, "0" * 16, "0" * 112, ",", "a" * 28, "0-0-0-0-0")
_UUID = "00000000-0000-0000-0000-000000000000"


def model_of(operation: str) -> Model:
    """The service model that the operation belongs to."""
    return load(STREAMS_SERVICE if operation in STREAM_OPERATIONS else SERVICE)


def smallest_request(operation: str) -> dict[str, Any]:
    """What the operation demands and nothing else."""
    model = model_of(operation)
    return dict(smallest(model, operation, model.operations[operation], ""))


def required_of(operation: str, shape: Shape, route: str) -> tuple[str, ...]:
    """The members a structure must have; ``route`` is the dotted path of members from the request to it."""
    return (*shape.required, *(table_of(operation).required if not route else ()))


def lengths_of(operation: str, shape: Shape, route: str) -> tuple[int | None, int | None]:
    """The lengths that text, a list or a map must keep there."""
    model = (shape.minimum, shape.maximum)
    return table_of(operation).lengths.get(route) or ADJUSTMENTS.lengths.get(shape.name, model)


def smallest(model: Model, operation: str, name: str, route: str) -> Any:
    """A value of the shape that keeps all its constraints."""
    shape = model.shapes[name]
    if name == "AttributeValue":
        return {"S": "a"}
    if shape.type == "structure":
        return {
            member: smallest(model, operation, shape.members[member], f"{route}.{member}" if route else member)
            for member in required_of(operation, shape, route)
        }
    if shape.type == "list":
        least = max(lengths_of(operation, shape, route)[0] or 0, 1)
        return [smallest(model, operation, shape.element, route)] * least
    if shape.type == "map":
        key = smallest(model, operation, shape.key, route)
        return {key: smallest(model, operation, shape.value, route)}
    if shape.type == "string":
        return _smallest_text(operation, shape, route)
    if shape.type == "boolean":
        return True
    return "AAEC" if shape.type == "blob" else max(shape.minimum or 0, 1)


def _smallest_text(operation: str, shape: Shape, route: str) -> str:
    if shape.enum:
        return shape.enum[0]
    if route.rpartition(".")[2] == "TableName" or shape.name == "TableArn":
        return "abc"
    least, most = lengths_of(operation, shape, route)
    pattern = (shape.pattern or "").replace(r"\p{Print}", r"[\x20-\x7e]").replace(r"\uD800\uDC00-\uDBFF\uDFFF", "")
    for text in (*_TEXTS, _UUID):
        if (least or 0) <= len(text) <= (most or len(text)) and (not pattern or re.fullmatch(pattern, text)):
            return text
    raise LookupError(f"no text is known that keeps the constraints of {shape.name}: {shape}")
