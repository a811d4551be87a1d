"""TableDescription: a table as DescribeTable, CreateTable, UpdateTable and DeleteTable show it (FACTS 5.9).

| member | when |
| --- | --- |
| BillingModeSummary, TableThroughputModeSummary | the table is or ever was on demand |
| AttributeDefinitions, NonKeyAttributes | sorted by name, whatever order they came in |
| GlobalSecondaryIndexes, LocalSecondaryIndexes | in the order they were given |
| VectorIndexes | likewise, and the elements of a SearchSchema |
| Backfilling | only of an index being added to a table |
| TableClassSummary, SSEDescription, StreamSpecification | only when there is something to say |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from ddbengine.schema.arns import index_arn, stream_arn
from ddbengine.schema.table import IndexSchema, KeyAttribute, Projection, TableSchema
from ddbengine.schema.throughput import PROVISIONED
from ddbengine.schema.transition import ACTIVE, CREATING, Transition

Counter = Callable[[int], tuple[int, int]]
"""Item count and size in bytes of a table or index number."""

_SECONDS_PER_DAY = 86_400
_MEMBERS_AS_STORED = (
    "OnDemandThroughput",
    "StreamSpecification",
    "LatestStreamLabel",
    "SSEDescription",
    "TableClassSummary",
    "DeletionProtectionEnabled",
    "GlobalTableSettingsReplicationMode",
    "DisassociationProtectionEnabled",
)


def describe(schema: TableSchema, counter: Counter, now: float, transition: Transition | None = None) -> dict[str, Any]:
    """The TableDescription of a schema, as a transition shows it."""
    items, size = counter(schema.number)
    settings = schema.settings
    description: dict[str, Any] = {
        "AttributeDefinitions": attribute_definitions(schema.attribute_types),
        "TableName": schema.name,
        "KeySchema": key_schema((schema.partition,), () if schema.sort is None else (schema.sort,)),
        "TableStatus": ACTIVE,
        "CreationDateTime": wire_time(schema.created),
        "ProvisionedThroughput": provisioned_throughput(settings["ProvisionedThroughput"], now),
        "TableSizeBytes": size,
        "ItemCount": items,
        "TableArn": schema.arn,
        "TableId": schema.id,
        **_billing(settings),
        "WarmThroughput": {**settings["WarmThroughput"], "Status": ACTIVE},
    }
    for member in _MEMBERS_AS_STORED:
        if member in settings:
            description[member] = settings[member]
    if "LatestStreamLabel" in settings:
        description["LatestStreamArn"] = stream_arn(schema.arn, settings["LatestStreamLabel"])
    if schema.local_indexes:
        description["LocalSecondaryIndexes"] = [_index(schema, index, counter) for index in schema.local_indexes]
    _add_global_indexes(description, schema, counter, now, transition)
    _add_vector_indexes(description, schema, counter, transition)
    if transition is not None:
        description["TableStatus"] = transition.status
        overlay(description, transition.table)
    return description


def overlay(description: dict[str, Any], members: Mapping[str, Any]) -> None:
    """Replace members of a description; None takes one away."""
    for member, value in members.items():
        if value is None:
            description.pop(member, None)
        else:
            description[member] = value


def _billing(settings: Mapping[str, Any]) -> dict[str, Any]:
    if "LastUpdateToPayPerRequestDateTime" not in settings:
        return {}
    switched = {"LastUpdateToPayPerRequestDateTime": wire_time(settings["LastUpdateToPayPerRequestDateTime"])}
    return billing_members(settings["BillingMode"], switched)


def billing_members(billing_mode: str, switched: Mapping[str, float]) -> dict[str, Any]:
    return {
        "BillingModeSummary": {"BillingMode": billing_mode, **switched},
        "TableThroughputModeSummary": {"TableThroughputMode": billing_mode, **switched},
    }


def is_provisioned(schema: TableSchema) -> bool:
    return bool(schema.settings["BillingMode"] == PROVISIONED)


def provisioned_throughput(stored: Mapping[str, Any], now: float) -> dict[str, Any]:
    """ProvisionedThroughputDescription; decreases are counted by the day, UTC."""
    shown = {member: value if isinstance(value, int) else wire_time(value) for member, value in stored.items()}
    shown["NumberOfDecreasesToday"] = decreases_today(stored, now)
    return shown


def decreases_today(stored: Mapping[str, Any], now: float) -> int:
    """How often throughput was lowered on the day (UTC) of ``now``."""
    if stored.get("LastDecreaseDateTime", 0.0) // _SECONDS_PER_DAY != now // _SECONDS_PER_DAY:
        return 0
    return int(stored["NumberOfDecreasesToday"])


def attribute_definitions(types: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": types[name]} for name in sorted(types)]


def key_schema(partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]) -> list[dict[str, str]]:
    return [{"AttributeName": attribute.name, "KeyType": "HASH"} for attribute in partition] + [
        {"AttributeName": attribute.name, "KeyType": "RANGE"} for attribute in sort
    ]


def described_projection(projection: Projection) -> dict[str, Any]:
    if projection.type != "INCLUDE":
        return {"ProjectionType": projection.type}
    return {"ProjectionType": projection.type, "NonKeyAttributes": sorted(projection.non_key_attributes)}


def _index(schema: TableSchema, index: IndexSchema, counter: Counter) -> dict[str, Any]:
    items, size = counter(index.number)
    return {
        "IndexName": index.name,
        "KeySchema": key_schema(index.partition, index.sort),
        "Projection": described_projection(index.projection),
        "IndexSizeBytes": size,
        "ItemCount": items,
        "IndexArn": index_arn(schema.arn, index.name),
    }


def describe_global_index(schema: TableSchema, index: IndexSchema, counter: Counter, now: float) -> dict[str, Any]:
    """A GlobalSecondaryIndexDescription of an index that nothing but the filling with items is happening to."""
    description = _index(schema, index, counter)
    description["IndexStatus"] = CREATING if index.is_filling else ACTIVE
    if index.is_filling:
        description["Backfilling"] = True
    description["ProvisionedThroughput"] = provisioned_throughput(index.settings["ProvisionedThroughput"], now)
    description["WarmThroughput"] = {**index.settings["WarmThroughput"], "Status": ACTIVE}
    if "OnDemandThroughput" in index.settings:
        description["OnDemandThroughput"] = index.settings["OnDemandThroughput"]
    return description


def _add_global_indexes(
    description: dict[str, Any], schema: TableSchema, counter: Counter, now: float, transition: Transition | None
) -> None:
    indexes = [describe_global_index(schema, index, counter, now) for index in schema.global_indexes]
    if transition is not None:
        for index in indexes:
            overlay(index, transition.indexes.get(index["IndexName"], {}))
        indexes += [dict(index) for index in transition.removed if "KeySchema" in index]
    if indexes:
        description["GlobalSecondaryIndexes"] = indexes


def describe_vector_index(schema: TableSchema, index: IndexSchema, counter: Counter) -> dict[str, Any]:
    """A VectorIndexDescription of an index that nothing but the filling with items is happening to (FACTS 5.15)."""
    items, size = counter(index.number)
    description: dict[str, Any] = {
        **vector_index_info(index),
        "IndexStatus": CREATING if index.is_filling else ACTIVE,
        "IndexSizeBytes": size,
        "ItemCount": items,
        "IndexArn": index_arn(schema.arn, index.name),
    }
    if index.is_filling:
        description["Backfilling"] = True
    return description


def vector_index_info(index: IndexSchema) -> dict[str, Any]:
    """A VectorIndexInfo: what a vector index is, whatever it holds."""
    vector = index.vector
    assert vector is not None, index
    info: dict[str, Any] = {
        "IndexName": index.name,
        "Projection": described_projection(index.projection),
        "VectorAttribute": {"AttributeName": vector.attribute},
        "Dimensions": vector.dimensions,
        "DistanceFunction": vector.distance,
    }
    if vector.search_schema:
        info["SearchSchema"] = [
            {
                "AttributeName": element.attribute.name,
                "SearchSchemaElementType": "HASH" if element.is_partition else "INLINE_FILTER",
            }
            for element in vector.search_schema
        ]
    return info


def _add_vector_indexes(
    description: dict[str, Any], schema: TableSchema, counter: Counter, transition: Transition | None
) -> None:
    indexes = [describe_vector_index(schema, index, counter) for index in schema.vector_indexes]
    if transition is not None:
        for index in indexes:
            overlay(index, transition.indexes.get(index["IndexName"], {}))
        indexes += [dict(index) for index in transition.removed if "KeySchema" not in index]
    if indexes:
        description["VectorIndexes"] = indexes


_FIRST_SECOND = -62_135_596_800
_LAST_SECOND = 253_402_300_799
"""Of the years 1 and 9999, beyond which there is no other way to write a time."""


def shown_second(seconds: float) -> str:
    """A time as messages have it: to the second, in UTC."""
    within = min(max(int(seconds), _FIRST_SECOND), _LAST_SECOND)
    return datetime.fromtimestamp(within, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def wire_time(seconds: float) -> float:
    """Seconds since the epoch as the service sends them: to the millisecond."""
    return round(seconds, 3)
