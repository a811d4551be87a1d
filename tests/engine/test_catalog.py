"""The catalog finds the schemas a transaction would read, and reads little for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.catalog import VERSION_KEY, Catalog
from ddbengine.errors import AccessDeniedException, ResourceNotFoundException, ValidationException
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn, Writes
from tests.engine.control_plane import ALICE, BOB, ControlPlane, on_demand
from tests.engine.memory_store import MemoryStore, MemoryTxn

ALICES = "alice/us-east-1"


class Change:
    """A plan that writes what it was given."""

    writes = True
    consistent = True

    def __init__(self, *changes: Writes) -> None:
        self.changes = changes

    def run(self, txn: ReadTxn) -> Outcome:
        return Outcome(b"", self.changes)


@pytest.fixture
def plane() -> ControlPlane:
    plane = ControlPlane()
    plane.call("CreateTable", on_demand())
    return plane


def snapshot(store: MemoryStore) -> MemoryTxn:
    return MemoryTxn(store.rows)


def test_a_table_is_found_by_name_and_by_arn(plane: ControlPlane) -> None:
    by_name = plane.schema("Music")
    assert plane.schema(by_name.arn) is by_name


def test_the_data_plane_says_only_that_something_was_not_found(plane: ControlPlane) -> None:
    with pytest.raises(ResourceNotFoundException, match=r"^Requested resource not found$"):
        plane.catalog.table(snapshot(plane.store), ALICES, "Films")


@pytest.mark.parametrize("name", ["Films", "arn:aws:dynamodb:us-east-1:000000000000:table/Films"])
def test_the_control_plane_names_the_table_that_was_not_found(plane: ControlPlane, name: str) -> None:
    with pytest.raises(ResourceNotFoundException, match=r"^Requested resource not found: Table: Films not found$"):
        plane.catalog.describe_table(snapshot(plane.store), ALICES, name)


def test_an_arn_of_another_region_or_account_is_not_looked_up(plane: ControlPlane) -> None:
    arn = plane.schema().arn
    with pytest.raises(ValidationException, match=r"Invalid AWS region"):
        plane.schema(arn.replace("us-east-1", "eu-west-1"))
    with pytest.raises(AccessDeniedException):
        plane.schema(arn.replace("000000000000", "111111111111"))


def test_a_lookup_of_a_known_table_reads_one_key(plane: ControlPlane) -> None:
    plane.schema()
    txn = snapshot(plane.store)
    assert plane.catalog.table(txn, ALICES, "Music").name == "Music"
    assert txn.gets == 1


def test_a_schema_is_decoded_once_while_its_row_stays_the_same(plane: ControlPlane) -> None:
    before = plane.schema()
    plane.call("CreateTable", on_demand("Films"))
    assert plane.schema() is before


def test_a_change_made_by_another_process_is_seen(plane: ControlPlane) -> None:
    schema = plane.schema()
    plane.store.submit(Change(catalogs.save(replace(schema, tags={"a": "b"})))).result()
    assert plane.schema().tags == {"a": "b"}
    plane.store.submit(Change(catalogs.remove(schema))).result()
    with pytest.raises(ResourceNotFoundException):
        plane.schema()


def test_an_older_snapshot_still_sees_the_older_schema(plane: ControlPlane) -> None:
    old = snapshot(plane.store)
    plane.call("DeleteTable", TableName="Music")
    with pytest.raises(ResourceNotFoundException):
        plane.schema()
    assert plane.catalog.table(old, ALICES, "Music").name == "Music"
    with pytest.raises(ResourceNotFoundException):
        plane.schema()


def test_a_change_that_is_rolled_back_leaves_nothing_behind(plane: ControlPlane) -> None:
    """A plan looks up what an earlier one of its group wrote; then the group fails and another change is made."""
    phantom = replace(plane.schema(), name="Phantom")
    uncommitted = dict(plane.store.rows)
    uncommitted.update(catalogs.save(phantom).puts)
    assert plane.catalog.table(MemoryTxn(uncommitted), ALICES, "Phantom") == phantom
    plane.call("CreateTable", on_demand("Films"))
    with pytest.raises(ResourceNotFoundException):
        plane.schema("Phantom")


def test_callers_see_their_own_tables_only(plane: ControlPlane) -> None:
    with pytest.raises(ResourceNotFoundException):
        plane.schema(caller=BOB)
    plane.call("CreateTable", on_demand(), caller=BOB)
    assert plane.schema(caller=BOB).number != plane.schema(caller=ALICE).number


def test_everybody_sees_the_tables_of_a_shared_database() -> None:
    plane = ControlPlane(shared=True)
    plane.call("CreateTable", on_demand(), caller=ALICE)
    assert plane.schema(caller=BOB) is plane.schema(caller=ALICE)


def test_the_cache_is_bounded(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "CACHED_SCHEMAS_MAX", 3)
    for number in range(10):
        plane.call("CreateTable", on_demand(f"table{number}"))
    for number in range(10):
        assert plane.schema(f"table{number}").name == f"table{number}"
    assert len(plane.catalog._rows) <= 3
    assert len(plane.catalog._generation.entries) <= 3


def test_names_come_in_byte_order_and_continue_after_any_name(plane: ControlPlane) -> None:
    for name in ("a.b", "Zed", "a-b", "abc", "a_b"):
        plane.call("CreateTable", on_demand(name))
    plane.call("CreateTable", on_demand("bobs"), caller=BOB)
    txn = snapshot(plane.store)
    assert list(plane.catalog.names(txn, ALICES)) == ["Music", "Zed", "a-b", "a.b", "a_b", "abc"]
    assert list(plane.catalog.names(txn, ALICES, after="a.b")) == ["a_b", "abc"]
    assert list(plane.catalog.names(txn, ALICES, after="a")) == ["a-b", "a.b", "a_b", "abc"]


def test_names_are_listed_without_reading_other_namespaces(plane: ControlPlane) -> None:
    plane.call("CreateTable", on_demand("bobs"), caller=BOB)
    assert list(plane.catalog.names(snapshot(plane.store), "alice/us-east")) == []


def test_numbers_are_never_used_twice(plane: ControlPlane) -> None:
    first: TableSchema = plane.schema()
    plane.call("DeleteTable", TableName="Music")
    plane.purge()
    plane.call("CreateTable", on_demand())
    assert plane.schema().number > first.number


def test_an_empty_store_has_no_tables() -> None:
    catalog, txn = Catalog(), MemoryTxn({})
    assert list(catalog.names(txn, "")) == []
    assert catalog.find(txn, "", "Music") is None


def test_a_usable_table_comes_with_the_version_of_its_transaction_whatever_others_read_meanwhile(
    plane: ControlPlane,
) -> None:
    catalog, before = Catalog(), snapshot(plane.store)
    plane.call("CreateTable", on_demand("Films"))
    after = snapshot(plane.store)

    class Interrupted(MemoryTxn):
        def get(self, key: bytes) -> memoryview | bytes | None:
            found = super().get(key)
            if key != VERSION_KEY:
                catalog.table(after, ALICES, "Films")
            return found

    found = catalog.usable_table(Interrupted(before.rows), ALICES, "Music")
    assert found is not None
    assert found[0] == before.rows[VERSION_KEY] != after.rows[VERSION_KEY]
    assert catalog.usable_table(before, ALICES, "Films") is None
