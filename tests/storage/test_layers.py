"""Long keys.

Strategy: keys of 1 to 7,001 bytes out of few distinct pieces, so that they share prefixes which end around the places
where entries are cut (510, 511, 512 bytes, and 502 further on for each layer), and hold zeros and 0xFF.

Invariants: get, scan in both directions and between any bounds answer as a sorted list does; the structure is sound
after every step; nothing is left when everything was deleted.  Not covered: layer numbers beyond a few hundred.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddbengine._core import MappedTree
from ddbengine.storage import layers
from ddbengine.storage.binding import PACKAGE_ONLY, open_environment
from ddbengine.storage.check import check_layers
from ddbengine.storage.mapped_trees import MappedTrees
from ddbengine.storage.store import Writes
from ddbengine.storage.transactions import HashedTransaction

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

CUTS = [0, 1, 8, 9, 10, 501, 502, 503, 509, 510, 511, 512, 1012, 1013, 1014, 1514, 1515, 1516, 3000, 7000]
FILLERS = [b"\x00", b"a", b"\xff", b"L", b"a\x00"]


@pytest.fixture(params=["core", "package"], scope="module", autouse=True)
def binding(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test runs with both bindings of LMDB."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "package":
            patch.setenv(PACKAGE_ONLY, "1")
        yield


@contextmanager
def empty_environment() -> Iterator[lmdb.Environment]:
    with (
        tempfile.TemporaryDirectory() as directory,
        open_environment(directory, map_size=1 << 28, sync=False) as environment,
    ):
        yield environment


@contextmanager
def empty_transaction() -> Iterator[Transaction]:
    with empty_environment() as environment, environment.begin(write=True, buffers=True) as txn:
        yield txn


@st.composite
def rests(draw: st.DrawFn) -> bytes:
    filler = draw(st.sampled_from(FILLERS))
    body = (filler * 7000)[: draw(st.sampled_from(CUTS))]
    return body + draw(st.sampled_from([b"", b"\x00", b"\x00\x00", b"b", b"\xff", b"L\x00"]))


def keys() -> st.SearchStrategy[bytes]:
    """Long common stems with a change somewhere near a cut, and short keys among them."""
    return st.builds(lambda *pieces: b"".join(pieces)[:7001], st.sampled_from([b"I", b"I\x00", b"X"]), rests(), rests())


def contents(
    txn: Transaction | MappedTree, low: bytes, high: bytes, reverse: bool = False
) -> list[tuple[bytes, bytes]]:
    return [(bytes(key), bytes(value)) for key, value in layers.scan(txn, low, high, reverse)]


def check_reads(source: Transaction | MappedTree, model: dict[bytes, bytes], bounds: list[tuple[bytes, bytes]]) -> None:
    """Compare with a sorted list, between bounds that are keys, cut keys, or lie just beside one."""
    ordered = sorted(model)
    assert contents(source, b"", b"\xff" * 600) == [(key, model[key]) for key in ordered]
    assert contents(source, b"", b"\xff" * 600, reverse=True) == [(key, model[key]) for key in reversed(ordered)]
    for low, high in [*bounds, *((low, high) for low in ordered[:4] for high in (ordered[-1], ordered[-1] + b"\x00"))]:
        expected = [(key, model[key]) for key in ordered[bisect_left(ordered, low) : bisect_left(ordered, high)]]
        assert contents(source, low, high) == expected
        assert contents(source, low, high, reverse=True) == expected[::-1]
        for probe in (low, high):
            found = layers.get(source, probe)
            assert (None if found is None else bytes(found)) == model.get(probe)


def entries(txn: Transaction) -> int:
    return txn.stat()["entries"]


@given(st.lists(keys(), max_size=30), st.lists(st.tuples(keys(), keys()), max_size=12))
@settings(max_examples=120, deadline=None)
def test_long_keys_behave_as_a_sorted_list(stored: list[bytes], bounds: list[tuple[bytes, bytes]]) -> None:
    model = {key: b"%d" % number for number, key in enumerate(stored)}
    with empty_transaction() as txn:
        for number, key in enumerate(stored):
            layers.replace(txn, key, b"%d" % number)
        assert check_layers(txn) == []
        check_reads(txn, model, bounds)
        for key in stored:
            assert layers.pop(txn, key) == model.pop(key, None)
            assert check_layers(txn) == []
        assert entries(txn) == 0


@given(st.lists(keys(), min_size=1, max_size=30), st.lists(st.tuples(keys(), keys()), max_size=12))
@settings(max_examples=120, deadline=None)
def test_long_keys_read_in_the_map_behave_as_a_sorted_list(
    stored: list[bytes], bounds: list[tuple[bytes, bytes]]
) -> None:
    model = {key: b"%d" % number for number, key in enumerate(stored)}
    with empty_environment() as environment:
        with environment.begin(write=True, buffers=True) as txn:
            for number, key in enumerate(stored):
                layers.replace(txn, key, b"%d" % number)
        with environment.begin(buffers=True) as txn:
            trees = MappedTrees(on_disk=False)
            trees.open(environment)
            tree = trees.seek(txn)
            assert tree is not None
            check_reads(tree, model, bounds)


@pytest.mark.parametrize(
    ("length", "expected_entries"), [(510, 1), (511, 2), (512, 2), (1012, 2), (1013, 3), (1515, 4)]
)
def test_a_key_takes_a_pointer_for_each_layer_it_reaches_into(length: int, expected_entries: int) -> None:
    with empty_transaction() as txn:
        layers.replace(txn, b"I" * length, b"v")
        assert entries(txn) == expected_entries
        assert contents(txn, b"I", b"J") == [(b"I" * length, b"v")]


def test_keys_with_the_same_first_511_bytes_share_a_layer() -> None:
    with empty_transaction() as txn:
        for tail in (b"", b"a", b"b", b"\x00"):
            layers.replace(txn, b"I" * 511 + tail, tail)
        assert entries(txn) == 1 + 4
        assert [value for _, value in contents(txn, b"I", b"J")] == [b"", b"\x00", b"a", b"b"]


def test_a_layer_stays_while_one_key_is_in_it() -> None:
    with empty_transaction() as txn:
        stem = b"I" * 2000
        layers.replace(txn, stem + b"1", b"one")
        layers.replace(txn, stem + b"2", b"two")
        layers.pop(txn, stem + b"1")
        assert contents(txn, b"I", b"J") == [(stem + b"2", b"two")]
        assert check_layers(txn) == []
        layers.pop(txn, stem + b"2")
        assert entries(txn) == 0


def test_deleting_a_long_key_that_is_absent_changes_nothing() -> None:
    with empty_transaction() as txn:
        layers.replace(txn, b"I" * 600, b"v")
        assert not layers.pop(txn, b"I" * 601)
        assert not layers.pop(txn, b"X" * 601)
        assert contents(txn, b"I", b"Y") == [(b"I" * 600, b"v")]
        assert check_layers(txn) == []


def test_a_new_layer_never_takes_the_number_of_a_living_one() -> None:
    with empty_transaction() as txn:
        deep, other = b"I" * 1600, b"X" * 1600
        layers.replace(txn, deep, b"deep")
        layers.replace(txn, other, b"other")
        layers.pop(txn, deep)
        layers.replace(txn, b"I" * 1600 + b"again", b"again")
        assert check_layers(txn) == []
        assert contents(txn, b"I", b"Y") == [(b"I" * 1600 + b"again", b"again"), (other, b"other")]


def test_a_scan_over_everything_does_not_show_the_layers() -> None:
    with empty_transaction() as txn:
        model = [b"A", b"K" * 600, b"M" * 600, b"Z"]
        for key in model:
            layers.replace(txn, key, b"v")
        assert [key for key, _ in contents(txn, b"", b"\xff")] == model
        assert [key for key, _ in contents(txn, b"", b"\xff", reverse=True)] == model[::-1]


def carried_out(txn: Transaction, changes: Writes) -> None:
    HashedTransaction(txn, 0).apply_all([changes])


@pytest.mark.parametrize(
    "change",
    [
        layers.pop,
        lambda txn, key: layers.replace(txn, key, b"v"),
        lambda txn, key: carried_out(txn, Writes(deletes=[key])),
        lambda txn, key: carried_out(txn, Writes(puts=[(b"I", b"v"), (key, b"v")])),
    ],
)
def test_keys_in_the_keyspace_of_layers_are_refused(change: object) -> None:
    assert callable(change)
    with empty_transaction() as txn, pytest.raises(AssertionError, match="keyspace of layers"):
        change(txn, b"L123456789")
