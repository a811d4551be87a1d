"""boto3's ``dynamodbstreams`` reads streams from end to end, as a program does that knows nothing of us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import CONFIG, CREDENTIALS, NewTable
from tests.servers import Server

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def streams(server: Server) -> Iterator[Any]:
    made = boto3.client("dynamodbstreams", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)
    yield made
    made.close()


def with_stream(new_table: NewTable, view: str = "NEW_AND_OLD_IMAGES") -> str:
    return new_table(StreamSpecification={"StreamEnabled": True, "StreamViewType": view})


def arn_of(client: Any, table: str) -> str:
    arn: str = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    return arn


def read(streams: Any, arn: str, limit: int = 1_000) -> list[Any]:
    """All there is now: every shard to its end, or to a page without records."""
    found = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        answer = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        iterator = answer["ShardIterator"]
        while iterator:
            page = streams.get_records(ShardIterator=iterator, Limit=limit)
            found += page["Records"]
            iterator = page.get("NextShardIterator") if page["Records"] else None
    return found


def test_a_life_of_an_item_is_told_in_three_records(client: Any, streams: Any, new_table: NewTable) -> None:
    table = with_stream(new_table)
    key = {"pk": {"S": "a"}}
    client.put_item(TableName=table, Item={**key, "bytes": {"B": b"\0\xff"}, "number": {"N": "1"}})
    client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #n = :two",
        ExpressionAttributeNames={"#n": "number"},
        ExpressionAttributeValues={":two": {"N": "2"}},
    )
    client.delete_item(TableName=table, Key=key)
    records = read(streams, arn_of(client, table))
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert [record["dynamodb"]["Keys"] for record in records] == [key] * 3
    first = {**key, "bytes": {"B": b"\0\xff"}, "number": {"N": "1"}}
    second = {**first, "number": {"N": "2"}}
    images = [(record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")) for record in records]
    assert images == [(None, first), (first, second), (second, None)]
    assert all(isinstance(record["dynamodb"]["ApproximateCreationDateTime"], datetime) for record in records)
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_a_view_type_says_which_images_there_are(
    client: Any, streams: Any, new_table: NewTable, view: str, images: set[str]
) -> None:
    table = with_stream(new_table, view)
    for number in "12":
        client.put_item(TableName=table, Item={"pk": {"S": "a"}, "number": {"N": number}})
    modified = read(streams, arn_of(client, table))[1]["dynamodb"]
    assert modified.keys() & {"NewImage", "OldImage"} == images
    assert modified["StreamViewType"] == view


def test_a_write_that_changes_nothing_tells_nothing(client: Any, streams: Any, new_table: NewTable) -> None:
    table = with_stream(new_table)
    for _ in range(2):
        client.put_item(TableName=table, Item={"pk": {"S": "a"}})
    client.delete_item(TableName=table, Key={"pk": {"S": "b"}})
    assert [record["eventName"] for record in read(streams, arn_of(client, table))] == ["INSERT"]


def test_small_pages_tell_what_large_ones_do(client: Any, streams: Any, new_table: NewTable) -> None:
    table = with_stream(new_table)
    for start in range(0, 50, 25):
        puts = [{"PutRequest": {"Item": {"pk": {"S": str(number)}}}} for number in range(start, start + 25)]
        client.batch_write_item(RequestItems={table: puts})
    arn = arn_of(client, table)
    small = [record["eventID"] for record in read(streams, arn, limit=7)]
    assert small == [record["eventID"] for record in read(streams, arn)]
    assert len(set(small)) == 50


def test_a_stream_switched_on_again_has_another_label(client: Any, streams: Any, new_table: NewTable) -> None:
    table = with_stream(new_table)
    client.put_item(TableName=table, Item={"pk": {"S": "before"}})
    before = arn_of(client, table)
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    client.put_item(TableName=table, Item={"pk": {"S": "after"}})
    after = arn_of(client, table)
    listed = streams.list_streams(TableName=table)["Streams"]
    assert {stream["StreamArn"] for stream in listed} == {before, after}
    assert before != after
    assert [[record["dynamodb"]["Keys"]["pk"]["S"] for record in read(streams, arn)] for arn in (before, after)] == [
        ["before"],
        ["after"],
    ]


def test_an_iterator_that_is_none_is_refused(streams: Any) -> None:
    with pytest.raises(ClientError, match="Invalid ShardIterator") as refused:
        streams.get_records(ShardIterator="no iterator")
    assert refused.value.response["Error"]["Code"] == "ValidationException"
