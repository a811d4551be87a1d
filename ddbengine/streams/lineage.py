"""How shards come and go: opened with their stream, split or rolled over into children, closed with their stream.

Every such change takes the LSN ``b`` that the transaction has come to as its boundary: what was changed up to b belongs
to the shards before, what comes after to those behind.  So each record is in exactly one shard, and the records of one
item are in the order of their shards' lineage, however many writes are under way.

A stream that is given to ``opened`` or ``succeeded`` has in ``newest_shard`` the number of the newest shard of all
streams (``rows.newest_shard``), so that no two of a store ever have the same.

These changes go into the change log themselves, so that the boundary of the next change is a greater one and
no shard is without a sequence number of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ddbengine.storage.store import ReadTxn, Writes
from ddbengine.streams.rows import HASHES, Shard, Stream, open_shards, shard_row, stream_row


def opened(stream: Stream, cuts: Sequence[int], lsn: int) -> Writes:
    """A new stream with a shard for each partition; ``cuts`` are the partitions' boundaries inside the hash space."""
    return writes(*_with_shards(stream, None, (0, *cuts, HASHES), lsn, stream.created))


def closed(stream: Stream, txn: ReadTxn, now: float) -> Writes:
    """The stream disabled, its open shards closed."""
    ended = [_ended(shard, txn.lsn(), now) for shard in open_shards(txn, stream)]
    return writes(replace(stream, disabled=now, open_shards=()), ended)


def succeeded(stream: Stream, parent: Shard, cuts: Sequence[int], lsn: int, now: float) -> tuple[Stream, list[Shard]]:
    """An open shard closed and followed by children, which it is cut into at ``cuts``; by one child without any.

    Returns the stream and the shards to write, so that several shards can be succeeded in one change (see ``writes``).
    """
    assert parent.id in stream.open_shards, "only an open shard has children"
    assert all(parent.low < cut < parent.high for cut in cuts), (parent, cuts)
    grown, children = _with_shards(stream, parent.id, (parent.low, *cuts, parent.high), lsn, now)
    place = stream.open_shards.index(parent.id)
    ids = tuple(child.id for child in children)
    grown = replace(grown, open_shards=stream.open_shards[:place] + ids + stream.open_shards[place + 1 :])
    return grown, [_ended(parent, lsn, now), *children]


def _with_shards(
    stream: Stream, parent: str | None, bounds: Sequence[int], lsn: int, now: float
) -> tuple[Stream, list[Shard]]:
    """Shards between the bounds, made now, and the stream that has them open and no others."""
    number = max(int(now * 1000), stream.newest_shard + 1)
    shards = [
        Shard(_shard_id(number + place, low), low, high, lsn, None, parent, now, None)
        for place, (low, high) in enumerate(pairwise(bounds))
    ]
    newest = number + len(shards) - 1
    return replace(stream, open_shards=tuple(shard.id for shard in shards), newest_shard=newest), shards


def _shard_id(number: int, low: int) -> str:
    """As the service's: 20 digits, which are a time in milliseconds there, and 8 hexadecimal ones.  The number grows
    from shard to shard of a store; the rest tells where the shard's hashes begin."""
    return f"shardId-{number:020}-{low:08x}"


def _ended(shard: Shard, lsn: int, now: float) -> Shard:
    return replace(shard, last=lsn, closed=now)


def writes(stream: Stream, shards: Sequence[Shard]) -> Writes:
    """What puts a stream and some of its shards into the store, and into the log."""
    return Writes(puts=[stream_row(stream), *(shard_row(stream, shard) for shard in shards)], logged=True)
