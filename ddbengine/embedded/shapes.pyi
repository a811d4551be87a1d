"""What each operation is given, as type checkers see it.

Made by tools/operations.py from the service model of botocore 1.44.5; not to be changed by hand.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from typing_extensions import Required

AttributeValue = Mapping[str, Any]
"""One value in DynamoDB JSON: {"S": "text"}, {"N": "1"}, {"L": [{"BOOL": True}]}."""
Item = Mapping[str, AttributeValue]

class BatchExecuteStatementRequest(TypedDict, total=False):
    Statements: Required[Sequence[Mapping[str, Any]]]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]

class BatchGetItemRequest(TypedDict, total=False):
    RequestItems: Required[Mapping[str, Mapping[str, Any]]]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]

class BatchWriteItemRequest(TypedDict, total=False):
    RequestItems: Required[Mapping[str, Sequence[Mapping[str, Any]]]]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ReturnItemCollectionMetrics: Literal["SIZE", "NONE"]

class CreateBackupRequest(TypedDict, total=False):
    TableName: Required[str]
    BackupName: Required[str]

class CreateGlobalTableRequest(TypedDict, total=False):
    GlobalTableName: Required[str]
    ReplicationGroup: Required[Sequence[Mapping[str, Any]]]

class CreateTableRequest(TypedDict, total=False):
    AttributeDefinitions: Sequence[Mapping[str, Any]]
    TableName: Required[str]
    KeySchema: Sequence[Mapping[str, Any]]
    LocalSecondaryIndexes: Sequence[Mapping[str, Any]]
    GlobalSecondaryIndexes: Sequence[Mapping[str, Any]]
    BillingMode: Literal["PROVISIONED", "PAY_PER_REQUEST"]
    ProvisionedThroughput: Mapping[str, Any]
    StreamSpecification: Mapping[str, Any]
    SSESpecification: Mapping[str, Any]
    Tags: Sequence[Mapping[str, Any]]
    TableClass: Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]
    DeletionProtectionEnabled: bool
    WarmThroughput: Mapping[str, Any]
    ResourcePolicy: str
    OnDemandThroughput: Mapping[str, Any]
    GlobalTableSourceArn: str
    GlobalTableSettingsReplicationMode: Literal["ENABLED", "DISABLED", "ENABLED_WITH_OVERRIDES"]
    VectorIndexes: Sequence[Mapping[str, Any]]

class DeleteBackupRequest(TypedDict, total=False):
    BackupArn: Required[str]

class DeleteItemRequest(TypedDict, total=False):
    TableName: Required[str]
    Key: Required[Item]
    Expected: Mapping[str, Mapping[str, Any]]
    ConditionalOperator: Literal["AND", "OR"]
    ReturnValues: Literal["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ReturnItemCollectionMetrics: Literal["SIZE", "NONE"]
    ConditionExpression: str
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Item
    ReturnValuesOnConditionCheckFailure: Literal["ALL_OLD", "NONE"]

class DeleteResourcePolicyRequest(TypedDict, total=False):
    ResourceArn: Required[str]
    ExpectedRevisionId: str

class DeleteTableRequest(TypedDict, total=False):
    TableName: Required[str]

class DescribeBackupRequest(TypedDict, total=False):
    BackupArn: Required[str]

class DescribeContinuousBackupsRequest(TypedDict, total=False):
    TableName: Required[str]

class DescribeContributorInsightsRequest(TypedDict, total=False):
    TableName: Required[str]
    IndexName: str

class DescribeEndpointsRequest(TypedDict, total=False):
    """It is given nothing."""

class DescribeExportRequest(TypedDict, total=False):
    ExportArn: Required[str]

class DescribeGlobalTableRequest(TypedDict, total=False):
    GlobalTableName: Required[str]

class DescribeGlobalTableSettingsRequest(TypedDict, total=False):
    GlobalTableName: Required[str]

class DescribeImportRequest(TypedDict, total=False):
    ImportArn: Required[str]

class DescribeKinesisStreamingDestinationRequest(TypedDict, total=False):
    TableName: Required[str]

class DescribeLimitsRequest(TypedDict, total=False):
    """It is given nothing."""

class DescribeStreamRequest(TypedDict, total=False):
    StreamArn: Required[str]
    Limit: int
    ExclusiveStartShardId: str
    ShardFilter: Mapping[str, Any]

class DescribeTableRequest(TypedDict, total=False):
    TableName: Required[str]

class DescribeTableReplicaAutoScalingRequest(TypedDict, total=False):
    TableName: Required[str]

class DescribeTimeToLiveRequest(TypedDict, total=False):
    TableName: Required[str]

class DisableKinesisStreamingDestinationRequest(TypedDict, total=False):
    TableName: Required[str]
    StreamArn: Required[str]
    EnableKinesisStreamingConfiguration: Mapping[str, Any]

class EnableKinesisStreamingDestinationRequest(TypedDict, total=False):
    TableName: Required[str]
    StreamArn: Required[str]
    EnableKinesisStreamingConfiguration: Mapping[str, Any]

class ExecuteStatementRequest(TypedDict, total=False):
    Statement: Required[str]
    Parameters: Sequence[AttributeValue]
    ConsistentRead: bool
    NextToken: str
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    Limit: int
    ReturnValuesOnConditionCheckFailure: Literal["ALL_OLD", "NONE"]

class ExecuteTransactionRequest(TypedDict, total=False):
    TransactStatements: Required[Sequence[Mapping[str, Any]]]
    ClientRequestToken: str
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]

class ExportTableToPointInTimeRequest(TypedDict, total=False):
    TableArn: Required[str]
    ExportTime: float
    ClientToken: str
    S3Bucket: Required[str]
    S3BucketOwner: str
    S3Prefix: str
    S3SseAlgorithm: Literal["AES256", "KMS"]
    S3SseKmsKeyId: str
    ExportFormat: Literal["DYNAMODB_JSON", "ION"]
    ExportType: Literal["FULL_EXPORT", "INCREMENTAL_EXPORT"]
    IncrementalExportSpecification: Mapping[str, Any]
    FilterSpecification: Mapping[str, Any]

class GetItemRequest(TypedDict, total=False):
    TableName: Required[str]
    Key: Required[Item]
    AttributesToGet: Sequence[str]
    ConsistentRead: bool
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ProjectionExpression: str
    ExpressionAttributeNames: Mapping[str, str]

class GetRecordsRequest(TypedDict, total=False):
    ShardIterator: Required[str]
    Limit: int

class GetResourcePolicyRequest(TypedDict, total=False):
    ResourceArn: Required[str]

class GetShardIteratorRequest(TypedDict, total=False):
    StreamArn: Required[str]
    ShardId: Required[str]
    ShardIteratorType: Required[Literal[
        "TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"
    ]]
    SequenceNumber: str
    Timestamp: float

class ImportTableRequest(TypedDict, total=False):
    ClientToken: str
    S3BucketSource: Required[Mapping[str, Any]]
    InputFormat: Required[Literal["DYNAMODB_JSON", "ION", "CSV"]]
    InputFormatOptions: Mapping[str, Any]
    InputCompressionType: Literal["GZIP", "ZSTD", "NONE"]
    TableCreationParameters: Required[Mapping[str, Any]]

class ListBackupsRequest(TypedDict, total=False):
    TableName: str
    Limit: int
    TimeRangeLowerBound: float
    TimeRangeUpperBound: float
    ExclusiveStartBackupArn: str
    BackupType: Literal["USER", "SYSTEM", "AWS_BACKUP", "ALL"]

class ListContributorInsightsRequest(TypedDict, total=False):
    TableName: str
    NextToken: str
    MaxResults: int

class ListExportsRequest(TypedDict, total=False):
    TableArn: str
    MaxResults: int
    NextToken: str

class ListGlobalTablesRequest(TypedDict, total=False):
    ExclusiveStartGlobalTableName: str
    Limit: int
    RegionName: str

class ListImportsRequest(TypedDict, total=False):
    TableArn: str
    PageSize: int
    NextToken: str

class ListStreamsRequest(TypedDict, total=False):
    TableName: str
    Limit: int
    ExclusiveStartStreamArn: str

class ListTablesRequest(TypedDict, total=False):
    ExclusiveStartTableName: str
    Limit: int

class ListTagsOfResourceRequest(TypedDict, total=False):
    ResourceArn: Required[str]
    NextToken: str

class PutItemRequest(TypedDict, total=False):
    TableName: Required[str]
    Item: Required[Item]
    Expected: Mapping[str, Mapping[str, Any]]
    ReturnValues: Literal["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ReturnItemCollectionMetrics: Literal["SIZE", "NONE"]
    ConditionalOperator: Literal["AND", "OR"]
    ConditionExpression: str
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Item
    ReturnValuesOnConditionCheckFailure: Literal["ALL_OLD", "NONE"]

class PutResourcePolicyRequest(TypedDict, total=False):
    ResourceArn: Required[str]
    Policy: Required[str]
    ExpectedRevisionId: str
    ConfirmRemoveSelfResourceAccess: bool

class QueryRequest(TypedDict, total=False):
    TableName: Required[str]
    IndexName: str
    Select: Literal["ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"]
    AttributesToGet: Sequence[str]
    Limit: int
    ConsistentRead: bool
    KeyConditions: Mapping[str, Mapping[str, Any]]
    QueryFilter: Mapping[str, Mapping[str, Any]]
    ConditionalOperator: Literal["AND", "OR"]
    ScanIndexForward: bool
    ExclusiveStartKey: Item
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ProjectionExpression: str
    FilterExpression: str
    KeyConditionExpression: str
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Item

class RestoreTableFromBackupRequest(TypedDict, total=False):
    TargetTableName: Required[str]
    BackupArn: Required[str]
    BillingModeOverride: Literal["PROVISIONED", "PAY_PER_REQUEST"]
    GlobalSecondaryIndexOverride: Sequence[Mapping[str, Any]]
    LocalSecondaryIndexOverride: Sequence[Mapping[str, Any]]
    ProvisionedThroughputOverride: Mapping[str, Any]
    OnDemandThroughputOverride: Mapping[str, Any]
    SSESpecificationOverride: Mapping[str, Any]
    VectorIndexOverride: Sequence[Mapping[str, Any]]

class RestoreTableToPointInTimeRequest(TypedDict, total=False):
    SourceTableArn: str
    SourceTableName: str
    TargetTableName: Required[str]
    UseLatestRestorableTime: bool
    RestoreDateTime: float
    BillingModeOverride: Literal["PROVISIONED", "PAY_PER_REQUEST"]
    GlobalSecondaryIndexOverride: Sequence[Mapping[str, Any]]
    LocalSecondaryIndexOverride: Sequence[Mapping[str, Any]]
    ProvisionedThroughputOverride: Mapping[str, Any]
    OnDemandThroughputOverride: Mapping[str, Any]
    SSESpecificationOverride: Mapping[str, Any]
    VectorIndexOverride: Sequence[Mapping[str, Any]]

class ScanRequest(TypedDict, total=False):
    TableName: Required[str]
    IndexName: str
    AttributesToGet: Sequence[str]
    Limit: int
    Select: Literal["ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"]
    ScanFilter: Mapping[str, Mapping[str, Any]]
    ConditionalOperator: Literal["AND", "OR"]
    ExclusiveStartKey: Item
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    TotalSegments: int
    Segment: int
    ProjectionExpression: str
    FilterExpression: str
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Item
    ConsistentRead: bool

class SearchVectorsRequest(TypedDict, total=False):
    TableName: Required[str]
    IndexName: Required[str]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Item
    ProjectionExpression: str
    SearchVector: Required[Sequence[AttributeValue]]
    SearchConditionExpression: str
    TopK: Required[int]

class TagResourceRequest(TypedDict, total=False):
    ResourceArn: Required[str]
    Tags: Required[Sequence[Mapping[str, Any]]]

class TransactGetItemsRequest(TypedDict, total=False):
    TransactItems: Required[Sequence[Mapping[str, Any]]]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]

class TransactWriteItemsRequest(TypedDict, total=False):
    TransactItems: Required[Sequence[Mapping[str, Any]]]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ReturnItemCollectionMetrics: Literal["SIZE", "NONE"]
    ClientRequestToken: str

class UntagResourceRequest(TypedDict, total=False):
    ResourceArn: Required[str]
    TagKeys: Required[Sequence[str]]

class UpdateContinuousBackupsRequest(TypedDict, total=False):
    TableName: Required[str]
    PointInTimeRecoverySpecification: Required[Mapping[str, Any]]

class UpdateContributorInsightsRequest(TypedDict, total=False):
    TableName: Required[str]
    IndexName: str
    ContributorInsightsAction: Required[Literal["ENABLE", "DISABLE"]]
    ContributorInsightsMode: Literal["ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS"]

class UpdateGlobalTableRequest(TypedDict, total=False):
    GlobalTableName: Required[str]
    ReplicaUpdates: Required[Sequence[Mapping[str, Any]]]

class UpdateGlobalTableSettingsRequest(TypedDict, total=False):
    GlobalTableName: Required[str]
    GlobalTableBillingMode: Literal["PROVISIONED", "PAY_PER_REQUEST"]
    GlobalTableProvisionedWriteCapacityUnits: int
    GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate: Mapping[str, Any]
    GlobalTableGlobalSecondaryIndexSettingsUpdate: Sequence[Mapping[str, Any]]
    ReplicaSettingsUpdate: Sequence[Mapping[str, Any]]

class UpdateItemRequest(TypedDict, total=False):
    TableName: Required[str]
    Key: Required[Item]
    AttributeUpdates: Mapping[str, Mapping[str, Any]]
    Expected: Mapping[str, Mapping[str, Any]]
    ConditionalOperator: Literal["AND", "OR"]
    ReturnValues: Literal["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]
    ReturnConsumedCapacity: Literal["INDEXES", "TOTAL", "NONE"]
    ReturnItemCollectionMetrics: Literal["SIZE", "NONE"]
    UpdateExpression: str
    ConditionExpression: str
    ExpressionAttributeNames: Mapping[str, str]
    ExpressionAttributeValues: Item
    ReturnValuesOnConditionCheckFailure: Literal["ALL_OLD", "NONE"]

class UpdateKinesisStreamingDestinationRequest(TypedDict, total=False):
    TableName: Required[str]
    StreamArn: Required[str]
    UpdateKinesisStreamingConfiguration: Mapping[str, Any]

class UpdateTableRequest(TypedDict, total=False):
    AttributeDefinitions: Sequence[Mapping[str, Any]]
    TableName: Required[str]
    BillingMode: Literal["PROVISIONED", "PAY_PER_REQUEST"]
    ProvisionedThroughput: Mapping[str, Any]
    GlobalSecondaryIndexUpdates: Sequence[Mapping[str, Any]]
    StreamSpecification: Mapping[str, Any]
    SSESpecification: Mapping[str, Any]
    ReplicaUpdates: Sequence[Mapping[str, Any]]
    TableClass: Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]
    DeletionProtectionEnabled: bool
    MultiRegionConsistency: Literal["EVENTUAL", "STRONG"]
    GlobalTableWitnessUpdates: Sequence[Mapping[str, Any]]
    OnDemandThroughput: Mapping[str, Any]
    WarmThroughput: Mapping[str, Any]
    GlobalTableSettingsReplicationMode: Literal["ENABLED", "DISABLED", "ENABLED_WITH_OVERRIDES"]
    DisassociationProtectionEnabled: bool
    VectorIndexUpdates: Sequence[Mapping[str, Any]]

class UpdateTableReplicaAutoScalingRequest(TypedDict, total=False):
    GlobalSecondaryIndexUpdates: Sequence[Mapping[str, Any]]
    TableName: Required[str]
    ProvisionedWriteCapacityAutoScalingUpdate: Mapping[str, Any]
    ReplicaUpdates: Sequence[Mapping[str, Any]]

class UpdateTimeToLiveRequest(TypedDict, total=False):
    TableName: Required[str]
    TimeToLiveSpecification: Required[Mapping[str, Any]]
