"""Records gathered into batches: full, or as old as the window allows.

Records that a filter left out have no place in a batch, but a batch knows how far it reaches beyond its last record,
so that a checkpoint passes them too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ddbengine.consumer.events import Record, sequence_number

__all__ = ["Batch", "Batcher"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to be handed over together, in order."""

    records: tuple[Record, ...]
    reaches: str
    """The sequence number up to which all is done when the batch is."""

    def reached_after(self, done: int) -> str | None:
        """The number up to which all is done when the first ``done`` records are; None if that is nothing new."""
        if done == len(self.records):
            return self.reaches
        return sequence_number(self.records[done - 1]) if done else None


class Batcher:
    """Gathers the records of one shard.  ``now`` is monotonic seconds."""

    def __init__(self, size: int, window_seconds: float) -> None:
        self._size = size
        self._window_seconds = window_seconds
        self._waiting: deque[Record] = deque()
        self._since = 0.0
        """When the first of those that wait came."""
        self._read: str | None = None
        """The last number read, wanted or not."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, records: Sequence[Record], last: str | None, now: float) -> None:
        """The wanted ones of a page, and the number of its last record."""
        if records and not self._waiting:
            self._since = now
        self._waiting.extend(records)
        self._read = last or self._read

    def due(self, now: float, *, is_end: bool = False) -> Batch | None:
        """The next batch, if it is time for it; at a shard's end nothing is worth waiting for."""
        if not self._waiting:
            return None
        if len(self._waiting) < self._size and not is_end and now < self._since + self._window_seconds:
            return None
        records = tuple(self._waiting.popleft() for _ in range(min(self._size, len(self._waiting))))
        self._since = now
        reaches = sequence_number(records[-1]) if self._waiting else str(self._read)
        return Batch(records, reaches)

    def wait_seconds(self, now: float) -> float | None:
        """How long until those that wait are due; None if nothing waits."""
        return max(0.0, self._since + self._window_seconds - now) if self._waiting else None

    def passed(self) -> str | None:
        """The number up to which everything read has been handed over or was not wanted; None while some wait."""
        return None if self._waiting else self._read
