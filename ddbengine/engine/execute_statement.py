"""ExecuteStatement: one statement of PartiQL, carried out as the operation it amounts to (FACTS 5.14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from ddbengine.engine import capacity
from ddbengine.engine.bodies import body, wire_item
from ddbengine.engine.changes import ItemChange
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.item_collections import CollectionSizes
from ddbengine.engine.item_write import stored_item
from ddbengine.engine.reading import ReadRequest
from ddbengine.engine.statement_reads import (
    TOKEN_MISMATCH,
    SelectLookup,
    SelectPlan,
    decode_token,
    digest_of,
    is_lookup,
)
from ddbengine.engine.statement_writes import StatementWrite, stored_key
from ddbengine.engine.statements import ExistsStatement, SelectStatement, as_validation_error, read_statement
from ddbengine.errors import ValidationException
from ddbengine.partiql import StatementFault
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_GENERAL_MEMBERS = frozenset({"NextToken", "ReturnConsumedCapacity"})
"""What SelectLookup knows nothing of.  A Limit changes nothing for one item."""
EXISTS_MISPLACED = "EXISTS can only be used in ExecuteTransaction write requests."


@dataclass(frozen=True, slots=True)
class WritePlan:
    """ExecuteStatement of an INSERT, UPDATE or DELETE."""

    surroundings: Surroundings
    namespace: str
    statement: StatementWrite
    capacity_detail: str | None
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        statement = self.statement
        schema = self.surroundings.catalog.table(txn, self.namespace, statement.table_name)
        key = stored_key(schema, statement)
        old = stored_item(txn, key)
        written = statement.written(schema, old)
        members: dict[str, Any] = {"Items": [] if written.returned is None else [wire_item(written.returned)]}
        if self.capacity_detail is not None:
            consumed = capacity.Consumed()
            consumed.add_write(schema, old, written.new)
            members["ConsumedCapacity"] = consumed.report(statement.table_name, self.capacity_detail)
        change = ItemChange(schema, key, old, written.new)
        CollectionSizes(txn, self.surroundings.item_collection_limit).add(change)
        return Outcome(body(members), (change,) if old != written.new else ())


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    try:
        statement = read_statement(request)
    except StatementFault as fault:
        raise as_validation_error(fault) from None
    if isinstance(statement, ExistsStatement):
        raise ValidationException(EXISTS_MISPLACED)
    namespace = surroundings.namespace(caller)
    if isinstance(statement, SelectStatement):
        plan = partial(_select_plan, surroundings, namespace, statement, request)
        select, where = statement.select, statement.where
        if where is None or not is_lookup(select, where) or not _GENERAL_MEMBERS.isdisjoint(request):
            return plan()
        consistent = request.get("ConsistentRead", False)
        return SelectLookup(surroundings, namespace, select.table_name, where, consistent, plan)
    return WritePlan(surroundings, namespace, statement, capacity.wanted(request))


def _select_plan(
    surroundings: Surroundings, namespace: str, statement: SelectStatement, request: Mapping[str, Any]
) -> SelectPlan:
    token_text = request.get("NextToken")
    token = None if token_text is None else decode_token(token_text)
    asked = (request["Statement"], request.get("Parameters"))
    if token is not None and token.digest != digest_of(*asked):
        raise ValidationException(TOKEN_MISMATCH)
    consistent = request.get("ConsistentRead", False)
    read = read_request(surroundings, namespace, statement, consistent, request)
    return SelectPlan(read, statement.select, statement.where, asked, token, consistent)


def read_request(
    surroundings: Surroundings,
    namespace: str,
    statement: SelectStatement,
    consistent: bool,
    request: Mapping[str, Any],
) -> ReadRequest:
    """A SELECT as Query and Scan are told what to read."""
    select, where = statement.select, statement.where
    return ReadRequest(
        surroundings,
        namespace,
        select.table_name,
        select.index_name,
        None,
        None if select.columns is None else select.columns.projection,
        None if where is None else where.condition,
        None,
        request.get("Limit"),
        consistent,
        capacity.wanted(request),
        0 if select.index_name is None else surroundings.pending_lsn(),
    )
