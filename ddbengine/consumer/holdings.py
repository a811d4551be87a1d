"""The leases a worker holds: taking, keeping and losing them.  Steps without threads; the clock is given.

A lease is good until ``lease_seconds`` after the last renewal was *sent*; others count from when they *saw* it.  So a
worker that cannot renew knows that its lease is over before anybody else may take it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ddbengine.consumer.assignment import Seen, observe, plan
from ddbengine.consumer.leases import Lease, LeaseStore

__all__ = ["Held", "Holdings"]

log = logging.getLogger("ddbengine.consumer")


@dataclass(slots=True)
class Held:
    """One lease that this worker holds, or held.  Its shard's thread reads it, the renewing thread writes it."""

    lease: Lease
    valid_until: float
    is_lost: bool = False
    is_over: bool = False
    """Its shard is no longer worked on here."""
    wanted_by: str | None = None
    """A worker that this one should hand the shard to."""
    interrupt: threading.Event = field(default_factory=threading.Event)
    """Set when the lease is lost, when another worker should have it, and when this one is to stop: finish what is
    under way, keep the checkpoint, let go."""

    @property
    def shard_id(self) -> str:
        return self.lease.shard_id

    def is_valid(self, now: float) -> bool:
        return not self.is_lost and now < self.valid_until


class Holdings:
    """The leases of one worker.  Safe from several threads."""

    def __init__(
        self,
        store: LeaseStore,
        worker: str,
        clock: Callable[[], float],
        lease_seconds: float,
        most: int,
    ) -> None:
        """``clock`` gives monotonic seconds; no more than ``most`` leases are held at a time."""
        self._store = store
        self.worker = worker
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._most = most
        self._seen: dict[str, Seen] = {}
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()
        self.lost = 0
        """How many leases were lost so far."""

    def held(self) -> list[Held]:
        """Those whose shards are still worked on here, lost ones too."""
        with self._lock:
            return list(self._held.values())

    def renew(self) -> None:
        """Show that this worker is alive.  Raise what the store raises; leases then run out by themselves."""
        for held in self.held():
            sent = self._clock()
            if not held.is_valid(sent):
                self._lose(held, "it could not be renewed in time")
                continue
            row = self._store.renew(held.lease)
            if row is None:
                self._lose(held, "another worker has taken it")
                continue
            held.valid_until = sent + self._lease_seconds
            if row.wanted_by is not None:
                held.wanted_by = row.wanted_by
                held.interrupt.set()

    def rebalance(self, leases: Iterable[Lease]) -> list[Held]:
        """Take and ask for what this worker should have, given all leases as just read; return what it got."""
        leases = list(leases)
        now = self._clock()
        self._seen = observe(self._seen, leases, now)
        held_ids = [held.shard_id for held in self.held()]
        decided = plan(leases, self._seen, self.worker, held_ids, now, self._lease_seconds, self._most)
        for lease in decided.ask:
            if self._store.ask_for(lease, self.worker):
                log.info("asked %s for shard %s", lease.owner, lease.shard_id)
        return [held for lease in decided.take if (held := self._take(lease)) is not None]

    def _take(self, lease: Lease) -> Held | None:
        sent = self._clock()
        row = self._store.take(lease, self.worker)
        if row is None:
            return None
        held = Held(row, sent + self._lease_seconds)
        with self._lock:
            self._held[row.shard_id] = held
        before = f", which {lease.owner} has not renewed" if lease.owner not in (None, self.worker) else ""
        log.info("took shard %s%s", row.shard_id, before)
        return held

    def _lose(self, held: Held, reason: str) -> None:
        if not held.is_lost and not held.is_over:
            held.is_lost = True
            log.warning("lost the lease of shard %s: %s", held.shard_id, reason)
            self.lost += 1
        held.interrupt.set()

    def let_go(self, held: Held, *, release: bool) -> None:
        """Its shard is no longer worked on here.  ``release`` gives the lease to the worker that has asked for it, or
        frees it for any."""
        held.is_over = True
        try:
            if release and held.is_valid(self._clock()):
                self._release(held)
        finally:
            with self._lock:
                self._held.pop(held.shard_id, None)

    def _release(self, held: Held) -> None:
        if held.wanted_by is not None and self._store.release(held.lease, held.wanted_by):
            log.info("handed shard %s to %s", held.shard_id, held.wanted_by)
        elif self._store.release(held.lease):
            log.info("released shard %s", held.shard_id)

    def leave(self) -> None:
        """Ask for nothing any more, and give back what was handed over and not yet taken.  Nothing is held."""
        for lease in self._store.leases():
            if lease.wanted_by == self.worker:
                self._store.withdraw(lease, self.worker)
        # Nobody hands this worker anything now, so the rows that name it are all there will be.
        for lease in self._store.leases():
            if lease.owner == self.worker:
                self._store.release(lease)
