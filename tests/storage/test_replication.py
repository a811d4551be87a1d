"""Three replicas on disk: what survives the loss of which, what is shown where, what is refused."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import lmdb
import pytest

from ddbengine.storage import journal_files, replica_set, replication
from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.digest import digest_of
from ddbengine.storage.disk import Disk
from ddbengine.storage.environment import Environment
from ddbengine.storage.errors import StoreError, StoreFormat, StoreUnusable
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.migration import FORMAT_KEY
from ddbengine.storage.position import ReplicaRow, read_row
from ddbengine.storage.replica import Replica
from ddbengine.storage.replica_set import ReplicaSet
from ddbengine.storage.status import FOLLOWING, LEADING, ReplicaStatus
from ddbengine.storage.store import Writes, position_put
from tests.storage.plans import change, get, open_store, put, scan

NAMES = ("az1", "az2", "az3")
LONG = b"I" * 1500


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def followers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "GATHER_MAX_SECONDS", 0.001)


def let_followers_gather(monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as nobody waits for them."""
    monkeypatch.setattr(replication, "GATHER_FACTOR", 1_000_000)
    monkeypatch.setattr(replication, "GATHER_MAX_SECONDS", 60)


@pytest.fixture
def store(root: Path) -> Iterator[LmdbStore]:
    with open_store(root) as opened:
        yield opened


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def replica(store: LmdbStore, name: str) -> ReplicaStatus:
    return next(status for status in store.status().replicas if status.name == name)


def is_whole(store: LmdbStore) -> bool:
    """All three are there and have everything."""
    return all(status.state in (LEADING, FOLLOWING) and not status.lag_lsns for status in store.status().replicas)


def write(store: LmdbStore, first: int, last: int) -> None:
    for number in range(first, last):
        writes = Writes(puts=[(b"I%04d" % number, b"%d" % number * 30)], counters=[(b"N1", (1,))])
        store.submit(change(writes)).result(timeout=20)


def has(store: LmdbStore, last: int) -> bool:
    return [key for key, _ in scan(store, b"I0", b"I9")] == [b"I%04d" % number for number in range(last)]


def look(path: Path) -> tuple[ReplicaRow, int]:
    """The row of a closed replica, and the digest of what is there."""
    with lmdb.open(str(path), readonly=True, lock=False) as opened, opened.begin(buffers=True) as txn:
        return read_row(txn), digest_of(txn)


class Failing:
    """Lets an environment's commits fail while ``broken`` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken: Disk | None = None
        original = Environment.commit

        def commit(environment: Environment, txn: Any) -> None:
            if environment is self.broken:
                raise lmdb.Error("mdb_txn_commit: Input/output error")
            original(environment, txn)

        monkeypatch.setattr(Environment, "commit", commit)


def disk_of(store: LmdbStore, name: str) -> Disk:
    assert store._replication is not None
    place = store._replication.replicas.places[name]
    assert place.replica is not None
    return place.replica.disk


# --- three copies ----------------------------------------------------------------------------------------------------


def test_all_three_hold_the_same_after_a_close(root: Path) -> None:
    with open_store(root) as store:
        write(store, 0, 50)
        store.submit(put(LONG, b"long")).result()
        store.submit(change(Writes(deletes=[b"I0003"]))).result()
    rows = {name: look(root / name) for name in NAMES}
    assert len({row for row, _ in rows.values()}) == 1
    row, digest = rows["az1"]
    assert (row.lsn, row.digest, row.members) == (52, digest, 3)


def test_a_write_is_on_two_replicas_when_it_is_answered(store: LmdbStore) -> None:
    for number in range(20):
        store.submit(put(b"I%d" % number, b"v")).result()
        lsns = sorted(status.lsn for status in store.status().replicas)
        assert lsns[1] >= number + 1


def test_an_acknowledged_write_survives_the_leaders_disk_while_the_followers_gather(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in a journal then, and in no follower's tree."""
    left = tmp_path / "left"
    with open_store(root) as store:
        write(store, 0, 1)
        wait_until(lambda: is_whole(store))
        let_followers_gather(monkeypatch)
        write(store, 1, 50)
        assert min(status.lag_lsns for status in store.status().replicas if status.name != "az1") > 40
        shutil.copytree(root, left, ignore=lambda directory, names: ["az1"] if directory == str(root) else [])
    with open_store(left) as opened:
        assert has(opened, 50)
        wait_until(lambda: is_whole(opened))
    assert look(left / "az1") == look(left / "az2") == look(left / "az3")


def test_followers_gather_what_is_acknowledged_without_them(store: LmdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: Counter[str] = Counter()
    original = Environment.commit

    def commit(environment: Environment, txn: Any) -> None:
        original(environment, txn)
        assert environment.path is not None
        commits[environment.path.name] += 1

    wait_until(lambda: is_whole(store))
    monkeypatch.setattr(Environment, "commit", commit)
    write(store, 0, 200)
    wait_until(lambda: is_whole(store))
    assert commits["az1"] == 200
    assert max(commits["az2"], commits["az3"]) < 100


def test_a_follower_that_has_much_to_take_does_not_wait_for_more(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_followers_gather(monkeypatch)
    monkeypatch.setattr(replica_set, "GATHER_MAX_CHANGES", 20)
    with open_store(root) as store:
        write(store, 0, 50)
        wait_until(lambda: all(status.lag_lsns <= 20 for status in store.status().replicas))


def test_where_any_replica_is_read_the_followers_do_not_gather(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_followers_gather(monkeypatch)
    with open_store(root, eventual_reads="any") as store:
        write(store, 0, 50)
        wait_until(lambda: is_whole(store))


def test_a_store_that_was_closed_has_no_journal(root: Path) -> None:
    with open_store(root) as store:
        write(store, 0, 5)
        assert any((root / "az2" / name).exists() for name in journal_files.NAMES)
    assert not [name for name in journal_files.NAMES for az in NAMES if (root / az / name).exists()]


def test_a_follower_whose_journal_cannot_be_written_is_lost_and_no_write_fails(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, 0, 5)
    broken = disk_of(store, "az2")
    original = Environment.write_journal

    def write_journal(environment: Environment, half: int, offset: int, data: bytes) -> None:
        if environment is broken:
            raise OSError(5, "Input/output error")
        original(environment, half, offset, data)

    monkeypatch.setattr(Environment, "write_journal", write_journal)
    write(store, 5, 10)
    wait_until(lambda: is_whole(store) and disk_of(store, "az2") is not broken)
    assert has(store, 10)


def test_a_follower_without_room_for_a_journal_follows_all_the_same(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_journal(environment: Environment, half: int, offset: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write(store, 0, 5)
    disks = [disk_of(store, name) for name in NAMES]
    monkeypatch.setattr(Environment, "write_journal", write_journal)
    write(store, 5, 30)
    wait_until(lambda: is_whole(store))
    assert disks == [disk_of(store, name) for name in NAMES]
    assert has(store, 30)


def test_what_a_follower_took_meanwhile_is_not_kept_in_its_journal(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread may be faster than the committer, which has just seen that there is something to be kept."""
    receive = Replica.receive

    def receive_late(replica: Replica, entries: Sequence[LogEntry]) -> None:
        replicas = store._replication.replicas if store._replication is not None else None
        assert replicas is not None
        while replicas.follow(replica.name):
            pass
        assert replica.row.lsn == entries[-1].last
        receive(replica, entries)
        assert not replica.received

    write(store, 0, 5)
    wait_until(lambda: is_whole(store))
    monkeypatch.setattr(Replica, "receive", receive_late)
    write(store, 5, 15)
    assert [status.fault for status in store.status().replicas] == [None, None, None]
    assert has(store, 15)


def test_a_follower_with_a_slow_disk_gives_way_to_the_other(store: LmdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    written: Counter[str] = Counter()
    original = Environment.write_journal

    def write_journal(environment: Environment, half: int, offset: int, data: bytes) -> None:
        original(environment, half, offset, data)
        assert environment.path is not None
        written[environment.path.name] += 1
        if environment.path.name == "az2":
            time.sleep(0.06)

    write(store, 0, 5)
    monkeypatch.setattr(Environment, "write_journal", write_journal)
    write(store, 5, 30)
    assert written == {"az2": 1, "az3": 24}


def test_a_rebuilt_replica_begins_without_the_journal_it_had(root: Path) -> None:
    filled(root, clean=False)
    garble(root / "az2")
    (root / "az2" / journal_files.NAMES[0]).write_bytes(b"left over")
    with open_store(root) as store:
        wait_until(lambda: is_whole(store))
        assert not (root / "az2" / journal_files.NAMES[0]).exists()


@pytest.mark.usefixtures("followers_at_once")
def test_the_log_is_trimmed_behind_the_slowest_follower(store: LmdbStore) -> None:
    for number in range(100):
        store.submit(put(b"I%d" % number, b"v")).result()
        wait_until(lambda: is_whole(store))
    log = store.status().log
    assert log.last_lsn == 100
    assert log.entries < 10
    assert log.first_lsn > 90


@pytest.mark.usefixtures("followers_at_once")
def test_a_position_row_keeps_the_log(store: LmdbStore) -> None:
    store.submit(put(*position_put("stream", 5))).result()
    for number in range(60):
        store.submit(put(b"I%d" % number, b"v")).result()
        wait_until(lambda: is_whole(store))
    log = store.status().log
    assert log.first_lsn <= 6
    assert log.entries >= 55


# --- a follower fails ------------------------------------------------------------------------------------------------


def test_a_deleted_directory_is_noticed_and_rebuilt_under_writes(store: LmdbStore, root: Path) -> None:
    write(store, 0, 30)
    shutil.rmtree(root / "az3")
    number = 30
    while not (replica(store, "az3").fault or (root / "az3" / "data.mdb").exists()):
        write(store, number, number + 1)
        number += 1
    wait_until(lambda: is_whole(store) and (root / "az3" / "data.mdb").exists())
    write(store, number, number + 5)
    wait_until(lambda: is_whole(store))
    store.close()
    row, digest = look(root / "az3")
    assert row.digest == digest
    assert row == look(root / "az1")[0]


def test_a_follower_whose_commit_fails_is_rebuilt_and_no_write_fails(
    store: LmdbStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(monkeypatch)
    write(store, 0, 5)
    failing.broken = disk_of(store, "az2")
    write(store, 5, 40)
    wait_until(lambda: is_whole(store) and disk_of(store, "az2") is not failing.broken)
    store.close()
    assert look(root / "az2")[0] == look(root / "az1")[0]


def test_with_one_replica_left_writes_fail_and_reads_go_on(store: LmdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write(store, 0, 3)
    wait_until(lambda: is_whole(store))
    replicas = store._replication
    assert replicas is not None
    monkeypatch.setattr(replicas.replicas, "rebuild", lambda name: False)
    for name in ("az2", "az3"):
        replicas.replicas.lose(name, OSError("gone"))
    with pytest.raises(StoreError, match="writes need 2 replicas and there is 1"):
        store.submit(put(b"Ia", b"v")).result(timeout=20)
    assert has(store, 3)
    assert not store.status().writable
    monkeypatch.undo()
    wait_until(lambda: is_whole(store))
    write(store, 3, 6)


def test_one_replica_may_go_on_when_that_is_allowed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(root, min_replicas=1) as store:
        write(store, 0, 3)
        assert store._replication is not None
        with monkeypatch.context() as patch:
            patch.setattr(store._replication.replicas, "rebuild", lambda name: False)
            for name in ("az2", "az3"):
                store._replication.replicas.lose(name, OSError("gone"))
            write(store, 3, 6)
        wait_until(lambda: is_whole(store))
        assert has(store, 6)


def test_a_replica_that_holds_something_else_is_found_out_by_its_digest(store: LmdbStore) -> None:
    write(store, 0, 5)
    wait_until(lambda: is_whole(store))
    strange = disk_of(store, "az3")
    txn = strange.begin_write()
    txn.put(b"I0002", b"tampered")
    strange.commit(txn)
    write(store, 2, 3)  # what replaces it is no longer what the leader replaces
    wait_until(lambda: is_whole(store) and disk_of(store, "az3") is not strange)


# --- the leader fails ------------------------------------------------------------------------------------------------


def test_another_replica_leads_when_the_leaders_commit_fails_and_the_write_succeeds(
    store: LmdbStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(monkeypatch)
    write(store, 0, 20)
    failing.broken = disk_of(store, "az1")
    write(store, 20, 40)
    assert replica(store, "az1").state != LEADING
    wait_until(lambda: is_whole(store))
    assert has(store, 40)
    assert store.status().commits.failovers == 1
    store.close()
    assert len({look(root / name)[0] for name in NAMES}) == 1
    with open_store(root) as again:
        assert has(again, 40)
        row = get(again, b"N1")
        assert row is not None
        assert int.from_bytes(row, "little") == 40


def test_the_numbers_of_lost_changes_are_not_given_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(root, durability="leader", min_replicas=1) as store:
        assert store._replication is not None
        replicas = store._replication.replicas
        store.submit(put(*position_put("follower", 0))).result()
        write(store, 0, 3)
        wait_until(lambda: is_whole(store))
        with monkeypatch.context() as patched:
            patched.setattr(ReplicaSet, "_take_next", lambda *_: False)
            write(store, 3, 10)
            lost = store.status().log.last_lsn
            assert replicas.lose("az1", StoreError("its disk is gone"))
        assert has(store, 3)
        assert store.last_logged() > lost
        with store.snapshot() as txn:
            assert txn.lsn() > lost
        write(store, 3, 5)
        wait_until(lambda: is_whole(store))
        with store.snapshot() as txn:
            (entry,) = [entry for entry in txn.log_after(0) if entry.begins_term and entry.first > 1]
        assert entry.first <= 5
        assert entry.last == lost + 1
        assert entry.writes == [Writes()] * len(entry.records)
    assert len({look(root / name) for name in NAMES}) == 1


def test_another_replica_leads_when_the_leaders_directory_is_gone(store: LmdbStore, root: Path) -> None:
    write(store, 0, 20)
    shutil.rmtree(root / "az1")
    wait_until(lambda: replica(store, "az1").state != LEADING)
    write(store, 20, 40)
    wait_until(lambda: is_whole(store))
    assert has(store, 40)


# --- reads and lag ---------------------------------------------------------------------------------------------------


def test_a_replica_lag_shows_in_eventually_consistent_reads_only(root: Path) -> None:
    with open_store(root, eventual_reads="any", replica_lag_ms=60_000) as store:
        store.submit(put(b"Ik", b"v")).result(timeout=20)

        def seen() -> set[bytes | None]:
            found = set()
            for _ in range(6):
                with store.snapshot(consistent=False) as txn:
                    value = txn.get(b"Ik")
                    found.add(None if value is None else bytes(value))
            return found

        assert get(store, b"Ik") == b"v"
        assert seen() == {None, b"v"}
        assert {status.lag_lsns for status in store.status().replicas} == {0, 1}
    with open_store(root) as store:
        assert len({look_open(store, name) for name in NAMES}) == 1


def look_open(store: LmdbStore, name: str) -> int:
    txn = disk_of(store, name).begin(None, None, False, True)
    try:
        return digest_of(txn)
    finally:
        txn.abort()


def test_a_short_lag_passes(root: Path) -> None:
    with open_store(root, eventual_reads="any", replica_lag_ms=30) as store:
        write(store, 0, 10)
        wait_until(lambda: is_whole(store))
        assert len({look_open(store, name) for name in NAMES}) == 1


# --- opening ---------------------------------------------------------------------------------------------------------


def filled(root: Path, clean: bool = True) -> None:
    with open_store(root) as store:
        write(store, 0, 100)
        store.submit(put(LONG, b"long")).result()
        wait_until(lambda: is_whole(store))
    if not clean:
        for name in NAMES:
            (root / name / "seal").unlink()


def remove(path: Path) -> None:
    shutil.rmtree(path)


def truncate(path: Path) -> None:
    os.truncate(path / "data.mdb", (path / "data.mdb").stat().st_size // 2)


def flip(path: Path) -> None:
    contents = bytearray((path / "data.mdb").read_bytes())
    for place in range(9000, len(contents), 997):
        contents[place] ^= 0x55
    (path / "data.mdb").write_bytes(contents)


def garble(path: Path) -> None:
    (path / "data.mdb").write_bytes(b"garbage" * 5000)


def empty(path: Path) -> None:
    (path / "data.mdb").write_bytes(b"")


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("name", ["az1", "az3"])
@pytest.mark.parametrize("damage", [remove, truncate, flip, garble, empty])
def test_one_damaged_replica_is_rebuilt_at_the_next_opening(
    root: Path, damage: Callable[[Path], None], name: str, clean: bool
) -> None:
    filled(root, clean)
    damage(root / name)
    with open_store(root) as store:
        assert has(store, 100)
        wait_until(lambda: is_whole(store))
    assert len({look(root / name)[0] for name in NAMES}) == 1
    assert len({look(root / name)[1] for name in NAMES}) == 1


@pytest.mark.parametrize("damage", [remove, flip])
def test_two_damaged_replicas_are_refused_by_name_unless_one_is_enough(
    root: Path, damage: Callable[[Path], None]
) -> None:
    filled(root)
    damage(root / "az1")
    damage(root / "az2")
    with pytest.raises(StoreUnusable, match=r"1 sound replica of 3.*az1 in .*az2 in "):
        open_store(root)
    with open_store(root, min_replicas=1) as store:
        wait_until(lambda: is_whole(store))
        assert has(store, 100)


def test_nothing_sound_is_refused(root: Path) -> None:
    filled(root)
    for name in NAMES:
        garble(root / name)
    with pytest.raises(StoreFormat, match="no replica of the store is sound"):
        open_store(root, min_replicas=1)


def test_a_replica_of_another_store_is_refused(root: Path, tmp_path: Path) -> None:
    filled(root)
    filled(tmp_path / "other")
    shutil.rmtree(root / "az2")
    shutil.copytree(tmp_path / "other" / "az2", root / "az2")
    with pytest.raises(StoreFormat, match="replica of another store"):
        open_store(root)


def test_a_replica_that_was_away_catches_up_and_does_not_lead(root: Path, tmp_path: Path) -> None:
    filled(root)
    shutil.copytree(root / "az1", tmp_path / "kept")
    with open_store(root) as store:
        write(store, 100, 150)
    shutil.rmtree(root / "az1")
    shutil.copytree(tmp_path / "kept", root / "az1")
    with open_store(root) as store:
        assert has(store, 150)
        wait_until(lambda: is_whole(store))
    assert len({look(root / name)[0] for name in NAMES}) == 1


def test_part_of_a_three_replica_store_is_not_opened_alone(root: Path) -> None:
    filled(root)
    with pytest.raises(StoreUnusable, match="has 3 replicas"):
        open_store(root, replicas=1)


def test_no_empty_store_is_begun_where_the_first_of_three_replicas_is_gone(root: Path) -> None:
    filled(root)
    shutil.rmtree(root / "az1")
    with pytest.raises(StoreUnusable, match=r"no replica in .*az1, but one in .*az2"):
        open_store(root, replicas=1)
    with open_store(root) as store:
        assert has(store, 100)


def test_one_replica_may_become_three(root: Path) -> None:
    with open_store(root, replicas=1) as store:
        write(store, 0, 20)
    with open_store(root) as store:
        write(store, 20, 30)
        wait_until(lambda: is_whole(store))
    assert len({look(root / name)[1] for name in NAMES}) == 1


def test_replicas_go_where_they_are_put(root: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("x", "y", "z")]
    with open_store(root, replica_paths=paths) as store:
        write(store, 0, 10)
    assert all((path / "data.mdb").exists() for path in paths)
    assert not (root / "az1").exists()
    with open_store(root, replica_paths=paths) as store:
        assert has(store, 10)


# --- the first format ------------------------------------------------------------------------------------------------


def test_a_store_of_the_first_format_becomes_three_replicas(root: Path) -> None:
    root.mkdir()
    with lmdb.open(str(root), map_size=1 << 24) as old, old.begin(write=True) as txn:
        txn.put(FORMAT_KEY, b"1")
        for number in range(50):
            txn.put(b"I%04d" % number, b"v" * 200)
    with open_store(root) as store:
        assert has(store, 50)
        write(store, 50, 60)
        wait_until(lambda: is_whole(store))
    assert not (root / "data.mdb").exists()
    rows = [look(root / name) for name in NAMES]
    assert len(set(rows)) == 1
    assert rows[0][0].digest == rows[0][1]


def test_who_asks_how_replicas_are_while_one_is_closed_is_told_no_sizes_of_it(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that is rebuilt is closed by one thread while others may have just begun to look at it."""

    def closed() -> tuple[int, int]:
        raise lmdb.Error("Attempt to operate on closed/deleted/dropped object.")

    write(store, 0, 3)
    wait_until(lambda: is_whole(store))
    assert store._replication is not None
    looked_at = store._replication.replicas.places["az3"].replica
    assert looked_at is not None
    assert replica(store, "az3").map_bytes > 0
    monkeypatch.setattr(looked_at.disk, "sizes", closed)
    status = replica(store, "az3")
    assert (status.map_bytes, status.used_bytes) == (0, 0)
    assert replica(store, "az1").map_bytes > 0


@pytest.mark.parametrize(
    ("took", "plans", "groups", "seconds"),
    [
        (0.01, 0, 0, 0.06),
        (0.01, 10, 10, 0.06),
        (0.01, 159, 10, 0.06),
        (0.01, 160, 10, 0.16),
        (1.0, 10, 10, 0.1),
        (1.0, 160, 10, 0.3),
    ],
)
def test_a_follower_gathers_longer_where_many_writes_share_a_group(
    took: float, plans: int, groups: int, seconds: float
) -> None:
    assert replication.gather_seconds(took, plans, groups) == pytest.approx(seconds)
