"""Streams are in the log of every replica: whoever leads, they have the same records under the same numbers.

Strategy: write, stop, take the leader's directory away, go on with another one; and again.  Invariants: records read
before are read again as they were, iterators given out before go on, and what is written later follows.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ddbengine.engine.context import StreamSettings
from ddbengine.engine.opening import open_engine
from tests.engine.streaming import Record, Streaming, sequence_numbers, specification
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import S


def opened(path: Path) -> Streaming:
    return Streaming(open_engine(path, streams=StreamSettings(partitions=2)))


def test_a_replica_that_takes_over_has_the_same_records_under_the_same_numbers(tmp_path: Path) -> None:
    path = tmp_path / "store"
    calls = opened(path)
    calls.create(table(StreamSpecification=specification()))
    arn = calls.arn()
    iterator: str | None = calls.iterator(arn, calls.shards(arn)[0])
    followed: list[Record] = []
    before: list[Record] = []
    for lost in ("az1", "az2", "az3"):
        calls.put("table", *({"pk": S(f"{lost}-{number}")} for number in range(10)))
        page = calls.call("GetRecords", ShardIterator=iterator)
        followed += page["Records"]
        iterator = page["NextShardIterator"]
        before = calls.records(arn)
        calls.engine.close()
        shutil.rmtree(path / lost)
        calls = opened(path)
        assert calls.records(arn) == before
    assert len(before) == 30
    assert followed == calls.read(arn, calls.shards(arn)[0])
    assert sequence_numbers(followed) == sorted(set(sequence_numbers(followed)))
    check_database(calls.engine)
    calls.engine.close()
