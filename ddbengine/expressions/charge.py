"""The statement charge of an UpdateExpression: what the 400 KB gate measures besides the finished item (FACTS 2.7).

The part that follows from the text and the names is counted once; literals are weighed for each request, and a set
that is added only by the members the item does not have yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from ddbengine import _core
from ddbengine.expressions.operands import Values
from ddbengine.expressions.paths import Names, Path, resolve_path
from ddbengine.expressions.syntax import (
    Action,
    AddAction,
    Arithmetic,
    FunctionCall,
    PathOperand,
    SetAction,
    SetValue,
    ValueOperand,
)

STATEMENT_BYTES: Final = 3
ASSIGNMENT_BYTES: Final = 19  # SET and ADD
LIST_INDEX_TARGET_BYTES: Final = 1
UNASSIGNED_BYTES: Final = 1  # REMOVE and DELETE
TARGET_ELEMENT_BYTES: Final = 4  # each after the first
PATH_OPERAND_BYTES: Final = 1
PATH_OPERAND_ELEMENT_BYTES: Final = 14
OPERATOR_BYTES: Final = {"+": 34, "-": 37, "if_not_exists": 39, "list_append": 37}


class Addition(NamedTuple):
    """An ADD whose literal is weighed against what the item holds."""

    target: Path
    alias: str


class ChargeTemplate(NamedTuple):
    fixed: int
    literals: tuple[str, ...]
    """Aliases of the values that are charged in full, once for every use."""
    additions: tuple[Addition, ...]

    def of(self, values: Values, item: _core.Buffer | None) -> int:
        """Bytes charged for these values on this stored item (None: there is none)."""
        charge = self.fixed
        for alias in self.literals:
            charge += _core.value_size(values[alias])
        for target, alias in self.additions:
            charge += _added_bytes(values[alias], None if item is None else _core.find(item, target))
        return charge


def charge_template(actions: Iterable[tuple[Action, Path]], names: Names) -> ChargeTemplate:
    """``actions`` come with their resolved targets."""
    fixed = STATEMENT_BYTES
    literals: list[str] = []
    additions: list[Addition] = []
    for action, target in actions:
        fixed += _target_bytes(target)
        if isinstance(action, SetAction):
            fixed += ASSIGNMENT_BYTES + (LIST_INDEX_TARGET_BYTES if isinstance(target[-1], int) else 0)
            fixed += _value_bytes(action.value, names, literals)
        elif isinstance(action, AddAction):
            fixed += ASSIGNMENT_BYTES
            additions.append(Addition(target, action.value.alias))
        else:
            fixed += UNASSIGNED_BYTES
    return ChargeTemplate(fixed, tuple(literals), tuple(additions))


def _target_bytes(path: Path) -> int:
    return sum(map(_element_bytes, path)) + TARGET_ELEMENT_BYTES * (len(path) - 1)


def _element_bytes(element: str | int) -> int:
    return len(str(element).encode("utf-8", "surrogatepass"))


def _value_bytes(node: SetValue, names: Names, literals: list[str]) -> int:
    """The fixed bytes of a right-hand side; its literals are appended to ``literals``."""
    if isinstance(node, ValueOperand):
        literals.append(node.alias)
        return 0
    if isinstance(node, PathOperand):
        path = resolve_path(node, names)
        return PATH_OPERAND_BYTES + sum(PATH_OPERAND_ELEMENT_BYTES + _element_bytes(element) for element in path)
    operands: tuple[SetValue, ...] = (node.left, node.right) if isinstance(node, Arithmetic) else node.operands
    operator = node.name if isinstance(node, FunctionCall) else node.operator
    return OPERATOR_BYTES[operator] + sum(_value_bytes(operand, names, literals) for operand in operands)


def _added_bytes(value: bytes, held: bytes | None) -> int:
    if held is None or _core.type_of(value) == "N" or _core.type_of(held) != _core.type_of(value):
        return _core.value_size(value)
    members = set(_core.split_set(held))
    return sum(_core.value_size(member) for member in _core.split_set(value) if member not in members)
