"""What deleted tables leave behind is removed in the background, also after a restart.

The store is probed through a snapshot: items and entries of the deleted table's numbers must be gone, those of others
not.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from ddbengine.engine import housekeeping
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.housekeeping import Housekeeper
from ddbengine.engine.opening import open_engine

CALLER = Caller("key", "us-east-1")
TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "g", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_g",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


def fill(engine: Engine, name: str, items: int) -> None:
    engine.execute("CreateTable", {"TableName": name, **TABLE}, CALLER)
    for number in range(items):
        item = {"pk": {"S": str(number)}, "g": {"S": "x"}}
        engine.execute("PutItem", {"TableName": name, "Item": item}, CALLER)
    engine.propagator.drain()


def keys_outside_the_catalog(engine: Engine) -> int:
    with engine.store.snapshot() as txn:
        return sum(1 for low, high in ((b"D", b"F"), (b"H", b"R"), (b"S", b"Z")) for _ in txn.scan(low, high))


def wait_until_empty(engine: Engine) -> None:
    deadline = time.monotonic() + 30
    while keys_outside_the_catalog(engine):
        assert time.monotonic() < deadline, "the purge did not finish"
        time.sleep(0.01)


def test_items_entries_and_counters_of_a_deleted_table_go() -> None:
    engine = open_engine(None)
    fill(engine, "doomed", 50)
    assert keys_outside_the_catalog(engine) > 100
    engine.execute("DeleteTable", {"TableName": "doomed"}, CALLER)
    wait_until_empty(engine)
    engine.close()


def test_other_tables_are_left_alone_by_a_purge() -> None:
    engine = open_engine(None)
    fill(engine, "kept", 7)
    before = keys_outside_the_catalog(engine)
    fill(engine, "doomed", 7)
    engine.execute("DeleteTable", {"TableName": "doomed"}, CALLER)
    deadline = time.monotonic() + 30
    while keys_outside_the_catalog(engine) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert keys_outside_the_catalog(engine) == before
    scanned = orjson.loads(engine.execute("Scan", {"TableName": "kept"}, CALLER))
    assert scanned["Count"] == 7
    engine.close()


def test_a_purge_cut_short_goes_on_at_the_next_opening(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "store")
    fill(engine, "doomed", 5)
    engine._housekeeper.close()
    engine.execute("DeleteTable", {"TableName": "doomed"}, CALLER)
    assert keys_outside_the_catalog(engine)
    engine.close()
    engine = open_engine(tmp_path / "store")
    wait_until_empty(engine)
    engine.close()


def test_no_thread_is_started_while_nothing_is_left_behind() -> None:
    before = threading.active_count()
    engine = open_engine(None)
    assert threading.active_count() == before
    engine.close()


# --- chores -----------------------------------------------------------------------------------------------------------


def test_a_chore_is_done_again_when_it_says_so_and_rests_when_it_does_not() -> None:
    done: list[int] = []
    finished = threading.Event()

    def chore() -> float | None:
        done.append(len(done))
        if len(done) < 3:
            return 0.0
        finished.set()
        return None

    housekeeper = Housekeeper({"chore": chore})
    housekeeper.ask("chore")
    assert finished.wait(30)
    housekeeper.close()
    assert done == [0, 1, 2]


def test_chores_with_much_to_do_take_turns() -> None:
    order: list[str] = []
    finished = threading.Event()

    def chore(name: str) -> float | None:
        order.append(name)
        if len(order) == 6:
            finished.set()
        return 0.0 if len(order) < 6 else None

    housekeeper = Housekeeper({name: partial(chore, name) for name in ("a", "b")})
    gate = threading.Lock()
    with gate:
        housekeeper._chores = {**housekeeper._chores, "first": lambda: gate.acquire() and None}
        housekeeper.ask("first")
        housekeeper.ask("a")
        housekeeper.ask("b")
    assert finished.wait(30)
    housekeeper.close()
    assert order[:6] == ["a", "b", "a", "b", "a", "b"]


def test_a_chore_that_fails_is_logged_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(housekeeping, "RETRY_SECONDS", 0.001)
    attempts: list[int] = []
    finished = threading.Event()

    def chore() -> float | None:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("no room")
        finished.set()
        return None

    housekeeper = Housekeeper({"tidying": chore})
    housekeeper.ask("tidying")
    assert finished.wait(30)
    housekeeper.close()
    assert "tidying failed" in caplog.text
    assert "no room" in caplog.text


def test_nothing_is_done_once_closed() -> None:
    done: list[int] = []
    housekeeper = Housekeeper({"chore": lambda: done.append(1)})
    housekeeper.ask("chore", 3600)
    housekeeper.close()
    housekeeper.ask("chore")
    assert done == []
