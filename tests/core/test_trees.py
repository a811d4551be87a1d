"""Reading LMDB's trees in the map.

Strategy: up to 400 keys of 1 to 511 bytes with values of 0 to 20,000 bytes, so that trees have up to three levels,
pages with few entries and with many, and values of their own pages; deletions in between leave gaps and merged pages.

Invariants: get, and a walk in either direction between any bounds, answer as a sorted list does; what was damaged is a
DamagedPage or reads as something else, and never ends the process.  Not covered: trees deeper than three levels.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddbengine._core import DamagedPage, MappedTree, TreeMap, encode_item, take_page

ALL = b"\xff" * 511
PAGE_BYTES = 4096
DATA_FILE = "data.mdb"


@contextmanager
def environment_with(entries: dict[bytes, bytes], writemap: bool = False) -> Iterator[lmdb.Environment]:
    with (
        tempfile.TemporaryDirectory() as directory,
        lmdb.open(directory, map_size=1 << 28, sync=False, writemap=writemap) as environment,
    ):
        write(environment, entries)
        yield environment


def write(environment: lmdb.Environment, entries: dict[bytes, bytes]) -> None:
    with environment.begin(write=True) as txn:
        for key, value in entries.items():
            txn.put(key, value)


def is_found(found: TreeMap, environment: lmdb.Environment, on_disk: bool = False) -> bool:
    with environment.begin(buffers=True) as txn:
        cursor = txn.cursor()
        assert cursor.first()
        return found.find(cursor.key(), environment.stat()["psize"], environment.info()["map_size"], on_disk)


def found_map(environment: lmdb.Environment, on_disk: bool = False) -> TreeMap:
    found = TreeMap()
    assert is_found(found, environment, on_disk)
    return found


@contextmanager
def tree_of(environment: lmdb.Environment, found: TreeMap | None = None) -> Iterator[MappedTree]:
    mapped = found or found_map(environment)
    with environment.begin(buffers=True) as txn:
        tree = mapped.tree(txn.id())
        assert tree is not None
        yield tree
        tree.end()


def nothing_inside(key: bytes, value: memoryview) -> NoReturn:
    raise AssertionError(f"{key!r} is not of full size")


def value_of(tree: MappedTree, key: bytes) -> bytes | None:
    found = tree.get(key)
    return None if found is None else bytes(found)


def walked(tree: MappedTree, low: bytes = b"", high: bytes = ALL, reverse: bool = False) -> list[tuple[bytes, bytes]]:
    return [(key, bytes(value)) for key, value in tree.walk(low, high, 600, nothing_inside, reverse)]


KEYS = st.builds(
    lambda head, length, tail: (head * 511)[:length] + tail,
    st.sampled_from([b"a", b"b\x00", b"\xff"]),
    st.sampled_from([0, 1, 7, 100, 400]),
    st.binary(min_size=1, max_size=4),
)
VALUES = st.sampled_from([0, 1, 100, 1900, 2100, 4096, 20_000]).map(lambda size: b"v" * size)


@given(
    stored=st.dictionaries(KEYS, VALUES, min_size=1, max_size=400),
    deleted=st.sets(st.integers(0, 399), max_size=300),
    bounds=st.lists(st.tuples(KEYS, KEYS), max_size=6),
    writemap=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_a_tree_reads_as_a_sorted_list(
    stored: dict[bytes, bytes], deleted: set[int], bounds: list[tuple[bytes, bytes]], writemap: bool
) -> None:
    model = dict(sorted(stored.items()))
    with environment_with(stored, writemap) as environment:
        gone = [key for number, key in enumerate(list(model)[1:]) if number in deleted]
        with environment.begin(write=True) as txn:
            for key in gone:
                assert txn.delete(key)
                del model[key]
        ordered = list(model)
        with tree_of(environment) as tree:
            for key in stored:
                assert value_of(tree, key) == model.get(key)
            for low, high in [(b"", ALL), (ordered[0], ordered[-1]), *bounds]:
                expected = [
                    (key, model[key]) for key in ordered[bisect_left(ordered, low) : bisect_left(ordered, high)]
                ]
                assert walked(tree, low, high) == expected
                assert walked(tree, low, high, reverse=True) == expected[::-1]


def test_a_tree_of_three_levels_is_walked_whole() -> None:
    stored = {b"%0200d" % number: b"%d" % number for number in range(5000)}
    with environment_with(stored) as environment:
        assert environment.stat()["depth"] == 3
        with tree_of(environment) as tree:
            assert walked(tree) == sorted(stored.items())
            assert walked(tree, reverse=True) == sorted(stored.items(), reverse=True)
            assert value_of(tree, b"%0200d" % 4321) == b"4321"
            assert value_of(tree, b"%0200d" % 5000) is None


def test_a_tree_that_was_emptied_has_nothing() -> None:
    with environment_with({b"a": b"1"}) as environment:
        found = found_map(environment)
        with environment.begin(write=True) as txn:
            assert txn.delete(b"a")
        with tree_of(environment, found) as tree:
            assert value_of(tree, b"a") is None
            assert walked(tree) == walked(tree, reverse=True) == []


def test_a_tree_shows_its_snapshot_and_nothing_later() -> None:
    with environment_with({b"a": b"1"}) as environment:
        found = found_map(environment)
        with tree_of(environment, found) as tree:
            for number in range(20):
                write(environment, {b"a": b"2", b"b%d" % number: b"x" * 5000})
            assert walked(tree) == [(b"a", b"1")]
        with tree_of(environment, found) as tree:
            assert len(walked(tree)) == 21
            assert value_of(tree, b"a") == b"2"


def test_no_tree_is_given_for_a_snapshot_that_a_commit_has_overtaken() -> None:
    with environment_with({b"a": b"1"}) as environment:
        found = found_map(environment)
        for number in range(4):
            with environment.begin(buffers=True) as txn:
                assert found.tree(txn.id()) is not None
                assert found.tree(txn.id() + 1) is None
                write(environment, {b"a": b"%d" % number})
                assert found.tree(txn.id()) is None
                write(environment, {b"a": b"x"})
                assert found.tree(txn.id()) is None


def test_trees_are_whole_while_another_thread_commits() -> None:
    """Each commit gives all rows one value and makes or removes some, so that the tree grows and shrinks by a level."""
    rows, others = [b"a%03d" % number for number in range(20)], {b"b%03d" % number: b"x" * 400 for number in range(60)}
    done = threading.Event()

    def commit_on(environment: lmdb.Environment) -> None:
        for number in count():
            with environment.begin(write=True) as txn:
                for row in rows:
                    txn.put(row, b"%d" % number)
                for row, value in others.items():
                    txn.put(row, value) if number % 2 else txn.delete(row)
            if done.is_set():
                return

    seen: set[bytes] = set()
    with environment_with(dict.fromkeys(rows, b"0"), writemap=True) as environment:
        found = found_map(environment)
        writer = threading.Thread(target=commit_on, args=[environment])
        writer.start()
        try:
            while len(seen) < 100:
                with environment.begin(buffers=True) as txn:
                    tree = found.tree(txn.id())
                    if tree is None:
                        continue
                    entries = walked(tree)
                    [value] = {value for key, value in entries if key in rows}
                    assert [key for key, _ in entries] == rows + (list(others) if int(value) % 2 else [])
                    seen.add(value)
        finally:
            done.set()
            writer.join()


def test_nothing_is_read_once_the_snapshot_has_ended() -> None:
    with environment_with({b"a": b"1", b"b": b"2"}) as environment:
        with tree_of(environment) as tree:
            walk = tree.walk(b"", ALL, 511, nothing_inside)
            assert next(walk)[0] == b"a"
        with pytest.raises(RuntimeError, match="has ended"):
            next(walk)
        with pytest.raises(RuntimeError, match="has ended"):
            tree.get(b"a")
        with pytest.raises(RuntimeError, match="has ended"):
            tree.walk(b"", ALL, 511, nothing_inside)


def test_a_map_is_not_found_by_bytes_that_are_not_in_it() -> None:
    found = TreeMap()
    with environment_with({b"a": b"1"}) as environment, environment.begin(buffers=True) as txn:
        sizes = environment.stat()["psize"], environment.info()["map_size"]
        value = txn.get(b"a")
        assert value is not None
        for buffer in (memoryview(b"a"), memoryview(bytearray(2 * PAGE_BYTES))[PAGE_BYTES:], value):
            assert not found.find(buffer, *sizes)
        assert found.tree(txn.id()) is None
        cursor = txn.cursor()
        assert cursor.first()
        for page_bytes, map_bytes in ((0, sizes[1]), (sizes[0] - 1, sizes[1]), (sizes[0], 0), (sizes[0], sizes[0])):
            assert not found.find(cursor.key(), page_bytes, map_bytes)


@pytest.mark.parametrize(("offset", "known"), [(16, b"\xde\xc0\xef\xbe"), (20, b"\1\0\0\0")])
def test_a_file_of_another_form_is_left_to_the_binding(offset: int, known: bytes) -> None:
    with environment_with({b"a": b"1"}) as environment:
        with open(Path(environment.path()) / DATA_FILE, "r+b", buffering=0) as file:
            file.seek(offset)
            assert file.read(4) == known
            file.seek(offset)
            file.write(b"\2\2\2\2")
        found = TreeMap()
        assert not is_found(found, environment)
        with environment.begin() as txn:
            assert found.tree(txn.id()) is None


def leaf_with(environment: lmdb.Environment, key: bytes) -> int:
    """Where in the file the leaf begins that has a key."""
    pages = (Path(environment.path()) / DATA_FILE).read_bytes()
    starts = range(2 * PAGE_BYTES, len(pages), PAGE_BYTES)
    return next(at for at in starts if pages[at + 10] == 2 and key in pages[at : at + PAGE_BYTES])


def overwrite(environment: lmdb.Environment, at: int, data: bytes) -> None:
    with open(Path(environment.path()) / DATA_FILE, "r+b", buffering=0) as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize("number", [0, 1, 30_000, 2**40, 2**64 - 1])
def test_a_map_is_not_found_by_a_leaf_with_a_number_that_is_not_its_own(number: int) -> None:
    """LMDB does not look at the number, so it hands out keys all the same."""
    with environment_with({b"%05d" % n: b"v" * 50 for n in range(300)}) as environment:
        overwrite(environment, leaf_with(environment, b"00000"), number.to_bytes(8, "little"))
        found = TreeMap()
        assert not is_found(found, environment)
        with environment.begin() as txn:
            assert found.tree(txn.id()) is None


def test_a_walk_ends_with_the_damaged_page_it_meets() -> None:
    with environment_with({b"%05d" % n: b"v" * 50 for n in range(300)}) as environment:
        found = found_map(environment)
        overwrite(environment, leaf_with(environment, b"00100") + 10, b"\4")
        with tree_of(environment, found) as tree:
            walk = tree.walk(b"", ALL, 511, nothing_inside)
            with pytest.raises(DamagedPage):
                list(walk)
            assert list(walk) == []


@pytest.mark.parametrize("lower", [0, 15, 16, 17, 19, 4097, 65535])
def test_a_page_with_no_nodes_or_half_of_one_is_damaged(lower: int) -> None:
    with environment_with({b"%05d" % n: b"v" * 50 for n in range(300)}) as environment:
        found = found_map(environment)
        overwrite(environment, leaf_with(environment, b"00100") + 12, lower.to_bytes(2, "little"))
        with tree_of(environment, found) as tree:
            for reverse in (False, True):
                with pytest.raises(DamagedPage):
                    walked(tree, reverse=reverse)


def test_values_of_any_size_are_fetched_from_disk_and_read() -> None:
    stored = {b"%05d" % n: b"v" * n for n in (0, 1, 2000, 4080, 4081, 100_000)}
    with environment_with(stored) as environment, tree_of(environment, found_map(environment, on_disk=True)) as tree:
        assert walked(tree) == sorted(stored.items())
        assert [value_of(tree, key) for key in stored] == list(stored.values())


def test_a_page_of_items_is_taken_from_a_tree() -> None:
    items = {b"%03d" % number: encode_item({"n": {"N": str(number)}})[0] for number in range(100)}
    with environment_with(items) as environment, tree_of(environment) as tree:
        walk = tree.walk(b"010", ALL, 511, nothing_inside)
        rows, scanned, _, last = take_page(walk, 5, 1 << 20)
        assert scanned == 5
        assert last is not None
        assert bytes(last) == items[b"014"]
        assert [bytes(row) for row in rows] == [items[b"%03d" % number] for number in range(10, 15)]
        assert next(walk)[0] == b"015"


@pytest.mark.parametrize("seed", range(40))
def test_damaged_pages_are_an_error_or_other_bytes_and_nothing_worse(seed: int) -> None:
    chance = random.Random(seed)
    stored = {b"%0*d" % (chance.choice([3, 100, 300]), n): b"v" * chance.choice([0, 50, 6000]) for n in range(300)}
    met = 0
    with environment_with(stored) as environment:
        found = found_map(environment)
        size = os.path.getsize(Path(environment.path()) / DATA_FILE)
        with open(Path(environment.path()) / DATA_FILE, "r+b", buffering=0) as file:
            for _ in range(60):
                with tree_of(environment, found) as tree:
                    start = PAGE_BYTES * chance.randrange(2, size // PAGE_BYTES)
                    at = start + chance.choice(
                        [chance.randrange(0, 16), chance.randrange(0, 200), chance.randrange(4096)]
                    )
                    file.seek(at)
                    before = file.read(8)
                    file.seek(at)
                    file.write(chance.choice([chance.randbytes(8), b"\xff" * 8, bytes(8), chance.randbytes(1)]))
                    for read in (walked, lambda tree: walked(tree, reverse=True), every_get(stored)):
                        try:
                            read(tree)
                        except DamagedPage:
                            met += 1
                    file.seek(at)
                    file.write(before)
        with tree_of(environment, found) as tree:
            assert walked(tree) == sorted(stored.items())
    assert met > 0


def every_get(stored: dict[bytes, bytes]) -> Callable[[MappedTree], None]:
    def read(tree: MappedTree) -> None:
        for key in stored:
            tree.get(key)

    return read
