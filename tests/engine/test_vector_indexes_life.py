"""The life of a vector index: created with its table or added to it, filled, searched, deleted (FACTS 5.15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.engine import backfill
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine
from ddbengine.engine.purge import MORE
from ddbengine.engine.tables import FILLING_TIMES
from ddbengine.storage.lmdb_store import LmdbStore
from tests import tables
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.tables import creation, vector_index
from tests.wire import Item, L, N, S

PHASE_SECONDS = 10.0
FILLING_SECONDS = FILLING_TIMES * PHASE_SECONDS
NOT_THERE = "The table does not have the specified index: near"
BACKFILLING = "Cannot search backfilling vector index: near"
IN_USE = "Attempt to change a resource which is still in use: "
ONE_AT_A_TIME = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"


class Slow(Calls):
    """Calls of an engine that shows transient statuses, on a clock that is put forward by hand."""

    def later(self, seconds: float) -> None:
        self.engine.clock.advance(seconds)


@pytest.fixture
def slow() -> Iterator[Slow]:
    engine = Engine(LmdbStore, clock=lambda: 1_790_000_000.0, transient_seconds=PHASE_SECONDS)
    try:
        yield Slow(engine)
        check_database(engine)
    finally:
        engine.close()


def item(key: str) -> Item:
    return {"pk": S(key), "v": L(N(ord(key[-1])), N(1), N(0))}


def described(engine: Calls) -> tuple[str, dict[str, Any] | None]:
    """The table's status, and its vector index."""
    table = engine.call("DescribeTable", TableName="table")["Table"]
    (index,) = table.get("VectorIndexes", [None])
    return table["TableStatus"], index


def searched(engine: Calls, index: str = "near") -> set[str]:
    members = {"TableName": "table", "IndexName": index, "SearchVector": [N(1), N(1), N(0)], "TopK": 100}
    return {result["Item"]["pk"]["S"] for result in engine.call("SearchVectors", **members)["SearchResults"]}


def search_refusal(engine: Calls) -> str | None:
    return engine.invalid("SearchVectors", TableName="table", IndexName="near", SearchVector=[N(1), N(1), N(0)], TopK=1)


def add(engine: Calls, name: str = "near") -> dict[str, Any]:
    answer = engine.call("UpdateTable", TableName="table", **creation(vector_index(name)))
    description: dict[str, Any] = answer["TableDescription"]
    return description


def delete(name: str = "near") -> dict[str, Any]:
    return {"TableName": "table", "VectorIndexUpdates": [{"Delete": {"IndexName": name}}]}


# --- without transient statuses ---------------------------------------------------------------------------------------


def test_an_index_is_described_as_it_was_asked_for(engine: Calls) -> None:
    near = vector_index("near", "v", 3, "EUCLIDEAN", partition="tenant", filters=["year:N"])
    created = engine.call("CreateTable", **tables.table(vector=[near]))["TableDescription"]
    expected = {
        **{member: value for member, value in near.items() if member != "types"},
        "IndexStatus": "CREATING",
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{created['TableArn']}/index/near",
    }
    assert created["VectorIndexes"] == [expected]
    assert described(engine) == ("ACTIVE", {**expected, "IndexStatus": "ACTIVE"})


def test_an_index_without_search_schema_is_described_without(engine: Calls) -> None:
    engine.create(tables.table(vector=[vector_index("near")]))
    _, index = described(engine)
    assert index is not None
    assert not {"SearchSchema", "Backfilling"} & index.keys()


def test_an_index_added_to_a_small_table_is_complete_when_update_table_answers(engine: Calls) -> None:
    engine.create(tables.table())
    engine.put("table", item("a"), item("b"), {"pk": S("c"), "v": S("no vector")}, {"pk": S("d")})
    description = add(engine)
    assert (description["TableStatus"], description["VectorIndexes"][0]["IndexStatus"]) == ("UPDATING", "CREATING")
    assert description["VectorIndexes"][0]["Backfilling"] is False
    status, index = described(engine)
    assert index is not None
    assert (status, index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", "ACTIVE", 2)
    assert searched(engine) == {"a", "b"}
    engine.put("table", item("e"))
    assert searched(engine) == {"a", "b", "e"}


def test_a_deleted_index_is_gone_with_its_entries(engine: Calls) -> None:
    engine.create(tables.table(vector=[vector_index("near")]))
    engine.put("table", item("a"))
    (shown,) = engine.call("UpdateTable", **delete())["TableDescription"]["VectorIndexes"]
    assert (shown["IndexName"], shown["IndexStatus"]) == ("near", "DELETING")
    assert described(engine) == ("ACTIVE", None)
    assert search_refusal(engine) == NOT_THERE
    engine.put("table", {"pk": S("a"), "v": S("anything")})


def test_an_index_of_a_large_table_is_filled_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "FIRST_MAX_ITEMS", 3)
    monkeypatch.setattr(backfill.Backfill, "__call__", lambda self: None)  # by hand, below
    engine = Calls(open_engine(None))
    try:
        engine.create(tables.table())
        keys = "abcdefghij"
        engine.put("table", *map(item, keys))
        add(engine)
        status, index = described(engine)
        assert index is not None
        assert (status, index["IndexStatus"], index["Backfilling"]) == ("ACTIVE", "CREATING", True)
        assert search_refusal(engine) == BACKFILLING
        refused = engine.refusal("DeleteTable", TableName="table")
        assert (refused.code, refused.message) == (
            "ResourceInUseException",
            f"{IN_USE}Cannot delete table while indexes are being created, updated, or deleted.",
        )
        assert engine.refusal("UpdateTable", TableName="table", **creation(vector_index("other"))).message == (
            ONE_AT_A_TIME
        )
        engine.put("table", item("aa"), item("jj"))
        with engine.engine.store.snapshot() as txn:
            (number,) = backfill.unfilled(txn)
        catalog = engine.engine.surroundings.catalog
        while engine.engine.store.submit(backfill.FillingPart(catalog, number, 2)).result().body == MORE:
            check_database(engine.engine)
        assert searched(engine) == {*keys, "aa", "jj"}
        check_database(engine.engine)
    finally:
        engine.engine.close()


# --- with them --------------------------------------------------------------------------------------------------------


def test_an_index_created_with_its_table_is_active_with_it(slow: Slow) -> None:
    slow.call("CreateTable", **tables.table(vector=[vector_index("near")]))
    status, index = described(slow)
    assert index is not None
    assert (status, index["IndexStatus"], "Backfilling" in index) == ("CREATING", "CREATING", False)
    slow.later(PHASE_SECONDS)
    status, index = described(slow)
    assert index is not None
    assert (status, index["IndexStatus"], "Backfilling" in index) == ("ACTIVE", "ACTIVE", False)


@pytest.fixture
def growing(slow: Slow) -> Slow:
    """A table that an index is being added to."""
    slow.create(tables.table())
    slow.later(PHASE_SECONDS)
    slow.put("table", item("a"), item("b"))
    add(slow)
    return slow


def test_an_added_index_is_allocated_then_filled_then_active(growing: Slow) -> None:
    status, index = described(growing)
    assert index is not None
    assert (status, index["IndexStatus"], index["Backfilling"]) == ("UPDATING", "CREATING", False)
    assert search_refusal(growing) == NOT_THERE
    growing.later(PHASE_SECONDS)
    status, index = described(growing)
    assert index is not None
    assert (status, index["IndexStatus"], index["Backfilling"]) == ("ACTIVE", "CREATING", True)
    assert search_refusal(growing) == BACKFILLING
    growing.put("table", item("c"))
    growing.later(FILLING_SECONDS)
    status, index = described(growing)
    assert index is not None
    assert (status, index["IndexStatus"], "Backfilling" in index) == ("ACTIVE", "ACTIVE", False)
    assert searched(growing) == {"a", "b", "c"}


def test_an_index_is_deleted_while_it_is_filled_but_not_before(growing: Slow) -> None:
    refusal = growing.refusal("UpdateTable", **delete())
    assert (refusal.code, refusal.message) == (
        "ResourceInUseException",
        f"{IN_USE}Index creation is in resource allocation phase. "
        "Retry deletion during backfilling phase or when the index is active. Table: table Index: near",
    )
    growing.later(PHASE_SECONDS)
    growing.call("UpdateTable", **delete())
    _, index = described(growing)
    assert index is not None
    assert (index["IndexStatus"], "Backfilling" in index) == ("DELETING", False)
    growing.later(FILLING_SECONDS)
    assert described(growing) == ("ACTIVE", None)
    growing.call("DeleteTable", TableName="table")


@pytest.mark.parametrize("phases", [0, 1])
def test_no_other_index_is_created_meanwhile(growing: Slow, phases: int) -> None:
    growing.later(phases * PHASE_SECONDS)
    refusal = growing.refusal("UpdateTable", TableName="table", **creation(vector_index("other")))
    assert (refusal.code, refusal.message) == ("LimitExceededException", ONE_AT_A_TIME)


def test_the_table_is_not_deleted_meanwhile(growing: Slow) -> None:
    growing.later(PHASE_SECONDS)
    assert growing.refusal("DeleteTable", TableName="table").message == (
        f"{IN_USE}Cannot delete table while indexes are being created, updated, or deleted."
    )
    growing.later(FILLING_SECONDS)
    growing.call("DeleteTable", TableName="table")
    growing.later(PHASE_SECONDS)


def test_another_update_does_not_end_the_filling_early(growing: Slow) -> None:
    growing.later(PHASE_SECONDS)
    growing.call("UpdateTable", TableName="table", DeletionProtectionEnabled=False)
    assert search_refusal(growing) == BACKFILLING
    growing.later(FILLING_SECONDS)
    assert searched(growing) == {"a", "b"}


# --- what follows the change log --------------------------------------------------------------------------------------


def test_with_a_lag_a_search_shows_the_past() -> None:
    engine = Calls(open_engine(None, gsi_lag_ms=3_600_000))
    try:
        engine.create(tables.table(vector=[vector_index("near")]))
        engine.put("table", item("a"))
        assert searched(engine) == set()
        engine.engine.advance_clock(3_601)
        engine.engine.propagator.drain()
        assert searched(engine) == {"a"}
    finally:
        engine.engine.close()


def test_a_paused_propagator_leaves_vector_indexes_as_they_are(engine: Calls) -> None:
    engine.create(tables.table(vector=[vector_index("near")]))
    engine.put("table", item("a"))
    assert searched(engine) == {"a"}
    engine.engine.propagator.pause()
    engine.put("table", item("b"))
    engine.call("DeleteItem", TableName="table", Key={"pk": S("a")})
    assert searched(engine) == {"a"}
    engine.engine.propagator.resume()
    assert searched(engine) == {"b"}
