"""Which checks an operation makes and in which order, each with what breaks it: the source of order_of_checks.md.

An operation is written here as a request that succeeds, and rows in the order the service checks them (FACTS 1.2, 3.3
to 3.5, 5).  Two rows that do not touch the same members can be broken in one request, whose answer must then be the
upper row's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests import tables

Members = dict[str, Any]

VALIDATION, SERIALIZATION = "ValidationException", "SerializationException"
NOT_FOUND, IN_USE = "ResourceNotFoundException", "ResourceInUseException"
CONDITION = "ConditionalCheckFailedException"
CANCELLED = "TransactionCanceledException"

NAME = "abc"
ARN = f"arn:aws:dynamodb:us-east-1:000000000000:table/{NAME}"
PROTECTED = "protected"

CREATIONS = (
    tables.table(
        NAME,
        sort="N",
        global_=[tables.global_index("gsi", "g", projection=tables.KEYS_ONLY)],
        local=[tables.local_index("lsi", "l:N")],
    ),
    tables.table(PROTECTED, DeletionProtectionEnabled=True),
)
"""The tables that are there."""

KEY: Members = {"pk": {"S": "a"}, "sk": {"N": "1"}}
ITEM: Members = KEY | {"n": {"N": "1"}, "s": {"S": "text"}}
"""The item that is there, in ``abc``."""
BAD_NUMBER = {"N": "one"}
LARGE = {"S": "x" * 409_600}

LEGACY = {
    "Expected",
    "AttributeUpdates",
    "ConditionalOperator",
    "AttributesToGet",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
}
EXPRESSIONS = {
    "ConditionExpression",
    "UpdateExpression",
    "ProjectionExpression",
    "FilterExpression",
    "KeyConditionExpression",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One check."""

    says: str
    """What is checked, for the page."""
    breaks: Members
    """Members that break it; None takes a member away."""
    code: str
    answer: str
    """Part of the message."""
    needs: Members = field(default_factory=dict)
    """Members without which it would not be met; what another row breaks may stand in their place."""

    def can_stand_beside(self, other: Row) -> bool:
        """Whether one request can break both."""
        if self.breaks.keys() & other.breaks.keys():
            return False
        mine, others = self._kinds(), other._kinds()
        return len(mine) == 2 or len(others) == 2 or len(mine | others) < 2

    def _kinds(self) -> set[str]:
        members = self.breaks.keys() | self.needs.keys()
        kinds = {"legacy"} if members & LEGACY else set()
        return kinds | ({"expression"} if members & EXPRESSIONS else set())


@dataclass(frozen=True, slots=True)
class Order:
    """The checks of one operation."""

    base: Members
    """A request that breaks none."""
    rows: tuple[Row, ...]

    def request(self, *broken: Row) -> Members:
        """The base with these rows broken."""
        request = dict(self.base)
        for row in broken:
            request |= row.needs
        for row in broken:
            request |= row.breaks
        return {member: value for member, value in request.items() if value is not None}


# --- rows that many operations have -----------------------------------------------------------------------------------


def types(member: str) -> Row:
    return Row("JSON types of all members", {member: 1}, SERIALIZATION, "NUMBER_VALUE cannot be converted to String")


def constraints(member: str = "ReturnConsumedCapacity", value: Any = "BOGUS") -> Row:
    """The page says in which order the members' constraints are checked."""
    return Row("the model's constraints", {member: value}, VALIDATION, "failed to satisfy constraint: Member must ")


def no_table(code: str = NOT_FOUND, answer: str = "") -> Row:
    return Row("the table exists", {"TableName": "missing"}, code, answer)


def mixing(legacy: str, expression: str, value: Any) -> Row:
    return Row(
        "legacy parameters beside expressions",
        {legacy: value, expression: "a"},
        VALIDATION,
        "Can not use both expression and non-expression parameters",
    )


def placeholders(context: Members) -> tuple[Row, ...]:
    """What ExpressionAttributeNames and ExpressionAttributeValues are checked for, in their order."""
    return (
        Row(
            "names are given, and spelled as names",
            {"ExpressionAttributeNames": {"x": "a"}},
            VALIDATION,
            "ExpressionAttributeNames contains invalid key: Syntax error",
            context,
        ),
        Row(
            "values are given, spelled as values, and valid",
            {"ExpressionAttributeValues": {":v": BAD_NUMBER}},
            VALIDATION,
            "cannot be converted to a numeric value",
            context,
        ),
    )


NAMES_ONLY = Row(
    "names are given, and spelled as names",
    {"ExpressionAttributeNames": {"x": "a"}},
    VALIDATION,
    "ExpressionAttributeNames contains invalid key: Syntax error",
    {"ProjectionExpression": "n"},
)


def syntax(member: str) -> Row:
    return Row(f"{member}: syntax, words, operands", {member: "a ="}, VALIDATION, f"Invalid {member}: Syntax error")


def unused(context: Members) -> Row:
    return Row(
        "unused names, then unused values",
        {"ExpressionAttributeNames": {"#unused": "a"}},
        VALIDATION,
        "unused in expressions: keys: {#unused}",
        context,
    )


def values_of(member: str) -> Row:
    bad = (ITEM if member == "Item" else KEY) | {"sk": BAD_NUMBER}
    return Row(f"values of {member}", {member: bad}, VALIDATION, "cannot be converted to a numeric value")


EXPECTED = Row(
    "Expected: operators, counts and types of values",
    {"Expected": {"a": {"Exists": True}}},
    VALIDATION,
    "Value must be provided when Exists is true for Attribute: a",
)
KEY_SCHEMA = Row(
    "the key is that of the table",
    {"Key": {"pk": {"S": "a"}}},
    VALIDATION,
    "The provided key element does not match the schema",
)
FAILED = Row(
    "the condition holds",
    {"ConditionExpression": "attribute_not_exists(pk)"},
    CONDITION,
    "The conditional request failed",
)
_EXISTS = {"ConditionExpression": "attribute_exists(pk)"}
_WRITE_VALUES = "ReturnValues can only be ALL_OLD or NONE"

# --- items ------------------------------------------------------------------------------------------------------------

ITEMS: dict[str, Order] = {
    "PutItem": Order(
        {"TableName": NAME, "Item": ITEM},
        (
            types("ReturnItemCollectionMetrics"),
            constraints(),
            mixing("Expected", "ConditionExpression", {"a": {"Exists": False}}),
            values_of("Item"),
            Row("ReturnValues is ALL_OLD or NONE", {"ReturnValues": "ALL_NEW"}, VALIDATION, _WRITE_VALUES),
            EXPECTED,
            *placeholders(_EXISTS),
            syntax("ConditionExpression"),
            unused(_EXISTS),
            no_table(),
            Row("size of Item", {"Item": ITEM | {"large": LARGE}}, VALIDATION, "Item size has exceeded"),
            Row(
                "Item has the table's key, and index keys of the right types",
                {"Item": {"pk": {"S": "a"}}},
                VALIDATION,
                "One or more parameter values were invalid: Missing the key sk in the item",
            ),
            FAILED,
        ),
    ),
    "GetItem": Order(
        {"TableName": NAME, "Key": KEY},
        (
            Row("JSON types of all members", {"ConsistentRead": 1}, SERIALIZATION, "NUMBER_VALUE cannot be converted"),
            constraints(),
            mixing("AttributesToGet", "ProjectionExpression", ["a"]),
            values_of("Key"),
            Row(
                "repeated names in AttributesToGet",
                {"AttributesToGet": ["a", "a"]},
                VALIDATION,
                "Duplicate value in attribute name: a",
            ),
            NAMES_ONLY,
            Row(
                "ProjectionExpression: syntax, words, overlaps",
                {"ProjectionExpression": "a,"},
                VALIDATION,
                "Invalid ProjectionExpression: Syntax error",
            ),
            unused({"ProjectionExpression": "n"}),
            no_table(),
            KEY_SCHEMA,
        ),
    ),
    "UpdateItem": Order(
        {"TableName": NAME, "Key": KEY},
        (
            types("ReturnItemCollectionMetrics"),
            Row(
                "ReturnValues and ConditionalOperator, alone",
                {"ReturnValues": "BOGUS"},
                VALIDATION,
                "Member must satisfy enum value set: [ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]",
            ),
            constraints(),
            mixing("Expected", "UpdateExpression", {"a": {"Exists": False}}),
            values_of("Key"),
            Row(
                "AttributeUpdates, one by one: value, action, type",
                {"AttributeUpdates": {"a": {"Action": "PUT"}}},
                VALIDATION,
                "Only DELETE action is allowed when no attribute value is specified",
            ),
            EXPECTED,
            *placeholders({"UpdateExpression": "SET a = n"}),
            syntax("UpdateExpression"),
            syntax("ConditionExpression"),
            unused({"UpdateExpression": "SET a = n"}),
            no_table(),
            KEY_SCHEMA,
            FAILED,
            Row(
                "what the update comes to",
                {"UpdateExpression": "SET a = nowhere"},
                VALIDATION,
                "refers to an attribute that does not exist in the item",
            ),
        ),
    ),
    "DeleteItem": Order(
        {"TableName": NAME, "Key": KEY},
        (
            types("ReturnItemCollectionMetrics"),
            constraints(),
            mixing("Expected", "ConditionExpression", {"a": {"Exists": False}}),
            values_of("Key"),
            Row("ReturnValues is ALL_OLD or NONE", {"ReturnValues": "ALL_NEW"}, VALIDATION, _WRITE_VALUES),
            EXPECTED,
            *placeholders(_EXISTS),
            syntax("ConditionExpression"),
            unused(_EXISTS),
            no_table(),
            KEY_SCHEMA,
            FAILED,
        ),
    ),
}

# --- reads of many ----------------------------------------------------------------------------------------------------

_KEY_CONDITION = {"KeyConditionExpression": "pk = sk"}
_BY_KEY: Members = {"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}}
_START: Members = {"pk": {"S": "a"}, "sk": BAD_NUMBER}

READS: dict[str, Order] = {
    "Query": Order(
        {"TableName": NAME, **_BY_KEY},
        (
            types("ProjectionExpression"),
            Row("Limit, alone", {"Limit": 0}, VALIDATION, "Value at 'Limit' failed to satisfy constraint"),
            constraints(),
            Row(
                "QueryFilter: operators, counts and types of values",
                {"QueryFilter": {"a": {"ComparisonOperator": "EQ"}}},
                VALIDATION,
                "Invalid number of argument(s) for the EQ ComparisonOperator",
            ),
            Row(
                "repeated names in AttributesToGet",
                {"AttributesToGet": ["a", "a"]},
                VALIDATION,
                "Duplicate value in attribute name: a",
            ),
            Row(
                "values of ExclusiveStartKey", {"ExclusiveStartKey": _START}, VALIDATION, "converted to a numeric value"
            ),
            Row(
                "there is a key condition",
                {"KeyConditions": None},
                VALIDATION,
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            ),
            no_table(),
            Row("the index exists", {"IndexName": "missing"}, VALIDATION, "does not have the specified index: missing"),
            Row(
                "ExclusiveStartKey has the attributes of the key",
                {"ExclusiveStartKey": {"pk": {"S": "a"}}},
                VALIDATION,
                "The provided starting key is invalid",
            ),
            Row(
                "key conditions are on the key",
                {"KeyConditions": {"n": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}}},
                VALIDATION,
                "Query condition missed key schema element: pk",
            ),
        ),
    ),
    "Scan": Order(
        {"TableName": NAME},
        (
            types("ProjectionExpression"),
            constraints(),
            Row(
                "repeated names in AttributesToGet",
                {"AttributesToGet": ["a", "a"]},
                VALIDATION,
                "Duplicate value in attribute name: a",
            ),
            Row(
                "ScanFilter: operators, counts and types of values",
                {"ScanFilter": {"a": {"ComparisonOperator": "EQ"}}},
                VALIDATION,
                "Invalid number of argument(s) for the EQ ComparisonOperator",
            ),
            Row(
                "values of ExclusiveStartKey", {"ExclusiveStartKey": _START}, VALIDATION, "converted to a numeric value"
            ),
            Row(
                "Segment and TotalSegments",
                {"Segment": 5, "TotalSegments": 5},
                VALIDATION,
                "The Segment parameter is zero-based and must be less than parameter TotalSegments",
            ),
            *placeholders({"FilterExpression": "attribute_exists(n)"}),
            syntax("FilterExpression"),
            Row(
                "ProjectionExpression: syntax, words, overlaps",
                {"ProjectionExpression": "a,"},
                VALIDATION,
                "Invalid ProjectionExpression: Syntax error",
            ),
            unused({"FilterExpression": "attribute_exists(n)"}),
            no_table(),
            Row("the index exists", {"IndexName": "missing"}, VALIDATION, "does not have the specified index: missing"),
            Row(
                "ExclusiveStartKey has the attributes of the key",
                {"ExclusiveStartKey": {"pk": {"S": "a"}}},
                VALIDATION,
                "The provided starting key is invalid",
            ),
        ),
    ),
}
