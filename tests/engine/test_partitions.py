"""Partitions split where they are told to, and by themselves when they are too large or too busy for too long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from ddbengine import _core
from ddbengine.engine.context import Caller, StreamSettings
from ddbengine.engine.engine import Engine
from ddbengine.engine.partitions import PartitionWatch, Thresholds
from ddbengine.errors import ResourceNotFoundException, ValidationException
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.streams.rows import HASHES
from tests.engine.streaming import Streaming, Time, streaming
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import N, S

HALF = HASHES // 2


@pytest.fixture
def calls() -> Iterator[Streaming]:
    calls = streaming()
    yield calls
    check_database(calls.engine)
    calls.engine.close()


def bounds(body: bytes) -> list[int]:
    """Where partitions begin, from the answer to a split."""
    return [partition["FromHash"] for partition in orjson.loads(body)["Partitions"]]


def cuts(calls: Streaming, name: str = "table") -> tuple[int, ...]:
    with calls.engine.store.snapshot() as txn:
        return calls.engine._surroundings.catalog.table(txn, "AKIATEST/us-east-1", name).partition_cuts


# --- on demand -------------------------------------------------------------------------------------------------------


def test_a_split_closes_a_shard_and_opens_two_children(calls: Streaming) -> None:
    arn = calls.create_streamed()
    answer = orjson.loads(calls.engine.split_partition("table"))
    parent, low, high = calls.shards(arn)
    assert answer == {
        "TableName": "table",
        "Partitions": [
            {"FromHash": 0, "ToHash": HALF, "ShardId": low["ShardId"]},
            {"FromHash": HALF, "ToHash": HASHES, "ShardId": high["ShardId"]},
        ],
    }
    assert low["ParentShardId"] == high["ParentShardId"] == parent["ShardId"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]


def test_the_widest_partition_is_split_in_the_middle(calls: Streaming) -> None:
    calls.create_streamed()
    assert bounds(calls.engine.split_partition("table", 100)) == [0, 100]
    assert bounds(calls.engine.split_partition("table")) == [0, 100, (100 + HASHES) // 2]


@pytest.mark.parametrize("beside", [-1, 0, 1])
def test_a_key_is_in_the_shard_that_begins_at_its_hash(calls: Streaming, beside: int) -> None:
    arn = calls.create_streamed()
    at = int.from_bytes(_core.partition_hash(b"a"), "big") + beside
    calls.engine.split_partition("table", at)
    calls.put("table", {"pk": S("a")})
    _, low, high = calls.shards(arn)
    assert [len(calls.read(arn, shard)) for shard in (low, high)] == ([1, 0] if beside > 0 else [0, 1])


def test_a_table_without_a_stream_can_be_split(calls: Streaming) -> None:
    calls.create(table())
    answer = orjson.loads(calls.engine.split_partition("table", 5))
    assert [partition["ShardId"] for partition in answer["Partitions"]] == [None, None]


def test_items_stay_where_they_are_read(calls: Streaming) -> None:
    calls.create_streamed()
    items = [{"pk": S(str(number))} for number in range(50)]
    calls.put("table", *items)
    before = calls.items("Scan", TableName="table")
    for _ in range(5):
        calls.engine.split_partition("table")
    assert calls.items("Scan", TableName="table") == before


@pytest.mark.parametrize("at", [-1, 0, HASHES, 7])
def test_there_is_no_split_where_there_is_nothing_to_cut(calls: Streaming, at: int) -> None:
    calls.create_streamed()
    calls.engine.split_partition("table", 7)
    with pytest.raises(ValidationException, match="cannot be cut"):
        calls.engine.split_partition("table", at)


def test_a_table_that_is_not_there_cannot_be_split(calls: Streaming) -> None:
    calls.create_streamed(name="tabled")
    with pytest.raises(ResourceNotFoundException):
        calls.engine.split_partition("table")


def test_a_table_that_several_callers_have_cannot_be_split(calls: Streaming) -> None:
    calls.create_streamed()
    request = table()
    calls.engine.execute("CreateTable", request, Caller("OTHER", "us-east-1"))
    with pytest.raises(ValidationException, match="Several callers have a table table"):
        calls.engine.split_partition("table")


def test_a_new_table_has_partitions_of_equal_width() -> None:
    calls = streaming(StreamSettings(partitions=4))
    calls.create_streamed()
    assert cuts(calls) == (HASHES // 4, HALF, 3 * HASHES // 4)
    assert "PartitionCuts" not in calls.call("DescribeTable", TableName="table")["Table"]
    calls.engine.close()


def units(read: int, write: int) -> dict[str, Any]:
    throughput = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    return {"BillingMode": "PROVISIONED", "ProvisionedThroughput": throughput}


@pytest.mark.parametrize(
    ("members", "count"),
    [
        (units(5, 5), 1),
        (units(3000, 1), 2),
        (units(1500, 500), 1),
        (units(6000, 3000), 5),
        ({}, 4),
        ({"WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 7_000}}, 7),
    ],
)
def test_a_new_table_has_the_partitions_its_throughput_asks_for(members: dict[str, Any], count: int) -> None:
    calls = streaming(StreamSettings(partitions=None))
    arn = calls.create_streamed(**members)
    assert len(cuts(calls)) == len(calls.shards(arn)) - 1 == count - 1
    calls.engine.close()


def test_partitions_split_when_throughput_is_raised() -> None:
    calls = streaming(StreamSettings(partitions=None))
    arn = calls.create_streamed(**units(5, 5))
    watched = Watched(calls)
    assert watched.look(0) == 10.0
    calls.call("UpdateTable", TableName="table", ProvisionedThroughput=units(5, 2500)["ProvisionedThroughput"])
    while watched.look(0) == 0.0:
        pass
    assert cuts(calls) == (HASHES // 4, HALF)
    assert (
        len([shard for shard in calls.shards(arn) if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]) == 3
    )
    calls.engine.close()


# --- by themselves ---------------------------------------------------------------------------------------------------


class Watched:
    """An engine whose partitions are watched by the test."""

    def __init__(self, calls: Streaming, **thresholds: float) -> None:
        self.calls = calls
        self.time = Time()
        self.watch = PartitionWatch(
            calls.engine.store,
            calls.engine._cut_partition,
            self.time,
            Thresholds(**{"writes_per_second": 10, "looks": 3, **thresholds}),  # type: ignore[arg-type]
            calls.engine._wanted_partitions,
        )
        self.written = 0

    def look(self, writes: int, keys: int = 1000, name: str = "table") -> float | None:
        """So many writes within ten seconds, and a look."""
        for _ in range(writes):
            self.written += 1
            self.calls.put(name, {"pk": S(str(self.written % keys)), "n": N(self.written)})
        self.time.now += 10
        return self.watch()


def test_a_partition_written_to_too_much_for_too_long_is_split(calls: Streaming) -> None:
    arn = calls.create_streamed()
    watched = Watched(calls)
    for _ in range(2):
        assert watched.look(200) == 10.0
    assert cuts(calls) == ()
    watched.look(200)
    (cut,) = cuts(calls)
    assert HASHES / 4 < cut < HASHES * 3 / 4, "about half of the writes go to either side"
    assert len(calls.shards(arn)) == 3
    for _ in range(3):
        watched.look(400)
    assert len(cuts(calls)) >= 2


def test_a_short_burst_splits_nothing(calls: Streaming) -> None:
    calls.create_streamed()
    watched = Watched(calls)
    for writes in (200, 200, 0, 200, 200, 50):
        watched.look(writes)
    assert cuts(calls) == ()


def test_writes_to_other_partitions_do_not_count(calls: Streaming) -> None:
    calls.create_streamed(name="busy")
    calls.create_streamed()
    watched = Watched(calls)
    for _ in range(3):
        watched.look(200, name="busy")
    assert (len(cuts(calls, "busy")), cuts(calls)) == (1, ())


def test_a_single_busy_key_is_cut_off_from_the_others_and_then_left_alone(calls: Streaming) -> None:
    calls.create_streamed()
    watched = Watched(calls)
    for _ in range(12):
        watched.look(200, keys=1)
    assert len(cuts(calls)) == 1


def test_partitions_that_hold_too_much_are_split(calls: Streaming) -> None:
    calls.create_streamed()
    watched = Watched(calls, partition_bytes=10_000)
    calls.put("table", *({"pk": S(str(number)), "data": S("x" * 1000)} for number in range(25)))
    watched.look(0)
    assert cuts(calls) == (HALF,)
    watched.look(0)
    assert len(cuts(calls)) == 2
    watched.look(0)
    assert len(cuts(calls)) == 2, "three partitions of ten thousand bytes are enough"


def test_a_busy_partition_is_split_in_the_background() -> None:
    thresholds = Thresholds(writes_per_second=1, look_seconds=0.01, looks=2)
    engine = Engine(lambda writes_of: LmdbStore(writes_of, None), thresholds=thresholds)
    calls = Streaming(engine)
    calls.create_streamed()
    deadline = time.monotonic() + 30
    written = 0
    while not cuts(calls):
        assert time.monotonic() < deadline, "never split"
        written += 1
        calls.put("table", {"pk": S(str(written % 100)), "n": N(written)})
    engine.close()


def test_nobody_looks_while_there_is_no_stream(calls: Streaming) -> None:
    calls.create(table())
    assert Watched(calls).watch() is None
    calls.create_streamed(name="streamed")
    calls.switch(None, "streamed")
    assert Watched(calls).watch() is None
