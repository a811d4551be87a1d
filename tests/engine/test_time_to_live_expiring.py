"""What expires, when, and what goes with it.  The engine's clock is the test's; the chore is called by the test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies

from ddbengine import _core
from ddbengine.engine import expiration, housekeeping
from ddbengine.engine.changes import TIME_TO_LIVE, ItemChange
from ddbengine.engine.engine import Engine
from ddbengine.engine.expiration import Expiration
from ddbengine.engine.opening import open_engine
from ddbengine.engine.purge import purge_plan
from ddbengine.indexes.expiries import EXPIRIES, expiry_of
from ddbengine.limits import EXPIRED_MAX_AGE_SECONDS
from ddbengine.schema.table import TimeToLive
from ddbengine.storage.store import Outcome, Plan
from tests.engine.calls import Calls
from tests.engine.test_time_to_live import described, switch
from tests.engine.whole_check import check_database
from tests.tables import global_index, local_index, table

NOW = 1_790_000_000
NEVER_SECONDS = 1e6


class Clock:
    """What the test says the time is."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Expiring(Calls):
    """An engine whose items expire when the test says so."""

    clock: Clock
    changes: list[ItemChange] = field(default_factory=list)
    """What ``batch`` had committed."""

    def batch(self) -> float | None:
        """One call of the chore."""
        surroundings = self.engine._surroundings
        return Expiration(Recording(self), surroundings.catalog, surroundings.clock, NEVER_SECONDS)()

    def expire(self) -> list[str]:
        """Call the chore until it has nothing to do; return the partition keys deleted."""
        self.changes.clear()
        while (again := self.batch()) is not None and again != NEVER_SECONDS:
            pass
        self.engine.store.submit(purge_plan(self.engine.clock)).result()
        check_database(self.engine)
        return sorted(_core.key_bytes(change.partition()).decode() for change in self.changes)

    def entries(self) -> int:
        with self.engine.store.snapshot() as txn:
            return sum(1 for _ in txn.scan(EXPIRIES, b"U"))


def expiring(path: Path | None = None) -> Expiring:
    clock = Clock()
    engine = open_engine(path, clock=clock, ttl_interval=NEVER_SECONDS)
    engine._housekeeper.close()
    return Expiring(engine, clock)


class Recording:
    """A store that notes the changes of what is submitted."""

    def __init__(self, calls: Expiring) -> None:
        self._store = calls.engine.store
        self._changes = calls.changes
        self.snapshot = self._store.snapshot
        self.close = self._store.close
        self.fork = self._store.fork
        self.status = self._store.status
        self.last_logged = self._store.last_logged
        self.forget_dead_readers = self._store.forget_dead_readers
        self.commits_at_once = self._store.commits_at_once

    def submit(self, plan: Plan) -> Future[Outcome]:
        future = self._store.submit(plan)
        self._changes += [change for change in future.result().changes if isinstance(change, ItemChange)]
        return future


@pytest.fixture
def engine() -> Iterator[Expiring]:
    calls = expiring()
    calls.create(table())
    switch(calls, True)
    yield calls
    calls.engine.close()


def item(key: str, ttl: float | str | None = None, **attributes: Any) -> dict[str, Any]:
    timed = {} if ttl is None else {"ttl": {"N": str(ttl)}}
    return {"pk": {"S": key}, **timed, **attributes}


def keys(engine: Calls, name: str = "table", **members: Any) -> list[str]:
    return sorted(found["pk"]["S"] for found in engine.items("Scan", TableName=name, **members))


# --- what expires -----------------------------------------------------------------------------------------------------


def test_an_item_expires_when_its_time_is_in_the_past(engine: Expiring) -> None:
    engine.put("table", item("past", NOW - 1), item("future", NOW + 1), item("never"))
    assert engine.expire() == ["past"]
    assert keys(engine) == ["future", "never"]


def test_an_item_does_not_expire_in_the_very_second_it_names(engine: Expiring) -> None:
    engine.put("table", item("a", NOW))
    assert engine.expire() == []
    engine.clock.now += 0.25
    assert engine.expire() == ["a"]


def test_an_item_expires_once_the_clock_has_passed_its_time(engine: Expiring) -> None:
    engine.put("table", item("a", NOW + 100))
    engine.engine.advance_clock(99)
    assert engine.expire() == []
    engine.engine.advance_clock(2)
    assert engine.expire() == ["a"]


def test_a_fraction_of_a_second_counts_as_a_whole_one(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 0.5))
    assert engine.expire() == []
    engine.clock.now += 1
    assert engine.expire() == ["a"]


@pytest.mark.parametrize(
    "value",
    [
        {"S": str(NOW - 1)},
        {"B": "MTA="},
        {"BOOL": True},
        {"NULL": True},
        {"NS": [str(NOW - 1)]},
        {"L": [{"N": str(NOW - 1)}]},
        {"M": {"ttl": {"N": str(NOW - 1)}}},
    ],
)
def test_only_a_number_is_a_time(engine: Expiring, value: dict[str, Any]) -> None:
    engine.put("table", {"pk": {"S": "a"}, "ttl": value})
    assert engine.expire() == []


@pytest.mark.parametrize("number", ["0", "-1", "-1790000000", "1E+125", "9223372036854775808", "-1E-130"])
def test_a_number_that_is_no_time_to_come_never_expires(engine: Expiring, number: str) -> None:
    engine.put("table", item("a", number))
    assert engine.expire() == []
    assert engine.entries() == 0


def test_what_expired_more_than_five_years_ago_stays(engine: Expiring) -> None:
    oldest = NOW - EXPIRED_MAX_AGE_SECONDS
    engine.put("table", item("older", oldest - 1), item("just", oldest))
    assert engine.expire() == ["just"]


def test_milliseconds_are_far_in_the_future(engine: Expiring) -> None:
    engine.put("table", item("a", NOW * 1000))
    assert engine.expire() == []


def test_another_attribute_means_nothing(engine: Expiring) -> None:
    engine.put("table", item("a", expires={"N": str(NOW - 1)}))
    assert engine.expire() == []


def test_a_key_attribute_can_be_the_time() -> None:
    engine = expiring()
    engine.create(table(sort="N"))
    switch(engine, True, "sk")
    engine.put("table", item("a", sk={"N": str(NOW - 1)}), item("a", sk={"N": str(NOW + 1)}))
    assert engine.expire() == ["a"]
    assert keys(engine) == ["a"]
    engine.engine.close()


@given(strategies.integers(-(10**20), 10**20), strategies.sampled_from(["", ".5", ".001"]))
def test_expiry_is_the_number_rounded_up_where_that_is_a_time(whole: int, fraction: str) -> None:
    stored, _ = _core.encode_item({"ttl": {"N": f"{whole}{fraction}"}})
    seconds = whole + 1 if fraction else whole
    expected = seconds if whole >= 0 and 0 < seconds < 2**63 else None
    assert expiry_of(TimeToLive("ttl", 1), stored) == expected


# --- writes in between ------------------------------------------------------------------------------------------------


def test_an_expired_item_that_is_given_more_time_survives(engine: Expiring) -> None:
    engine.put("table", item("put", NOW - 5), item("updated", NOW - 5), item("left", NOW - 5))
    engine.put("table", item("put", NOW + 5))
    engine.call(
        "UpdateItem",
        TableName="table",
        Key=item("updated"),
        UpdateExpression="SET #t = :t",
        ExpressionAttributeNames={"#t": "ttl"},
        ExpressionAttributeValues={":t": {"N": str(NOW + 5)}},
    )
    assert engine.expire() == ["left"]
    assert keys(engine) == ["put", "updated"]


def test_an_item_given_more_time_after_it_was_found_due_survives(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 5))
    surroundings = engine.engine._surroundings

    class Late(Recording):
        def submit(self, plan: Plan) -> Future[Outcome]:
            engine.put("table", item("a", NOW + 5))
            return super().submit(plan)

    Expiration(Late(engine), surroundings.catalog, surroundings.clock, NEVER_SECONDS)()
    assert keys(engine) == ["a"]
    assert engine.expire() == []


def test_an_item_whose_time_is_taken_away_never_expires(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 5))
    engine.call(
        "UpdateItem",
        TableName="table",
        Key=item("a"),
        UpdateExpression="REMOVE #t",
        ExpressionAttributeNames={"#t": "ttl"},
    )
    assert engine.expire() == []
    assert engine.entries() == 0


def test_an_item_that_is_deleted_leaves_no_entry(engine: Expiring) -> None:
    engine.put("table", item("a", NOW + 5))
    assert engine.entries() == 1
    engine.call("DeleteItem", TableName="table", Key=item("a"))
    assert engine.entries() == 0


def test_batch_writes_keep_the_entries_too(engine: Expiring) -> None:
    requests = [{"PutRequest": {"Item": item(str(number), NOW - 1)}} for number in range(25)]
    engine.call("BatchWriteItem", RequestItems={"table": requests})
    assert len(engine.expire()) == 25


def test_expired_items_are_read_until_they_are_deleted(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 1))
    assert engine.get("table", pk={"S": "a"}) == item("a", NOW - 1)


# --- what goes with an item -------------------------------------------------------------------------------------------


def test_an_expired_item_leaves_indexes_and_counts() -> None:
    engine = expiring()
    by_score, by_colour = local_index("by-score", "score:N"), global_index("by-colour", "colour")
    engine.create(table(sort="S", local=[by_score], global_=[by_colour]))
    switch(engine, True)
    for sort in ("1", "2"):
        ttl = NOW - 1 if sort == "1" else NOW + 1
        engine.put("table", item("a", ttl, sk={"S": sort}, score={"N": "1"}, colour={"S": "red"}))
    assert engine.expire() == ["a"]
    for name in ("by-score", "by-colour"):
        assert len(engine.items("Scan", TableName="table", IndexName=name)) == 1
    described_table = engine.call("DescribeTable", TableName="table")["Table"]
    assert described_table["ItemCount"] == 1
    assert described_table["GlobalSecondaryIndexes"][0]["ItemCount"] == 1
    engine.engine.close()


def test_the_change_says_who_did_it_and_holds_the_item_that_was(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 1))
    engine.expire()
    [change] = engine.changes
    assert change.actor == TIME_TO_LIVE
    assert change.new is None
    assert change.old == _core.encode_item(item("a", NOW - 1))[0]


def test_the_change_of_a_client_has_no_actor(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 1))
    engine.expire()
    assert replace(engine.changes[0], actor=None) == ItemChange(
        engine.changes[0].schema, engine.changes[0].key, engine.changes[0].old, None
    )


def test_keys_of_any_length_expire() -> None:
    engine = expiring()
    engine.create(table(sort="S"))
    switch(engine, True)
    for length in (1, 400, 500, 511, 1024):
        engine.put("table", item("p" * length, NOW - 1, sk={"S": "s" * length}))
    assert len(engine.expire()) == 5
    engine.engine.close()


# --- several tables, batches ------------------------------------------------------------------------------------------


def test_tables_expire_by_their_own_attribute(engine: Expiring) -> None:
    engine.create(table("other"))
    engine.create(table("without"))
    switch(engine, True, "expires", "other")
    for name in ("table", "other", "without"):
        engine.put(name, item("a", NOW - 1), item("b", expires={"N": str(NOW - 1)}))
    assert engine.expire() == ["a", "b"]
    assert (keys(engine), keys(engine, "other"), keys(engine, "without")) == (["b"], ["a"], ["a", "b"])


def test_a_batch_deletes_a_bounded_number_of_items(engine: Expiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiration, "DELETED_MAX_ITEMS", 3)
    engine.put("table", *(item(str(number), NOW - 1 - number) for number in range(7)))
    engine.batch()
    assert len(keys(engine)) == 4
    assert keys(engine) == ["0", "1", "2", "3"], "the longest expired go first"
    engine.batch()
    assert engine.batch() == NEVER_SECONDS
    assert keys(engine) == []


def test_a_batch_deletes_a_bounded_number_of_bytes(engine: Expiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiration, "DELETED_MAX_BYTES", 2_000)
    engine.put("table", *(item(str(number), NOW - 1, filler={"S": "x" * 900}) for number in range(7)))
    engine.batch()
    assert len(keys(engine)) == 4
    assert len(engine.expire()) == 4


def test_batches_of_one_table_do_not_hold_up_another(engine: Expiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiration, "DELETED_MAX_ITEMS", 2)
    engine.create(table("other"))
    switch(engine, True, name="other")
    for name in ("table", "other"):
        engine.put(name, *(item(str(number), NOW - 1) for number in range(5)))
    engine.batch()
    assert (len(keys(engine)), len(keys(engine, "other"))) == (3, 3)


def test_a_batch_with_more_to_come_asks_for_a_pause_no_longer_than_it_needs(
    engine: Expiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiration, "DELETED_MAX_ITEMS", 1)
    engine.put("table", item("a", NOW - 1), item("b", NOW - 1))
    again = engine.batch()
    assert again is not None
    assert housekeeping.SHORTEST_PAUSE_SECONDS <= again < NEVER_SECONDS


def test_nothing_is_written_while_nothing_is_due(engine: Expiring) -> None:
    engine.put("table", item("a", NOW + 1))
    assert engine.batch() == NEVER_SECONDS
    assert engine.changes == []


def test_the_chore_rests_while_no_table_has_time_to_live(engine: Expiring) -> None:
    switch(engine, False)
    assert engine.batch() is None


# --- switching on and off ---------------------------------------------------------------------------------------------


def test_items_that_were_there_before_expire(engine: Expiring) -> None:
    engine.create(table("older"))
    engine.put("older", item("past", NOW - 1), item("future", NOW + 1), item("never"))
    switch(engine, True, name="older")
    assert engine.expire() == ["past"]


def test_a_large_table_is_filled_batch_by_batch(engine: Expiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiration.filling, "__defaults__", (3,))
    engine.create(table("older"))
    engine.put("older", *(item(str(number), NOW - 1) for number in range(8)))
    switch(engine, True, name="older")
    assert described(engine, "older") == {"TimeToLiveStatus": "ENABLING", "AttributeName": "ttl"}
    assert engine.entries() == 3
    engine.put("older", item("0", NOW + 1), item("new", NOW - 1), item("7", NOW - 2))
    engine.batch()
    assert keys(engine, "older") == [*map(str, range(8)), "new"], "nothing expires before all have their entries"
    assert len(engine.expire()) == 8
    assert keys(engine, "older") == ["0"]
    assert described(engine, "older")["TimeToLiveStatus"] == "ENABLED"


@pytest.mark.parametrize("items", [2, 3, 4])
def test_filling_ends_right_at_any_number_of_items(
    engine: Expiring, monkeypatch: pytest.MonkeyPatch, items: int
) -> None:
    monkeypatch.setattr(expiration.filling, "__defaults__", (3,))
    engine.create(table("older"))
    engine.put("older", *(item(str(number), NOW - 1) for number in range(items)))
    switch(engine, True, name="older")
    assert len(engine.expire()) == items


def test_a_batch_of_filling_is_bounded_in_bytes(engine: Expiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiration, "FILLED_MAX_BYTES", 100)
    engine.create(table("older"))
    engine.put("older", *(item(str(number), NOW - 1, filler={"S": "x" * 90}) for number in range(3)))
    switch(engine, True, name="older")
    assert described(engine, "older")["TimeToLiveStatus"] == "ENABLING"
    assert len(engine.expire()) == 3


def test_nothing_expires_once_it_is_switched_off(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 1))
    switch(engine, False)
    assert engine.expire() == []
    assert keys(engine) == ["a"]
    assert engine.entries() == 0, "the purge has removed them"


def test_switching_off_while_filling_leaves_nothing(engine: Expiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiration.filling, "__defaults__", (3,))
    engine.create(table("older"))
    engine.put("older", *(item(str(number), NOW - 1) for number in range(8)))
    switch(engine, True, name="older")
    switch(engine, False, name="older")
    assert engine.expire() == []
    assert engine.entries() == 0


def test_switching_on_again_starts_from_the_items(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 1, other={"N": str(NOW + 1)}), item("b", other={"N": str(NOW - 1)}))
    switch(engine, False)
    switch(engine, True, "other")
    assert engine.expire() == ["b"]


def test_a_deleted_table_expires_no_more(engine: Expiring) -> None:
    engine.put("table", item("a", NOW - 1))
    engine.call("DeleteTable", TableName="table")
    assert engine.batch() is None
    assert engine.expire() == []
    assert engine.entries() == 0


# --- the engine's own thread ------------------------------------------------------------------------------------------


def wait_until_gone(engine: Engine, name: str = "table") -> None:
    calls, deadline = Calls(engine), time.monotonic() + 30
    while keys(calls, name):
        assert time.monotonic() < deadline, "the items did not expire"
        time.sleep(0.005)


def test_items_expire_by_themselves() -> None:
    engine = open_engine(None, ttl_interval=0.01, clock=lambda: float(NOW))
    calls = Calls(engine)
    calls.create(table())
    switch(calls, True)
    calls.put("table", item("a", NOW - 1))
    wait_until_gone(engine)
    engine.close()


def test_items_expire_soon_after_the_clock_was_put_forward() -> None:
    engine = open_engine(None, ttl_interval=NEVER_SECONDS, clock=lambda: float(NOW))
    calls = Calls(engine)
    calls.create(table())
    switch(calls, True)
    calls.put("table", item("a", NOW + 1_000))
    assert engine.advance_clock(1_001) == NOW + 1_001
    wait_until_gone(engine)
    engine.close()


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan"), 101 * 365 * 24 * 3600.0])
def test_a_clock_is_not_put_back_nor_out_of_all_time(seconds: float) -> None:
    engine = open_engine(None)
    with pytest.raises(ValueError, match="the clock can be put forward"):
        engine.advance_clock(seconds)
    engine.close()


def test_items_expire_after_a_restart(tmp_path: Path) -> None:
    calls = expiring(tmp_path / "store")
    calls.create(table())
    switch(calls, True)
    calls.put("table", item("a", NOW - 1))
    calls.engine.close()
    engine = open_engine(tmp_path / "store", ttl_interval=0.01, clock=lambda: float(NOW))
    wait_until_gone(engine)
    assert described(Calls(engine)) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    check_database(engine)
    engine.close()


def test_filling_goes_on_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiration.filling, "__defaults__", (3,))
    calls = expiring(tmp_path / "store")
    calls.create(table())
    calls.put("table", *(item(str(number), NOW - 1) for number in range(10)))
    switch(calls, True)
    calls.engine.close()
    engine = open_engine(tmp_path / "store", ttl_interval=0.01, clock=lambda: float(NOW))
    wait_until_gone(engine)
    engine.close()
