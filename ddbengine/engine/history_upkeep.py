"""What time does to history: changes older than a table's recovery period are forgotten, system backups expire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from ddbengine.engine.backup_rows import EXPIRING, expiring, expiring_key, find_backup, restorings
from ddbengine.engine.history import FOLLOWER, needed_after, recoveries, recovery_put
from ddbengine.engine.purge import garbage_of_backup
from ddbengine.storage.store import Outcome, ReadTxn, Store, Writes, position_key, position_of, position_put
from ddbengine.streams.reading import last_before

__all__ = ["HistoryUpkeep", "upkeep_pending"]

LOOK_SECONDS = 60.0
"""From one look for what has grown too old to the next, at most."""
BATCH_BACKUPS = 100
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class CutHistory:
    """Has each table's history begin where its period does, moves the position, and deletes backups that have expired;
    without changes nothing was due."""

    now: float
    horizons: Mapping[int, int]
    """By second since the epoch, the LSN of the last change before it."""
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        changes = [*self._cut(txn), *self._expired(txn)]
        return Outcome(b"", changes or self._position(txn))

    def _cut(self, txn: ReadTxn) -> Iterator[Writes]:
        for number, recovery in recoveries(txn):
            earliest = recovery.earliest(self.now)
            horizon = self.horizons.get(earliest, 0)
            if earliest > recovery.since and horizon > recovery.since_lsn:
                yield Writes(puts=[recovery_put(number, recovery._replace(since=earliest, since_lsn=horizon))])

    def _expired(self, txn: ReadTxn) -> Iterator[Writes]:
        in_use = {restoring.backup_key for restoring in restorings(txn).values()}
        for expires, key in islice(expiring(txn), BATCH_BACKUPS):
            if expires > self.now:
                return
            backup = find_backup(txn, key)
            assert backup is not None, "a backup that expires is not deleted by anybody else"
            if key not in in_use and not backup.is_copying:
                yield Writes(deletes=[key, expiring_key(backup)], puts=[garbage_of_backup(backup.number)])

    def _position(self, txn: ReadTxn) -> list[Writes]:
        """Moved once nothing else is to be done: so of rows that have been committed."""
        position, needed = position_of(txn, FOLLOWER), needed_after(txn)
        if position is None or position == needed:
            return []
        if needed is None:
            return [Writes(deletes=[position_key(FOLLOWER)])]
        return [Writes(puts=[position_put(FOLLOWER, needed)])]


class HistoryUpkeep:
    """The housekeeping chore."""

    def __init__(self, store: Store, clock: Callable[[], float], purge: Callable[[], object]) -> None:
        """``purge`` has the items of deleted backups removed."""
        self._store = store
        self._clock = clock
        self._purge = purge

    def __call__(self) -> float | None:
        """Seconds until something may be due again; None while no history is kept and nothing expires."""
        now = self._clock()
        with self._store.snapshot() as txn:
            if not upkeep_pending(txn):
                return None
            begins = {
                recovery.earliest(now) for _, recovery in recoveries(txn) if recovery.earliest(now) > recovery.since
            }
            plan = CutHistory(now, {second: last_before(txn, second * _MICROS) for second in begins})
            is_due = bool(plan.run(txn).changes)
            expire = any(expires <= now for expires, _ in islice(expiring(txn), 1))
        if not is_due:
            return LOOK_SECONDS
        self._store.submit(plan).result()
        if expire:
            self._purge()
        return 0.0


def upkeep_pending(txn: ReadTxn) -> bool:
    """Whether any history is kept, or a backup will expire."""
    return position_of(txn, FOLLOWER) is not None or any(True for _ in txn.scan(EXPIRING, EXPIRING + b"\xff"))
