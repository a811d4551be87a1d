"""From PartiQL's expressions to those of the API: conditions, operands, and the values and names they stand on.

Names become aliases (``#0``) and literals become placeholders (``:0``), as in a request with
ExpressionAttributeNames and ExpressionAttributeValues; parameter n is ``:?n``.
"""

from __future__ import annotations

from typing import Any, Final

from ddbengine import _core
from ddbengine.expressions import syntax as api
from ddbengine.expressions.checks import CONDITION_FUNCTIONS
from ddbengine.expressions.condition import ATTRIBUTE_TYPES
from ddbengine.partiql.faults import Position, StatementFault
from ddbengine.partiql.keywords import TYPE_NAMES, UNSUPPORTED_TYPE_NAMES
from ddbengine.partiql.lexer import list_index
from ddbengine.partiql.syntax import (
    Call,
    Expression,
    IsType,
    Missing,
    Operation,
    Parameter,
    Path,
    Scalar,
    Sequence,
    Unsupported,
    Variable,
    Wildcard,
)
from ddbengine.partiql.values import constant, is_literal

COMPARATORS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
MISSING_MISUSED: Final = "MISSING must be compared using IS operator"
_BOOLEAN_FUNCTIONS: Final = CONDITION_FUNCTIONS - {"size"}
_TRUE: Final = _core.encode_value({"BOOL": True})
_FALSE: Final = _core.encode_value({"BOOL": False})


def parameter_alias(number: int) -> str:
    return f":?{number}"


class Terms:
    """The names and literals of one statement, as its expressions are converted."""

    def __init__(self) -> None:
        self.names: dict[str, str | None] = {}
        self.constants: dict[str, bytes] = {}
        self._aliases: dict[str, str] = {}

    def literal(self, value: bytes) -> api.ValueOperand:
        alias = f":{len(self.constants)}"
        self.constants[alias] = value
        return api.ValueOperand(alias)

    def _name(self, name: str) -> str:
        if not name:
            raise StatementFault("Path component cannot be an empty string")
        alias = self._aliases.get(name)
        if alias is None:
            alias = self._aliases[name] = f"#{len(self._aliases)}"
            self.names[alias] = name
        return alias

    def path(self, elements: tuple[str | int, ...]) -> api.PathOperand:
        return api.PathOperand(tuple(self._name(e) if isinstance(e, str) else e for e in elements))

    # --- operands --------------------------------------------------------------------------------

    def operand(self, node: Expression) -> Any:
        """An operand of a condition; raise StatementFault."""
        if isinstance(node, Parameter):
            return api.ValueOperand(parameter_alias(node.number))
        if is_literal(node):
            return self.literal(constant(node))
        if isinstance(node, (Variable, Path)):
            return self.path(path_elements(node))
        if isinstance(node, Missing):
            raise StatementFault(MISSING_MISUSED)
        if isinstance(node, Call):
            if node.name.lower() == "size":
                return self._function(node)
            raise unrecognized(node)
        if isinstance(node, Unsupported):
            raise StatementFault(f"Unsupported token in expression: {node.name}", node.at)
        operator = node.operator if isinstance(node, Operation) else type(node).__name__
        raise StatementFault(f"Unsupported operator in Condition Expression. Operator: {operator}")

    def _function(self, call: Call) -> api.FunctionCall:
        return api.FunctionCall(call.name.lower(), tuple(self.operand(argument) for argument in call.arguments))

    # --- conditions ------------------------------------------------------------------------------

    def condition(self, node: Expression) -> Any:
        """A condition node; raise StatementFault."""
        if isinstance(node, IsType):
            return self._type_test(node)
        if isinstance(node, Call) and node.name.lower() in _BOOLEAN_FUNCTIONS:
            return self._function(node)
        if isinstance(node, Call) and node.name.lower() != "size":
            raise unrecognized(node)
        if isinstance(node, Operation):
            return self._operation(node)
        raise StatementFault("WHERE clause must contain an expression that resolves to a boolean")

    def _operation(self, node: Operation) -> Any:
        operator = node.operator
        if operator in ("and", "or"):
            for operand in node.operands:
                if not may_be_condition(operand):
                    raise StatementFault("The arguments to AND/OR must be Expressions")
            conditions = tuple([self.condition(operand) for operand in node.operands])
            return api.And(conditions) if operator == "and" else api.Or(conditions)
        if operator == "not":
            if not may_be_condition(node.operands[0]):
                raise StatementFault("The argument to NOT must be a Type or Expression")
            return api.Not(self.condition(node.operands[0]))
        if operator in COMPARATORS:
            return self._comparison(node)
        if operator == "between":
            operand, low, high = map(self.operand, node.operands)
            return api.Between(operand, low, high)
        if operator == "in":
            return self._membership(node)
        raise StatementFault(f"Unsupported operator in Condition Expression. Operator: {operator}")

    def _membership(self, node: Operation) -> Any:
        operand, choices = node.operands
        items = choices.items if isinstance(choices, Sequence) else ()
        if not items or not _can_be_looked_for(operand):
            raise StatementFault(
                "IN operator must have a left hand argument of type Variable Reference "
                "and right hand argument of type Seq with at least one member"
            )
        return api.In(self.operand(operand), tuple([self.operand(item) for item in items]))

    def _comparison(self, node: Operation) -> Any:
        left, right = node.operands
        if may_be_condition(left):
            return self._truth_test(node.operator, left, right)
        if may_be_condition(right):
            return self._truth_test(node.operator, right, left)
        return api.Comparison(node.operator, self.operand(left), self.operand(right))

    def _truth_test(self, operator: str, tested: Expression, other: Expression) -> Any:
        """A condition compared with a value, or with another condition: ``contains(a, 'x') = true``."""
        if operator not in ("=", "<>"):
            raise StatementFault(
                f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: BOOL"
            )
        condition = self.condition(tested)
        if isinstance(other, Scalar) and "BOOL" in other.wire:
            return condition if other.wire["BOOL"] == (operator == "=") else api.Not(condition)
        if may_be_condition(other):
            when_true = self.condition(other)
            when_false: Any = api.Not(when_true)
        else:
            operand = self.operand(other)
            when_true = api.Comparison("=", operand, self.literal(_TRUE))
            when_false = api.Comparison("=", operand, self.literal(_FALSE))
        equal = api.Or((api.And((condition, when_true)), api.And((api.Not(condition), when_false))))
        return equal if operator == "=" else api.Not(equal)

    def _type_test(self, node: IsType) -> Any:
        type_name = TYPE_NAMES.get(node.type_name)
        if type_name is None:
            raise StatementFault(
                f"Unsupported data type for IS operator: {UNSUPPORTED_TYPE_NAMES[node.type_name]}. Supported data "
                "types are [MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]",
                node.at,
            )
        operand = self.operand(node.operand)
        if type_name == "MISSING":
            return api.FunctionCall("attribute_not_exists", (operand,))
        assert type_name in ATTRIBUTE_TYPES, type_name
        return api.FunctionCall("attribute_type", (operand, self.literal(_core.encode_value({"S": type_name}))))


def may_be_condition(node: Expression) -> bool:
    """Whether a node is something true or false, and no value."""
    if isinstance(node, Operation):
        return node.operator in COMPARATORS or node.operator in ("and", "or", "not", "in", "between", "like")
    if isinstance(node, Call):
        return node.name.lower() != "size"
    return isinstance(node, IsType)


def _can_be_looked_for(node: Expression) -> bool:
    return isinstance(node, (Variable, Path, Parameter, Call)) or is_literal(node)


def unrecognized(call: Call) -> StatementFault:
    return StatementFault(f"Unrecognized function: {call.name}", call.at)


def path_elements(node: Expression) -> tuple[str | int, ...]:
    """The names and indexes of a document path; raise StatementFault for what is none."""
    if isinstance(node, Variable):
        return (node.name,)
    if not isinstance(node, Path):
        raise unexpected_component(node.at)
    return path_elements(node.root) + tuple([_step(step) for step in node.steps])


def _step(node: Expression) -> str | int:
    if isinstance(node, Variable):
        return node.name
    if isinstance(node, Scalar) and "S" in node.wire:
        return str(node.wire["S"])
    if isinstance(node, Scalar) and "N" in node.wire and node.wire["N"].lstrip("-").isdigit():
        return list_index(node.wire["N"], node.at)
    if isinstance(node, Wildcard):
        raise StatementFault("Changing item's hierarchy while reading isn't supported")
    raise unexpected_component(node.at)


def unexpected_component(at: Position) -> StatementFault:
    return StatementFault("Unexpected path component", at)
