"""Errors are those that boto3 raises for the same request to a server."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

import ddbengine
from ddbengine import errors, exceptions
from ddbengine.embedded.answers import exception_of
from tests.embedded.conftest import TABLE, definition, key

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("GetItem", {"TableName": "no-such-table", "Key": key()}),
    ("GetItem", {"TableName": TABLE, "Key": {"pk": {"S": "a"}}}),
    ("GetItem", {"TableName": "a b", "Key": key()}),
    ("PutItem", {"TableName": TABLE, "Item": key() | {"n": {"N": "no number"}}}),
    ("PutItem", {"TableName": TABLE, "Item": key() | {"s": {"SS": []}}}),
    ("PutItem", {"TableName": TABLE, "Item": key(), "ConditionExpression": "a = "}),
    (
        "PutItem",
        {
            "TableName": TABLE,
            "Item": key(),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    ("CreateTable", definition()),
    ("DescribeTable", {"TableName": "no-such-table"}),
    (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {"TableName": TABLE, "Item": key("new")}},
                {
                    "Delete": {
                        "TableName": TABLE,
                        "Key": key(),
                        "ConditionExpression": "attribute_not_exists(pk)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        },
    ),
    ("ExecuteStatement", {"Statement": "SELECT"}),
    ("ExecuteStatement", {"Statement": f"INSERT INTO {TABLE} VALUE {{'pk': 'a', 'sk': 1}}"}),
    ("TagResource", {"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/none", "Tags": []}),
]
NOT_SENT: list[tuple[str, dict[str, Any]]] = [
    ("GetItem", {"TableName": TABLE}),
    ("GetItem", {"TableName": TABLE, "Key": key(), "ConsistantRead": True}),
    ("GetItem", {"TableName": TABLE, "Key": key(), "ConsistentRead": "yes"}),
    ("GetItem", {"TableName": TABLE, "Key": key(), "ConsistentRead": None}),
    ("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": 1}}}),
    ("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": "a", "X": "b"}}}),
    ("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": object()}}}),
    ("PutItem", {"TableName": TABLE, "Item": {"pk": "a"}}),
    ("PutItem", {"TableName": TABLE, "Item": {1: {"S": "a"}}}),
    ("Query", {"TableName": TABLE, "Limit": 0}),
    ("Query", {"TableName": TABLE, "Limit": float("nan")}),
    ("BatchWriteItem", {"RequestItems": {TABLE: []}}),
    ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": TABLE}}]}),
    ("ListTables", {"Limit": "10"}),
]


def titles(requests: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [f"{operation}-{number}" for number, (operation, _) in enumerate(requests)]


@pytest.fixture(scope="module")
def shared() -> Iterator[ddbengine.Engine]:
    with ddbengine.open() as engine:
        engine.create_table(**definition())
        engine.put_item(TableName=TABLE, Item=key() | {"old": {"SS": ["x", "y"]}})
        yield engine


@pytest.fixture(scope="module")
def client(shared: ddbengine.Engine) -> Iterator[Any]:
    """boto3 over a socket."""
    with shared.serve() as server:
        made = boto3.client(
            "dynamodb",
            endpoint_url=server.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="none",
        )
        yield made
        made.close()


def error_of(target: Any, operation: str, request: dict[str, Any]) -> Exception:
    with pytest.raises(Exception) as refused:  # noqa: PT011 - which one is what is compared
        getattr(target, xform_name(operation))(**request)
    return refused.value


@pytest.mark.parametrize(("operation", "request_"), REFUSED, ids=titles(REFUSED))
def test_the_error_is_the_one_that_boto3_raises(
    shared: ddbengine.Engine, client: Any, operation: str, request_: dict[str, Any]
) -> None:
    ours, theirs = error_of(shared, operation, request_), error_of(client, operation, request_)
    assert isinstance(ours, exceptions.ServiceError)
    assert isinstance(theirs, ClientError)
    assert str(ours) == str(theirs)
    assert ours.operation_name == theirs.operation_name == operation
    metadata = [error.response.pop("ResponseMetadata") for error in (ours, theirs)]
    assert ours.response == theirs.response
    assert metadata[0]["HTTPStatusCode"] == metadata[1]["HTTPStatusCode"]
    assert len(metadata[0]["RequestId"]) == len(metadata[1]["RequestId"])
    assert type(ours).__name__ == ours.response["Error"]["Code"]


@pytest.mark.parametrize(("operation", "request_"), NOT_SENT, ids=titles(NOT_SENT))
def test_what_boto3_would_not_send_is_refused_in_its_words(
    shared: ddbengine.Engine, client: Any, operation: str, request_: dict[str, Any]
) -> None:
    ours, theirs = error_of(shared, operation, request_), error_of(client, operation, request_)
    assert type(ours) is type(theirs) is exceptions.ParamValidationError
    assert str(ours) == str(theirs)


def test_every_error_of_the_service_has_a_class_to_catch() -> None:
    declared = {error.__name__ for error in errors.ApiError.__subclasses__()}
    assert {name for name in declared if exceptions.class_of(name) is exceptions.ServiceError} == set()
    assert declared <= set(exceptions.__all__)


def test_an_error_without_a_class_is_a_service_error() -> None:
    class BrandNewException(errors.ApiError):
        pass

    error = exception_of(BrandNewException("it is new"), "GetItem")
    assert type(error) is exceptions.ServiceError
    assert error.response["Error"] == {"Code": "BrandNewException", "Message": "it is new"}
    # Not declared in errors.py, so the next test run should not see it as declared.
    del BrandNewException


def test_an_error_can_be_pickled(shared: ddbengine.Engine) -> None:
    error = error_of(shared, "GetItem", {"TableName": "no-such-table", "Key": key()})
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is exceptions.ResourceNotFoundException
    assert (copied.response, str(copied)) == (error.response, str(error))  # type: ignore[attr-defined]


def test_an_error_shows_nothing_of_what_is_inside(shared: ddbengine.Engine) -> None:
    error = error_of(shared, "GetItem", {"TableName": "no-such-table", "Key": key()})
    assert error.__cause__ is None
    assert error.__suppress_context__
