"""The syntax tree of expressions: what the parser makes of text, and the legacy parameters become.

Nodes are immutable and hold no values: aliases (``#name``, ``:value``) stand in the tree as they were written and are
resolved when a tree is bound.  An element of a path that starts with ``#`` is an alias; identifiers never do.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PathOperand:
    """A document path: ``a.#b[3]`` is ``("a", "#b", 3)``."""

    elements: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ValueOperand:
    """An alias of ExpressionAttributeValues, colon included."""

    alias: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    name: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    """One of ``= <> < <= > >=``."""
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    operand: Operand
    choices: tuple[Operand, ...]
    is_bounded: bool = True
    """Whether there may be too many choices; the legacy parameters take any number."""


@dataclass(frozen=True, slots=True)
class And:
    """Two or more conditions joined at one level of precedence."""

    conditions: tuple[ConditionNode, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more conditions joined at one level of precedence."""

    conditions: tuple[ConditionNode, ...]


@dataclass(frozen=True, slots=True)
class Not:
    condition: ConditionNode


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: str
    """``+`` or ``-``."""
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class SetAction:
    target: PathOperand
    value: SetValue


@dataclass(frozen=True, slots=True)
class RemoveAction:
    target: PathOperand


@dataclass(frozen=True, slots=True)
class AddAction:
    target: PathOperand
    value: ValueOperand


@dataclass(frozen=True, slots=True)
class DeleteAction:
    target: PathOperand
    value: ValueOperand


@dataclass(frozen=True, slots=True)
class Section:
    """One clause of an update: ``SET``, ``REMOVE``, ``ADD`` or ``DELETE`` and its actions."""

    keyword: str
    actions: tuple[Action, ...]


Operand = PathOperand | ValueOperand | FunctionCall
SetValue = PathOperand | ValueOperand | FunctionCall | Arithmetic
ConditionNode = Comparison | Between | In | FunctionCall | And | Or | Not
Action = SetAction | RemoveAction | AddAction | DeleteAction
Node = ConditionNode | SetValue | Action | Section
