"""Requests that break one constraint of the service model each, for every operation and every member."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ddbengine.api.model import Model, Shape
from tools.smallest import lengths_of, model_of, required_of, smallest, smallest_request

Wrap = Callable[[Any], dict[str, Any]]
"""Puts a value where it belongs in a request that is otherwise in order."""

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/abc"
ABSENT, ENUM, PATTERN, SHORT, LONG, LOW, HIGH = "absent", "enum", "pattern", "short", "long", "low", "high"


@dataclass(frozen=True, slots=True)
class Broken:
    """A request with one member out of order."""

    operation: str
    route: str
    """Dotted path of members."""
    path: str
    """The same as the older layer spells it."""
    newer_path: str
    kind: str
    shape: Shape
    value: Any
    """None when the member is absent."""
    request: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.operation}-{self.route}-{self.kind}"


@dataclass(frozen=True, slots=True)
class _Place:
    operation: str
    model: Model
    route: str
    path: str
    newer_path: str
    wrap: Wrap

    def broken(self, kind: str, shape: Shape, value: Any) -> Broken:
        request = self.wrap(value)
        return Broken(self.operation, self.route, self.path, self.newer_path, kind, shape, value, request)

    def below(self, member: str, whole: dict[str, Any]) -> _Place:
        """The place of a member of the structure ``whole``; None leaves the member out."""

        def wrap(value: Any) -> dict[str, Any]:
            others = {name: other for name, other in whole.items() if name != member}
            return self.wrap(others if value is None else others | {member: value})

        older = member[:1].lower() + member[1:]
        return _Place(
            self.operation,
            self.model,
            f"{self.route}.{member}" if self.route else member,
            f"{self.path}.{older}" if self.path else older,
            f"{self.newer_path}.{member}" if self.newer_path else member,
            wrap,
        )

    def element(self, key: str, wrap: Wrap) -> _Place:
        path, newer_path = f"{self.path}.{key}.member", f"{self.newer_path}.{key}.member"
        return _Place(self.operation, self.model, self.route, path, newer_path, wrap)


def of_operation(operation: str) -> Iterator[Broken]:
    """Each constraint of each member of the operation's request, broken once."""
    model = model_of(operation)
    base = smallest_request(operation)
    if "ResourceArn" in base:
        base["ResourceArn"] = ARN  # Of what is no ARN nothing else is told (FACTS 5.12).
    root = _Place(operation, model, "", "", "", lambda value: value)
    return _structure(root, model.input(operation), base)


def _below(place: _Place, name: str) -> Iterator[Broken]:
    shape = place.model.shapes[name]
    whole = smallest(place.model, place.operation, name, place.route)
    if name == "AttributeValue":
        return
    if shape.type == "structure":
        yield from _structure(place, shape, whole)
        return
    yield from _own(place, shape, whole)
    if shape.type == "list":
        rest = whole[1:]
        yield from _below(place.element("1", lambda value: place.wrap([value, *rest])), shape.element)
    elif shape.type == "map":
        (key,) = whole
        value = place.model.shapes[shape.value]
        yield from _below(place.element(key, lambda value: place.wrap({key: value})), value.name)


def _structure(place: _Place, shape: Shape, whole: dict[str, Any]) -> Iterator[Broken]:
    required = required_of(place.operation, shape, place.route)
    for member, target in shape.members.items():
        there = place.below(member, whole)
        if member in required:
            yield there.broken(ABSENT, place.model.shapes[target], None)
        yield from _below(there, target)


def _own(place: _Place, shape: Shape, whole: Any) -> Iterator[Broken]:
    """The constraints of a value itself."""
    if shape.enum:
        yield place.broken(ENUM, shape, "BOGUS")
    elif shape.type in ("integer", "long", "double"):
        if shape.minimum is not None:
            yield place.broken(LOW, shape, shape.minimum - 1)
        if shape.maximum is not None:
            yield place.broken(HIGH, shape, shape.maximum + 1)
    else:
        least, most = lengths_of(place.operation, shape, place.route)
        if least:
            yield place.broken(SHORT, shape, _resized(whole, least - 1))
        if most is not None:
            yield place.broken(LONG, shape, _resized(whole, most + 1))
        if shape.pattern is not None:
            yield place.broken(PATTERN, shape, _unmatched(shape.pattern, least or 1))


def _resized(whole: Any, size: int) -> Any:
    """The value with as many characters, elements or entries."""
    if isinstance(whole, str):
        return (whole * (size // max(len(whole), 1) + 1))[:size]
    if isinstance(whole, list):
        return (whole * (size // max(len(whole), 1) + 1))[:size]
    entry = next(iter(whole.values()))
    return {f"key{number}": entry for number in range(size)}


def _unmatched(pattern: str, size: int) -> str:
    """Text of this size that breaks the pattern."""
    python = pattern.replace(r"\p{Print}", r"[\x20-\x7e]").replace(r"\uD800\uDC00-\uDBFF\uDFFF", "")
    return next(text for text in ("!" * size, "$" * size, "\x07" * size) if not re.fullmatch(python, text))
