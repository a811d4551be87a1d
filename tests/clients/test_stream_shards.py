"""Shards of a started server under boto3: split and rolled over by way of pages, expired, and there after a kill."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import servers
from tests.clients.conftest import CONFIG, CREDENTIALS, definition

pytestmark = pytest.mark.clients

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
OPTIONS = ("--in-memory", "--adjustable-clock", "--adjustable-partitions", "--shard-rollover", "3600")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[servers.Server]:
    """A server whose clock and partitions can be moved."""
    with servers.ddbengine(tmp_path / "log", *OPTIONS) as server:
        yield server


def client_of(server: servers.Server, service: str = "dynamodb") -> Any:
    return closing(boto3.client(service, endpoint_url=server.url, config=CONFIG, **CREDENTIALS))


def post(server: servers.Server, page: str, members: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(members).encode()
    request = urllib.request.Request(f"{server.url}/_ddbengine/{page}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def records_of(streams: Any, arn: str, shard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """To the end of a closed shard, or to the first empty page."""
    found = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    iterator = found["ShardIterator"]
    while iterator is not None:
        page = streams.get_records(ShardIterator=iterator, Limit=3)
        iterator = page.get("NextShardIterator")
        yield from page["Records"]
        if not page["Records"]:
            return


def keys_of(streams: Any, arn: str) -> dict[str, list[str]]:
    """Partition keys of the records of each shard."""
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    return {
        shard["ShardId"]: [record["dynamodb"]["Keys"]["pk"]["S"] for record in records_of(streams, arn, shard)]
        for shard in shards
    }


def test_shards_split_and_roll_over_under_a_reader(own: servers.Server) -> None:
    with client_of(own) as client, client_of(own, "dynamodbstreams") as streams:
        client.create_table(**definition("split", StreamSpecification=STREAM))
        arn = client.describe_table(TableName="split")["Table"]["LatestStreamArn"]

        def put(first: int) -> None:
            for number in range(first, first + 20):
                client.put_item(TableName="split", Item={"pk": {"S": str(number)}})

        put(0)
        assert len(post(own, "partitions", {"TableName": "split"})["Partitions"]) == 2
        put(20)
        post(own, "clock", {"advance": 3601})
        rolled = threading.Event()
        for _ in range(600):
            if len(keys_of(streams, arn)) == 5:
                break
            rolled.wait(0.05)
        put(40)
        found = keys_of(streams, arn)
    parent, *children = found.values()
    assert len(children) == 4
    assert parent == [str(number) for number in range(20)]
    everything = [key for keys in found.values() for key in keys]
    assert sorted(map(int, everything)) == list(range(60))
    assert all(children)


def test_an_iterator_expires_and_the_client_knows(own: servers.Server) -> None:
    with client_of(own) as client, client_of(own, "dynamodbstreams") as streams:
        client.create_table(**definition("expiring", StreamSpecification=STREAM))
        arn = client.describe_table(TableName="expiring")["Table"]["LatestStreamArn"]
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        request = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "LATEST"}
        iterator = streams.get_shard_iterator(**request)["ShardIterator"]
        post(own, "clock", {"advance": 901})
        with pytest.raises(streams.exceptions.ExpiredIteratorException):
            streams.get_records(ShardIterator=iterator)


def test_partitions_are_split_by_those_only_who_may(server: servers.Server) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        post(server, "partitions", {"TableName": "any"})


def test_a_stream_is_there_after_a_kill(tmp_path: Path) -> None:
    options = ("--db-path", str(tmp_path / "data"), "--partitions", "2")
    server = servers.start_ddbengine(tmp_path / "first.log", *options)
    with client_of(server) as client, client_of(server, "dynamodbstreams") as streams:
        client.create_table(**definition("kept", StreamSpecification=STREAM))
        for number in range(10):
            client.put_item(TableName="kept", Item={"pk": {"S": str(number)}})
        (stream,) = streams.list_streams()["Streams"]
        before = keys_of(streams, stream["StreamArn"])
    server.kill()
    with (
        servers.ddbengine(tmp_path / "second.log", *options) as server,
        client_of(server, "dynamodbstreams") as streams,
    ):
        assert keys_of(streams, stream["StreamArn"]) == before
    assert sorted(key for keys in before.values() for key in keys) == [str(number) for number in range(10)]
