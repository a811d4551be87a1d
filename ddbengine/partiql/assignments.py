"""SET and REMOVE of a statement as the actions of an update."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ddbengine import _core
from ddbengine.expressions import syntax as api
from ddbengine.expressions.checks import CONDITION_FUNCTIONS, UPDATE_FUNCTIONS, check_operator_count
from ddbengine.expressions.update import UpdateTemplate, update_template
from ddbengine.partiql.faults import Position, StatementFault
from ddbengine.partiql.syntax import (
    Assignment,
    Call,
    Expression,
    Missing,
    Operation,
    Parameter,
    Path,
    Unsupported,
    Variable,
)
from ddbengine.partiql.terms import MISSING_MISUSED, Terms, parameter_alias, path_elements, unrecognized
from ddbengine.partiql.values import constant, is_literal

SET_TYPES: Final = frozenset({"SS", "NS", "BS"})


class SetArgument(NamedTuple):
    """A parameter that has to be a set."""

    alias: str
    function: str
    at: Position

    def check(self, value: bytes) -> None:
        if _core.type_of(value) not in SET_TYPES:
            raise _not_a_set(self.function, self.at)


class Changes(NamedTuple):
    template: UpdateTemplate
    set_arguments: tuple[SetArgument, ...]


def compile_assignments(assignments: tuple[Assignment, ...], terms: Terms) -> Changes:
    """The update that assignments make; raise StatementFault or ExpressionFault."""
    conversion = _Conversion(terms)
    actions = tuple([conversion.action(assignment) for assignment in assignments])
    check_operator_count([action.value for action in actions if isinstance(action, api.SetAction)])
    # The service puts them together in this order, which shows in the message about paths that overlap.
    return Changes(update_template(actions[::-1], terms.names), tuple(conversion.set_arguments))


class _Conversion:
    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.set_arguments: list[SetArgument] = []

    def action(self, assignment: Assignment) -> api.Action:
        target = self._terms.path(assignment.target)
        value = assignment.value
        if value is None:
            return api.RemoveAction(target)
        if isinstance(value, Call) and value.name.lower() in ("set_add", "set_delete"):
            return self._set_change(assignment.target, target, value)
        return api.SetAction(target, self._value(value))

    def _set_change(self, written: tuple[str | int, ...], target: api.PathOperand, call: Call) -> api.Action:
        name = call.name.upper()
        if len(call.arguments) != 2:
            raise StatementFault(f"{name} must have exactly two arguments", call.at)
        first, second = call.arguments
        if not isinstance(first, (Variable, Path)) or path_elements(first) != written:
            raise StatementFault(f"The first argument to {name} must equal the assignment value", call.at)
        if isinstance(second, Parameter):
            operand = api.ValueOperand(parameter_alias(second.number))
            self.set_arguments.append(SetArgument(operand.alias, name, first.at))
        else:
            if not is_literal(second):
                raise _not_a_set(name, first.at)
            value = constant(second)
            if _core.type_of(value) not in SET_TYPES:
                raise _not_a_set(name, first.at)
            operand = self._terms.literal(value)
        return api.AddAction(target, operand) if name == "SET_ADD" else api.DeleteAction(target, operand)

    def _value(self, node: Expression) -> Any:
        if isinstance(node, Parameter):
            return api.ValueOperand(parameter_alias(node.number))
        if is_literal(node):
            return self._terms.literal(constant(node))
        if isinstance(node, (Variable, Path)):
            return self._terms.path(path_elements(node))
        if isinstance(node, Missing):
            raise StatementFault(MISSING_MISUSED)
        if isinstance(node, Call):
            return self._function(node)
        if isinstance(node, Unsupported):
            raise StatementFault(f"Unsupported token in expression: {node.name}", node.at)
        if isinstance(node, Operation) and node.operator in ("+", "-"):
            if len(node.operands) != 2:
                raise StatementFault(
                    "Incorrect number of operands for operator or function; "
                    f"operator or function: {node.operator}, number of operands: {len(node.operands)}"
                )
            left, right = node.operands
            return api.Arithmetic(node.operator, self._value(left), self._value(right))
        operator = node.operator if isinstance(node, Operation) else type(node).__name__
        raise StatementFault(f"Unsupported operator in Update Expression. Operator: {operator}")

    def _function(self, call: Call) -> api.FunctionCall:
        name = call.name.lower()
        if name in CONDITION_FUNCTIONS:
            raise StatementFault(f"The function is not allowed in an update expression; function: {name}")
        if name not in UPDATE_FUNCTIONS:
            raise unrecognized(call)
        return api.FunctionCall(name, tuple([self._value(argument) for argument in call.arguments]))


def _not_a_set(function: str, first_argument: Position) -> StatementFault:
    return StatementFault(f"The second argument to {function} must be a value with type SET", first_argument)
