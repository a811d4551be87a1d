"""Clients of somebody else's, pointed at the session's server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.servers import Server

CREDENTIALS = {"aws_access_key_id": "clients", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
CONFIG = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30)

NewTable = Callable[..., str]


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[Any]:
    """A boto3 client."""
    made = boto3.client("dynamodb", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def resource(server: Server) -> Iterator[Any]:
    """The boto3 resource, which speaks Python values."""
    made = boto3.resource("dynamodb", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)
    yield made
    made.meta.client.close()


@pytest.fixture(scope="session")
def new_table(client: Any) -> NewTable:
    """Makes a table of ``pk`` (S) and, if asked, ``sk`` (of the type given); returns its name."""
    numbers = itertools.count(1)

    def create(sort: str | None = None, **members: Any) -> str:
        name = f"clients-{next(numbers)}"
        client.create_table(**definition(name, sort, **members))
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        return name

    return create


def definition(name: str, sort: str | None = None, **members: Any) -> dict[str, Any]:
    """A CreateTable request.  ``attributes`` are further attribute definitions, name to type."""
    types = {"pk": "S"} | ({"sk": sort} if sort else {}) | members.pop("attributes", {})
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    if sort:
        keys.append({"AttributeName": "sk", "KeyType": "RANGE"})
    return {
        "TableName": name,
        "KeySchema": keys,
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind in types.items()],
        "BillingMode": "PAY_PER_REQUEST",
    } | members


def index(name: str, partition: str, sort: str | None = None, projection: str = "ALL") -> dict[str, Any]:
    """One index of a CreateTable request."""
    keys = [{"AttributeName": partition, "KeyType": "HASH"}]
    if sort:
        keys.append({"AttributeName": sort, "KeyType": "RANGE"})
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": projection}}
