"""One awaitable method for each operation of the service.

Made by tools/operations.py from the service model of botocore 1.44.5; not to be changed by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ddbengine.embedded import shapes

__all__ = ["AsyncOperations"]


class AsyncOperations:
    """The methods of ``Operations``, awaitable."""

    async def _call(self, operation: str, request: Any) -> dict[str, Any]:
        """Carries out the operation of this name."""
        raise NotImplementedError

    async def batch_execute_statement(self, **request: Unpack[shapes.BatchExecuteStatementRequest]) -> dict[str, Any]:
        """Run up to 25 PartiQL statements, each for itself."""
        return await self._call("BatchExecuteStatement", request)

    async def batch_get_item(self, **request: Unpack[shapes.BatchGetItemRequest]) -> dict[str, Any]:
        """Read up to 100 items by their keys, from one table or several."""
        return await self._call("BatchGetItem", request)

    async def batch_write_item(self, **request: Unpack[shapes.BatchWriteItemRequest]) -> dict[str, Any]:
        """Put and delete up to 25 items, each for itself, in one table or several."""
        return await self._call("BatchWriteItem", request)

    async def create_backup(self, **request: Unpack[shapes.CreateBackupRequest]) -> dict[str, Any]:
        """Keep a copy of a table under a name."""
        return await self._call("CreateBackup", request)

    async def create_global_table(self, **request: Unpack[shapes.CreateGlobalTableRequest]) -> dict[str, Any]:
        """Make a global table of tables in several regions (the old kind)."""
        return await self._call("CreateGlobalTable", request)

    async def create_table(self, **request: Unpack[shapes.CreateTableRequest]) -> dict[str, Any]:
        """Create a table with its keys and indexes."""
        return await self._call("CreateTable", request)

    async def delete_backup(self, **request: Unpack[shapes.DeleteBackupRequest]) -> dict[str, Any]:
        """Delete a backup."""
        return await self._call("DeleteBackup", request)

    async def delete_item(self, **request: Unpack[shapes.DeleteItemRequest]) -> dict[str, Any]:
        """Delete one item by its key, perhaps on a condition."""
        return await self._call("DeleteItem", request)

    async def delete_resource_policy(self, **request: Unpack[shapes.DeleteResourcePolicyRequest]) -> dict[str, Any]:
        """Take the policy of a table or stream away."""
        return await self._call("DeleteResourcePolicy", request)

    async def delete_table(self, **request: Unpack[shapes.DeleteTableRequest]) -> dict[str, Any]:
        """Delete a table with all its items."""
        return await self._call("DeleteTable", request)

    async def describe_backup(self, **request: Unpack[shapes.DescribeBackupRequest]) -> dict[str, Any]:
        """Describe a backup."""
        return await self._call("DescribeBackup", request)

    async def describe_continuous_backups(
        self, **request: Unpack[shapes.DescribeContinuousBackupsRequest]
    ) -> dict[str, Any]:
        """Tell whether a table can be restored to a point in time, and to which."""
        return await self._call("DescribeContinuousBackups", request)

    async def describe_contributor_insights(
        self, **request: Unpack[shapes.DescribeContributorInsightsRequest]
    ) -> dict[str, Any]:
        """Tell whether the most used keys of a table or index are counted."""
        return await self._call("DescribeContributorInsights", request)

    async def describe_endpoints(self, **request: Unpack[shapes.DescribeEndpointsRequest]) -> dict[str, Any]:
        """Tell at which address the service is."""
        return await self._call("DescribeEndpoints", request)

    async def describe_export(self, **request: Unpack[shapes.DescribeExportRequest]) -> dict[str, Any]:
        """Describe an export of a table."""
        return await self._call("DescribeExport", request)

    async def describe_global_table(self, **request: Unpack[shapes.DescribeGlobalTableRequest]) -> dict[str, Any]:
        """Describe a global table (the old kind)."""
        return await self._call("DescribeGlobalTable", request)

    async def describe_global_table_settings(
        self, **request: Unpack[shapes.DescribeGlobalTableSettingsRequest]
    ) -> dict[str, Any]:
        """Describe the settings of a global table in each region (the old kind)."""
        return await self._call("DescribeGlobalTableSettings", request)

    async def describe_import(self, **request: Unpack[shapes.DescribeImportRequest]) -> dict[str, Any]:
        """Describe an import into a table."""
        return await self._call("DescribeImport", request)

    async def describe_kinesis_streaming_destination(
        self, **request: Unpack[shapes.DescribeKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Describe where the changes of a table are sent."""
        return await self._call("DescribeKinesisStreamingDestination", request)

    async def describe_limits(self, **request: Unpack[shapes.DescribeLimitsRequest]) -> dict[str, Any]:
        """Tell how much throughput an account may have."""
        return await self._call("DescribeLimits", request)

    async def describe_stream(self, **request: Unpack[shapes.DescribeStreamRequest]) -> dict[str, Any]:
        """Describe a stream and its shards."""
        return await self._call("DescribeStream", request)

    async def describe_table(self, **request: Unpack[shapes.DescribeTableRequest]) -> dict[str, Any]:
        """Describe a table: its keys, indexes, settings, size and status."""
        return await self._call("DescribeTable", request)

    async def describe_table_replica_auto_scaling(
        self, **request: Unpack[shapes.DescribeTableReplicaAutoScalingRequest]
    ) -> dict[str, Any]:
        """Describe how the replicas of a global table scale."""
        return await self._call("DescribeTableReplicaAutoScaling", request)

    async def describe_time_to_live(self, **request: Unpack[shapes.DescribeTimeToLiveRequest]) -> dict[str, Any]:
        """Tell whether items of a table expire, and by which attribute."""
        return await self._call("DescribeTimeToLive", request)

    async def disable_kinesis_streaming_destination(
        self, **request: Unpack[shapes.DisableKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Send the changes of a table to a data stream no more."""
        return await self._call("DisableKinesisStreamingDestination", request)

    async def enable_kinesis_streaming_destination(
        self, **request: Unpack[shapes.EnableKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Send the changes of a table to a data stream."""
        return await self._call("EnableKinesisStreamingDestination", request)

    async def execute_statement(self, **request: Unpack[shapes.ExecuteStatementRequest]) -> dict[str, Any]:
        """Run one PartiQL statement."""
        return await self._call("ExecuteStatement", request)

    async def execute_transaction(self, **request: Unpack[shapes.ExecuteTransactionRequest]) -> dict[str, Any]:
        """Run up to 100 PartiQL statements, all together or not at all."""
        return await self._call("ExecuteTransaction", request)

    async def export_table_to_point_in_time(
        self, **request: Unpack[shapes.ExportTableToPointInTimeRequest]
    ) -> dict[str, Any]:
        """Write a table, as it was at some time, to files."""
        return await self._call("ExportTableToPointInTime", request)

    async def get_item(self, **request: Unpack[shapes.GetItemRequest]) -> dict[str, Any]:
        """Read one item by its key."""
        return await self._call("GetItem", request)

    async def get_records(self, **request: Unpack[shapes.GetRecordsRequest]) -> dict[str, Any]:
        """Read changes from a shard of a stream."""
        return await self._call("GetRecords", request)

    async def get_resource_policy(self, **request: Unpack[shapes.GetResourcePolicyRequest]) -> dict[str, Any]:
        """Return the policy of a table or stream."""
        return await self._call("GetResourcePolicy", request)

    async def get_shard_iterator(self, **request: Unpack[shapes.GetShardIteratorRequest]) -> dict[str, Any]:
        """Return an iterator, with which records are read from a place in a shard on."""
        return await self._call("GetShardIterator", request)

    async def import_table(self, **request: Unpack[shapes.ImportTableRequest]) -> dict[str, Any]:
        """Create a table from files."""
        return await self._call("ImportTable", request)

    async def list_backups(self, **request: Unpack[shapes.ListBackupsRequest]) -> dict[str, Any]:
        """List backups."""
        return await self._call("ListBackups", request)

    async def list_contributor_insights(
        self, **request: Unpack[shapes.ListContributorInsightsRequest]
    ) -> dict[str, Any]:
        """List for which tables and indexes the most used keys are counted."""
        return await self._call("ListContributorInsights", request)

    async def list_exports(self, **request: Unpack[shapes.ListExportsRequest]) -> dict[str, Any]:
        """List exports of tables."""
        return await self._call("ListExports", request)

    async def list_global_tables(self, **request: Unpack[shapes.ListGlobalTablesRequest]) -> dict[str, Any]:
        """List global tables (the old kind)."""
        return await self._call("ListGlobalTables", request)

    async def list_imports(self, **request: Unpack[shapes.ListImportsRequest]) -> dict[str, Any]:
        """List imports into tables."""
        return await self._call("ListImports", request)

    async def list_streams(self, **request: Unpack[shapes.ListStreamsRequest]) -> dict[str, Any]:
        """List streams, of all tables or of one."""
        return await self._call("ListStreams", request)

    async def list_tables(self, **request: Unpack[shapes.ListTablesRequest]) -> dict[str, Any]:
        """List the names of the caller's tables."""
        return await self._call("ListTables", request)

    async def list_tags_of_resource(self, **request: Unpack[shapes.ListTagsOfResourceRequest]) -> dict[str, Any]:
        """List the tags of a table."""
        return await self._call("ListTagsOfResource", request)

    async def put_item(self, **request: Unpack[shapes.PutItemRequest]) -> dict[str, Any]:
        """Put one item in place of the one with its key, if any, perhaps on a condition."""
        return await self._call("PutItem", request)

    async def put_resource_policy(self, **request: Unpack[shapes.PutResourcePolicyRequest]) -> dict[str, Any]:
        """Give a table or stream a policy."""
        return await self._call("PutResourcePolicy", request)

    async def query(self, **request: Unpack[shapes.QueryRequest]) -> dict[str, Any]:
        """Read the items of a partition, or a range of its sort keys, from a table or an index."""
        return await self._call("Query", request)

    async def restore_table_from_backup(
        self, **request: Unpack[shapes.RestoreTableFromBackupRequest]
    ) -> dict[str, Any]:
        """Create a table from a backup."""
        return await self._call("RestoreTableFromBackup", request)

    async def restore_table_to_point_in_time(
        self, **request: Unpack[shapes.RestoreTableToPointInTimeRequest]
    ) -> dict[str, Any]:
        """Create a table as another one was at some time."""
        return await self._call("RestoreTableToPointInTime", request)

    async def scan(self, **request: Unpack[shapes.ScanRequest]) -> dict[str, Any]:
        """Read all items of a table or an index, page by page."""
        return await self._call("Scan", request)

    async def search_vectors(self, **request: Unpack[shapes.SearchVectorsRequest]) -> dict[str, Any]:
        """Find the items whose vectors are nearest to one."""
        return await self._call("SearchVectors", request)

    async def tag_resource(self, **request: Unpack[shapes.TagResourceRequest]) -> dict[str, Any]:
        """Give a table tags."""
        return await self._call("TagResource", request)

    async def transact_get_items(self, **request: Unpack[shapes.TransactGetItemsRequest]) -> dict[str, Any]:
        """Read up to 100 items by their keys, as of one moment."""
        return await self._call("TransactGetItems", request)

    async def transact_write_items(self, **request: Unpack[shapes.TransactWriteItemsRequest]) -> dict[str, Any]:
        """Put, update, delete and check up to 100 items, all together or not at all."""
        return await self._call("TransactWriteItems", request)

    async def untag_resource(self, **request: Unpack[shapes.UntagResourceRequest]) -> dict[str, Any]:
        """Take tags of a table away."""
        return await self._call("UntagResource", request)

    async def update_continuous_backups(
        self, **request: Unpack[shapes.UpdateContinuousBackupsRequest]
    ) -> dict[str, Any]:
        """Switch on or off that a table can be restored to a point in time."""
        return await self._call("UpdateContinuousBackups", request)

    async def update_contributor_insights(
        self, **request: Unpack[shapes.UpdateContributorInsightsRequest]
    ) -> dict[str, Any]:
        """Switch on or off that the most used keys of a table or index are counted."""
        return await self._call("UpdateContributorInsights", request)

    async def update_global_table(self, **request: Unpack[shapes.UpdateGlobalTableRequest]) -> dict[str, Any]:
        """Add regions to a global table, or take them away (the old kind)."""
        return await self._call("UpdateGlobalTable", request)

    async def update_global_table_settings(
        self, **request: Unpack[shapes.UpdateGlobalTableSettingsRequest]
    ) -> dict[str, Any]:
        """Change the settings of a global table (the old kind)."""
        return await self._call("UpdateGlobalTableSettings", request)

    async def update_item(self, **request: Unpack[shapes.UpdateItemRequest]) -> dict[str, Any]:
        """Change attributes of one item, or create it, perhaps on a condition."""
        return await self._call("UpdateItem", request)

    async def update_kinesis_streaming_destination(
        self, **request: Unpack[shapes.UpdateKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Change how the changes of a table are sent to a data stream."""
        return await self._call("UpdateKinesisStreamingDestination", request)

    async def update_table(self, **request: Unpack[shapes.UpdateTableRequest]) -> dict[str, Any]:
        """Change a table's throughput, indexes, stream or settings."""
        return await self._call("UpdateTable", request)

    async def update_table_replica_auto_scaling(
        self, **request: Unpack[shapes.UpdateTableReplicaAutoScalingRequest]
    ) -> dict[str, Any]:
        """Change how the replicas of a global table scale."""
        return await self._call("UpdateTableReplicaAutoScaling", request)

    async def update_time_to_live(self, **request: Unpack[shapes.UpdateTimeToLiveRequest]) -> dict[str, Any]:
        """Switch on or off that items of a table expire by an attribute."""
        return await self._call("UpdateTimeToLive", request)
