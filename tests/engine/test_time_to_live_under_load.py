"""A hundred thousand items expire while clients write: each once, and nothing that was given more time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from ddbengine.engine.changes import TIME_TO_LIVE, ItemChange, writes_of
from ddbengine.engine.engine import Engine
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, Plan
from tests.engine.calls import CALLER, Calls
from tests.engine.streaming import Streaming, specification
from tests.engine.whole_check import check_database
from tests.tables import global_index, table

NOW = 1_790_000_000
ITEMS = 100_000
BATCH = 25
SAVED_EVERY = 100
"""Every so many-th item is given more time before it expires."""


@pytest.fixture
def expired() -> Counter[bytes]:
    """How often each item was deleted for its age, by key."""
    return Counter()


class Counting(LmdbStore):
    """Counts what is committed; a group that finds the map full runs twice and is committed once."""

    def __init__(self, expired: Counter[bytes]) -> None:
        super().__init__(writes_of, None)
        self._expired = expired

    def submit(self, plan: Plan) -> Future[Outcome]:
        future = super().submit(plan)
        if future.exception() is None:
            changes = future.result().changes
            self._expired.update(
                change.key for change in changes if isinstance(change, ItemChange) and change.actor == TIME_TO_LIVE
            )
        return future


@pytest.fixture
def engine(expired: Counter[bytes]) -> Iterator[Engine]:
    engine = Engine(lambda _: Counting(expired), clock=lambda: float(NOW), ttl_interval=0.01)
    yield engine
    engine.close()


def item(number: int, ttl: int) -> dict[str, Any]:
    return {"pk": {"S": str(number)}, "ttl": {"N": str(ttl)}}


def put_all(engine: Engine) -> None:
    for start in range(0, ITEMS, BATCH):
        requests = [{"PutRequest": {"Item": item(number, NOW + 100)}} for number in range(start, start + BATCH)]
        engine.execute("BatchWriteItem", {"RequestItems": {"table": requests}}, CALLER)


def item_count(calls: Calls) -> int:
    count: int = calls.call("DescribeTable", TableName="table")["Table"]["ItemCount"]
    return count


def assert_streamed_once(engine: Engine, count: int) -> None:
    """The stream shows so many deletions, each of another item, and each by the service."""
    streaming = Streaming(engine)
    removed = [record for record in streaming.records(streaming.arn()) if record["eventName"] == "REMOVE"]
    assert len(removed) == len({record["dynamodb"]["Keys"]["pk"]["S"] for record in removed}) == count
    assert all(record["userIdentity"]["PrincipalId"] == "dynamodb.amazonaws.com" for record in removed)


def test_a_hundred_thousand_items_expire_once_each_under_writes(engine: Engine, expired: Counter[bytes]) -> None:
    calls = Calls(engine)
    by_ttl = global_index("by-ttl", "ttl:N", projection={"ProjectionType": "KEYS_ONLY"})
    calls.create(table(global_=[by_ttl], StreamSpecification=specification("KEYS_ONLY")))
    on = {"Enabled": True, "AttributeName": "ttl"}
    calls.call("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=on)
    put_all(engine)
    saved = range(0, ITEMS, SAVED_EVERY)
    calls.put("table", *(item(number, NOW + 10_000) for number in saved))

    stopping = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stopping.is_set():
            number = ITEMS + len(written)
            engine.execute("PutItem", {"TableName": "table", "Item": item(number, NOW + 10_000)}, CALLER)
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    engine.advance_clock(200)
    deadline = time.monotonic() + 120
    while len(expired) < ITEMS - len(saved) and time.monotonic() < deadline:
        time.sleep(0.05)
    stopping.set()
    writer.join()

    assert len(expired) == ITEMS - len(saved)
    assert set(expired.values()) == {1}
    assert len(written) > 0
    assert item_count(calls) == len(saved) + len(written)
    assert_streamed_once(engine, ITEMS - len(saved))
    check_database(engine)
