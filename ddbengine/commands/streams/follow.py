"""Everything a stream tells, as it comes: all its shards, parents before their children, new shards as they appear.

The records of one item come in their order, since they are in one lineage of shards.  Between lineages a round is
merged by the records' time, which is all the order there is.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ddbengine.commands.streams.failures import TRIMMED, Failure
from ddbengine.commands.streams.patience import Patience
from ddbengine.consumer.events import Record, created, sequence_number
from ddbengine.consumer.failures import code_of
from ddbengine.consumer.shards import Shard, Stream, is_ready, parents_first
from ddbengine.consumer.stream_api import LATEST, TRIM_HORIZON, Page, Position, Streams

__all__ = ["AtNumber", "AtTime", "Follower", "Start"]

_READERS_MAX = 16
_IDLE_FIRST_SECONDS = 0.1
_IDLE_MAX_SECONDS = 1.0
_REFRESH_SECONDS = 10.0
"""How often the shards are listed while none ends."""


@dataclass(frozen=True, slots=True)
class AtNumber:
    """From the record of this sequence number on, itself included."""

    number: str


@dataclass(frozen=True, slots=True)
class AtTime:
    """From the first record that was written then, or later."""

    seconds: int
    """Since the epoch; records know no fractions of them."""


Start = str | AtNumber | AtTime
"""LATEST, TRIM_HORIZON, or one of the above."""


@dataclass(slots=True)
class _Reading:
    """A shard that is being read."""

    shard: Shard
    position: Position
    """Where to go on if the iterator is lost."""
    iterator: str | None = None
    is_finished: bool = False


class Follower:
    """Reads one stream.  For one thread, though it uses more when there are many shards."""

    def __init__(
        self,
        streams: Streams,
        start: Start,
        patience: Patience,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``warn`` is told in a line what the person should know: records that are lost to them."""
        self._streams = streams
        self._start = start
        self._patience = patience
        self._warn = warn
        self._clock = clock
        self._readings: dict[str, _Reading] = {}
        self._finished: set[str] = set()
        self._stream: Stream | None = None
        self._listed_at = 0.0

    def rounds(self) -> Iterator[list[Record]]:
        """The records of each round, none if there were none.  Ends when the stream is switched off and read to its
        end.  Raise StreamMissing, Failure, what boto3 raises, or Stopped."""
        with ThreadPoolExecutor(_READERS_MAX) as pool:
            try:
                yield from self._rounds(pool)
            finally:
                # The pool waits for its threads, and these may be waiting to repeat a request.
                self._patience.stop()

    def _rounds(self, pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
        idle_seconds = _IDLE_FIRST_SECONDS
        while True:
            stream = self._refresh()
            if stream.status == "DISABLED" and not self._readings:
                return
            records = self._round(pool)
            yield records
            if records:
                idle_seconds = _IDLE_FIRST_SECONDS
            elif not self._ready(stream):
                self._patience.pause(idle_seconds)
                idle_seconds = min(idle_seconds * 2, _IDLE_MAX_SECONDS)

    # --- which shards ------------------------------------------------------------------------------------------------

    def _refresh(self) -> Stream:
        """List the shards if that is due, and begin those that may be read now."""
        now = self._clock()
        is_first = self._stream is None
        if self._stream is None or not self._readings or now - self._listed_at >= _REFRESH_SECONDS:
            self._stream = self._patience(self._streams.describe)
            self._listed_at = now
        if is_first:
            self._check_start(self._stream)
            self._finished.update(shard.id for shard in self._stream.shards.values() if self._is_before_start(shard))
            self._readings = {
                shard.id: _Reading(shard, self._first_position(shard)) for shard in self._ready(self._stream)
            }
        else:
            for shard in self._ready(self._stream):
                self._readings[shard.id] = _Reading(shard, Position(TRIM_HORIZON))
        return self._stream

    def _check_start(self, stream: Stream) -> None:
        if isinstance(self._start, AtNumber) and stream.shards:
            oldest = min(int(shard.first) for shard in stream.shards.values())
            if int(self._start.number) < oldest:
                raise _trimmed(self._start.number)

    def _ready(self, stream: Stream) -> list[Shard]:
        return [
            shard
            for shard in parents_first(stream.shards)
            if shard.id not in self._finished
            and shard.id not in self._readings
            and is_ready(shard, stream.shards, self._finished)
        ]

    def _is_before_start(self, shard: Shard) -> bool:
        if self._start == LATEST:
            return not shard.is_open
        if isinstance(self._start, AtNumber):
            return shard.last is not None and int(shard.last) < int(self._start.number)
        return False

    def _first_position(self, shard: Shard) -> Position:
        if self._start == LATEST:
            return Position(LATEST)
        if isinstance(self._start, AtNumber) and int(shard.first) <= int(self._start.number):
            return Position.at(self._start.number)
        return Position(TRIM_HORIZON)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _round(self, pool: ThreadPoolExecutor) -> list[Record]:
        """One page of every shard that is being read."""
        readings = list(self._readings.values())
        pages = list(map(self._page, readings) if len(readings) < 2 else pool.map(self._page, readings))
        for reading in readings:
            if reading.is_finished:
                del self._readings[reading.shard.id]
                self._finished.add(reading.shard.id)
        return list(heapq.merge(*(filter(self._is_wanted, page) for page in pages), key=created))

    def _page(self, reading: _Reading) -> list[Record]:
        """The next page of a shard; where its iterator is lost, of one opened anew."""
        try:
            page = self._read(reading)
        except Exception as error:
            self._reopen(reading, error)
            page = self._read(reading)
        reading.iterator = page.next
        reading.is_finished = page.next is None
        if page.records:
            reading.position = Position.after(sequence_number(page.records[-1]))
        return page.records

    def _read(self, reading: _Reading) -> Page:
        iterator = reading.iterator
        if iterator is None:
            iterator = self._patience(lambda: self._streams.iterator(reading.shard.id, reading.position))
            reading.iterator = iterator
        return self._patience(lambda: self._streams.read(str(iterator)))

    def _reopen(self, reading: _Reading, error: Exception) -> None:
        """Put a reading where it can go on after this error, or raise it."""
        code = code_of(error)
        reading.iterator = None
        is_first_position = reading.position.type == "AT_SEQUENCE_NUMBER"
        if is_first_position and code == "ValidationException":
            # The number is of another shard's record: what is before it is left out when it is read.
            reading.position = Position(TRIM_HORIZON)
        elif code == "TrimmedDataAccessException":
            if is_first_position:
                raise _trimmed(str(reading.position.number)) from error
            self._warn(f"records of {reading.shard.id} were trimmed before they were read; going on with the oldest")
            reading.position = Position(TRIM_HORIZON)
        elif code != "ExpiredIteratorException":
            raise error
        elif reading.position.type == LATEST:
            self._warn(f"the iterator of {reading.shard.id} expired; going on with what comes from now on")

    def _is_wanted(self, record: Record) -> bool:
        if isinstance(self._start, AtTime):
            return created(record) >= self._start.seconds
        if isinstance(self._start, AtNumber):
            return int(sequence_number(record)) >= int(self._start.number)
        return True


def _trimmed(number: str) -> Failure:
    return Failure(f"the record {number} is trimmed: older than anything the stream keeps", TRIMMED)
