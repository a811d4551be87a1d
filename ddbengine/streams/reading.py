"""Reading a shard: the change log, filtered by table, partition hash and LSN; and places in the log by time.

A read is bounded in what it returns and in what it looks at, so it never holds anybody up; it may come back with few
records or none and a place further on, as the service's do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ddbengine.limits import STREAM_PAGE_MAX_BYTES
from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.store import ReadTxn, position_of
from ddbengine.streams.records import Render, partition_hash, record_prefix
from ddbengine.streams.rows import Shard

FOLLOWER = "streams"
"""The name under which streams follow the change log.  Its position is the trim horizon: nothing is read before it."""

_STEP_BYTES = 32 << 10
"""Of the log, looked at at a time, in a fraction of a millisecond; a page that fills up early has not decoded much for
nothing."""
SCAN_MAX_STEPS = 64
"""Of one call, whatever it finds: some milliseconds."""


def trim_horizon(txn: ReadTxn) -> int:
    """The LSN up to which records are gone."""
    return position_of(txn, FOLLOWER) or 0


def is_trimmed(txn: ReadTxn, shard: Shard, after: int) -> bool:
    """Whether records of the shard behind an LSN may be gone; what is behind its end is not there to be gone."""
    horizon = trim_horizon(txn)
    return after < (horizon if shard.last is None else min(horizon, shard.last))


@dataclass(slots=True)
class Page:
    """Records of a shard, and the LSN up to which it has been read with them."""

    records: list[bytes]
    after: int


@dataclass(slots=True)
class _Reader:
    """One call's way through the log."""

    shard: Shard
    prefix: bytes
    render: Render
    most_records: int
    page: Page
    size: int = 0

    def take(self, entry: LogEntry) -> bool:
        """Add an entry's records to the page; whether there is room for more.  ``page.after`` is where it came to."""
        page, shard, prefix = self.page, self.shard, self.prefix
        last = entry.last if shard.last is None else min(entry.last, shard.last)
        lsn = entry.first - 1
        for record in entry.logical:
            lsn += 1
            if lsn <= page.after or record is None or not record.startswith(prefix):
                continue
            if lsn > last:
                break
            if not shard.low <= partition_hash(record, prefix) < shard.high:
                continue
            if len(page.records) == self.most_records:
                return False
            body, size = self.render(record, lsn, entry.micros)
            if page.records and self.size + size > STREAM_PAGE_MAX_BYTES:
                return False
            page.records.append(body)
            self.size += size
            page.after = lsn
        page.after = max(page.after, last)
        return True


def read_shard(
    txn: ReadTxn,
    table_number: int,
    shard: Shard,
    after: int,
    most_records: int,
    render: Render,
    pause: Callable[[], object] | None = None,
) -> Page:
    """Up to so many records of a shard behind an LSN, of up to a megabyte together, but at least one if it comes to one
    within what it may look at.  ``pause`` is called between steps."""
    end = max(after, txn.lsn() if shard.last is None else min(txn.lsn(), shard.last))
    page = Page([], after)
    prefix = record_prefix(table_number)
    reader = _Reader(shard, prefix, render, most_records, page)
    wanted = _may_hold(shard, prefix)
    for _ in range(SCAN_MAX_STEPS):
        if page.after >= end:
            break
        entries, looked_to = txn.log_search(page.after, _STEP_BYTES, wanted)
        if looked_to <= page.after:
            looked_to = end
        for entry in entries:
            if not reader.take(entry):
                return page
        page.after = max(page.after, min(looked_to, end))
        if pause is not None:
            pause()
    return page


def _may_hold(shard: Shard, prefix: bytes) -> Callable[[bytes], bool]:
    """Whether an entry of the log, as its bytes are, can hold records of the shard: far cheaper than decoding it."""
    low, top = shard.low.to_bytes(4, "big"), (shard.high - 1).to_bytes(4, "big")
    skip = len(prefix)

    def may_hold(packed: bytes) -> bool:
        at = packed.find(prefix)
        while at >= 0:
            if low <= packed[at + skip : at + skip + 4] <= top:
                return True
            at = packed.find(prefix, at + 1)
        return False

    return may_hold


def last_before(txn: ReadTxn, micros: int) -> int:
    """The LSN of the last change in the log that was made before a time; one less than the log begins with if there is
    none, and 0 when the log is empty.  Entries are in order of time, so this looks at a few of them only."""
    older, end = txn.log_begin() - 1, txn.lsn()
    if older >= end:
        return 0
    while older < end:
        middle = (older + end) // 2
        entries = txn.log_after(middle, 1)
        if not entries:
            end = middle
        elif entries[0].micros < micros:
            older = entries[0].last
        else:
            end = min(middle, max(older, entries[0].first - 1))
    return older
