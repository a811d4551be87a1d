"""Emptying a store, also while others write to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.wire import N, S

TABLE = tables.table(
    "music",
    sort="N",
    local=[tables.local_index("by-year", "year:N")],
    global_=[tables.global_index("by-genre", "genre")],
)
ITEM = {"pk": S("Acme"), "sk": N(1), "year": N(1999), "genre": S("folk")}


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Calls]:
    engine = open_engine(None if request.param == "memory" else tmp_path / "data")
    try:
        yield Calls(engine)
        check_database(engine)
    finally:
        engine.close()


def everything(calls: Calls) -> list[bytes]:
    """The keys of all rows that the engine writes."""
    with calls.engine.store.snapshot() as txn:
        return [bytes(key) for key, _ in txn.scan(b"C", b"D")] + [
            bytes(key) for low, high in ((b"I", b"J"), (b"N", b"O"), (b"S", b"T"), (b"X", b"Y"))
            for key, _ in txn.scan(low, high)
        ]  # fmt: skip


def test_nothing_is_left_but_the_version_of_the_catalog(store: Calls) -> None:
    store.create(TABLE)
    store.put("music", ITEM, {**ITEM, "pk": S("k" * 2000)})
    store.engine.reset()
    assert everything(store) == [b"Cv"]
    assert store.call("ListTables") == {"TableNames": []}


def test_a_table_of_the_same_name_starts_empty_with_the_first_number(store: Calls) -> None:
    for _ in range(3):
        store.create(TABLE)
        assert store.items("Scan", TableName="music") == []
        store.put("music", ITEM)
        assert store.items("Scan", TableName="music", IndexName="by-genre") == [ITEM]
        assert [key for key in everything(store) if key[:1] == b"N"] == [b"N\0\0\0" + bytes([n]) for n in (1, 2, 3)]
        store.engine.reset()


def test_a_schema_used_before_is_forgotten(store: Calls) -> None:
    store.create(TABLE)
    store.put("music", ITEM)
    store.engine.reset()
    assert store.refusal("GetItem", TableName="music", Key={"pk": S("a"), "sk": N(1)}).code == (
        "ResourceNotFoundException"
    )
    store.create(tables.table("music"))
    store.put("music", {"pk": S("another key schema")})
    assert store.items("Scan", TableName="music") == [{"pk": S("another key schema")}]


def test_an_empty_store_can_be_reset(store: Calls) -> None:
    store.engine.reset()
    store.engine.reset()
    assert everything(store) == [b"Cv"]


def test_writers_meet_a_reset_before_or_after_but_not_in_the_middle(store: Calls) -> None:
    store.create(TABLE)
    refused: list[str] = []
    started = threading.Barrier(5)

    def write(writer: int) -> None:
        started.wait()
        for number in range(50):
            error = store.error("PutItem", TableName="music", Item={**ITEM, "pk": S(f"{writer}"), "sk": N(number)})
            refused.append("" if error is None else error.code)

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    started.wait()
    for _ in range(5):
        store.engine.reset()
        store.create(TABLE)
    for writer in writers:
        writer.join()
    assert len(refused) == 200
    assert set(refused) <= {"", "ResourceNotFoundException"}
