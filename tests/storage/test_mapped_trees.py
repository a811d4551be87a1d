"""That snapshots of a store are read in the map wherever they can be, and by the binding where they cannot."""

from __future__ import annotations

from pathlib import Path

import lmdb
import pytest

from ddbengine._core import MappedTree
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.mapped_trees import MappedTrees
from ddbengine.storage.seal import DATA_FILE
from tests.storage.plans import open_store, put, scan

PAGE_BYTES = 4096
KIND = 10
"""Where a page tells what it is."""
LEAF, OVERFLOW = 2, 4
ROWS = [(b"I%04d" % number, b"v" * (number * 7 % 3000)) for number in range(500)]


def fill(store: LmdbStore) -> None:
    for key, value in ROWS:
        store.submit(put(key, value)).result()


def source_of(store: LmdbStore) -> object:
    with store.snapshot() as snapshot:
        return snapshot.source


@pytest.mark.parametrize("on_disk", [False, True])
def test_snapshots_are_read_in_the_map(on_disk: bool, tmp_path: Path) -> None:
    with open_store(tmp_path / "store" if on_disk else None) as store:
        fill(store)
        assert isinstance(source_of(store), MappedTree)
        assert scan(store, b"I", b"J") == ROWS


def test_an_empty_store_is_read_in_the_map_once_it_has_something() -> None:
    with open_store() as store:
        assert not isinstance(source_of(store), MappedTree)
        assert scan(store, b"I", b"J") == []
        store.submit(put(*ROWS[0])).result()
        assert isinstance(source_of(store), MappedTree)
        assert scan(store, b"I", b"J") == ROWS[:1]


def test_snapshots_are_read_in_a_map_that_has_grown() -> None:
    with open_store(map_bytes=1 << 20) as store:
        for number in range(40):
            store.submit(put(b"I%04d" % number, bytes(100_000))).result()
            assert isinstance(source_of(store), MappedTree)
            assert len(scan(store, b"I", b"J")) == number + 1


def test_without_the_map_the_binding_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store() as store:
        fill(store)
        trees = store._environment.trees
        trees.moved()
        monkeypatch.setattr(MappedTrees, "seek", lambda self, txn: None)
        assert not isinstance(source_of(store), MappedTree)
        assert scan(store, b"I", b"J") == ROWS


def test_a_walk_that_outlives_its_snapshot_is_an_error() -> None:
    with open_store() as store:
        fill(store)
        with store.snapshot() as snapshot:
            rows = snapshot.scan(b"I", b"J")
            assert next(rows)[0] == ROWS[0][0]
        with pytest.raises(RuntimeError, match="the snapshot has ended"):
            next(rows)
        with pytest.raises(RuntimeError, match="the snapshot has ended"):
            snapshot.get(b"I0001")


def test_a_damaged_first_page_is_no_matter_to_who_reads_others(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path), map_size=1 << 24) as environment:
        with environment.begin(write=True) as writing:
            for key, value in ROWS:
                writing.put(key, value)
        pages = (tmp_path / DATA_FILE).read_bytes()
        starts = range(2 * PAGE_BYTES, len(pages), PAGE_BYTES)
        first = next(at for at in starts if pages[at + KIND] == LEAF and ROWS[0][0] in pages[at : at + PAGE_BYTES])
        with open(tmp_path / DATA_FILE, "r+b", buffering=0) as file:
            file.seek(first + KIND)
            file.write(bytes([OVERFLOW]))
        trees = MappedTrees(on_disk=True)
        trees.open(environment)
        with environment.begin(buffers=True) as txn:
            assert trees.seek(txn) is None
            assert bytes(txn.get(ROWS[-1][0]) or b"") == ROWS[-1][1]
            with pytest.raises(lmdb.Error):
                txn.get(ROWS[0][0])
