"""JSON types, word for word as FACTS 1.5 has them.

Each case puts one wrong value into an otherwise empty request; what stands elsewhere in the request
is covered by ``test_requests``.
"""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.api.requests import check
from ddbengine.api.shapes import _SCALARS
from ddbengine.errors import SerializationException

NAMESPACE = "com.amazonaws.dynamodb.v20120810"
OBJECT = "Start of structure or map found where not expected"
MEMBER = "Unexpected field type"
ELEMENT = "Unexpected value type in payload"
GENERIC = (
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class "
    "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of "
    "loader 'bootstrap')"
)
SCALARS: list[Any] = ["23", True, False, 23, -(2**31), 2**31, 34.56]


def at(route: str, value: Any) -> Any:
    """A request with a value at a route of member names, map keys and ``0`` for a list's first element."""
    for part in reversed(route.split(".")):
        value = [value] if part == "0" else {part: value}
    return value


def refusal(operation: str, members: Any) -> str | None:
    with pytest.raises(SerializationException) as caught:
        check(operation, members)
    return caught.value.message


def assert_refused(operation: str, route: str, value: Any, message: str) -> None:
    assert refusal(operation, at(route, value)) == message, (route, value)


STRINGS = [
    ("PutItem", "TableName"),
    ("PutItem", "ExpressionAttributeNames.#a"),
    ("GetItem", "AttributesToGet.0"),
    ("CreateTable", "KeySchema.0.KeyType"),
    ("CreateTable", "GlobalSecondaryIndexes.0.Projection.NonKeyAttributes.0"),
    ("BatchGetItem", "RequestItems.a.ProjectionExpression"),
]


@pytest.mark.parametrize(("operation", "route"), STRINGS)
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (23, "NUMBER_VALUE cannot be converted to String"),
        (2**31, "NUMBER_VALUE cannot be converted to String"),
        (34.56, "DECIMAL_VALUE cannot be converted to String"),
        (True, "TRUE_VALUE cannot be converted to String"),
        (False, "FALSE_VALUE cannot be converted to String"),
        ([], "Unrecognized collection type class java.lang.String"),
        ({}, OBJECT),
    ],
)
def test_a_string_refuses_other_types(operation: str, route: str, value: Any, message: str) -> None:
    assert_refused(operation, route, value, message)


@pytest.mark.parametrize(
    ("operation", "route", "java"),
    [
        ("Query", "Limit", "Integer"),
        ("Scan", "Segment", "Integer"),
        ("CreateTable", "ProvisionedThroughput.ReadCapacityUnits", "Long"),
    ],
)
def test_a_whole_number_refuses_other_types(operation: str, route: str, java: str) -> None:
    for value, message in [
        (True, f"TRUE_VALUE cannot be converted to {java}"),
        (False, f"FALSE_VALUE cannot be converted to {java}"),
        ("23", f"STRING_VALUE cannot be converted to {java}"),
        ([], f"Unrecognized collection type class java.lang.{java}"),
        ({}, OBJECT),
    ]:
        assert_refused(operation, route, value, message)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (23, "NUMBER_VALUE cannot be converted to Boolean"),
        (34.56, "DECIMAL_VALUE cannot be converted to Boolean"),
        ("23", "Unexpected token received from parser"),
        ("", "Unexpected token received from parser"),
        ("true" * 10**6, "Unexpected token received from parser"),
        ([], "Unrecognized collection type class java.lang.Boolean"),
        ({}, OBJECT),
    ],
)
def test_a_boolean_refuses_other_types(value: Any, message: str) -> None:
    assert_refused("GetItem", "ConsistentRead", value, message)


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("1", True), ("Yes", True), ("false", False), ("0", False), ("NO", False)],
)
def test_a_boolean_is_read_from_text(text: str, value: bool) -> None:
    request = check("GetItem", {"TableName": "abc", "Key": {}, "ConsistentRead": text})
    assert request["ConsistentRead"] is value


@pytest.mark.parametrize(("given", "read"), [(5.9, 5), (5.0, 5), (1e300, 2**31 - 1), (10**18, 2**31 - 1)])
def test_a_decimal_given_for_a_whole_number_is_floored_and_saturates(given: Any, read: int) -> None:
    limit = check("Query", {"TableName": "abc", "Limit": given})["Limit"]
    assert limit == read
    assert type(limit) is int


def test_a_negative_decimal_is_floored_away_from_zero() -> None:
    assert _SCALARS["integer"](-0.5) == -1
    assert _SCALARS["long"](-(10**30)) == -(2**63)


def test_a_timestamp_is_a_number() -> None:
    for value in (1700000000, 1700000000.5):
        assert check("ListBackups", {"TimeRangeLowerBound": value}) == {"TimeRangeLowerBound": value}
    assert refusal("ListBackups", {"TimeRangeLowerBound": "now"}) == "STRING_VALUE cannot be converted to Date"


BLOBS = [
    (23, "only base-64-encoded strings are convertible to bytes"),
    (34.56, "only base-64-encoded strings are convertible to bytes"),
    (True, "only base-64-encoded strings are convertible to bytes"),
    ([], "Unrecognized collection type class java.nio.ByteBuffer"),
    ({}, OBJECT),
    ("23456", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
    ("+/+=", "Invalid last non-pad Base64 character dectected"),
]


@pytest.mark.parametrize(("value", "message"), BLOBS)
def test_a_blob_refuses_what_is_not_base64(value: Any, message: str) -> None:
    assert_refused("PutItem", "Item.a.B", value, message)
    assert_refused("PutItem", "Item.a.BS.0", value, message)


@pytest.mark.parametrize(
    ("operation", "route"),
    [("GetItem", "AttributesToGet"), ("CreateTable", "KeySchema"), ("BatchGetItem", "RequestItems.a.Keys")],
)
def test_a_list_refuses_other_types(operation: str, route: str) -> None:
    for scalar in SCALARS:
        assert_refused(operation, route, scalar, MEMBER)
    assert_refused(operation, route, {}, OBJECT)


@pytest.mark.parametrize(
    ("operation", "route", "element"),
    [
        ("PutItem", "Item", f"{NAMESPACE}.AttributeValue"),
        ("GetItem", "ExpressionAttributeNames", "java.lang.String"),
        ("PutItem", "Expected", f"{NAMESPACE}.ExpectedAttributeValue"),
        ("UpdateItem", "AttributeUpdates", f"{NAMESPACE}.AttributeValueUpdate"),
        ("Query", "KeyConditions", f"{NAMESPACE}.Condition"),
        ("BatchGetItem", "RequestItems", f"{NAMESPACE}.KeysAndAttributes"),
        ("BatchWriteItem", "RequestItems", f"java.util.List<{NAMESPACE}.WriteRequest>"),
    ],
)
def test_a_map_refuses_other_types_and_an_array_names_its_elements(operation: str, route: str, element: str) -> None:
    for scalar in SCALARS:
        assert_refused(operation, route, scalar, MEMBER)
    assert_refused(operation, route, [], f"Unrecognized collection type java.util.Map<java.lang.String, {element}>")


@pytest.mark.parametrize(
    ("operation", "route", "shape"),
    [
        ("PutItem", "Item.a", "AttributeValue"),
        ("PutItem", "Expected.a", "ExpectedAttributeValue"),
        ("PutItem", "Expected.a.AttributeValueList.0", "AttributeValue"),
        ("Query", "KeyConditions.a", "Condition"),
        ("BatchWriteItem", "RequestItems.a.0", "WriteRequest"),
        ("CreateTable", "KeySchema.0", "KeySchemaElement"),
        ("PutItem", "Item.a.L.0", "AttributeValue"),
        ("PutItem", "Item.a.M.b", "AttributeValue"),
    ],
)
def test_a_structure_that_is_an_element_refuses_other_types(operation: str, route: str, shape: str) -> None:
    for scalar in SCALARS:
        assert_refused(operation, route, scalar, ELEMENT)
    assert_refused(operation, route, [], f"Unrecognized collection type class {NAMESPACE}.{shape}")


@pytest.mark.parametrize(
    ("operation", "route", "shape"),
    [
        ("CreateTable", "ProvisionedThroughput", "ProvisionedThroughput"),
        ("CreateTable", "LocalSecondaryIndexes.0.Projection", "Projection"),
        ("BatchWriteItem", "RequestItems.a.0.PutRequest", "PutRequest"),
        ("PutItem", "Expected.a.Value", "AttributeValue"),
    ],
)
def test_a_structure_that_is_a_member_refuses_other_types(operation: str, route: str, shape: str) -> None:
    for scalar in SCALARS:
        assert_refused(operation, route, scalar, MEMBER)
    assert_refused(operation, route, [], f"Unrecognized collection type class {NAMESPACE}.{shape}")


def test_a_map_or_list_within_a_list_or_map_refuses_scalars_as_a_generic_type() -> None:
    for scalar in SCALARS:
        assert_refused("BatchGetItem", "RequestItems.a.Keys.0", scalar, GENERIC)
        assert_refused("BatchWriteItem", "RequestItems.a", scalar, GENERIC)
    assert_refused("BatchWriteItem", "RequestItems.a", {}, OBJECT)
    assert_refused(
        "BatchGetItem",
        "RequestItems.a.Keys.0",
        [],
        f"Unrecognized collection type java.util.Map<java.lang.String, {NAMESPACE}.AttributeValue>",
    )


@pytest.mark.parametrize("members", [None, True, 23, 1.5, "x", []])
def test_a_request_that_is_not_an_object_is_refused(members: Any) -> None:
    assert refusal("PutItem", members) is not None


def test_nulls_and_unknown_members_are_dropped_at_every_depth() -> None:
    given: dict[str, Any] = {
        "TableName": "abc",
        "IndexName": None,
        "Nonsense": {"a": []},
        "KeyConditions": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": None, "More": 1}, "b": None},
        "AttributesToGet": [None, "a"],
        "ExclusiveStartKey": {"a": {"S": "x", "N": None}},
    }
    before = repr(given)
    assert check("Query", given) == {
        "TableName": "abc",
        "KeyConditions": {"a": {"ComparisonOperator": "EQ"}},
        "AttributesToGet": ["a"],
        "ExclusiveStartKey": {"a": {"S": "x"}},
    }
    assert repr(given) == before, "a request is never altered"


def test_the_same_object_comes_back_when_nothing_had_to_change() -> None:
    given = {"TableName": "abc", "Item": {"a": {"M": {"b": {"L": [{"S": "x"}]}}}}, "ReturnValues": "NONE"}
    assert check("PutItem", given) is given


def test_the_first_wrong_type_in_the_request_is_told() -> None:
    assert refusal("PutItem", {"ReturnValues": 1, "TableName": True}) == "NUMBER_VALUE cannot be converted to String"
    assert refusal("PutItem", {"TableName": True, "ReturnValues": 1}) == "TRUE_VALUE cannot be converted to String"
