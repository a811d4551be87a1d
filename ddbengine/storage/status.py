"""What a store says of itself: frozen figures for metrics, the doctor and tests.  Taken at one moment, never live."""

from __future__ import annotations

from dataclasses import dataclass

LEADING = "leading"
FOLLOWING = "following"
FAILED = "failed"
REBUILDING = "rebuilding"


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    name: str
    path: str | None
    """None in memory."""
    state: str
    """LEADING, FOLLOWING, FAILED (waiting to be rebuilt) or REBUILDING."""
    term: int
    """Of the last log entry it has."""
    lsn: int
    """The last change in its log."""
    applied_lsn: int
    """The last change its entries show: behind ``lsn`` under a replica lag only."""
    lag_lsns: int
    """Changes of the leader that its entries do not show."""
    lag_seconds: float
    """The age of the last change that its entries show, when they lack a later one; 0 when they have all."""
    fault: str | None
    """Why it failed, in a sentence; None while all is well."""
    rebuilt_bytes: int
    rebuild_bytes: int
    """Progress of a rebuild: bytes copied, of how many.  Both 0 when none is under way."""
    map_bytes: int
    used_bytes: int
    """Of the map: pages in use or free for reuse, which is the size of the data file."""


@dataclass(frozen=True, slots=True)
class LogStatus:
    first_lsn: int
    """The first change still in the leader's log; last_lsn + 1 when it is empty."""
    last_lsn: int
    entries: int
    """One per commit group."""


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """Sums since the store was opened."""

    commits: int
    """Groups that changed something, each with one commit."""
    plans: int
    """Plans in all groups, those without changes too."""
    groups: int
    largest_group: int
    commit_seconds: float
    """Spent in the leader's commits, that is, mostly in fsync; not measured in memory, and 0 there."""
    failovers: int


@dataclass(frozen=True, slots=True)
class StoreStatus:
    durability: str
    writable: bool
    """False with fewer live replicas than ``min_replicas``."""
    term: int
    acknowledged_lsn: int
    """Everything up to here is as durable as the durability asks."""
    replicas: tuple[ReplicaStatus, ...]
    log: LogStatus
    commits: CommitStatus
