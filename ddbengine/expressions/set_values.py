"""The right-hand sides of SET, bound to names and values.

Operands fetch from the item as it was before the update, whatever other actions do to it (FACTS 4.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.expressions.faults import operand_count, operand_type, path_required, undefined_value
from ddbengine.expressions.operands import (
    BoundOperand,
    Fetch,
    OperandMaker,
    Values,
    check_distinct,
    path_maker,
    value_maker,
)
from ddbengine.expressions.paths import Names
from ddbengine.expressions.syntax import Arithmetic, FunctionCall, PathOperand, SetValue, ValueOperand

WRONG_TYPE: Final = "An operand in the update expression has an incorrect data type"
MISSING_ATTRIBUTE: Final = "The provided expression refers to an attribute that does not exist in the item"

_NUMBER_PROBLEMS: Final = {
    "number_overflow": "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "number_underflow": "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    "number_precision": "Attempting to store more than 38 significant digits in a Number",
}


def set_value_maker(node: SetValue, names: Names) -> OperandMaker:
    if isinstance(node, PathOperand):
        return path_maker(node, names)
    if isinstance(node, ValueOperand):
        return value_maker(node)
    if isinstance(node, Arithmetic):
        return _arithmetic_maker(node, names)
    return _function_maker(node, names)


def required(fetch: Fetch, item: _core.Buffer) -> bytes:
    """The value of an operand that has to exist; raise ValidationException when it does not."""
    value = fetch(item)
    if value is None:
        raise ValidationException(MISSING_ATTRIBUTE)
    return value


def add_numbers(left: bytes, right: bytes, subtract: bool = False) -> bytes:
    """The sum of two encoded N; raise ValidationException for other types and for results out of range (FACTS 2.1)."""
    return _sum(_of_type("N", left), _of_type("N", right), subtract)


def _sum(left: bytes, right: bytes, subtract: bool) -> bytes:
    try:
        return _core.add_numbers(left, right, subtract)
    except _core.ValueFault as fault:
        raise ValidationException(_NUMBER_PROBLEMS[fault.kind]) from None


def append_lists(first: bytes, second: bytes) -> bytes:
    """Two encoded L in one; raise ValidationException for other types."""
    return _core.join_list(_core.split_list(_of_type("L", first)) + _core.split_list(_of_type("L", second)))


def _of_type(type_name: str, value: bytes) -> bytes:
    if _core.type_of(value) != type_name:
        raise ValidationException(WRONG_TYPE)
    return value


def _arithmetic_maker(node: Arithmetic, names: Names) -> OperandMaker:
    if isinstance(node.left, PathOperand) and isinstance(node.right, ValueOperand):
        return _sum_with_literal_maker(node.left, node.operator, node.right, names)
    operator = node.operator
    make_left, make_right = set_value_maker(node.left, names), set_value_maker(node.right, names)
    subtract = operator == "-"

    def make(values: Values) -> BoundOperand:
        left, right = make_left(values), make_right(values)
        _check_literals(operator, "N", (left, right))
        first, second = left.fetch, right.fetch

        def total(item: _core.Buffer) -> bytes:
            left_number = _of_type("N", required(first, item))  # before the right operand is looked for
            return add_numbers(left_number, required(second, item), subtract)

        return BoundOperand(total)

    return make


def _sum_with_literal_maker(left: PathOperand, operator: str, right: ValueOperand, names: Names) -> OperandMaker:
    """What counters are made of, ``n + :i``: the same as above, in fewer steps."""
    make_left, alias, subtract = path_maker(left, names), right.alias, operator == "-"

    def make(values: Values) -> BoundOperand:
        fetch = make_left(values).fetch
        literal = values.get(alias)
        if literal is None:
            raise undefined_value(alias)
        type_name = _core.type_of(literal)
        if type_name != "N":
            raise operand_type(operator, type_name)
        return BoundOperand(lambda item: _sum(_of_type("N", required(fetch, item)), literal, subtract))

    return make


def _check_literals(operator: str, wanted: str, operands: Sequence[BoundOperand]) -> None:
    for operand in operands:
        if operand.type is not None and operand.type != wanted:
            raise operand_type(operator, operand.type)


def _function_maker(call: FunctionCall, names: Names) -> OperandMaker:
    name = call.name
    makers = [set_value_maker(operand, names) for operand in call.operands]
    check_and_build = _FUNCTIONS[name]

    def make(values: Values) -> BoundOperand:
        operands = [make_operand(values) for make_operand in makers]
        if len(operands) != 2:
            raise operand_count(name, len(operands))
        return check_and_build(operands[0], operands[1])

    return make


def _if_not_exists(attribute: BoundOperand, otherwise: BoundOperand) -> BoundOperand:
    if attribute.path is None:
        raise path_required("if_not_exists")
    check_distinct("if_not_exists", (attribute, otherwise))
    fetch, fallback = attribute.fetch, otherwise.fetch

    def fetch_either(item: _core.Buffer) -> bytes:
        value = fetch(item)
        return required(fallback, item) if value is None else value

    return BoundOperand(fetch_either)


def _list_append(first: BoundOperand, second: BoundOperand) -> BoundOperand:
    _check_literals("list_append", "L", (first, second))
    fetch_first, fetch_second = first.fetch, second.fetch

    def joined(item: _core.Buffer) -> bytes:
        head = _of_type("L", required(fetch_first, item))  # before the second operand is looked for
        return append_lists(head, required(fetch_second, item))

    return BoundOperand(joined)


_FUNCTIONS: Final[dict[str, Callable[[BoundOperand, BoundOperand], BoundOperand]]] = {
    "if_not_exists": _if_not_exists,
    "list_append": _list_append,
}
