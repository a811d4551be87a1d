"""Streams inside a program: the boto3 client, the methods, the coroutines, and the consumer over a session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

import ddbengine
from ddbengine import exceptions
from ddbengine.consumer import Options
from ddbengine.streams import Consumer
from tests.embedded.conftest import TABLE, definition, key

VIEW = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture
def engine() -> Iterator[ddbengine.Engine]:
    with ddbengine.open() as opened:
        opened.create_table(**definition(StreamSpecification=VIEW))
        yield opened


@pytest.fixture
def arn(engine: ddbengine.Engine) -> str:
    found: str = engine.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    return found


def test_the_client_reads_a_stream_from_end_to_end_in_the_process(engine: ddbengine.Engine, arn: str) -> None:
    client = engine.streams_client()
    engine.put_item(TableName=TABLE, Item=key() | {"b": {"B": "AAE="}})
    engine.delete_item(TableName=TABLE, Key=key())
    assert [stream["StreamArn"] for stream in client.list_streams(TableName=TABLE)["Streams"]] == [arn]
    description = client.describe_stream(StreamArn=arn)["StreamDescription"]
    assert (description["StreamStatus"], description["TableName"]) == ("ENABLED", TABLE)
    (shard,) = description["Shards"]
    iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    first = client.get_records(ShardIterator=iterator["ShardIterator"], Limit=1)
    second = client.get_records(ShardIterator=first["NextShardIterator"])
    (inserted,), (removed,) = first["Records"], second["Records"]
    assert (inserted["eventName"], removed["eventName"]) == ("INSERT", "REMOVE")
    assert inserted["dynamodb"]["NewImage"] == removed["dynamodb"]["OldImage"] == key() | {"b": {"B": b"\x00\x01"}}
    assert isinstance(inserted["dynamodb"]["ApproximateCreationDateTime"], datetime)
    assert client.get_records(ShardIterator=second["NextShardIterator"])["Records"] == []


def test_the_methods_read_a_stream_in_dynamodb_json(engine: ddbengine.Engine, arn: str) -> None:
    engine.put_item(TableName=TABLE, Item=key() | {"b": {"B": "AAE="}})
    (stream,) = engine.list_streams()["Streams"]
    (shard,) = engine.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    iterator = engine.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=shard["SequenceNumberRange"]["StartingSequenceNumber"],
    )["ShardIterator"]  # fmt: skip
    (record,) = engine.get_records(ShardIterator=iterator)["Records"]
    assert record["dynamodb"]["NewImage"] == key() | {"b": {"B": "AAE="}}
    assert asyncio.run(engine.aio.get_records(ShardIterator=iterator))["Records"] == [record]


def test_errors_of_streams_are_of_the_classes_their_client_knows(engine: ddbengine.Engine, arn: str) -> None:
    client = engine.streams_client()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_stream(StreamArn=arn.replace("/2", "/1"))
    with pytest.raises(exceptions.ResourceNotFoundException):
        engine.describe_stream(StreamArn=arn.replace("/2", "/1"))
    with pytest.raises(exceptions.ValidationException):
        engine.get_records(ShardIterator="x")
    with pytest.raises(exceptions.ParamValidationError):
        engine.get_records()  # type: ignore[call-arg]


def test_an_iterator_expires_when_the_clock_is_put_forward(engine: ddbengine.Engine, arn: str) -> None:
    (shard,) = engine.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    request: Any = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "LATEST"}
    iterator = engine.get_shard_iterator(**request)["ShardIterator"]
    engine.advance_clock(16 * 60)
    with pytest.raises(exceptions.ExpiredIteratorException):
        engine.get_records(ShardIterator=iterator)


def test_a_table_without_a_stream_has_none(engine: ddbengine.Engine) -> None:
    engine.create_table(**definition("plain"))
    assert engine.streams_client().list_streams(TableName="plain")["Streams"] == []


def test_a_consumer_over_a_session_needs_no_server(engine: ddbengine.Engine) -> None:
    for number in range(5):
        engine.put_item(TableName=TABLE, Item=key("a", number))
    handled: list[Any] = []
    all_there = threading.Event()

    def handle(event: dict[str, Any]) -> None:
        handled.extend(record["dynamodb"]["Keys"] for record in event["Records"])
        if len(handled) == 5:
            all_there.set()

    consumer = Consumer(TABLE, handle, session=engine.session(), options=Options(poll_seconds=0.01))
    running = threading.Thread(target=consumer.run)
    running.start()
    assert all_there.wait(30)
    consumer.stop()
    running.join()
    assert handled == [key("a", number) for number in range(5)]
    assert f"{TABLE}-consumer" in engine.list_tables()["TableNames"]
