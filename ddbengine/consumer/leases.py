"""Leases: who reads which shard, and how far it has been read.  What a lease is, and what can be done to one.

Each lease is a row that all workers share.  A worker owns a lease as long as it keeps raising the row's counter; one
whose counter stands still for the time a lease lasts is free for others.  Every change names the state it was decided
on, and does not happen if the row has another by now; so of two workers that want the same, one gets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ddbengine.consumer.positions import SHARD_END, Start, Where

__all__ = ["Beginning", "Lease", "LeaseStore"]


@dataclass(frozen=True, slots=True)
class Lease:
    """One row, as it was read."""

    shard_id: str
    parent: str | None
    where: Where
    owner: str | None = None
    counter: int = 0
    """Raised by the owner again and again, to show that it is alive."""
    takes: int = 0
    """How often the lease has changed hands.  An owner's changes name it, so that they fail once somebody else has, or
    has had, the lease."""
    wanted_by: str | None = None
    """A worker that has fewer leases asks the owner to let go of this one."""
    ended: float | None = None
    """When the shard was read to its end, in seconds since the epoch."""

    @property
    def is_ended(self) -> bool:
        return self.where.checkpoint == SHARD_END


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first worker found when the application began with a stream.

    It tells shards that were there from shards that came later, which are read from their beginning.
    """

    start: Start
    initial: tuple[str, ...]
    """The shards read from the starting position."""
    older: tuple[str, ...]
    """Shards that were there and hold nothing that is wanted."""


class LeaseStore(Protocol):
    """The rows of one application and one stream.  Each change answers whether it happened."""

    def begin(self, beginning: Beginning) -> Beginning:
        """Keep how the application began, unless that is known already; return what is kept."""
        ...

    def beginning(self) -> Beginning | None: ...

    def leases(self) -> Sequence[Lease]: ...

    def add(self, lease: Lease) -> bool: ...

    def take(self, lease: Lease, worker: str) -> Lease | None:
        """Own it, if nobody has renewed or taken it since it was read; the lease as it is then."""
        ...

    def renew(self, lease: Lease) -> Lease | None:
        """Raise the counter of a lease that is owned; None if it is lost."""
        ...

    def advance(self, lease: Lease, where: Where, ended: float | None = None) -> bool:
        """Keep how far the shard has been read.  At its end nobody owns it any more."""
        ...

    def release(self, lease: Lease, to: str | None = None) -> bool:
        """Own it no longer: hand it to a worker that still asks for it, or to nobody."""
        ...

    def withdraw(self, lease: Lease, worker: str) -> bool:
        """Ask for it no longer."""
        ...

    def ask_for(self, lease: Lease, worker: str) -> bool: ...

    def remove(self, lease: Lease) -> bool:
        """Forget a shard that was read to its end."""
        ...
