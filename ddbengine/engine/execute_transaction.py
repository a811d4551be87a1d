"""ExecuteTransaction: up to 100 statements, all reads or all writes.

They are carried out as TransactGetItems and TransactWriteItems do it: same isolation, order of checks, cancellation,
ClientRequestToken and capacity (FACTS 5.8, 5.14, 6.4).  ``EXISTS(SELECT ...)`` is the condition check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.batch_execute_statement import key_of_select
from ddbengine.engine.bodies import EMPTY, body, wire_item
from ddbengine.engine.changes import ItemChange
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.keys import check_scalar_keys, item_key
from ddbengine.engine.request_tokens import request_token
from ddbengine.engine.statement_writes import InsertStatement, StatementWrite, key_of, stored_key
from ddbengine.engine.statements import (
    ExistsStatement,
    RequestedStatement,
    SelectStatement,
    read_member,
)
from ddbengine.engine.transact_actions import Guard
from ddbengine.engine.transact_get_items import items_of
from ddbengine.engine.transact_write_items import TransactWriteItems
from ddbengine.engine.transactions import Reason, invalid, refuse_empty_key, report_of_reads, targets_of
from ddbengine.errors import ConditionalCheckFailedException, DuplicateItemException, ValidationException
from ddbengine.limits import TRANSACTION_MAX_BYTES
from ddbengine.partiql import StatementFault
from ddbengine.partiql.keys import pinned_key
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_NO_KEY = "Select statements within ExecuteTransaction must specify the primary key in the where clause."
_MIXED = "ExecuteTransaction API does not support both read and write operations in the same request."


def _located(number: int, message: str) -> str:
    return f"Validation failed in TransactStatements[{number}]: {message}"


@dataclass(frozen=True, slots=True)
class StatementGet:
    """A SELECT of one item."""

    number: int
    statement: SelectStatement

    @property
    def table_name(self) -> str:
        return self.statement.table_name

    def check(self, schema: TableSchema) -> None:
        if self.statement.select.index_name is not None:
            raise ValidationException(_located(self.number, "Reads on indices are not supported within transactions."))
        where = self.statement.where
        pinned = pinned_key(where, tuple([attribute.name for attribute in schema.key]))
        if not pinned.is_all or len(pinned.values) < len(schema.key):
            raise ValidationException(_located(self.number, _NO_KEY))
        refuse_empty_key(schema, lambda name: pinned.values[name][0])
        columns = self.statement.select.columns
        if columns is not None:
            check_scalar_keys(schema, columns.projection.paths)

    def stored_key(self, schema: TableSchema) -> bytes:
        return key_of_select(schema, self.statement, _located(self.number, _NO_KEY))


@dataclass(frozen=True, slots=True)
class StatementAction:
    """An INSERT, UPDATE or DELETE as an action of TransactWriteItems."""

    guard: Guard
    statement: StatementWrite
    writes: ClassVar[bool] = True

    @property
    def table_name(self) -> str:
        return self.guard.table_name

    def check(self, schema: TableSchema) -> None:
        statement = self.statement
        if isinstance(statement, InsertStatement):
            refuse_empty_key(schema, lambda name: _core.get_attribute(statement.item, name))
            return
        pinned = pinned_key(statement.where, tuple([attribute.name for attribute in schema.key]))
        refuse_empty_key(schema, lambda name: pinned.values.get(name, (None,))[0])

    def stored_key(self, schema: TableSchema) -> bytes:
        return stored_key(schema, self.statement)

    def change(self, schema: TableSchema, key: bytes, old: bytes | None) -> ItemChange | Reason:
        shown = old if self.guard.item_on_failure else None
        try:
            written = self.statement.written(schema, old)
        except ConditionalCheckFailedException as error:
            return Reason("ConditionalCheckFailed", str(error.message), shown)
        except DuplicateItemException as error:
            return Reason("DuplicateItem", str(error.message), shown)
        except ValidationException as error:
            return invalid(error)
        return ItemChange(schema, key, old, written.new)

    def partition(self, schema: TableSchema) -> bytes:
        return self.statement.key(schema)[schema.partition.name]


@dataclass(frozen=True, slots=True)
class StatementCheck:
    """EXISTS of one item with a further condition."""

    guard: Guard
    number: int
    statement: SelectStatement
    writes: ClassVar[bool] = False

    @property
    def table_name(self) -> str:
        return self.guard.table_name

    def check(self, schema: TableSchema) -> None:
        pinned = pinned_key(self.statement.where, tuple([attribute.name for attribute in schema.key]))
        if self.statement.select.index_name is not None or pinned.is_all or len(pinned.values) < len(schema.key):
            raise ValidationException(
                _located(self.number, "EXISTS() must contain a single item read with additional condition")
            )
        refuse_empty_key(schema, lambda name: pinned.values[name][0])
        assert self.statement.where is not None, "it pins a key"
        check_scalar_keys(schema, self.statement.where.condition.paths)

    def stored_key(self, schema: TableSchema) -> bytes:
        return item_key(schema, self._key(schema))

    def change(self, schema: TableSchema, key: bytes, old: bytes | None) -> ItemChange | Reason:
        where = self.statement.where
        assert where is not None, "it pins a key"
        if old is None or not where.condition.matches(old):
            shown = old if self.guard.item_on_failure else None
            return Reason("ConditionalCheckFailed", "The conditional request failed", shown)
        return ItemChange(schema, key, old, old)

    def partition(self, schema: TableSchema) -> bytes:
        return self._key(schema)[schema.partition.name]

    def _key(self, schema: TableSchema) -> dict[str, bytes]:
        return key_of(schema, pinned_key(self.statement.where, tuple([part.name for part in schema.key])))


@dataclass(frozen=True, slots=True)
class TransactionOfReads:
    surroundings: Surroundings
    namespace: str
    gets: Sequence[StatementGet]
    capacity_detail: str | None
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        targets = targets_of(self.surroundings, self.namespace, self.gets, txn)
        items = items_of(targets, txn)
        responses: list[dict[str, Any]] = []
        size = 0
        for get, item in zip(self.gets, items, strict=True):
            columns = get.statement.select.columns
            shown = item if item is None or columns is None else columns.of(item)
            size += 0 if shown is None else _core.item_size(shown)
            responses.append({} if shown is None else {"Item": wire_item(shown)})
        if size > TRANSACTION_MAX_BYTES:
            raise ValidationException(f"Payload in response is too large.{size}")
        members: dict[str, Any] = {"Responses": responses}
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = report_of_reads(self.gets, targets, items, self.capacity_detail)
        return Outcome(body(members))


@dataclass(frozen=True, slots=True)
class TransactionOfWrites:
    """The answer of TransactWriteItems with an empty list of responses."""

    transaction: TransactWriteItems
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        outcome = self.transaction.run(txn)
        rest = b"}" if outcome.body == EMPTY else b"," + outcome.body[1:]
        return Outcome(b'{"Responses":[]' + rest, outcome.changes)


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    wires = request["TransactStatements"]
    statements = [_read(number, wire) for number, wire in enumerate(wires)]
    reads = [statement for statement in statements if isinstance(statement, SelectStatement)]
    namespace, detail = surroundings.namespace(caller), capacity.wanted(request)
    if reads and len(reads) < len(statements):
        raise ValidationException(_MIXED)
    if reads:
        gets = [StatementGet(number, statement) for number, statement in enumerate(reads)]
        return TransactionOfReads(surroundings, namespace, gets, detail)
    actions = [_action(number, statement) for number, statement in enumerate(statements)]
    payload = sum(action.guard.payload_bytes for action in actions)
    if payload > TRANSACTION_MAX_BYTES:
        # As TransactWriteItems says it.
        raise ValidationException(f"Transaction payload size cannot exceed 4MB. Payload Size: {payload}")
    token = request_token(request.get("ClientRequestToken"), namespace, wires)
    return TransactionOfWrites(TransactWriteItems(surroundings, namespace, actions, token, detail, False))


def _read(number: int, wire: Mapping[str, Any]) -> RequestedStatement:
    try:
        statement = read_member(wire)
        if not isinstance(statement, (SelectStatement, ExistsStatement)) and statement.returns:
            raise StatementFault("RETURNING clause is not supported in ExecuteTransaction.")
    except StatementFault as fault:
        raise ValidationException(_located(number, fault.message)) from None
    return statement


def _action(number: int, statement: RequestedStatement) -> StatementAction | StatementCheck:
    assert not isinstance(statement, SelectStatement), "reads are no actions"
    guard = Guard(statement.table_name, None, statement.item_on_failure, _payload_bytes(statement))
    if isinstance(statement, ExistsStatement):
        return StatementCheck(guard, number, statement.select)
    return StatementAction(guard, statement)


def _payload_bytes(statement: StatementWrite | ExistsStatement) -> int:
    """What a statement adds to the size of the request: its item, or all its values."""
    if isinstance(statement, InsertStatement):
        return _core.item_size(statement.item)
    where = statement.select.where if isinstance(statement, ExistsStatement) else statement.where
    return 0 if where is None else sum(map(_core.value_size, where.values.values()))
