"""Random writes, switches and passing time: a table with time to live agrees with a plain model after every step."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ddbengine.engine import expiration
from tests.engine.test_time_to_live import switch
from tests.engine.test_time_to_live_expiring import NOW, Expiring, expiring, item
from tests.engine.whole_check import check_database
from tests.tables import global_index, table

KEYS = st.sampled_from(["a", "b", "c", "d", "e"])
TIMES = st.one_of(st.none(), st.integers(NOW - 20, NOW + 60))
ATTRIBUTE = "ttl"


class TimeToLive(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patches = contextlib.ExitStack()
        patch = self.patches.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(expiration, "DELETED_MAX_ITEMS", 2)
        patch.setattr(expiration.filling, "__defaults__", (2,))
        self.engine: Expiring = expiring()
        self.engine.create(table(global_=[global_index("by-ttl", "ttl:N")]))
        self.items: dict[str, int | None] = {}
        self.enabled = False

    @rule(key=KEYS, ttl=TIMES)
    def put(self, key: str, ttl: int | None) -> None:
        self.engine.put("table", item(key, ttl))
        self.items[key] = ttl

    @rule(key=KEYS, ttl=st.integers(NOW - 20, NOW + 60))
    def update(self, key: str, ttl: int) -> None:
        names, values = {"#t": ATTRIBUTE}, {":t": {"N": str(ttl)}}
        self.engine.call(
            "UpdateItem",
            TableName="table",
            Key=item(key),
            UpdateExpression="SET #t = :t",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        self.items[key] = ttl

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.engine.call("DeleteItem", TableName="table", Key=item(key))
        self.items.pop(key, None)

    @rule()
    def switch(self) -> None:
        self.enabled = not self.enabled
        switch(self.engine, self.enabled)

    @rule(seconds=st.integers(0, 15))
    def time_passes(self, seconds: int) -> None:
        self.engine.clock.now += seconds

    @precondition(lambda self: self.enabled)
    @rule()
    def one_batch(self) -> None:
        """May delete any of those that have expired, and nothing else."""
        self.engine.batch()
        left = self.stored()
        gone = self.items.keys() - left.keys()
        assert gone <= self.expired()
        for key in gone:
            del self.items[key]

    @rule()
    def all_batches(self) -> None:
        deleted = self.engine.expire()
        expected = self.expired() if self.enabled else set()
        assert set(deleted) == expected
        assert len(deleted) == len(expected)
        for key in expected:
            del self.items[key]

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        assert self.stored() == self.items

    def expired(self) -> set[str]:
        return {key for key, ttl in self.items.items() if ttl is not None and ttl < self.engine.clock.now}

    def stored(self) -> dict[str, int | None]:
        found = self.engine.items("Scan", TableName="table")
        return {row["pk"]["S"]: int(row[ATTRIBUTE]["N"]) if ATTRIBUTE in row else None for row in found}

    def teardown(self) -> None:
        self.all_batches()
        check_database(self.engine.engine)
        self.engine.engine.close()
        self.patches.close()


TestTimeToLive = TimeToLive.TestCase
TestTimeToLive.settings = settings(max_examples=40, stateful_step_count=30)
