"""The parameters that came before expressions, as the same conditions, updates and projections (FACTS 4.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.expressions.condition import Condition, condition_template
from ddbengine.expressions.key_condition import NOT_INDEXABLE, KeyClause, KeyCondition
from ddbengine.expressions.projection import Projection
from ddbengine.expressions.syntax import (
    And,
    Between,
    Comparison,
    ConditionNode,
    FunctionCall,
    In,
    Not,
    Or,
    PathOperand,
    ValueOperand,
)
from ddbengine.expressions.update import EditOf, Update, UpdateShape, adding, removing, replacing, subtracting

Encode = Callable[[Any], bytes]
"""Encodes one wire value, or raises ValidationException in the words of the operation."""

_INVALID: Final = "One or more parameter values were invalid: "
_TYPE_MISMATCH: Final = "Type mismatch for attribute to update"
_SCALARS: Final = frozenset({"S", "N", "B"})
_SETS: Final = frozenset({"SS", "NS", "BS"})
_ADDABLE: Final = _SETS | {"N", "L"}


class _Operator(NamedTuple):
    """A ComparisonOperator: how many values it takes, of which types (None: any), and what it does on a key."""

    least: int
    most: int | None
    types: frozenset[str] | None
    key_operator: str = NOT_INDEXABLE


# FACTS 4.8 (a row of tag C) allows only S, N, B and sets for EQ and NE.  DynamoDB Local and the public documentation
# allow every type, and `Expected: {"a": {"Value": {"BOOL": true}}}` is in use, so every type is allowed here.
_OPERATORS: Final = {
    "EQ": _Operator(1, 1, None, "="),
    "NE": _Operator(1, 1, None),
    "LE": _Operator(1, 1, _SCALARS, "<="),
    "LT": _Operator(1, 1, _SCALARS, "<"),
    "GE": _Operator(1, 1, _SCALARS, ">="),
    "GT": _Operator(1, 1, _SCALARS, ">"),
    "NULL": _Operator(0, 0, None),
    "NOT_NULL": _Operator(0, 0, None),
    "CONTAINS": _Operator(1, 1, _SCALARS),
    "NOT_CONTAINS": _Operator(1, 1, _SCALARS),
    "BEGINS_WITH": _Operator(1, 1, frozenset({"S", "B"}), "begins_with"),
    "IN": _Operator(1, None, _SCALARS),
    "BETWEEN": _Operator(2, 2, _SCALARS, "BETWEEN"),
}
_COMPARATORS: Final = {"EQ": "=", "NE": "<>", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}


def check_mixing(request: Mapping[str, Any], legacy: Sequence[str], expressions: Sequence[str]) -> None:
    """Raise ValidationException when a request has members of both kinds; both lists are in the order of the message.

    KeyConditions may stand beside expressions as long as KeyConditionExpression is not one of them.
    """
    if request.keys().isdisjoint(expressions) or request.keys().isdisjoint(legacy):
        return
    new = [member for member in expressions if member in request]
    old = [member for member in legacy if member in request]
    if "KeyConditions" in old and "KeyConditionExpression" not in new:
        old.remove("KeyConditions")
    if old:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(new)}}}"
        )


class _LegacyCondition(NamedTuple):
    operator: str
    values: tuple[bytes, ...]


def legacy_condition(
    conditions: Mapping[str, Mapping[str, Any]], operator: str | None, member: str, encode: Encode
) -> Condition:
    """Expected, QueryFilter or ScanFilter (``member``), joined by ConditionalOperator; raise ValidationException.

    ``conditions`` maps at least one attribute name to a condition in wire form.
    """
    read = _read_expected if member == "Expected" else _read_condition
    nodes: list[ConditionNode] = []
    names: dict[str, str | None] = {}
    values: dict[str, bytes] = {}
    for position, (name, wire) in enumerate(conditions.items()):
        condition = read(name, wire, encode)
        alias = f"#{position}"
        names[alias] = name
        operands = []
        for number, value in enumerate(condition.values):
            operands.append(ValueOperand(f":{position}_{number}"))
            values[operands[-1].alias] = value
        nodes.append(_node(condition.operator, PathOperand((alias,)), operands))
    root = nodes[0] if len(nodes) == 1 else (Or if operator == "OR" else And)(tuple(nodes))
    template = condition_template(root, names)
    return Condition(template.make(values), template.paths)


def _node(operator: str, attribute: PathOperand, operands: list[ValueOperand]) -> ConditionNode:
    if operator in _COMPARATORS:
        return Comparison(_COMPARATORS[operator], attribute, operands[0])
    if operator == "BETWEEN":
        return Between(attribute, operands[0], operands[1])
    if operator == "IN":
        return In(attribute, tuple(operands), is_bounded=False)
    if operator == "NULL":
        return FunctionCall("attribute_not_exists", (attribute,))
    exists = FunctionCall("attribute_exists", (attribute,))
    if operator == "NOT_NULL":
        return exists
    if operator == "NOT_CONTAINS":  # unlike NOT contains(), false for a missing attribute
        return And((exists, Not(FunctionCall("contains", (attribute, operands[0])))))
    return FunctionCall(operator.lower(), (attribute, operands[0]))


def _read_condition(name: str, wire: Mapping[str, Any], encode: Encode) -> _LegacyCondition:
    """An entry of QueryFilter, ScanFilter or KeyConditions: the content of its values is checked first."""
    operator, wires = wire["ComparisonOperator"], wire.get("AttributeValueList") or ()
    values = tuple([encode(value) for value in wires])
    _check_values(operator, wires, encode)
    return _LegacyCondition(operator, values)


def _read_expected(name: str, wire: Mapping[str, Any], encode: Encode) -> _LegacyCondition:
    """An entry of Expected: the content of its values is checked last (the order of FACTS 4.8)."""
    operator, value, values = wire.get("ComparisonOperator"), wire.get("Value"), wire.get("AttributeValueList")
    exists = wire.get("Exists")
    if value is not None and values is not None:
        raise ValidationException(
            f"{_INVALID}Value and AttributeValueList cannot be used together for Attribute: {name}"
        )
    if operator is not None:
        if exists is not None:
            raise ValidationException(
                f"{_INVALID}Exists and ComparisonOperator cannot be used together for Attribute: {name}"
            )
        wires = values if value is None else [value]
        if wires is None and _OPERATORS[operator].least > 0:
            raise ValidationException(
                f"{_INVALID}Value or AttributeValueList must be used with ComparisonOperator: {operator} "
                f"for Attribute: {name}"
            )
        _check_values(operator, wires or (), encode)
        return _LegacyCondition(operator, tuple([encode(wire_value) for wire_value in wires or ()]))
    if values is not None:
        raise ValidationException(
            f"{_INVALID}AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
        )
    return _read_exists(name, exists, value, encode)


def _read_exists(name: str, exists: bool | None, value: Any, encode: Encode) -> _LegacyCondition:
    if exists is False:
        if value is not None:
            raise ValidationException(f"{_INVALID}Value cannot be used when Exists is false for Attribute: {name}")
        return _LegacyCondition("NULL", ())
    if value is None:
        said = "null" if exists is None else "true"
        raise ValidationException(f"{_INVALID}Value must be provided when Exists is {said} for Attribute: {name}")
    return _LegacyCondition("EQ", (encode(value),))


def _check_values(operator: str, wires: Sequence[Mapping[str, Any]], encode: Encode) -> None:
    least, most, types, _ = _OPERATORS[operator]
    if len(wires) < least or (most is not None and len(wires) > most):
        raise ValidationException(f"{_INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator")
    type_names = [next(iter(wire), "") for wire in wires]
    if len(set(type_names)) > 1:
        raise ValidationException(f"{_INVALID}AttributeValues inside AttributeValueList must be of same type")
    for type_name in type_names:
        if types is not None and type_name not in types:
            raise ValidationException(
                f"{_INVALID}ComparisonOperator {operator} is not valid for {type_name} AttributeValue type"
            )
    if operator == "BETWEEN" and _core.compare(encode(wires[0]), encode(wires[1])) == 1:
        raise ValidationException(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )


def legacy_key_conditions(conditions: Mapping[str, Mapping[str, Any]], encode: Encode) -> KeyCondition:
    """KeyConditions; raise ValidationException for what is wrong without knowing the table."""
    clauses = {}
    for name, wire in conditions.items():
        condition = _read_condition(name, wire, encode)
        clauses[name] = KeyClause(_OPERATORS[condition.operator].key_operator, condition.values)
    return KeyCondition.of(clauses)


def legacy_projection(attributes_to_get: Sequence[str]) -> Projection:
    """AttributesToGet: whole top-level attributes; raise ValidationException for a name given twice."""
    seen: set[str] = set()
    for name in attributes_to_get:
        if name in seen:
            raise ValidationException(f"{_INVALID}Duplicate value in attribute name: {name}")
        seen.add(name)
    return Projection(tuple((name,) for name in attributes_to_get), dict.fromkeys(attributes_to_get))


def legacy_updates(attribute_updates: Mapping[str, Mapping[str, Any]], encode: Encode) -> Update:
    """AttributeUpdates: whole top-level attributes; raise ValidationException, entry by entry (FACTS 3.5, 4.8)."""
    edits: list[EditOf] = [_legacy_edit(update, encode) for update in attribute_updates.values()]
    shape = UpdateShape(
        paths=tuple((name,) for name in attribute_updates),
        tree=dict.fromkeys(attribute_updates),
        order=range(len(attribute_updates)),
        creates=not attribute_updates
        or any(update.get("Action", "PUT") != "DELETE" for update in attribute_updates.values()),
        is_expression=False,
    )
    return Update(shape, edits, {})


def _legacy_edit(update: Mapping[str, Any], encode: Encode) -> EditOf:
    action, wire = update.get("Action", "PUT"), update.get("Value")
    if wire is None:
        if action != "DELETE":
            raise ValidationException(f"{_INVALID}Only DELETE action is allowed when no attribute value is specified")
        return removing
    value = encode(wire)
    type_name = _core.type_of(value)
    if action == "DELETE":
        if type_name not in _SETS:
            raise ValidationException(f"{_INVALID}DELETE action with value is not supported for the type {type_name}")
        return subtracting(value, _TYPE_MISMATCH)
    if action == "ADD":
        if type_name not in _ADDABLE:
            raise ValidationException(f"{_INVALID}ADD action is not supported for the type {type_name}")
        return adding(value, _TYPE_MISMATCH)
    return replacing(value)
