"""Tables with streams at a started server, for the tests of the consumer."""

from __future__ import annotations

import itertools
from typing import Any

import boto3

_numbers = itertools.count(1)


def session() -> Any:
    return boto3.Session(aws_access_key_id="consumer", aws_secret_access_key="secret", region_name="us-east-1")


def dynamodb(url: str) -> Any:
    return session().client("dynamodb", endpoint_url=url)


def table_with_stream(client: Any, name: str | None = None, view_type: str = "NEW_AND_OLD_IMAGES") -> str:
    """A new table with the string key ``key`` and a stream; its name."""
    name = name or f"Consumed-{next(_numbers)}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type},
    )
    return name


def put(client: Any, table: str, key: str, **attributes: str) -> None:
    client.put_item(
        TableName=table, Item={"key": {"S": key}, **{name: {"S": text} for name, text in attributes.items()}}
    )
