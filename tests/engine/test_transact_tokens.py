"""ClientRequestToken: what is sent twice takes effect once, for ten minutes (FACTS 5.8, 6.4)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine
from ddbengine.engine.request_tokens import EXPIRIES, TOKENS, Sweep, request_token
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Writes
from tests import tables
from tests.engine.calls import Calls
from tests.engine.memory_store import MemoryStore
from tests.engine.transacting import UNMET, Action, cancellation, check, delete, put, refused, update, write
from tests.engine.whole_check import check_database
from tests.wire import Item, N, S, Value, placeholders

A: Item = {"pk": S("a")}
MISMATCH = "IdempotentParameterMismatchException"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> Iterator[Calls]:
    engine = Engine(lambda writes_of: LmdbStore(writes_of, None), clock=clock)
    try:
        yield Calls(engine)
        check_database(engine)
    finally:
        engine.close()


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table())


def increment(table: str, by: int = 1, **members: Any) -> Action:
    return update(table, A, "ADD n :by", ExpressionAttributeValues=placeholders(by=N(by)), **members)


def count(engine: Calls, table: str) -> Value:
    item = engine.get(table, **A)
    assert item is not None
    number: Value = item["n"]
    return number


def test_the_same_request_with_the_same_token_takes_effect_once(engine: Calls, table: str) -> None:
    for _ in range(3):
        assert write(engine, increment(table), ClientRequestToken="t") == {}
    assert count(engine, table) == N(1)


def test_a_repeated_request_is_answered_though_its_condition_would_now_fail(engine: Calls, table: str) -> None:
    action = put(table, A, ConditionExpression="attribute_not_exists(pk)")
    assert write(engine, action, ClientRequestToken="t") == {}
    assert write(engine, action, ClientRequestToken="t") == {}
    assert cancellation(engine, action, ClientRequestToken="u") == [UNMET]


def test_without_a_token_every_request_takes_effect(engine: Calls, table: str) -> None:
    for _ in range(3):
        write(engine, increment(table))
    assert count(engine, table) == N(3)


def test_another_token_is_another_request(engine: Calls, table: str) -> None:
    write(engine, increment(table), ClientRequestToken="t")
    write(engine, increment(table), ClientRequestToken="u")
    assert count(engine, table) == N(2)


@pytest.mark.parametrize(
    "other",
    [
        [increment("table", by=2)],
        [increment("table"), put("table", {"pk": S("b")})],
        [increment("table", ConditionExpression="attribute_exists(pk)")],
        [increment("table", ReturnValuesOnConditionCheckFailure="ALL_OLD")],
        [delete("table", A)],
        [put("missing", A)],
        [put("table", A), put("table", A)],
        [put("table", {"pk": N(1)})],
    ],
)
def test_the_same_token_with_another_request_is_refused(engine: Calls, table: str, other: list[Action]) -> None:
    write(engine, increment(table), ClientRequestToken="t")
    assert engine.refusal("TransactWriteItems", TransactItems=other, ClientRequestToken="t").code == MISMATCH
    assert count(engine, table) == N(1)


def test_what_an_action_shows_by_itself_comes_before_the_token(engine: Calls, table: str) -> None:
    write(engine, increment(table), ClientRequestToken="t")
    message = refused(engine, check(table, A, "attribute_exists("), ClientRequestToken="t")
    assert message == 'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("'


def test_what_is_reported_and_the_order_of_members_do_not_make_another_request(engine: Calls, table: str) -> None:
    item = {**A, "x": S("1"), "y": S("2")}
    write(engine, put(table, item), ClientRequestToken="t")
    backwards = {name: item[name] for name in reversed(item)}
    again = write(engine, put(table, backwards), ClientRequestToken="t", ReturnConsumedCapacity="TOTAL")
    assert again["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 2, "ReadCapacityUnits": 2}]


def test_the_order_of_actions_makes_another_request(engine: Calls, table: str) -> None:
    b = put(table, {"pk": S("b")})
    write(engine, put(table, A), b, ClientRequestToken="t")
    refusal = engine.refusal("TransactWriteItems", TransactItems=[b, put(table, A)], ClientRequestToken="t")
    assert refusal.code == MISMATCH


def test_a_cancelled_or_refused_request_leaves_its_token_free(engine: Calls, table: str) -> None:
    guarded = increment(table, ConditionExpression="attribute_exists(pk)")
    assert cancellation(engine, guarded, ClientRequestToken="t") == [UNMET]
    refused(engine, put(table, A), put(table, A), ClientRequestToken="t")
    engine.put(table, {**A, "n": N(1)})
    write(engine, guarded, ClientRequestToken="t")
    assert count(engine, table) == N(2)


def test_a_request_that_changes_nothing_keeps_its_token(engine: Calls, table: str) -> None:
    write(engine, check(table, A, "attribute_not_exists(pk)"), ClientRequestToken="t")
    refusal = engine.refusal("TransactWriteItems", TransactItems=[put(table, A)], ClientRequestToken="t")
    assert refusal.code == MISMATCH


def test_a_token_is_good_for_ten_minutes(engine: Calls, table: str, clock: Clock) -> None:
    write(engine, increment(table), ClientRequestToken="t")
    clock.now += 599.9
    write(engine, increment(table), ClientRequestToken="t")
    assert count(engine, table) == N(1)
    clock.now += 0.1
    write(engine, increment(table, by=5), ClientRequestToken="t")
    assert count(engine, table) == N(6)
    clock.now += 599.9
    write(engine, increment(table, by=5), ClientRequestToken="t")
    assert count(engine, table) == N(6)


def test_a_repeated_request_does_not_prolong_its_token(engine: Calls, table: str, clock: Clock) -> None:
    for _ in range(3):
        write(engine, increment(table), ClientRequestToken="t")
        clock.now += 300
    assert count(engine, table) == N(2)


def test_callers_of_other_namespaces_have_tokens_of_their_own(clock: Clock) -> None:
    engine = Engine(lambda writes_of: LmdbStore(writes_of, None), clock=clock)
    for caller in (Caller("a", "us-east-1"), Caller("b", "us-east-1"), Caller("a", "us-west-2")):
        engine.execute("CreateTable", tables.table(), caller)
        request = {"TransactItems": [increment("table")], "ClientRequestToken": "t"}
        engine.execute("TransactWriteItems", request, caller)
        assert b'"n":{"N":"1"}' in engine.execute("Scan", {"TableName": "table"}, caller)
    engine.close()


def test_a_token_is_as_durable_as_what_it_stands_for(tmp_path: Path) -> None:
    for _ in range(2):
        opened = open_engine(tmp_path / "store")
        engine = Calls(opened)
        if not engine.call("ListTables")["TableNames"]:
            engine.create(tables.table())
        write(engine, increment("table"), ClientRequestToken="t")
        assert count(engine, "table") == N(1)
        opened.close()


def test_a_repeated_request_reports_the_reading_of_its_items(engine: Calls) -> None:
    local = engine.create(tables.table("local", sort="N", local=[tables.local_index("by-l", "l")]))
    plain = engine.create(tables.table())
    actions = [
        put(plain, {**A, "x": S("x" * 5000)}),
        delete(plain, {"pk": S("gone")}),
        put(local, {"pk": S("a"), "sk": N(1), "l": S("x")}),
        check(local, {"pk": S("a"), "sk": N(2)}, "attribute_not_exists(pk)"),
    ]
    members = {"ReturnConsumedCapacity": "INDEXES", "ReturnItemCollectionMetrics": "SIZE", "ClientRequestToken": "t"}
    first = write(engine, *actions, **members)
    again = write(engine, *actions, **members)
    assert [entry["WriteCapacityUnits"] for entry in first["ConsumedCapacity"]] == [12, 5]
    assert again["ConsumedCapacity"] == [
        {
            "TableName": name,
            "CapacityUnits": units,
            "ReadCapacityUnits": units,
            "Table": {"CapacityUnits": units, "ReadCapacityUnits": units},
        }
        for name, units in ((plain, 6), (local, 4))
    ]
    assert again["ItemCollectionMetrics"] == first["ItemCollectionMetrics"]


# --- what is kept, and for how long -----------------------------------------------------------------------------------


def rows(engine: Calls) -> tuple[int, int]:
    """How many rows there are of tokens, and of the order in which they expire."""
    with engine.engine.store.snapshot() as txn:
        of_tokens = sum(1 for _ in txn.scan(TOKENS, TOKENS + b"\xff"))
        return of_tokens, sum(1 for _ in txn.scan(EXPIRIES, EXPIRIES + b"\xff"))


def test_a_token_that_is_used_again_after_it_expired_is_kept_once(engine: Calls, table: str, clock: Clock) -> None:
    for _ in range(3):
        write(engine, increment(table), ClientRequestToken="t")
        assert rows(engine) == (1, 1)
        clock.now += 600


def test_a_sweep_removes_expired_tokens_a_batch_at_a_time_and_no_others() -> None:
    store = MemoryStore()
    clock = Clock()
    for number in range(7):
        token = request_token(f"t{number}", "", [])
        assert token is not None
        with store.snapshot() as txn:
            writes: Writes = token.remember(txn, clock.now + number)
        store.rows |= dict(writes.puts)
    clock.now += 604
    left = []
    for _ in range(3):
        store.submit(Sweep(clock, most=2)).result()
        left.append(sorted(key for key in store.rows if key.startswith(TOKENS)))
    assert [len(keys) for keys in left] == [5, 3, 2]
    assert left[-1] == [TOKENS + b"\x00t5", TOKENS + b"\x00t6"]
    assert sum(1 for key in store.rows if key.startswith(EXPIRIES)) == 2


def wait_until_forgotten(engine: Calls) -> None:
    deadline = time.monotonic() + 30
    while rows(engine) != (0, 0):
        assert time.monotonic() < deadline, "the tokens were not forgotten"
        time.sleep(0.01)


def test_expired_tokens_are_forgotten_in_the_background(engine: Calls, table: str) -> None:
    for number in range(5):
        write(engine, increment(table), ClientRequestToken=f"t{number}")
    assert rows(engine) == (5, 5)
    engine.engine.advance_clock(601)
    wait_until_forgotten(engine)


def test_tokens_of_an_earlier_run_are_forgotten(tmp_path: Path, clock: Clock) -> None:
    def opened() -> Engine:
        return Engine(lambda writes_of: LmdbStore(writes_of, tmp_path / "store"), clock=clock)

    first = opened()
    Calls(first).create(tables.table())
    write(Calls(first), increment("table"), ClientRequestToken="t")
    first.close()
    clock.now += 601
    second = opened()
    wait_until_forgotten(Calls(second))
    second.close()
