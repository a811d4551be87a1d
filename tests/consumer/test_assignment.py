"""Who should read which shard, given the rows: the pure function.

Strategy: any rows, owned by anybody, asked for by anybody, with any lineage.  Invariants: nothing is taken that is
alive, at its end or waits for its parent; nobody takes more than its share; applied again and again by workers that
are alive, the leases end balanced.  Not covered: time between reading and writing (see test_fleet.py).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ddbengine.consumer.assignment import Plan, observe, plan, workable
from ddbengine.consumer.leases import Lease
from ddbengine.consumer.positions import SHARD_END, TRIM_HORIZON, Where

LEASE_SECONDS = 10.0
WORKERS = ("a", "b", "c", "d")
END = Where(SHARD_END)


def lease(number: int, owner: str | None = None, parent: int | None = None, where: Where | None = None) -> Lease:
    parent_id = None if parent is None else f"shard-{parent}"
    return Lease(f"shard-{number}", parent_id, where or Where(TRIM_HORIZON), owner)


def decide(leases: list[Lease], worker: str = "a", *, age: float = 0.0, most: int = 100) -> Plan:
    """What a worker decides that has seen the rows stand still for ``age`` seconds."""
    held = [lease.shard_id for lease in leases if lease.owner == worker]
    return plan(leases, observe({}, leases, 0.0), worker, held, age, LEASE_SECONDS, most)


def test_a_lone_worker_takes_everything() -> None:
    leases = [lease(number) for number in range(5)]
    assert set(decide(leases).take) == set(leases)


def test_a_worker_takes_no_more_than_it_may() -> None:
    assert len(decide([lease(number) for number in range(5)], most=2).take) == 2


def test_a_worker_leaves_their_share_to_others() -> None:
    leases = [lease(0, "b"), lease(1, "c"), *(lease(number) for number in range(2, 9))]
    assert len(decide(leases).take) == 3


def test_a_live_lease_is_not_taken_and_an_expired_one_is() -> None:
    leases = [lease(0, "b")]
    assert decide(leases, age=LEASE_SECONDS - 0.1).take == ()
    assert decide(leases, age=LEASE_SECONDS).take == (leases[0],)


def test_a_row_of_ones_own_that_is_not_held_is_taken_back() -> None:
    leases = [lease(0, "a")]
    assert plan(leases, observe({}, leases, 0.0), "a", [], 0.0, LEASE_SECONDS, 100).take == (leases[0],)


def test_a_child_waits_for_its_parent() -> None:
    parent, child = lease(0), lease(1, parent=0)
    assert decide([parent, child]).take == (parent,)
    assert decide([replace(parent, where=END), child]).take == (child,)
    assert decide([child]).take == (child,), "a parent without a lease is not to be read"


def test_the_worker_with_most_is_asked() -> None:
    leases = [lease(0, "b"), *(lease(number, "c") for number in range(1, 5))]
    asked = decide(leases).ask
    assert asked
    assert {one.owner for one in asked} == {"c"}


def test_nobody_is_asked_for_a_difference_of_one() -> None:
    assert decide([lease(0, "b")]) == Plan()
    assert decide([lease(0, "a"), lease(1, "b"), lease(2, "b")]) == Plan()


def test_what_was_asked_for_already_counts_as_handed_over() -> None:
    leases = [replace(lease(0, "b"), wanted_by="a"), lease(1, "b")]
    assert decide(leases) == Plan()


def test_a_worker_that_only_asks_is_counted() -> None:
    leases = [replace(lease(0, "b"), wanted_by="c"), lease(1, "b"), lease(2), lease(3), lease(4), lease(5)]
    assert len(decide(leases).take) == 2


def test_a_lease_that_is_renewed_or_changes_hands_is_seen_anew() -> None:
    first = observe({}, [lease(0, "b")], 1.0)
    assert observe(first, [lease(0, "b")], 5.0)["shard-0"].since == 1.0
    assert observe(first, [replace(lease(0, "b"), counter=1)], 5.0)["shard-0"].since == 5.0
    assert observe(first, [lease(0, "c")], 5.0)["shard-0"].since == 5.0


@st.composite
def rows(draw: st.DrawFn) -> list[Lease]:
    count = draw(st.integers(0, 12))
    found = []
    for number in range(count):
        parent = draw(st.none() | st.integers(0, number - 1)) if number else None
        where = draw(st.sampled_from([Where(TRIM_HORIZON), Where("5"), END]))
        owner = None if where == END else draw(st.none() | st.sampled_from(WORKERS))
        wanted_by = draw(st.none() | st.sampled_from(WORKERS)) if owner else None
        row = lease(number, owner, parent, where)
        found.append(replace(row, wanted_by=wanted_by if wanted_by != owner else None))
    return found


@given(rows(), st.floats(0, 2 * LEASE_SECONDS), st.integers(1, 12))
def test_nothing_is_taken_or_asked_for_that_should_not_be(leases: list[Lease], age: float, most: int) -> None:
    decided = decide(leases, age=age, most=most)
    mine = sum(lease.owner == "a" for lease in leases)
    may_be_read = workable(leases)
    assert set(decided.take) | set(decided.ask) <= set(may_be_read)
    assert len(decided.take) + mine <= max(mine, min(most, len(leases)))
    assert all(lease.owner is None or age >= LEASE_SECONDS for lease in decided.take)
    assert all(lease.owner not in (None, "a") and lease.wanted_by is None for lease in decided.ask)


@given(rows(), st.sets(st.sampled_from(WORKERS), min_size=1))
def test_living_workers_come_to_a_balance_that_lasts(leases: list[Lease], living: set[str]) -> None:
    leases = [replace(one, owner=None) if one.owner not in living else one for one in leases]
    leases = [replace(one, wanted_by=None) if one.wanted_by not in living else one for one in leases]
    for _ in range(2 * len(leases) + 2):
        before = leases
        for worker in sorted(living):
            leases = applied(leases, decide(leases, worker), worker)
        if leases == before:
            break
    may_be_read = workable(leases)
    counts = Counter(dict.fromkeys(living, 0))
    counts.update(one.owner for one in may_be_read if one.owner is not None)
    assert sum(counts.values()) == len(may_be_read)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert max(counts.values()) == math.ceil(len(may_be_read) / len(living))
    assert all(decide(leases, worker) == Plan() for worker in living)


def applied(leases: list[Lease], decided: Plan, worker: str) -> list[Lease]:
    """The rows after a worker has done what it decided; owners that are asked hand over at once."""
    gets = {one.shard_id for one in (*decided.take, *decided.ask)}
    moved = [replace(one, owner=worker, wanted_by=None) if one.shard_id in gets else one for one in leases]
    return [replace(one, owner=one.wanted_by, wanted_by=None) if one.wanted_by else one for one in moved]
