"""An engine in memory, and a table of ``pk`` and ``sk``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import ddbengine

TABLE = "orders"


def definition(name: str = TABLE, **members: Any) -> dict[str, Any]:
    """A CreateTable request of a table with the keys ``pk`` (S) and ``sk`` (N)."""
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    } | members


def key(pk: str = "a", sk: int = 1) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


@pytest.fixture
def engine() -> Iterator[ddbengine.Engine]:
    with ddbengine.open() as opened:
        opened.create_table(**definition())
        yield opened
