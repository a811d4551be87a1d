"""Who waits for global indexes, and what happens when they are paused, late, or cannot be kept up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from ddbengine.engine.bulk_load import load
from ddbengine.engine.engine import Engine
from ddbengine.engine.index_register import FOLLOWER
from ddbengine.engine.opening import open_engine
from ddbengine.engine.propagation import PropagationBatch
from ddbengine.engine.tables import UpdateTable
from ddbengine.storage.errors import StoreClosed, StoreError, StoreFull
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, Plan, position_of
from tests import tables
from tests.engine.calls import CALLER, Calls
from tests.engine.whole_check import check_database
from tests.wire import N, S, placeholders

TABLE = tables.table(global_=[tables.global_index("by-g", "g")])
WAIT_SECONDS = 30

Open = Callable[..., Calls]


@pytest.fixture(params=["memory", "one", "three"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens engines of one kind, all but those in memory on the same store."""
    engines: list[Engine] = []

    def open_one(**options: Any) -> Calls:
        if request.param == "memory":
            engine = open_engine(None, **options)
        else:
            engine = open_engine(tmp_path / "store", replicas=1 if request.param == "one" else 3, **options)
        engines.append(engine)
        return Calls(engine)

    yield open_one
    for engine in engines:
        engine.close()


def indexed(calls: Calls) -> list[str]:
    return sorted(item["pk"]["S"] for item in calls.items("Scan", TableName="table", IndexName="by-g"))


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def put(calls: Calls, *names: str) -> None:
    calls.put("table", *({"pk": S(name), "g": S("x")} for name in names))


def test_a_read_of_an_index_shows_every_write_before_it(opening: Open) -> None:
    calls = opening()
    calls.create(TABLE)
    for number in range(150):
        put(calls, f"{number:03}")
        assert len(indexed(calls)) == number + 1
    check_database(calls.engine)


def test_a_query_and_a_statement_wait_as_a_scan_does(opening: Open) -> None:
    calls = opening()
    calls.create(TABLE)
    for number in range(20):
        put(calls, f"{number:03}")
        request = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": placeholders(g=S("x"))}
        assert calls.call("Query", TableName="table", IndexName="by-g", **request)["Count"] == number + 1
        put(calls, f"{number:03}+")
        calls.call("DeleteItem", TableName="table", Key={"pk": S(f"{number:03}+")})
        found = calls.call("ExecuteStatement", Statement="""SELECT pk FROM "table"."by-g" WHERE g = 'x'""")
        assert len(found["Items"]) == number + 1


def test_the_counts_of_an_index_are_those_of_every_write_before(opening: Open) -> None:
    calls = opening()
    calls.create(TABLE)
    put(calls, "a", "b")
    (index,) = calls.call("DescribeTable", TableName="table")["Table"]["GlobalSecondaryIndexes"]
    assert index["ItemCount"] == 2


def test_what_was_not_propagated_is_propagated_after_an_opening(tmp_path: Path) -> None:
    calls = Calls(open_engine(tmp_path / "store"))
    calls.create(TABLE)
    calls.engine.propagator.pause()
    put(calls, "a", "b")
    assert indexed(calls) == []
    check_database(calls.engine)
    calls.engine.close()
    calls = Calls(open_engine(tmp_path / "store"))
    try:
        assert indexed(calls) == ["a", "b"]
        check_database(calls.engine)
    finally:
        calls.engine.close()


def test_while_paused_reads_see_the_past_and_do_not_wait(opening: Open) -> None:
    calls = opening()
    calls.create(TABLE)
    put(calls, "before")
    assert indexed(calls) == ["before"]
    calls.engine.propagator.pause()
    put(calls, "after")
    assert indexed(calls) == ["before"]
    status = calls.engine.index_status()
    assert (status.state, status.lag_lsns > 0, status.lag_seconds > 0) == ("paused", True, True)
    assert calls.get("table", pk=S("after")) is not None
    check_database(calls.engine)
    calls.engine.propagator.resume()
    assert indexed(calls) == ["after", "before"]
    status = calls.engine.index_status()
    assert (status.state, status.lag_lsns, status.lag_seconds) == ("running", 0, 0.0)


def test_an_index_with_a_lag_shows_a_change_when_it_is_that_old(opening: Open) -> None:
    now = [1e9]
    calls = opening(clock=lambda: now[0], gsi_lag_ms=5_000)
    calls.create(TABLE)
    put(calls, "early")
    now[0] += 4
    put(calls, "late")
    assert indexed(calls) == []
    assert 4 <= calls.engine.index_status().lag_seconds < 5
    now[0] += 1
    _wait_until(calls, ["early"])
    now[0] += 4
    _wait_until(calls, ["early", "late"])
    check_database(calls.engine)


def _wait_until(calls: Calls, due: list[str]) -> None:
    """A lag is told by the engine's clock, which a test turns; the propagator is asked to look at it again."""
    ticking = threading.Event()
    for _ in range(WAIT_SECONDS * 100):
        calls.engine.propagator.ask()
        if indexed(calls) == due:
            return
        ticking.wait(0.01)
    assert indexed(calls) == due


def test_a_lag_passes_when_the_clock_is_put_forward(opening: Open) -> None:
    calls = opening(gsi_lag_ms=3_600_000)
    calls.create(TABLE)
    put(calls, "a")
    assert indexed(calls) == []
    calls.engine.advance_clock(3_601)
    _wait_until(calls, ["a"])


def test_an_expired_item_leaves_an_index_with_a_lag_though_nobody_writes(opening: Open) -> None:
    now = [1_800_000_000.0]
    calls = opening(clock=lambda: now[0], gsi_lag_ms=10, ttl_interval=0.02)
    calls.create(TABLE)
    setting = {"Enabled": True, "AttributeName": "ttl"}
    calls.call("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=setting)
    calls.put("table", {"pk": S("a"), "g": S("x"), "ttl": N(int(now[0]) + 60)})
    now[0] += 1
    calls.engine.propagator.drain()
    assert indexed(calls) == ["a"]
    now[0] += 120
    eventually(lambda: calls.items("Scan", TableName="table") == [])
    now[0] += 1
    eventually(lambda: indexed(calls) == [])


def test_loaded_items_come_into_indexes_though_nobody_reads(opening: Open) -> None:
    calls = opening()
    calls.create(TABLE)
    load(calls.engine, CALLER, "table", [{"pk": S(f"{number}"), "g": S("x")} for number in range(5_000)])
    eventually(lambda: calls.engine.index_status().lag_lsns == 0)


def test_a_write_beside_the_making_of_the_first_index_is_propagated(
    opening: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that ran just before the index was made found that nobody needs the propagator."""
    calls = opening(gsi_lag_ms=0)
    calls.create(tables.table())
    engine = calls.engine
    submit = engine.store.submit

    def submit_between(plan: Plan) -> Future[Outcome]:
        if not isinstance(plan, UpdateTable):
            return submit(plan)
        engine.propagator._step()
        made = submit(plan)
        made.result()
        assert not engine.propagator.is_needed
        put(calls, "a")
        return made

    monkeypatch.setattr(engine.store, "submit", submit_between)
    index = {member: value for member, value in tables.global_index("by-g", "g").items() if member != "types"}
    definitions = [{"AttributeName": "g", "AttributeType": "S"}]
    updates = [{"Create": index}]
    calls.call("UpdateTable", TableName="table", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=updates)
    eventually(lambda: indexed(calls) == ["a"])


def test_the_position_is_there_exactly_while_there_are_global_indexes(opening: Open) -> None:
    calls = opening()
    assert position(calls) is None
    calls.create(tables.table("plain"))
    assert position(calls) is None
    calls.create(TABLE)
    calls.create(TABLE | {"TableName": "second"})
    assert position(calls) is not None
    calls.call("DeleteTable", TableName="table")
    assert position(calls) is not None
    calls.call("UpdateTable", TableName="second", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-g"}}])
    assert position(calls) is None
    check_database(calls.engine)


def test_a_reset_leaves_no_position_and_new_indexes_work(opening: Open) -> None:
    calls = opening()
    calls.create(TABLE)
    put(calls, "a")
    calls.engine.reset()
    assert position(calls) is None
    calls.create(TABLE)
    put(calls, "b")
    assert indexed(calls) == ["b"]
    check_database(calls.engine)


def position(calls: Calls) -> int | None:
    with calls.engine.store.snapshot() as txn:
        return position_of(txn, FOLLOWER)


def test_writes_that_concern_no_index_are_passed_over(opening: Open) -> None:
    calls = opening()
    calls.create(TABLE)
    calls.create(tables.table("other"))
    put(calls, "a")
    for number in range(300):
        calls.put("other", {"pk": S(str(number))})
    assert indexed(calls) == ["a"]
    assert calls.engine.index_status().lag_lsns == 0


# --- failing ----------------------------------------------------------------------------------------------------------


class Failing:
    """Makes the batches of an engine fail until it is told to stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self.failing = True
        run = PropagationBatch.run

        def fail(batch: PropagationBatch, txn: Any) -> Outcome:
            if self.failing:
                raise error
            return run(batch, txn)

        monkeypatch.setattr(PropagationBatch, "run", fail)


@pytest.mark.parametrize("error", [StoreFull("the disk is full"), ValueError("a record cannot be read")])
def test_a_batch_that_fails_fails_those_who_wait_and_is_tried_again(
    opening: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    calls = opening()
    calls.create(TABLE)
    failing = Failing(monkeypatch, error)
    put(calls, *(f"{number:03}" for number in range(70)))
    with pytest.raises(type(error), match=str(error)):
        indexed(calls)
    status = calls.engine.index_status()
    assert (status.state, status.fault) == ("failing", str(error))
    put(calls, "unharmed")
    assert calls.get("table", pk=S("unharmed")) is not None
    failing.failing = False
    assert len(indexed(calls)) == 71
    assert calls.engine.index_status().state == "running"
    check_database(calls.engine)


def answered(calls: Calls, operation: str, request: dict[str, Any]) -> object:
    answer = calls.engine.answer(operation, request, CALLER)
    return answer.result(WAIT_SECONDS) if isinstance(answer, Future) else answer


@pytest.mark.parametrize("durability", ["quorum", "leader", "none"])
def test_where_nothing_can_be_written_a_read_of_an_index_that_is_behind_fails_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: str
) -> None:
    calls = Calls(open_engine(tmp_path / "store", durability=durability))
    calls.create(TABLE)
    put(calls, "a")
    assert indexed(calls) == ["a"]
    calls.engine.propagator.pause()
    put(calls, "b")
    store = calls.engine.store
    assert isinstance(store, LmdbStore)
    assert store._replication is not None
    replicas = store._replication.replicas
    with monkeypatch.context() as patch:
        patch.setattr(replicas, "rebuild", lambda name: False)
        for name in ("az2", "az3"):
            replicas.lose(name, OSError("gone"))
        assert indexed(calls) == ["a"], "while paused nobody waits"
        calls.engine.propagator.resume()
        query = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": S("x")}}
        for operation, members in (("Scan", {}), ("Query", query)):
            with pytest.raises(StoreError, match="writes need 2 replicas and there is 1"):
                answered(calls, operation, {"TableName": "table", "IndexName": "by-g", **members})
        assert calls.get("table", pk=S("b")) is not None
        assert calls.engine.index_status().state == "failing"
    eventually(lambda: calls.engine.status().writable)
    assert indexed(calls) == ["a", "b"]
    calls.engine.close()


def test_a_read_that_waits_is_told_when_the_engine_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(open_engine(tmp_path / "store"))
    calls.create(TABLE)
    calls.engine.propagator.drain()
    held, let_go = threading.Event(), threading.Event()
    submit = calls.engine.store.submit

    def hold(plan: Plan) -> Future[Outcome]:
        if isinstance(plan, PropagationBatch):
            held.set()
            let_go.wait(WAIT_SECONDS)
        return submit(plan)

    monkeypatch.setattr(calls.engine.store, "submit", hold)
    put(calls, "a")
    assert held.wait(WAIT_SECONDS)
    answer = calls.engine.answer("Scan", {"TableName": "table", "IndexName": "by-g"}, CALLER)
    late = calls.engine.answer("Scan", {"TableName": "table", "IndexName": "by-g"}, CALLER)
    assert isinstance(answer, Future)
    assert isinstance(late, Future)
    assert not answer.done()
    closing = threading.Thread(target=calls.engine.close)
    closing.start()
    let_go.set()
    closing.join()
    for future in (answer, late):
        error = future.exception(WAIT_SECONDS)
        assert error is None or isinstance(error, StoreClosed), "it was told one or the other"


def test_a_read_of_a_local_index_waits_for_nothing(opening: Open) -> None:
    calls = opening()
    calls.create(
        tables.table(
            sort="N",
            local=[tables.local_index("by-l", "l:N")],
            global_=[tables.global_index("by-g", "g")],
        )
    )
    calls.engine.propagator.pause()
    calls.put("table", {"pk": S("a"), "sk": N(1), "l": N(2), "g": S("x")})
    assert len(calls.items("Scan", TableName="table", IndexName="by-l")) == 1
    assert indexed(calls) == []
