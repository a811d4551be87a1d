"""What a backup tells of its table: SourceTableDetails and SourceTableFeatureDetails.

The latter has a member only for what the table had: indexes, a stream, time to live, a key of its own.  Tags, table
class, deletion protection, policies and point-in-time recovery are not told (FACTS 5.16).
"""

from __future__ import annotations

from typing import Any

from ddbengine.schema.describe import described_projection, key_schema, vector_index_info, wire_time
from ddbengine.schema.table import IndexSchema, TableSchema

_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")


def backup_arn(schema: TableSchema, backup_id: str) -> str:
    return f"{schema.arn}/backup/{backup_id}"


def describe_source(schema: TableSchema, items: int, size: int) -> dict[str, Any]:
    """SourceTableDetails of a table with so many items and bytes."""
    settings = schema.settings
    source = {
        "TableName": schema.name,
        "TableId": schema.id,
        "TableArn": schema.arn,
        "TableSizeBytes": size,
        "KeySchema": key_schema((schema.partition,), () if schema.sort is None else (schema.sort,)),
        "TableCreationDateTime": wire_time(schema.created),
        "ProvisionedThroughput": _units(settings),
        "ItemCount": items,
        "BillingMode": settings["BillingMode"],
    }
    if "OnDemandThroughput" in settings:
        source["OnDemandThroughput"] = settings["OnDemandThroughput"]
    return source


def describe_features(schema: TableSchema) -> dict[str, Any]:
    """SourceTableFeatureDetails."""
    features: dict[str, Any] = {}
    if schema.local_indexes:
        features["LocalSecondaryIndexes"] = [_index(index) for index in schema.local_indexes]
    if schema.global_indexes:
        features["GlobalSecondaryIndexes"] = [_global_index(index) for index in schema.global_indexes]
    if schema.vector_indexes:
        features["VectorIndexes"] = [vector_index_info(index) for index in schema.vector_indexes]
    if schema.is_streamed:
        features["StreamDescription"] = schema.settings["StreamSpecification"]
    if schema.time_to_live is not None:
        features["TimeToLiveDescription"] = {
            "TimeToLiveStatus": "ENABLED",
            "AttributeName": schema.time_to_live.attribute,
        }
    if "SSEDescription" in schema.settings:
        features["SSEDescription"] = schema.settings["SSEDescription"]
    return features


def _index(index: IndexSchema) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": key_schema(index.partition, index.sort),
        "Projection": described_projection(index.projection),
    }


def _global_index(index: IndexSchema) -> dict[str, Any]:
    described = {**_index(index), "ProvisionedThroughput": _units(index.settings)}
    if "OnDemandThroughput" in index.settings:
        described["OnDemandThroughput"] = index.settings["OnDemandThroughput"]
    return described


def _units(settings: dict[str, Any]) -> dict[str, int]:
    return {member: settings["ProvisionedThroughput"][member] for member in _UNITS}
