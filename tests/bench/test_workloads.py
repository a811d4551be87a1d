"""What the engines are asked is answered soundly by ours, and no write repeats what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import orjson
import pytest

from bench.workloads import DURABLE, ITEMS, TABLES, WORKLOADS, Workload, load_batches
from ddbengine.api.requests import check
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine

CALLER = Caller("bench", "us-east-1")
ALL = (*WORKLOADS, DURABLE[0])


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = open_engine(None)
    for table in TABLES:
        engine.execute("CreateTable", check("CreateTable", table), CALLER)
    for batch in load_batches():
        engine.execute("BatchWriteItem", check("BatchWriteItem", batch), CALLER)
    yield engine
    engine.close()


@pytest.mark.parametrize("workload", ALL, ids=lambda workload: workload.title)
def test_a_workload_is_answered_soundly(engine: Engine, workload: Workload) -> None:
    for body in islice(workload.bodies(Random(1)), 20):
        answer = engine.execute(workload.operation, check(workload.operation, body), CALLER)
        assert workload.is_sound(orjson.loads(answer))


@pytest.mark.parametrize("title", ["PutItem", "BatchWriteItem of 25", "TransactWriteItems of 10"])
def test_no_write_repeats_what_is_stored_not_even_when_the_requests_start_again(title: str) -> None:
    workload = next(workload for workload in WORKLOADS if workload.title == title)
    stored: dict[str, str] = {}
    for body in [*workload.bodies(Random(1)), *workload.bodies(Random(1)), *workload.bodies(Random(2))]:
        for item in _items(body):
            assert stored.get(item["pk"]["S"]) != item["n"]["N"]
            stored[item["pk"]["S"]] = item["n"]["N"]
    assert len(stored) == ITEMS


def _items(body: dict) -> list[dict]:  # type: ignore[type-arg]
    if "Item" in body:
        return [body["Item"]]
    if "TransactItems" in body:
        return [action["Put"]["Item"] for action in body["TransactItems"]]
    return [request["PutRequest"]["Item"] for request in body["RequestItems"]["bench"]]
