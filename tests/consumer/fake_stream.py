"""A stream in memory, with the errors of a real one on demand."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from ddbengine.consumer.events import Record
from ddbengine.consumer.shards import Shard, Stream
from ddbengine.consumer.stream_api import PAGE_RECORDS, Page, Position

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-01-01T00:00:00.000"


def error(code: str, status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetRecords")


def number(at: int) -> str:
    return str(10**20 + at)


def record(at: int, created: float = 1_000_000.0, name: str = "INSERT") -> Record:
    """The record with the sequence number ``number(at)``."""
    return {
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": created,
            "Keys": {"n": {"N": str(at)}},
            "SequenceNumber": number(at),
        },
    }


@dataclass
class FakeShard:
    id: str = "shard-1"
    parent: str | None = None
    records: list[Record] = field(default_factory=list)
    is_closed: bool = False
    trimmed: int = 0
    """How many of the first records are gone."""


class FakeStream:
    """One stream.  Iterators are ``<shard>/<index>/<generation>``; ``expire`` makes all that were given out useless."""

    def __init__(self, *shards: FakeShard, status: str = "ENABLED") -> None:
        self.shards = {shard.id: shard for shard in shards}
        self.status = status
        self.errors: deque[Exception] = deque()
        """Raised by the next readings, one each."""
        self.positions: list[Position] = []
        """For which iterators were opened."""
        self.knows_times = True
        """Iterators of the type AT_TIMESTAMP; older services refuse them."""
        self._generation = 0

    def expire(self) -> None:
        self._generation += 1

    def describe(self) -> Stream:
        shards = {
            shard.id: Shard(shard.id, shard.parent, number(0), number(10**6) if shard.is_closed else None)
            for shard in self.shards.values()
        }
        return Stream(ARN, "label", "T", self.status, "NEW_IMAGE", shards)

    def iterator(self, shard_id: str, position: Position) -> str:
        self.positions.append(position)
        if shard_id not in self.shards:
            raise error("ResourceNotFoundException")
        shard = self.shards[shard_id]
        at = self._index(shard, position)
        if at < shard.trimmed and position.number is not None:
            raise error("TrimmedDataAccessException")
        return f"{shard_id}/{max(at, shard.trimmed)}/{self._generation}"

    def _index(self, shard: FakeShard, position: Position) -> int:
        if position.time is not None:
            if not self.knows_times:
                raise error("ValidationException")
            return sum(record["dynamodb"]["ApproximateCreationDateTime"] < position.time for record in shard.records)
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in shard.records]
        if position.number is None:
            return 0 if position.type == "TRIM_HORIZON" else len(numbers)
        wanted = int(position.number)
        if position.type == "AFTER_SEQUENCE_NUMBER":
            return sum(number <= wanted for number in numbers)
        if wanted not in numbers:
            raise error("ValidationException")
        return numbers.index(wanted)

    def read(self, iterator: str, limit: int = PAGE_RECORDS) -> Page:
        if self.errors:
            raise self.errors.popleft()
        shard_id, at, generation = iterator.split("/")
        if int(generation) != self._generation:
            raise error("ExpiredIteratorException")
        shard, first = self.shards[shard_id], int(at)
        records = shard.records[first : first + limit]
        is_end = shard.is_closed and first + len(records) == len(shard.records)
        return Page(records, None if is_end else f"{shard_id}/{first + len(records)}/{generation}")
