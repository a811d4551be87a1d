"""Shortcuts: plain lookups answered from their bytes.  That they say what the plan says is asserted wherever
``tests.engine.calls`` asks for an item; here is when there is one at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson
import pytest

from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.fault_rules import FaultRules
from ddbengine.engine.faults import Faults
from ddbengine.engine.opening import open_engine
from ddbengine.engine.reader import Reader
from ddbengine.storage.errors import StoreError
from ddbengine.storage.shared_state import SharedState
from ddbengine.storage.transactions import Snapshot
from tests import tables
from tests.engine.calls import CALLER, Calls
from tests.wire import N, S

OTHER_CALLER = Caller("AKIAOTHER", "us-east-1")
ITEM = {"pk": S("a"), "n": N(1)}


def body(table: str, **others: Any) -> bytes:
    return orjson.dumps({"TableName": table, "Key": {"pk": S("a")}, **others})


def shortcut(engine: Engine, caller: Caller = CALLER, operation: str = "GetItem") -> Callable[[bytes], bytes | None]:
    found = engine.shortcut(operation, caller)
    assert found is not None
    return found.answer


@pytest.fixture
def table(engine: Calls) -> str:
    name = engine.create(tables.table())
    engine.put(name, ITEM)
    return name


def test_a_plain_lookup_is_answered(engine: Calls, table: str) -> None:
    answer = shortcut(engine.engine)(body(table))
    assert answer is not None
    assert orjson.loads(answer) == {"Item": ITEM}


@pytest.mark.parametrize("operation", ["UpdateItem", "Scan", "BatchGetItem", "ExecuteStatement"])
def test_other_operations_have_none(engine: Calls, operation: str) -> None:
    assert engine.engine.shortcut(operation, CALLER) is None


def test_every_write_is_seen_at_once(engine: Calls, table: str) -> None:
    short = shortcut(engine.engine)
    for number in range(5):
        engine.put(table, {**ITEM, "n": N(number)})
        assert orjson.loads(short(body(table)) or b"") == {"Item": {**ITEM, "n": N(number)}}
    engine.call("DeleteItem", TableName=table, Key={"pk": S("a")})
    assert short(body(table)) == b"{}"


def test_none_passes_by_the_faults_on_demand(engine: Calls, table: str) -> None:
    short = shortcut(engine.engine)
    engine.engine.faults = Faults(FaultRules(0, ()))
    assert short(body(table)) is None
    engine.engine.faults = None
    assert short(body(table)) is not None


def test_tables_of_other_callers_are_not_seen(engine: Calls, table: str) -> None:
    assert shortcut(engine.engine)(body(table)) is not None
    assert shortcut(engine.engine, OTHER_CALLER)(body(table)) is None


def test_callers_that_share_their_tables_see_each_others() -> None:
    engine = open_engine(None, shared=True)
    try:
        calls = Calls(engine)
        name = calls.create(tables.table())
        assert shortcut(engine)(body(name)) == shortcut(engine, OTHER_CALLER)(body(name)) == b"{}"
    finally:
        engine.close()


def test_a_table_made_anew_has_nothing_of_the_one_before(engine: Calls, table: str) -> None:
    short = shortcut(engine.engine)
    assert short(body(table)) != b"{}"
    engine.call("DeleteTable", TableName=table)
    assert short(body(table)) is None
    engine.create(tables.table())
    assert short(body(table)) == b"{}"
    engine.call("DeleteTable", TableName=table)
    engine.create(tables.table(partition="N"))
    assert short(body(table)) is None


def test_a_table_being_created_or_deleted_is_left_to_the_plan() -> None:
    now = [1_790_000_000.0]
    engine = open_engine(None, clock=lambda: now[0], transient_seconds=10)
    try:
        calls = Calls(engine)
        name = calls.create(tables.table())
        short = shortcut(engine)
        assert short(body(name)) is None
        now[0] += 11
        assert short(body(name)) == b"{}"
        calls.call("DeleteTable", TableName=name)
        assert short(body(name)) is None
    finally:
        engine.close()


class StoreOf:
    """The reads of an engine in this process, as another process would have them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.fails = False

    def snapshot(self, consistent: bool = True) -> Snapshot:
        if self.fails:
            raise StoreError("nobody leads")
        snapshot = self.engine.store.snapshot(consistent)
        assert isinstance(snapshot, Snapshot)
        return snapshot


def reader(reads: StoreOf, state: Path, **options: bool) -> Reader:
    def relay(operation: str, request: dict[str, Any], caller: Caller) -> Future[Any]:
        raise AssertionError("nothing here is for the writer")

    return Reader(reads, SharedState.create(state), relay, **options)  # type: ignore[arg-type]


def test_a_reading_process_has_them_too(engine: Calls, table: str, tmp_path: Path) -> None:
    reads = StoreOf(engine.engine)
    short = reader(reads, tmp_path / "state").shortcut("GetItem", CALLER)
    assert short is not None
    assert short.answer(body(table)) == shortcut(engine.engine)(body(table))
    reads.fails = True
    assert short.answer(body(table)) is None


def query(table: str, value: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": S(value)},
        "ConsistentRead": True,
    }


def test_a_query_that_was_asked_before_is_answered_with_other_values(engine: Calls, table: str) -> None:
    short = shortcut(engine.engine, operation="Query")
    assert short(orjson.dumps(query(table, "a"))) == query(table, "a")  # type: ignore[comparison-overlap]
    engine.call("Query", **query(table, "b"))
    assert orjson.loads(short(orjson.dumps(query(table, "a"))) or b"")["Items"] == [ITEM]
    engine.call("DeleteTable", TableName=table)
    engine.create(tables.table(partition="N"))
    assert isinstance(short(orjson.dumps(query(table, "a"))), dict), "its key is another one"


def test_a_reading_process_answers_queries_that_it_was_asked_before(engine: Calls, table: str, tmp_path: Path) -> None:
    reads = reader(StoreOf(engine.engine), tmp_path / "state")
    short = reads.shortcut("Query", CALLER)
    assert short is not None
    answer = reads.answer("Query", query(table, "a"), CALLER)
    assert short.answer(orjson.dumps(query(table, "a"))) == answer
    assert short.answer(orjson.dumps(query(table, "b"))) != answer


def test_a_reading_process_leaves_late_reads_to_the_writer(engine: Calls, table: str, tmp_path: Path) -> None:
    short = reader(StoreOf(engine.engine), tmp_path / "state", reads_eventually=False).shortcut("GetItem", CALLER)
    assert short is not None
    assert short.answer(body(table)) is None
    assert short.answer(body(table, ConsistentRead=True)) is not None


def test_a_reading_process_that_relays_everything_has_none(engine: Calls, tmp_path: Path) -> None:
    assert reader(StoreOf(engine.engine), tmp_path / "state", reads_itself=False).shortcut("GetItem", CALLER) is None
