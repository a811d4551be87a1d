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
    "CreateTable": "tables.create_table",
    "DeleteItem": "delete_item.prepare",
    "DeleteTable": "tables.delete_table",
    "DescribeEndpoints": "account.describe_endpoints",
    "DescribeLimits": "account.describe_limits",
    "DescribeStream": "streams.describe_stream",
    "DescribeTable": "tables.describe_table",
    "DescribeTimeToLive": "time_to_live.describe_time_to_live",
    "ExecuteStatement": "execute_statement.prepare",
    "ExecuteTransaction": "execute_transaction.prepare",
    "GetItem": "get_item.prepare",
    "GetRecords": "shard_reads.get_records",
    "GetShardIterator": "shard_reads.get_shard_iterator",
    "ListStreams": "streams.list_streams",
    "ListTables": "tables.list_tables",
    "ListTagsOfResource": "tags.list_tags_of_resource",
    "PutItem": "put_item.prepare",
    "Query": "query.prepare",
    "Scan": "scan.prepare",
    "SearchVectors": "search_vectors.prepare",
    "TagResource": "tags.tag_resource",
    "TransactGetItems": "transact_get_items.prepare",
    "TransactWriteItems": "transact_write_items.prepare",
    "UntagResource": "tags.untag_resource",
    "UpdateItem": "update_item.prepare",
    "UpdateTable": "tables.update_table",
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
