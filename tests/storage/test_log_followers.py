"""The change log as its followers see it: what they read after an LSN, and what is kept for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, ReadTxn, Writes, position_key, position_of, position_put
from tests.storage.plans import Scripted, change, open_store, put

KINDS = ("memory", "one", "three")


def opened(kind: str, path: Path) -> LmdbStore:
    if kind == "memory":
        return open_store(None, clock=lambda: 7.5)
    return open_store(path, replicas=1 if kind == "one" else 3, clock=lambda: 7.5)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LmdbStore]:
    with opened(request.param, tmp_path / "store") as store:
        yield store


def logged(key: bytes, record: bytes) -> Writes:
    return Writes(puts=[(key, b"value of " + key)], record=lambda: record, logged=True)


def write(store: LmdbStore, *names: bytes) -> None:
    for name in names:
        store.submit(change(logged(b"I" + name, b"record of " + name))).result()


def follow(store: LmdbStore, name: str = "follower", lsn: int = 0) -> None:
    store.submit(put(*position_put(name, lsn))).result()


def leave(store: LmdbStore, name: str = "follower") -> None:
    store.submit(change(Writes(deletes=[position_key(name)]))).result()


def records(store: LmdbStore, lsn: int, most_bytes: int = 1 << 20) -> list[tuple[int, bytes]]:
    with store.snapshot() as txn:
        return records_of(txn.log_after(lsn, most_bytes), lsn)


def records_of(entries: list[LogEntry], lsn: int) -> list[tuple[int, bytes]]:
    numbered = [pair for entry in entries for pair in enumerate(entry.logical, entry.first)]
    return [(number, record) for number, record in numbered if record is not None and number > lsn]


def search(store: LmdbStore, lsn: int, wanted: bytes, most_bytes: int = 1 << 20) -> tuple[list[tuple[int, bytes]], int]:
    with store.snapshot() as txn:
        entries, looked_to = txn.log_search(lsn, most_bytes, lambda packed: wanted in packed)
        return records_of(list(entries), lsn), looked_to


def last(store: LmdbStore) -> int:
    with store.snapshot() as txn:
        return txn.lsn()


def begin(store: LmdbStore) -> int:
    with store.snapshot() as txn:
        return txn.log_begin()


def test_a_follower_reads_every_logged_change_in_order(store: LmdbStore) -> None:
    follow(store)
    names = [b"%02d" % number for number in range(20)]
    write(store, *names)
    found = records(store, 0)
    assert [record for _, record in found] == [b"record of " + name for name in names]
    assert [lsn for lsn, _ in found] == sorted({lsn for lsn, _ in found})
    assert found[-1][0] == store.last_logged() == last(store)


def test_a_follower_goes_on_behind_any_change(store: LmdbStore) -> None:
    follow(store)
    store.submit(change(*(logged(b"I%d" % number, b"%d" % number) for number in range(6)))).result()
    store.submit(change(logged(b"I6", b"6"))).result()
    everything = records(store, 0)
    for place, (lsn, _) in enumerate(everything):
        assert records(store, lsn) == everything[place + 1 :]


def test_a_page_of_the_log_has_at_least_one_entry(store: LmdbStore) -> None:
    follow(store)
    write(store, *(b"%d" % number for number in range(5)))
    found: list[bytes] = []
    lsn = 0
    with store.snapshot() as txn:
        while page := txn.log_after(lsn, most_bytes=1):
            [entry] = page
            lsn = entry.last
            found += [record for record in entry.logical if record is not None]
    assert found == [b"record of %d" % number for number in range(5)]


def test_entries_say_when_they_were_committed(store: LmdbStore) -> None:
    follow(store)
    write(store, b"a")
    with store.snapshot() as txn:
        assert [entry.micros for entry in txn.log_after(0) if any(entry.logical)] == [7_500_000]


def test_a_plan_sees_the_number_of_the_last_change_before_it(store: LmdbStore) -> None:
    follow(store)
    write(store, b"a")
    boundary = store.last_logged()
    seen: list[int] = []

    def look(txn: ReadTxn) -> Outcome:
        seen.append(txn.lsn())
        assert records_of(list(txn.log_after(0)), 0) == [(boundary, b"record of a")]
        return Outcome(b"", [logged(b"Ib", b"b"), logged(b"Ic", b"c")])

    store.submit(Scripted(look)).result()
    assert seen == [boundary]
    assert records(store, boundary) == [(boundary + 1, b"b"), (boundary + 2, b"c")]


def test_plans_of_one_group_see_each_others_changes_numbered(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", replicas=1) as store:
        follow(store)
        before, seen = last(store), []

        def look(txn: ReadTxn) -> Outcome:
            seen.append(txn.lsn())
            return Outcome(b"", [logged(b"Ia", b"a")])

        for future in [store.submit(Scripted(look)) for _ in range(50)]:
            future.result()
        assert seen == list(range(before, before + 50))


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_keeps_what_the_slowest_follower_needs_and_little_else(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path / "store") as store:
        follow(store, "fast")
        follow(store, "slow")
        write(store, *(b"%04d" % number for number in range(300)))
        needed = records(store, 0)
        assert len(needed) == 300
        follow(store, "fast", needed[-1][0])
        write(store, *(b"more %04d" % number for number in range(200)))
        assert records(store, 0)[:300] == needed
        follow(store, "slow", needed[-1][0])
        write(store, *(b"even more %04d" % number for number in range(300)))
        assert len(records(store, needed[-1][0])) == 500
        assert len(records(store, 0)) < 500 + 150
        assert begin(store) > 1


def test_the_log_ends_when_the_last_follower_leaves(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", replicas=1) as store:
        follow(store)
        write(store, *(b"%03d" % number for number in range(100)))
        leave(store)
        write(store, *(b"%03d" % number for number in range(50)))
        assert records(store, 0) == []
        assert begin(store) == last(store) + 1
        write(store, b"a")
        assert records(store, 0) == []


@pytest.mark.parametrize("kind", ["memory", "one"])
def test_nothing_is_logged_that_nobody_follows(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path / "store") as store:
        store.submit(put(b"Ia", b"1")).result()
        assert records(store, 0) == []
        assert begin(store) == last(store) + 1


def test_what_the_last_follower_of_a_store_in_memory_left_behind_goes_with_later_writes() -> None:
    with opened("memory", Path()) as store:
        follow(store)
        write(store, *(b"%03d" % number for number in range(600)))
        leave(store)
        end = store.last_logged()
        assert begin(store) < end - 500
        for number in range(600):
            store.submit(put(b"J%03d" % number, b"value")).result()
        assert begin(store) == store.last_logged() == end


def test_a_store_in_memory_logs_only_what_is_marked() -> None:
    with open_store() as store:
        follow(store)
        write(store, b"a")
        store.submit(put(b"Ib", b"unmarked")).result()
        write(store, b"c")
        assert records(store, 0) == [(1, b"record of a"), (2, b"record of c")]
        assert store.last_logged() == 2


def test_followers_find_everything_after_a_restart(tmp_path: Path) -> None:
    for replicas in (1, 3):
        path = tmp_path / str(replicas)
        with open_store(path, replicas=replicas) as store:
            follow(store)
            write(store, b"a", b"b")
            found = records(store, 0)
        with open_store(path, replicas=replicas) as store:
            assert records(store, 0) == found
            assert store.last_logged() >= found[-1][0]
            write(store, b"c")
            assert [record for _, record in records(store, 0)] == [b"record of a", b"record of b", b"record of c"]
            with store.snapshot() as txn:
                assert position_of(txn, "follower") == 0
                assert position_of(txn, "another") is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("onto_disk", [False, True])
def test_a_fork_goes_on_with_the_log_of_its_followers(kind: str, onto_disk: bool, tmp_path: Path) -> None:
    with opened(kind, tmp_path / "store") as store:
        follow(store)
        write(store, b"a", b"b")
        found = records(store, 0)
        with store.fork(tmp_path / "fork" if onto_disk else None) as fork:
            assert records(fork, 0) == found
            write(fork, b"c")
            assert [record for _, record in records(fork, found[-1][0])] == [b"record of c"]
            assert records(store, 0) == found


@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_of_a_store_without_followers_begins_without_a_log(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path / "store") as store:
        write(store, b"a")
        with store.fork() as fork:
            assert begin(fork) == last(fork) + 1 == 1


def test_a_replica_added_to_a_store_of_one_has_the_log_too(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", replicas=1) as store:
        follow(store)
        write(store, b"a", b"b")
        found = records(store, 0)
    with open_store(tmp_path / "store", replicas=3, eventual_reads="any") as store:
        for _ in range(3):
            with store.snapshot(consistent=False) as txn:
                assert records_of(list(txn.log_after(0)), 0) == found


def test_a_search_finds_the_records_that_are_wanted_and_says_how_far_it_looked(store: LmdbStore) -> None:
    follow(store)
    write(store, b"a", b"b", b"a", b"c")
    everything = records(store, 0)
    found, looked_to = search(store, 0, b"record of a")
    assert found == [record for record in everything if record[1] == b"record of a"]
    assert looked_to == last(store)
    assert search(store, 0, b"absent") == ([], last(store))
    assert search(store, last(store), b"record") == ([], last(store))


def test_a_search_bounded_in_bytes_comes_to_the_end_step_by_step(store: LmdbStore) -> None:
    follow(store)
    write(store, *(b"%d" % number for number in range(20)))
    found, lsn, steps = [], 0, 0
    while (step := search(store, lsn, b"record of 1", most_bytes=1))[1] > lsn:
        found += step[0]
        lsn = step[1]
        steps += 1
    assert found == [record for record in records(store, 0) if record[1].startswith(b"record of 1")]
    assert lsn == last(store)
    assert steps >= 20


def search_back(store: LmdbStore, lsn: int, wanted: bytes, most_bytes: int = 1 << 20) -> tuple[list[bytes | None], int]:
    with store.snapshot() as txn:
        entries, looked_to = txn.log_search_back(lsn, most_bytes, lambda packed: wanted in packed)
        return [record for entry in entries for record in reversed(entry.logical) if record], looked_to


def test_a_search_back_finds_what_is_wanted_the_newest_first(store: LmdbStore) -> None:
    follow(store)
    write(store, b"a1", b"b1", b"a2", b"b2")
    assert search_back(store, last(store), b"record of a") == ([b"record of a2", b"record of a1"], 0)
    assert search_back(store, last(store), b"absent") == ([], 0)
    assert search_back(store, last(store) - 2, b"record") == ([b"record of b1", b"record of a1"], 0)
    assert search_back(store, 0, b"record") == ([], 0)


def test_a_search_back_bounded_in_bytes_comes_to_the_beginning_step_by_step(store: LmdbStore) -> None:
    follow(store)
    names = [b"%d" % number for number in range(20)]
    write(store, *names)
    found, lsn = list[bytes | None](), last(store)
    while lsn:
        some, further = search_back(store, lsn, b"record of 1", most_bytes=1)
        assert further < lsn
        found, lsn = found + some, further
    assert found == [b"record of " + name for name in reversed(names) if name.startswith(b"1")]


def test_a_search_back_may_begin_within_an_entry(tmp_path: Path) -> None:
    with opened("memory", tmp_path) as store:
        follow(store)
        store.submit(Scripted(lambda txn: Outcome(b"", [logged(b"Ia", b"one"), logged(b"Ib", b"two")]))).result()
        with store.snapshot() as txn:
            entries, looked_to = txn.log_search_back(txn.lsn() - 1, 1, lambda packed: True)
            assert ([entry.logical for entry in entries], looked_to) == ([[b"one", b"two"]], txn.lsn() - 2)
