"""Statements of a request: text and parameters, read into what is to be done, before any table is looked up.

Two kinds of error are kept apart, because a transaction says which statement was at fault only for the first: what is
wrong with a statement (``StatementFault``) and what is wrong with the value of a parameter (FACTS 5.14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ddbengine import _core
from ddbengine.engine.put_item import check_item_size
from ddbengine.engine.statement_writes import DeleteStatement, InsertStatement, StatementWrite, UpdateStatement
from ddbengine.engine.values import OLDER
from ddbengine.errors import ValidationException
from ddbengine.partiql import Delete, Exists, Insert, Select, StatementFault, Update, compile_statement
from ddbengine.partiql.compiler import BoundWhere


@dataclass(slots=True)  # not frozen: each request makes one
class SelectStatement:
    select: Select
    where: BoundWhere | None

    @property
    def table_name(self) -> str:
        return self.select.table_name


@dataclass(frozen=True, slots=True)
class ExistsStatement:
    """A check of one item in a transaction of writes."""

    select: SelectStatement
    item_on_failure: bool

    @property
    def table_name(self) -> str:
        return self.select.table_name


RequestedStatement = SelectStatement | ExistsStatement | StatementWrite


def read_statement(wire: Mapping[str, Any]) -> RequestedStatement:
    """The statement of a request in wire form, its parameters put in.

    Raise StatementFault, or ValidationException for a parameter's value.
    """
    compiled = compile_statement(wire["Statement"])
    wires = wire.get("Parameters", ())
    aliases = compiled.parameters
    if len(wires) < len(aliases):
        raise StatementFault("Number of parameters in request and statement don't match.")
    parameters = OLDER.attributes(dict(zip(aliases, wires, strict=False)))
    for surplus in wires[len(aliases) :]:
        OLDER.value(surplus)  # it is let pass, as DynamoDB Local does; its value is checked
    body = compiled.body
    if isinstance(body, Select):
        return SelectStatement(body, body.bind(parameters))
    item_on_failure = wire.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    if isinstance(body, Insert):
        return _insert(body, parameters, item_on_failure)
    if isinstance(body, Update):
        update, where = body.bind(parameters)
        return UpdateStatement(body.table_name, body.index_name, update, where, body.returning, item_on_failure)
    if isinstance(body, Delete):
        where = body.bind(parameters)
        return DeleteStatement(body.table_name, body.index_name, where, body.returning, item_on_failure)
    assert isinstance(body, Exists), body
    return ExistsStatement(SelectStatement(body.select, body.select.bind(parameters)), item_on_failure)


def read_member(wire: Mapping[str, Any]) -> RequestedStatement:
    """``read_statement`` of one of several statements, where a column that is no path is told at once as well."""
    statement = read_statement(wire)
    if isinstance(statement, SelectStatement) and statement.select.column_refusal is not None:
        raise StatementFault(statement.select.column_refusal)
    return statement


def _insert(insert: Insert, parameters: Mapping[str, bytes], item_on_failure: bool) -> InsertStatement:
    if insert.has_returning:
        raise StatementFault("RETURNING is not supported in INSERT")
    item = insert.item(parameters)
    check_item_size(_core.item_size(item))
    return InsertStatement(insert.table_name, item, item_on_failure)


def as_validation_error(fault: StatementFault) -> ValidationException:
    return ValidationException(fault.message)
