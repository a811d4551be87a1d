"""The binding of LMDB in the core.

Strategy: whatever is done with an environment of the core is done with one of the package beside it, and both have to
answer, or refuse, alike: writes, cursors in every direction, iteration during deletes, transactions that end in every
way, a map that fills up, reopening.  What only the core has (``apply``, forks, what ends when an environment closes) is
tested by itself.  Not covered: disks that fail (``tests/durability``).
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from operator import methodcaller
from pathlib import Path
from typing import Any

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ddbengine import _core
from ddbengine._core import entry_hash

pytestmark = pytest.mark.skipif(not _core.finds_lmdb(), reason="this build of the package hides LMDB's functions")

MAP_BYTES = 1 << 19
MODULUS = 1 << 64
KEYS = st.sampled_from(
    [b"", b"\x00", b"a", b"a\x00", b"b", b"k" * 300, b"k" * 510, b"k" * 511, b"k" * 512, b"\xff"]
) | (st.integers(0, 60).map(lambda number: b"row%03d" % number))
SIZES = [0, 1, 100, 900, 2100, 9000, 9100, 40_000]
"""Within a page, up to what a node takes, and on pages of their own."""
VALUES = st.builds(lambda letter, size: letter * size, st.sampled_from([b"v", b"w"]), st.sampled_from(SIZES))
MOVES = st.sampled_from(["first", "last", "next", "prev"])


@dataclass
class Change:
    deletes: list[Any] = field(default_factory=list)
    puts: list[Any] = field(default_factory=list)
    counters: list[Any] = field(default_factory=list)


def changes(keys: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[Change]]:
    puts = st.lists(st.tuples(keys, VALUES), max_size=6)
    return st.lists(st.builds(Change, st.lists(keys, max_size=4), puts), max_size=4)


def outcome(action: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    """What came of it, in a form that stays when the map changes."""
    try:
        return "answer", settled(action(*arguments))
    except lmdb.Error as error:
        return "error", type(error)


def settled(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [settled(part) for part in value]
    return value


def entry_by_entry(txn: Any, changes: list[Change]) -> int:
    """What ``apply`` is to do, and the digest it is to answer."""
    digest = 0
    for change in changes:
        for key in change.deletes:
            gone = txn.pop(key)
            digest -= 0 if gone is None else entry_hash(key, gone)
        for key, value in change.puts:
            before = txn.replace(key, value)
            digest += entry_hash(key, value) - (0 if before is None else entry_hash(key, before))
    return digest % MODULUS


class SideBySide(RuleBasedStateMachine):
    @initialize(writemap=st.booleans())
    def open(self, writemap: bool) -> None:
        self.directories = [tempfile.TemporaryDirectory() for _ in range(2)]
        self.options: dict[str, Any] = {"sync": False, "writemap": writemap, "max_spare_txns": 1}
        self.reopen()

    def reopen(self) -> None:
        ours, theirs = (directory.name for directory in self.directories)
        self.environments: list[Any] = [
            _core.Environment(ours, MAP_BYTES, **self.options),
            lmdb.open(theirs, MAP_BYTES, **self.options),
        ]
        self.txns: list[Any] = []
        self.cursors: list[Any] = []
        self.snapshots: list[tuple[list[Any], list[Any]]] = []

    def both(self, action: Callable[[Any], Any], of: list[Any]) -> Any:
        ours, theirs = (outcome(action, one) for one in of)
        assert ours == theirs
        if theirs[1] in (lmdb.MapFullError, lmdb.BadTxnError):
            self.end("abort")
        return theirs[1]

    def end(self, how: str) -> None:
        txns, cursors = self.txns, self.cursors
        self.txns, self.cursors = [], []
        self.both(methodcaller(how), txns)
        # Both are of no use any more, and say so.
        self.both(lambda txn: txn.get(b"a"), txns)
        self.both(lambda txn: txn.abort(), txns)
        for use in ("first", "key", "item", "delete"):
            self.both(methodcaller(use), cursors)

    @precondition(lambda self: not self.txns)
    @rule()
    def begin(self) -> None:
        self.txns = [environment.begin(write=True, buffers=True) for environment in self.environments]
        self.cursors = [txn.cursor() for txn in self.txns]

    @precondition(lambda self: len(self.snapshots) < 3)
    @rule()
    def look(self) -> None:
        txns = [environment.begin(buffers=True) for environment in self.environments]
        self.both(lambda txn: txn.put(b"a", b"v"), txns)
        self.snapshots.append((txns, self.both(lambda txn: list(txn.cursor()), txns)))

    @precondition(lambda self: self.snapshots)
    @rule(place=st.integers(0, 2), how=st.sampled_from(["abort", "commit"]))
    def look_no_more(self, place: int, how: str) -> None:
        txns, seen = self.snapshots.pop(place % len(self.snapshots))
        assert self.both(lambda txn: list(txn.cursor()), txns) == seen
        assert self.both(lambda txn: list(txn.cursor().iterprev()), txns) == seen[::-1]
        self.both(methodcaller(how), txns)

    @precondition(lambda self: self.txns)
    @rule(key=KEYS, value=VALUES, kind=st.sampled_from([bytes, bytearray, memoryview]))
    def put(self, key: bytes, value: bytes, kind: type) -> None:
        self.both(lambda txn: txn.put(kind(key), kind(value)), self.txns)

    @precondition(lambda self: self.txns)
    @rule(key=KEYS, value=VALUES)
    def replace(self, key: bytes, value: bytes) -> None:
        self.both(lambda txn: txn.replace(key, value), self.txns)

    @precondition(lambda self: self.txns)
    @rule(key=KEYS, what=st.sampled_from(["get", "delete", "pop"]))
    def use_one(self, key: bytes, what: str) -> None:
        self.both(methodcaller(what, key), self.txns)

    @precondition(lambda self: self.txns)
    @rule(changes=changes(KEYS.filter(len)), hashed=st.booleans())
    def apply(self, changes: list[Change], hashed: bool) -> None:
        def carry_out(txn: Any) -> Any:
            if isinstance(txn, _core.Transaction):
                return txn.apply(changes, {}, 600, hashed)
            return entry_by_entry(txn, changes) if hashed else entry_by_entry(txn, changes) and 0

        self.both(carry_out, self.txns)
        if self.txns and any(len(key) > 511 for change in changes for key, _ in change.puts):
            self.end("abort")
        # It counts as one write, even if it deletes nothing: a cursor behind the last entry then looks where it is.
        if self.txns:
            self.both(methodcaller("first"), self.cursors)

    @precondition(lambda self: self.txns)
    @rule(moves=st.lists(MOVES, min_size=1, max_size=4))
    def move(self, moves: list[str]) -> None:
        for name in moves:
            self.both(methodcaller(name), self.cursors)
            self.both(lambda cursor: [cursor.key(), cursor.value(), cursor.item()], self.cursors)

    @precondition(lambda self: self.txns)
    @rule(key=KEYS, how=st.sampled_from(["set_range", "set_key"]))
    def seek(self, key: bytes, how: str) -> None:
        self.both(methodcaller(how, key), self.cursors)
        self.both(lambda cursor: [cursor.key(), cursor.value(), cursor.item()], self.cursors)

    @precondition(lambda self: self.txns)
    @rule()
    def delete_at_hand(self) -> None:
        self.both(lambda cursor: [cursor.key(), cursor.delete(), cursor.item()], self.cursors)

    @precondition(lambda self: self.txns)
    @rule(back=st.booleans(), steps=st.lists(st.sampled_from(["go", "delete", "delete by key", "put"]), max_size=12))
    def iterate(self, back: bool, steps: list[str]) -> None:
        # The package's iterators show an entry that is gone as an empty one, unless the cursor was asked before.
        self.both(lambda cursor: cursor.item(), self.cursors)
        entries = [cursor.iterprev() if back else cursor.iternext() for cursor in self.cursors]
        for step in steps:
            found = self.both(lambda walk: next(walk, None), entries)
            if found is None or not self.txns:
                return
            if step == "delete":
                self.both(lambda cursor: cursor.delete(), self.cursors)
            elif step == "delete by key":
                self.both(methodcaller("delete", found[0]), self.txns)
            elif step == "put":
                self.both(methodcaller("put", found[0][:500] + b"+", b"new"), self.txns)
            if not self.txns:
                return

    @precondition(lambda self: self.txns)
    @rule(how=st.sampled_from(["abort", "commit"]))
    def end_write(self, how: str) -> None:
        self.end(how)

    @precondition(lambda self: not self.txns)
    @rule()
    def close_and_open(self) -> None:
        for environment in self.environments:
            environment.close()
        self.both(lambda environment: environment.begin(), self.environments)
        for txns, _ in self.snapshots:
            self.both(lambda txn: txn.get(b"a"), txns)
        self.reopen()

    @invariant()
    def the_trees_have_the_same_pages(self) -> None:
        if hasattr(self, "environments"):
            self.both(lambda environment: environment.stat(), self.environments)
            self.both(lambda environment: environment.info()["last_txnid"], self.environments)
            self.both(lambda environment: environment.info()["last_pgno"], self.environments)
        if self.txns:
            self.both(lambda txn: [txn.stat(), txn.id()], self.txns)

    def teardown(self) -> None:
        if hasattr(self, "environments"):
            for environment in self.environments:
                environment.close()
            for directory in self.directories:
                directory.cleanup()


SideBySide.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestSideBySide = SideBySide.TestCase


# --- many writes in one call ------------------------------------------------------------------------------------------


@contextmanager
def opened(**options: Any) -> Iterator[Any]:
    with (
        tempfile.TemporaryDirectory() as directory,
        _core.Environment(directory, 1 << 26, sync=False, **options) as one,
    ):
        yield one


@contextmanager
def written(**options: Any) -> Iterator[Any]:
    with opened(**options) as environment, environment.begin(write=True) as txn:
        yield txn


def entries(txn: Any) -> list[tuple[bytes, bytes]]:
    return [(bytes(key), bytes(value)) for key, value in txn.cursor()]


@given(changes(KEYS.filter(lambda key: 0 < len(key) < 512)))
@settings(max_examples=100, deadline=None)
def test_the_digest_follows_what_is_stored(changes: list[Change]) -> None:
    with written() as txn:
        digest = txn.apply(changes[:1], {}, 600, True)
        digest += txn.apply(changes[1:], {}, 600, True)
        assert digest % MODULUS == sum(entry_hash(key, value) for key, value in entries(txn)) % MODULUS


def test_a_change_deletes_before_it_puts_and_changes_keep_their_order() -> None:
    with written() as txn:
        txn.put(b"a", b"old")
        assert txn.apply([Change([b"a"], [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])], {}, 510, False) == 0
        assert entries(txn) == [(b"a", b"3"), (b"b", b"2")]
        txn.apply([Change(puts=[(b"c", b"")]), Change([b"b", b"c"]), Change(puts=[(b"b", b"4")])], {}, 510, False)
        assert entries(txn) == [(b"a", b"3"), (b"b", b"4")]


@pytest.mark.parametrize("before", SIZES)
@pytest.mark.parametrize("after", [*SIZES, 8 << 20])
def test_a_value_takes_the_place_of_one_of_another_size(before: int, after: int) -> None:
    beside = [(b"a", b"x" * 50), (b"c", b"y" * 3000)]
    with written() as txn:
        txn.apply([Change(puts=[*beside, (b"b", b"-" * before)])], {}, 510, True)
        change = txn.apply([Change(puts=[(b"b", b"+" * after)])], {}, 510, True)
        assert change == (entry_hash(b"b", b"+" * after) - entry_hash(b"b", b"-" * before)) % MODULUS
        assert entries(txn) == sorted([*beside, (b"b", b"+" * after)])


def test_rows_that_are_written_lose_their_deltas_and_changes_add_theirs() -> None:
    counters = {b"n1": (1, 2), b"n2": (3,), b"n3": (4,)}
    changes = [
        Change(deletes=[b"n1"], puts=[(b"n2", b"row")], counters=[(b"n4", (5, 6))]),
        Change(counters=[(b"n3", (10,)), (b"n4", (-5, 1))]),
        Change(puts=[(b"n3", b"row")], counters=[(b"n3", (7,))]),
    ]
    with written() as txn:
        txn.apply(changes, counters, 510, False)
        assert entries(txn) == [(b"n2", b"row"), (b"n3", b"row")]
    assert counters == {b"n3": (7,), b"n4": (0, 7)}


@pytest.mark.parametrize(
    "change", [Change([b"k" * 511]), Change(puts=[(b"k" * 511, b"v")]), Change([b"L1"]), Change(puts=[(b"L", b"v")])]
)
def test_a_key_that_is_long_or_of_the_reserved_keyspace_is_not_for_it_and_then_nothing_has_happened(
    change: Change,
) -> None:
    with written() as txn:
        counters = {b"a": (1,)}
        changes = [Change(puts=[(b"a", b"v")], counters=[(b"b", (1,))]), change]
        assert txn.apply(changes, counters, 510, True, ord("L")) is None
        assert entries(txn) == []
        assert counters == {b"a": (1,)}


@pytest.mark.parametrize(
    "change",
    [
        Change([None]),
        Change(["a"]),
        Change([memoryview(b"a")]),
        Change(puts=[(None, b"v")]),
        Change(puts=[(b"a", None)]),
        Change(puts=[(b"a", bytearray(b"v"))]),
        Change(puts=[(b"a",)]),
        Change(puts=[3]),
        Change(deletes=3),  # type: ignore[arg-type]
        Change(counters=[None]),
        None,
    ],
)
def test_what_is_no_change_is_refused_and_nothing_is_written(change: Any) -> None:
    with written() as txn:
        with pytest.raises((TypeError, ValueError, AttributeError)):
            txn.apply([Change(puts=[(b"x", b"v")]), change], {}, 510, True)
        assert entries(txn) == []


def test_a_map_that_is_full_ends_the_transaction() -> None:
    with tempfile.TemporaryDirectory() as directory, _core.Environment(directory, 1 << 16, sync=False) as environment:
        txn = environment.begin(write=True)
        with pytest.raises(lmdb.MapFullError) as raised:
            txn.apply([Change(puts=[(b"%d" % number, bytes(3000)) for number in range(100)])], {}, 510, True)
        assert (raised.value.what, raised.value.code) == ("mdb_cursor_put", -30792)
        with pytest.raises(lmdb.BadTxnError):
            txn.commit()
        with environment.begin() as reader:
            assert entries(reader) == []


@pytest.mark.parametrize(("writes", "is_given_up"), [(8, False), (20_000, True)])
def test_many_writes_give_up_the_interpreters_lock(writes: int, is_given_up: bool) -> None:
    waiting, seen = threading.Lock(), threading.Event()
    waiting.acquire()

    def see() -> None:
        waiting.acquire()
        seen.set()

    change = Change(puts=[(b"%d" % number, bytes(100)) for number in range(writes)])
    thread = threading.Thread(target=see)
    interval = sys.getswitchinterval()
    with written(writemap=True) as txn:
        thread.start()
        # From here on the other thread runs when this one lets it, and not before.
        sys.setswitchinterval(100)
        try:
            waiting.release()
            txn.apply([change], {}, 510, True)
            met = seen.is_set()
        finally:
            sys.setswitchinterval(interval)
            thread.join()
    assert met is is_given_up


# --- what ends when, and what is refused ------------------------------------------------------------------------------


def test_reads_end_when_the_environment_is_closed() -> None:
    with opened() as environment:
        with environment.begin(write=True) as txn:
            txn.put(b"a", b"v")
        reader, writer = environment.begin(), environment.begin(write=True)
        cursor, walk = reader.cursor(), iter(reader.cursor())
        cursor.first()
        writer.put(b"b", b"v")
        environment.close()
        environment.close()
        uses = [environment.begin, environment.info, environment.stat, environment.flags, environment.sync]
        uses += [environment.reader_check, lambda: environment.set_mapsize(0), lambda: environment.copyfd(0)]
        uses += [writer.commit, reader.cursor, lambda: reader.get(b"a"), cursor.next, cursor.key, lambda: next(walk)]
        for use in uses:
            with pytest.raises(lmdb.Error, match="closed"):
                use()
        for end in (reader.abort, writer.abort, cursor.close):
            end()


def test_reads_end_when_the_map_is_set() -> None:
    with opened() as environment:
        reader = environment.begin()
        with environment.begin(write=True), pytest.raises(lmdb.Error, match="write transaction is open"):
            environment.set_mapsize(1 << 27)
        environment.set_mapsize(1 << 27)
        with pytest.raises(lmdb.Error, match="closed"):
            reader.get(b"a")
        assert environment.info()["map_size"] == 1 << 27
        with environment.begin() as reader:
            assert reader.get(b"a") is None


def test_a_map_that_cannot_be_had_is_out_of_memory_and_closes_what_was_open() -> None:
    with tempfile.TemporaryDirectory() as directory:
        for opener in (_core.Environment, lmdb.open):
            with pytest.raises(lmdb.MemoryError, match=f"{directory}: Cannot allocate memory"):
                opener(directory, 1 << 60)
        with _core.Environment(directory, 1 << 20) as environment:
            reader = environment.begin()
            with pytest.raises(lmdb.MemoryError, match="Cannot allocate memory"):
                environment.set_mapsize(1 << 60)
            with pytest.raises(lmdb.Error, match="closed"):
                environment.begin()
            with pytest.raises(lmdb.Error, match="closed"):
                reader.id()


def test_who_has_a_smaller_map_is_told_and_takes_the_size_of_the_other() -> None:
    with tempfile.TemporaryDirectory() as directory:
        small = _core.Environment(directory, 1 << 16, sync=False)
        with _core.Environment(directory, 1 << 22, sync=False) as large, large.begin(write=True) as txn:
            txn.put(b"a", bytes(1 << 20))
        with pytest.raises(lmdb.MapResizedError):
            small.begin()
        small.set_mapsize(0)
        with small.begin() as txn:
            assert len(txn.get(b"a") or b"") == 1 << 20
        small.close()


@pytest.mark.parametrize("options", [{"readonly": True}, {}])
def test_what_is_not_there_is_the_packages_error(options: dict[str, Any], tmp_path: Path) -> None:
    path = str(tmp_path / ("empty" if options else "missing"))
    if options:
        Path(path).mkdir()
    failures = [outcome(opener, path) for opener in openers(options)]
    assert failures == [("error", lmdb.Error)] * 2


def openers(options: dict[str, Any]) -> list[Callable[[str], Any]]:
    return [
        lambda path: _core.Environment(path, 1 << 20, **options),
        lambda path: lmdb.open(path, 1 << 20, create=False, **options),
    ]


def test_a_second_write_in_a_thread_would_wait_for_itself_and_is_refused() -> None:
    with opened() as environment, environment.begin(write=True) as txn:
        with pytest.raises(lmdb.Error, match="open in this thread"):
            environment.begin(write=True)
        txn.put(b"a", b"v")
        txn.commit()
        environment.begin(write=True).abort()


def test_while_another_thread_writes_nothing_is_closed() -> None:
    begun, done = threading.Event(), threading.Event()
    with opened() as environment:

        def write() -> None:
            with environment.begin(write=True) as txn:
                txn.put(b"a", b"v")
                begun.set()
                done.wait(10)

        thread = threading.Thread(target=write)
        thread.start()
        begun.wait(10)
        with pytest.raises(lmdb.Error, match="another thread"):
            environment.close()
        # One that waits for its turn is inside a call.
        waiting = threading.Thread(target=lambda: environment.begin(write=True).abort())
        waiting.start()
        done.set()
        thread.join()
        waiting.join()
        with environment.begin() as txn:
            assert txn.get(b"a") == b"v"


def test_a_read_transaction_writes_nothing() -> None:
    with opened() as environment, environment.begin() as reader:
        writes: list[Callable[[], Any]] = [
            lambda: reader.put(b"a", b"v"),
            lambda: reader.delete(b"a"),
            lambda: reader.replace(b"a", b"v"),
            lambda: reader.apply([Change(puts=[(b"a", b"v")])], {}, 510, False),
        ]
        for write in writes:
            with pytest.raises(lmdb.ReadonlyError):
                write()


def test_odd_arguments_are_refused() -> None:
    with tempfile.TemporaryDirectory() as directory:
        odd: list[tuple[tuple[Any, int], dict[str, Any]]] = [
            ((None, 1), {}),
            ((directory, -1), {}),
            ((directory, 1 << 70), {}),
            ((directory, 1 << 20), {"max_readers": -1}),
            ((directory, 1 << 20), {"max_readers": 0}),
            ((directory, 1 << 20), {"max_spare_txns": -1}),
            ((directory, 1 << 20), {"max_spare_txns": 1 << 61}),
            ((directory + "\0", 1 << 20), {}),
        ]
        for arguments, options in odd:
            with pytest.raises((TypeError, ValueError, OverflowError, lmdb.InvalidParameterError)):
                _core.Environment(*arguments, **options)
    with written() as txn:
        uses: list[Callable[[], Any]] = [
            lambda: txn.get(None),
            lambda: txn.get("a"),
            lambda: txn.put(b"a", None),
            lambda: txn.put(memoryview(b"abcd")[::2], b"v"),
            lambda: txn.put(b"a", memoryview(b"abcd")[::2]),
            lambda: txn.replace(b"a", 3),
            lambda: txn.cursor().set_range(None),
            lambda: txn.cursor().set_key(3),
            lambda: txn.apply(None, {}, 510, False),
            lambda: txn.apply([], None, 510, False),
        ]
        for use in uses:
            with pytest.raises((TypeError, BufferError)):
                use()
        assert entries(txn) == []


def test_objects_that_nobody_began_are_closed() -> None:
    with written() as txn:
        cursor = txn.cursor()
        bare_txn, bare_cursor, bare_walk = (type(one)() for one in (txn, cursor, iter(cursor)))
    for use in (bare_txn.commit, lambda: bare_txn.get(b"a"), bare_cursor.first, bare_cursor.key, bare_cursor.delete):
        with pytest.raises(lmdb.Error, match="closed"):
            use()
    bare_txn.abort()
    bare_cursor.close()
    assert list(bare_walk) == []


def test_what_lies_in_a_cycle_ends_whole() -> None:
    with opened() as environment:
        for write in (False, True) * 20:
            txn = environment.begin(write=write)
            cycle: list[Any] = [txn, txn.cursor(), iter(txn.cursor())]
            cycle.append(cycle)
            del txn, cycle
            gc.collect()
        assert environment.info()["num_readers"] <= 2


def test_cursors_may_outlive_their_transaction_and_its_environment() -> None:
    with opened(max_spare_txns=0) as environment:
        cursors = []
        for write in (False, True):
            for end in ("abort", "commit"):
                txn = environment.begin(write=write)
                cursors += [txn.cursor(), txn.cursor()]
                getattr(txn, end)()
        for cursor in cursors[::2]:
            cursor.close()
    for cursor in cursors:
        with pytest.raises(lmdb.Error, match="closed"):
            cursor.first()
    del cursor, cursors, txn


def test_a_value_of_one_transaction_can_be_stored_by_another() -> None:
    with opened() as environment:
        values = {b"%d" % size: b"v" * size for size in SIZES}
        with environment.begin(write=True) as txn:
            txn.apply([Change(puts=list(values.items()))], {}, 510, False)
        with environment.begin() as reader, environment.begin(write=True) as txn:
            for key, value in reader.cursor():
                txn.put(bytes(key) + b"+", value)
                txn.replace(key, value)
            txn.commit()
        with environment.begin() as reader:
            copies = {key + b"+": value for key, value in values.items()}
            assert dict(entries(reader)) == {**values, **copies}


# --- threads and processes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writemap", [False, True])
def test_readers_in_several_threads_each_see_one_commit(writemap: bool) -> None:
    faults: list[object] = []
    done = threading.Event()
    with opened(writemap=writemap, max_spare_txns=2) as environment:

        def write(number: int) -> None:
            with environment.begin(write=True) as txn:
                puts = [(b"row%03d" % row, b"%d" % number * (1 + row * 30)) for row in range(100)]
                txn.apply([Change(puts=puts)], {}, 510, True)

        def read() -> None:
            try:
                while not done.is_set():
                    with environment.begin() as txn:
                        found = [bytes(value[:1]) for _, value in islice(txn.cursor(), 50)]
                        found += [bytes((txn.get(b"row%03d" % row) or b"")[:1]) for row in range(50, 100)]
                        if len(set(found)) != 1:
                            faults.append(found)
            except Exception as error:
                faults.append(error)

        write(0)
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(60):
            write(number % 10)
        done.set()
        for thread in threads:
            thread.join()
    assert faults == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_forked_child_takes_nothing_away_from_its_parent() -> None:
    with opened(max_spare_txns=4) as environment:
        with environment.begin(write=True) as txn:
            txn.apply([Change(puts=[(b"%d" % row, b"old" * 100) for row in range(50)])], {}, 510, False)
        for spare in [environment.begin() for _ in range(3)]:
            spare.abort()
        reader, writer = environment.begin(), environment.begin(write=True)
        child = os.fork()
        if child == 0:
            refused = 0
            for use in (environment.begin, environment.info, lambda: reader.get(b"1"), writer.commit):
                try:
                    use()
                except lmdb.Error as error:
                    refused += "forked" in str(error)
            reader.abort()
            writer.abort()
            environment.close()
            os._exit(refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
        writer.abort()
        for number in range(30):
            with environment.begin(write=True) as txn:
                txn.apply([Change(puts=[(b"%d" % row, b"%d" % number * 300) for row in range(50)])], {}, 510, False)
        assert {value for _, value in entries(reader)} == {b"old" * 100}
