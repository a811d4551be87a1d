"""Shards roll over, what is too old goes, and nothing is done while there is nothing to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ddbengine.engine import stream_upkeep
from ddbengine.engine.context import StreamSettings
from ddbengine.engine.opening import open_engine
from ddbengine.engine.stream_upkeep import LOOK_SECONDS, upkeep_pending
from ddbengine.storage.store import position_of
from ddbengine.streams.reading import FOLLOWER
from tests.engine.streaming import HOUR, Streaming, Time, streaming
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import S


@pytest.fixture
def calls() -> Iterator[Streaming]:
    calls = streaming()
    yield calls
    check_database(calls.engine)
    calls.engine.close()


def position(calls: Streaming) -> int | None:
    with calls.engine.store.snapshot() as txn:
        return position_of(txn, FOLLOWER)


def test_a_shard_rolls_over_after_four_hours(calls: Streaming) -> None:
    arn = calls.create_streamed()
    calls.put("table", {"pk": S("a")})
    calls.upkeep(3.99)
    assert len(calls.shards(arn)) == 1
    calls.upkeep(0.02)
    first, second = calls.shards(arn)
    assert second["ParentShardId"] == first["ShardId"]
    end = int(first["SequenceNumberRange"]["EndingSequenceNumber"])
    assert int(second["SequenceNumberRange"]["StartingSequenceNumber"]) == end + 1
    calls.put("table", {"pk": S("b")})
    assert [len(calls.read(arn, shard)) for shard in (first, second)] == [1, 1]


def test_every_partition_rolls_over_in_one_step() -> None:
    calls = streaming(StreamSettings(partitions=3, rollover_seconds=60))
    arn = calls.create_streamed()
    before = calls.shards(arn)
    calls.time.now += 61
    calls.upkeep()
    after = calls.shards(arn)[3:]
    assert [shard["ParentShardId"] for shard in after] == [shard["ShardId"] for shard in before]
    check_database(calls.engine)
    calls.engine.close()


def test_no_two_shards_of_a_store_have_the_same_id_whatever_stream_they_are_of() -> None:
    calls = streaming(StreamSettings(partitions=2, rollover_seconds=60))
    arns = [calls.create_streamed(name=name) for name in ("one", "other", "third")]
    for _ in range(2):
        calls.time.now += 61
        calls.upkeep()
        calls.engine.split_partition("other")
        calls.engine.split_partition("one")
    calls.switch(None, "third")
    arns.append(calls.switch("KEYS_ONLY", "third"))
    ids = [shard["ShardId"] for arn in arns for shard in calls.shards(arn)]
    assert len(set(ids)) == len(ids)
    assert all(arn_ids == sorted(arn_ids) for arn in arns if (arn_ids := [one["ShardId"] for one in calls.shards(arn)]))
    check_database(calls.engine)
    calls.engine.close()


def test_the_shards_of_a_stream_that_is_off_do_not_roll_over(calls: Streaming) -> None:
    arn = calls.create_streamed()
    calls.switch(None)
    calls.upkeep(5)
    assert len(calls.shards(arn)) == 1


def test_shards_closed_for_a_day_are_gone(calls: Streaming) -> None:
    arn = calls.create_streamed()
    for _ in range(6):
        calls.upkeep(4)
    before = calls.shards(arn)
    assert len(before) == 7
    calls.upkeep(4)
    assert [shard["ShardId"] for shard in calls.shards(arn)][:6] == [shard["ShardId"] for shard in before[1:]]
    request = {"StreamArn": arn, "ShardId": before[0]["ShardId"], "ShardIteratorType": "LATEST"}
    assert calls.refusal("GetShardIterator", **request).code == "ResourceNotFoundException"


def test_shards_do_not_pile_up() -> None:
    calls = streaming(StreamSettings(rollover_seconds=60, retention_seconds=600))
    arn = calls.create_streamed()
    for _ in range(40):
        calls.time.now += 60
        calls.upkeep()
        calls.put("table", {"pk": S("a"), "at": S(str(calls.time.now))})
    assert len(calls.shards(arn)) == 11
    assert len(calls.records(arn)) == 11
    check_database(calls.engine)
    calls.engine.close()


def test_much_to_do_is_done_in_several_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_upkeep, "BATCH_SHARDS", 2)
    calls = streaming(StreamSettings(partitions=5))
    arns = [calls.create_streamed(name=f"table-{number}") for number in range(3)]
    calls.upkeep(4)
    assert [len(calls.shards(arn)) for arn in arns] == [10, 10, 10]
    check_database(calls.engine)
    for number in range(3):
        calls.call("DeleteTable", TableName=f"table-{number}")
    calls.upkeep(24)
    assert calls.call("ListStreams") == {"Streams": []}
    check_database(calls.engine)
    calls.engine.close()


def test_nothing_is_due_without_streams(calls: Streaming) -> None:
    calls.create(table())
    assert calls.upkeep() is None
    assert position(calls) is None


def test_the_position_of_streams_goes_with_the_last_one(calls: Streaming) -> None:
    calls.create_streamed(name="one")
    calls.create_streamed(name="two")
    calls.call("DeleteTable", TableName="one")
    calls.upkeep(24)
    assert position(calls) is not None
    calls.call("DeleteTable", TableName="two")
    calls.upkeep(24)
    assert position(calls) is None
    assert calls.upkeep() is None


def test_the_next_look_is_when_a_shard_rolls_over_or_in_a_minute(calls: Streaming) -> None:
    calls.create_streamed()
    assert calls.upkeep() == LOOK_SECONDS
    assert calls.upkeep(4 - 10 / HOUR) == pytest.approx(10)


def test_looks_are_more_frequent_when_records_are_kept_for_a_short_time() -> None:
    calls = streaming(StreamSettings(retention_seconds=48))
    calls.create_streamed()
    assert calls.upkeep() == 2.0
    calls.engine.close()


def test_looking_changes_nothing_when_nothing_is_due(calls: Streaming) -> None:
    calls.create_streamed()
    before = calls.engine.store.last_logged()
    calls.upkeep(1)
    assert calls.engine.store.last_logged() == before


def test_advancing_the_clock_rolls_shards_over_in_the_background() -> None:
    calls = Streaming(open_engine(None))
    arn = calls.create_streamed()
    rolled = threading.Event()
    submit = calls.engine.store.submit

    def noticed(plan):  # type: ignore[no-untyped-def]
        future = submit(plan)
        if isinstance(plan, stream_upkeep.KeepStreams):
            rolled.set()
        return future

    calls.engine.store.submit = noticed  # type: ignore[method-assign]
    calls.engine.advance_clock(4 * HOUR + 1)
    assert rolled.wait(30)
    assert len(calls.shards(arn)) == 2
    calls.engine.close()


def test_what_was_left_to_do_is_found_at_the_next_opening(tmp_path: Path) -> None:
    time = Time()

    def opened() -> Streaming:
        engine = open_engine(tmp_path / "store", clock=time, replicas=1)
        with engine.store.snapshot() as txn:
            assert upkeep_pending(txn) is bool(time.now > 1_800_000_000)
        engine._housekeeper.close()
        return Streaming(engine, time)

    calls = opened()
    arn = calls.create_streamed()
    calls.put("table", {"pk": S("a")})
    numbers = [record["dynamodb"]["SequenceNumber"] for record in calls.records(arn)]
    calls.engine.close()
    time.now += 5 * HOUR
    calls = opened()
    calls.upkeep()
    assert len(calls.shards(arn)) == 2
    assert [record["dynamodb"]["SequenceNumber"] for record in calls.records(arn)] == numbers
    check_database(calls.engine)
    calls.engine.close()
