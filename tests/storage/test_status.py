"""What a store says of its commits and its size, whatever it is kept on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.status import LEADING
from tests.storage.plans import failing, open_store, put, read


@pytest.fixture(params=["in memory", "one replica", "one replica without fsync"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> LmdbStore:
    if request.param == "in memory":
        return open_store()
    return open_store(tmp_path / "store", replicas=1, durability="leader" if request.param == "one replica" else "none")


def test_a_new_store_has_committed_nothing(store: LmdbStore) -> None:
    with store:
        commits = store.status().commits
        assert (commits.commits, commits.plans, commits.groups, commits.largest_group) == (0, 0, 0, 0)


def test_commits_are_counted_and_so_are_plans_that_change_nothing(store: LmdbStore) -> None:
    with store:
        for number in range(5):
            store.submit(put(b"I%d" % number, b"v")).result()
        store.submit(read(b"I1")).result()
        with pytest.raises(KeyError):
            store.submit(failing(KeyError())).result()
        commits = store.status().commits
        assert (commits.commits, commits.plans, commits.groups, commits.largest_group) == (5, 7, 7, 1)


def test_the_size_of_the_map_and_of_what_is_used_is_told(store: LmdbStore) -> None:
    with store:
        [before] = store.status().replicas
        store.submit(put(b"I", bytes(1 << 20))).result()
        [after] = store.status().replicas
        assert (before.state, before.fault) == (LEADING, None)
        assert after.used_bytes - before.used_bytes >= 1 << 20
        assert after.map_bytes >= after.used_bytes


def test_a_fork_in_memory_counts_its_own_commits(store: LmdbStore) -> None:
    with store:
        store.submit(put(b"I1", b"v")).result()
        with store.fork() as fork:
            assert fork.status().commits.commits == 0
            fork.submit(put(b"I2", b"v")).result()
            assert fork.status().commits.commits == 1
