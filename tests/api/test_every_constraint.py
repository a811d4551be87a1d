"""Every constraint of the service model, of every operation, broken once: told in the words of FACTS 3.1 to 3.3.

The requests are generated from the model, so an operation or a member that botocore learns is covered from then on.
What the service says is derived here anew: the older layer's words from the model, and the table of exceptions.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from ddbengine.api.echo import as_java
from ddbengine.api.model import SERVICE, STREAMS_SERVICE, load
from ddbengine.api.requests import check
from ddbengine.errors import ValidationException
from tests.api.violations import ABSENT, ENUM, HIGH, LONG, LOW, SHORT, Broken, of_operation
from tools.smallest import lengths_of, model_of, smallest_request

ORDERED = {
    "ReturnConsumedCapacity": "INDEXES, TOTAL, NONE",
    "ReturnItemCollectionMetrics": "SIZE, NONE",
    "ReturnValue": "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW",
    "ConditionalOperator": "OR, AND",
    "Select": "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES",
    "ComparisonOperator": "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS",
    "ScalarAttributeType": "B, N, S",
    "KeyType": "HASH, RANGE",
    "ProjectionType": "ALL, INCLUDE, KEYS_ONLY",
    "BillingMode": "PROVISIONED, PAY_PER_REQUEST",
    "StreamViewType": "OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE",
    "InputCompressionType": "ZSTD, NONE, GZIP",
}
"""The members of enums in the order of the message (FACTS 3.2); of any other enum it is the model's."""

ENVELOPE = "1 validation error detected: "
NAME = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
MAP_KEYS = (
    "Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length "
    f"greater than or equal to 3, {NAME}]"
)
NEWER_RETURN_VALUES = (
    f"{ENVELOPE}Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
NEWER_OPERATOR = "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]"
NEWER_SHORT = "1 validation error detected: Value at '{path}' failed to satisfy constraint: Member must have length"
NO_NAME = "The parameter 'TableName' is required but was not present in the request"

EXCEPTIONS: dict[tuple[str, str, str], str] = {
    **{
        (operation, "TableName", SHORT): f"{NEWER_SHORT.format(path='TableName')} greater than or equal to 1"
        for operation in ("PutItem", "UpdateItem", "DeleteItem")
    },
    **{(operation, "ReturnValues", ENUM): NEWER_RETURN_VALUES for operation in ("PutItem", "UpdateItem", "DeleteItem")},
    **{
        (operation, "ConditionalOperator", ENUM): ENVELOPE + NEWER_OPERATOR
        for operation in ("PutItem", "UpdateItem", "DeleteItem")
    },
    ("Query", "ConditionalOperator", ENUM): NEWER_OPERATOR,
    ("Query", "Limit", LOW): (
        f"{ENVELOPE}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
    ),
    ("BatchGetItem", "RequestItems", SHORT): f"{NEWER_SHORT.format(path='RequestItems')} greater than or equal to 1",
    ("BatchGetItem", "RequestItems", LONG): f"{NEWER_SHORT.format(path='RequestItems')} less than or equal to 100",
    ("BatchGetItem", "RequestItems.Keys", SHORT): (
        f"{NEWER_SHORT.format(path='RequestItems.abc.member.Keys')} greater than or equal to 1"
    ),
    ("BatchGetItem", "RequestItems.Keys", LONG): (
        f"{NEWER_SHORT.format(path='RequestItems.abc.member.Keys')} less than or equal to 100"
    ),
    ("BatchWriteItem", "RequestItems", SHORT): "The requestItems parameter is required for BatchWriteItem",
    **{
        (operation, "TableName", ABSENT): NO_NAME
        for operation in ("CreateTable", "UpdateTable", "DeleteTable", "DescribeTable")
    },
    **{
        (operation, "ResourceArn", ABSENT): "Invalid TableArn"
        for operation in ("TagResource", "UntagResource", "ListTagsOfResource")
    },
    **{
        (operation, member, kind): f"Invalid {member.removeprefix('ExclusiveStart')}"
        for operation, member in (
            ("ListStreams", "ExclusiveStartStreamArn"),
            ("DescribeStream", "StreamArn"),
            ("GetShardIterator", "StreamArn"),
            ("GetRecords", "ShardIterator"),
        )
        for kind in (ABSENT, SHORT, LONG)
        if (operation, kind) != ("ListStreams", ABSENT)
    },
}
"""What us-east-1 says otherwise than the older layer would (FACTS 3.3, 5.12, 5.13), by operation, member and kind."""

LEFT_TO_THE_OPERATION = {
    (operation, "ResourceArn", kind)
    for operation in ("TagResource", "UntagResource", "ListTagsOfResource")
    for kind in (SHORT, LONG)
} | {
    (operation, member, ABSENT) for operation in ("CreateTable", "TagResource") for member in ("Tags.Key", "Tags.Value")
}
"""What is not an ARN at all is refused by the operation, whatever else is wrong, and so is half a tag (FACTS 5.12)."""

NAME_BEHIND_LENGTH = frozenset({"DeleteTable", "DescribeTable", "UpdateTable"})
"""They tell of an empty name both that it is too short and that it is no name, in this order (FACTS 3.3)."""

STRICT = "SearchVectors"
"""Read by another deserialiser, which tells what is absent, and checked by the newer layer (FACTS 1.5)."""

BROKEN = [broken for service in (SERVICE, STREAMS_SERVICE) for name in load(service).operations
          for broken in of_operation(name)
          if (name, broken.route, broken.kind) not in LEFT_TO_THE_OPERATION]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_a_broken_constraint_is_told_as_the_service_tells_it(broken: Broken) -> None:
    with pytest.raises(ValidationException) as caught:
        check(broken.operation, broken.request)
    assert _without_containers(caught.value.message or "") == _without_containers(_expected(broken))


@pytest.mark.parametrize("operation", sorted({broken.operation for broken in BROKEN}))
def test_the_requests_are_in_order_but_for_what_is_broken(operation: str) -> None:
    request = smallest_request(operation)
    assert check(operation, request) is request


def test_no_exception_is_left_over() -> None:
    met = {(broken.operation, broken.route, broken.kind) for broken in BROKEN}
    assert set(EXCEPTIONS) <= met


def _without_containers(message: str) -> str:
    """How lists and structures are printed depends on which of its servers answers (FACTS 3.1)."""
    return re.sub(r"Value '[\[{].*?' at '", "Value '[...]' at '", message, flags=re.DOTALL)


def _expected(broken: Broken) -> str:
    exception = EXCEPTIONS.get((broken.operation, broken.route, broken.kind))
    if exception is not None and not _is_map_value(broken):
        return exception
    if broken.operation == STRICT:
        return _expected_of_strict(broken)
    texts = _constraints(broken)
    value = f"'{_echo(broken)}'" if broken.kind != ABSENT else "null"
    parts = [f"Value {value} at '{_told_of(broken)}' failed to satisfy constraint: {text}" for text in texts]
    plural = "s" if len(parts) > 1 else ""
    return f"{len(parts)} validation error{plural} detected: {'; '.join(parts)}"


def _expected_of_strict(broken: Broken) -> str:
    if broken.kind == ABSENT:
        return f"missing field `{broken.route}` at line 1 column {len(orjson.dumps(broken.request))}"
    [text] = _constraints(broken)
    return f"{ENVELOPE}Value at '{broken.route}' failed to satisfy constraint: {text}"


def _told_of(broken: Broken) -> str:
    """The length of a list in a map is told of the map."""
    if _is_map_value(broken):
        return broken.path.removesuffix(".member").rpartition(".")[0]
    return broken.path


def _is_map_value(broken: Broken) -> bool:
    return broken.route == "RequestItems" and broken.shape.type == "list"


def _echo(broken: Broken) -> Any:
    value, shape = broken.value, broken.shape
    model = model_of(broken.operation)
    if _is_map_value(broken):
        value, shape = broken.request["RequestItems"], model.shapes["BatchWriteItemRequestMap"]
    return as_java(value, shape.name, model)


def _constraints(broken: Broken) -> list[str]:
    """The texts of all constraints that the value breaks, in the older layer's order."""
    shape, value = broken.shape, broken.value
    if broken.kind == ABSENT:
        return ["Member must not be null"]
    if broken.kind == ENUM:
        return [f"Member must satisfy enum value set: [{ORDERED.get(shape.name, ', '.join(shape.enum))}]"]
    if broken.kind == LOW:
        return [f"Member must have value greater than or equal to {shape.minimum}"]
    if broken.kind == HIGH:
        return [f"Member must have value less than or equal to {shape.maximum}"]
    return _texts_of_size(broken, len(value))


def _texts_of_size(broken: Broken, size: int) -> list[str]:
    shape = broken.shape
    least, most = lengths_of(broken.operation, shape, broken.route)
    if _is_map_value(broken):
        return [
            f"Map value must satisfy constraint: [Member must have length less than or equal to {most}, "
            f"Member must have length greater than or equal to {least}]"
        ]
    if broken.route.endswith("TableName") and shape.name == "TableArn":
        if broken.operation in NAME_BEHIND_LENGTH and broken.kind == SHORT:
            return ["Member must have length greater than or equal to 3", NAME]
        least, most = max(least or 0, 3 if broken.operation == "CreateTable" else 1), 255
    texts = []
    is_long = broken.kind == LONG and most != 1
    if shape.pattern is not None and not _matches(shape.pattern, broken.value) and not is_long:
        texts.append(f"Member must satisfy regular expression pattern: {shape.pattern}")
    if least and size < least:
        texts.append(f"Member must have length greater than or equal to {least}")
    if most is not None and size > most:
        texts.append(f"Member must have length less than or equal to {most}")
    return texts


def _matches(pattern: str, text: str) -> bool:
    python = pattern.replace(r"\p{Print}", r"[\x20-\x7e]").replace(r"\uD800\uDC00-\uDBFF\uDFFF", "")
    return re.fullmatch(python, text) is not None
