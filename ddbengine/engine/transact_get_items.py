"""TransactGetItems: up to 100 items of several tables, all as one snapshot has them (FACTS 5.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.bodies import body, wire_item
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.keys import check_scalar_keys, lookup_key
from ddbengine.engine.request_expressions import read_placeholders, read_projection
from ddbengine.engine.transactions import Target, cancelled, refuse_empty_key, report_of_reads, targets_of
from ddbengine.engine.values import TRANSACTION
from ddbengine.errors import ValidationException
from ddbengine.expressions import Projection
from ddbengine.limits import TRANSACTION_MAX_BYTES
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn


@dataclass(frozen=True, slots=True)
class Get:
    table_name: str
    key: dict[str, bytes]
    projection: Projection | None

    def check(self, schema: TableSchema) -> None:
        refuse_empty_key(schema, self.key.get)
        if self.projection is not None:
            check_scalar_keys(schema, self.projection.paths)

    def stored_key(self, schema: TableSchema) -> bytes:
        return lookup_key(schema, self.key)


@dataclass(frozen=True, slots=True)
class TransactGetItems:
    surroundings: Surroundings
    namespace: str
    gets: Sequence[Get]
    capacity_detail: str | None
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        targets = targets_of(self.surroundings, self.namespace, self.gets, txn)
        items = items_of(targets, txn)
        responses: list[dict[str, Any]] = []
        size = 0
        for get, item in zip(self.gets, items, strict=True):
            if item is None:
                responses.append({})
                continue
            shown = item if get.projection is None else get.projection.of(item)
            shown_size = _core.item_size(shown)
            size += shown_size
            # Unlike GetItem's: where the projection leaves no attribute, there is no Item.
            responses.append({"Item": wire_item(shown)} if shown_size else {})
        if size > TRANSACTION_MAX_BYTES:
            # The service's words are not known; these are those of DynamoDB Local 1.25.
            raise ValidationException(f"Payload in response is too large.{size}")
        members: dict[str, Any] = {"Responses": responses}
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = report_of_reads(self.gets, targets, items, self.capacity_detail)
        return Outcome(body(members))


def items_of(targets: Sequence[Target], txn: ReadTxn) -> list[bytes | memoryview | None]:
    """The stored items, None for a missing one; raise TransactionCanceledException if some key is not sound."""
    if any(target.fault for target in targets):
        raise cancelled([target.fault for target in targets])
    return [txn.get(target.key) for target in targets]


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> TransactGetItems:
    gets = [_read_get(wire["Get"]) for wire in request["TransactItems"]]
    return TransactGetItems(surroundings, surroundings.namespace(caller), gets, capacity.wanted(request))


def _read_get(wire: Mapping[str, Any]) -> Get:
    """As in an action that writes: an empty attribute name, then the expression, then the values of the key."""
    if "" in wire["Key"]:
        raise TRANSACTION.fault(_core.ValueFault("empty_name"))
    placeholders = read_placeholders(wire, ("ProjectionExpression",), TRANSACTION)
    projection = read_projection(wire, placeholders)
    placeholders.check_unused()
    return Get(wire["TableName"], TRANSACTION.attributes(wire["Key"]), projection)
