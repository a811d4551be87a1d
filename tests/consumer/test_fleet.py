"""A fleet of workers on a simulated stream, each with a clock of its own, paused, killed and started at any moment.

Strategy: any interleaving of the steps that workers take (renew, read the rows, act on rows that may be old by now,
work), of time passing, of kills and starts, and of shards that split.  Invariants, after every step: no two workers
hold a good lease of one shard; a child is not read before its parents; a shard's records are first handled in order.
At the end, left in peace, the living workers handle everything and share the shards evenly.
Not covered: a handler that is still running when its lease runs out, which nothing can stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ddbengine.consumer.holdings import Holdings
from ddbengine.consumer.leases import Lease
from ddbengine.consumer.positions import SHARD_END, TRIM_HORIZON, Where
from tests.consumer.memory_leases import MemoryLeases

LEASE_SECONDS = 10.0
RECORDS = 6
"""In each shard."""


@dataclass
class Member:
    """A worker: what it holds, and the rows it has read and not yet acted on."""

    holdings: Holdings
    clock_offset: float
    rows: Sequence[Lease] | None = None


@dataclass
class SimulatedShard:
    name: str
    parent: str | None
    size: int = RECORDS
    is_closed: bool = False
    highest: int = 0
    """Of the records handled."""


@dataclass
class Simulated:
    """The stream, and what has been handled of it."""

    shards: dict[str, SimulatedShard] = field(default_factory=dict)

    def split(self, shard: SimulatedShard) -> list[SimulatedShard]:
        shard.is_closed = True
        made = [SimulatedShard(f"{shard.name}{side}", shard.name) for side in "lr"]
        self.shards.update({child.name: child for child in made})
        return made

    def handle(self, shard: SimulatedShard, number: int) -> None:
        assert number <= shard.highest + 1, f"{shard.name} skipped from {shard.highest} to {number}"
        assert shard.parent is None or self.is_finished(shard.parent), f"{shard.name} was read before its parent"
        shard.highest = max(shard.highest, number)

    def is_finished(self, name: str) -> bool:
        shard = self.shards[name]
        return shard.is_closed and shard.highest == shard.size


class Fleet(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.store = MemoryLeases()
        self.stream = Simulated()
        self.members: dict[str, Member] = {}
        self.started = 0

    @initialize(shards=st.integers(1, 4), workers=st.integers(1, 3))
    def begin(self, shards: int, workers: int) -> None:
        for number in range(shards):
            shard = SimulatedShard(f"s{number}", None)
            self.stream.shards[shard.name] = shard
            self.add_lease(shard)
        for _ in range(workers):
            self.start(0.0)

    def add_lease(self, shard: SimulatedShard) -> None:
        self.store.add(Lease(shard.name, shard.parent, Where(TRIM_HORIZON)))

    def pick(self, number: int) -> Member:
        return self.members[sorted(self.members)[number % len(self.members)]]

    @rule(seconds=st.sampled_from([share * LEASE_SECONDS for share in (0.05, 0.25, 0.5, 0.85, 1.0, 1.2)]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(number=st.integers(0, 9), steps=st.integers(1, 7))
    def pause(self, number: int, steps: int) -> None:
        """One worker stands still, having just renewed, while the others go on."""
        paused = self.pick(number).holdings
        paused.renew()
        for _ in range(steps):
            for other in [member.holdings for member in self.members.values() if member.holdings is not paused]:
                other.renew()
                other.rebalance(self.store.leases())
                self.no_shard_has_two_holders()
            self.now += LEASE_SECONDS / 5

    @precondition(lambda self: len(self.members) < 5)
    @rule(offset=st.floats(-1e6, 1e6))
    def start(self, offset: float) -> None:
        self.started += 1
        name = f"worker-{self.started}"
        clock = lambda: self.now + offset  # noqa: E731
        self.members[name] = Member(Holdings(self.store, name, clock, LEASE_SECONDS, 100), offset)

    @precondition(lambda self: len(self.members) > 1)
    @rule(number=st.integers(0, 9))
    def kill(self, number: int) -> None:
        del self.members[self.pick(number).holdings.worker]

    @rule(number=st.integers(0, 9))
    def renew(self, number: int) -> None:
        self.pick(number).holdings.renew()

    @rule(number=st.integers(0, 9))
    def look(self, number: int) -> None:
        self.read_rows(number)
        self.act_on_rows(number)

    @rule(number=st.integers(0, 9))
    def read_rows(self, number: int) -> None:
        self.pick(number).rows = self.store.leases()

    @rule(number=st.integers(0, 9))
    def act_on_rows(self, number: int) -> None:
        member = self.pick(number)
        if member.rows is not None:
            member.holdings.rebalance(member.rows)
            member.rows = None

    @rule(number=st.integers(0, 9), records=st.integers(1, 4), keeps=st.booleans())
    def work(self, number: int, records: int, keeps: bool) -> None:
        """Handle some records of every shard; the checkpoint may not come to be kept."""
        member = self.pick(number)
        for held in member.holdings.held():
            if held.interrupt.is_set() or not held.is_valid(self.now + member.clock_offset):
                member.holdings.let_go(held, release=True)
                continue
            shard, row = self.stream.shards[held.shard_id], self.store.rows[held.shard_id]
            assert row.takes == held.lease.takes, "a good lease is the row's"
            done = 0 if row.where.checkpoint == TRIM_HORIZON else int(row.where.checkpoint)
            last = min(shard.size, done + records)
            for one in range(done + 1, last + 1):
                self.stream.handle(shard, one)
            if keeps and last > done:
                assert self.store.advance(held.lease, Where(str(last)))
            if keeps and shard.is_closed and last == shard.size:
                assert self.store.advance(held.lease, Where(SHARD_END), ended=self.now)
                member.holdings.let_go(held, release=False)

    @precondition(lambda self: len(self.stream.shards) < 12)
    @rule(number=st.integers(0, 20))
    def split(self, number: int) -> None:
        open_shards = [shard for shard in self.stream.shards.values() if not shard.is_closed]
        if open_shards:
            for child in self.stream.split(open_shards[number % len(open_shards)]):
                self.add_lease(child)

    @invariant()
    def no_shard_has_two_holders(self) -> None:
        holders = Counter(
            held.shard_id
            for member in self.members.values()
            for held in member.holdings.held()
            if not held.is_over and held.is_valid(self.now + member.clock_offset)
        )
        assert all(count == 1 for count in holders.values()), holders

    def teardown(self) -> None:
        if not self.members:
            return
        for _ in range(60):
            self.now += LEASE_SECONDS / 4
            for number in range(len(self.members)):
                self.renew(number)
                self.work(number, RECORDS, keeps=True)
                self.look(number)
            self.no_shard_has_two_holders()
        unread = [shard.name for shard in self.stream.shards.values() if shard.highest < shard.size]
        assert unread == []
        counts = Counter(dict.fromkeys(self.members, 0))
        counts.update(row.owner for row in self.store.rows.values() if row.owner is not None)
        assert set(counts) == set(self.members)
        assert max(counts.values()) - min(counts.values()) <= 1


TestFleet = Fleet.TestCase
TestFleet.settings = settings(max_examples=200, stateful_step_count=50)
