"""The options of ddbengine.open do what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ddbengine
from ddbengine import exceptions
from tests.embedded.conftest import TABLE, definition, key

STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


def shards_of(engine: ddbengine.Engine) -> list[Any]:
    (stream,) = engine.list_streams()["Streams"]
    shards: list[Any] = engine.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    return shards


def with_index() -> dict[str, Any]:
    request = definition()
    request["AttributeDefinitions"].append({"AttributeName": "g", "AttributeType": "S"})
    keys = [{"AttributeName": "g", "KeyType": "HASH"}]
    index = {"IndexName": "by-g", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
    return request | {"GlobalSecondaryIndexes": [index]}


def of_index(engine: ddbengine.Engine) -> int:
    count: int = engine.query(
        TableName=TABLE,
        IndexName="by-g",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "x"}},
    )["Count"]
    return count


def is_shown(engine: ddbengine.Engine) -> bool:
    try:
        return "Item" in engine.get_item(TableName=TABLE, Key=key())
    except exceptions.ResourceNotFoundException:
        return False


def test_a_global_index_shows_a_write_at_once_or_late() -> None:
    for lag, seen in ((None, 1), (3_600_000, 0)):
        with ddbengine.open(gsi_lag_ms=lag) as engine:
            engine.create_table(**with_index())
            engine.put_item(TableName=TABLE, Item=key() | {"g": {"S": "x"}})
            assert of_index(engine) == seen


def test_an_item_collection_is_limited() -> None:
    request = definition()
    request["AttributeDefinitions"].append({"AttributeName": "l", "AttributeType": "S"})
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}]
    index = {"IndexName": "by-l", "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}
    with ddbengine.open(item_collection_limit=1_000) as engine:
        engine.create_table(**request, LocalSecondaryIndexes=[index])
        engine.put_item(TableName=TABLE, Item=key("a", 1) | {"x": {"S": "x" * 700}})
        with pytest.raises(exceptions.ItemCollectionSizeLimitExceededException):
            engine.put_item(TableName=TABLE, Item=key("a", 2) | {"x": {"S": "x" * 700}})
        engine.put_item(TableName=TABLE, Item=key("b", 2) | {"x": {"S": "x" * 700}})


def test_a_table_has_as_many_partitions_as_are_wanted_and_they_can_be_split() -> None:
    with ddbengine.open(partitions=4) as engine:
        engine.create_table(**definition(StreamSpecification=STREAM))
        assert len(shards_of(engine)) == 4
        answer = engine.split_partition(TABLE)
        assert answer["TableName"] == TABLE
        assert len(answer["Partitions"]) == 5
        assert sum("EndingSequenceNumber" not in shard["SequenceNumberRange"] for shard in shards_of(engine)) == 5
        with pytest.raises(exceptions.ResourceNotFoundException):
            engine.split_partition("no-such-table")


def test_a_shard_rolls_over_when_its_time_is_up() -> None:
    with ddbengine.open(shard_rollover=60) as engine:
        engine.create_table(**definition(StreamSpecification=STREAM))
        engine.put_item(TableName=TABLE, Item=key())
        engine.advance_clock(61)
        while len(shards_of(engine)) == 1:
            pass  # it is done in the background, and an answer is all there is to be seen of it


def test_records_are_trimmed_when_their_time_is_up() -> None:
    with ddbengine.open(stream_retention_hours=1, shard_rollover=60) as engine:
        engine.create_table(**definition(StreamSpecification=STREAM))
        engine.put_item(TableName=TABLE, Item=key())
        first = shards_of(engine)[0]["ShardId"]
        engine.advance_clock(2 * 3600)
        while any(shard["ShardId"] == first for shard in shards_of(engine)):
            engine.advance_clock(3600)


def test_statuses_are_shown_for_a_while() -> None:
    with ddbengine.open(transient_seconds=60) as engine:
        assert engine.create_table(**definition())["TableDescription"]["TableStatus"] == "CREATING"
        assert engine.describe_table(TableName=TABLE)["Table"]["TableStatus"] == "CREATING"
        engine.advance_clock(61)
        assert engine.describe_table(TableName=TABLE)["Table"]["TableStatus"] == "ACTIVE"


def test_stale_reads_come_from_followers_that_lag(tmp_path: Path) -> None:
    with ddbengine.open(tmp_path / "store", eventual_reads="any", replica_lag_ms=3_600_000) as engine:
        engine.create_table(**definition())
        engine.client().get_waiter("table_exists").wait(TableName=TABLE)
        assert engine.get_item(TableName=TABLE, Key=key(), ConsistentRead=True) == {}
        engine.put_item(TableName=TABLE, Item=key())
        assert engine.get_item(TableName=TABLE, Key=key(), ConsistentRead=True) == {"Item": key()}
        # The replicas take turns, and two of three do not know the table yet.
        assert sorted(is_shown(engine) for _ in range(3)) == [False, False, True]


def test_a_fork_has_the_options_of_its_engine() -> None:
    with ddbengine.open(partitions=3, gsi_lag_ms=3_600_000) as engine, engine.fork() as fork:
        request = with_index() | {"StreamSpecification": STREAM}
        fork.create_table(**request)
        fork.put_item(TableName=TABLE, Item=key() | {"g": {"S": "x"}})
        assert of_index(fork) == 0
        assert len(shards_of(fork)) == 3


def test_exports_go_to_the_directory_of_buckets(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    with ddbengine.open(s3_directory=tmp_path) as engine:
        arn = engine.create_table(**definition())["TableDescription"]["TableArn"]
        recovery = {"PointInTimeRecoveryEnabled": True}
        engine.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=recovery)
        begun = engine.export_table_to_point_in_time(TableArn=arn, S3Bucket="bucket")["ExportDescription"]
        described = begun
        while described["ExportStatus"] == "IN_PROGRESS":
            described = engine.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]
        assert described["ExportStatus"] == "COMPLETED"
        assert (tmp_path / "bucket" / described["ExportManifest"]).is_file()


def test_a_directory_of_buckets_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="s3_directory is a directory, not "):
        ddbengine.open(s3_directory=tmp_path / "nowhere")
