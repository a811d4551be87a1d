"""CreateTable requests: one set of builders for all tests.

The partition key is called ``pk`` and the sort key ``sk``.  An index key is written ``name`` (a string) or
``name:TYPE``; the table's own key attributes may be used as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Request = dict[str, Any]
Index = dict[str, Any]

ALL = {"ProjectionType": "ALL"}
KEYS_ONLY = {"ProjectionType": "KEYS_ONLY"}


def including(*names: str) -> dict[str, Any]:
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(names)}


def table(
    name: str = "table",
    *,
    partition: str = "S",
    sort: str | None = None,
    local: Sequence[Index] = (),
    global_: Sequence[Index] = (),
    vector: Sequence[Index] = (),
    **members: Any,
) -> Request:
    """A table on demand whose keys have these types; ``members`` are added to the request or replace its own."""
    types = {"pk": partition} | ({} if sort is None else {"sk": sort})
    indexes = []
    for index in (*local, *global_, *vector):
        types |= {key: key_type for key, key_type in index["types"].items() if key not in types}
        indexes.append({member: value for member, value in index.items() if member != "types"})
    request: Request = {
        "TableName": name,
        "KeySchema": key_schema(["pk"], [] if sort is None else ["sk"]),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": types[key]} for key in types],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if local:
        request["LocalSecondaryIndexes"] = indexes[: len(local)]
    if global_:
        request["GlobalSecondaryIndexes"] = indexes[len(local) : len(local) + len(global_)]
    if vector:
        request["VectorIndexes"] = indexes[len(local) + len(global_) :]
    return request | members


def local_index(name: str, sort: str, projection: dict[str, Any] = ALL) -> Index:
    """A local secondary index: ``local_index("by-score", "score:N")``."""
    return _index(name, ["pk"], [sort], projection)


def global_index(
    name: str, partition: str | Sequence[str], sort: str | Sequence[str] = (), projection: dict[str, Any] = ALL
) -> Index:
    """A global secondary index; several attributes make a multi-attribute key."""
    partitions = [partition] if isinstance(partition, str) else partition
    return _index(name, partitions, [sort] if isinstance(sort, str) else sort, projection)


def vector_index(
    name: str,
    attribute: str = "v",
    dimensions: int = 3,
    distance: str = "COSINE",
    *,
    partition: str | None = None,
    filters: Sequence[str] = (),
    projection: dict[str, Any] = ALL,
) -> Index:
    """A vector index, whose search schema has a HASH element if ``partition`` names one, and these INLINE_FILTERs."""
    elements = [] if partition is None else [(partition, "HASH")]
    elements += [(key, "INLINE_FILTER") for key in filters]
    split = [(*key.partition(":"), role) for key, role in elements]
    index: Index = {
        "IndexName": name,
        "VectorAttribute": {"AttributeName": attribute},
        "Dimensions": dimensions,
        "DistanceFunction": distance,
        "Projection": projection,
        "types": {key: key_type or "S" for key, _, key_type, _ in split},
    }
    if split:
        index["SearchSchema"] = [{"AttributeName": key, "SearchSchemaElementType": role} for key, _, _, role in split]
    return index


def creation(index: Index) -> Request:
    """The members of an UpdateTable request that adds a vector index."""
    request: Request = {
        "VectorIndexUpdates": [{"Create": {member: value for member, value in index.items() if member != "types"}}]
    }
    if index["types"]:
        request["AttributeDefinitions"] = [
            {"AttributeName": key, "AttributeType": key_type} for key, key_type in index["types"].items()
        ]
    return request


def key_schema(partition: Sequence[str], sort: Sequence[str] = ()) -> list[dict[str, str]]:
    hashes = [{"AttributeName": name, "KeyType": "HASH"} for name in partition]
    return hashes + [{"AttributeName": name, "KeyType": "RANGE"} for name in sort]


def _index(name: str, partition: Sequence[str], sort: Sequence[str], projection: dict[str, Any]) -> Index:
    split = [key.partition(":") for key in (*partition, *sort)]
    names = [key for key, _, _ in split]
    return {
        "IndexName": name,
        "KeySchema": key_schema(names[: len(partition)], names[len(partition) :]),
        "Projection": projection,
        "types": {key: key_type or "S" for key, _, key_type in split if key != "pk" and key != "sk"},
    }
