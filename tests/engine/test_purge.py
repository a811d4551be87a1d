"""What a deleted table or index leaves behind is removed, a bounded batch at a time, and nothing else is."""

from __future__ import annotations

import pytest

from ddbengine.engine.purge import MORE, purge_pending, purge_plan
from tests.engine.control_plane import ControlPlane, index, on_demand
from tests.engine.memory_store import MemoryTxn

KEYSPACES = (b"I", b"X", b"N", b"S")


@pytest.fixture
def plane() -> ControlPlane:
    """Two tables with rows in every keyspace."""
    plane = ControlPlane()
    for name in ("doomed", "kept"):
        plane.call(
            "CreateTable",
            on_demand(
                name,
                LocalSecondaryIndexes=[index("local", "Artist", "Song")],
                GlobalSecondaryIndexes=[index("global", "Song")],
            ),
        )
        fill(plane, name)
    return plane


def fill(plane: ControlPlane, name: str, items: int = 10) -> None:
    schema = plane.schema(name)
    rows = [(b"I", schema.number), (b"S", schema.number), *((b"X", each.number) for each in schema.indexes)]
    for keyspace, number in rows:
        for item in range(items):
            plane.store.rows[keyspace + number.to_bytes(4, "big") + bytes((item,))] = b"row"
    for number in (schema.number, *(each.number for each in schema.indexes)):
        plane.store.rows[b"N" + number.to_bytes(4, "big")] = bytes(16)


def rows(plane: ControlPlane) -> int:
    return sum(len(plane.keys(keyspace)) for keyspace in KEYSPACES)


def test_a_purge_removes_everything_of_a_deleted_table_and_nothing_of_another(plane: ControlPlane) -> None:
    both = rows(plane)
    plane.call("DeleteTable", TableName="doomed")
    assert plane.purge() == 1
    assert rows(plane) == both // 2
    plane.call("DeleteTable", TableName="kept")
    plane.purge()
    assert rows(plane) == 0
    assert plane.keys(b"C") == [b"Cn", b"Cv"]


def test_a_batch_is_bounded_and_says_whether_more_is_left(plane: ControlPlane) -> None:
    plane.call("DeleteTable", TableName="doomed")
    before = rows(plane)
    assert plane.store.submit(purge_plan(plane.clock, batch_keys=7)).result().body == MORE
    assert rows(plane) == before - 7


@pytest.mark.parametrize("batch_keys", [1, 7, 43, 44, 1_000])
def test_batches_of_any_size_come_to_an_end(plane: ControlPlane, batch_keys: int) -> None:
    plane.call("DeleteTable", TableName="doomed")
    plane.call("DeleteTable", TableName="kept")
    plane.purge(batch_keys)
    assert rows(plane) == 0


def test_a_purge_with_nothing_to_do_writes_nothing(plane: ControlPlane) -> None:
    before = plane.store.rows
    assert not plane.store.submit(purge_plan(plane.clock)).result().changes
    assert plane.store.rows == before


def test_it_can_be_told_whether_something_is_left_to_purge(plane: ControlPlane) -> None:
    assert not purge_pending(MemoryTxn(plane.store.rows))
    plane.call("DeleteTable", TableName="doomed")
    assert purge_pending(MemoryTxn(plane.store.rows))
    plane.purge()
    assert not purge_pending(MemoryTxn(plane.store.rows))


def test_a_purge_does_not_touch_the_table_that_took_the_name(plane: ControlPlane) -> None:
    plane.call("DeleteTable", TableName="doomed")
    plane.call("CreateTable", on_demand("doomed"))
    fill(plane, "doomed")
    kept = rows(plane)
    plane.purge()
    assert kept - rows(plane) == rows_of_one_full_table()
    assert plane.describe("doomed")["TableStatus"] == "ACTIVE"


def rows_of_one_full_table() -> int:
    plane = ControlPlane()
    indexes = [index("local", "Artist", "Song")]
    request = on_demand(LocalSecondaryIndexes=indexes, GlobalSecondaryIndexes=[index("global", "Song")])
    plane.call("CreateTable", request)
    fill(plane, "Music")
    return rows(plane)


def test_a_deleted_index_is_purged_alone(plane: ControlPlane) -> None:
    number = plane.schema("doomed").global_indexes[0].number.to_bytes(4, "big")
    before = rows(plane)
    plane.call("UpdateTable", TableName="doomed", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}])
    plane.purge()
    assert not plane.keys(b"X" + number)
    assert not plane.keys(b"N" + number)
    assert rows(plane) == before - 11


def test_the_schema_of_a_deleting_table_goes_with_the_purge_after_its_time() -> None:
    plane = ControlPlane(transient_seconds=10)
    plane.call("CreateTable", on_demand())
    plane.now += 11
    plane.call("DeleteTable", TableName="Music")
    plane.purge()
    assert plane.describe()["TableStatus"] == "DELETING"
    plane.now += 11
    plane.purge()
    assert plane.keys(b"C") == [b"Cn", b"Cv"]


def test_the_purge_leaves_a_table_that_took_the_name_of_a_deleting_one() -> None:
    plane = ControlPlane(transient_seconds=10)
    plane.call("CreateTable", on_demand())
    plane.now += 11
    plane.call("DeleteTable", TableName="Music")
    plane.now += 11
    plane.call("CreateTable", on_demand())
    plane.purge()
    plane.now += 11
    assert plane.schema().name == "Music"
    assert len(plane.keys(b"Cx")) == 0
