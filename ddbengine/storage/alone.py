"""A store of one copy in memory, as the committer's target: no replica row and no digest, and a log of the changes that
a follower of the log has a use for.  Without such changes it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ddbengine.storage import change_log
from ddbengine.storage.quorum import Position
from ddbengine.storage.transactions import Snapshot, WriteTransaction

if TYPE_CHECKING:
    from ddbengine.storage.environment import Environment

TERM = 1
"""Of every entry: nobody else ever leads."""
TRIM_EVERY_ENTRIES = 64
TRIM_MAX_ENTRIES = 2 * TRIM_EVERY_ENTRIES
"""Looking for what nobody needs costs as much as an entry, so it is done now and then."""


class Alone:
    """Commits groups of plans in an environment by itself, in one thread at a time."""

    def __init__(
        self, environment: Environment, micros: Callable[[], int], tell_logged: Callable[[int], None] | None = None
    ) -> None:
        """``micros``: microseconds since the epoch.  ``tell_logged`` is told how far the log goes, before anything of
        that is acknowledged."""
        self._environment = environment
        self._micros = micros
        with Snapshot(environment.begin, environment.gate) as snapshot:
            entry = change_log.last_entry(snapshot.txn)
            self._log_from = change_log.begin(snapshot.txn) or 1
        self._last = Position(TERM, 0) if entry is None else entry.position
        self._entries = self._unlogged = 0
        self._tell_logged = tell_logged
        if tell_logged is not None:
            tell_logged(self._last.lsn)

    @property
    def last_logged(self) -> int:
        """See ``store.Store``."""
        return self._last.lsn

    def begin_group(self) -> WriteTransaction:
        return WriteTransaction(self._environment.begin_write(), self._last.lsn)

    def commit_group(self, view: WriteTransaction) -> None:
        view.flush()
        if not view.logged:
            self._commit_unlogged(view)
            return
        entries, log_from = self._entries + 1, self._log_from
        if entries % TRIM_EVERY_ENTRIES == 0:
            log_from = self._trim(view)
        entry = change_log.pack(view.logged, self._last, TERM, self._micros(), log_from, 0, replayed=False)
        change_log.append(view.txn, entry)
        view.txn.commit()
        self._last, self._entries, self._log_from = entry.position, entries, log_from
        if self._tell_logged is not None:
            self._tell_logged(entry.position.lsn)

    def _commit_unlogged(self, view: WriteTransaction) -> None:
        log_from = self._log_from
        if log_from < self._last.lsn:  # what the last follower left behind goes though nothing is logged any more
            self._unlogged += 1
            if self._unlogged % TRIM_EVERY_ENTRIES == 0:
                log_from = self._trim(view)
        view.txn.commit()
        self._log_from = log_from

    def _trim(self, view: WriteTransaction) -> int:
        positions = change_log.positions(view.txn).values()
        keep_after = min(positions, default=self._last.lsn)
        log_from = max(self._log_from, change_log.trim_point(view.txn, keep_after, TRIM_MAX_ENTRIES))
        change_log.trim(view.txn, log_from)
        return log_from

    def abandon_group(self, view: WriteTransaction) -> None:
        self._environment.abandon(view.txn)

    def grow(self) -> None:
        self._environment.grow()

    def is_fault(self, error: Exception) -> bool:
        return False

    def plan_failed(self, error: Exception) -> None:
        """There is nothing else to turn to."""


__all__ = ["Alone"]
