"""GetItem: one item by its key.  Order of checks: FACTS 3.5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.bodies import EMPTY, body, wire_item
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.keys import check_scalar_keys, lookup_key
from ddbengine.engine.request_expressions import read_attributes_to_get, read_placeholders, read_projection
from ddbengine.engine.values import CURRENT_READ
from ddbengine.expressions import Projection, check_mixing
from ddbengine.storage.store import Outcome, ReadTxn

Buffer = bytes | memoryview

LEGACY = ("AttributesToGet",)
EXPRESSIONS = ("ProjectionExpression",)
_PROJECTING = frozenset((*LEGACY, *EXPRESSIONS, "ExpressionAttributeNames"))


@dataclass(slots=True)  # not frozen: each request makes one
class GetItem:
    surroundings: Surroundings
    namespace: str
    table_name: str
    key: dict[str, bytes]
    projection: Projection | None
    consistent: bool
    capacity_detail: str | None
    writes: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        found, item = self._find(txn)
        if self.capacity_detail is None:
            return Outcome(EMPTY if item is None else b'{"Item":%b}' % _core.item_to_wire(item))
        members: dict[str, Any] = {} if item is None else {"Item": wire_item(item)}
        members["ConsumedCapacity"] = self._consumed(found, self.capacity_detail)
        return Outcome(body(members))

    def answer(self, txn: ReadTxn) -> dict[str, Any]:
        """The members of the response, for a program in this process: no JSON is made and read."""
        found, item = self._find(txn)
        members: dict[str, Any] = {} if item is None else {"Item": _core.item_to_dict(item)}
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = self._consumed(found, self.capacity_detail)
        return members

    def _find(self, txn: ReadTxn) -> tuple[Buffer | None, Buffer | None]:
        """The stored item, and what is shown of it."""
        schema = self.surroundings.catalog.table(txn, self.namespace, self.table_name)
        key = lookup_key(schema, self.key)
        projection = self.projection
        if projection is None:
            found = txn.get(key)
            return found, found
        check_scalar_keys(schema, projection.paths)
        found = txn.get(key)
        return found, None if found is None else projection.of(found)

    def _consumed(self, found: Buffer | None, detail: str) -> dict[str, Any]:
        size = 0 if found is None else _core.item_size(found)
        return capacity.Consumed(capacity.read_units(size, self.consistent)).report(self.table_name, detail)


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> GetItem:
    is_whole = _PROJECTING.isdisjoint(request)
    if not is_whole:
        check_mixing(request, LEGACY, EXPRESSIONS)
    key = CURRENT_READ.attributes(request["Key"])
    return GetItem(
        surroundings,
        surroundings.namespace(caller),
        request["TableName"],
        key,
        None if is_whole else read_projection_of_lookup(request),
        request.get("ConsistentRead", False),
        capacity.wanted(request),
    )


def read_projection_of_lookup(request: Mapping[str, Any]) -> Projection | None:
    """The projection of a GetItem or of one table of a BatchGetItem, legacy or expression."""
    legacy = read_attributes_to_get(request)
    placeholders = read_placeholders(request, EXPRESSIONS, CURRENT_READ)
    projection = read_projection(request, placeholders)
    placeholders.check_unused()
    return legacy or projection
