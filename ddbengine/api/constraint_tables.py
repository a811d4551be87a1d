"""What each operation checks in which order and in whose words, as us-east-1 answers (FACTS 3.2 to 3.4).

Limits, patterns and enums come from the service model; a table here says only where the service
differs from it.  An operation without a table is checked in the model's order, in the older layer's
words.  Nothing here runs on valid requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddbengine import limits
from ddbengine.api.constraint_rules import Adjustments, Violation
from ddbengine.api.constraints import NEWER, Departure, Rank, Table
from ddbengine.api.echo import as_json
from ddbengine.engine.older_layer import is_deep

__all__ = ["ADJUSTMENTS", "TABLES", "table_of"]

ADJUSTMENTS = Adjustments(
    # FACTS 3.2.
    enums={
        "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
        "ConditionalOperator": ("OR", "AND"),
        "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
        "ComparisonOperator": (
            *("IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT"),
            *("NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS"),
        ),
        "ScalarAttributeType": ("B", "N", "S"),
        "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
        "InputCompressionType": ("ZSTD", "NONE", "GZIP"),  # FACTS 5.16
        "StreamViewType": ("OLD_IMAGE", "KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE"),
    },
    # FACTS 3.4: CreateTable and UpdateTable.
    orders={
        "ProvisionedThroughput": ("WriteCapacityUnits", "ReadCapacityUnits"),
        "CreateGlobalSecondaryIndexAction": ("Projection", "IndexName", "ProvisionedThroughput", "KeySchema"),
        "AttributeDefinition": ("AttributeType", "AttributeName"),
        "TimeToLiveSpecification": ("AttributeName", "Enabled"),
    },
    lengths={
        "AttributeNameList": (1, 255),  # FACTS 3.4, AttributesToGet
        # Names of attributes are checked with the values and expressions they belong to, by the operation.
        "AttributeName": (None, None),
        "KMSMasterKeyId": (1, None),  # FACTS 3.3
        # Tags are checked by the operation (FACTS 5.12).
        "TagKeyString": (None, None),
        "TagValueString": (None, None),
    },
    length_before_pattern=frozenset({"IndexName"}),  # FACTS 3.3
    nothing_required=frozenset({"Tag"}),
)


# --- when a departure applies --------------------------------------------------------------------


def _always(violation: Violation) -> bool:
    return True


def _absent(violation: Violation) -> bool:
    return violation.value is None


def _present(violation: Violation) -> bool:
    return violation.value is not None


def _empty(violation: Violation) -> bool:
    return violation.value is not None and not violation.value


def _of_length(violation: Violation) -> bool:
    return violation.value is not None and "have length" in violation.constraint


def _of_map_or_keys(violation: Violation) -> bool:
    """BatchGetItem: the number of tables and of keys; not the names of tables, nor AttributesToGet."""
    is_map = violation.shape == "BatchGetRequestMap" and violation.constraint.startswith("Member")
    return _present(violation) and (is_map or violation.shape == "KeyList")


def _newer_enum(members: str) -> str:
    return f"Failed to satisfy constraint: Member must satisfy enum value set: [{members}]"


_NEWER_RETURN_VALUES = _newer_enum("ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE")  # sic (FACTS 3.2)
_NEWER_CONDITIONAL_OPERATOR = _newer_enum("ALL, OR")

# FACTS 3.3: Put/Update/DeleteItem with an empty TableName.
_EMPTY_TABLE_NAME = (Departure(_empty, Rank.ALONE, NEWER),)

# FACTS 3.3: CreateTable tells of the name's presence and length first, and alone.
_NAME_ABSENT = Departure(
    _absent, Rank.ALONE, "The parameter 'TableName' is required but was not present in the request", bare=True
)
_CREATED_NAME = (_NAME_ABSENT, Departure(_of_length, Rank.ALONE))
_EXISTING_NAME = (_NAME_ABSENT,)
_STREAM_ARN = (Departure(_always, Rank.ALONE, "Invalid StreamArn", bare=True),)  # FACTS 5.13
_SHARD_ITERATOR = (Departure(_always, Rank.ALONE, "Invalid ShardIterator", bare=True),)  # FACTS 5.13
_ARN_ABSENT = (Departure(_absent, Rank.ALONE, "Invalid TableArn", bare=True),)  # FACTS 5.12


# --- when another layer answers ------------------------------------------------------------------


def _is_deep_or_keyless(request: Mapping[str, Any]) -> bool:
    """UpdateItem without Key falls back to the older form (FACTS 3.3)."""
    return "Key" not in request or is_deep(request)


def _is_replica_of_another(request: Mapping[str, Any], member: str) -> bool:
    """A table created from another account's global table takes its keys from there."""
    return member in ("AttributeDefinitions", "KeySchema") and "GlobalTableSourceArn" in request


def _names_no_arn(request: Mapping[str, Any]) -> bool:
    """FACTS 5.12: what is not an ARN at all is AccessDenied before Tags or TagKeys are looked at."""
    return not request.get("ResourceArn", "").startswith("arn:")


# --- the tables ----------------------------------------------------------------------------------


def _order(members: str) -> tuple[str, ...]:
    return tuple(members.split())


_EXISTING_TABLE = Table(
    order=("TableName",),
    departures={"TableName": _EXISTING_NAME},
    table_name_min=limits.TABLE_NAME_MIN_CHARACTERS,
)

TABLES: Mapping[str, Table] = {
    "PutItem": Table(
        order=_order(
            "ReturnConsumedCapacity TableName Item ConditionalOperator Expected ReturnValues "
            "ReturnItemCollectionMetrics"
        ),
        departures={
            "TableName": _EMPTY_TABLE_NAME,
            "ConditionalOperator": (Departure(_always, text=_NEWER_CONDITIONAL_OPERATOR),),
            "ReturnValues": (Departure(_always, text=_NEWER_RETURN_VALUES),),
        },
        read_by_older_layer=is_deep,
    ),
    "GetItem": Table(order=_order("ReturnConsumedCapacity AttributesToGet TableName Key")),
    "UpdateItem": Table(
        order=_order(
            "ReturnConsumedCapacity TableName ReturnItemCollectionMetrics ReturnValues ConditionalOperator Key "
            "Expected AttributeUpdates"
        ),
        departures={
            "TableName": _EMPTY_TABLE_NAME,
            "ReturnValues": (Departure(_always, Rank.ALONE, _NEWER_RETURN_VALUES),),
            "ConditionalOperator": (Departure(_always, Rank.ALONE, _NEWER_CONDITIONAL_OPERATOR),),
        },
        read_by_older_layer=_is_deep_or_keyless,
    ),
    "DeleteItem": Table(
        order=_order(
            "ReturnConsumedCapacity TableName ReturnValues ReturnItemCollectionMetrics Key ConditionalOperator Expected"
        ),
        departures={
            "TableName": _EMPTY_TABLE_NAME,
            "ReturnValues": (Departure(_always, text=_NEWER_RETURN_VALUES),),
            "ConditionalOperator": (Departure(_always, text=_NEWER_CONDITIONAL_OPERATOR),),
        },
        read_by_older_layer=is_deep,
    ),
    "Query": Table(
        order=_order(
            "Select IndexName ReturnConsumedCapacity QueryFilter TableName ConditionalOperator AttributesToGet Limit "
            "KeyConditions ExclusiveStartKey"
        ),
        departures={
            "ConditionalOperator": (Departure(_always, Rank.ALONE, _NEWER_CONDITIONAL_OPERATOR, bare=True),),
            "Limit": (Departure(_always, Rank.ALONE, NEWER),),
        },
    ),
    "Scan": Table(
        order=_order(
            "Select IndexName TotalSegments ReturnConsumedCapacity TableName ConditionalOperator ScanFilter Segment "
            "Limit AttributesToGet ExclusiveStartKey"
        ),
    ),
    "BatchGetItem": Table(
        order=_order("RequestItems ReturnConsumedCapacity"),
        departures={"RequestItems": (Departure(_of_map_or_keys, Rank.ALONE, NEWER),)},
        echo=as_json,
    ),
    "BatchWriteItem": Table(
        order=_order("ReturnConsumedCapacity ReturnItemCollectionMetrics RequestItems"),
        departures={
            "RequestItems": (
                Departure(
                    _empty, Rank.YIELDING, "The requestItems parameter is required for BatchWriteItem", bare=True
                ),
                Departure(_present, Rank.YIELDING),
            )
        },
    ),
    "TransactWriteItems": Table(
        order=_order("ClientRequestToken ReturnConsumedCapacity ReturnItemCollectionMetrics TransactItems")
    ),
    "TransactGetItems": Table(order=_order("ReturnConsumedCapacity TransactItems")),
    "CreateTable": Table(
        order=_order(
            "AttributeDefinitions TableName BillingMode ProvisionedThroughput KeySchema GlobalSecondaryIndexes "
            "LocalSecondaryIndexes"
        ),
        departures={"TableName": _CREATED_NAME},
        lengths={
            "KeySchema": (1, limits.TABLE_KEY_MAX_ATTRIBUTES),
            "LocalSecondaryIndexes.KeySchema": (1, limits.TABLE_KEY_MAX_ATTRIBUTES),
        },
        table_name_min=limits.TABLE_NAME_MIN_CHARACTERS,
        required=("AttributeDefinitions", "KeySchema"),
        excused=_is_replica_of_another,
    ),
    "DescribeTable": _EXISTING_TABLE,
    "DeleteTable": _EXISTING_TABLE,
    "UpdateTable": Table(
        order=_order("TableName ProvisionedThroughput BillingMode GlobalSecondaryIndexUpdates"),
        departures={"TableName": _EXISTING_NAME},
        table_name_min=limits.TABLE_NAME_MIN_CHARACTERS,
    ),
    "ListTables": Table(order=_order("Limit ExclusiveStartTableName")),
    "TagResource": Table(departures={"ResourceArn": _ARN_ABSENT}, left_to_engine=_names_no_arn),
    "UntagResource": Table(departures={"ResourceArn": _ARN_ABSENT}, left_to_engine=_names_no_arn),
    "ListTagsOfResource": Table(departures={"ResourceArn": _ARN_ABSENT}, left_to_engine=_names_no_arn),
    "ListStreams": Table(departures={"ExclusiveStartStreamArn": _STREAM_ARN}),
    "DescribeStream": Table(departures={"StreamArn": _STREAM_ARN}),
    "GetShardIterator": Table(departures={"StreamArn": _STREAM_ARN}),
    "GetRecords": Table(departures={"ShardIterator": _SHARD_ITERATOR}),
    # FACTS 1.5: it is read by another deserialiser, which tells of missing members; then in the newer words.
    "SearchVectors": Table(
        order=_order("TableName IndexName SearchVector TopK ReturnConsumedCapacity"),
        departures={
            member: (Departure(_always, Rank.ALONE, NEWER),)
            for member in ("TableName", "IndexName", "SearchVector", "TopK", "ReturnConsumedCapacity")
        },
    ),
    "DescribeLimits": Table(),
    "DescribeEndpoints": Table(),
}

_FROM_THE_MODEL = Table()


def table_of(operation: str) -> Table:
    """The operation's table; of one without, a table that follows the model in everything."""
    return TABLES.get(operation, _FROM_THE_MODEL)
