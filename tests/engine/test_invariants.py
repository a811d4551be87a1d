"""The check of the engine's invariants must name each kind of damage, and must survive every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine.engine.catalog import NUMBER_KEY, TABLES, VERSION_KEY, save
from ddbengine.engine.changes import COLLECTIONS, COUNTERS
from ddbengine.engine.engine import Engine
from ddbengine.engine.index_register import FILLINGS, FOLLOWER, INDEXED, Batch, Filling, filling_put
from ddbengine.engine.invariants import broken_invariants
from ddbengine.engine.keys import after
from ddbengine.engine.opening import open_engine
from ddbengine.indexes.entries import ENTRIES
from ddbengine.schema import stored
from ddbengine.schema.table import ITEMS, IndexSchema, Projection
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Writes, position_key, position_put
from tests import tables
from tests.engine.calls import Calls
from tests.engine.damage import Damage
from tests.wire import NS, L, M, N, S

TABLE = tables.table(
    "music",
    sort="N",
    local=[tables.local_index("by-year", "year:N", tables.KEYS_ONLY)],
    global_=[tables.global_index("by-genre", "genre")],
)
ITEM = {"pk": S("Acme"), "sk": N(1), "year": N(1999), "genre": S("folk"), "more": L(M(a=NS(1, 2)), S("é"))}
PLAIN = {"pk": S("Beta"), "sk": N(2)}
FILLING = Filling("", "music", b"", (Batch(b"", 1),), 0, 2)


@pytest.fixture
def sound() -> Iterator[Calls]:
    """A table with a local and a global index, and two items, one of them in both."""
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        calls.create(TABLE)
        calls.put("music", ITEM, PLAIN)
        engine.propagator.drain()
        yield calls
    finally:
        engine.close()


def rows(calls: Calls, prefix: bytes) -> list[tuple[bytes, bytes]]:
    with calls.engine.store.snapshot() as txn:
        return [(bytes(key), bytes(value)) for key, value in txn.scan(prefix, after(prefix))]


def damage(calls: Calls, **writes: Any) -> None:
    calls.engine.store.submit(Damage(Writes(**writes))).result()


def findings(calls: Calls) -> list[Finding]:
    with calls.engine.store.snapshot() as txn:
        return list(broken_invariants(txn))


def names(calls: Calls) -> list[str]:
    return sorted({finding.name for finding in findings(calls)})


def item_row(calls: Calls) -> tuple[bytes, bytes]:
    """The row of the item that is in both indexes."""
    return next(row for row in rows(calls, ITEMS) if b"Acme" in row[0])


def test_a_sound_store_has_no_findings(sound: Calls) -> None:
    assert findings(sound) == []


@pytest.fixture
def near() -> Iterator[Calls]:
    """A table with a vector index, and an item in it."""
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        calls.create(tables.table("music", vector=[tables.vector_index("near", "v", 2)]))
        calls.put("music", {"pk": S("Acme"), "v": L(N(1), N(2))})
        engine.propagator.drain()
        yield calls
    finally:
        engine.close()


def test_damage_of_a_vector_index_is_found(near: Calls) -> None:
    assert findings(near) == []
    [(key, entry)] = rows(near, ENTRIES)
    damage(near, puts=[(key, entry.replace(b"\x00\x00\x80?", b"\x00\x00\x80@"))])
    assert names(near) == ["entry-not-as-projected"]
    damage(near, deletes=[key])
    assert names(near) == ["entry-missing"]
    damage(near, puts=[(key, entry), (key + b"x", entry)])
    assert names(near) == ["entry-without-item"]


def test_a_wrong_count_of_what_vectors_save_is_found(near: Calls) -> None:
    key, row = rows(near, COUNTERS)[1]
    assert len(row) == 24
    damage(near, puts=[(key, row[:16] + (7).to_bytes(8, "little"))])
    [finding] = findings(near)
    assert (finding.name, finding.place) == ("counter-wrong", "index near of table music")


def test_an_empty_store_has_no_findings() -> None:
    engine = open_engine(None)
    assert findings(Calls(engine)) == []
    engine.close()


def test_rows_read_are_reported_as_progress(sound: Calls) -> None:
    read: list[int] = []
    with sound.engine.store.snapshot() as txn:
        list(broken_invariants(txn, read.append))
    assert sum(read) == 4


def test_an_item_that_does_not_decode_is_found(sound: Calls) -> None:
    key, item = item_row(sound)
    damage(sound, puts=[(key, item[:-1])])
    found = next(finding for finding in findings(sound) if finding.name == "item-unreadable")
    assert found.place == "table music"
    assert "Acme" in found.key


def test_an_item_under_another_key_is_found(sound: Calls) -> None:
    key, _ = item_row(sound)
    other = _core.encode_item({**ITEM, "sk": N(7)})[0]
    damage(sound, puts=[(key, other)])
    found = next(finding for finding in findings(sound) if finding.name == "item-misplaced")
    assert found.key == '{"pk":{"S":"Acme"},"sk":{"N":"7"}}'


@pytest.mark.parametrize("changed", [{"pk": S("Acme")}, {"pk": S("Acme"), "sk": S("1")}])
def test_an_item_without_its_key_is_found(sound: Calls, changed: dict[str, Any]) -> None:
    damage(sound, puts=[(item_row(sound)[0], _core.encode_item(changed)[0])])
    assert "item-without-key" in names(sound)


def test_an_item_that_is_not_as_it_is_written_is_found(sound: Calls) -> None:
    key, item = item_row(sound)
    longer = item.replace(b"\xa4Acme", b"\xd9\x04Acme")  # msgpack's str 8 where a fixstr is written
    assert longer != item
    damage(sound, puts=[(key, longer)])
    assert "item-not-as-written" in names(sound) or "item-unreadable" in names(sound)


@pytest.mark.parametrize(
    ("index", "place"), [(0, "index by-year of table music"), (1, "index by-genre of table music")]
)
def test_a_missing_entry_is_found(sound: Calls, index: int, place: str) -> None:
    damage(sound, deletes=[rows(sound, ENTRIES)[index][0]])
    assert [(f.name, f.place, f.key) for f in findings(sound)] == [
        ("entry-missing", place, '{"pk":{"S":"Acme"},"sk":{"N":"1"}}')
    ]


@pytest.mark.parametrize("index", [0, 1])
def test_an_entry_that_is_not_what_its_item_projects_is_found(sound: Calls, index: int) -> None:
    key, value = rows(sound, ENTRIES)[index]
    damage(sound, puts=[(key, value.replace(b"Acme", b"Acne"))])
    assert names(sound) == ["entry-not-as-projected"]


@pytest.mark.parametrize("index", [0, 1])
def test_an_entry_without_an_item_is_found(sound: Calls, index: int) -> None:
    key, value = rows(sound, ENTRIES)[index]
    damage(sound, puts=[(key + b"\x01", value)])
    assert names(sound) == ["entry-without-item"]


def test_an_entry_of_an_item_that_is_gone_is_found(sound: Calls) -> None:
    damage(sound, deletes=[item_row(sound)[0]])
    assert [f.name for f in findings(sound)].count("entry-without-item") == 2


def test_an_entry_missing_and_another_too_many_are_both_found(sound: Calls) -> None:
    key, value = rows(sound, ENTRIES)[0]
    damage(sound, deletes=[key], puts=[(key + b"\x01", value)])
    assert names(sound) == ["entry-missing", "entry-without-item"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_counter_that_disagrees_with_a_recount_is_found(sound: Calls, number: int) -> None:
    damage(sound, counters=[(COUNTERS + number.to_bytes(4, "big"), (1, 0))])
    [found] = findings(sound)
    assert (found.name, "a recount finds" in found.detail) == ("counter-wrong", True)


def test_a_counter_of_a_strange_length_is_found(sound: Calls) -> None:
    damage(sound, puts=[(COUNTERS + (1).to_bytes(4, "big"), b"short")])
    assert names(sound) == ["counter-wrong"]


@pytest.mark.parametrize("row", [0, 1])
def test_a_collection_of_another_size_is_found(sound: Calls, row: int) -> None:
    damage(sound, counters=[(rows(sound, COLLECTIONS)[row][0], (-1,))])
    assert [finding.name for finding in findings(sound)] == ["collection-size-wrong"]


@pytest.mark.parametrize("row", [0, 1])
def test_a_collection_without_its_size_is_found(sound: Calls, row: int) -> None:
    damage(sound, deletes=[rows(sound, COLLECTIONS)[row][0]])
    assert [finding.name for finding in findings(sound)] == ["collection-size-wrong"]


@pytest.mark.parametrize("hash_", [b"\0\0\0\0", b"\x80\0\0\0", b"\xff\xff\xff\xff"])
def test_a_size_without_its_collection_is_found(sound: Calls, hash_: bytes) -> None:
    damage(sound, puts=[(COLLECTIONS + (1).to_bytes(4, "big") + hash_ + b"x\0\0", (5).to_bytes(8, "little"))])
    assert [finding.name for finding in findings(sound)] == ["collection-size-wrong"]


@pytest.mark.parametrize("keyspace", [ITEMS, ENTRIES, COUNTERS, COLLECTIONS])
def test_rows_of_no_table_are_found(sound: Calls, keyspace: bytes) -> None:
    stray = keyspace + (77).to_bytes(4, "big")
    damage(sound, puts=[(stray + b"a", b"v"), (stray + b"b", b"v")])
    assert [(finding.name, finding.key) for finding in findings(sound)] == [("rows-of-no-table", shown(stray))]


def test_what_a_deleted_table_left_is_no_finding() -> None:
    engine = open_engine(None)
    engine._housekeeper.close()  # nobody purges
    calls = Calls(engine)
    calls.create(TABLE)
    calls.put("music", ITEM, PLAIN)
    calls.call("DeleteTable", TableName="music")
    assert len(rows(calls, ITEMS)) == 2
    assert findings(calls) == []
    engine.close()


def test_a_table_that_is_being_deleted_may_have_lost_items() -> None:
    now = [1_000.0]
    engine = Engine(LmdbStore, clock=lambda: now[0], transient_seconds=10.0)
    engine._housekeeper.close()  # nobody purges
    calls = Calls(engine)
    calls.create(TABLE)
    now[0] += 20.0
    calls.put("music", ITEM, PLAIN)
    calls.call("DeleteTable", TableName="music")
    damage(calls, deletes=[item_row(calls)[0]])
    assert findings(calls) == []
    engine.close()


def catalog_row(calls: Calls) -> tuple[bytes, bytes]:
    [row] = rows(calls, b"Ct")
    return row


def test_a_schema_that_does_not_decode_is_found(sound: Calls) -> None:
    key, row = catalog_row(sound)
    damage(sound, puts=[(key, row[:-5])])
    assert "catalog-row-unreadable" in names(sound)


def test_a_schema_under_another_name_is_found(sound: Calls) -> None:
    key, row = catalog_row(sound)
    damage(sound, deletes=[key], puts=[(key + b"x", row)])
    assert names(sound) == ["catalog-row-misplaced"]


def test_two_tables_of_one_number_are_found(sound: Calls) -> None:
    key, row = catalog_row(sound)
    damage(sound, puts=[(key + b"2", row)])
    assert "number-used-twice" in names(sound)


def test_a_number_about_to_be_given_out_again_is_found(sound: Calls) -> None:
    damage(sound, puts=[(NUMBER_KEY, (3).to_bytes(8, "big"))])
    [found] = findings(sound)
    assert (found.name, found.detail) == (
        "next-number-too-low",
        "is 3, but index by-genre of table music already has number 3",
    )


@pytest.mark.parametrize(
    ("puts", "deletes", "name"),
    [
        ([], [VERSION_KEY], "catalog-row-missing"),
        ([(VERSION_KEY, b"short")], [], "catalog-row-unreadable"),
        ([(b"Cz", b"")], [], "catalog-row-unknown"),
        ([(b"Cg\0\0\0\x05", b"\xc1")], [], "catalog-row-unreadable"),
        ([(b"Cx12345678", b"")], [], "catalog-row-unreadable"),
    ],
)
def test_other_rows_of_the_catalog_are_checked(
    sound: Calls, puts: list[tuple[bytes, bytes]], deletes: list[bytes], name: str
) -> None:
    damage(sound, puts=puts, deletes=deletes)
    assert names(sound) == [name]


def test_a_catalog_row_can_be_written_back(sound: Calls) -> None:
    schema = stored.decode(catalog_row(sound)[1])
    sound.engine.store.submit(Damage(save(schema))).result()
    assert findings(sound) == []


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_row_breaks_the_check(sound: Calls, data: st.DataObject) -> None:
    """Strategy: one row of any keyspace gets other bytes.  Invariant: the check ends, and finds what is not a row of
    the items' own bytes.  Not covered: damage to keys and to LMDB's pages, which lie below."""
    before = [row for keyspace in (b"C", ITEMS, ENTRIES, COUNTERS, COLLECTIONS) for row in rows(sound, keyspace)]
    key, value = data.draw(st.sampled_from(before))
    at = data.draw(st.integers(0, len(value)))
    until = data.draw(st.integers(at, min(at + 4, len(value))))
    spoilt = value[:at] + data.draw(st.binary(max_size=4)) + value[until:]
    damage(sound, puts=[(key, spoilt)])
    found = findings(sound)
    if spoilt != value and key[:1] != b"C":
        assert found != []
    damage(sound, puts=[(key, value)])
    assert findings(sound) == []


# --- global indexes and the change log -------------------------------------------------------------------------------


def test_indexes_that_are_behind_are_sound(sound: Calls) -> None:
    sound.engine.propagator.pause()
    sound.put("music", ITEM | {"genre": S("rock")}, PLAIN | {"genre": S("folk")}, PLAIN | {"sk": N(3)})
    sound.call("DeleteItem", TableName="music", Key={"pk": S("Acme"), "sk": N(1)})
    assert sound.items("Scan", TableName="music", IndexName="by-genre") == [ITEM]
    assert findings(sound) == []


def test_an_index_that_knows_more_than_its_position_says_is_found(sound: Calls) -> None:
    position = position_key(FOLLOWER)
    sound.engine.propagator.pause()
    sound.put("music", PLAIN | {"genre": S("rock")})
    (_, behind) = rows(sound, position_key(FOLLOWER))[0]
    sound.engine.propagator.resume()
    sound.engine.propagator.drain()
    assert findings(sound) == []
    damage(sound, puts=[(position, behind)])
    assert names(sound) == ["counter-wrong", "entry-without-item"]


def test_a_register_that_forgot_a_table_is_found(sound: Calls) -> None:
    (key, _) = rows(sound, INDEXED)[0]
    damage(sound, deletes=[key])
    assert names(sound) == ["register-wrong"]


def test_a_position_that_is_missing_or_for_nothing_is_found(sound: Calls) -> None:
    damage(sound, deletes=[position_key(FOLLOWER)])
    assert names(sound) == ["position-wrong"]
    sound.call("DeleteTable", TableName="music")
    damage(sound, puts=[position_put(FOLLOWER, 1)])
    assert names(sound) == ["position-wrong"]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (b"nonsense", "catalog-row-unreadable"),
        (filling_put(IndexSchema("i", 99, True, (), (), Projection("ALL")), FILLING)[1], "filling-of-nothing"),
    ],
)
def test_a_filling_that_cannot_be_is_found(sound: Calls, row: bytes, name: str) -> None:
    damage(sound, puts=[(FILLINGS + (99).to_bytes(4, "big"), row)])
    assert names(sound) == [name]


def test_a_filling_of_an_index_that_is_not_shown_as_filled_is_found(sound: Calls) -> None:
    with sound.engine.store.snapshot() as txn:
        (schema,) = (stored.decode(bytes(row)) for _, row in txn.scan(TABLES, after(TABLES)))
    damage(sound, puts=[filling_put(schema.global_indexes[0], FILLING)])
    assert "filling-wrong" in names(sound)
