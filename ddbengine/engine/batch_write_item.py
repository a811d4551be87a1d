"""BatchWriteItem: up to 25 puts and deletions over several tables, without conditions.

All validation is up front: one bad request refuses the batch (FACTS 5.8).  The service may apply the requests one by
one; here they are applied together, which no client can tell from a lucky run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.bodies import body
from ddbengine.engine.changes import ItemChange, collection_growth
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.item_collections import CollectionSizes, collection_metrics
from ddbengine.engine.item_write import stored_item
from ddbengine.engine.keys import check_index_keys, lookup_key
from ddbengine.engine.put_item import check_item_size
from ddbengine.engine.values import OLDER
from ddbengine.errors import ValidationException
from ddbengine.limits import BATCH_WRITE_MAX_REQUESTS
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn


@dataclass(frozen=True, slots=True)
class Put:
    item: bytes
    size: int

    def change(self, schema: TableSchema, txn: ReadTxn) -> ItemChange:
        check_item_size(self.size)
        attributes = (attribute.name for attribute in schema.key)
        key = lookup_key(
            schema, {name: value for name in attributes if (value := _core.get_attribute(self.item, name)) is not None}
        )
        check_index_keys(schema, self.item)
        return ItemChange(schema, key, stored_item(txn, key), self.item)


@dataclass(frozen=True, slots=True)
class Delete:
    key: dict[str, bytes]

    def change(self, schema: TableSchema, txn: ReadTxn) -> ItemChange:
        key = lookup_key(schema, self.key)
        return ItemChange(schema, key, stored_item(txn, key), None)


@dataclass(frozen=True, slots=True)
class BatchWriteItem:
    surroundings: Surroundings
    namespace: str
    tables: dict[str, list[Put | Delete]]
    capacity_detail: str | None
    collection_metrics: bool
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        catalog = self.surroundings.catalog
        schemas = {name: catalog.table(txn, self.namespace, name) for name in self.tables}
        changes: dict[str, list[ItemChange]] = {}
        keys: set[bytes] = set()  # of all tables: one table may be named plainly and by its ARN
        for name, requests in self.tables.items():
            changes[name] = [request.change(schemas[name], txn) for request in requests]
            before = len(keys)
            keys.update(change.key for change in changes[name])
            if len(keys) - before < len(requests):
                raise ValidationException("Provided list of item keys contains duplicates")
        sizes = CollectionSizes(txn, self.surroundings.item_collection_limit)
        for of_table in changes.values():
            for change in of_table:
                sizes.add(change)
        members: dict[str, Any] = {"UnprocessedItems": {}}
        if self.collection_metrics:
            metrics = self._collection_metrics(changes, txn)
            if metrics:
                members["ItemCollectionMetrics"] = metrics
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = [
                _consumed(of_table).report(name, self.capacity_detail) for name, of_table in changes.items()
            ]
        effective = [change for of_table in changes.values() for change in of_table if change.old != change.new]
        return Outcome(body(members), effective)

    def _collection_metrics(self, changes: Mapping[str, list[ItemChange]], txn: ReadTxn) -> dict[str, Any]:
        """By table with local indexes, one entry per item collection touched."""
        metrics = {}
        for name, of_table in changes.items():
            growth: dict[bytes, int] = {}
            for change, request in zip(of_table, self.tables[name], strict=True):
                if change.schema.local_indexes:
                    partition = _partition_of(change, request)
                    growth.setdefault(partition, 0)
                    if change.old != change.new:
                        growth[partition] += collection_growth(change)
            if growth:
                schema = of_table[0].schema
                metrics[name] = [collection_metrics(schema, key, txn, grown) for key, grown in growth.items()]
        return metrics


def _partition_of(change: ItemChange, request: Put | Delete) -> bytes:
    return request.key[change.schema.partition.name] if isinstance(request, Delete) else change.partition()


def _consumed(changes: list[ItemChange]) -> capacity.Consumed:
    consumed = capacity.Consumed()
    for change in changes:
        consumed.add_write(change.schema, change.old, change.new)
    return consumed


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> BatchWriteItem:
    tables = {
        name: [_read_write_request(wire) for wire in requests] for name, requests in request["RequestItems"].items()
    }
    if sum(map(len, tables.values())) > BATCH_WRITE_MAX_REQUESTS:
        raise ValidationException("Too many items requested for the BatchWriteItem call")
    return BatchWriteItem(
        surroundings,
        surroundings.namespace(caller),
        tables,
        capacity.wanted(request),
        request.get("ReturnItemCollectionMetrics") == "SIZE",
    )


def _read_write_request(wire: Mapping[str, Any]) -> Put | Delete:
    if len(wire) != 1:
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    if "DeleteRequest" in wire:
        return Delete(OLDER.attributes(wire["DeleteRequest"]["Key"]))
    return Put(*OLDER.item(wire["PutRequest"]["Item"]))
