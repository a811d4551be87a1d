"""What decides a condition for one stored item.  Nothing here refuses anything; see ``condition``.

Whole attributes beside literal values, and AND, OR and NOT, are tests of ``_core``; the rest are closures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from ddbengine import _core
from ddbengine.expressions.operands import BoundOperand

Predicate = Callable[["_core.Buffer"], bool]

# Equal values have equal bytes, unless a map, whose order is kept, is among them.
_MAP_HOLDERS = ("M", "L")


def wire_of(value: bytes) -> dict[str, Any]:
    """An encoded value as DynamoDB JSON, parsed: ``{"S": "x"}``."""
    wire: dict[str, Any] = orjson.loads(_core.value_to_wire(value))
    return wire


def negation(predicate: Predicate) -> Predicate:
    return _core.Negation(predicate)


def all_of(predicates: Sequence[Predicate]) -> Predicate:
    return _core.AllOf(predicates)


def any_of(predicates: Sequence[Predicate]) -> Predicate:
    return _core.AnyOf(predicates)


def _attribute_name(operand: BoundOperand) -> str | None:
    """The name of a whole attribute; None for any other operand."""
    path = operand.path
    return str(path[0]) if path is not None and len(path) == 1 else None


def comparison(operator: str, left: BoundOperand, right: BoundOperand) -> Predicate:
    if operator == "=":
        return _equality(left, right)
    if operator == "<>":
        return negation(_equality(left, right))
    wanted = _ORDERS[operator]
    fetch, other, compare = left.fetch, right.fetch, _core.compare
    if right.constant is not None:
        constant, name = right.constant, _attribute_name(left)
        if name is not None:
            return _core.AttributeTest(name, operator, constant)

        def ordered_to_constant(item: _core.Buffer) -> bool:
            value = fetch(item)
            return value is not None and compare(value, constant) in wanted

        return ordered_to_constant

    def ordered(item: _core.Buffer) -> bool:
        first, second = fetch(item), other(item)
        return first is not None and second is not None and compare(first, second) in wanted

    return ordered


_ORDERS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0)}


def _equality(left: BoundOperand, right: BoundOperand) -> Predicate:
    if left.constant is not None:
        left, right = right, left
    fetch, other, equal = left.fetch, right.fetch, _core.equal
    constant = right.constant
    if constant is not None and right.type not in _MAP_HOLDERS:
        name = _attribute_name(left)
        if name is not None:
            return _core.AttributeTest(name, "=", constant)
        return lambda item: fetch(item) == constant

    def same(item: _core.Buffer) -> bool:
        first, second = fetch(item), other(item)
        return first is not None and second is not None and equal(first, second)

    return same


def between(operand: BoundOperand, low: BoundOperand, high: BoundOperand) -> Predicate:
    return all_of([comparison(">=", operand, low), comparison("<=", operand, high)])


def any_equal(operand: BoundOperand, choices: Sequence[BoundOperand]) -> Predicate:
    constants = [choice.constant for choice in choices if choice.type not in _MAP_HOLDERS]
    if len(constants) == len(choices) and None not in constants:
        members, fetch = frozenset(constants), operand.fetch

        def is_member(item: _core.Buffer) -> bool:
            value = fetch(item)
            return value is not None and value in members

        if operand.type not in _MAP_HOLDERS:
            return is_member
    return any_of([_equality(operand, choice) for choice in choices])


def exists(operand: BoundOperand) -> Predicate:
    name, fetch = _attribute_name(operand), operand.fetch
    return _core.AttributeTest(name, "exists") if name is not None else lambda item: fetch(item) is not None


def missing(operand: BoundOperand) -> Predicate:
    return negation(exists(operand))


def has_type(operand: BoundOperand, type_name: str) -> Predicate:
    fetch, type_of = operand.fetch, _core.type_of

    def check(item: _core.Buffer) -> bool:
        value = fetch(item)
        return value is not None and type_of(value) == type_name

    return check


def begins_with(operand: BoundOperand, prefix: BoundOperand) -> Predicate:
    name = _attribute_name(operand)
    if name is not None and prefix.constant is not None:
        return _core.AttributeTest(name, "begins_with", prefix.constant)
    return _pairwise(_core.begins_with, operand, prefix)


def contains(container: BoundOperand, member: BoundOperand) -> Predicate:
    return _pairwise(_core.contains, container, member)


def _pairwise(
    decide: Callable[[bytes, bytes], bool], first_operand: BoundOperand, second_operand: BoundOperand
) -> Predicate:
    fetch, other = first_operand.fetch, second_operand.fetch

    def check(item: _core.Buffer) -> bool:
        first, second = fetch(item), other(item)
        return first is not None and second is not None and decide(first, second)

    return check
