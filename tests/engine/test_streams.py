"""ListStreams and DescribeStream, and what becomes of a table's stream."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import orjson
import pytest

from ddbengine.engine.context import Caller, StreamSettings
from tests.engine.streaming import HOUR, Streaming, changes, specification, streaming
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import N, S

NOT_FOUND = "Requested resource not found: Stream: {} not found"


@pytest.fixture
def calls() -> Iterator[Streaming]:
    calls = streaming()
    yield calls
    check_database(calls.engine)
    calls.engine.close()


def listed(calls: Streaming, **members: object) -> list[str]:
    return [stream["StreamArn"] for stream in calls.call("ListStreams", **members)["Streams"]]


# --- ListStreams -----------------------------------------------------------------------------------------------------


def test_a_table_without_a_stream_has_none(calls: Streaming) -> None:
    calls.create(table("plain"))
    calls.create(table("disabled", StreamSpecification={"StreamEnabled": False}))
    assert calls.call("ListStreams") == {"Streams": []}
    assert calls.call("ListStreams", TableName="plain") == {"Streams": []}
    assert calls.call("ListStreams", TableName="absent") == {"Streams": []}


def test_a_stream_is_listed_with_its_table_and_label(calls: Streaming) -> None:
    arn = calls.create_streamed()
    label = calls.call("DescribeTable", TableName="table")["Table"]["LatestStreamLabel"]
    expected = {"StreamArn": arn, "TableName": "table", "StreamLabel": label}
    assert calls.call("ListStreams") == {"Streams": [expected]}
    assert arn == f"arn:aws:dynamodb:us-east-1:000000000000:table/table/stream/{label}"


def test_streams_are_listed_page_by_page(calls: Streaming) -> None:
    arns = [calls.create_streamed(name=f"table-{number}") for number in range(5)]
    page = calls.call("ListStreams", Limit=2)
    found = [stream["StreamArn"] for stream in page["Streams"]]
    while "LastEvaluatedStreamArn" in page:
        assert page["LastEvaluatedStreamArn"] == found[-1]
        page = calls.call("ListStreams", Limit=2, ExclusiveStartStreamArn=page["LastEvaluatedStreamArn"])
        found += [stream["StreamArn"] for stream in page["Streams"]]
    assert found == arns


def test_the_streams_of_one_table_are_listed_page_by_page(calls: Streaming) -> None:
    calls.create_streamed(name="tablet")
    calls.create_streamed(name="tab")
    arns = [calls.create_streamed()]
    for _ in range(2):
        calls.switch(None)
        arns.append(calls.switch("KEYS_ONLY"))
    assert len(set(arns)) == 3
    page = calls.call("ListStreams", TableName="table", Limit=2)
    assert [stream["StreamArn"] for stream in page["Streams"]] == arns[:2]
    rest = listed(calls, TableName="table", ExclusiveStartStreamArn=page["LastEvaluatedStreamArn"])
    assert rest == arns[2:]


def test_streams_of_other_callers_are_not_seen(calls: Streaming) -> None:
    calls.create_streamed()
    assert calls.engine.execute("ListStreams", {}, Caller("OTHER", "us-east-1")) == b'{"Streams":[]}'


@pytest.mark.parametrize("region", ["US_East 1", "a|1|b", "%b%s", 'quo"te', "nul\0byte", "ü", ""])
def test_whatever_a_client_calls_its_region_it_reads_its_streams(calls: Streaming, region: str) -> None:
    caller = Caller("odd\0one", region)
    execute = partial(calls.engine.execute, caller=caller)
    execute("CreateTable", table(StreamSpecification=specification()))
    execute("PutItem", {"TableName": "table", "Item": {"pk": S("a")}})
    (stream,) = orjson.loads(execute("ListStreams", {}))["Streams"]
    named = {"StreamArn": stream["StreamArn"]}
    (shard,) = orjson.loads(execute("DescribeStream", named))["StreamDescription"]["Shards"]
    request = {**named, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    (record,) = orjson.loads(execute("GetRecords", orjson.loads(execute("GetShardIterator", request))))["Records"]
    assert record["awsRegion"] == region
    assert calls.upkeep() is not None
    assert calls.call("ListStreams") == {"Streams": []}


def test_streams_of_a_caller_named_like_the_beginning_of_another_are_its_own(calls: Streaming) -> None:
    calls.engine.execute(
        "CreateTable", table(StreamSpecification=specification()), Caller("AKIATEST", "us-east-1\0table")
    )
    assert calls.call("ListStreams") == {"Streams": []}
    assert calls.call("ListStreams", TableName="table") == {"Streams": []}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"Limit": 0},
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"Limit": 101},
            "One or more parameter values were invalid: Limit cannot be greater than the maximum allowed size: 100",
        ),
        ({"ExclusiveStartStreamArn": "x" * 50}, "Invalid StreamArn"),
        ({"ExclusiveStartStreamArn": "x"}, "Invalid StreamArn"),
    ],
)
def test_what_cannot_be_listed_is_refused(calls: Streaming, request_: dict[str, object], message: str) -> None:
    assert calls.invalid("ListStreams", **request_) == message


# --- DescribeStream --------------------------------------------------------------------------------------------------


def test_a_stream_is_described(calls: Streaming) -> None:
    arn = calls.create_streamed("OLD_IMAGE", sort="N")
    described = calls.call("DescribeStream", StreamArn=arn)["StreamDescription"]
    shards = described.pop("Shards")
    assert described == {
        "StreamArn": arn,
        "StreamLabel": "2027-01-15T08:00:00.000",
        "StreamStatus": "ENABLED",
        "StreamViewType": "OLD_IMAGE",
        "CreationRequestDateTime": 1_800_000_000.0,
        "TableName": "table",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    }
    assert [set(shard) for shard in shards] == [{"ShardId", "SequenceNumberRange"}]
    assert shards[0]["SequenceNumberRange"].keys() == {"StartingSequenceNumber"}


def test_a_table_has_as_many_open_shards_as_partitions() -> None:
    calls = streaming(StreamSettings(partitions=4))
    shards = calls.shards(calls.create_streamed())
    assert len(shards) == 4
    assert [shard["ShardId"] for shard in shards] == sorted(shard["ShardId"] for shard in shards)
    check_database(calls.engine)
    calls.engine.close()


def test_a_stream_switched_on_later_has_the_partitions_of_its_table() -> None:
    calls = streaming(StreamSettings(partitions=2))
    calls.create(table())
    calls.engine.split_partition("table")
    assert len(calls.shards(calls.switch("KEYS_ONLY"))) == 3
    check_database(calls.engine)
    calls.engine.close()


def test_shards_are_described_page_by_page(calls: Streaming) -> None:
    arn = calls.create_streamed()
    for _ in range(3):
        calls.engine.split_partition("table")
    everything = calls.shards(arn)
    assert len(everything) == 7
    assert calls.shards(arn, Limit=2) == everything
    page = calls.call("DescribeStream", StreamArn=arn, Limit=3)["StreamDescription"]
    assert page["LastEvaluatedShardId"] == page["Shards"][-1]["ShardId"] == everything[2]["ShardId"]


def test_shards_behind_any_id_are_described(calls: Streaming) -> None:
    arn = calls.create_streamed()
    assert calls.shards(arn, ExclusiveStartShardId="z" * 30) == []
    assert len(calls.shards(arn, ExclusiveStartShardId="a" * 30)) == 1


def test_the_children_of_a_shard_are_described(calls: Streaming) -> None:
    arn = calls.create_streamed()
    parent = calls.shards(arn)[0]["ShardId"]
    children_of = {"Type": "CHILD_SHARDS", "ShardId": parent}
    assert calls.shards(arn, ShardFilter=children_of) == []
    calls.engine.split_partition("table")
    calls.engine.split_partition("table", 7)
    children = calls.shards(arn, ShardFilter=children_of)
    assert [child["ParentShardId"] for child in children] == [parent, parent]
    assert len(calls.shards(arn)) == 5
    assert calls.shards(arn, ShardFilter=children_of, Limit=1) == children
    assert calls.shards(arn, ShardFilter=children_of, ExclusiveStartShardId=children[0]["ShardId"]) == children[1:]
    assert calls.shards(arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": children[1]["ShardId"]}) == []


def test_the_children_of_a_shard_that_is_gone_are_described(calls: Streaming) -> None:
    arn = calls.create_streamed()
    parent = calls.shards(arn)[0]["ShardId"]
    calls.engine.split_partition("table")
    calls.upkeep(24)
    assert parent not in [shard["ShardId"] for shard in calls.shards(arn)]
    assert len(calls.shards(arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": parent})) == 2


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Limit": 101}, "One or more parameter values were invalid: Limit cannot be greater than the maximum: 100"),
        (
            {"ShardFilter": {"Type": "CHILD_SHARDS"}},
            "One or more parameter values were invalid: ShardId must be specified for ShardFilter Type CHILD_SHARDS",
        ),
        (
            {"ShardFilter": {"ShardId": "s" * 30}},
            "One or more parameter values were invalid: ShardFilter Type must be specified",
        ),
        ({"StreamArn": "x" * 50}, "Invalid StreamArn"),
        ({"StreamArn": "x"}, "Invalid StreamArn"),
        ({"StreamArn": "arn:aws:dynamodb:us-east-1:000000000000:table/table"}, "Invalid StreamArn"),
    ],
)
def test_what_cannot_be_described_is_refused(calls: Streaming, members: dict[str, object], message: str) -> None:
    arn = calls.create_streamed()
    assert calls.invalid("DescribeStream", **{"StreamArn": arn, **members}) == message


def test_a_stream_is_named_or_refused(calls: Streaming) -> None:
    assert calls.invalid("DescribeStream") == "Invalid StreamArn"


@pytest.mark.parametrize("change", [(".000", ".999"), ("us-east-1", "eu-west-1"), ("table/table", "table/other")])
def test_a_stream_that_is_not_there_is_not_found(calls: Streaming, change: tuple[str, str]) -> None:
    arn = calls.create_streamed().replace(*change)
    refusal = calls.refusal("DescribeStream", StreamArn=arn)
    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", NOT_FOUND.format(arn))


# --- on and off ------------------------------------------------------------------------------------------------------


def test_a_stream_has_the_changes_made_while_it_was_on(calls: Streaming) -> None:
    calls.create(table())
    calls.put("table", {"pk": S("before")})
    arn = calls.switch("NEW_AND_OLD_IMAGES")
    calls.put("table", {"pk": S("during")})
    calls.switch(None)
    calls.put("table", {"pk": S("after")})
    assert changes(calls.records(arn)) == [("INSERT", None, {"pk": S("during")})]


def test_a_stream_switched_off_is_closed_and_readable_for_a_day(calls: Streaming) -> None:
    arn = calls.create_streamed()
    calls.put("table", {"pk": S("a")})
    calls.time.now += HOUR
    assert calls.switch(None) == arn
    described = calls.call("DescribeStream", StreamArn=arn)["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED"
    assert all("EndingSequenceNumber" in shard["SequenceNumberRange"] for shard in described["Shards"])
    assert listed(calls, TableName="table") == [arn]
    assert "StreamSpecification" not in calls.call("DescribeTable", TableName="table")["Table"]
    calls.upkeep(22.9)
    assert len(calls.records(arn)) == 1
    calls.upkeep(1.1)
    assert listed(calls) == []
    refusal = calls.refusal("DescribeStream", StreamArn=arn)
    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", NOT_FOUND.format(arn))


def test_a_new_stream_gets_a_new_label_even_in_the_same_millisecond(calls: Streaming) -> None:
    first = calls.create_streamed()
    calls.switch(None)
    second = calls.switch("KEYS_ONLY")
    assert listed(calls) == [first, second]
    assert second.endswith("2027-01-15T08:00:00.001")
    calls.put("table", {"pk": S("a")})
    assert (len(calls.records(first)), len(calls.records(second))) == (0, 1)


def test_a_stream_outlives_its_table_by_a_day(calls: Streaming) -> None:
    arn = calls.create_streamed(sort="N")
    calls.put("table", {"pk": S("a"), "sk": N(1)})
    calls.call("DeleteTable", TableName="table")
    described = calls.call("DescribeStream", StreamArn=arn)["StreamDescription"]
    assert (described["StreamStatus"], described["TableName"], len(described["KeySchema"])) == ("DISABLED", "table", 2)
    assert changes(calls.records(arn)) == [("INSERT", None, {"pk": S("a"), "sk": N(1)})]
    again = calls.create_streamed(sort="S")
    assert listed(calls, TableName="table") == [arn, again]
    assert (len(calls.records(arn)), calls.records(again)) == (1, [])
    calls.upkeep(24)
    assert listed(calls) == [again]


def test_a_stream_that_is_on_cannot_be_switched_on(calls: Streaming) -> None:
    calls.create_streamed()
    message = calls.invalid("UpdateTable", TableName="table", StreamSpecification=specification("KEYS_ONLY"))
    assert message == "Table already has an enabled stream: TableName: table"


def test_a_stream_that_is_off_cannot_be_switched_off(calls: Streaming) -> None:
    calls.create(table())
    message = calls.invalid("UpdateTable", TableName="table", StreamSpecification={"StreamEnabled": False})
    assert message == "Table has no stream to disable: TableName: table"


def test_transient_statuses_are_shown_of_streams_too() -> None:
    calls = streaming(transient_seconds=2.0)
    arn = calls.create_streamed()

    def status() -> str:
        return str(calls.call("DescribeStream", StreamArn=arn)["StreamDescription"]["StreamStatus"])

    assert status() == "ENABLING"
    calls.time.now += 3
    assert status() == "ENABLED"
    calls.switch(None)
    assert status() == "DISABLING"
    calls.time.now += 3
    assert status() == "DISABLED"
    calls.engine.close()


def test_a_reset_leaves_no_stream(calls: Streaming) -> None:
    calls.create_streamed()
    calls.engine.reset()
    assert listed(calls) == []


def test_a_fork_has_the_streams_with_their_records(calls: Streaming) -> None:
    arn = calls.create_streamed()
    calls.put("table", {"pk": S("a")})
    fork = Streaming(calls.engine.fork(), calls.time, calls.settings)
    fork.put("table", {"pk": S("fork")})
    assert [len(one.records(arn)) for one in (calls, fork)] == [1, 2]
    assert fork.records(arn)[0] == calls.records(arn)[0]
    check_database(fork.engine)
    fork.engine.close()
