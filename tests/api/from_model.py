"""Strategies over the service model: values of a shape's type, and values that keep its constraints."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from ddbengine.api.constraint_tables import ADJUSTMENTS, table_of
from ddbengine.api.model import Model, Shape, load

_NAMES = st.sampled_from(["abc", "Table_1", "a.b-c", "x" * 255, "arn:aws:dynamodb:us-east-1:000000000000:table/abc"])
_MOST_ELEMENTS = 3

# The patterns that hypothesis cannot read, as strategies.
_PATTERNS: dict[str, st.SearchStrategy[str]] = {
    r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*": st.text("abc \t", min_size=1, max_size=9),
    r"\p{Print}+": st.text("abc ~", min_size=1, max_size=9),
}

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
"""Whatever JSON can hold."""

attribute_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"S": st.text(max_size=5)}),
        st.fixed_dictionaries({"N": st.integers().map(str)}),
        st.fixed_dictionaries({"B": st.sampled_from(["", "AA==", "AAE=", "AAEC"])}),
        st.fixed_dictionaries({"BOOL": st.booleans()}),
        st.just({"NULL": True}),
        st.fixed_dictionaries({"SS": st.lists(st.text(max_size=3), min_size=1, max_size=3, unique=True)}),
    ),
    lambda inner: (
        st.fixed_dictionaries({"L": st.lists(inner, max_size=2)})
        | st.fixed_dictionaries({"M": st.dictionaries(st.text(max_size=3), inner, max_size=2)})
    ),
    max_leaves=4,
)
"""Well-formed attribute values in wire form."""


@cache
def typed(name: str) -> st.SearchStrategy[Any]:
    """Values of a shape's JSON type, whatever they hold."""
    shape = load().shapes[name]
    if name == "AttributeValue":
        return attribute_values
    if shape.type == "structure":
        members = {member: typed(target) for member, target in shape.members.items()}
        return st.fixed_dictionaries({}, optional=members)
    if shape.type == "list":
        return st.lists(typed(shape.element), max_size=_MOST_ELEMENTS)
    if shape.type == "map":
        return st.dictionaries(_NAMES | st.text(max_size=3), typed(shape.value), max_size=_MOST_ELEMENTS)
    if shape.type == "string":
        chosen = st.sampled_from(shape.enum) if shape.enum else _NAMES
        return chosen | st.text(max_size=4) | st.integers(0, 2000).map("x".__mul__)
    if shape.type == "boolean":
        return st.booleans()
    return st.integers(-2, 200) | st.integers(-(2**31), 2**31 - 1)


def _valid_string(name: str, shape: Shape) -> st.SearchStrategy[str]:
    if name == "TableArn":
        return _NAMES
    if shape.enum:
        return st.sampled_from(shape.enum)
    if shape.pattern is not None:
        if shape.pattern in _PATTERNS:
            return _PATTERNS[shape.pattern]
        strategy = st.from_regex(shape.pattern, fullmatch=True, alphabet="abcdef0123456789-.,;")
        return strategy.filter(lambda text: (shape.minimum or 0) <= len(text) <= (shape.maximum or 10**6))
    lengths = ADJUSTMENTS.lengths.get(name, (shape.minimum, shape.maximum))
    least = lengths[0] or 0
    most = min(lengths[1] or least + 5, least + 5)
    return st.text("abc é中", min_size=least, max_size=most)


def _valid(model: Model, operation: str, name: str, route: str) -> st.SearchStrategy[Any]:
    shape = model.shapes[name]
    if name == "AttributeValue":
        return attribute_values
    if shape.type == "structure":
        members = {
            member: _valid(model, operation, target, f"{route}.{member}" if route else member)
            for member, target in shape.members.items()
        }
        required = (*shape.required, *(table_of(operation).required if not route else ()))
        return st.fixed_dictionaries(
            {member: members[member] for member in required},
            optional={member: strategy for member, strategy in members.items() if member not in required},
        )
    if shape.type == "string":
        return _valid_string(name, shape)
    if shape.type == "boolean":
        return st.booleans()
    lengths = table_of(operation).lengths.get(route) or ADJUSTMENTS.lengths.get(name, (shape.minimum, shape.maximum))
    if shape.type in ("list", "map"):
        least = lengths[0] or 0
        most = min(lengths[1] or least + _MOST_ELEMENTS, least + _MOST_ELEMENTS)
        if shape.type == "list":
            return st.lists(_valid(model, operation, shape.element, route), min_size=least, max_size=most)
        keys = _NAMES if shape.key == "TableArn" else st.text(max_size=3)
        return st.dictionaries(keys, _valid(model, operation, shape.value, route), min_size=least, max_size=most)
    least = shape.minimum if shape.minimum is not None else -(2**31)
    return st.integers(least, shape.maximum if shape.maximum is not None else 2**31 - 1)


@cache
def valid_requests(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Requests of an operation that break no type and no constraint."""
    model = load()
    return _valid(model, operation, model.operations[operation], "")
