"""ListStreams and DescribeStream (FACTS 5.13), and how a request names a stream."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import orjson

from ddbengine.engine.context import Caller, Surroundings
from ddbengine.errors import ResourceNotFoundException, ValidationException
from ddbengine.limits import DESCRIBE_STREAM_MAX_SHARDS, LIST_STREAMS_MAX_STREAMS
from ddbengine.schema.arns import StreamName, stream_name
from ddbengine.schema.describe import wire_time
from ddbengine.schema.refusals import invalid
from ddbengine.storage.store import Outcome, Plan, ReadTxn
from ddbengine.streams.rows import Shard, Stream, children_of, find_stream, shards_of, streams_of
from ddbengine.streams.sequence import sequence_number

__all__ = ["describe_stream", "list_streams", "named_in", "stream_named"]


def named_in(arn: str) -> StreamName:
    """The table name and label in a stream's ARN; raise ValidationException for what is none."""
    name = stream_name(arn)
    if name is None:
        raise ValidationException("Invalid StreamArn")
    return name


def stream_named(txn: ReadTxn, namespace: str, arn: str, name: StreamName) -> Stream:
    """The stream of an ARN; raise ResourceNotFoundException."""
    stream = find_stream(txn, namespace, *name)
    if stream is None or stream.arn != arn:
        raise ResourceNotFoundException(f"Requested resource not found: Stream: {arn} not found")
    return stream


@dataclass(frozen=True, slots=True)
class ListStreams:
    namespace: str
    table_name: str | None
    after: StreamName | None
    limit: int
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        found = list(islice(streams_of(txn, self.namespace, self.table_name, self.after), self.limit + 1))
        listed = found[: self.limit]
        members: dict[str, Any] = {
            "Streams": [
                {"StreamArn": stream.arn, "TableName": stream.table_name, "StreamLabel": stream.label}
                for stream in listed
            ]
        }
        if len(found) > self.limit:
            members["LastEvaluatedStreamArn"] = listed[-1].arn
        return Outcome(orjson.dumps(members))


def list_streams(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    limit = request.get("Limit", LIST_STREAMS_MAX_STREAMS)
    if limit > LIST_STREAMS_MAX_STREAMS:
        raise invalid(f"Limit cannot be greater than the maximum allowed size: {LIST_STREAMS_MAX_STREAMS}")
    after = request.get("ExclusiveStartStreamArn")
    start = None if after is None else named_in(after)
    return ListStreams(surroundings.namespace(caller), request.get("TableName"), start, limit)


@dataclass(frozen=True, slots=True)
class DescribeStream:
    surroundings: Surroundings
    namespace: str
    arn: str
    name: StreamName
    after: str | None
    parent: str | None
    """Only children of this shard are described; None for all shards."""
    limit: int
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        stream = stream_named(txn, self.namespace, self.arn, self.name)
        if self.parent is None:
            shards = shards_of(txn, stream, self.after)
        else:
            shards = children_of(txn, stream, self.parent, self.after)
        found = list(islice(shards, self.limit + 1))
        described = found[: self.limit]
        members: dict[str, Any] = {
            "StreamArn": stream.arn,
            "StreamLabel": stream.label,
            "StreamStatus": _status(stream, self.surroundings),
            "StreamViewType": stream.view_type,
            "CreationRequestDateTime": wire_time(stream.created),
            "TableName": stream.table_name,
            "KeySchema": [
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(stream.key, ("HASH", "RANGE"), strict=False)
            ],
            "Shards": [_described(shard) for shard in described],
        }
        if len(found) > self.limit:
            members["LastEvaluatedShardId"] = described[-1].id
        return Outcome(orjson.dumps({"StreamDescription": members}))


def _status(stream: Stream, surroundings: Surroundings) -> str:
    changed = stream.created if stream.disabled is None else stream.disabled
    under_way = surroundings.clock() < changed + surroundings.transient_seconds
    if stream.disabled is None:
        return "ENABLING" if under_way else "ENABLED"
    return "DISABLING" if under_way else "DISABLED"


def _described(shard: Shard) -> dict[str, Any]:
    sequence_numbers = {"StartingSequenceNumber": sequence_number(shard.starting)}
    if shard.last is not None:
        sequence_numbers["EndingSequenceNumber"] = sequence_number(shard.last)
    members: dict[str, Any] = {"ShardId": shard.id, "SequenceNumberRange": sequence_numbers}
    if shard.parent is not None:
        members["ParentShardId"] = shard.parent
    return members


def describe_stream(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    limit = request.get("Limit", DESCRIBE_STREAM_MAX_SHARDS)
    if limit > DESCRIBE_STREAM_MAX_SHARDS:
        raise invalid(f"Limit cannot be greater than the maximum: {DESCRIBE_STREAM_MAX_SHARDS}")
    arn = request["StreamArn"]
    return DescribeStream(
        surroundings,
        surroundings.namespace(caller),
        arn,
        named_in(arn),
        request.get("ExclusiveStartShardId"),
        _parent(request.get("ShardFilter")),
        limit,
    )


def _parent(shard_filter: dict[str, str] | None) -> str | None:
    """The shard whose children a ShardFilter asks for."""
    if not shard_filter:
        return None
    if "Type" not in shard_filter:
        raise invalid("ShardFilter Type must be specified")
    if "ShardId" not in shard_filter:
        raise invalid("ShardId must be specified for ShardFilter Type CHILD_SHARDS")
    return shard_filter["ShardId"]
