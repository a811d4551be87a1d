"""Everything a stream tells, as it comes: all its shards, parents before their children, new shards as they appear.

The records of one item come in their order, since they are in one lineage of shards.  Between lineages a round is
merged by the records' time, which is all the order there is.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ddbengine.commands.streams.failures import TRIMMED, Failure
from ddbengine.commands.streams.patience import Patience
from ddbengine.consumer.discovery import begin_with, missing_leases
from ddbengine.consumer.events import Record, created
from ddbengine.consumer.leases import Beginning
from ddbengine.consumer.positions import LATEST, TRIM_HORIZON, Start, Where
from ddbengine.consumer.reader import Reading, ShardReader
from ddbengine.consumer.shards import Shard, Stream, is_ready
from ddbengine.consumer.stream_api import Position, Streams

__all__ = ["Follower"]

_READERS_MAX = 16
_IDLE_FIRST_SECONDS = 0.1
_IDLE_MAX_SECONDS = 1.0
_REFRESH_SECONDS = 10.0
"""How often the shards are listed while none ends."""


class Follower:
    """Reads one stream.  For one thread, though it uses more when there are many shards."""

    def __init__(
        self,
        streams: Streams,
        start: Start,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._streams = streams
        self._start = start
        self._patience = patience
        self._clock = clock
        self._wall_clock = wall_clock
        self._readers: dict[str, ShardReader] = {}
        """Of the shards that are being read, by shard id."""
        self._finished: set[str] = set()
        self._listed_at = 0.0
        self._has_one_ended = False
        """Since the shards were listed: then there are children to look for."""

    def rounds(self) -> Generator[list[Record], None, None]:
        """The records of each round, none if there were none.  Ends when the stream is switched off and read to its
        end.  Raise StreamMissing, Failure, what boto3 raises, or Stopped."""
        with ThreadPoolExecutor(_READERS_MAX) as pool:
            try:
                yield from self._rounds(pool)
            finally:
                # The pool waits for its threads, and these may be waiting to repeat a request.
                self._patience.stop()

    def _rounds(self, pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
        stream = self._list()
        beginning = self._beginning(stream)
        self._begin_shards(stream, beginning)
        idle_seconds = _IDLE_FIRST_SECONDS
        while self._readers or stream.status != "DISABLED":
            records = self._round(pool)
            yield records
            stream = self._refreshed(stream)
            has_begun = self._begin_shards(stream, beginning)
            if records:
                idle_seconds = _IDLE_FIRST_SECONDS
            elif not has_begun:
                self._patience.pause(idle_seconds)
                idle_seconds = min(idle_seconds * 2, _IDLE_MAX_SECONDS)

    # --- which shards ------------------------------------------------------------------------------------------------

    def _beginning(self, stream: Stream) -> Beginning:
        number = self._start.number
        if number is not None and all(int(number) < int(shard.first) for shard in stream.shards.values()):
            raise _trimmed(number)
        beginning = begin_with(stream, self._start, self._wall_clock())
        self._finished.update(beginning.older)
        return beginning

    def _list(self) -> Stream:
        self._listed_at = self._clock()
        self._has_one_ended = False
        return self._patience(self._streams.describe)

    def _refreshed(self, stream: Stream) -> Stream:
        """The stream with the shards it has now, when it may have others."""
        is_due = self._clock() - self._listed_at >= _REFRESH_SECONDS
        return self._list() if is_due or self._has_one_ended or not self._readers else stream

    def _begin_shards(self, stream: Stream, beginning: Beginning) -> bool:
        """Begin to read the shards that may be read now; whether there were any."""
        begun = {*self._finished, *self._readers}
        ready = [
            (stream.shards[lease.shard_id], lease.where)
            for lease in missing_leases(stream, beginning, begun)
            if is_ready(stream.shards[lease.shard_id], stream.shards, self._finished)
        ]
        for shard, where in ready:
            self._readers[shard.id] = ShardReader(self._streams, shard.id, self._where(shard, where))
        return bool(ready)

    def _where(self, shard: Shard, where: Where) -> Where:
        if where.checkpoint == LATEST:
            # Only an iterator holds this very moment.
            iterator = self._patience(lambda: self._streams.iterator(shard.id, Position(LATEST)))
            return replace(where, iterator=iterator)
        # All of a shard comes after a number that is below its first.
        is_below = where.number is not None and int(where.number) < int(shard.first)
        return Where(TRIM_HORIZON) if is_below else where

    # --- reading -----------------------------------------------------------------------------------------------------

    def _round(self, pool: ThreadPoolExecutor) -> list[Record]:
        """One page of every shard that is being read."""
        readers = list(self._readers.values())
        readings = list(map(self._read, readers) if len(readers) < 2 else pool.map(self._read, readers))
        for reader, reading in zip(readers, readings, strict=True):
            if reading.is_end:
                del self._readers[reader.shard_id]
                self._finished.add(reader.shard_id)
                self._has_one_ended = True
        return list(heapq.merge(*(reading.records for reading in readings), key=created))

    def _read(self, reader: ShardReader) -> Reading:
        reading = self._patience(reader.read)
        if reader.trimmed and self._start.number is not None:
            raise _trimmed(self._start.number)
        return reading


def _trimmed(number: str) -> Failure:
    return Failure(f"record {number} is trimmed: it is older than anything the stream keeps", TRIMMED)
