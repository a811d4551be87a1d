"""The four requests a reader of a stream makes, over boto3's clients: find it, list its shards, open an iterator, read.

Errors are those of botocore (see ``failures``), but for a table or stream that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import ClientError

from ddbengine.consumer.errors import StreamMissing, TableMissing
from ddbengine.consumer.events import Record, keep_raw_records, lambda_record
from ddbengine.consumer.failures import code_of
from ddbengine.consumer.shards import Shard, Stream, shard_of

__all__ = [
    "LATEST",
    "TRIM_HORIZON",
    "Page",
    "Position",
    "StreamApi",
    "Streams",
    "clients",
    "find_stream",
    "list_streams",
]

TRIM_HORIZON = "TRIM_HORIZON"
LATEST = "LATEST"
PAGE_RECORDS = 1000
"""The most that GetRecords answers with."""
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a shard to read on: TRIM_HORIZON, LATEST, at or after a sequence number, or from a time on."""

    type: str
    number: str | None = None
    time: float | None = None
    """Seconds since the epoch."""

    @classmethod
    def after(cls, number: str) -> Position:
        return cls("AFTER_SEQUENCE_NUMBER", number)

    @classmethod
    def at(cls, number: str) -> Position:
        return cls("AT_SEQUENCE_NUMBER", number)

    @classmethod
    def since(cls, time: float) -> Position:
        """Not every service knows it: DynamoDB Local does not, and boto3 only since 2026."""
        return cls("AT_TIMESTAMP", time=time)


@dataclass(frozen=True, slots=True)
class Page:
    """What GetRecords answers."""

    records: list[Record]
    """In Lambda's event shape."""
    next: str | None
    """The iterator to go on with; None at the end of a closed shard."""


class Streams(Protocol):
    """What a reader needs of a stream; StreamApi is the real one."""

    def describe(self) -> Stream: ...

    def iterator(self, shard_id: str, position: Position) -> str: ...

    def read(self, iterator: str, limit: int = PAGE_RECORDS) -> Page: ...


def clients(session: Any, endpoint_url: str | None = None, region: str | None = None) -> tuple[Any, Any]:
    """A ``dynamodb`` and a ``dynamodbstreams`` client of a boto3 session, whose GetRecords gives raw records."""
    dynamodb = session.client("dynamodb", endpoint_url=endpoint_url, region_name=region, config=_CONFIG)
    streams = session.client("dynamodbstreams", endpoint_url=endpoint_url, region_name=region, config=_CONFIG)
    keep_raw_records(streams)
    return dynamodb, streams


def find_stream(dynamodb: Any, table: str) -> str:
    """The ARN of a table's latest stream; of a stream's ARN, itself.  Raise TableMissing or StreamMissing."""
    if table.startswith("arn:") and "/stream/" in table:
        return table
    try:
        description: Mapping[str, Any] = dynamodb.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        where = f"{dynamodb.meta.endpoint_url} (region {dynamodb.meta.region_name})"
        raise TableMissing(f"there is no table {table!r} at {where} for these credentials") from None
    arn: str | None = description.get("LatestStreamArn")
    if arn is None:
        raise StreamMissing(
            f"table {table!r} has no stream; switch one on with UpdateTable and a StreamSpecification such as"
            " StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
        )
    return arn


def list_streams(streams: Any, table: str) -> list[str]:
    """The ARNs of all streams of a table that can still be read, switched off ones too, oldest first."""
    found: list[Mapping[str, Any]] = []
    start: dict[str, str] = {}
    while True:
        page = streams.list_streams(TableName=table, **start)
        found.extend(page.get("Streams", ()))
        if not page.get("LastEvaluatedStreamArn"):
            return [stream["StreamArn"] for stream in sorted(found, key=lambda stream: str(stream["StreamLabel"]))]
        start = {"ExclusiveStartStreamArn": page["LastEvaluatedStreamArn"]}


class StreamApi:
    """One stream, over a boto3 ``dynamodbstreams`` client prepared by ``clients``."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self.arn = arn

    def describe(self) -> Stream:
        """The stream with all its shards, page by page.  Raise StreamMissing."""
        shards: dict[str, Shard] = {}
        start: dict[str, str] = {}
        while True:
            page = self._description(start)
            for shard in map(shard_of, page.get("Shards", ())):
                shards[shard.id] = shard
            if not page.get("LastEvaluatedShardId"):
                break
            start = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
        return Stream(
            arn=self.arn,
            label=page.get("StreamLabel", ""),
            table=page.get("TableName", ""),
            status=page["StreamStatus"],
            view_type=page.get("StreamViewType", ""),
            shards=shards,
        )

    def _description(self, start: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            page: Mapping[str, Any] = self._client.describe_stream(StreamArn=self.arn, **start)["StreamDescription"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise StreamMissing(f"the stream {self.arn} is not there, or no longer") from None
        return page

    def iterator(self, shard_id: str, position: Position) -> str:
        at: dict[str, Any] = {}
        if position.number is not None:
            at["SequenceNumber"] = position.number
        if position.time is not None:
            at["Timestamp"] = position.time
        answer = self._client.get_shard_iterator(
            StreamArn=self.arn, ShardId=shard_id, ShardIteratorType=position.type, **at
        )
        iterator: str = answer["ShardIterator"]
        return iterator

    def read(self, iterator: str, limit: int = PAGE_RECORDS) -> Page:
        answer = self._client.get_records(ShardIterator=iterator, Limit=limit)
        records = [lambda_record(wire, self.arn) for wire in answer["Records"]]
        return Page(records, answer.get("NextShardIterator"))
