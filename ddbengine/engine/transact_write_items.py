"""TransactWriteItems: up to 100 puts, updates, deletions and condition checks, all of them or none (FACTS 5.8).

One plan with many changes: the committer runs it between other plans, so it is serializable against everything else,
and a TransactionConflict cannot arise.  A request with a ClientRequestToken is carried out once; sent again, it is
answered as before, but that its consumed capacity is that of reading the items (FACTS 6.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine.engine import capacity
from ddbengine.engine.bodies import body
from ddbengine.engine.changes import ItemChange, collection_growth
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.item_collections import CollectionSizes, collection_metrics
from ddbengine.engine.item_write import stored_item
from ddbengine.engine.request_tokens import RequestToken, request_token
from ddbengine.engine.transact_actions import WriteAction, read_action
from ddbengine.engine.transactions import Ledger, Reason, Target, cancelled, report_of_reads, targets_of
from ddbengine.errors import ItemCollectionSizeLimitExceededException, ValidationException
from ddbengine.limits import TRANSACTION_MAX_BYTES
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn


@dataclass(frozen=True, slots=True)
class TransactWriteItems:
    surroundings: Surroundings
    namespace: str
    actions: Sequence[WriteAction]
    token: RequestToken | None
    capacity_detail: str | None
    collection_metrics: bool
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        now = self.surroundings.clock()
        is_repeated = self.token is not None and self.token.was_used(txn, now)
        targets = targets_of(self.surroundings, self.namespace, self.actions, txn)
        if is_repeated:
            return Outcome(body(self._repeated_members(targets, txn)))
        changes = changes_of(self.actions, targets, txn, self.surroundings.item_collection_limit)
        written: list[Any] = [change for change in changes if change.old != change.new]
        if self.token is not None:
            written.append(self.token.remember(txn, now))
        return Outcome(body(self._members(changes, txn)), written)

    def _members(self, changes: Sequence[ItemChange], txn: ReadTxn) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = report_of_writes(self.actions, changes, self.capacity_detail)
        if self.collection_metrics:
            metrics = metrics_of_collections(self.actions, changes, txn)
            if metrics:
                members["ItemCollectionMetrics"] = metrics
        return members

    def _repeated_members(self, targets: Sequence[Target], txn: ReadTxn) -> dict[str, Any]:
        """The members of an answer to a request that was carried out before; it changes nothing now."""
        items = [None if target.fault else stored_item(txn, target.key) for target in targets]
        members: dict[str, Any] = {}
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = report_of_reads(self.actions, targets, items, self.capacity_detail)
        if self.collection_metrics:
            unchanged = [
                ItemChange(target.schema, target.key, item, item) for target, item in zip(targets, items, strict=True)
            ]
            metrics = metrics_of_collections(self.actions, unchanged, txn)
            if metrics:
                members["ItemCollectionMetrics"] = metrics
        return members


def changes_of(
    actions: Sequence[WriteAction], targets: Sequence[Target], txn: ReadTxn, collection_limit: int
) -> list[ItemChange]:
    """What becomes of each action's item, in order; the same on both sides where nothing is written.

    Raise TransactionCanceledException when some action cannot be done.
    """
    sizes = CollectionSizes(txn, collection_limit)
    found: list[ItemChange | Reason] = []
    for action, target in zip(actions, targets, strict=True):
        if target.fault is not None:
            found.append(target.fault)
        else:
            change = action.change(target.schema, target.key, stored_item(txn, target.key))
            found.append(_fitting(change, sizes))
    changes = [change for change in found if isinstance(change, ItemChange)]
    if len(changes) < len(found):
        raise cancelled([reason if isinstance(reason, Reason) else None for reason in found])
    return changes


def _fitting(change: ItemChange | Reason, sizes: CollectionSizes) -> ItemChange | Reason:
    """The same, or the reason why the item collection cannot hold it."""
    if isinstance(change, ItemChange):
        try:
            sizes.add(change)
        except ItemCollectionSizeLimitExceededException as error:
            return Reason("ItemCollectionSizeLimitExceeded", str(error.message))
    return change


def report_of_writes(
    actions: Sequence[WriteAction], changes: Sequence[ItemChange], detail: str
) -> list[dict[str, Any]]:
    """The ConsumedCapacity of a transaction that was carried out; a condition check costs a write."""
    ledger = Ledger()
    for action, change in zip(actions, changes, strict=True):
        consumed = ledger.of(action, change.schema)
        consumed.add_write(change.schema, change.old, change.new, capacity.TRANSACTION_RATE)
    return ledger.report(detail, capacity.WRITE_UNITS)


def metrics_of_collections(
    actions: Sequence[WriteAction], changes: Sequence[ItemChange], txn: ReadTxn
) -> dict[str, list[dict[str, Any]]]:
    """ItemCollectionMetrics: by table with local indexes, one entry per item collection that was written to."""
    tables: dict[int, tuple[str, TableSchema, dict[bytes, int]]] = {}
    for action, change in zip(actions, changes, strict=True):
        schema = change.schema
        if action.writes and schema.local_indexes:
            _, _, growth = tables.setdefault(schema.number, (action.table_name, schema, {}))
            grown = collection_growth(change) if change.old != change.new else 0
            partition = action.partition(schema)
            growth[partition] = growth.get(partition, 0) + grown
    return {
        name: [collection_metrics(schema, partition, txn, grown) for partition, grown in growth.items()]
        for name, schema, growth in tables.values()
    }


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> TransactWriteItems:
    actions = [read_action(wire) for wire in request["TransactItems"]]
    payload = sum(action.guard.payload_bytes for action in actions)
    if payload > TRANSACTION_MAX_BYTES:
        # The service's words are not known; these are those of DynamoDB Local 1.25.
        raise ValidationException(f"Transaction payload size cannot exceed 4MB. Payload Size: {payload}")
    namespace = surroundings.namespace(caller)
    return TransactWriteItems(
        surroundings,
        namespace,
        actions,
        request_token(request.get("ClientRequestToken"), namespace, request["TransactItems"]),
        capacity.wanted(request),
        request.get("ReturnItemCollectionMetrics") == "SIZE",
    )
