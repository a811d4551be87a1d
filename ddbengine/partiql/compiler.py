"""Compiled statements: all that follows from a text alone, kept for the next request with the same text.

A compiled statement is bound to parameters with ``bind``, which finds the faults that depend on their values.  Which
attributes are keys is not known here; ``keys`` tells from a bound WHERE what has to be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ddbengine import _core
from ddbengine.expressions.caching import CACHED_TEXTS_MAX
from ddbengine.expressions.checks import check_operator_count
from ddbengine.expressions.condition import Condition, ConditionTemplate, condition_template
from ddbengine.expressions.faults import ExpressionFault
from ddbengine.expressions.operands import Values
from ddbengine.expressions.paths import Path as DocumentPath
from ddbengine.expressions.paths import PathTree
from ddbengine.expressions.projection import Projection
from ddbengine.expressions.syntax import And, Comparison, PathOperand, ValueOperand
from ddbengine.expressions.update import Update as BoundUpdate
from ddbengine.partiql.assignments import Changes, compile_assignments
from ddbengine.partiql.faults import StatementFault
from ddbengine.partiql.parser import parse
from ddbengine.partiql.syntax import (
    Call,
    DeleteStatement,
    Expression,
    ExpressionStatement,
    From,
    InsertStatement,
    IsType,
    Operation,
    Order,
    Parameter,
    Path,
    Returning,
    Scalar,
    SelectStatement,
    Struct,
    UpdateStatement,
    Variable,
)
from ddbengine.partiql.syntax import (
    Sequence as SequenceNode,
)
from ddbengine.partiql.terms import Terms, parameter_alias, path_elements, unexpected_component
from ddbengine.partiql.values import constant, struct_entries


class BoundWhere:
    """A WHERE clause with the values of a request."""

    __slots__ = ("_condition", "_template", "equalities", "names", "root", "values")

    def __init__(
        self,
        root: Any,
        names: dict[str, str | None],
        values: Values,
        template: ConditionTemplate,
        equalities: dict[str, str] | None,
    ) -> None:
        """Raise ExpressionFault for values that do not fit the clause."""
        self.root = root
        """The condition node."""
        self.names = names
        self.values = values
        self.equalities = equalities
        """Where the clause is nothing but equalities of different attributes with values: alias by attribute name."""
        self._template = template
        # Equalities fit all values, and a lookup by key never asks for the condition: it is made when it is wanted.
        self._condition = None if equalities is not None else Condition(template.make(values), template.paths)

    @property
    def condition(self) -> Condition:
        condition = self._condition
        if condition is None:
            template = self._template
            condition = self._condition = Condition(template.make(self.values), template.paths)
        return condition


class Where:
    """A WHERE clause, bound to names and not yet to values."""

    __slots__ = ("_equalities", "_names", "_template", "root")

    def __init__(self, node: Expression, terms: Terms) -> None:
        self.root = terms.condition(node)
        check_operator_count([self.root])
        self._names = terms.names
        self._equalities = _equalities(self.root, terms.names)
        self._template: ConditionTemplate = condition_template(self.root, terms.names)

    def bind(self, values: Values) -> BoundWhere:
        return BoundWhere(self.root, self._names, values, self._template, self._equalities)


def _equalities(root: Any, names: Mapping[str, str | None]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for node in root.conditions if isinstance(root, And) else (root,):
        if not isinstance(node, Comparison) or node.operator != "=":
            return None
        left, right = node.left, node.right
        if not isinstance(left, PathOperand) or len(left.elements) > 1 or not isinstance(right, ValueOperand):
            return None
        name = str(names[str(left.elements[0])])
        if name in found:
            return None
        found[name] = right.alias
    return found


class Columns:
    """What a SELECT returns of each row, every path under the name of its last step."""

    __slots__ = ("_found", "projection")

    def __init__(self, paths: Sequence[DocumentPath]) -> None:
        named: dict[str, DocumentPath] = {}
        for path in paths:
            name = _column_name(path)
            if name in named:
                raise StatementFault(f"Duplicate identifiers in select clause: {name}")
            named[name] = path
        tree = PathTree()
        for path in paths:
            tree.add(path)
        self.projection = Projection(tuple(paths), tree.tree)
        self._found = None if all(len(path) == 1 for path in paths) else tuple(named.items())

    def of(self, item: _core.Buffer) -> bytes:
        if self._found is None:
            return self.projection.of(item)
        found = {name: value for name, path in self._found if (value := _core.find(item, path)) is not None}
        return _core.join_map(found)


def _column_name(path: DocumentPath) -> str:
    """The last name of a path with the indexes after it: ``y[1]`` of ``m.y[1]``."""
    last = max(number for number, step in enumerate(path) if isinstance(step, str))
    return str(path[last]) + "".join(f"[{index}]" for index in path[last + 1 :])


class OrderBy(NamedTuple):
    name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Select:
    table_name: str
    index_name: str | None
    columns: Columns | None
    """None for all."""
    where: Where | None
    order: tuple[OrderBy, ...]
    constants: dict[str, bytes]
    column_refusal: str | None
    """What is wrong with a column that is no path; a refusal of the index would come first."""

    def bind(self, parameters: Values) -> BoundWhere | None:
        return _bound(self.where, self.constants, parameters)


@dataclass(frozen=True, slots=True)
class Exists:
    """``EXISTS(SELECT ...)``: in a transaction, a check of one item."""

    select: Select


@dataclass(frozen=True, slots=True)
class Insert:
    table_name: str
    attributes: tuple[tuple[str, bytes | str], ...]
    """A value, or the alias of a parameter."""
    has_returning: bool

    def item(self, parameters: Values) -> bytes:
        """The stored item."""
        return _core.join_map(
            {name: parameters[value] if isinstance(value, str) else value for name, value in self.attributes}
        )


@dataclass(frozen=True, slots=True)
class Update:
    table_name: str
    index_name: str | None
    changes: Changes
    where: Where | None
    returning: str
    """As ReturnValues names it: NONE, ALL_OLD, ALL_NEW, UPDATED_OLD or UPDATED_NEW."""
    constants: dict[str, bytes]

    def bind(self, parameters: Values) -> tuple[BoundUpdate, BoundWhere | None]:
        values = {**self.constants, **parameters}
        for argument in self.changes.set_arguments:
            argument.check(values[argument.alias])
        try:
            return self.changes.template.bind(values), _bound(self.where, self.constants, parameters)
        except ExpressionFault as fault:
            raise StatementFault(fault.message) from None


@dataclass(frozen=True, slots=True)
class Delete:
    table_name: str
    index_name: str | None
    where: Where | None
    returning: str
    """NONE or ALL_OLD."""
    constants: dict[str, bytes]

    def bind(self, parameters: Values) -> BoundWhere | None:
        return _bound(self.where, self.constants, parameters)


def _bound(where: Where | None, constants: dict[str, bytes], parameters: Values) -> BoundWhere | None:
    if where is None:
        return None
    try:
        return where.bind({**constants, **parameters} if parameters else constants)
    except ExpressionFault as fault:
        raise StatementFault(fault.message) from None


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement and the aliases of its parameters, in the order of the text."""

    body: Select | Exists | Insert | Update | Delete
    parameters: tuple[str, ...]


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def compile_statement(text: str) -> Statement:
    """Parse and compile a statement; raise StatementFault for all that its text alone shows."""
    parsed, count = parse(text)
    try:
        body = _compile(parsed)
    except ExpressionFault as fault:
        raise StatementFault(fault.message) from None
    return Statement(body, tuple([parameter_alias(number) for number in range(count)]))


def _compile(parsed: Any) -> Select | Exists | Insert | Update | Delete:
    if isinstance(parsed, SelectStatement):
        return _select(parsed)
    if isinstance(parsed, InsertStatement):
        return _insert(parsed)
    if isinstance(parsed, UpdateStatement):
        return _update(parsed)
    if isinstance(parsed, DeleteStatement):
        return _delete(parsed)
    return _expression(parsed)


def _expression(parsed: ExpressionStatement) -> Exists:
    expression = parsed.expression
    if isinstance(expression, Call) and expression.name == "exists" and len(expression.arguments) == 1:
        selected = expression.arguments[0]
        if isinstance(selected, SelectStatement):
            return Exists(_select(selected))
    raise StatementFault(f"Unsupported operation: {_operation_name(expression)}")


# Names of expressions as the service's parser has them; FACTS 5.14 records IsType.
_OPERATION_NAMES: Final[dict[str, str]] = {
    "and": "And",
    "or": "Or",
    "not": "Not",
    "=": "Eq",
    "<>": "Ne",
    "<": "Lt",
    "<=": "Lte",
    ">": "Gt",
    ">=": "Gte",
    "in": "InCollection",
    "like": "Like",
    "between": "Between",
    "+": "Plus",
    "-": "Minus",
    "*": "Times",
    "/": "Divide",
    "%": "Modulo",
    "||": "Concat",
}


def _operation_name(node: Expression) -> str:
    if isinstance(node, Operation):
        return _OPERATION_NAMES[node.operator]
    if isinstance(node, SequenceNode):
        return "Bag" if node.is_bag else "List"
    names: dict[type, str] = {Scalar: "Lit", Variable: "Id", IsType: "IsType", Struct: "Struct", Path: "Path"}
    return names.get(type(node), type(node).__name__)


# --- where a statement reads or writes -----------------------------------------------------------


def _components(source: Expression) -> tuple[str, ...]:
    if isinstance(source, Variable):
        components: tuple[str, ...] = (source.name,)
    elif isinstance(source, Path) and isinstance(source.root, Variable):
        names = [step.wire["S"] if isinstance(step, Scalar) and "S" in step.wire else None for step in source.steps]
        components = (source.root.name, *[name for name in names if name is not None])
        if None in names:
            raise StatementFault("Unexpected from source")
    else:
        raise StatementFault("Unexpected from source")
    if len(components) > 2:
        raise StatementFault("A path may contain at most 2 components in the FROM clause")
    if "" in components:
        raise StatementFault("Path component cannot be an empty string")
    return components


def _table_and_index(source: From) -> tuple[str, str | None]:
    if source.aliased:
        raise StatementFault("Aliasing is not supported")
    components = _components(source.source)
    return components[0], components[1] if len(components) > 1 else None


# --- statements ----------------------------------------------------------------------------------


def _select(parsed: SelectStatement) -> Select:
    if parsed.refusal is not None:
        raise StatementFault(parsed.refusal)
    if len(parsed.sources) > 1:
        raise StatementFault("Only select from a single table or index is supported.")
    if parsed.aliased:
        raise StatementFault("Aliasing is not supported")
    table_name, index_name = _table_and_index(parsed.sources[0])
    columns, column_refusal = _columns(parsed.columns)
    terms = Terms()
    where = None if parsed.where is None else Where(parsed.where, terms)
    if parsed.order and where is None:
        raise StatementFault("Must have WHERE clause in the statement when using ORDER BY clause.")
    order = tuple([_order(item) for item in parsed.order])
    return Select(table_name, index_name, columns, where, order, terms.constants, column_refusal)


def _columns(nodes: tuple[Expression, ...] | None) -> tuple[Columns | None, str | None]:
    """The columns, or what is wrong with the first that is no path."""
    if nodes is None:
        return None, None
    for node in nodes:
        if not isinstance(node, (Variable, Path)):
            return None, unexpected_component(node.at).message
    return Columns([_column(node) for node in nodes]), None


def _column(node: Expression) -> DocumentPath:
    path = path_elements(node)
    if "" in path:
        raise StatementFault("Path component cannot be an empty string")
    return path


def _order(item: Order) -> OrderBy:
    expression = item.expression
    if not isinstance(expression, Variable):
        if isinstance(expression, Scalar) and "S" in expression.wire:
            kind = f'"{expression.wire["S"]}"'
        else:
            kind = "PATH" if isinstance(expression, Path) else _operation_name(expression).upper()
        raise StatementFault(f"Argument to ORDER BY must be of type VariableReference. Type: {kind}")
    return OrderBy(expression.name, item.descending)


def _insert(parsed: InsertStatement) -> Insert:
    if len(parsed.target) > 1:
        raise StatementFault("FROM clause may only contain a single table name in data manipulation statements")
    if parsed.value is None:
        raise StatementFault("Unsupported operation: InsertOp")
    if parsed.refusal is not None:
        raise StatementFault(parsed.refusal)
    if not parsed.target[0]:
        raise StatementFault("Path component cannot be an empty string")
    if not isinstance(parsed.value, Struct):
        raise StatementFault(
            "Unsupported format in item expression. "
            "Please use struct format {...} to express item values for insert statement.",
            parsed.value.at,
        )
    attributes: list[tuple[str, bytes | str]] = []
    for name, value in struct_entries(parsed.value):
        is_parameter = isinstance(value, Parameter)
        attributes.append((name, parameter_alias(value.number) if is_parameter else constant(value)))  # type: ignore[union-attr]
    return Insert(str(parsed.target[0]), tuple(attributes), parsed.returning)


def _update(parsed: UpdateStatement) -> Update:
    table_name, index_name = _table_and_index(parsed.source)
    terms = Terms()
    changes = compile_assignments(parsed.assignments, terms)
    where = None if parsed.where is None else Where(parsed.where, terms)
    returning = _return_values(parsed.returning)
    return Update(table_name, index_name, changes, where, returning, terms.constants)


def _delete(parsed: DeleteStatement) -> Delete:
    table_name, index_name = _table_and_index(parsed.source)
    terms = Terms()
    where = None if parsed.where is None else Where(parsed.where, terms)
    returning = _return_values(parsed.returning)
    if returning not in ("NONE", "ALL_OLD"):
        assert parsed.returning is not None, "something is returned"
        scope, side, _ = parsed.returning.elements[0]
        raise StatementFault(
            f"Invalid returning clause: RETURNING {scope} {side} *. "
            "Only RETURNING ALL OLD * is allowed in DELETE statements."
        )
    return Delete(table_name, index_name, where, returning, terms.constants)


def _return_values(returning: Returning | None) -> str:
    if returning is None:
        return "NONE"
    if len(returning.elements) > 1:
        raise StatementFault("Invalid syntax with multiple returning elements in RETURNING clause")
    scope, side, star = returning.elements[0]
    if not star:
        raise StatementFault("Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause")
    return f"{'ALL' if scope == 'ALL' else 'UPDATED'}_{side}"
