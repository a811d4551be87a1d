"""Who should read which shard: a pure function of the lease rows and of how long each has stood still.

The rule is the Kinesis Client Library's.  A worker knows the others by their leases.  It takes what is free up to its
fair share, the number of leases over the number of workers, rounded up; if nothing is free, it asks the worker that
has the most, as long as that one has at least two more than itself.  So shares end no more than one apart.

Only shards that may be read now count: those whose parent has been read to its end.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ddbengine.consumer.leases import Lease

__all__ = ["Plan", "Seen", "observe", "plan", "workable"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A lease's state and since when it has been so, by the observer's own clock: clocks are never compared."""

    takes: int
    counter: int
    owner: str | None
    since: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker should do now."""

    take: tuple[Lease, ...] = ()
    ask: tuple[Lease, ...] = ()


def observe(before: Mapping[str, Seen], leases: Iterable[Lease], now: float) -> dict[str, Seen]:
    """What is known after reading all leases at ``now``, monotonic seconds taken after reading."""
    after = {}
    for lease in leases:
        known = before.get(lease.shard_id)
        is_unchanged = known is not None and (known.takes, known.counter, known.owner) == (
            lease.takes,
            lease.counter,
            lease.owner,
        )
        since = known.since if known is not None and is_unchanged else now
        after[lease.shard_id] = Seen(lease.takes, lease.counter, lease.owner, since)
    return after


def workable(leases: Iterable[Lease]) -> list[Lease]:
    """Those whose shards may be read now: not at their end, and no parent that is still to be read."""
    rows = {lease.shard_id: lease for lease in leases}

    def waits(lease: Lease) -> bool:
        parent = rows.get(lease.parent) if lease.parent is not None else None
        return parent is not None and not parent.is_ended

    return [lease for lease in rows.values() if not lease.is_ended and not waits(lease)]


def plan(
    leases: Sequence[Lease],
    seen: Mapping[str, Seen],
    worker: str,
    held: Collection[str],
    now: float,
    lease_seconds: float,
    most: int,
) -> Plan:
    """What ``worker`` should do, of whose shards it is at work on those ``held``.

    It will not own more than ``most`` leases.  A row that says it is this worker's, but is not held, is free: it is
    what an expired lease left behind.
    """
    candidates = workable(leases)
    free = [lease for lease in candidates if _is_free(lease, seen, worker, held, now, lease_seconds)]
    free_ids = {lease.shard_id for lease in free}
    owned = [lease for lease in candidates if lease.shard_id not in free_ids]
    counts = Counter(lease.owner for lease in owned if lease.owner is not None)
    counts[worker] = sum(lease.shard_id in held for lease in candidates)
    # Who asks for a lease may have none yet, and is a worker all the same.
    counts.update({lease.wanted_by: 0 for lease in owned if lease.wanted_by is not None})
    share = math.ceil(len(candidates) / len(counts))
    room = max(0, min(share - counts[worker], most - len(held)))
    taken = sorted(free, key=lambda lease: _preference(worker, lease))[:room]
    if taken or room == 0:
        return Plan(take=tuple(taken))
    return Plan(ask=tuple(_requests(owned, counts, worker, room)))


def _is_free(
    lease: Lease,
    seen: Mapping[str, Seen],
    worker: str,
    held: Collection[str],
    now: float,
    lease_seconds: float,
) -> bool:
    if lease.shard_id in held:
        return False
    return lease.owner is None or lease.owner == worker or now - seen[lease.shard_id].since >= lease_seconds


def _requests(owned: Iterable[Lease], counts: Counter[str], worker: str, room: int) -> Iterable[Lease]:
    """Leases to ask for, so that no more than ``room`` are added.  What has been asked for, by anybody, counts as if it
    had changed hands already."""
    counts, share = counts.copy(), counts[worker] + room
    may_be_asked: dict[str, list[Lease]] = {}
    for lease in owned:
        if lease.owner is None or lease.owner == worker:
            continue
        if lease.wanted_by is None:
            may_be_asked.setdefault(lease.owner, []).append(lease)
        else:
            counts[lease.owner] -= 1
            counts[lease.wanted_by] += 1
    while may_be_asked and counts[worker] < share:
        owner = max(may_be_asked, key=lambda owner: (counts[owner], owner))
        if counts[owner] - counts[worker] < 2:
            return
        lease = min(may_be_asked[owner], key=lambda lease: _preference(worker, lease))
        may_be_asked[owner].remove(lease)
        if not may_be_asked[owner]:
            del may_be_asked[owner]
        counts[owner] -= 1
        counts[worker] += 1
        yield lease


def _preference(worker: str, lease: Lease) -> bytes:
    """An order of its own for each worker, so that workers do not all reach for the same lease."""
    return hashlib.blake2b(f"{worker}\0{lease.shard_id}".encode(), digest_size=8).digest()
