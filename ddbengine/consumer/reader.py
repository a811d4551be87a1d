"""Reading one shard from a place on: iterators come and go, the place is what counts.

What can be mended is mended here: an expired iterator is opened anew after the last record read; data that was trimmed
before it was read is told, counted and left behind.  What passes by itself (see ``failures.is_transient``) is raised;
the reader is where it was and may be asked again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from botocore.exceptions import ClientError, ParamValidationError

from ddbengine.consumer.events import Record, created, sequence_number
from ddbengine.consumer.failures import code_of
from ddbengine.consumer.positions import AT_SEQUENCE_NUMBER, AT_TIMESTAMP, LATEST, SHARD_END, TRIM_HORIZON, Where
from ddbengine.consumer.stream_api import PAGE_RECORDS, Page, Position, Streams

__all__ = ["Reading", "ShardReader"]

MENDS_MAX = 3
"""In one reading; a service that answers the same again and again is not to be asked forever."""

log = logging.getLogger("ddbengine.consumer")


@dataclass(frozen=True, slots=True)
class Reading:
    """One page of a shard."""

    records: list[Record]
    """Those that are wanted of it; none before the start."""
    last: str | None
    """The number of its last record, wanted or not; None for an empty page."""
    newest: float | None
    """When that record was created, in seconds since the epoch."""
    is_end: bool
    """The shard is closed and this was all."""


class ShardReader:
    """A shard, page after page."""

    def __init__(self, streams: Streams, shard_id: str, where: Where) -> None:
        self._streams = streams
        self.shard_id = shard_id
        self._where = where
        self._iterator: str | None = where.iterator
        self.expired = 0
        """How often an iterator had expired."""
        self.trimmed = 0
        """How often records were gone before they could be read."""

    @property
    def where(self) -> Where:
        """The place after the last page."""
        return self._where

    def read(self, limit: int = PAGE_RECORDS) -> Reading:
        """The next page.  Raise what botocore raises for anything that has no remedy here."""
        page = self._page(limit)
        wanted = [record for record in page.records if self._is_wanted(record)]
        last = sequence_number(page.records[-1]) if page.records else None
        newest = created(page.records[-1]) if page.records else None
        self._iterator = page.next
        if page.next is None:
            self._where = self._where.moved_to(SHARD_END)
        elif last is not None:
            self._where = self._where.moved_to(last)
        return Reading(wanted, last, newest, is_end=page.next is None)

    def _is_wanted(self, record: Record) -> bool:
        where = self._where
        if where.checkpoint != LATEST and where.time is not None and created(record) < int(where.time):
            return False
        return where.number is None or int(sequence_number(record)) >= int(where.number)

    def _page(self, limit: int) -> Page:
        for mended in range(MENDS_MAX + 1):
            if self._where.checkpoint == SHARD_END:
                break
            try:
                if self._iterator is None:
                    self._iterator = self._open()
                return self._streams.read(self._iterator, limit)
            except ClientError as error:
                if mended == MENDS_MAX or not self._mend(error):
                    raise
                self._iterator = None
        return Page([], None)

    def _open(self) -> str:
        self._where = where = self._where.without_iterator()
        if where.checkpoint == AT_TIMESTAMP and where.time is not None:
            return self._open_since(int(where.time))
        if where.checkpoint in (TRIM_HORIZON, AT_TIMESTAMP):
            return self._streams.iterator(self.shard_id, Position(TRIM_HORIZON))
        if where.checkpoint == LATEST:
            return self._streams.iterator(self.shard_id, Position(LATEST))
        if where.checkpoint == AT_SEQUENCE_NUMBER and where.number is not None:
            return self._streams.iterator(self.shard_id, Position.at(where.number))
        return self._streams.iterator(self.shard_id, Position.after(where.checkpoint))

    def _open_since(self, seconds: int) -> str:
        """An iterator from a time on, or where such are not known, from the oldest record on; what is older is dropped
        in any case."""
        try:
            return self._streams.iterator(self.shard_id, Position.since(seconds))
        except (ClientError, ParamValidationError) as error:
            if isinstance(error, ClientError) and code_of(error) != "ValidationException":
                raise
            return self._streams.iterator(self.shard_id, Position(TRIM_HORIZON))

    def _mend(self, error: ClientError) -> bool:
        code, where = code_of(error), self._where
        if code == "ExpiredIteratorException":
            self.expired += 1
            log.info("the iterator of shard %s has expired; going on after %s", self.shard_id, where.checkpoint)
            return True
        if code == "TrimmedDataAccessException":
            self.trimmed += 1
            log.error(
                "DATA LOST: records of shard %s after %s were deleted (24 hours) before they were read; going on with"
                " the oldest that is there",
                self.shard_id,
                where.checkpoint,
            )
            self._where = where.moved_to(TRIM_HORIZON)
            return True
        if code == "ResourceNotFoundException":
            self.trimmed += 1
            log.error("DATA LOST: shard %s is gone; it was read up to %s", self.shard_id, where.checkpoint)
            self._where = where.moved_to(SHARD_END)
            return True
        if code == "ValidationException" and where.checkpoint == AT_SEQUENCE_NUMBER:
            # The number is another shard's; records with lower ones are dropped one by one.
            self._where = where.moved_to(AT_TIMESTAMP)
            return True
        return False
