"""SearchConditionExpression: equalities of top-level attributes with values, joined by AND (FACTS 5.15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ddbengine.expressions.condition import parsed_condition
from ddbengine.expressions.faults import ExpressionFault, named, undefined_value
from ddbengine.expressions.paths import Names, Path, resolve_path
from ddbengine.expressions.placeholders import Placeholders
from ddbengine.expressions.syntax import And, Comparison, ConditionNode, PathOperand, ValueOperand

KIND = "SearchConditionExpression"

_COMPARATOR = "Invalid comparator used in SearchConditionExpression"


class Equality(NamedTuple):
    path: Path
    value: bytes
    """Encoded."""


class SearchCondition:
    """A search condition bound to the names and values of a request."""

    __slots__ = ("equalities",)

    def __init__(self, equalities: tuple[Equality, ...]) -> None:
        self.equalities = equalities

    def values(self) -> dict[str, bytes]:
        """The value each attribute is to have; raise ValidationException for nested attributes and repeated ones.

        The service looks at this after it has found all attributes in the index's search schema.
        """
        if any(len(equality.path) > 1 for equality in self.equalities):
            raise named(KIND, ExpressionFault(f"{KIND} cannot have conditions on nested attributes"))
        values = {str(equality.path[0]): equality.value for equality in self.equalities}
        if len(values) < len(self.equalities):
            raise named(KIND, ExpressionFault(f"{KIND} must only contain one condition per attribute"))
        return values


def compile_search_condition(text: str, placeholders: Placeholders) -> SearchCondition:
    """Compile a SearchConditionExpression; raise ValidationException."""
    try:
        parsed = parsed_condition(text)
        placeholders.use(parsed.aliases)
        names = {alias: placeholders.names.get(alias) for alias in parsed.names}
        return SearchCondition(tuple(_equalities(parsed.root, names, placeholders)))
    except ExpressionFault as fault:
        raise named(KIND, fault) from None


def _equalities(node: ConditionNode, names: Names, placeholders: Placeholders) -> Iterator[Equality]:
    if isinstance(node, And):
        for condition in node.conditions:
            yield from _equalities(condition, names, placeholders)
        return
    if not isinstance(node, Comparison) or node.operator != "=":
        raise ExpressionFault(_COMPARATOR)
    left, right = node.left, node.right
    if isinstance(left, ValueOperand):
        left, right = right, left
    if not isinstance(left, PathOperand) or not isinstance(right, ValueOperand):
        raise ExpressionFault(_COMPARATOR)
    path = resolve_path(left, names)
    value = placeholders.values.get(right.alias)
    if value is None:
        raise undefined_value(right.alias)
    yield Equality(path, value)
