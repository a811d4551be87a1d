"""Item collections: all items with one partition key and their entries in local indexes; how large one is, and may be.

Only tables with a local index have a limit (10 GB on the service), and only their collections are counted.  A write
that takes a collection over the limit is refused; one that makes it smaller, or leaves it as it is, never is, even in
a collection that is over the limit already (the guide, "Item collection size limit").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from ddbengine import _core
from ddbengine.engine.changes import ItemChange, collection_counter, collection_growth
from ddbengine.errors import ItemCollectionSizeLimitExceededException
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import ReadTxn

TOO_LARGE = "Collection size exceeded"
"""The words of DynamoDB Local 1.25, and of the API reference but for its full stop."""


@dataclass(slots=True)
class _Collection:
    """What is known of one item collection in the course of a request."""

    size: int
    """Bytes, without the changes that were only estimated."""
    most: int
    """No more bytes than this, with all changes."""
    estimated: list[ItemChange] = field(default_factory=list)

    def count(self) -> None:
        """Know the size exactly."""
        self.size += sum(map(collection_growth, self.estimated))
        self.estimated.clear()


class CollectionSizes:
    """The sizes that item collections come to while the changes of one request gather.

    How much a change adds is estimated, and found out exactly only near the limit: that takes as long as the write.
    """

    __slots__ = ("_collections", "_limit", "_txn")

    def __init__(self, txn: ReadTxn, limit: int) -> None:
        """``limit``: bytes an item collection may have."""
        self._txn = txn
        self._limit = limit
        self._collections: dict[bytes, _Collection] = {}

    def add(self, change: ItemChange) -> None:
        """Count a change in; where it may not be, leave it out and raise ItemCollectionSizeLimitExceededException."""
        if not change.schema.local_indexes or change.old == change.new:
            return
        collection = self._collection(collection_counter(change.schema, change.partition()))
        most = collection.most + _most_growth(change)
        if most <= self._limit:
            collection.estimated.append(change)
            collection.most = most
            return
        collection.count()
        growth = collection_growth(change)
        if growth > 0 and collection.size + growth > self._limit:
            raise ItemCollectionSizeLimitExceededException(TOO_LARGE)
        collection.size += growth
        collection.most = collection.size

    def _collection(self, counter: bytes) -> _Collection:
        found = self._collections.get(counter)
        if found is None:
            size = _size_of(self._txn, counter)
            found = self._collections[counter] = _Collection(size, size)
        return found


def _most_growth(change: ItemChange) -> int:
    """At least what a change adds: the item once in the table and whole in every local index."""
    return 0 if change.new is None else _core.item_size(change.new) * (1 + len(change.schema.local_indexes))


def _size_of(txn: ReadTxn, counter: bytes) -> int:
    row = txn.get(counter)
    return 0 if row is None else int.from_bytes(row, "little", signed=True)


def collection_metrics(schema: TableSchema, partition: bytes, txn: ReadTxn, growth: int) -> dict[str, Any]:
    """ItemCollectionMetrics of a collection that is about to grow: its size between two whole gigabytes."""
    size = growth + _size_of(txn, collection_counter(schema, partition))
    gigabytes = float(max(size, 0) // 2**30)
    return {
        "ItemCollectionKey": {schema.partition.name: orjson.Fragment(_core.value_to_wire(partition))},
        "SizeEstimateRangeGB": [gigabytes, gigabytes + 1.0],
    }
