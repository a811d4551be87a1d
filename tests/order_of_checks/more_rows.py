"""The rows of batches, transactions, statements, tables, tags, time to live and streams; see ``rows``."""

from __future__ import annotations

from typing import Any

from tests.order_of_checks.rows import (
    ARN,
    BAD_NUMBER,
    CANCELLED,
    IN_USE,
    ITEMS,
    KEY,
    NAME,
    NOT_FOUND,
    PROTECTED,
    READS,
    SERIALIZATION,
    VALIDATION,
    Members,
    Order,
    Row,
    constraints,
    no_table,
    types,
)

_BAD_KEY = {"pk": {"S": "a"}, "sk": BAD_NUMBER}
_NO_NUMBER = "cannot be converted to a numeric value"
_NO_CONDITION = {"ConditionExpression": "attribute_not_exists(pk)"}


def _writes(*actions: Members) -> Members:
    return {"TransactItems": list(actions)}


def _gets(*keys: Members, table: str = NAME) -> Members:
    return {"TransactItems": [{"Get": {"TableName": table, "Key": key}} for key in keys]}


def _keys(*keys: Members, table: str = NAME, **members: Any) -> Members:
    return {"RequestItems": {table: {"Keys": list(keys), **members}}}


def _puts(*items: Members, table: str = NAME) -> Members:
    return {"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in items]}}


def _both(first: Members, second: Members) -> Members:
    return {"RequestItems": first["RequestItems"] | second["RequestItems"]}


# --- batches and transactions -----------------------------------------------------------------------------------------
# What is wrong stands in one member of all requests, so these rows carry the faults that come later with them.

_OTHER_KEY: Members = {"pk": {"S": "b"}, "sk": {"N": "1"}}

MANY: dict[str, Order] = {
    "BatchGetItem": Order(
        _keys(KEY),
        (
            Row("JSON types of all members", {"ReturnConsumedCapacity": 1}, SERIALIZATION, "NUMBER_VALUE cannot be"),
            Row(
                "number of tables and keys, alone",
                _keys(table=NAME),
                VALIDATION,
                "Value at 'RequestItems.abc.member.Keys' failed to satisfy constraint",
            ),
            constraints(),
            Row(
                "per table: legacy parameters beside expressions",
                _keys(_BAD_KEY, _BAD_KEY, ProjectionExpression="a,", AttributesToGet=["a", "a"]),
                VALIDATION,
                "Can not use both expression and non-expression parameters",
            ),
            Row(
                "per table: AttributesToGet, expressions",
                _keys(_BAD_KEY, _BAD_KEY, ProjectionExpression="a,"),
                VALIDATION,
                "Invalid ProjectionExpression: Syntax error",
            ),
            Row("per key: values", _both(_keys(_BAD_KEY), _keys(KEY, table="missing")), VALIDATION, _NO_NUMBER),
            Row(
                "per key: duplicates",
                _both(_keys(KEY, KEY), _keys(KEY, table="missing")),
                VALIDATION,
                "Provided list of item keys contains duplicates",
            ),
            Row(
                "the tables exist",
                _both(_keys({"pk": {"S": "a"}}), _keys(KEY, table="missing")),
                NOT_FOUND,
                "",
            ),
            Row(
                "the keys are those of the tables",
                _keys({"pk": {"S": "a"}}),
                VALIDATION,
                "The provided key element does not match the schema",
            ),
        ),
    ),
    "BatchWriteItem": Order(
        _puts(KEY),
        (
            Row("JSON types of all members", {"ReturnConsumedCapacity": 1}, SERIALIZATION, "NUMBER_VALUE cannot be"),
            constraints("ReturnItemCollectionMetrics"),
            Row(
                "the map of requests: number of tables and requests",
                {"RequestItems": {}},
                VALIDATION,
                "The requestItems parameter is required for BatchWriteItem",
            ),
            Row(
                "per request: one action",
                _both({"RequestItems": {NAME: [{}]}}, _puts(KEY, table="missing")),
                VALIDATION,
                "Supplied AttributeValue has more than one datatypes set",
            ),
            Row("per request: values", _both(_puts(_BAD_KEY), _puts(KEY, table="missing")), VALIDATION, _NO_NUMBER),
            Row("the tables exist", _both(_puts({"pk": {"S": "a"}}), _puts(KEY, table="missing")), NOT_FOUND, ""),
            Row(
                "the keys are those of the tables",
                _puts({"pk": {"S": "a"}}),
                VALIDATION,
                "The provided key element does not match the schema",
            ),
        ),
    ),
    "TransactGetItems": Order(
        _gets(KEY),
        (
            Row("JSON types of all members", {"ReturnConsumedCapacity": 1}, SERIALIZATION, "NUMBER_VALUE cannot be"),
            constraints(),
            Row("per action: values", _gets(_BAD_KEY, table="missing"), VALIDATION, _NO_NUMBER),
            Row("the tables exist", _gets(KEY, table="missing"), NOT_FOUND, ""),
            Row(
                "an item once",
                _gets(KEY, KEY, {"pk": {"S": "a"}}),
                VALIDATION,
                "Transaction request cannot include multiple operations on one item",
            ),
            Row("the keys are those of the tables", _gets({"pk": {"S": "a"}}), CANCELLED, "[ValidationError]"),
        ),
    ),
    "TransactWriteItems": Order(
        _writes({"Put": {"TableName": NAME, "Item": KEY}}),
        (
            types("ReturnItemCollectionMetrics"),
            Row(
                "token, then the model's constraints",
                {"ClientRequestToken": "x" * 37},
                VALIDATION,
                "clientRequestToken",
            ),
            constraints(),
            Row(
                "action by action: values, expressions",
                _writes({"Delete": {"TableName": "missing", "Key": _BAD_KEY}}),
                VALIDATION,
                _NO_NUMBER,
            ),
            Row(
                "the tables exist",
                _writes({"Delete": {"TableName": "missing", "Key": KEY}}),
                NOT_FOUND,
                "",
            ),
            Row(
                "an item once",
                _writes(*[{"Delete": {"TableName": NAME, "Key": KEY, **_NO_CONDITION}}] * 2),
                VALIDATION,
                "Transaction request cannot include multiple operations on one item",
            ),
            Row(
                "the keys, the conditions and what updates come to: reasons, one for each action",
                _writes({"Delete": {"TableName": NAME, "Key": KEY, **_NO_CONDITION}}),
                CANCELLED,
                "[ConditionalCheckFailed]",
            ),
        ),
    ),
    "ExecuteStatement": Order(
        {"Statement": f"SELECT * FROM {NAME} WHERE pk = 'a'"},
        (
            types("NextToken"),
            constraints(),
            Row("the statement's syntax", {"Statement": "SELECT"}, VALIDATION, "Statement wasn't well formed"),
            Row("the table exists", {"Statement": "SELECT * FROM nowhere"}, NOT_FOUND, ""),
        ),
    ),
    "BatchExecuteStatement": Order(
        {"Statements": [{"Statement": f"SELECT * FROM {NAME} WHERE pk = 'a' AND sk = 1"}]},
        (
            types("ReturnConsumedCapacity"),
            constraints("Statements", []),
        ),
    ),
    "ExecuteTransaction": Order(
        {"TransactStatements": [{"Statement": f"SELECT * FROM {NAME} WHERE pk = 'a' AND sk = 1"}]},
        (
            types("ReturnConsumedCapacity"),
            constraints("TransactStatements", []),
        ),
    ),
}

# --- tables -----------------------------------------------------------------------------------------------------------

_DEFINITIONS = [{"AttributeName": "pk", "AttributeType": "S"}]
_SCHEMA = [{"AttributeName": "pk", "KeyType": "HASH"}]
_NOTHING_TO_DO = "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled"


def _wrong_type(member: str) -> Row:
    return Row("JSON types of all members", {member: "x"}, SERIALIZATION, "Unexpected field type")


TABLES: dict[str, Order] = {
    "CreateTable": Order(
        {
            "TableName": "fresh",
            "AttributeDefinitions": _DEFINITIONS,
            "KeySchema": _SCHEMA,
            "BillingMode": "PAY_PER_REQUEST",
        },
        (
            _wrong_type("Tags"),
            Row("TableName is there, and its length, alone", {"TableName": "ab"}, VALIDATION, "'tableName' failed"),
            constraints("TableClass"),
            Row(
                "billing mode and throughput",
                {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
                VALIDATION,
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            ),
            Row(
                "key schema against definitions",
                {"AttributeDefinitions": [{"AttributeName": "other", "AttributeType": "S"}]},
                VALIDATION,
                "Some index key attributes are not defined in AttributeDefinitions",
            ),
            Row(
                "local indexes, one by one",
                {"LocalSecondaryIndexes": []},
                VALIDATION,
                "List of LocalSecondaryIndexes is empty",
            ),
            Row(
                "global indexes, one by one",
                {"GlobalSecondaryIndexes": []},
                VALIDATION,
                "List of GlobalSecondaryIndexes is empty",
            ),
            Row("no table has the name", {"TableName": NAME}, IN_USE, "Table already exists: abc"),
        ),
    ),
    "DescribeTable": Order({"TableName": NAME}, (no_table(answer="Requested resource not found: Table: missing"),)),
    "UpdateTable": Order(
        {"TableName": NAME, "DeletionProtectionEnabled": False},
        (
            _wrong_type("ProvisionedThroughput"),
            constraints("BillingMode"),
            Row("there is something to do", {"DeletionProtectionEnabled": None}, VALIDATION, _NOTHING_TO_DO),
            no_table(),
        ),
    ),
    "DeleteTable": Order(
        {"TableName": PROTECTED},
        (
            no_table(),
            Row("the table is not protected, and at rest", {}, VALIDATION, "currently protected against deletion"),
        ),
    ),
    "ListTables": Order(
        {},
        (
            Row(
                "JSON types of all members", {"Limit": True}, SERIALIZATION, "TRUE_VALUE cannot be converted to Integer"
            ),
            constraints("Limit", 0),
        ),
    ),
    "TagResource": Order(
        {"ResourceArn": ARN, "Tags": [{"Key": "a", "Value": "b"}]},
        (
            _wrong_type("Tags"),
            Row("ResourceArn is there", {"ResourceArn": None}, VALIDATION, "Invalid TableArn"),
            Row("ResourceArn is an ARN", {"ResourceArn": "x"}, VALIDATION, "ARNs must start with 'arn:': x"),
            constraints("Tags", None),
            Row("there are tags", {"Tags": []}, VALIDATION, "Atleast one Tag needs to be provided as Input."),
            Row("the table exists", {"ResourceArn": ARN.replace(NAME, "missing")}, NOT_FOUND, ""),
        ),
    ),
    "UntagResource": Order(
        {"ResourceArn": ARN, "TagKeys": ["a"]},
        (
            _wrong_type("TagKeys"),
            Row("ResourceArn is there", {"ResourceArn": None}, VALIDATION, "Invalid TableArn"),
            Row("ResourceArn is an ARN", {"ResourceArn": "x"}, VALIDATION, "ARNs must start with 'arn:': x"),
            constraints("TagKeys", None),
            Row("there are keys", {"TagKeys": []}, VALIDATION, "Atleast one Tag Key needs to be provided as Input."),
            Row("the table exists", {"ResourceArn": ARN.replace(NAME, "missing")}, NOT_FOUND, ""),
        ),
    ),
    "ListTagsOfResource": Order(
        {"ResourceArn": ARN},
        (
            types("NextToken"),
            Row("ResourceArn is there", {"ResourceArn": None}, VALIDATION, "Invalid TableArn"),
            Row("ResourceArn is an ARN", {"ResourceArn": "x"}, VALIDATION, "ARNs must start with 'arn:': x"),
            Row(
                "the table exists",
                {"ResourceArn": ARN.replace(NAME, "missing")},
                "AccessDeniedException",
                "is not authorized to perform",
            ),
        ),
    ),
    "UpdateTimeToLive": Order(
        {"TableName": NAME, "TimeToLiveSpecification": {"Enabled": False, "AttributeName": "expires"}},
        (
            _wrong_type("TimeToLiveSpecification"),
            constraints("TimeToLiveSpecification", None),
            no_table(),
            Row("the setting changes", {}, VALIDATION, "TimeToLive is already disabled"),
        ),
    ),
    "DescribeTimeToLive": Order({"TableName": NAME}, (constraints("TableName", None), no_table())),
    "RestoreTableToPointInTime": Order(
        {"SourceTableName": NAME, "TargetTableName": "restored", "UseLatestRestorableTime": True},
        (
            types("TargetTableName"),
            constraints("BillingModeOverride"),
            Row("one of the two times is given", {"RestoreDateTime": 1}, VALIDATION, "Both RestoreDateTime and Use"),
            Row(
                "one of the two names of the source is given",
                {"SourceTableArn": ARN},
                VALIDATION,
                "Must provide exactly one of: sourceTableArn, sourceTableName",
            ),
            Row("the source exists", {"SourceTableName": "missing"}, "TableNotFoundException", "Table not found"),
            Row(
                "its recovery is on; then the time, the overrides, the target's name",
                {},
                "PointInTimeRecoveryUnavailableException",
                "Point in time recovery is not enabled for table 'abc'",
            ),
        ),
    ),
    "ListStreams": Order(
        {},
        (
            Row(
                "JSON types of all members", {"Limit": True}, SERIALIZATION, "TRUE_VALUE cannot be converted to Integer"
            ),
            constraints("Limit", 0),
        ),
    ),
}

# --- streams ----------------------------------------------------------------------------------------------------------

_STREAM = f"{ARN}/stream/2026-01-01T00:00:00.000"
_SHARD = "shardId-00000001414576573621-f55eea83"
_NO_STREAM = Row("the stream exists", {}, NOT_FOUND, "")
_NOT_A_STREAM = Row("StreamArn is one, alone", {"StreamArn": "x"}, VALIDATION, "Invalid StreamArn")

STREAMS: dict[str, Order] = {
    "DescribeStream": Order(
        {"StreamArn": _STREAM},
        (types("ExclusiveStartShardId"), _NOT_A_STREAM, constraints("Limit", 0), _NO_STREAM),
    ),
    "GetShardIterator": Order(
        {"StreamArn": _STREAM, "ShardId": _SHARD, "ShardIteratorType": "LATEST"},
        (types("SequenceNumber"), _NOT_A_STREAM, constraints("ShardIteratorType"), _NO_STREAM),
    ),
    "GetRecords": Order(
        {"ShardIterator": "x"},
        (
            Row(
                "JSON types of all members", {"Limit": True}, SERIALIZATION, "TRUE_VALUE cannot be converted to Integer"
            ),
            Row("ShardIterator is there, alone", {"ShardIterator": None}, VALIDATION, "Invalid ShardIterator"),
            constraints("Limit", 0),
            Row("ShardIterator is one", {}, VALIDATION, "Invalid ShardIterator"),
        ),
    ),
}

# --- exports and imports ----------------------------------------------------------------------------------------------

_ACCOUNT = ARN.replace("000000000000", "111111111111")
_DENIED = "AccessDeniedException"
_EXPORT, _IMPORT = f"{ARN}/export/01790000000000-0123abcd", f"{ARN}/import/01790000000000-0123abcd"
_TABLE: Members = {
    "TableName": "imported",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
_TOKEN = Row(
    "NextToken is one of this operation's",
    {"NextToken": "0" * 112},
    VALIDATION,
    "Provided nextToken is invalid: 0000",
)


def _job_arn(kind: str, arn: str) -> tuple[Row, ...]:
    """``kind`` is Export or Import."""
    member, missing = f"{kind}Arn", f"{kind}NotFoundException"
    return (
        types(member),
        constraints(member, "x"),
        Row(f"{member} is the ARN of one", {member: "x" * 40}, VALIDATION, f"Invalid {kind} ARN"),
        Row("the account", {member: arn.replace("000000000000", "111111111111")}, _DENIED, "Access is denied"),
        Row("the region", {member: arn.replace("us-east-1", "us-west-2")}, missing, "Invalid"),
        Row("it is there", {}, missing, arn),
    )


EXPORTS_AND_IMPORTS: dict[str, Order] = {
    "ExportTableToPointInTime": Order(
        {"TableArn": ARN, "S3Bucket": "bucket"},
        (
            types("S3Prefix"),
            constraints("S3Bucket", "x"),
            Row("the key and the encryption", {"S3SseKmsKeyId": "k"}, VALIDATION, "KMS Key Id is not supported"),
            Row(
                "ExportType and IncrementalExportSpecification",
                {"ExportType": "INCREMENTAL_EXPORT"},
                VALIDATION,
                "Incremental Export Specification expected",
            ),
            Row("FilterSpecification", {"FilterSpecification": {}}, VALIDATION, "The specification can not be empty"),
            Row("TableArn is an ARN", {"TableArn": "x"}, VALIDATION, "tableArn is not a valid ARN"),
            Row("TableArn is a table's", {"TableArn": f"{ARN}/index/i"}, VALIDATION, "Table ARN is invalid."),
            Row("the account", {"TableArn": _ACCOUNT}, _DENIED, "Access is denied"),
            Row("the table exists", {"TableArn": f"{ARN}d"}, "TableNotFoundException", f"Table not found: {ARN}d"),
            Row(
                "it has point-in-time recovery",
                {},
                "PointInTimeRecoveryUnavailableException",
                f"Point in time recovery is not enabled for table '{NAME}'",
            ),
        ),
    ),
    "DescribeExport": Order({"ExportArn": _EXPORT}, _job_arn("Export", _EXPORT)),
    "ListExports": Order(
        {},
        (
            types("NextToken"),
            constraints("MaxResults", 26),
            Row("TableArn is an ARN", {"TableArn": "x"}, VALIDATION, "tableArn is not a valid ARN"),
            _TOKEN,
        ),
    ),
    "ImportTable": Order(
        {"S3BucketSource": {"S3Bucket": "bucket"}, "InputFormat": "DYNAMODB_JSON", "TableCreationParameters": _TABLE},
        (
            types("ClientToken"),
            constraints("InputCompressionType", "BZIP2"),
            Row(
                "InputFormatOptions",
                {"InputFormatOptions": {"Csv": {"Delimiter": ","}}},
                VALIDATION,
                "Unsupported InputFormatOptions for the given input format: DYNAMODB_JSON.",
            ),
            Row(
                "TableCreationParameters, as by CreateTable",
                {"TableCreationParameters": {**_TABLE, "BillingMode": "PROVISIONED"}},
                VALIDATION,
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
            ),
            Row(
                "the name is free",
                {"TableCreationParameters": {**_TABLE, "TableName": NAME}},
                IN_USE,
                f"Table already exists: {NAME}",
            ),
        ),
    ),
    "DescribeImport": Order({"ImportArn": _IMPORT}, _job_arn("Import", _IMPORT)),
    "ListImports": Order({}, (types("NextToken"), constraints("PageSize", 26), _TOKEN)),
}


ORDERS: dict[str, Order] = ITEMS | READS | MANY | TABLES | STREAMS | EXPORTS_AND_IMPORTS
