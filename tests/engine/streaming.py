"""Streams read as a consumer reads them: shards in the order in which they were made, parents so before children."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ddbengine.engine.context import StreamSettings
from ddbengine.engine.opening import open_engine
from ddbengine.engine.stream_upkeep import StreamUpkeep
from tests.engine.calls import Calls
from tests.tables import table

Record = dict[str, Any]
Shard = dict[str, Any]

BOTH = "NEW_AND_OLD_IMAGES"
HOUR = 3600


def specification(view_type: str = BOTH) -> dict[str, Any]:
    return {"StreamEnabled": True, "StreamViewType": view_type}


@dataclass
class Time:
    """A clock that stands still until it is told."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Streaming(Calls):
    """An engine with a clock, and readers of its streams."""

    time: Time = field(default_factory=Time)
    settings: StreamSettings = field(default_factory=StreamSettings)

    def create_streamed(self, view_type: str = BOTH, name: str = "table", **members: Any) -> str:
        """Create a table with a stream; return the stream's ARN."""
        self.create(table(name, StreamSpecification=specification(view_type), **members))
        return self.arn(name)

    def arn(self, name: str = "table") -> str:
        """The ARN of a table's latest stream."""
        arn: str = self.call("DescribeTable", TableName=name)["Table"]["LatestStreamArn"]
        return arn

    def switch(self, view_type: str | None, name: str = "table") -> str:
        """Switch a table's stream on, or off for None; return the latest stream's ARN."""
        wanted = {"StreamEnabled": False} if view_type is None else specification(view_type)
        self.call("UpdateTable", TableName=name, StreamSpecification=wanted)
        return self.arn(name)

    def upkeep(self, hours: float = 0.0) -> float | None:
        """Do what is due after so many hours; seconds until more may be."""
        self.time.now += hours * HOUR
        chore = StreamUpkeep(self.engine.store, self.time, self.settings)
        while (again := chore()) == 0.0:
            pass
        return again

    def shards(self, arn: str, **members: Any) -> list[Shard]:
        described = self.call("DescribeStream", StreamArn=arn, **members)["StreamDescription"]
        shards: list[Shard] = described["Shards"]
        while "LastEvaluatedShardId" in described:
            start = described["LastEvaluatedShardId"]
            described = self.call("DescribeStream", StreamArn=arn, ExclusiveStartShardId=start, **members)
            described = described["StreamDescription"]
            shards += described["Shards"]
        return shards

    def iterator(self, arn: str, shard: Shard, kind: str = "TRIM_HORIZON", **members: Any) -> str:
        request = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": kind, **members}
        iterator: str = self.call("GetShardIterator", **request)["ShardIterator"]
        return iterator

    def record_pages(self, iterator: str | None, limit: int = 1000) -> Iterator[tuple[list[Record], str | None]]:
        """Records and next iterator, page by page, to the end of a closed shard or the first empty page."""
        while iterator is not None:
            page = self.call("GetRecords", ShardIterator=iterator, Limit=limit)
            iterator = page.get("NextShardIterator")
            yield page["Records"], iterator
            if not page["Records"]:
                return

    def read(self, arn: str, shard: Shard, limit: int = 1000) -> list[Record]:
        """All records of a shard."""
        return [record for page, _ in self.record_pages(self.iterator(arn, shard), limit) for record in page]

    def records(self, arn: str, limit: int = 1000) -> list[Record]:
        """All records of a stream, shard by shard."""
        return [record for shard in self.shards(arn) for record in self.read(arn, shard, limit)]


def streaming(settings: StreamSettings | None = None, **options: Any) -> Streaming:
    """An engine in memory whose time stands still."""
    settings, time = settings or StreamSettings(), Time()
    engine = open_engine(None, clock=time, streams=settings, **options)
    engine._housekeeper.close()  # chores are called by the tests
    return Streaming(engine, time, settings)


def changes(records: list[Record]) -> list[tuple[str, Any, Any]]:
    """Event name, old and new image of each record."""
    return [
        (record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage"))
        for record in records
    ]


def sequence_numbers(records: list[Record]) -> list[int]:
    return [int(record["dynamodb"]["SequenceNumber"]) for record in records]
