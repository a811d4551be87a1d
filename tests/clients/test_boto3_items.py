"""boto3's client writes and reads items: every type, conditions, every ReturnValues, error classes, compression."""

from __future__ import annotations

import gzip
import urllib.request
from contextlib import closing
from typing import Any

import boto3
import pytest

from tests.clients.conftest import CONFIG, CREDENTIALS, NewTable
from tests.servers import Server

pytestmark = pytest.mark.clients

EVERY_TYPE = {
    "pk": {"S": "every type"},
    "string": {"S": "Straße \U0001f600"},
    "empty": {"S": ""},
    "number": {"N": "12345678901234567890123456789012345678"},
    "small": {"N": "-0.5"},
    "binary": {"B": b"\x00\xff"},
    "nothing": {"B": b""},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "null": {"NULL": True},
    "strings": {"SS": ["a", "b"]},
    "numbers": {"NS": ["-1", "2.5"]},
    "binaries": {"BS": [b"\x00", b"\x01"]},
    "list": {"L": [{"S": "x"}, {"L": []}, {"M": {}}]},
    "map": {"M": {"a": {"M": {"b": {"L": [{"N": "1"}]}}}}},
}


@pytest.fixture(scope="module")
def table(new_table: NewTable) -> str:
    return new_table()


def key(value: str) -> dict[str, Any]:
    return {"pk": {"S": value}}


def test_every_type_comes_back_as_it_was_put(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=EVERY_TYPE)
    assert client.get_item(TableName=table, Key=key("every type"), ConsistentRead=True)["Item"] == EVERY_TYPE


def test_a_missing_item_has_no_item_member(client: Any, table: str) -> None:
    assert "Item" not in client.get_item(TableName=table, Key=key("missing"))


def test_a_put_replaces_the_item_and_returns_the_old_one(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=key("replaced") | {"a": {"N": "1"}})
    answer = client.put_item(TableName=table, Item=key("replaced") | {"b": {"N": "2"}}, ReturnValues="ALL_OLD")
    assert answer["Attributes"] == key("replaced") | {"a": {"N": "1"}}
    assert client.get_item(TableName=table, Key=key("replaced"))["Item"] == key("replaced") | {"b": {"N": "2"}}


def test_a_failed_condition_raises_its_own_class_and_carries_the_item(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=key("guarded") | {"version": {"N": "3"}})
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as refused:
        client.put_item(
            TableName=table,
            Item=key("guarded"),
            ConditionExpression="version = :v",
            ExpressionAttributeValues={":v": {"N": "2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Error"]["Message"] == "The conditional request failed"
    assert refused.value.response["Item"] == key("guarded") | {"version": {"N": "3"}}
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("return_values", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", {"pk": {"S": "updated"}, "n": {"N": "1"}, "kept": {"S": "k"}}),
        ("ALL_NEW", {"pk": {"S": "updated"}, "n": {"N": "6"}, "kept": {"S": "k"}, "l": {"L": [{"S": "x"}]}}),
        ("UPDATED_OLD", {"n": {"N": "1"}}),
        ("UPDATED_NEW", {"n": {"N": "6"}, "l": {"L": [{"S": "x"}]}}),
    ],
)
def test_an_update_returns_what_it_is_asked_for(
    client: Any, table: str, return_values: str, attributes: dict[str, Any] | None
) -> None:
    client.put_item(TableName=table, Item=key("updated") | {"n": {"N": "1"}, "kept": {"S": "k"}})
    answer = client.update_item(
        TableName=table,
        Key=key("updated"),
        UpdateExpression="ADD n :five SET #l = list_append(if_not_exists(#l, :none), :x)",
        ExpressionAttributeNames={"#l": "l"},
        ExpressionAttributeValues={":five": {"N": "5"}, ":none": {"L": []}, ":x": {"L": [{"S": "x"}]}},
        ReturnValues=return_values,
    )
    assert answer.get("Attributes") == attributes


def test_a_delete_returns_the_old_item_and_deleting_nothing_is_no_error(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=key("deleted"))
    assert client.delete_item(TableName=table, Key=key("deleted"), ReturnValues="ALL_OLD")["Attributes"] == key(
        "deleted"
    )
    assert "Attributes" not in client.delete_item(TableName=table, Key=key("deleted"), ReturnValues="ALL_OLD")


def test_projections_and_consumed_capacity_are_returned(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=EVERY_TYPE)
    answer = client.get_item(
        TableName=table,
        Key=key("every type"),
        ProjectionExpression="#m.a.b[0], yes",
        ExpressionAttributeNames={"#m": "map"},
        ConsistentRead=True,
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["Item"] == {"map": {"M": {"a": {"M": {"b": {"L": [{"N": "1"}]}}}}}, "yes": {"BOOL": True}}
    assert answer["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 1.0}


def test_errors_are_of_the_classes_the_sdk_knows(client: Any, table: str) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Requested resource not found"):
        client.get_item(TableName="no-such-table", Key=key("a"))
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.get_item(TableName=table, Key={"wrong": {"S": "a"}})
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "The provided key element does not match the schema",
    }
    assert len(refused.value.response["ResponseMetadata"]["RequestId"]) == 52


def test_legacy_parameters_still_work(client: Any, table: str) -> None:
    client.update_item(
        TableName=table,
        Key=key("legacy"),
        AttributeUpdates={"n": {"Action": "ADD", "Value": {"N": "2"}}, "s": {"Value": {"S": "x"}}},
        Expected={"n": {"Exists": False}},
    )
    answer = client.get_item(TableName=table, Key=key("legacy"), AttributesToGet=["n", "s"])
    assert answer["Item"] == {"n": {"N": "2"}, "s": {"S": "x"}}


def test_a_large_request_is_compressed_by_the_client_and_understood(server: Server, table: str) -> None:
    body = b'{"TableName":"%s","Item":{"pk":{"S":"gzip"},"text":{"S":"%s"}}}' % (table.encode(), b"x" * 20_000)
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Encoding": "gzip",
        "X-Amz-Target": "DynamoDB_20120810.PutItem",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=clients/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=00",
    }
    request = urllib.request.Request(server.url, gzip.compress(body), headers)
    with urllib.request.urlopen(request) as response:
        assert response.read() == b"{}"

    get = b'{"TableName":"%s","Key":{"pk":{"S":"gzip"}}}' % table.encode()
    del headers["Content-Encoding"]
    headers |= {"X-Amz-Target": "DynamoDB_20120810.GetItem", "Accept-Encoding": "gzip"}
    with urllib.request.urlopen(urllib.request.Request(server.url, get, headers)) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert b"x" * 20_000 in gzip.decompress(response.read())


def test_other_credentials_and_regions_see_other_tables(server: Server, table: str) -> None:
    for other in ({"aws_access_key_id": "somebodyelse"}, {"region_name": "eu-west-1"}):
        made = boto3.client("dynamodb", endpoint_url=server.url, config=CONFIG, **(CREDENTIALS | other))
        with closing(made) as client:
            assert table not in client.list_tables()["TableNames"]
