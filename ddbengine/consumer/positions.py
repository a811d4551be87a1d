"""Where in a shard a consumer is, in the words that the Kinesis Client Library keeps in its checkpoints, and where one
that has never been there begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from ddbengine.consumer.errors import BadStart
from ddbengine.consumer.shards import Shard

__all__ = ["AT_SEQUENCE_NUMBER", "AT_TIMESTAMP", "LATEST", "SHARD_END", "TRIM_HORIZON", "Start", "Where", "start_from"]

TRIM_HORIZON = "TRIM_HORIZON"
LATEST = "LATEST"
AT_TIMESTAMP = "AT_TIMESTAMP"
AT_SEQUENCE_NUMBER = "AT_SEQUENCE_NUMBER"
SHARD_END = "SHARD_END"

CLOCK_SKEW_SECONDS = 60
"""How far this machine's clock may be ahead of the service's; rather records twice than not at all."""
_SEQUENCE_NUMBER = re.compile(r"[0-9]{21,40}")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Where:
    """A place in one shard, durable: whoever goes on from it misses nothing.

    Streams themselves know no points in time; records before ``time`` or ``number`` are read and dropped."""

    checkpoint: str
    """The number of the last record that is done with, or SHARD_END, or before there is one, one of the others."""
    time: float | None = None
    """Records created before, in seconds since the epoch, are not wanted."""
    number: str | None = None
    """Nor those with a lower sequence number."""
    iterator: str | None = None
    """For LATEST, an iterator from the moment the consumer began; good for 15 minutes."""

    def moved_to(self, checkpoint: str) -> Where:
        """The same beginning, read up to ``checkpoint``.  What comes after LATEST is wanted whatever its time."""
        return Where(checkpoint, None if self.checkpoint == LATEST else self.time, self.number)

    def without_iterator(self) -> Where:
        """The same place when the iterator has expired.  Only the time still marks LATEST, and it was told by another
        clock than the records' times are."""
        if self.checkpoint != LATEST or self.time is None:
            return Where(self.checkpoint, self.time, self.number)
        return Where(AT_TIMESTAMP, self.time - CLOCK_SKEW_SECONDS, self.number)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a consumer begins that has no checkpoints: ``type`` is TRIM_HORIZON, LATEST, AT_TIMESTAMP or
    AT_SEQUENCE_NUMBER."""

    type: str
    time: float | None = None
    """Seconds since the epoch: from when on records are wanted; for LATEST, when the consumer began."""
    number: str | None = None

    def wants(self, shard: Shard) -> bool:
        """Whether a shard that is there when the consumer begins may hold anything that is wanted."""
        if shard.last is None:
            return True
        return self.type != LATEST and (self.number is None or int(shard.last) >= int(self.number))


def start_from(text: str | float | datetime) -> Start:
    """A start as people write it: ``latest``, ``trim-horizon``, a sequence number (21 digits or more), or a time: a
    datetime, seconds since the epoch, or ISO 8601.  Raise BadStart."""
    if isinstance(text, datetime):
        return Start(AT_TIMESTAMP, time=text.timestamp())
    if isinstance(text, int | float):
        return Start(AT_TIMESTAMP, time=float(text))
    word = text.strip().upper().replace("-", "_").replace(" ", "_")
    if word in (LATEST, TRIM_HORIZON):
        return Start(word)
    if _SEQUENCE_NUMBER.fullmatch(text.strip()):
        return Start(AT_SEQUENCE_NUMBER, number=text.strip())
    return Start(AT_TIMESTAMP, time=_time_of(text.strip()))


def _time_of(text: str) -> float:
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise BadStart(
            f"cannot start from {text!r}: give latest, trim-horizon, a sequence number, or a time (ISO 8601, UTC if it"
            " does not say, or seconds since the epoch)"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
