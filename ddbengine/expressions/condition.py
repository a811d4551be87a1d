"""Conditions and filters: from text to a predicate over stored items.

Evaluation (FACTS 4.7): a comparison with a missing attribute is false, but ``<>`` is true; values of different types
are unequal and have no order.  Each node becomes a closure over ``_core`` functions, so nothing is dispatched per item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ddbengine import _core
from ddbengine.expressions import predicates
from ddbengine.expressions.caching import CACHED_TEXTS_MAX
from ddbengine.expressions.checks import (
    aliases_of,
    check_condition_words,
    check_operator_count,
    check_text,
    children,
)
from ddbengine.expressions.faults import ExpressionFault, named, operand_count, operand_type, path_required
from ddbengine.expressions.operands import (
    BoundOperand,
    OperandMaker,
    Values,
    check_distinct,
    operand_maker,
    resolved_paths,
)
from ddbengine.expressions.parser import parse_condition
from ddbengine.expressions.paths import Names, Path
from ddbengine.expressions.placeholders import Placeholders
from ddbengine.expressions.predicates import Predicate
from ddbengine.expressions.syntax import And, Between, Comparison, ConditionNode, FunctionCall, In, Not, Or
from ddbengine.limits import IN_MAX_OPERANDS

PredicateMaker = Callable[[Values], Predicate]

ORDERED_TYPES: Final = frozenset({"S", "N", "B"})
ATTRIBUTE_TYPES: Final = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
_FUNCTION_OPERANDS: Final = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
_EMPTY_ITEM: Final = _core.join_map({})


class Condition:
    """A condition bound to the names and values of a request."""

    __slots__ = ("paths", "predicate")

    def __init__(self, predicate: Predicate, paths: tuple[Path, ...]) -> None:
        self.predicate = predicate
        """Whether a stored item fulfils it."""
        self.paths = paths
        """Every document path the condition names."""

    def matches(self, item: _core.Buffer | None) -> bool:
        """Whether a stored item fulfils it; None is an item without attributes."""
        return self.predicate(_EMPTY_ITEM if item is None else item)


def compile_condition(text: str, placeholders: Placeholders, kind: str = "ConditionExpression") -> Condition:
    """Compile a condition or filter; ``kind`` names the parameter in messages.  Raise ValidationException."""
    try:
        parsed = parsed_condition(text)
        placeholders.use(parsed.aliases)
        defined = placeholders.names
        template = _template(text, tuple([defined.get(alias) for alias in parsed.names]))
        return Condition(template.make(placeholders.values), template.paths)
    except ExpressionFault as fault:
        raise named(kind, fault) from None


class ParsedCondition(NamedTuple):
    root: ConditionNode
    names: tuple[str, ...]
    aliases: frozenset[str]


class ConditionTemplate(NamedTuple):
    """A condition bound to names, not yet to values."""

    make: PredicateMaker
    paths: tuple[Path, ...]


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def parsed_condition(text: str) -> ParsedCondition:
    check_text(text)
    root = parse_condition(text)
    check_condition_words(root)
    check_operator_count([root])
    names, values = aliases_of([root])
    return ParsedCondition(root, names, frozenset(names + values))


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def _template(text: str, names: tuple[str | None, ...]) -> ConditionTemplate:
    parsed = parsed_condition(text)
    return condition_template(parsed.root, dict(zip(parsed.names, names, strict=True)))


def condition_template(root: ConditionNode, names: Names) -> ConditionTemplate:
    """Bind a tree to names.  Its depth is bounded by the ceiling on operators, so recursion is safe from here on."""
    paths = dict.fromkeys(resolved_paths(_operands_below(root), names))
    return ConditionTemplate(predicate_maker(root, names), tuple(paths))


def _operands_below(root: ConditionNode) -> list[Any]:
    if isinstance(root, (And, Or, Not)):
        return [operand for child in children(root) for operand in _operands_below(child)]
    return list(children(root))


def predicate_maker(node: ConditionNode, names: Names) -> PredicateMaker:
    if isinstance(node, Not):
        return _not_maker(node, names)
    if isinstance(node, (And, Or)):
        return _junction_maker(node, names)
    operands = [operand_maker(operand, names) for operand in children(node)]
    if isinstance(node, Comparison):
        return _comparison_maker(node.operator, operands)
    if isinstance(node, Between):
        return _between_maker(operands)
    if isinstance(node, In):
        return _in_maker(operands, node.is_bounded)
    return _function_maker(node, operands)


def _not_maker(node: Not, names: Names) -> PredicateMaker:
    # A chain of NOTs is one step here: each would cost a level of the interpreter's stack for every item.
    inner: ConditionNode = node
    negated = False
    while isinstance(inner, Not):
        inner, negated = inner.condition, not negated
    make = predicate_maker(inner, names)
    if not negated:
        return make
    return lambda values: predicates.negation(make(values))


def _junction_maker(node: And | Or, names: Names) -> PredicateMaker:
    makers = [predicate_maker(condition, names) for condition in node.conditions]
    join = predicates.all_of if isinstance(node, And) else predicates.any_of
    return lambda values: join([make(values) for make in makers])


def _comparison_maker(operator: str, makers: Sequence[OperandMaker]) -> PredicateMaker:
    make_left, make_right = makers
    ordered = operator not in ("=", "<>")

    def make(values: Values) -> Predicate:
        left, right = make_left(values), make_right(values)
        if left.path is not None and left.path == right.path:
            check_distinct(operator, (left, right))
        if ordered:
            check_ordered_types(operator, (left, right))
        return predicates.comparison(operator, left, right)

    return make


def _between_maker(makers: Sequence[OperandMaker]) -> PredicateMaker:
    def make(values: Values) -> Predicate:
        operand, low, high = operands = [make_operand(values) for make_operand in makers]
        check_ordered_types("BETWEEN", operands)
        check_distinct("BETWEEN", operands)
        if low.constant is not None and high.constant is not None:
            check_bounds(low.constant, high.constant)
        return predicates.between(operand, low, high)

    return make


def check_ordered_types(operator: str, operands: Sequence[BoundOperand]) -> None:
    for operand in operands:
        if operand.type is not None and operand.type not in ORDERED_TYPES:
            raise operand_type(operator, operand.type)


def check_bounds(low: bytes, high: bytes) -> None:
    """Refuse literal bounds of BETWEEN that differ in type or are reversed (FACTS 4.1)."""
    order = _core.compare(low, high)
    if order is None:
        problem = "requires same data type for lower and upper bounds"
    elif order > 0:
        problem = "requires upper bound to be greater than or equal to lower bound"
    else:
        return
    raise ExpressionFault(
        f"The BETWEEN operator {problem}; lower bound operand: AttributeValue: {_echo(low)}, "
        f"upper bound operand: AttributeValue: {_echo(high)}"
    )


def _echo(value: bytes) -> str:
    """An S, N or B as messages of BETWEEN show it: ``{S:a}``; binary as base64."""
    type_name, content = next(iter(predicates.wire_of(value).items()))
    return f"{{{type_name}:{content}}}"


def _in_maker(makers: Sequence[OperandMaker], is_bounded: bool) -> PredicateMaker:
    def make(values: Values) -> Predicate:
        operand, *choices = operands = [make_operand(values) for make_operand in makers]
        if is_bounded and len(choices) > IN_MAX_OPERANDS:
            raise ExpressionFault(
                f"The IN operator is provided with too many operands; number of operands: {len(choices)}"
            )
        check_distinct("IN", operands)
        return predicates.any_equal(operand, choices)

    return make


def _function_maker(call: FunctionCall, makers: Sequence[OperandMaker]) -> PredicateMaker:
    name = call.name
    expected = _FUNCTION_OPERANDS[name]
    check_and_build = _FUNCTIONS[name]

    def make(values: Values) -> Predicate:
        operands = [make_operand(values) for make_operand in makers]
        if len(operands) != expected:
            raise operand_count(name, len(operands))
        if expected > 1:
            check_distinct(name, operands)
        return check_and_build(operands)

    return make


def _attribute_exists(operands: Sequence[BoundOperand]) -> Predicate:
    if operands[0].path is None:
        raise path_required("attribute_exists")
    return predicates.exists(operands[0])


def _attribute_not_exists(operands: Sequence[BoundOperand]) -> Predicate:
    if operands[0].path is None:
        raise path_required("attribute_not_exists")
    return predicates.missing(operands[0])


def _attribute_type(operands: Sequence[BoundOperand]) -> Predicate:
    operand, wanted = operands
    if wanted.constant is None or wanted.type != "S":
        raise operand_type("attribute_type", wanted.type or "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
    type_name = predicates.wire_of(wanted.constant)["S"]
    if type_name not in ATTRIBUTE_TYPES:
        raise ExpressionFault(
            f"Invalid attribute type name found; type: {type_name}, valid types: {{{','.join(ATTRIBUTE_TYPES)}}}"
        )
    return predicates.has_type(operand, type_name)


def _begins_with(operands: Sequence[BoundOperand]) -> Predicate:
    for operand in operands:
        if operand.type is not None and operand.type not in ("S", "B"):
            raise operand_type("begins_with", operand.type)
    return predicates.begins_with(operands[0], operands[1])


def _contains(operands: Sequence[BoundOperand]) -> Predicate:
    return predicates.contains(operands[0], operands[1])


_FUNCTIONS: Final[dict[str, Callable[[Sequence[BoundOperand]], Predicate]]] = {
    "attribute_exists": _attribute_exists,
    "attribute_not_exists": _attribute_not_exists,
    "attribute_type": _attribute_type,
    "begins_with": _begins_with,
    "contains": _contains,
}
