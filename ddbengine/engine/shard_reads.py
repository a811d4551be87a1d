"""GetShardIterator and GetRecords (FACTS 5.13): places in a shard, and the records behind them.

Reads are snapshots: a consumer that reads millions of records takes nothing from those who write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson

from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.streams import named_in, stream_named
from ddbengine.errors import (
    ExpiredIteratorException,
    ResourceNotFoundException,
    TrimmedDataAccessException,
    ValidationException,
)
from ddbengine.limits import STREAM_PAGE_MAX_RECORDS
from ddbengine.schema.arns import StreamName, stream_name
from ddbengine.schema.refusals import invalid
from ddbengine.storage.store import Outcome, Plan, ReadTxn
from ddbengine.streams.iterators import Sealed, ShardIterator, parse, sealed
from ddbengine.streams.reading import is_trimmed, last_before, read_shard, trim_horizon
from ddbengine.streams.records import renderer
from ddbengine.streams.rows import Shard, find_shard
from ddbengine.streams.sequence import lsn_of

__all__ = ["EXPIRED", "TRIMMED", "get_records", "get_shard_iterator"]

EXPIRED = "The provided iterator exceeds the maximum age allowed."
TRIMMED = "The data you are trying to access has been trimmed"

_WITH_SEQUENCE_NUMBER = frozenset(("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"))
_INVALID_ITERATOR = "Invalid ShardIterator"


@dataclass(frozen=True, slots=True)
class GetShardIterator:
    surroundings: Surroundings
    namespace: str
    arn: str
    name: StreamName
    shard_id: str
    kind: str
    lsn: int | None
    """Of the change whose sequence number is given."""
    time: float | None
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        stream = stream_named(txn, self.namespace, self.arn, self.name)
        shard = find_shard(txn, stream, self.shard_id)
        if shard is None:
            raise ResourceNotFoundException("Requested resource not found: Shard does not exist")
        after = min(self._place(txn, shard), shard.last if shard.last is not None else txn.lsn())
        place = ShardIterator(stream.arn, shard.id, max(after, shard.after), self.surroundings.clock())
        return Outcome(orjson.dumps({"ShardIterator": sealed(place, stream.table_id)}))

    def _place(self, txn: ReadTxn, shard: Shard) -> int:
        """The LSN behind which to read, the shard's bounds aside."""
        oldest = max(shard.after, trim_horizon(txn))
        if self.kind == "LATEST":
            return txn.lsn()
        if self.kind == "AT_TIMESTAMP":
            assert self.time is not None, "checked"
            return max(oldest, last_before(txn, round(self.time * 1_000_000)))
        if self.lsn is None:
            return oldest
        newest = max(txn.lsn(), shard.starting) if shard.last is None else shard.last
        if not shard.starting <= self.lsn <= newest:
            raise ValidationException("Invalid SequenceNumber for the shard")
        after = self.lsn - (self.kind == "AT_SEQUENCE_NUMBER")
        if is_trimmed(txn, shard, after):
            raise TrimmedDataAccessException(TRIMMED)
        return after


def get_shard_iterator(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    kind, number, time = request["ShardIteratorType"], request.get("SequenceNumber"), request.get("Timestamp")
    lsn = None if number is None else lsn_of(number)
    if kind in _WITH_SEQUENCE_NUMBER:
        if lsn is None:
            raise invalid("Invalid SequenceNumber")
    elif number is not None:
        raise invalid("SequenceNumber should not be passed for this iterator type")
    if kind == "AT_TIMESTAMP":
        _check_time(time, surroundings.clock())
    elif time is not None:
        raise invalid("Timestamp should not be passed for this iterator type")
    arn = request["StreamArn"]
    namespace = surroundings.namespace(caller)
    return GetShardIterator(surroundings, namespace, arn, named_in(arn), request["ShardId"], kind, lsn, time)


def _check_time(time: float | None, now: float) -> None:
    if time is None:
        raise invalid("Invalid Timestamp")
    if time > now:
        raise invalid("Timestamp should not be in the future")


@dataclass(frozen=True, slots=True)
class GetRecords:
    surroundings: Surroundings
    caller: Caller
    iterator: Sealed
    name: StreamName
    limit: int
    pause: Callable[[], object] | None = None
    """Called between the steps of the read."""
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    @property
    def claimed_after(self) -> int:
        """The LSN behind which to read, as the iterator has it, genuine or not."""
        return self.iterator.claimed_after

    def pausing(self, pause: Callable[[], object]) -> GetRecords:
        """The same read, with pauses."""
        return replace(self, pause=pause)

    def run(self, txn: ReadTxn) -> Outcome:
        now = self.surroundings.clock()
        stream = stream_named(txn, self.surroundings.namespace(self.caller), self.iterator.arn, self.name)
        place = self.iterator.opened(stream.table_id)
        if place is None:
            raise ValidationException(_INVALID_ITERATOR)
        if place.is_expired(now):
            raise ExpiredIteratorException(EXPIRED)
        shard = find_shard(txn, stream, place.shard_id)
        if shard is None or is_trimmed(txn, shard, place.after):
            raise TrimmedDataAccessException(TRIMMED)
        render = renderer(stream, self.caller.region)
        page = read_shard(txn, stream.table_number, shard, place.after, self.limit, render, self.pause)
        records = b",".join(page.records)
        if shard.last is not None and page.after >= shard.last:
            return Outcome(b'{"Records":[%b]}' % records)
        following = sealed(ShardIterator(stream.arn, shard.id, page.after, now), stream.table_id)
        return Outcome(b'{"Records":[%b],"NextShardIterator":%b}' % (records, orjson.dumps(following)))


def get_records(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    limit = request.get("Limit", STREAM_PAGE_MAX_RECORDS)
    if limit > STREAM_PAGE_MAX_RECORDS:
        raise invalid(f"Limit should be less than or equal to {STREAM_PAGE_MAX_RECORDS}")
    iterator = parse(request["ShardIterator"])
    name = None if iterator is None else stream_name(iterator.arn)
    if iterator is None or name is None:
        raise ValidationException(_INVALID_ITERATOR)
    return GetRecords(surroundings, caller, iterator, name, limit)
