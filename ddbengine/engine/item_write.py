"""What PutItem, UpdateItem and DeleteItem share: the condition, the response members, the plan's outcome.

Each of the three is a plan with a request's checked parts; see its own module for what is its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ddbengine.engine import capacity
from ddbengine.engine.bodies import body, wire_item
from ddbengine.engine.changes import ItemChange, collection_growth
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.item_collections import CollectionSizes, collection_metrics
from ddbengine.engine.keys import check_scalar_keys
from ddbengine.engine.older_layer import is_deep
from ddbengine.engine.request_expressions import read_condition, read_legacy_condition, read_placeholders
from ddbengine.engine.values import CURRENT_READ, SINGLE_WRITE
from ddbengine.errors import ConditionalCheckFailedException, ValidationException
from ddbengine.expressions import Condition
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn

LEGACY = ("Expected", "ConditionalOperator")
EXPRESSIONS = ("ConditionExpression",)
_CONDITIONAL = frozenset((*LEGACY, *EXPRESSIONS, "ExpressionAttributeNames", "ExpressionAttributeValues"))
"""Members that only a request with a condition may have."""


@dataclass(slots=True)  # not frozen: each request makes one
class WriteRequest:
    """The members that all three operations have, checked."""

    surroundings: Surroundings
    namespace: str
    table_name: str
    condition: Condition | None
    return_values: str
    item_on_failure: bool
    """ReturnValuesOnConditionCheckFailure is ALL_OLD."""
    capacity_detail: str | None
    collection_metrics: bool

    def table(self, txn: ReadTxn) -> TableSchema:
        return self.surroundings.catalog.table(txn, self.namespace, self.table_name)


_BAD_RETURN_VALUES = "ReturnValues can only be ALL_OLD or NONE"


def check_return_values(request: Mapping[str, Any]) -> None:
    """PutItem and DeleteItem know ALL_OLD and NONE only."""
    if request.get("ReturnValues", "NONE") not in ("ALL_OLD", "NONE"):
        raise SINGLE_WRITE.error(_BAD_RETURN_VALUES)


def check_return_values_if_deep(request: Mapping[str, Any]) -> None:
    """The same before values are read: of a deep request the older layer says so, bare (FACTS 3.6)."""
    if request.get("ReturnValues", "NONE") not in ("ALL_OLD", "NONE") and is_deep(request):
        raise ValidationException(_BAD_RETURN_VALUES)


def read_condition_of_write(request: Mapping[str, Any]) -> Condition | None:
    """The condition of a PutItem or DeleteItem, as Expected or as an expression."""
    if _CONDITIONAL.isdisjoint(request):
        return None
    expected = read_legacy_condition(request, "Expected", CURRENT_READ)
    placeholders = read_placeholders(request, EXPRESSIONS, CURRENT_READ)
    condition = read_condition(request, placeholders)
    placeholders.check_unused()
    return expected or condition


def read_write_request(
    surroundings: Surroundings, caller: Caller, request: Mapping[str, Any], condition: Condition | None
) -> WriteRequest:
    return WriteRequest(
        surroundings,
        surroundings.namespace(caller),
        request["TableName"],
        condition,
        request.get("ReturnValues", "NONE"),
        request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
        capacity.wanted(request),
        request.get("ReturnItemCollectionMetrics") == "SIZE",
    )


def stored_item(txn: ReadTxn, key: bytes) -> bytes | None:
    """An own copy of the stored item: it outlives the transaction's next write."""
    found = txn.get(key)
    return None if found is None else bytes(found)


def check_condition_paths(write: WriteRequest, schema: TableSchema) -> None:
    """Refuse a condition that leads below a key attribute."""
    if write.condition is not None:
        check_scalar_keys(schema, write.condition.paths)


def check_condition(write: WriteRequest, old: bytes | None) -> None:
    """Raise ConditionalCheckFailedException unless the request's condition holds for the item as it is."""
    if write.condition is None or write.condition.matches(old):
        return
    members = {"Item": wire_item(old)} if write.item_on_failure and old is not None else None
    raise ConditionalCheckFailedException("The conditional request failed", members)


def outcome_of_write(
    write: WriteRequest,
    schema: TableSchema,
    change: ItemChange,
    partition: bytes | None,
    txn: ReadTxn,
    attributes: bytes | None,
) -> Outcome:
    """The outcome of a write of one item; raise ItemCollectionSizeLimitExceededException.

    ``partition`` is the encoded partition key, None for that of the change (a deletion may find no item);
    ``attributes`` the stored form of what the request wants returned, if anything.
    """
    if schema.local_indexes:
        CollectionSizes(txn, write.surroundings.item_collection_limit).add(change)
    changed = change.old != change.new
    members: dict[str, Any] = {}
    if attributes is not None:
        members["Attributes"] = wire_item(attributes)
    if write.capacity_detail is not None:
        consumed = capacity.Consumed()
        consumed.add_write(schema, change.old, change.new)
        members["ConsumedCapacity"] = consumed.report(write.table_name, write.capacity_detail)
    if write.collection_metrics and schema.local_indexes:
        growth = collection_growth(change) if changed else 0
        members["ItemCollectionMetrics"] = collection_metrics(schema, partition or change.partition(), txn, growth)
    return Outcome(body(members), (change,) if changed else ())
