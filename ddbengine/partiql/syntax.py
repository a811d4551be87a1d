"""The syntax tree of a statement, with the place where each node stood for the messages that say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ddbengine.partiql.faults import Position


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null."""

    wire: dict[str, Any]
    at: Position


@dataclass(frozen=True, slots=True)
class Missing:
    at: Position


@dataclass(frozen=True, slots=True)
class IonLiteral:
    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class Parameter:
    """A question mark; the first of a statement has number 0."""

    number: int
    at: Position


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list ``[...]`` or ``(..., ...)``, or a bag ``<<...>>``, which is a set."""

    is_bag: bool
    items: tuple[Expression, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Struct:
    entries: tuple[tuple[Expression, Expression], ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    at: Position


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``*`` as a step of a path, or as an argument."""

    at: Position


@dataclass(frozen=True, slots=True)
class Path:
    """Steps are string scalars, numbers, or what a path may not contain."""

    root: Expression
    steps: tuple[Expression, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    """As written, a keyword in lower case."""
    arguments: tuple[Expression, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator of one, two or three operands; ``operator`` in lower case, ``<>`` for both spellings."""

    operator: str
    operands: tuple[Expression, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class IsType:
    operand: Expression
    type_name: str
    """A keyword of ``keywords.TYPE_NAMES`` or ``keywords.UNSUPPORTED_TYPE_NAMES``."""
    at: Position


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An expression that PartiQL has and DynamoDB does not (CASE, for one)."""

    name: str
    at: Position


@dataclass(frozen=True, slots=True)
class From:
    """The source of a statement: what names it, and whether an alias follows."""

    source: Expression
    aliased: bool


@dataclass(frozen=True, slots=True)
class Order:
    expression: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class SelectStatement:
    columns: tuple[Expression, ...] | None
    """None for ``*``."""
    aliased: bool
    sources: tuple[From, ...]
    where: Expression | None
    order: tuple[Order, ...]
    refusal: str | None
    """What is said of the first clause that DynamoDB does not have."""
    at: Position


@dataclass(frozen=True, slots=True)
class InsertStatement:
    target: tuple[str | int, ...]
    value: Expression | None
    """None when it is not introduced by VALUE."""
    refusal: str | None
    returning: bool
    at: Position


@dataclass(frozen=True, slots=True)
class Assignment:
    """``SET target = value``, or REMOVE when value is None."""

    target: tuple[str | int, ...]
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Returning:
    elements: tuple[tuple[str, str, bool], ...]
    """``MODIFIED`` or ``ALL``, ``OLD`` or ``NEW``, and whether a star follows."""


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    source: From
    assignments: tuple[Assignment, ...]
    where: Expression | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class DeleteStatement:
    source: From
    where: Expression | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class ExpressionStatement:
    """An expression by itself: EXISTS(SELECT ...) in a transaction, and nothing else that can be processed."""

    expression: Expression


Expression = (
    Scalar
    | Missing
    | IonLiteral
    | Parameter
    | Sequence
    | Struct
    | Variable
    | Wildcard
    | Path
    | Call
    | Operation
    | IsType
    | Unsupported
    | SelectStatement
)
Parsed = SelectStatement | InsertStatement | UpdateStatement | DeleteStatement | ExpressionStatement
