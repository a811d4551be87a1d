"""What time does to streams: shards roll over, records and shards grow too old to be read, streams switched off end.

Streams follow the change log under a position of their own, which is the trim horizon of all of them: a change made
longer ago than the retention is not read any more, and the log may drop it.  The position is there while any stream is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ddbengine.engine.context import StreamSettings
from ddbengine.engine.purge import DONE, MORE
from ddbengine.storage.store import Outcome, ReadTxn, Store, Writes, position_key, position_of, position_put
from ddbengine.streams import lineage
from ddbengine.streams.reading import FOLLOWER, last_before
from ddbengine.streams.rows import (
    Shard,
    Stream,
    all_streams,
    open_shards,
    shard_key,
    shards_of,
    stream_key,
)

__all__ = ["StreamUpkeep", "upkeep_pending"]

BATCH_SHARDS = 500
"""Rolled over or dropped by one plan: a few milliseconds of the committer's time."""
LOOK_SECONDS = 60.0
"""From one look for what has grown too old to the next, at most."""
LOOKS_IN_RETENTION = 24
"""At least: so records stay little longer than they have to, however short that is."""


@dataclass(slots=True)
class _Batch:
    """The changes of one plan, up to a number of shards."""

    room: int
    changes: list[Writes] = field(default_factory=list)
    dropped: Writes = field(default_factory=Writes)

    def outcome(self) -> Outcome:
        changes = self.changes
        if self.dropped.puts or self.dropped.deletes:
            changes.append(self.dropped)
        return Outcome(DONE if self.room > 0 else MORE, changes)


@dataclass(frozen=True, slots=True)
class KeepStreams:
    """Does what is due by now; the outcome's body is MORE when that was not all, and without changes nothing was."""

    now: float
    settings: StreamSettings
    horizon: int
    """The LSN of the last change that is too old to be read."""
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        batch = _Batch(BATCH_SHARDS)
        streams = list(all_streams(txn))
        remaining, newest = len(streams), max((stream.newest_shard for stream in streams), default=0)
        for stream in streams:
            if batch.room <= 0:
                break
            if self._is_over(stream):
                remaining -= self._end(stream, txn, batch)
            else:
                self._drop_shards(stream, txn, batch)
                newest = self._roll_over(replace(stream, newest_shard=newest), txn, batch)
        self._move_horizon(txn, batch, remaining > 0)
        return batch.outcome()

    def _is_over(self, stream: Stream) -> bool:
        return stream.disabled is not None and stream.disabled + self.settings.retention_seconds <= self.now

    def _end(self, stream: Stream, txn: ReadTxn, batch: _Batch) -> bool:
        """Drop a stream with its shards, those first; whether it is gone."""
        for shard in shards_of(txn, stream):
            if batch.room <= 0:
                return False
            batch.dropped.deletes.append(shard_key(stream, shard.id))
            batch.room -= 1
        batch.dropped.deletes.append(stream_key(stream.namespace, stream.table_name, stream.label))
        return True

    def _drop_shards(self, stream: Stream, txn: ReadTxn, batch: _Batch) -> None:
        """Drop the shards at the front that have been closed for longer than records are kept; what is behind one that
        stays is younger, and goes a little later."""
        for shard in shards_of(txn, stream):
            is_old = shard.closed is not None and shard.closed + self.settings.retention_seconds <= self.now
            if not is_old or batch.room <= 0:
                return
            batch.dropped.deletes.append(shard_key(stream, shard.id))
            batch.room -= 1

    def _roll_over(self, stream: Stream, txn: ReadTxn, batch: _Batch) -> int:
        """Close the shards that have been open for long enough, each followed by one of the same hashes; the number of
        the newest shard of all streams then."""
        grown, rolled = stream, list[Shard]()
        for shard in open_shards(txn, stream):
            if batch.room > 0 and shard.created + self.settings.rollover_seconds <= self.now:
                grown, shards = lineage.succeeded(grown, shard, (), txn.lsn(), self.now)
                rolled += shards
                batch.room -= 1
        if rolled:
            batch.changes.append(lineage.writes(grown, rolled))
        return grown.newest_shard

    def _move_horizon(self, txn: ReadTxn, batch: _Batch, is_needed: bool) -> None:
        position = position_of(txn, FOLLOWER)
        if position is None:
            return
        if not is_needed:
            batch.dropped.deletes.append(position_key(FOLLOWER))
        elif position < self.horizon:
            batch.dropped.puts.append(position_put(FOLLOWER, self.horizon))


class StreamUpkeep:
    """The housekeeping chore."""

    def __init__(self, store: Store, clock: Callable[[], float], settings: StreamSettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    def __call__(self) -> float | None:
        """Seconds until something may be due again; None while there is no stream."""
        now = self._clock()
        with self._store.snapshot() as txn:
            if not upkeep_pending(txn):
                return None
            horizon = last_before(txn, int((now - self._settings.retention_seconds) * 1_000_000))
            plan = KeepStreams(now, self._settings, horizon)
            is_due = bool(plan.run(txn).changes)
        if is_due and self._store.submit(plan).result().body == MORE:
            return 0.0
        with self._store.snapshot() as txn:
            look = min(LOOK_SECONDS, self._settings.retention_seconds / LOOKS_IN_RETENTION)
            return max(0.0, min([look, *(due - now for due in self._rollovers(txn))]))

    def _rollovers(self, txn: ReadTxn) -> Iterator[float]:
        """When open shards are to be rolled over."""
        for stream in all_streams(txn):
            for shard in open_shards(txn, stream):
                yield shard.created + self._settings.rollover_seconds


def upkeep_pending(txn: ReadTxn) -> bool:
    """Whether there is a stream, or was one."""
    return position_of(txn, FOLLOWER) is not None
