"""BatchExecuteStatement: up to 25 statements, all reads or all writes, each of one item (FACTS 5.14).

A member fails by itself, with a short code, and the others are carried out; only what is wrong with the batch as a
whole refuses it.  No two members are about one item, so none needs to see what another writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.bodies import body, wire_item
from ddbengine.engine.changes import ItemChange
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.execute_statement import EXISTS_MISPLACED
from ddbengine.engine.item_collections import CollectionSizes
from ddbengine.engine.item_write import stored_item
from ddbengine.engine.keys import check_scalar_keys, item_key
from ddbengine.engine.statement_reads import refuse_wide_key
from ddbengine.engine.statement_writes import StatementWrite, key_of, stored_key
from ddbengine.engine.statements import ExistsStatement, SelectStatement, as_validation_error, read_member
from ddbengine.errors import (
    ApiError,
    ConditionalCheckFailedException,
    DuplicateItemException,
    ItemCollectionSizeLimitExceededException,
    ResourceNotFoundException,
    ValidationException,
)
from ddbengine.partiql import StatementFault
from ddbengine.partiql.keys import pinned_key
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn

_CODES: dict[type[ApiError], str] = {
    ValidationException: "ValidationError",
    ResourceNotFoundException: "ResourceNotFound",
    ConditionalCheckFailedException: "ConditionalCheckFailed",
    DuplicateItemException: "DuplicateItem",
    ItemCollectionSizeLimitExceededException: "ItemCollectionSizeLimitExceeded",
}
_NO_KEY = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."


@dataclass(frozen=True, slots=True)
class Member:
    """A statement of the batch, or what is wrong with it."""

    statement: SelectStatement | StatementWrite | ApiError
    consistent: bool


@dataclass(frozen=True, slots=True)
class Located:
    """A member and the item it is about."""

    statement: SelectStatement | StatementWrite
    schema: TableSchema
    key: bytes
    consistent: bool


class _Ledger:
    """Consumed capacity by table, in the order in which members first name them."""

    def __init__(self) -> None:
        self._by_number: dict[int, tuple[str, capacity.Consumed]] = {}

    def of(self, member: Located) -> capacity.Consumed:
        named = self._by_number.setdefault(member.schema.number, (member.statement.table_name, capacity.Consumed()))
        return named[1]

    def report(self, detail: str) -> list[dict[str, Any]]:
        return [consumed.report(name, detail) for name, consumed in self._by_number.values()]


@dataclass(slots=True)
class _Effects:
    """What the members of a batch come to, gathered in their order."""

    sizes: CollectionSizes
    changes: list[ItemChange] = field(default_factory=list)
    ledger: _Ledger = field(default_factory=_Ledger)


@dataclass(frozen=True, slots=True)
class BatchExecuteStatement:
    surroundings: Surroundings
    namespace: str
    members: Sequence[Member]
    writes: bool
    consistent: bool
    capacity_detail: str | None

    def run(self, txn: ReadTxn) -> Outcome:
        located = [self._locate(member, txn) for member in self.members]
        keys = [found.key for found in located if isinstance(found, Located)]
        if len(set(keys)) < len(keys):
            raise ValidationException("Provided list of item keys contains duplicates")
        effects = _Effects(CollectionSizes(txn, self.surroundings.item_collection_limit))
        members: dict[str, Any] = {"Responses": [_response(found, txn, effects) for found in located]}
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = effects.ledger.report(self.capacity_detail)
        return Outcome(body(members), effects.changes)

    def _locate(self, member: Member, txn: ReadTxn) -> Located | ApiError:
        statement = member.statement
        if isinstance(statement, ApiError):
            return statement
        try:
            schema = self.surroundings.catalog.table(txn, self.namespace, statement.table_name)
            if isinstance(statement, SelectStatement):
                key = key_of_select(schema, statement, _NO_KEY)
            else:
                key = stored_key(schema, statement)
        except ApiError as error:
            return error
        return Located(statement, schema, key, member.consistent)


def _response(found: Located | ApiError, txn: ReadTxn, effects: _Effects) -> dict[str, Any]:
    if isinstance(found, ApiError):
        return {"Error": _error(found)}
    response: dict[str, Any] = {"TableName": found.schema.name}
    try:
        shown = _carry_out(found, txn, effects)
    except (
        ValidationException,
        ConditionalCheckFailedException,
        DuplicateItemException,
        ItemCollectionSizeLimitExceededException,
    ) as error:
        return {"Error": _error(error), **response}
    if shown is not None:
        response["Item"] = wire_item(shown)
    return response


def _carry_out(member: Located, txn: ReadTxn, effects: _Effects) -> bytes | memoryview | None:
    """What a member shows; what it changes and costs is added to the effects."""
    statement = member.statement
    if isinstance(statement, SelectStatement):
        item = txn.get(member.key)
        size = 0 if item is None else _core.item_size(item)
        effects.ledger.of(member).table += capacity.read_units(size, member.consistent)
        columns = statement.select.columns
        return item if item is None or columns is None else columns.of(item)
    old = stored_item(txn, member.key)
    written = statement.written(member.schema, old)
    change = ItemChange(member.schema, member.key, old, written.new)
    effects.sizes.add(change)
    effects.ledger.of(member).add_write(member.schema, old, written.new)
    if old != written.new:
        effects.changes.append(change)
    return written.returned


def _error(error: ApiError) -> dict[str, Any]:
    """The Error of a member.  ReturnValuesOnConditionCheckFailure adds nothing to it."""
    return {"Code": _CODES[type(error)], "Message": error.message}


def key_of_select(schema: TableSchema, statement: SelectStatement, refusal: str) -> bytes:
    """The stored key of a SELECT that names exactly one item; raise ValidationException with ``refusal``."""
    index = None if statement.select.index_name is None else schema.index(statement.select.index_name)
    if index is not None:
        refuse_wide_key(index)
    where = statement.where
    pinned = pinned_key(where, tuple([attribute.name for attribute in schema.key]))
    is_lookup = pinned.is_all and len(pinned.values) == len(schema.key)
    if statement.select.index_name is not None or not is_lookup or statement.select.order:
        raise ValidationException(refusal)
    columns = statement.select.columns
    if columns is not None:
        check_scalar_keys(schema, columns.projection.paths)
    return item_key(schema, key_of(schema, pinned))


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> BatchExecuteStatement:
    members = [_read_member(wire) for wire in request["Statements"]]
    sound = [member for member in members if not isinstance(member.statement, ApiError)]
    reads = [isinstance(member.statement, SelectStatement) for member in sound]
    if any(reads) and not all(reads):
        raise ValidationException("Read and write requests together in the same batch is not supported.")
    return BatchExecuteStatement(
        surroundings,
        surroundings.namespace(caller),
        members,
        writes=bool(reads) and not reads[0],
        consistent=any(member.consistent for member in sound),
        capacity_detail=capacity.wanted(request),
    )


def _read_member(wire: Mapping[str, Any]) -> Member:
    consistent = wire.get("ConsistentRead", False)
    try:
        statement = read_member(wire)
    except StatementFault as fault:
        return Member(as_validation_error(fault), consistent)
    except ValidationException as error:
        return Member(error, consistent)
    if isinstance(statement, ExistsStatement):
        return Member(ValidationException(EXISTS_MISPLACED), consistent)
    return Member(statement, consistent)
