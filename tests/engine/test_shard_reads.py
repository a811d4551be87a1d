"""GetShardIterator and GetRecords: where reading begins, what is read, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from ddbengine.engine.context import Caller, StreamSettings
from ddbengine.streams import reading
from tests.engine.streaming import Streaming, changes, sequence_numbers, streaming
from tests.engine.whole_check import check_database
from tests.wire import N, S

INVALID = "One or more parameter values were invalid: "


@pytest.fixture
def calls() -> Iterator[Streaming]:
    calls = streaming()
    yield calls
    check_database(calls.engine)
    calls.engine.close()


def puts(calls: Streaming, *keys: str, name: str = "table") -> None:
    for key in keys:
        calls.put(name, {"pk": S(key)})


def keys(records: list[dict[str, Any]]) -> list[str]:
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in records]


def from_(calls: Streaming, arn: str, kind: str, **members: Any) -> list[str]:
    """Keys of the records that an iterator of the first shard leads to."""
    iterator = calls.iterator(arn, calls.shards(arn)[0], kind, **members)
    return keys(calls.call("GetRecords", ShardIterator=iterator)["Records"])


# --- records ---------------------------------------------------------------------------------------------------------


def test_a_record_says_what_became_of_an_item(calls: Streaming) -> None:
    arn = calls.create_streamed(sort="N")
    calls.put("table", {"x": S("hello"), "sk": N(1), "pk": S("a")})
    (record,) = calls.records(arn)
    event_id, number = record.pop("eventID"), record["dynamodb"].pop("SequenceNumber")
    assert len(event_id) == 32
    assert len(number) == 21
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_800_000_000,
            "Keys": {"pk": S("a"), "sk": N(1)},
            "NewImage": {"x": S("hello"), "sk": N(1), "pk": S("a")},
            "SizeBytes": 20,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


@pytest.mark.parametrize("view_type", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"])
def test_a_view_type_says_which_images_a_record_has(calls: Streaming, view_type: str) -> None:
    arn = calls.create_streamed(view_type)
    old, new = {"pk": S("a"), "x": S("1")}, {"pk": S("a"), "x": S("22")}
    calls.put("table", old, new)
    calls.call("DeleteItem", TableName="table", Key={"pk": S("a")})
    records = calls.records(arn)
    shows_new, shows_old = (
        view_type in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"),
        view_type.endswith(("OLD_IMAGE", "OLD_IMAGES")),
    )
    expected = [("INSERT", None, old), ("MODIFY", old, new), ("REMOVE", new, None)]
    assert changes(records) == [
        (name, before if shows_old else None, after if shows_new else None) for name, before, after in expected
    ]
    assert [set(record["dynamodb"]["Keys"]) for record in records] == [{"pk"}] * 3
    key = 3
    sizes = [
        key + (5 if shows_new else 0),
        key + (6 if shows_new else 0) + (5 if shows_old else 0),
        key + (6 if shows_old else 0),
    ]
    assert [record["dynamodb"]["SizeBytes"] for record in records] == sizes


def test_a_write_that_changes_nothing_leaves_no_record(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, "a", "a")
    calls.call("DeleteItem", TableName="table", Key={"pk": S("absent")})
    calls.call("UpdateItem", TableName="table", Key={"pk": S("a")})
    value = {"ExpressionAttributeValues": {":x": N(1)}}
    calls.call("UpdateItem", TableName="table", Key={"pk": S("a")}, UpdateExpression="SET x = :x", **value)
    calls.call("UpdateItem", TableName="table", Key={"pk": S("a")}, UpdateExpression="SET x = :x", **value)
    refusal = calls.refusal(
        "PutItem", TableName="table", Item={"pk": S("a")}, ConditionExpression="attribute_not_exists(pk)"
    )
    assert refusal.code == "ConditionalCheckFailedException"
    assert changes(calls.records(arn)) == [
        ("INSERT", None, {"pk": S("a")}),
        ("MODIFY", {"pk": S("a")}, {"pk": S("a"), "x": N(1)}),
    ]


def test_each_item_of_a_transaction_and_of_a_batch_has_a_record(calls: Streaming) -> None:
    arn = calls.create_streamed()
    actions = [{"Put": {"TableName": "table", "Item": {"pk": S(key)}}} for key in ("b", "a")]
    calls.call("TransactWriteItems", TransactItems=actions)
    requests = [{"PutRequest": {"Item": {"pk": S("c")}}}, {"DeleteRequest": {"Key": {"pk": S("a")}}}]
    calls.call("BatchWriteItem", RequestItems={"table": requests})
    assert keys(calls.records(arn)) == ["b", "a", "c", "a"]


def test_a_statement_leaves_a_record_as_well(calls: Streaming) -> None:
    arn = calls.create_streamed()
    calls.call("ExecuteStatement", Statement="INSERT INTO \"table\" VALUE {'pk': 'a'}")
    assert changes(calls.records(arn)) == [("INSERT", None, {"pk": S("a")})]


def test_records_are_the_same_when_they_are_read_again(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, *"abcdef")
    records = calls.records(arn)
    assert calls.records(arn, limit=2) == records
    numbers = sequence_numbers(records)
    assert numbers == sorted(set(numbers))
    assert len({record["eventID"] for record in records}) == 6


def test_a_record_tells_the_region_in_which_it_is_read(calls: Streaming) -> None:
    shared = streaming(shared=True)
    arn = shared.create_streamed()
    puts(shared, "a")
    iterator = shared.iterator(arn, shared.shards(arn)[0])
    answer = shared.engine.execute("GetRecords", {"ShardIterator": iterator}, Caller("any", "eu-west-1"))
    assert orjson.loads(answer)["Records"][0]["awsRegion"] == "eu-west-1"
    shared.engine.close()


def test_the_time_of_a_record_is_rounded_down_to_the_second(calls: Streaming) -> None:
    arn = calls.create_streamed()
    calls.time.now += 1.9
    puts(calls, "a")
    assert calls.records(arn)[0]["dynamodb"]["ApproximateCreationDateTime"] == 1_800_000_001


# --- where reading begins --------------------------------------------------------------------------------------------


def test_the_trim_horizon_is_before_all_records_and_latest_behind_them(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, "a", "b")
    assert from_(calls, arn, "TRIM_HORIZON") == ["a", "b"]
    assert from_(calls, arn, "LATEST") == []


def test_latest_misses_nothing_that_comes_later(calls: Streaming) -> None:
    arn = calls.create_streamed()
    iterator = calls.iterator(arn, calls.shards(arn)[0], "LATEST")
    puts(calls, "a")
    page = calls.call("GetRecords", ShardIterator=iterator)
    assert keys(page["Records"]) == ["a"]
    puts(calls, "b")
    page = calls.call("GetRecords", ShardIterator=page["NextShardIterator"])
    assert keys(page["Records"]) == ["b"]


def test_a_sequence_number_can_be_read_from_and_behind(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, "a", "b", "c")
    number = calls.records(arn)[1]["dynamodb"]["SequenceNumber"]
    assert from_(calls, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=number) == ["b", "c"]
    assert from_(calls, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number) == ["c"]


def test_the_starting_sequence_number_leads_to_the_first_record(calls: Streaming) -> None:
    arn = calls.create_streamed()
    start = calls.shards(arn)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert from_(calls, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=start) == []
    puts(calls, "a")
    assert from_(calls, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=start) == ["a"]


def test_the_ending_sequence_number_is_at_the_end(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, "a")
    calls.switch(None)
    shard = calls.shards(arn)[0]
    end = shard["SequenceNumberRange"]["EndingSequenceNumber"]
    assert end == calls.records(arn)[0]["dynamodb"]["SequenceNumber"]
    iterator = calls.iterator(arn, shard, "AFTER_SEQUENCE_NUMBER", SequenceNumber=end)
    assert calls.call("GetRecords", ShardIterator=iterator) == {"Records": []}


def test_a_time_leads_to_the_first_record_from_then_on(calls: Streaming) -> None:
    arn = calls.create_streamed()
    began = calls.time.now
    for key in "abcde":
        calls.time.now += 10
        puts(calls, key)
    assert from_(calls, arn, "AT_TIMESTAMP", Timestamp=began - 1000) == list("abcde")
    assert from_(calls, arn, "AT_TIMESTAMP", Timestamp=began + 30) == list("cde")
    assert from_(calls, arn, "AT_TIMESTAMP", Timestamp=began + 30.001) == list("de")
    calls.time.now += 10
    assert from_(calls, arn, "AT_TIMESTAMP", Timestamp=began + 55) == []


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, f"{INVALID}Invalid SequenceNumber"),
        (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "a" * 21},
            f"{INVALID}Invalid SequenceNumber",
        ),
        (
            {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "1" + "0" * 20},
            "Invalid SequenceNumber for the shard",
        ),
        (
            {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "1" + "0" * 17 + "999"},
            "Invalid SequenceNumber for the shard",
        ),
        (
            {"ShardIteratorType": "LATEST", "SequenceNumber": "1" * 21},
            f"{INVALID}SequenceNumber should not be passed for this iterator type",
        ),
        (
            {"ShardIteratorType": "TRIM_HORIZON", "Timestamp": 1},
            f"{INVALID}Timestamp should not be passed for this iterator type",
        ),
        ({"ShardIteratorType": "AT_TIMESTAMP"}, f"{INVALID}Invalid Timestamp"),
        (
            {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1_900_000_000},
            f"{INVALID}Timestamp should not be in the future",
        ),
        ({"StreamArn": "garbage"}, "Invalid StreamArn"),
        (
            {"ShardId": "short"},
            "1 validation error detected: Value 'short' at 'shardId' failed to satisfy constraint: "
            "Member must have length greater than or equal to 28",
        ),
    ],
)
def test_what_gets_no_iterator_is_refused(calls: Streaming, members: dict[str, Any], message: str) -> None:
    arn = calls.create_streamed()
    request = {"StreamArn": arn, "ShardId": calls.shards(arn)[0]["ShardId"], "ShardIteratorType": "LATEST", **members}
    assert calls.invalid("GetShardIterator", **request) == message


def test_a_shard_that_is_not_there_is_not_found(calls: Streaming) -> None:
    arn = calls.create_streamed()
    request = {"StreamArn": arn, "ShardId": "s" * 30, "ShardIteratorType": "LATEST"}
    refusal = calls.refusal("GetShardIterator", **request)
    assert (refusal.code, refusal.message) == (
        "ResourceNotFoundException",
        "Requested resource not found: Shard does not exist",
    )


# --- pages -----------------------------------------------------------------------------------------------------------


def test_a_page_has_as_many_records_as_are_asked_for(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, *"abcde")
    pages = [keys(page) for page, _ in calls.record_pages(calls.iterator(arn, calls.shards(arn)[0]), 2)]
    assert pages == [["a", "b"], ["c", "d"], ["e"], []]


def test_a_page_has_a_thousand_records_at_most(calls: Streaming) -> None:
    arn = calls.create_streamed("KEYS_ONLY")
    puts(calls, *map(str, range(1001)))
    iterator = calls.iterator(arn, calls.shards(arn)[0])
    assert [len(page) for page, _ in calls.record_pages(iterator)] == [1000, 1, 0]


def test_a_page_has_a_megabyte_at_most_by_the_sizes_of_its_records(calls: Streaming) -> None:
    arn = calls.create_streamed("NEW_IMAGE")
    for number in range(4):
        calls.put("table", {"pk": S(str(number)), "data": S("x" * 350_000)})
    sizes = [record["dynamodb"]["SizeBytes"] for record in calls.records(arn)]
    assert sizes == [350_010] * 4
    assert [len(page) for page, _ in calls.record_pages(calls.iterator(arn, calls.shards(arn)[0]))] == [2, 2, 0]


def test_a_record_with_two_images_of_the_greatest_size_is_read(calls: Streaming) -> None:
    arn = calls.create_streamed()
    for letter in "xy":
        calls.put("table", {"pk": S("a"), "data": S(letter * 409_000)})
    assert [record["eventName"] for record in calls.records(arn)] == ["INSERT", "MODIFY"]


def test_records_of_other_tables_are_passed_by(calls: Streaming) -> None:
    arns = [calls.create_streamed(name=name) for name in ("one", "two")]
    for _ in range(3):
        for key in "ab":
            for name in ("one", "two"):
                calls.put(name, {"pk": S(key + name)})
                calls.call("DeleteItem", TableName=name, Key={"pk": S(key + name)})
    for name, arn in zip(("one", "two"), arns, strict=True):
        assert set(keys(calls.records(arn, limit=3))) == {"a" + name, "b" + name}
        assert len(calls.records(arn)) == 12


def test_a_call_that_has_looked_at_enough_comes_back_with_less_and_goes_on(
    calls: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_STEP_BYTES", 1)
    monkeypatch.setattr(reading, "SCAN_MAX_STEPS", 2)
    arn, _ = calls.create_streamed(), calls.create_streamed(name="other")
    puts(calls, *"abcdefgh", name="other")
    puts(calls, "z")
    iterator: str | None = calls.iterator(arn, calls.shards(arn)[0])
    found: list[str] = []
    empty = 0
    while not found:
        page = calls.call("GetRecords", ShardIterator=iterator)
        found += keys(page["Records"])
        iterator = page["NextShardIterator"]
        empty += not page["Records"]
    assert found == ["z"]
    assert empty >= 3


def test_the_end_of_a_closed_shard_has_no_next_iterator(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, "a", "b")
    calls.engine.split_partition("table")
    iterator = calls.iterator(arn, calls.shards(arn)[0])
    page = calls.call("GetRecords", ShardIterator=iterator, Limit=1)
    assert keys(page["Records"]) == ["a"]
    page = calls.call("GetRecords", ShardIterator=page["NextShardIterator"], Limit=1)
    assert keys(page["Records"]) == ["b"]
    assert "NextShardIterator" not in page
    latest = calls.iterator(arn, calls.shards(arn)[0], "LATEST")
    assert calls.call("GetRecords", ShardIterator=latest) == {"Records": []}


def test_an_iterator_of_a_shard_that_closes_later_reads_its_rest(calls: Streaming) -> None:
    arn = calls.create_streamed()
    iterator = calls.iterator(arn, calls.shards(arn)[0], "LATEST")
    puts(calls, "a")
    calls.engine.split_partition("table")
    puts(calls, "b")
    page = calls.call("GetRecords", ShardIterator=iterator)
    assert keys(page["Records"]) == ["a"]
    assert "NextShardIterator" not in page


def test_an_iterator_expires_after_a_quarter_of_an_hour(calls: Streaming) -> None:
    arn = calls.create_streamed()
    iterator = calls.iterator(arn, calls.shards(arn)[0])
    calls.time.now += 15 * 60
    following = calls.call("GetRecords", ShardIterator=iterator)["NextShardIterator"]
    calls.time.now += 1
    refusal = calls.refusal("GetRecords", ShardIterator=iterator)
    assert (refusal.code, refusal.message) == (
        "ExpiredIteratorException",
        "The provided iterator exceeds the maximum age allowed.",
    )
    assert calls.call("GetRecords", ShardIterator=following)["Records"] == []


@pytest.mark.parametrize("iterator", ["", "garbage", "x" * 2049, "arn:aws:dynamodb:us-east-1:0:table/abc|1|AAAA"])
def test_what_is_no_iterator_is_refused(calls: Streaming, iterator: str) -> None:
    assert calls.invalid("GetRecords", ShardIterator=iterator) == "Invalid ShardIterator"


def test_an_iterator_is_needed(calls: Streaming) -> None:
    assert calls.invalid("GetRecords") == "Invalid ShardIterator"


def test_an_iterator_that_was_tampered_with_is_refused(calls: Streaming) -> None:
    arn = calls.create_streamed()
    iterator = calls.iterator(arn, calls.shards(arn)[0])
    assert calls.invalid("GetRecords", ShardIterator=iterator[:-12] + "AAAAAAAAAAA=") == "Invalid ShardIterator"


def test_an_iterator_of_another_engine_is_refused(calls: Streaming) -> None:
    other = streaming()
    arn = calls.create_streamed()
    assert other.create_streamed() == arn
    foreign = other.iterator(arn, other.shards(arn)[0])
    assert calls.invalid("GetRecords", ShardIterator=foreign) == "Invalid ShardIterator"
    other.engine.close()


def test_more_than_a_thousand_records_cannot_be_asked_for(calls: Streaming) -> None:
    arn = calls.create_streamed()
    iterator = calls.iterator(arn, calls.shards(arn)[0])
    message = calls.invalid("GetRecords", ShardIterator=iterator, Limit=1001)
    assert message == f"{INVALID}Limit should be less than or equal to 1000"


def test_the_iterator_of_a_stream_that_is_gone_is_not_found(calls: Streaming) -> None:
    arn = calls.create_streamed()
    iterator = calls.iterator(arn, calls.shards(arn)[0])
    calls.engine.reset()
    assert calls.refusal("GetRecords", ShardIterator=iterator).code == "ResourceNotFoundException"


# --- old records -----------------------------------------------------------------------------------------------------


def test_records_older_than_a_day_are_trimmed(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, "old")
    number = calls.records(arn)[0]["dynamodb"]["SequenceNumber"]
    calls.upkeep(1)
    puts(calls, "new")
    calls.upkeep(22.5)
    assert keys(calls.records(arn)) == ["old", "new"]
    calls.upkeep(0.6)
    assert keys(calls.records(arn)) == ["new"]
    request = {"StreamArn": arn, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": number}
    refusal = calls.refusal("GetShardIterator", ShardId=calls.shards(arn)[0]["ShardId"], **request)
    assert (refusal.code, refusal.message) == (
        "TrimmedDataAccessException",
        "The data you are trying to access has been trimmed",
    )
    assert from_(calls, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number) == ["new"]


def test_an_iterator_to_what_has_been_trimmed_since_is_refused() -> None:
    calls = streaming(StreamSettings(retention_seconds=300))
    arn = calls.create_streamed()
    puts(calls, "old")
    iterator = calls.iterator(arn, calls.shards(arn)[0])
    calls.time.now += 200
    puts(calls, "new")
    calls.time.now += 200
    calls.upkeep()
    refusal = calls.refusal("GetRecords", ShardIterator=iterator)
    assert refusal.code == "TrimmedDataAccessException"
    assert keys(calls.records(arn)) == ["new"]
    calls.engine.close()


def test_the_end_of_a_shard_whose_records_are_trimmed_is_still_its_end() -> None:
    calls = streaming(StreamSettings(partitions=2, retention_seconds=600))
    arn = calls.create_streamed()
    puts(calls, *"abcdefgh")
    calls.engine.split_partition("table", 7 << 29)
    closed = next(shard for shard in calls.shards(arn) if "EndingSequenceNumber" in shard["SequenceNumberRange"])
    end = closed["SequenceNumberRange"]["EndingSequenceNumber"]
    calls.time.now += 700
    calls.upkeep()
    assert closed in calls.shards(arn), "an older shard is open, so it is not dropped yet"
    assert calls.read(arn, closed) == []
    iterator = calls.iterator(arn, closed, "AFTER_SEQUENCE_NUMBER", SequenceNumber=end)
    assert calls.call("GetRecords", ShardIterator=iterator) == {"Records": []}
    calls.engine.close()


def test_the_log_lets_go_of_what_is_trimmed(calls: Streaming) -> None:
    calls.create_streamed()
    puts(calls, *map(str, range(300)))
    calls.upkeep(25)
    puts(calls, *map(str, range(300, 500)))
    with calls.engine.store.snapshot() as txn:
        assert txn.log_begin() > 250


def test_a_day_old_position_outlasts_an_idle_day(calls: Streaming) -> None:
    arn = calls.create_streamed()
    puts(calls, "a")
    for _ in range(5):
        calls.upkeep(24)
    puts(calls, "b")
    assert keys(calls.records(arn)) == ["b"]
