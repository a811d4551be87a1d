"""The operations the engine answers, by the name a client sends.  Anything else is unknown to it."""

from __future__ import annotations

from collections.abc import Mapping

from ddbengine.engine import (
    account,
    batch_execute_statement,
    batch_get_item,
    batch_write_item,
    delete_item,
    execute_statement,
    execute_transaction,
    get_item,
    put_item,
    query,
    scan,
    shard_reads,
    streams,
    tables,
    tags,
    time_to_live,
    transact_get_items,
    transact_write_items,
    update_item,
)
from ddbengine.engine.context import Prepare

OPERATIONS: Mapping[str, Prepare] = {
    "BatchExecuteStatement": batch_execute_statement.prepare,
    "BatchGetItem": batch_get_item.prepare,
    "BatchWriteItem": batch_write_item.prepare,
    "CreateTable": tables.create_table,
    "DeleteItem": delete_item.prepare,
    "DeleteTable": tables.delete_table,
    "DescribeEndpoints": account.describe_endpoints,
    "DescribeLimits": account.describe_limits,
    "DescribeStream": streams.describe_stream,
    "DescribeTable": tables.describe_table,
    "DescribeTimeToLive": time_to_live.describe_time_to_live,
    "ExecuteStatement": execute_statement.prepare,
    "ExecuteTransaction": execute_transaction.prepare,
    "GetItem": get_item.prepare,
    "GetRecords": shard_reads.get_records,
    "GetShardIterator": shard_reads.get_shard_iterator,
    "ListStreams": streams.list_streams,
    "ListTables": tables.list_tables,
    "ListTagsOfResource": tags.list_tags_of_resource,
    "PutItem": put_item.prepare,
    "Query": query.prepare,
    "Scan": scan.prepare,
    "TagResource": tags.tag_resource,
    "TransactGetItems": transact_get_items.prepare,
    "TransactWriteItems": transact_write_items.prepare,
    "UntagResource": tags.untag_resource,
    "UpdateItem": update_item.prepare,
    "UpdateTable": tables.update_table,
    "UpdateTimeToLive": time_to_live.update_time_to_live,
}

STREAM_OPERATIONS = frozenset({"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"})
"""Those that belong to the service of streams, which has a target prefix and a model of its own."""
