"""The last entries of the log, in memory, so that followers need not read and decode them."""

from __future__ import annotations

from collections import deque

from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.quorum import Position

RECENT_MAX_ENTRIES = 256
RECENT_MAX_BYTES = 16 << 20
"""What is kept for followers, and all that is not acknowledged: reads may have shown it, so whoever leads next must
have it, even when the leader's disk is gone.  Who is further behind reads the leader's log."""


class Recent:
    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque()
        self._bytes = 0

    def add(self, entry: LogEntry, promised: int) -> None:
        """``promised``: whoever leads next has everything up to this LSN on its disk."""
        if self._entries and self._entries[-1].position != entry.before:
            # A commit that had failed is in the log all the same, and only there.
            self._entries.clear()
            self._bytes = 0
        self._entries.append(entry)
        self._bytes += len(entry.packed)
        while self._is_full() and self._entries[0].last <= promised:
            self._bytes -= len(self._entries.popleft().packed)

    def _is_full(self) -> bool:
        return self._bytes > RECENT_MAX_BYTES or len(self._entries) > RECENT_MAX_ENTRIES

    def cut(self, lsn: int) -> None:
        """Forget what was lost with a leader: all behind this LSN."""
        while self._entries and self._entries[-1].last > lsn:
            self._bytes -= len(self._entries.pop().packed)

    def after(self, position: Position) -> list[LogEntry]:
        """All that follows on a position; none when that is not known any more."""
        found: list[LogEntry] = []
        for entry in reversed(self._entries):
            if entry.first <= position.lsn:
                break
            found.append(entry)
        found.reverse()
        return found if found and found[0].before == position else []
