"""What reads meet in replicas that were damaged while they were open."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from ddbengine._core import CorruptBytes, DamagedPage
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.seal import DATA_FILE
from ddbengine.storage.status import LEADING
from ddbengine.storage.store import Outcome, ReadTxn
from tests.storage.plans import Scripted, get, open_store, scan
from tests.storage.test_replication import disk_of, has, is_whole, replica, wait_until, write

PAGE_BYTES = 4096
FLAGS = slice(10, 12)
"""Of a page, LMDB's kind."""
LEAF = b"\2\0"
NEITHER_BRANCH_NOR_LEAF = b"\4\0"
ROWS = 200


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LmdbStore]:
    with open_store(tmp_path / "store") as opened:
        write(opened, 0, ROWS)
        wait_until(lambda: is_whole(opened))
        yield opened


def overwrite_leaves(directory: Path) -> None:
    """Make the leaves, under the server that has them mapped, what LMDB takes for no page of a tree.  All of them: a
    search that ends on a sound leaf and goes on to one that is not is the end of the process, in LMDB 0.9."""
    with open(directory / DATA_FILE, "r+b", buffering=0) as file:
        pages = file.read()
        for start in range(2 * PAGE_BYTES, len(pages), PAGE_BYTES):
            if pages[start : start + PAGE_BYTES][FLAGS] == LEAF:
                file.seek(start + FLAGS.start)
                file.write(NEITHER_BRANCH_NOR_LEAF)


def tamper(store: LmdbStore, name: str) -> None:
    disk = disk_of(store, name)
    txn = disk.begin_write()
    txn.put(b"I0007", b"tampered")
    disk.commit(txn)


def decode(txn: ReadTxn) -> Outcome:
    """As the core does with what is not the stored form of anything."""
    if bytes(txn.get(b"I0007") or b"") == b"tampered":
        raise CorruptBytes("simulated")
    return Outcome(b"decoded")


def read_decoded(store: LmdbStore) -> bytes:
    with store.snapshot() as txn:
        return decode(txn).body


def read_everywhere(store: LmdbStore) -> None:
    for _ in range(3):
        with store.snapshot(consistent=False) as txn:
            list(txn.scan(b"I0", b"I9"))


@pytest.mark.parametrize(("found_before", "met"), [(False, lmdb.Error), (True, DamagedPage)])
def test_a_read_that_meets_a_damaged_page_loses_the_leader_and_later_reads_are_right(
    found_before: bool, met: type[Exception], store: LmdbStore, tmp_path: Path
) -> None:
    """Met by the binding while the map is sought, or by the core when it was found before."""
    damaged = disk_of(store, "az1")
    damaged.trees.moved()
    if found_before:
        assert has(store, ROWS)
    overwrite_leaves(tmp_path / "store" / "az1")
    with pytest.raises(met):
        scan(store, b"I0", b"I9")
    wait_until(lambda: store.status().commits.failovers == 1)
    assert replica(store, "az1").state != LEADING
    assert has(store, ROWS)
    write(store, ROWS, ROWS + 5)
    wait_until(lambda: is_whole(store) and disk_of(store, "az1") is not damaged)
    assert has(store, ROWS + 5)
    assert store.status().commits.failovers == 1


def test_a_read_that_meets_a_damaged_follower_has_it_rebuilt(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", eventual_reads="any") as store:
        write(store, 0, ROWS)
        wait_until(lambda: is_whole(store))
        damaged = disk_of(store, "az3")
        overwrite_leaves(tmp_path / "store" / "az3")
        with pytest.raises((lmdb.Error, DamagedPage)):
            read_everywhere(store)
        wait_until(lambda: is_whole(store) and disk_of(store, "az3") is not damaged)
        assert replica(store, "az1").state == LEADING


def test_a_value_that_cannot_be_decoded_loses_the_replica_that_does_not_add_up(store: LmdbStore) -> None:
    tamper(store, "az1")
    with pytest.raises(CorruptBytes):
        read_decoded(store)
    wait_until(lambda: store.status().commits.failovers == 1)
    assert replica(store, "az1").state != LEADING
    assert read_decoded(store) == b"decoded"
    wait_until(lambda: is_whole(store))
    assert has(store, ROWS)


def test_a_write_that_cannot_decode_what_it_reads_loses_the_leader_too(store: LmdbStore) -> None:
    tamper(store, "az1")
    with pytest.raises(CorruptBytes):
        store.submit(Scripted(decode)).result(timeout=20)
    wait_until(lambda: store.status().commits.failovers == 1)
    assert replica(store, "az1").state != LEADING
    assert store.submit(Scripted(decode)).result(timeout=20).body == b"decoded"


def test_what_cannot_be_decoded_and_is_as_it_was_written_loses_nobody(store: LmdbStore) -> None:
    assert store._replication is not None
    replicas = store._replication.replicas
    with pytest.raises(CorruptBytes), store.snapshot():
        raise CorruptBytes("a bug that all replicas share")
    for name in replicas.places:
        replicas.check(name)
    assert is_whole(store)
    assert store.status().commits.failovers == 0


def test_what_a_plan_refuses_is_no_suspicion(store: LmdbStore) -> None:
    assert store._replication is not None
    with pytest.raises(KeyError), store.snapshot():
        raise KeyError("no such table")
    place = store._replication.replicas.places["az1"]
    assert place.replica is not None
    assert place.replica.suspicion is None


def test_a_single_replica_says_that_it_is_damaged_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_store(tmp_path / "store", replicas=1) as store:
        write(store, 0, ROWS)
        tamper(store, "az1")
        with caplog.at_level(logging.ERROR), pytest.raises(CorruptBytes):
            read_decoded(store)
        wait_until(lambda: replica(store, "az1").fault is not None)
        assert replica(store, "az1").fault == "what it holds is damaged: simulated"
        assert replica(store, "az1").state == LEADING
        assert get(store, b"I0001") is not None
        assert [record.levelname for record in caplog.records] == ["ERROR"]
