"""An index added to a table that is too large for one transaction: filled in the background, with its status shown.

Parts are made small, so that a few items are a large table.  The filling is held back where a test looks at what is
shown meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ddbengine.engine import backfill
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.wire import N, S

ITEMS = 60
WAIT_SECONDS = 30
INDEX = {
    "IndexName": "by-colour",
    "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
COLOUR = [{"AttributeName": "colour", "AttributeType": "S"}]


class Brake:
    """Lets the filling go on for so many parts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._parts = threading.Semaphore(0)
        self._released = False
        fill = backfill.Backfill.__call__

        def held(chore: backfill.Backfill) -> float | None:
            if not self._released:
                self._parts.acquire(timeout=WAIT_SECONDS)
            return fill(chore)

        monkeypatch.setattr(backfill.Backfill, "__call__", held)

    def release(self) -> None:
        self._released = True
        self._parts.release()


@pytest.fixture
def brake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brake]:
    monkeypatch.setattr(backfill, "FIRST_MAX_ITEMS", 10)
    brake = Brake(monkeypatch)
    yield brake
    brake.release()


@pytest.fixture(params=["memory", "disk"])
def calls(request: pytest.FixtureRequest, tmp_path: Path, brake: Brake) -> Iterator[Calls]:
    engine = open_engine(None if request.param == "memory" else tmp_path / "store")
    calls = Calls(engine)
    calls.create(tables.table())
    calls.put("table", *(item(number) for number in range(ITEMS)))
    try:
        yield calls
        check_database(engine)
    finally:
        brake.release()
        engine.close()


def item(number: int, colour: str = "red") -> dict[str, Any]:
    return {"pk": S(f"{number:03}"), "colour": N(7) if number % 10 == 9 else S(colour)}


def add_index(calls: Calls) -> None:
    calls.call(
        "UpdateTable",
        TableName="table",
        AttributeDefinitions=COLOUR,
        GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
    )


def delete_index(calls: Calls) -> None:
    calls.call("UpdateTable", TableName="table", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-colour"}}])


def described(calls: Calls) -> dict[str, Any]:
    table: dict[str, Any] = calls.call("DescribeTable", TableName="table")["Table"]
    return table


def wait_until_active(calls: Calls) -> dict[str, Any]:
    ticking = threading.Event()
    for _ in range(WAIT_SECONDS * 100):
        (index,) = described(calls)["GlobalSecondaryIndexes"]
        if index["IndexStatus"] == "ACTIVE":
            return dict(index)
        ticking.wait(0.01)
    raise AssertionError("the index was not filled")


def test_what_is_shown_while_an_index_is_filled(calls: Calls, brake: Brake) -> None:
    add_index(calls)
    table = described(calls)
    (index,) = table["GlobalSecondaryIndexes"]
    assert (table["TableStatus"], index["IndexStatus"], index["Backfilling"]) == ("ACTIVE", "CREATING", True)
    (status,) = calls.engine.index_status().indexes
    assert (status.state, status.filled_items, status.items_to_fill) == ("filling", 10, ITEMS)
    message = "Cannot read from backfilling global secondary index: by-colour"
    assert calls.invalid("Scan", TableName="table", IndexName="by-colour") == message
    assert calls.invalid("ExecuteStatement", Statement='SELECT * FROM "table"."by-colour"') == message
    brake.release()
    index = wait_until_active(calls)
    assert "Backfilling" not in index
    assert index["ItemCount"] == ITEMS * 9 // 10
    assert len(calls.items("Scan", TableName="table", IndexName="by-colour")) == ITEMS * 9 // 10


def test_writes_while_an_index_is_filled_are_in_it_once(calls: Calls, brake: Brake) -> None:
    add_index(calls)
    for number in range(0, ITEMS, 4):
        calls.put("table", {"pk": S(f"{number:03}"), "colour": S("blue")})
    for number in range(1, ITEMS, 4):
        calls.call("DeleteItem", TableName="table", Key={"pk": S(f"{number:03}")})
    calls.put("table", {"pk": S("new"), "colour": S("green")})
    check_database(calls.engine)
    brake.release()
    index = wait_until_active(calls)
    found = {row["pk"]["S"]: row["colour"] for row in calls.items("Scan", TableName="table", IndexName="by-colour")}
    table = {row["pk"]["S"]: row["colour"] for row in calls.items("Scan", TableName="table")}
    assert found == {key: colour for key, colour in table.items() if "S" in colour}
    assert index["ItemCount"] == len(found)


def test_one_index_at_a_time_and_the_table_stays_while_one_is_filled(calls: Calls, brake: Brake) -> None:
    add_index(calls)
    second = {"Create": INDEX | {"IndexName": "second"}}
    refusal = calls.refusal(
        "UpdateTable", TableName="table", AttributeDefinitions=COLOUR, GlobalSecondaryIndexUpdates=[second]
    )
    assert refusal.code == "LimitExceededException"
    refusal = calls.refusal("DeleteTable", TableName="table")
    assert (refusal.code, refusal.message) == (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: "
        "Cannot delete table while indexes are being created, updated, or deleted.",
    )
    brake.release()
    wait_until_active(calls)
    calls.call("DeleteTable", TableName="table")


def test_an_index_that_is_filled_can_be_deleted_and_made_again(calls: Calls, brake: Brake) -> None:
    add_index(calls)
    delete_index(calls)
    assert "GlobalSecondaryIndexes" not in described(calls)
    check_database(calls.engine)
    add_index(calls)
    brake.release()
    assert wait_until_active(calls)["ItemCount"] == ITEMS * 9 // 10


def test_throughput_can_be_changed_while_an_index_is_filled(calls: Calls, brake: Brake) -> None:
    add_index(calls)
    update = {"Update": {"IndexName": "by-colour", "OnDemandThroughput": {"MaxReadRequestUnits": 7}}}
    calls.call("UpdateTable", TableName="table", GlobalSecondaryIndexUpdates=[update])
    (index,) = described(calls)["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["OnDemandThroughput"]) == ("CREATING", {"MaxReadRequestUnits": 7})
    brake.release()
    assert wait_until_active(calls)["OnDemandThroughput"] == {"MaxReadRequestUnits": 7}


def test_a_filling_goes_on_after_a_restart(tmp_path: Path, brake: Brake) -> None:
    engine = open_engine(tmp_path / "store")
    calls = Calls(engine)
    calls.create(tables.table())
    calls.put("table", *(item(number) for number in range(ITEMS)))
    engine._housekeeper.close()
    add_index(calls)
    calls.put("table", item(0, "blue"), item(ITEMS, "blue"))
    engine.close()
    brake.release()
    engine = open_engine(tmp_path / "store")
    try:
        calls = Calls(engine)
        assert wait_until_active(calls)["ItemCount"] == ITEMS * 9 // 10 + 1
        found = calls.items("Scan", TableName="table", IndexName="by-colour")
        assert sorted(row["pk"]["S"] for row in found if row["colour"] == S("blue")) == ["000", f"{ITEMS:03}"]
        check_database(engine)
    finally:
        engine.close()


def test_a_fork_goes_on_filling(brake: Brake) -> None:
    engine = open_engine(None)
    forks: list[Engine] = []
    try:
        calls = Calls(engine)
        calls.create(tables.table())
        calls.put("table", *(item(number) for number in range(ITEMS)))
        add_index(calls)
        forks.append(engine.fork())
        brake.release()
        assert wait_until_active(Calls(forks[0]))["ItemCount"] == ITEMS * 9 // 10
        check_database(forks[0])
    finally:
        brake.release()
        for opened in (*forks, engine):
            opened.close()
