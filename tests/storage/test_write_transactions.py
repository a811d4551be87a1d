"""Write transactions of groups: entries and counters as plans see them, and as they are written.

Strategy: changes with keys of any length and counters, some of which meet, go into transactions of both bindings and
into a dict; after each the transactions read what the dict has, in the end digests and contents are compared.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine._core import CorruptBytes
from ddbengine.storage.binding import open_environment
from ddbengine.storage.digest import digest_of
from ddbengine.storage.store import Writes
from ddbengine.storage.transactions import HashedTransaction, RecordedTransaction, WriteTransaction

MAP_BYTES = 1 << 26
KEYS = st.sampled_from([b"Ia", b"Ib", b"Ic", b"I" + b"k" * 509, b"I" + b"k" * 510, b"I" + b"k" * 600])
COUNTERS = st.sampled_from([b"N1", b"N2", b"S" + b"k" * 600])
DELTAS = st.integers(-3, 3) | st.sampled_from([1 << 40, -(1 << 40)])
CHANGES = st.builds(
    lambda puts, deletes, counters, logged: Writes(
        [(key, value) for key, value in puts.items()],
        [key for key in deletes if key not in puts],
        counters,
        logged=logged,
    ),
    st.dictionaries(KEYS, st.binary(max_size=20), max_size=3),
    st.lists(KEYS, max_size=2, unique=True),
    st.lists(st.tuples(COUNTERS, st.tuples(DELTAS, DELTAS)), max_size=3),
    st.booleans(),
)


def package_environment(path: Path) -> Any:
    return lmdb.open(str(path), map_size=MAP_BYTES, sync=False)


def usual_environment(path: Path) -> Any:
    return open_environment(str(path), map_size=MAP_BYTES, sync=False)


BINDINGS = (package_environment, usual_environment)


@contextmanager
def transactions(*bindings: Any) -> Iterator[list[Any]]:
    with ExitStack() as stack:
        txns = []
        for binding in bindings or BINDINGS:
            environment = binding(Path(stack.enter_context(TemporaryDirectory())))
            stack.callback(environment.close)
            txns.append(environment.begin(write=True, buffers=True))
            stack.callback(txns[-1].abort)
        yield txns


def carry_out(model: dict[bytes, bytes], writes: Writes) -> None:
    for key in writes.deletes:
        model.pop(key, None)
    model.update(writes.puts)
    for key, deltas in writes.counters:
        known = struct.unpack("<2q", model.get(key, bytes(16)))
        row = struct.pack("<2q", *(a + b for a, b in zip(known, deltas, strict=True)))
        model[key] = row
        if not any(row):
            del model[key]


def as_bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


@given(changes=st.lists(CHANGES, max_size=8), flushes=st.sets(st.integers(0, 7)))
def test_plans_read_what_was_written_before_them(changes: list[Writes], flushes: set[int]) -> None:
    model: dict[bytes, bytes] = {}
    keys = {key for writes in changes for key, _ in (*writes.puts, *writes.counters)} | {b"Ia", b"N1"}
    with transactions() as txns:
        views = [HashedTransaction(txn, 0) for txn in txns]
        for number, writes in enumerate(changes):
            carry_out(model, writes)
            for view in views:
                view.apply(writes)
                if number in flushes:
                    view.flush()
                assert {key: as_bytes(view.get(key)) for key in keys} == {key: model.get(key) for key in keys}
                assert view.logged == [done for done in changes[: number + 1] if done.logged]
        for view in views:
            view.flush()
            assert view.counters == {}
            assert {bytes(key): bytes(value) for key, value in view.scan(b"", b"\xff")} == model
            assert view.digest == digest_of(view.txn)
    assert len({view.digest for view in views}) == 1


def test_of_a_recorded_transaction_every_change_is_for_the_log() -> None:
    with transactions(usual_environment) as [txn]:
        view = RecordedTransaction(txn, 0, lsn=10)
        assert view.last_marked() is None
        for logged in (False, True, False):
            view.apply(Writes([(b"Ia", b"v")], logged=logged))
        assert (len(view.logged), view.lsn(), view.last_marked()) == (3, 13, 12)


@pytest.mark.parametrize("binding", BINDINGS)
def test_the_digest_goes_on_from_where_it_was(binding: Any) -> None:
    with transactions(binding) as [txn]:
        view = HashedTransaction(txn, (1 << 64) - 1)
        view.apply(Writes([(b"Ia", b"v")]))
        assert view.digest == _core.entry_hash(b"Ia", b"v") - 1
        view.apply(Writes(deletes=[b"Ia"]))
        assert view.digest == (1 << 64) - 1


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize(("first", "second"), [((1 << 63) - 1, 1), (-(1 << 63), -1)])
def test_a_counter_out_of_range_is_refused(binding: Any, first: int, second: int) -> None:
    with transactions(binding) as [txn]:
        view = WriteTransaction(txn)
        view.apply(Writes(counters=[(b"N1", (first,))]))
        view.flush()
        assert bytes(view.get(b"N1") or b"") == struct.pack("<q", first)
        view.apply(Writes(counters=[(b"N1", (second,))]))
        with pytest.raises(OverflowError):
            view.flush()


def test_deltas_that_no_row_has_are_refused() -> None:
    with transactions(usual_environment) as [txn]:
        view = WriteTransaction(txn)
        view.apply(Writes(counters=[(b"N1", (1 << 63,))]))
        with pytest.raises(OverflowError):
            view.get(b"N1")


def test_a_row_of_another_size_is_damage() -> None:
    with transactions(usual_environment) as [txn]:
        view = WriteTransaction(txn)
        view.apply(Writes([(b"N1", bytes(9))], counters=[(b"N2", (1,))]))
        view.apply(Writes(counters=[(b"N1", (1,))]))
        with pytest.raises(CorruptBytes, match="counter"):
            view.flush()


def test_nothing_but_writes_is_applied() -> None:
    with transactions(usual_environment) as [txn]:
        view = WriteTransaction(txn)
        for wrong in (None, object(), {"puts": []}):
            with pytest.raises(TypeError):
                view.apply(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            view.get("N1")  # type: ignore[arg-type]
