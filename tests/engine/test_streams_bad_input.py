"""Malformed requests for streams: always the service's error, never a fault of ours, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.streaming import Streaming, streaming
from tests.engine.test_bad_input import mostly
from tests.engine.whole_check import check_database
from tests.wire import S

KINDS = ["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"]
SEQUENCE_NUMBERS = st.integers(0, 10**22).map(lambda number: str(number).zfill(21)) | st.sampled_from(
    ["100000000000000000001", "100000000000000000002", "100000000000000000009", "9" * 40, "-" + "1" * 21, "x" * 21]
)
TIMES = st.sampled_from([0, -1, 1, 1.8e9, 1.8e9 + 1, 1e300, -1e300, 10**18])


def members(calls: Streaming) -> dict[str, st.SearchStrategy[Any]]:
    """What each member may be, good values most often."""
    arn = calls.arn()
    shards = [shard["ShardId"] for shard in calls.shards(arn)]
    iterators = [calls.iterator(arn, shard) for shard in calls.shards(arn)]
    good: dict[str, st.SearchStrategy[Any]] = {
        "StreamArn": st.sampled_from([arn, arn + "0", arn[:-5], arn.replace("table/", "index/")]),
        "ExclusiveStartStreamArn": st.sampled_from([arn, arn + "0"]),
        "ShardId": st.sampled_from([*shards, "shardId-00000000000000000000-00000000"]),
        "ExclusiveStartShardId": st.sampled_from([*shards, "z" * 40]),
        "ShardFilter": st.dictionaries(
            st.sampled_from(["Type", "ShardId"]), st.sampled_from(["CHILD_SHARDS", *shards])
        ),
        "ShardIteratorType": st.sampled_from([*KINDS, "X"]),
        "SequenceNumber": SEQUENCE_NUMBERS,
        "Timestamp": TIMES,
        "Limit": st.sampled_from([1, 2, 100, 1000, 1001, 0, -1, 2**31]),
        "ShardIterator": st.sampled_from([*iterators, iterators[0][:-3], iterators[0].replace("|1|", "|2|"), "|1|"]),
        "TableName": st.sampled_from(["table", "absent", "x", "a" * 256]),
    }
    return {name: mostly(own) for name, own in good.items()}


MEMBERS = {
    "ListStreams": ("TableName", "Limit", "ExclusiveStartStreamArn"),
    "DescribeStream": ("StreamArn", "Limit", "ExclusiveStartShardId", "ShardFilter"),
    "GetShardIterator": ("StreamArn", "ShardId", "ShardIteratorType", "SequenceNumber", "Timestamp"),
    "GetRecords": ("ShardIterator", "Limit"),
}


@pytest.fixture(scope="module")
def calls() -> Iterator[Streaming]:
    """One engine for all examples: none of them writes."""
    calls = streaming()
    calls.create_streamed()
    calls.put("table", {"pk": S("a")}, {"pk": S("b")})
    calls.engine.split_partition("table")
    calls.put("table", {"pk": S("c")})
    yield calls
    assert len(calls.records(calls.arn())) == 3
    check_database(calls.engine)
    calls.engine.close()


@given(st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_asked_of_streams_gets_an_answer_or_the_service_s_error(
    calls: Streaming, data: st.DataObject
) -> None:
    found = members(calls)
    operation = data.draw(st.sampled_from(sorted(MEMBERS)))
    wanted = data.draw(st.sets(st.sampled_from(MEMBERS[operation])).map(sorted))
    request = {name: data.draw(found[name], name) for name in wanted}
    error = calls.error(operation, **request)
    if error is not None:
        assert error.status == 400
        assert error.message
