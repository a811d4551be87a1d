"""Rebuilding a replica: the new one complete first, the old one kept."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import lmdb
import pytest

from ddbengine.storage import repair
from ddbengine.storage.errors import StoreUnusable
from ddbengine.storage.examination import SOUND, Examined, compared, examine
from ddbengine.storage.locks import DirectoryLock
from tests.storage.replica_files import write_replica, written


def look(*directories: Path) -> list[Examined]:
    return compared([examine(path.name, path, lambda *told: None) for path in directories], lambda *told: None)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_replica(tmp_path / "az1", 10)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    directory = write_replica(tmp_path / "az2", 10)
    with written(directory) as txn:
        txn.put(b"I0001", b"spoilt")
    return directory


def rebuilt(good: Path, bad: Path) -> Path | None:
    source, replica = look(good, bad)
    return repair.rebuild(replica, source)


def test_a_rebuilt_replica_is_sound_and_agrees(good: Path, bad: Path) -> None:
    rebuilt(good, bad)
    first, second = look(good, bad)
    assert (first.state, second.state, first.row) == (SOUND, SOUND, second.row)


def test_the_damaged_file_is_kept_beside_it(good: Path, bad: Path) -> None:
    damaged = (bad / "data.mdb").read_bytes()
    aside = rebuilt(good, bad)
    assert aside == bad.with_name("az2.damaged-1")
    assert (bad.with_name("az2.damaged-1") / "data.mdb").read_bytes() == damaged


def test_a_second_damaged_file_does_not_take_the_place_of_the_first(good: Path, bad: Path) -> None:
    rebuilt(good, bad)
    with written(bad) as txn:
        txn.put(b"I0001", b"spoilt again")
    assert rebuilt(good, bad) == bad.with_name("az2.damaged-2")
    assert (bad.with_name("az2.damaged-1") / "data.mdb").exists()


@pytest.mark.parametrize("left", ["nothing", "directory"])
def test_a_missing_replica_is_made_anew(good: Path, tmp_path: Path, left: str) -> None:
    missing = tmp_path / "elsewhere" / "az2"
    if left == "directory":
        missing.mkdir(parents=True)
    assert rebuilt(good, missing) is None
    assert [replica.state for replica in look(good, missing)] == [SOUND, SOUND]


def test_a_lock_that_is_held_stays_held(good: Path, bad: Path) -> None:
    lock = DirectoryLock(bad)
    before = (bad / "ddbengine.lock").stat().st_ino
    rebuilt(good, bad)
    assert (bad / "ddbengine.lock").stat().st_ino == before
    lock.release()


def test_where_nothing_can_be_made_beside_it_the_damaged_file_is_kept_inside(
    good: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir

    def refusing(path: Path, *arguments: object, **named: object) -> None:
        if path.parent == bad.parent and "damaged" in path.name:
            raise PermissionError(errno.EACCES, "no")
        mkdir(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", refusing)
    assert rebuilt(good, bad) == bad / "damaged-1"
    assert look(good, bad)[1].state == SOUND
    with written(bad) as txn:
        txn.put(b"I0001", b"spoilt again")
    assert rebuilt(good, bad) == bad / "damaged-2"
    assert (bad / "damaged-1" / "data.mdb").exists()


def test_a_copy_that_fails_leaves_the_damaged_replica_where_it_was(
    good: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = (bad / "data.mdb").read_bytes()

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnusable, match=r"az2 cannot be rebuilt in .*: No space left on device"):
        rebuilt(good, bad)
    assert (bad / "data.mdb").read_bytes() == damaged


def test_a_replica_is_not_rebuilt_from_itself_or_from_a_damaged_one(good: Path, bad: Path) -> None:
    source, replica = look(good, bad)
    with pytest.raises(AssertionError):
        repair.rebuild(source, source)
    with pytest.raises(AssertionError):
        repair.rebuild(replica, replica)


def test_a_rebuilt_replica_can_be_written_to(good: Path, bad: Path) -> None:
    rebuilt(good, bad)
    with lmdb.open(os.fspath(bad), map_size=1 << 24) as environment, environment.begin(write=True) as txn:
        assert txn.put(b"I9999", b"v")
