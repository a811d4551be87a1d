"""The operations the engine answers, by the name a client sends.  Anything else is unknown to it.

Each is imported with its first request, so that a server is ready before it has read code that nobody may ever ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ddbengine.engine.context import Caller, Prepare, Surroundings
from ddbengine.storage.store import Plan

_FUNCTIONS = {
    "BatchExecuteStatement": "batch_execute_statement.prepare",
    "BatchGetItem": "batch_get_item.prepare",
    "BatchWriteItem": "batch_write_item.prepare",
    "CreateBackup": "backups.create_backup",
    "CreateGlobalTable": "global_tables.create_global_table",
    "CreateTable": "tables.create_table",
    "DeleteBackup": "backups.delete_backup",
    "DeleteItem": "delete_item.prepare",
    "DeleteResourcePolicy": "resource_policies.delete_resource_policy",
    "DeleteTable": "tables.delete_table",
    "DescribeBackup": "backups.describe_backup",
    "DescribeContinuousBackups": "continuous_backups.describe_continuous_backups",
    "DescribeContributorInsights": "contributor_insights.describe_contributor_insights",
    "DescribeEndpoints": "account.describe_endpoints",
    "DescribeExport": "exports.describe_export",
    "DescribeGlobalTable": "global_tables.describe_global_table",
    "DescribeGlobalTableSettings": "global_tables.describe_global_table_settings",
    "DescribeImport": "imports.describe_import",
    "DescribeKinesisStreamingDestination": "kinesis_destinations.describe_kinesis_streaming_destination",
    "DescribeLimits": "account.describe_limits",
    "DescribeStream": "streams.describe_stream",
    "DescribeTable": "tables.describe_table",
    "DescribeTableReplicaAutoScaling": "global_tables.describe_table_replica_auto_scaling",
    "DescribeTimeToLive": "time_to_live.describe_time_to_live",
    "DisableKinesisStreamingDestination": "kinesis_destinations.disable_kinesis_streaming_destination",
    "EnableKinesisStreamingDestination": "kinesis_destinations.enable_kinesis_streaming_destination",
    "ExecuteStatement": "execute_statement.prepare",
    "ExecuteTransaction": "execute_transaction.prepare",
    "ExportTableToPointInTime": "exports.export_table",
    "GetItem": "get_item.prepare",
    "GetRecords": "shard_reads.get_records",
    "GetResourcePolicy": "resource_policies.get_resource_policy",
    "GetShardIterator": "shard_reads.get_shard_iterator",
    "ImportTable": "imports.import_table",
    "ListBackups": "backups.list_backups",
    "ListContributorInsights": "contributor_insights.list_contributor_insights",
    "ListExports": "exports.list_exports",
    "ListGlobalTables": "global_tables.list_global_tables",
    "ListImports": "imports.list_imports",
    "ListStreams": "streams.list_streams",
    "ListTables": "tables.list_tables",
    "ListTagsOfResource": "tags.list_tags_of_resource",
    "PutItem": "put_item.prepare",
    "PutResourcePolicy": "resource_policies.put_resource_policy",
    "Query": "query.prepare",
    "RestoreTableFromBackup": "restores.restore_table_from_backup",
    "RestoreTableToPointInTime": "point_in_time.restore_table_to_point_in_time",
    "Scan": "scan.prepare",
    "SearchVectors": "search_vectors.prepare",
    "TagResource": "tags.tag_resource",
    "TransactGetItems": "transact_get_items.prepare",
    "TransactWriteItems": "transact_write_items.prepare",
    "UntagResource": "tags.untag_resource",
    "UpdateContinuousBackups": "continuous_backups.update_continuous_backups",
    "UpdateContributorInsights": "contributor_insights.update_contributor_insights",
    "UpdateGlobalTable": "global_tables.update_global_table",
    "UpdateGlobalTableSettings": "global_tables.update_global_table_settings",
    "UpdateItem": "update_item.prepare",
    "UpdateKinesisStreamingDestination": "kinesis_destinations.update_kinesis_streaming_destination",
    "UpdateTable": "tables.update_table",
    "UpdateTableReplicaAutoScaling": "global_tables.update_table_replica_auto_scaling",
    "UpdateTimeToLive": "time_to_live.update_time_to_live",
}
"""Module and function, by operation."""


def _on_first_use(operation: str) -> Prepare:
    """A stand-in that puts the operation itself in its place, then does what that does."""

    def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
        module, _, function = _FUNCTIONS[operation].partition(".")
        found: Prepare = getattr(import_module(f"ddbengine.engine.{module}"), function)
        _PREPARED[operation] = found
        return found(surroundings, caller, request)

    return prepare


_PREPARED: dict[str, Prepare] = {operation: _on_first_use(operation) for operation in _FUNCTIONS}

OPERATIONS: Mapping[str, Prepare] = _PREPARED

STREAM_OPERATIONS = frozenset({"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"})
"""Those that belong to the service of streams, which has a target prefix and a model of its own."""
