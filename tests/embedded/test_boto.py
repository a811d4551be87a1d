"""boto3 clients that the engine answers in the process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config

import ddbengine
from ddbengine import exceptions
from tests.embedded.conftest import TABLE, definition, key

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither credentials nor sockets."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_a_client_speaks_to_the_engine_without_a_socket_thread_or_credentials(engine: ddbengine.Engine) -> None:
    before = threading.active_count()
    client = engine.client()
    client.put_item(TableName=TABLE, Item=key() | {"b": {"B": b"\x00\x01"}})
    answer = client.get_item(TableName=TABLE, Key=key())
    assert answer["Item"] == key() | {"b": {"B": b"\x00\x01"}}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert len(answer["ResponseMetadata"]["RequestId"]) == 52
    assert engine.get_item(TableName=TABLE, Key=key())["Item"]["b"] == {"B": "AAE="}
    assert threading.active_count() == before


def test_errors_are_of_the_classes_the_client_knows(engine: ddbengine.Engine) -> None:
    client = engine.client()
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Requested resource not found"):
        client.get_item(TableName="no-such-table", Key=key())
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.get_item(TableName=TABLE, Key={"pk": {"S": "a"}})
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(exceptions.ParamValidationError):
        client.get_item(TableName=TABLE)


def test_waiters_and_paginators_work(engine: ddbengine.Engine) -> None:
    client = engine.client()
    client.create_table(**definition("other"))
    client.get_waiter("table_exists").wait(TableName="other")
    for number in range(10):
        client.put_item(TableName="other", Item=key("p", number))
    pages = client.get_paginator("query").paginate(
        TableName="other",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "p"}},
        PaginationConfig={"PageSize": 4},
    )
    assert [len(page["Items"]) for page in pages] == [4, 4, 2]


def test_vectors_are_searched_by_method_and_by_client(engine: ddbengine.Engine) -> None:
    near = {
        "IndexName": "near",
        "VectorAttribute": {"AttributeName": "v"},
        "Dimensions": 2,
        "DistanceFunction": "EUCLIDEAN",
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    client = engine.client()
    client.create_table(**definition("near", VectorIndexes=[near]))
    for number in range(3):
        vector = {"L": [{"N": str(number)}, {"N": "0"}]}
        engine.put_item(TableName="near", Item={**key(sk=number), "v": vector})
    request: dict[str, Any] = {
        "TableName": "near",
        "IndexName": "near",
        "SearchVector": [{"N": "2"}, {"N": "0"}],
        "TopK": 2,
    }
    expected = [{"Item": key(sk=2), "Score": 0.0}, {"Item": key(sk=1), "Score": 1.0}]
    assert client.search_vectors(**request)["SearchResults"] == expected
    assert engine.search_vectors(**request)["SearchResults"] == expected


def test_the_resource_speaks_python_values(engine: ddbengine.Engine) -> None:
    resource = engine.resource()
    table = resource.Table(TABLE)
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": "p", "sk": number, "half": Decimal(number) / 2, "bytes": b"\xff"})
    assert table.get_item(Key={"pk": "p", "sk": 3})["Item"]["half"] == Decimal("1.5")
    assert [table.name for table in resource.tables.all()] == [TABLE]
    assert table.scan()["Count"] == 60


def test_a_client_has_a_region_of_its_own(engine: ddbengine.Engine) -> None:
    client = engine.client(region="eu-west-1")
    created = client.create_table(**definition())["TableDescription"]
    assert created["TableArn"].startswith("arn:aws:dynamodb:eu-west-1:")
    assert client.meta.region_name == "eu-west-1"
    client.delete_table(TableName=TABLE)
    assert engine.list_tables()["TableNames"] == [TABLE]


def test_every_engine_answers_its_own_clients(engine: ddbengine.Engine) -> None:
    with ddbengine.open() as other:
        first, second = engine.client(), other.client()
        assert first.list_tables()["TableNames"] == [TABLE]
        assert second.list_tables()["TableNames"] == []


@pytest.mark.parametrize("error", ["ThrottlingException", "InternalServerError"])
def test_the_client_retries_what_it_would_retry(engine: ddbengine.Engine, error: str) -> None:
    engine.faults = [{"operation": "PutItem", "error": error, "first": 1}]
    answer = engine.client().put_item(TableName=TABLE, Item=key())
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert engine.scan(TableName=TABLE)["Count"] == 1


def test_a_dropped_connection_is_retried_too(engine: ddbengine.Engine) -> None:
    engine.faults = [{"operation": "PutItem", "drop": "after", "first": 1}]
    answer = engine.client().put_item(TableName=TABLE, Item=key())
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_config_is_merged_into_the_engine_s_own(engine: ddbengine.Engine) -> None:
    engine.faults = [{"operation": "PutItem", "error": "ThrottlingException"}]
    client = engine.client(config=Config(retries={"max_attempts": 0}))
    with pytest.raises(client.exceptions.ThrottlingException):
        client.put_item(TableName=TABLE, Item=key())


def test_an_operation_the_engine_has_not_is_unknown(engine: ddbengine.Engine) -> None:
    client = engine.client()
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.list_bulk_operations()
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


def test_every_client_of_a_session_is_answered_by_the_engine(engine: ddbengine.Engine) -> None:
    session = engine.session()
    session.client("dynamodb").put_item(TableName=TABLE, Item=key())
    assert session.resource("dynamodb").Table(TABLE).scan()["Count"] == 1
    west = session.client("dynamodb", region_name="us-west-2")
    assert west.list_tables()["TableNames"] == []


def test_code_that_calls_boto3_itself_is_given_the_session_as_the_default(
    engine: ddbengine.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", engine.session())
    assert boto3.client("dynamodb").list_tables()["TableNames"] == [TABLE]


def test_a_client_that_somebody_else_made_can_be_attached(
    engine: ddbengine.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_PROFILE")
    client = botocore.session.Session().create_client("dynamodb", region_name="us-east-1")
    engine.attach(client)
    assert client.list_tables()["TableNames"] == [TABLE]


def test_clients_may_be_made_and_used_in_many_threads(engine: ddbengine.Engine) -> None:
    shared = engine.client()
    barrier = threading.Barrier(8)

    def work(number: int) -> int:
        barrier.wait()
        own = engine.client()
        for sort in range(20):
            client: Any = own if sort % 2 else shared
            client.put_item(TableName=TABLE, Item=key(f"thread {number}", sort))
        answer: int = shared.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": f"thread {number}"}},
        )["Count"]
        return answer

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [20] * 8


@pytest.mark.parametrize("make", [ddbengine.Engine.client, ddbengine.Engine.resource, ddbengine.Engine.streams_client])
def test_the_endpoint_of_a_client_is_a_name_that_cannot_be_reached(
    engine: ddbengine.Engine, make: Callable[[ddbengine.Engine], Any]
) -> None:
    made = make(engine)
    assert getattr(made.meta, "client", made).meta.endpoint_url == "http://ddbengine.invalid"
