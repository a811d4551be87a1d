"""Plain puts leave behind what ordinary ones do.

Strategy: the same puts, of few keys so that they meet, go to two engines, one by the shortcut and one by the plan; the
tables are of every kind that has more to be written than the item, and of none.  After each put the answers are
compared, in the end all entries of both stores and the records of their logs.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddbengine._core import PlainPuts
from ddbengine.api.requests import check
from ddbengine.engine.engine import Engine
from ddbengine.engine.fault_rules import FaultRules
from ddbengine.engine.faults import Faults
from ddbengine.engine.opening import open_engine
from ddbengine.errors import ApiError
from tests import tables
from tests.engine.calls import CALLER, Calls
from tests.engine.whole_check import check_database
from tests.wire import B, L, N, S

STREAM: dict[str, Any] = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
TABLES = (
    tables.table("plain"),
    tables.table("sorted", sort="N"),
    tables.table("binary", partition="B"),
    tables.table("streamed", **STREAM),
    tables.table("local", sort="N", local=[tables.local_index("by-a", "a:N")]),
    tables.table("global", global_=[tables.global_index("by-a", "a:N")]),
    tables.table("expiring"),
)
VALUES = st.sampled_from([S("k"), S("other"), S(""), S("x" * 3000), N(1), N("-15e-1"), N("9" * 38), B(b"k"), B(b"")])
ITEMS = st.fixed_dictionaries(
    {"pk": VALUES | st.sampled_from([S("k"), S("l")])},
    optional={"sk": VALUES, "a": VALUES | st.just(L(N(1), S("two"))), "e": st.sampled_from([N(1), N(2_000_000_000)])},
)
PUTS = st.fixed_dictionaries(
    {
        "TableName": st.sampled_from([*(table["TableName"] for table in TABLES), "nowhere", "x"]),
        "Item": ITEMS | st.just({}) | st.just({"pk": {"S": 1}}),
    },
    optional={"ReturnValues": st.just("ALL_OLD"), "ConditionExpression": st.just("attribute_not_exists(pk)")},
)


def opened() -> Engine:
    engine = open_engine(None, clock=lambda: 1_790_000_000.0)
    calls = Calls(engine)
    for table in TABLES:
        calls.create(table)
    calls.call(
        "UpdateTimeToLive", TableName="expiring", TimeToLiveSpecification={"Enabled": True, "AttributeName": "e"}
    )
    return engine


def by_plan(engine: Engine, sent: bytes) -> object:
    try:
        return engine.execute("PutItem", check("PutItem", orjson.loads(sent)), CALLER)
    except ApiError as error:
        return error.code, error.message


def by_shortcut(engine: Engine, sent: bytes) -> object:
    shortcut = engine.shortcut("PutItem", CALLER)
    assert isinstance(shortcut, PlainPuts)
    try:
        answer = shortcut.answer(sent)
    except ApiError as error:
        return error.code, error.message
    if isinstance(answer, dict):
        assert answer == orjson.loads(sent)
        return by_plan(engine, sent)
    return answer


def left(engine: Engine) -> tuple[list[tuple[bytes, bytes]], list[bytes | None]]:
    """All entries but those of the catalog, of the log and of its followers, and the records of the log."""
    engine.propagator.drain()
    with engine.store.snapshot() as txn:
        entries = [(bytes(key), bytes(value)) for key, value in txn.scan(b"", b"\xff") if key[:1] not in b"CGP"]
        return entries, [record for entry in txn.log_after(0) for record in entry.logical]


@settings(max_examples=60)
@given(st.lists(PUTS, min_size=1, max_size=12))
def test_a_plain_put_leaves_behind_what_an_ordinary_one_does(puts: list[dict[str, Any]]) -> None:
    one, other = opened(), opened()
    try:
        for put in [put for put in puts for _ in range(2)]:
            sent = orjson.dumps(put)
            assert by_shortcut(one, sent) == by_plan(other, sent)
        assert left(one) == left(other)
        check_database(one)
    finally:
        one.close()
        other.close()


def test_none_passes_by_the_faults_on_demand(engine: Calls) -> None:
    name = engine.create(tables.table())
    sent = orjson.dumps({"TableName": name, "Item": {"pk": S("k")}})
    shortcut = engine.engine.shortcut("PutItem", CALLER)
    assert shortcut is not None
    engine.engine.faults = Faults(FaultRules(0, ()))
    assert shortcut.answer(sent) == orjson.loads(sent)
    engine.engine.faults = None
    assert engine.get(name, pk=S("k")) is None
    assert shortcut.answer(sent) == b"{}"
    assert engine.get(name, pk=S("k")) == {"pk": S("k")}


def test_a_table_that_gets_an_index_has_it_written_from_then_on(engine: Calls) -> None:
    name = engine.create(tables.table())
    shortcut = engine.engine.shortcut("PutItem", CALLER)
    assert shortcut is not None
    put = {"TableName": name, "Item": {"pk": S("k"), "a": N(1)}}
    assert shortcut.answer(orjson.dumps(put)) == b"{}"
    engine.call("UpdateTimeToLive", TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "a"})
    put["Item"] = {"pk": S("l"), "a": N(2)}
    assert shortcut.answer(orjson.dumps(put)) == b"{}"
    check_database(engine.engine)


def test_a_table_being_created_is_refused_and_then_written_to() -> None:
    now = [1_790_000_000.0]
    engine = open_engine(None, clock=lambda: now[0], transient_seconds=10)
    try:
        name = Calls(engine).create(tables.table())
        shortcut = engine.shortcut("PutItem", CALLER)
        assert shortcut is not None
        sent = orjson.dumps({"TableName": name, "Item": {"pk": S("k")}})
        with pytest.raises(ApiError, match="Requested resource not found"):
            shortcut.answer(sent)
        now[0] += 11
        assert shortcut.answer(sent) == b"{}"
    finally:
        engine.close()
