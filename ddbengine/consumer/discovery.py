"""Which leases there should be: one for each shard to be read, from where it is to be read.

The first worker of an application keeps what it found (``Beginning``).  Of the shards that were there then, those that
can hold what is wanted are read from the starting position and the others never; shards that came later are read from
their first record.  Parents get their leases first, so a shard whose parent has none need not wait for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ddbengine.consumer.leases import Beginning, Lease
from ddbengine.consumer.positions import LATEST, TRIM_HORIZON, Start, Where
from ddbengine.consumer.shards import Shard, Stream, parents_first
from ddbengine.consumer.stream_api import Position, Streams

__all__ = ["FORGET_AFTER_SECONDS", "begin_with", "first_leases", "forgettable", "missing_leases", "start_iterators"]

FORGET_AFTER_SECONDS = 3600.0
"""How long the lease of a finished shard stays after the shard is no longer listed; a listing may have gaps."""
ITERATORS_MAX = 200
"""For how many shards the moment of LATEST is held by an iterator, and not only by the time."""


def begin_with(stream: Stream, start: Start, now: float) -> Beginning:
    """What there is to remember of a stream with which an application begins at ``now``, seconds since the epoch."""
    if start.type == LATEST:
        start = Start(LATEST, time=now)
    initial = tuple(shard.id for shard in stream.shards.values() if start.wants(shard))
    older = tuple(shard.id for shard in stream.shards.values() if not start.wants(shard))
    return Beginning(start, initial, older)


def start_iterators(streams: Streams, beginning: Beginning) -> dict[str, str]:
    """For LATEST, iterators that hold this very moment, by shard."""
    if beginning.start.type != LATEST or len(beginning.initial) > ITERATORS_MAX:
        return {}
    return {shard_id: streams.iterator(shard_id, Position(LATEST)) for shard_id in beginning.initial}


def missing_leases(stream: Stream, beginning: Beginning, present: Collection[str]) -> list[Lease]:
    """The leases to add to those ``present``, by shard, in the order to add them."""
    initial, older = frozenset(beginning.initial), frozenset(beginning.older)
    start = beginning.start

    def lease(shard: Shard) -> Lease:
        is_initial = shard.id in initial
        where = Where(start.type, start.time, start.number) if is_initial else Where(TRIM_HORIZON)
        return Lease(shard.id, shard.parent, where)

    return [lease(shard) for shard in parents_first(stream.shards) if shard.id not in present and shard.id not in older]


def first_leases(leases: Iterable[Lease], iterators: dict[str, str]) -> list[Lease]:
    """The same leases, with the iterators that hold where they begin."""

    def held(lease: Lease) -> Lease:
        iterator = iterators.get(lease.shard_id)
        where = lease.where
        if iterator is None:
            return lease
        return Lease(lease.shard_id, lease.parent, Where(where.checkpoint, where.time, where.number, iterator))

    return [held(lease) for lease in leases]


def forgettable(stream: Stream, leases: Iterable[Lease], now: float) -> list[Lease]:
    """Leases of shards that are read to their end and have left the stream."""
    return [
        lease
        for lease in leases
        if lease.is_ended
        and lease.shard_id not in stream.shards
        and lease.ended is not None
        and now - lease.ended >= FORGET_AFTER_SECONDS
    ]
