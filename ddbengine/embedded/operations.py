"""One method for each operation of the service.

Made by tools/operations.py from the service model of botocore 1.44.5; not to be changed by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ddbengine.embedded import shapes

__all__ = ["Operations"]


class Operations:
    """The service's operations: DynamoDB JSON in keyword arguments, DynamoDB JSON out.

    Members are spelled and typed as in a boto3 client's requests, but for binary values, which are base64 text in
    answers (and text or bytes in requests), and times, which are seconds since the epoch.  Errors are those of
    ``ddbengine.exceptions``; besides those that a method names, ValidationException can come from each.
    """

    _call: Callable[[str, Any], dict[str, Any]]
    """Carries out the operation of this name."""

    def batch_execute_statement(self, **request: Unpack[shapes.BatchExecuteStatementRequest]) -> dict[str, Any]:
        """Run up to 25 PartiQL statements, each for itself.

        Answer: Responses, ConsumedCapacity.
        Errors: InternalServerError, RequestLimitExceeded, ThrottlingException.
        """
        return self._call("BatchExecuteStatement", request)

    def batch_get_item(self, **request: Unpack[shapes.BatchGetItemRequest]) -> dict[str, Any]:
        """Read up to 100 items by their keys, from one table or several.

        Answer: Responses, UnprocessedKeys, ConsumedCapacity.
        Errors: InternalServerError, ProvisionedThroughputExceededException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException.
        """
        return self._call("BatchGetItem", request)

    def batch_write_item(self, **request: Unpack[shapes.BatchWriteItemRequest]) -> dict[str, Any]:
        """Put and delete up to 25 items, each for itself, in one table or several.

        Answer: UnprocessedItems, ItemCollectionMetrics, ConsumedCapacity.
        Errors: InternalServerError, ItemCollectionSizeLimitExceededException, ProvisionedThroughputExceededException,
            ReplicatedWriteConflictException, RequestLimitExceeded, ResourceNotFoundException, ThrottlingException.
        """
        return self._call("BatchWriteItem", request)

    def create_backup(self, **request: Unpack[shapes.CreateBackupRequest]) -> dict[str, Any]:
        """Keep a copy of a table under a name.

        Answer: BackupDetails.
        Errors: BackupInUseException, ContinuousBackupsUnavailableException, InternalServerError,
            LimitExceededException, TableInUseException, TableNotFoundException.
        """
        return self._call("CreateBackup", request)

    def create_global_table(self, **request: Unpack[shapes.CreateGlobalTableRequest]) -> dict[str, Any]:
        """Make a global table of tables in several regions (the old kind).

        Answer: GlobalTableDescription.
        Errors: GlobalTableAlreadyExistsException, InternalServerError, LimitExceededException, TableNotFoundException.
        """
        return self._call("CreateGlobalTable", request)

    def create_table(self, **request: Unpack[shapes.CreateTableRequest]) -> dict[str, Any]:
        """Create a table with its keys and indexes.

        Answer: TableDescription.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException.
        """
        return self._call("CreateTable", request)

    def delete_backup(self, **request: Unpack[shapes.DeleteBackupRequest]) -> dict[str, Any]:
        """Delete a backup.

        Answer: BackupDescription.
        Errors: BackupInUseException, BackupNotFoundException, InternalServerError, LimitExceededException.
        """
        return self._call("DeleteBackup", request)

    def delete_item(self, **request: Unpack[shapes.DeleteItemRequest]) -> dict[str, Any]:
        """Delete one item by its key, perhaps on a condition.

        Answer: Attributes, ConsumedCapacity, ItemCollectionMetrics.
        Errors: ConditionalCheckFailedException, InternalServerError, ItemCollectionSizeLimitExceededException,
            ProvisionedThroughputExceededException, ReplicatedWriteConflictException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException, TransactionConflictException.
        """
        return self._call("DeleteItem", request)

    def delete_resource_policy(self, **request: Unpack[shapes.DeleteResourcePolicyRequest]) -> dict[str, Any]:
        """Take the policy of a table or stream away.

        Answer: RevisionId.
        Errors: InternalServerError, LimitExceededException, PolicyNotFoundException, ResourceInUseException,
            ResourceNotFoundException.
        """
        return self._call("DeleteResourcePolicy", request)

    def delete_table(self, **request: Unpack[shapes.DeleteTableRequest]) -> dict[str, Any]:
        """Delete a table with all its items.

        Answer: TableDescription.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("DeleteTable", request)

    def describe_backup(self, **request: Unpack[shapes.DescribeBackupRequest]) -> dict[str, Any]:
        """Describe a backup.

        Answer: BackupDescription.
        Errors: BackupNotFoundException, InternalServerError.
        """
        return self._call("DescribeBackup", request)

    def describe_continuous_backups(self, **request: Unpack[shapes.DescribeContinuousBackupsRequest]) -> dict[str, Any]:
        """Tell whether a table can be restored to a point in time, and to which.

        Answer: ContinuousBackupsDescription.
        Errors: InternalServerError, TableNotFoundException.
        """
        return self._call("DescribeContinuousBackups", request)

    def describe_contributor_insights(
        self, **request: Unpack[shapes.DescribeContributorInsightsRequest]
    ) -> dict[str, Any]:
        """Tell whether the most used keys of a table or index are counted.

        Answer: TableName, IndexName, ContributorInsightsRuleList, ContributorInsightsStatus, LastUpdateDateTime,
            FailureException, ContributorInsightsMode.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("DescribeContributorInsights", request)

    def describe_endpoints(self, **request: Unpack[shapes.DescribeEndpointsRequest]) -> dict[str, Any]:
        """Tell at which address the service is.

        Answer: Endpoints.
        """
        return self._call("DescribeEndpoints", request)

    def describe_export(self, **request: Unpack[shapes.DescribeExportRequest]) -> dict[str, Any]:
        """Describe an export of a table.

        Answer: ExportDescription.
        Errors: ExportNotFoundException, InternalServerError, LimitExceededException.
        """
        return self._call("DescribeExport", request)

    def describe_global_table(self, **request: Unpack[shapes.DescribeGlobalTableRequest]) -> dict[str, Any]:
        """Describe a global table (the old kind).

        Answer: GlobalTableDescription.
        Errors: GlobalTableNotFoundException, InternalServerError.
        """
        return self._call("DescribeGlobalTable", request)

    def describe_global_table_settings(
        self, **request: Unpack[shapes.DescribeGlobalTableSettingsRequest]
    ) -> dict[str, Any]:
        """Describe the settings of a global table in each region (the old kind).

        Answer: GlobalTableName, ReplicaSettings.
        Errors: GlobalTableNotFoundException, InternalServerError.
        """
        return self._call("DescribeGlobalTableSettings", request)

    def describe_import(self, **request: Unpack[shapes.DescribeImportRequest]) -> dict[str, Any]:
        """Describe an import into a table.

        Answer: ImportTableDescription.
        Errors: ImportNotFoundException.
        """
        return self._call("DescribeImport", request)

    def describe_kinesis_streaming_destination(
        self, **request: Unpack[shapes.DescribeKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Describe where the changes of a table are sent.

        Answer: TableName, KinesisDataStreamDestinations.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("DescribeKinesisStreamingDestination", request)

    def describe_limits(self, **request: Unpack[shapes.DescribeLimitsRequest]) -> dict[str, Any]:
        """Tell how much throughput an account may have.

        Answer: AccountMaxReadCapacityUnits, AccountMaxWriteCapacityUnits, TableMaxReadCapacityUnits,
            TableMaxWriteCapacityUnits.
        Errors: InternalServerError.
        """
        return self._call("DescribeLimits", request)

    def describe_stream(self, **request: Unpack[shapes.DescribeStreamRequest]) -> dict[str, Any]:
        """Describe a stream and its shards.

        Answer: StreamDescription.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("DescribeStream", request)

    def describe_table(self, **request: Unpack[shapes.DescribeTableRequest]) -> dict[str, Any]:
        """Describe a table: its keys, indexes, settings, size and status.

        Answer: Table.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("DescribeTable", request)

    def describe_table_replica_auto_scaling(
        self, **request: Unpack[shapes.DescribeTableReplicaAutoScalingRequest]
    ) -> dict[str, Any]:
        """Describe how the replicas of a global table scale.

        Answer: TableAutoScalingDescription.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("DescribeTableReplicaAutoScaling", request)

    def describe_time_to_live(self, **request: Unpack[shapes.DescribeTimeToLiveRequest]) -> dict[str, Any]:
        """Tell whether items of a table expire, and by which attribute.

        Answer: TimeToLiveDescription.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("DescribeTimeToLive", request)

    def disable_kinesis_streaming_destination(
        self, **request: Unpack[shapes.DisableKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Send the changes of a table to a data stream no more.

        Answer: TableName, StreamArn, DestinationStatus, EnableKinesisStreamingConfiguration.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("DisableKinesisStreamingDestination", request)

    def enable_kinesis_streaming_destination(
        self, **request: Unpack[shapes.EnableKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Send the changes of a table to a data stream.

        Answer: TableName, StreamArn, DestinationStatus, EnableKinesisStreamingConfiguration.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("EnableKinesisStreamingDestination", request)

    def execute_statement(self, **request: Unpack[shapes.ExecuteStatementRequest]) -> dict[str, Any]:
        """Run one PartiQL statement.

        Answer: Items, NextToken, ConsumedCapacity, LastEvaluatedKey.
        Errors: ConditionalCheckFailedException, DuplicateItemException, InternalServerError,
            ItemCollectionSizeLimitExceededException, ProvisionedThroughputExceededException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException, TransactionConflictException.
        """
        return self._call("ExecuteStatement", request)

    def execute_transaction(self, **request: Unpack[shapes.ExecuteTransactionRequest]) -> dict[str, Any]:
        """Run up to 100 PartiQL statements, all together or not at all.

        Answer: Responses, ConsumedCapacity.
        Errors: IdempotentParameterMismatchException, InternalServerError, ProvisionedThroughputExceededException,
            RequestLimitExceeded, ResourceNotFoundException, ThrottlingException, TransactionCanceledException,
            TransactionInProgressException.
        """
        return self._call("ExecuteTransaction", request)

    def export_table_to_point_in_time(
        self, **request: Unpack[shapes.ExportTableToPointInTimeRequest]
    ) -> dict[str, Any]:
        """Write a table, as it was at some time, to files.

        Answer: ExportDescription.
        Errors: ExportConflictException, InternalServerError, InvalidExportTimeException, LimitExceededException,
            PointInTimeRecoveryUnavailableException, TableNotFoundException.
        """
        return self._call("ExportTableToPointInTime", request)

    def get_item(self, **request: Unpack[shapes.GetItemRequest]) -> dict[str, Any]:
        """Read one item by its key.

        Answer: Item, ConsumedCapacity.
        Errors: InternalServerError, ProvisionedThroughputExceededException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException.
        """
        return self._call("GetItem", request)

    def get_records(self, **request: Unpack[shapes.GetRecordsRequest]) -> dict[str, Any]:
        """Read changes from a shard of a stream.

        Answer: Records, NextShardIterator.
        Errors: ExpiredIteratorException, InternalServerError, LimitExceededException, ResourceNotFoundException,
            TrimmedDataAccessException.
        """
        return self._call("GetRecords", request)

    def get_resource_policy(self, **request: Unpack[shapes.GetResourcePolicyRequest]) -> dict[str, Any]:
        """Return the policy of a table or stream.

        Answer: Policy, RevisionId.
        Errors: InternalServerError, PolicyNotFoundException, ResourceNotFoundException.
        """
        return self._call("GetResourcePolicy", request)

    def get_shard_iterator(self, **request: Unpack[shapes.GetShardIteratorRequest]) -> dict[str, Any]:
        """Return an iterator, with which records are read from a place in a shard on.

        Answer: ShardIterator.
        Errors: InternalServerError, ResourceNotFoundException, TrimmedDataAccessException.
        """
        return self._call("GetShardIterator", request)

    def import_table(self, **request: Unpack[shapes.ImportTableRequest]) -> dict[str, Any]:
        """Create a table from files.

        Answer: ImportTableDescription.
        Errors: ImportConflictException, LimitExceededException, ResourceInUseException.
        """
        return self._call("ImportTable", request)

    def list_backups(self, **request: Unpack[shapes.ListBackupsRequest]) -> dict[str, Any]:
        """List backups.

        Answer: BackupSummaries, LastEvaluatedBackupArn.
        Errors: InternalServerError.
        """
        return self._call("ListBackups", request)

    def list_contributor_insights(self, **request: Unpack[shapes.ListContributorInsightsRequest]) -> dict[str, Any]:
        """List for which tables and indexes the most used keys are counted.

        Answer: ContributorInsightsSummaries, NextToken.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("ListContributorInsights", request)

    def list_exports(self, **request: Unpack[shapes.ListExportsRequest]) -> dict[str, Any]:
        """List exports of tables.

        Answer: ExportSummaries, NextToken.
        Errors: InternalServerError, LimitExceededException.
        """
        return self._call("ListExports", request)

    def list_global_tables(self, **request: Unpack[shapes.ListGlobalTablesRequest]) -> dict[str, Any]:
        """List global tables (the old kind).

        Answer: GlobalTables, LastEvaluatedGlobalTableName.
        Errors: InternalServerError.
        """
        return self._call("ListGlobalTables", request)

    def list_imports(self, **request: Unpack[shapes.ListImportsRequest]) -> dict[str, Any]:
        """List imports into tables.

        Answer: ImportSummaryList, NextToken.
        Errors: LimitExceededException.
        """
        return self._call("ListImports", request)

    def list_streams(self, **request: Unpack[shapes.ListStreamsRequest]) -> dict[str, Any]:
        """List streams, of all tables or of one.

        Answer: Streams, LastEvaluatedStreamArn.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("ListStreams", request)

    def list_tables(self, **request: Unpack[shapes.ListTablesRequest]) -> dict[str, Any]:
        """List the names of the caller's tables.

        Answer: TableNames, LastEvaluatedTableName.
        Errors: InternalServerError.
        """
        return self._call("ListTables", request)

    def list_tags_of_resource(self, **request: Unpack[shapes.ListTagsOfResourceRequest]) -> dict[str, Any]:
        """List the tags of a table.

        Answer: Tags, NextToken.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("ListTagsOfResource", request)

    def put_item(self, **request: Unpack[shapes.PutItemRequest]) -> dict[str, Any]:
        """Put one item in place of the one with its key, if any, perhaps on a condition.

        Answer: Attributes, ConsumedCapacity, ItemCollectionMetrics.
        Errors: ConditionalCheckFailedException, InternalServerError, ItemCollectionSizeLimitExceededException,
            ProvisionedThroughputExceededException, ReplicatedWriteConflictException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException, TransactionConflictException.
        """
        return self._call("PutItem", request)

    def put_resource_policy(self, **request: Unpack[shapes.PutResourcePolicyRequest]) -> dict[str, Any]:
        """Give a table or stream a policy.

        Answer: RevisionId.
        Errors: InternalServerError, LimitExceededException, PolicyNotFoundException, ResourceInUseException,
            ResourceNotFoundException.
        """
        return self._call("PutResourcePolicy", request)

    def query(self, **request: Unpack[shapes.QueryRequest]) -> dict[str, Any]:
        """Read the items of a partition, or a range of its sort keys, from a table or an index.

        Answer: Items, Count, ScannedCount, LastEvaluatedKey, ConsumedCapacity.
        Errors: InternalServerError, ProvisionedThroughputExceededException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException.
        """
        return self._call("Query", request)

    def restore_table_from_backup(self, **request: Unpack[shapes.RestoreTableFromBackupRequest]) -> dict[str, Any]:
        """Create a table from a backup.

        Answer: TableDescription.
        Errors: BackupInUseException, BackupNotFoundException, InternalServerError, LimitExceededException,
            TableAlreadyExistsException, TableInUseException.
        """
        return self._call("RestoreTableFromBackup", request)

    def restore_table_to_point_in_time(
        self, **request: Unpack[shapes.RestoreTableToPointInTimeRequest]
    ) -> dict[str, Any]:
        """Create a table as another one was at some time.

        Answer: TableDescription.
        Errors: InternalServerError, InvalidRestoreTimeException, LimitExceededException,
            PointInTimeRecoveryUnavailableException, TableAlreadyExistsException, TableInUseException,
            TableNotFoundException.
        """
        return self._call("RestoreTableToPointInTime", request)

    def scan(self, **request: Unpack[shapes.ScanRequest]) -> dict[str, Any]:
        """Read all items of a table or an index, page by page.

        Answer: Items, Count, ScannedCount, LastEvaluatedKey, ConsumedCapacity.
        Errors: InternalServerError, ProvisionedThroughputExceededException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException.
        """
        return self._call("Scan", request)

    def search_vectors(self, **request: Unpack[shapes.SearchVectorsRequest]) -> dict[str, Any]:
        """Find the items whose vectors are nearest to one.

        Answer: ConsumedCapacity, SearchResults.
        Errors: InternalServerError, RequestLimitExceeded, ResourceNotFoundException, ThrottlingException.
        """
        return self._call("SearchVectors", request)

    def tag_resource(self, **request: Unpack[shapes.TagResourceRequest]) -> dict[str, Any]:
        """Give a table tags.

        Answer: no members.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("TagResource", request)

    def transact_get_items(self, **request: Unpack[shapes.TransactGetItemsRequest]) -> dict[str, Any]:
        """Read up to 100 items by their keys, as of one moment.

        Answer: ConsumedCapacity, Responses.
        Errors: InternalServerError, ProvisionedThroughputExceededException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException, TransactionCanceledException.
        """
        return self._call("TransactGetItems", request)

    def transact_write_items(self, **request: Unpack[shapes.TransactWriteItemsRequest]) -> dict[str, Any]:
        """Put, update, delete and check up to 100 items, all together or not at all.

        Answer: ConsumedCapacity, ItemCollectionMetrics.
        Errors: IdempotentParameterMismatchException, InternalServerError, ProvisionedThroughputExceededException,
            RequestLimitExceeded, ResourceNotFoundException, ThrottlingException, TransactionCanceledException,
            TransactionInProgressException.
        """
        return self._call("TransactWriteItems", request)

    def untag_resource(self, **request: Unpack[shapes.UntagResourceRequest]) -> dict[str, Any]:
        """Take tags of a table away.

        Answer: no members.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("UntagResource", request)

    def update_continuous_backups(self, **request: Unpack[shapes.UpdateContinuousBackupsRequest]) -> dict[str, Any]:
        """Switch on or off that a table can be restored to a point in time.

        Answer: ContinuousBackupsDescription.
        Errors: ContinuousBackupsUnavailableException, InternalServerError, TableNotFoundException.
        """
        return self._call("UpdateContinuousBackups", request)

    def update_contributor_insights(self, **request: Unpack[shapes.UpdateContributorInsightsRequest]) -> dict[str, Any]:
        """Switch on or off that the most used keys of a table or index are counted.

        Answer: TableName, IndexName, ContributorInsightsStatus, ContributorInsightsMode.
        Errors: InternalServerError, ResourceNotFoundException.
        """
        return self._call("UpdateContributorInsights", request)

    def update_global_table(self, **request: Unpack[shapes.UpdateGlobalTableRequest]) -> dict[str, Any]:
        """Add regions to a global table, or take them away (the old kind).

        Answer: GlobalTableDescription.
        Errors: GlobalTableNotFoundException, InternalServerError, ReplicaAlreadyExistsException,
            ReplicaNotFoundException, TableNotFoundException.
        """
        return self._call("UpdateGlobalTable", request)

    def update_global_table_settings(
        self, **request: Unpack[shapes.UpdateGlobalTableSettingsRequest]
    ) -> dict[str, Any]:
        """Change the settings of a global table (the old kind).

        Answer: GlobalTableName, ReplicaSettings.
        Errors: GlobalTableNotFoundException, IndexNotFoundException, InternalServerError, LimitExceededException,
            ReplicaNotFoundException, ResourceInUseException.
        """
        return self._call("UpdateGlobalTableSettings", request)

    def update_item(self, **request: Unpack[shapes.UpdateItemRequest]) -> dict[str, Any]:
        """Change attributes of one item, or create it, perhaps on a condition.

        Answer: Attributes, ConsumedCapacity, ItemCollectionMetrics.
        Errors: ConditionalCheckFailedException, InternalServerError, ItemCollectionSizeLimitExceededException,
            ProvisionedThroughputExceededException, ReplicatedWriteConflictException, RequestLimitExceeded,
            ResourceNotFoundException, ThrottlingException, TransactionConflictException.
        """
        return self._call("UpdateItem", request)

    def update_kinesis_streaming_destination(
        self, **request: Unpack[shapes.UpdateKinesisStreamingDestinationRequest]
    ) -> dict[str, Any]:
        """Change how the changes of a table are sent to a data stream.

        Answer: TableName, StreamArn, DestinationStatus, UpdateKinesisStreamingConfiguration.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("UpdateKinesisStreamingDestination", request)

    def update_table(self, **request: Unpack[shapes.UpdateTableRequest]) -> dict[str, Any]:
        """Change a table's throughput, indexes, stream or settings.

        Answer: TableDescription.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("UpdateTable", request)

    def update_table_replica_auto_scaling(
        self, **request: Unpack[shapes.UpdateTableReplicaAutoScalingRequest]
    ) -> dict[str, Any]:
        """Change how the replicas of a global table scale.

        Answer: TableAutoScalingDescription.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("UpdateTableReplicaAutoScaling", request)

    def update_time_to_live(self, **request: Unpack[shapes.UpdateTimeToLiveRequest]) -> dict[str, Any]:
        """Switch on or off that items of a table expire by an attribute.

        Answer: TimeToLiveSpecification.
        Errors: InternalServerError, LimitExceededException, ResourceInUseException, ResourceNotFoundException.
        """
        return self._call("UpdateTimeToLive", request)
