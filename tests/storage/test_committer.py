"""What the committers promise, whichever of the two a store has; then what only groups can show."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, wait
from pathlib import Path
from typing import Any

import lmdb
import pytest

from ddbengine.storage import replica_set
from ddbengine.storage.alone import Alone
from ddbengine.storage.committer import GROUP_MAX_PLANS, commit
from ddbengine.storage.environment import Environment
from ddbengine.storage.errors import StoreClosed, StoreError, StoreFull
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, ReadTxn, Writes
from ddbengine.storage.transactions import RecordedTransaction, WriteTransaction
from tests.storage.plans import (
    Scripted,
    change,
    delete,
    failing,
    get,
    open_store,
    put,
    read,
    scan,
    writes_as_given,
)

MIB = 1 << 20


@pytest.fixture(params=["memory", "disk", "disk without fsync"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LmdbStore]:
    path = None if request.param == "memory" else tmp_path / "store"
    with open_store(path, durability="quorum" if request.param == "disk" else "none") as opened:
        yield opened


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[LmdbStore]:
    with open_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def environment() -> Iterator[Environment]:
    opened = Environment(None, durable=False, map_bytes=1 << 26, map_limit_bytes=1 << 27)
    yield opened
    opened.close(1)


class Held:
    """Keeps the committer's thread busy, so that what is submitted meanwhile becomes one group."""

    def __init__(self, store: LmdbStore) -> None:
        self._entered, self._leave = threading.Event(), threading.Event()

        def hold(txn: ReadTxn) -> Outcome:
            self._entered.set()
            assert self._leave.wait(10)
            return Outcome(b"")

        self.future = store.submit(Scripted(hold))

    def __enter__(self) -> None:
        assert self._entered.wait(10)

    def __exit__(self, *_: object) -> None:
        self._leave.set()


def counter(key: bytes, *deltas: int) -> Scripted:
    return change(Writes(counters=[(key, deltas)]))


# --- both committers -----------------------------------------------------------------------------


def test_an_acknowledged_write_is_in_the_next_snapshot(store: LmdbStore) -> None:
    assert store.submit(put(b"Ik", b"v")).result().body == b"done"
    assert get(store, b"Ik") == b"v"
    store.submit(delete(b"Ik")).result()
    assert get(store, b"Ik") is None


def test_deletes_come_before_puts_within_one_change(store: LmdbStore) -> None:
    store.submit(change(Writes(puts=[(b"Ik", b"new")], deletes=[b"Ik"]))).result()
    assert get(store, b"Ik") == b"new"


def test_a_plan_that_raises_answers_with_its_exception_and_writes_nothing(store: LmdbStore) -> None:
    future = store.submit(failing(KeyError("mine")))
    assert isinstance(future.exception(), KeyError)
    with pytest.raises(KeyError, match="mine"):
        future.result()
    store.submit(put(b"Ik", b"v")).result()
    assert scan(store, b"I", b"J") == [(b"Ik", b"v")]


def test_a_change_that_cannot_become_writes_takes_the_whole_plan_back(store: LmdbStore) -> None:
    good = Writes(puts=[(b"Ia", b"1")], counters=[(b"N1", (1,))])
    plan = Scripted(lambda txn: Outcome(b"", (good, "not writes")))
    assert isinstance(store.submit(plan).exception(), AssertionError)
    assert scan(store, b"I", b"O") == []


def test_a_later_change_sees_the_writes_of_an_earlier_one_of_the_same_plan(tmp_path: Path) -> None:
    def copy(change: Any, txn: ReadTxn) -> Writes:
        source, target = change
        return Writes(puts=[(target, bytes(txn.get(source) or b"first"))])

    with LmdbStore(copy, tmp_path / "store") as store:
        store.submit(Scripted(lambda txn: Outcome(b"", [(b"I0", b"I1"), (b"I1", b"I2")]))).result()
        assert scan(store, b"I", b"J") == [(b"I1", b"first"), (b"I2", b"first")]


def test_counters_add_up_and_may_be_negative(store: LmdbStore) -> None:
    for deltas in ((1, 100), (1, -250), (-3, 0)):
        store.submit(counter(b"N1", *deltas)).result()
    assert get(store, b"N1") == struct.pack("<2q", -1, -150)


def test_a_counter_row_that_comes_to_zero_is_no_row(store: LmdbStore) -> None:
    store.submit(counter(b"N1", 3, -7)).result()
    store.submit(counter(b"N1", -3, 0)).result()
    assert get(store, b"N1") == struct.pack("<2q", 0, -7)
    store.submit(counter(b"N1", 0, 7)).result()
    assert get(store, b"N1") is None
    store.submit(counter(b"N1", 1, 1)).result()
    assert get(store, b"N1") == struct.pack("<2q", 1, 1)


def test_a_counter_that_is_deleted_starts_again_from_nothing(store: LmdbStore) -> None:
    store.submit(counter(b"N1", 5)).result()
    store.submit(change(Writes(deletes=[b"N1"]), Writes(counters=[(b"N1", (2,))]))).result()
    assert get(store, b"N1") == struct.pack("<q", 2)


def test_deleting_a_counter_forgets_what_was_added_before_in_the_same_commit(store: LmdbStore) -> None:
    store.submit(change(Writes(counters=[(b"N1", (5,))]), Writes(deletes=[b"N1"]))).result()
    assert get(store, b"N1") is None


def test_a_plan_without_changes_costs_no_commit(store: LmdbStore) -> None:
    store.submit(put(b"Ik", b"v")).result()
    before = last_transaction(store)
    assert store.submit(read(b"Ik")).result().body == b"v"
    assert last_transaction(store) == before
    store.submit(put(b"Ik", b"w")).result()
    assert last_transaction(store) == before + 1


def test_submitting_after_close_is_refused(store: LmdbStore) -> None:
    store.close()
    with pytest.raises(StoreClosed, match="closed"):
        store.submit(put(b"Ik", b"v"))


def test_long_keys_go_the_same_way(store: LmdbStore) -> None:
    key = b"I" * 3000
    store.submit(put(key, b"v")).result()
    assert get(store, key) == b"v"
    assert scan(store, b"I", b"J", reverse=True) == [(key, b"v")]
    assert store.submit(read(key)).result().body == b"v"
    store.submit(delete(key)).result()
    assert scan(store, b"H", b"M") == []


# --- groups --------------------------------------------------------------------------------------


def last_transaction(store: LmdbStore) -> int:
    replication = store._replication
    disk = store._environment if replication is None else replication.replicas.leader_disk
    assert isinstance(disk, Environment)
    return disk._lmdb.info()["last_txnid"]


def test_plans_that_wait_share_one_commit_and_run_in_order(durable: LmdbStore) -> None:
    before = last_transaction(durable)
    with Held(durable):
        futures = [durable.submit(put(b"Ik", b"%d" % number)) for number in range(50)]
        assert not any(future.done() for future in futures)
    assert all(future.result().body == b"done" for future in futures)
    assert get(durable, b"Ik") == b"49"
    assert last_transaction(durable) == before + 1


def test_a_plan_sees_the_changes_of_those_before_it_in_the_group(durable: LmdbStore) -> None:
    with Held(durable):
        durable.submit(put(b"Ik", b"v"))
        after = durable.submit(read(b"Ik"))
        durable.submit(delete(b"Ik"))
        gone = durable.submit(read(b"Ik"))
    assert after.result().body == b"v"
    assert gone.result().body == b"absent"


def test_a_failing_plan_does_not_disturb_its_group(durable: LmdbStore) -> None:
    with Held(durable):
        first = durable.submit(put(b"Ia", b"1"))
        bad = durable.submit(failing(ValueError("no")))
        last = durable.submit(put(b"Ib", b"2"))
    assert isinstance(bad.exception(), ValueError)
    assert first.result()
    assert last.result()
    assert scan(durable, b"I", b"J") == [(b"Ia", b"1"), (b"Ib", b"2")]


def test_a_change_that_cannot_become_writes_does_not_disturb_its_group(durable: LmdbStore) -> None:
    half_bad = Scripted(lambda txn: Outcome(b"", (Writes(puts=[(b"Ix", b"trace")]), "not writes")))
    with Held(durable):
        first = durable.submit(counter(b"N1", 1))
        bad = durable.submit(half_bad)
        last = durable.submit(counter(b"N1", 1))
    assert isinstance(bad.exception(), AssertionError)
    assert first.result()
    assert last.result()
    assert scan(durable, b"I", b"O") == [(b"N1", struct.pack("<q", 2))]


def test_a_plan_sees_the_counters_of_those_before_it_by_get_and_by_scan(durable: LmdbStore) -> None:
    def sums(txn: ReadTxn) -> Outcome:
        return Outcome(b",".join(bytes(value) for _, value in txn.scan(b"N", b"O")))

    durable.submit(counter(b"N1", 10)).result()
    with Held(durable):
        durable.submit(counter(b"N1", 1))
        durable.submit(counter(b"N2", 7))
        by_get = durable.submit(read(b"N1"))
        by_scan = durable.submit(Scripted(sums))
        durable.submit(counter(b"N1", 100))
    assert by_get.result().body == struct.pack("<q", 11)
    assert by_scan.result().body == struct.pack("<q", 11) + b"," + struct.pack("<q", 7)
    assert get(durable, b"N1") == struct.pack("<q", 111)


def test_a_counter_row_is_written_once_for_a_group(monkeypatch: pytest.MonkeyPatch, environment: Environment) -> None:
    written: list[Writes] = []

    class Watched(WriteTransaction):
        def apply_all(self, changes: Sequence[Writes]) -> None:
            written.extend(changes)
            super().apply_all(changes)

    monkeypatch.setattr("ddbengine.storage.alone.WriteTransaction", Watched)
    commit(Alone(environment, lambda: 0), writes_as_given, [counter(b"N1", 1) for _ in range(20)])
    assert [writes.puts for writes in written if writes.puts] == [[(b"N1", struct.pack("<q", 20))]]


def test_a_cancelled_plan_does_not_run_and_ends_nothing(durable: LmdbStore) -> None:
    plan = put(b"Ix", b"v")
    with Held(durable):
        cancelled = durable.submit(plan)
        assert cancelled.cancel()
        other = durable.submit(put(b"Iy", b"v"))
    assert other.result()
    with pytest.raises(CancelledError):
        cancelled.result()
    assert plan.runs == 0
    assert get(durable, b"Ix") is None


def test_close_finishes_everything_that_was_submitted(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    with Held(store):
        futures = [store.submit(put(b"I%d" % number, b"v")) for number in range(GROUP_MAX_PLANS + 10)]
        closer = threading.Thread(target=store.close)
        closer.start()
    closer.join(10)
    assert all(future.done() and future.result() for future in futures)
    with open_store(tmp_path / "store") as again:
        assert len(scan(again, b"I", b"J")) == len(futures)


def test_every_future_resolves_when_many_threads_submit_during_close(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    accepted: list[Any] = []
    refused = threading.Event()

    def submit_until_refused(name: int) -> None:
        for number in range(100_000):
            try:
                accepted.append(store.submit(put(b"I%d.%d" % (name, number), b"v")))
            except StoreClosed:
                refused.set()
                return

    threads = [threading.Thread(target=submit_until_refused, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    while len(accepted) < 200:
        threading.Event().wait(0.001)
    store.close()
    for thread in threads:
        thread.join(10)
    assert refused.is_set()
    assert not wait(accepted, timeout=10).not_done
    assert all(future.exception() is None for future in accepted)
    with open_store(tmp_path / "store") as again:
        assert len(scan(again, b"I", b"J")) == len(accepted)


# --- room ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_full_map_grows_and_the_group_runs_again(tmp_path: Path, on_disk: bool) -> None:
    with open_store(tmp_path / "store" if on_disk else None, map_bytes=MIB) as store:
        futures = [store.submit(put(b"I%03d" % number, bytes([number]) * 300_000)) for number in range(40)]
        assert all(future.result() for future in futures)
        assert [value[0] for _, value in scan(store, b"I", b"J")] == list(range(40))


def test_a_store_grows_while_others_read(tmp_path: Path) -> None:
    stop = threading.Event()
    wrong: list[object] = []
    with open_store(tmp_path / "store", map_bytes=MIB) as store:
        store.submit(put(b"I", b"x" * 1000)).result()

        def read_on() -> None:
            while not stop.is_set():
                with store.snapshot() as txn:
                    value = txn.get(b"I")
                    if value is None or bytes(value) != b"x" * 1000:
                        wrong.append(value)

        readers = [threading.Thread(target=read_on) for _ in range(3)]
        for reader in readers:
            reader.start()
        for number in range(40):
            store.submit(put(b"J%03d" % number, b"y" * 300_000)).result()
        stop.set()
        for reader in readers:
            reader.join(10)
        assert not wrong


def test_a_write_beyond_the_limit_is_refused_and_the_store_lives_on(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", map_bytes=MIB, map_limit_bytes=2 * MIB) as store:
        store.submit(put(b"Ia", b"kept")).result()
        error = store.submit(put(b"Ib", b"x" * 3 * MIB)).exception()
        assert isinstance(error, StoreFull)
        assert "limit of 2097152 bytes" in str(error)
        store.submit(put(b"Ic", b"kept")).result()
        assert scan(store, b"I", b"J") == [(b"Ia", b"kept"), (b"Ic", b"kept")]


def test_what_does_not_fit_fails_alone_in_its_group(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", map_bytes=MIB, map_limit_bytes=2 * MIB) as store:
        with Held(store):
            first = store.submit(put(b"Ia", b"1"))
            huge = store.submit(put(b"Ib", b"x" * 3 * MIB))
            last = store.submit(put(b"Ic", b"3"))
        assert first.result()
        assert last.result()
        assert isinstance(huge.exception(), StoreFull)
        assert scan(store, b"I", b"J") == [(b"Ia", b"1"), (b"Ic", b"3")]


def test_growth_waits_for_open_snapshots_and_their_buffers_stay_good(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", map_bytes=MIB) as store:
        store.submit(put(b"Ia", b"old" * 1000)).result()
        with store.snapshot() as txn:
            value = txn.get(b"Ia")
            growing = store.submit(put(b"Ib", b"x" * 3 * MIB))
            with pytest.raises(TimeoutError):
                growing.result(timeout=0.1)
            assert value is not None
            assert bytes(value) == b"old" * 1000
        assert growing.result(timeout=10)


def test_a_snapshot_that_never_ends_makes_growth_fail_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddbengine.storage.environment.READERS_TIMEOUT_SECONDS", 0.05)
    with open_store(tmp_path / "store", map_bytes=MIB) as store:
        with store.snapshot():
            error = store.submit(put(b"Ib", b"x" * 3 * MIB)).exception(timeout=10)
        assert isinstance(error, StoreFull)
        assert "1 reads are still open" in str(error)
        assert store.submit(put(b"Ib", b"x" * 3 * MIB)).result()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lmdb.DiskError("mdb_txn_commit", 28), StoreFull),
        (lmdb.TxnFullError("mdb_put", -30788), StoreFull),
        (lmdb.Error("mdb_txn_commit: Input/output error"), StoreError),
    ],
)
def test_a_commit_that_fails_for_good_says_so(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, fault: Exception, expected: type[Exception]
) -> None:
    def fail(self: Any) -> None:
        raise fault

    monkeypatch.setattr(WriteTransaction, "flush", fail)
    results = commit(Alone(environment, lambda: 0), writes_as_given, [put(b"Ia", b"1"), put(b"Ib", b"2")])
    assert [type(result) for result in results] == [expected, expected]
    assert all(isinstance(result, Exception) and result.__cause__ is fault for result in results)
    monkeypatch.undo()
    assert [type(result) for result in commit(Alone(environment, lambda: 0), writes_as_given, [read(b"Ia")])] == [
        Outcome
    ]


def test_a_refusal_is_not_given_before_the_change_it_rests_on_is_committed(
    durable: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second plan refuses because of the first; when the first cannot be written, it must not."""
    original = RecordedTransaction.apply

    def apply(self: Any, writes: Writes) -> None:
        if writes.puts[0][1] == b"unwritable":
            raise lmdb.DiskError("mdb_put", 28)
        original(self, writes)

    def only_if_absent(txn: ReadTxn) -> Outcome:
        if txn.get(b"Ik") is not None:
            raise KeyError("exists")
        return Outcome(b"", (Writes(puts=[(b"Ik", b"second")]),))

    monkeypatch.setattr(RecordedTransaction, "apply", apply)
    with Held(durable):
        first = durable.submit(put(b"Ik", b"unwritable"))
        second = durable.submit(Scripted(only_if_absent))
    assert isinstance(first.exception(), StoreFull)
    assert second.result()
    assert get(durable, b"Ik") == b"second"


def test_a_fault_in_the_committer_itself_leaves_nobody_waiting(
    durable: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[Any]:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(replica_set, "commit", broken)
        assert isinstance(durable.submit(put(b"Ia", b"1")).exception(timeout=10), StoreError)
    assert durable.submit(put(b"Ia", b"1")).result(timeout=10)
