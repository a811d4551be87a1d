"""How a consumer is doing: counters and, per shard, how far it is and how far behind.

``Tally`` is what the threads count in; a ``Progress`` is a plain picture of one moment, for a person or a metrics page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, fields

__all__ = ["Counters", "Progress", "ShardProgress", "ShardTally", "Tally"]


@dataclass(slots=True)
class Counters:
    """What only grows."""

    records_read: int = 0
    records_filtered: int = 0
    """Read and not wanted."""
    records_handled: int = 0
    batches_handled: int = 0
    batches_failed: int = 0
    """Attempts that a handler did not take, or not wholly."""
    records_dead: int = 0
    """Given up, and put among the dead letters."""
    bisections: int = 0
    checkpoints: int = 0
    throttled: int = 0
    retried_requests: int = 0
    """Requests to the service that failed and were made again, throttled ones among them."""
    iterators_expired: int = 0
    trimmed: int = 0
    """How often records were deleted before they could be read: data that this application has lost."""
    leases_lost: int = 0
    shards_finished: int = 0


@dataclass(frozen=True, slots=True)
class ShardProgress:
    """One shard that this worker reads."""

    shard_id: str
    checkpoint: str
    """The last sequence number done with, or where the shard began."""
    millis_behind: float | None
    """How old the oldest record is that is not done with, 0 at the tip of the shard; None before the first page."""
    records_handled: int
    waiting: int
    """Records read and not yet handed over."""
    failing: str | None
    """The error of the batch that is being tried again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A consumer at one moment."""

    worker: str
    application: str
    stream_arn: str | None
    uptime_seconds: float
    counters: Counters
    shards: tuple[ShardProgress, ...]
    leases: int
    """Shards that may be read now, by all workers."""
    workers: int
    """Workers that hold a lease, or this one."""

    @property
    def millis_behind(self) -> float | None:
        """The worst of the shards; None while nothing is known."""
        return max((shard.millis_behind for shard in self.shards if shard.millis_behind is not None), default=None)


@dataclass(slots=True)
class ShardTally:
    """What the thread of a shard keeps current; others only read it."""

    shard_id: str
    checkpoint: str
    is_read: bool = False
    """There has been a first page."""
    oldest: float | None = None
    """When the oldest record was created that is not done with, in seconds since the epoch; None at the tip."""
    records_handled: int = 0
    waiting: int = 0
    failing: str | None = None

    def progress(self, now: float) -> ShardProgress:
        oldest = self.oldest
        behind = (0.0 if oldest is None else max(0.0, now - oldest) * 1000) if self.is_read else None
        return ShardProgress(self.shard_id, self.checkpoint, behind, self.records_handled, self.waiting, self.failing)


class Tally:
    """The counters of one consumer.  Safe from several threads."""

    def __init__(
        self,
        worker: str,
        application: str,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """``clock`` gives monotonic seconds, ``wall_clock`` seconds since the epoch."""
        self._worker = worker
        self._application = application
        self._clock = clock
        self._wall_clock = wall_clock
        self._started = clock()
        self._lock = threading.Lock()
        self._counters = Counters()
        self._shards: dict[str, ShardTally] = {}
        self.stream_arn: str | None = None
        self.leases = 0
        self.workers = 1

    def count(self, **increments: int) -> None:
        """Add to counters, by their names in ``Counters``."""
        with self._lock:
            for name, increment in increments.items():
                setattr(self._counters, name, getattr(self._counters, name) + increment)

    def shard(self, shard_id: str, checkpoint: str) -> ShardTally:
        """Begin to show a shard."""
        tally = ShardTally(shard_id, checkpoint)
        with self._lock:
            self._shards[shard_id] = tally
        return tally

    def forget(self, shard: ShardTally) -> None:
        with self._lock:
            if self._shards.get(shard.shard_id) is shard:
                del self._shards[shard.shard_id]

    def progress(self) -> Progress:
        now = self._wall_clock()
        with self._lock:
            counters = Counters(*(getattr(self._counters, field.name) for field in fields(Counters)))
            shards = tuple(self._shards[shard_id].progress(now) for shard_id in sorted(self._shards))
        return Progress(
            worker=self._worker,
            application=self._application,
            stream_arn=self.stream_arn,
            uptime_seconds=self._clock() - self._started,
            counters=counters,
            shards=shards,
            leases=self.leases,
            workers=self.workers,
        )
