"""What is acknowledged by one replica alone may be lost with it.  Then whoever followed the log goes on with what is
written afterwards: global indexes, readers in other processes, and streams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ddbengine.engine.doctor import diagnose
from ddbengine.engine.opening import open_engine
from ddbengine.storage.errors import StoreError
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.replica import Replica
from ddbengine.storage.replica_set import ReplicaSet
from ddbengine.storage.shared_state import SharedState
from tests import tables
from tests.engine.streaming import Streaming, Time, specification
from tests.engine.whole_check import check_database
from tests.wire import Item, S

BY_G = tables.global_index("by-g", "g")


class Followers:
    """Lets followers stand still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stand_still = False
        original = ReplicaSet._take_next

        def take_next(replicas: ReplicaSet, replica: Replica) -> bool:
            return not self.stand_still and original(replicas, replica)

        monkeypatch.setattr(ReplicaSet, "_take_next", take_next)

    def catch_up(self, replicas: ReplicaSet) -> None:
        while not replicas.is_even():
            for name in replicas.places:
                replicas.follow(name)


@pytest.fixture
def followers(monkeypatch: pytest.MonkeyPatch) -> Followers:
    return Followers(monkeypatch)


@pytest.fixture
def state(tmp_path: Path) -> SharedState:
    return SharedState.create(tmp_path / "state")


@pytest.fixture(params=["leader", "none"])
def calls(request: pytest.FixtureRequest, tmp_path: Path, state: SharedState) -> Iterator[Streaming]:
    time = Time()
    engine = open_engine(
        tmp_path / "store", clock=time, replicas=3, durability=request.param, min_replicas=1, shared_state=state
    )
    calls = Streaming(engine, time)
    yield calls
    engine.propagator.drain()
    check_database(engine)
    engine.close()
    diagnosis = diagnose(tmp_path / "store", (), lambda *_: None)
    assert diagnosis.is_clean, diagnosis


def replicas_of(calls: Streaming) -> ReplicaSet:
    store = calls.engine.store
    assert isinstance(store, LmdbStore)
    assert store._replication is not None
    return store._replication.replicas


def lose_the_leader(calls: Streaming, followers: Followers) -> None:
    """With all that only it has."""
    replicas = replicas_of(calls)
    assert replicas.lose(replicas._leader.replica.name, StoreError("its disk is gone"))
    followers.stand_still = False


def item(name: str) -> Item:
    return {"pk": S(name), "g": S("red")}


def write(calls: Streaming, *names: str) -> None:
    for name in names:
        calls.put("table", item(name))


def in_index(calls: Streaming) -> list[str]:
    return sorted(found["pk"]["S"] for found in calls.items("Scan", TableName="table", IndexName="by-g"))


def prepare(calls: Streaming, followers: Followers, *names: str) -> None:
    """These items are in the table and its index on all replicas, and from now on the leader is alone."""
    calls.create(tables.table(global_=[BY_G], StreamSpecification=specification()))
    write(calls, *names)
    calls.engine.propagator.drain()
    followers.catch_up(replicas_of(calls))


def test_an_index_has_what_is_written_after_changes_were_lost(calls: Streaming, followers: Followers) -> None:
    prepare(calls, followers, "kept")
    followers.stand_still = True
    write(calls, "lost-1", "lost-2", "lost-3")
    assert in_index(calls) == ["kept", "lost-1", "lost-2", "lost-3"]
    lose_the_leader(calls, followers)
    assert in_index(calls) == ["kept"]
    write(calls, "new")
    assert in_index(calls) == ["kept", "new"]


def test_an_index_gets_again_what_only_the_lost_replica_had_brought_to_it(
    calls: Streaming, followers: Followers
) -> None:
    prepare(calls, followers)
    calls.engine.propagator.pause()
    write(calls, *[f"kept-{number}" for number in range(5)])
    followers.catch_up(replicas_of(calls))
    followers.stand_still = True
    calls.engine.propagator.resume()
    assert len(in_index(calls)) == 5
    lose_the_leader(calls, followers)
    assert len(in_index(calls)) == 5


def test_stepping_back_comes_to_an_end_however_much_there_is_to_pass_again(
    calls: Streaming, followers: Followers
) -> None:
    prepare(calls, followers, "kept")
    calls.create(tables.table("other", StreamSpecification=specification()))
    for number in range(8):
        calls.put("other", {"pk": S(str(number)), "much": S("x" * 300_000)})
    calls.engine.propagator.drain()
    followers.catch_up(replicas_of(calls))
    followers.stand_still = True
    write(calls, "lost")
    calls.engine.propagator.drain()
    lose_the_leader(calls, followers)
    write(calls, "new")
    assert in_index(calls) == ["kept", "new"]


def test_an_index_whose_deletion_was_lost_goes_on(calls: Streaming, followers: Followers) -> None:
    prepare(calls, followers, "kept")
    followers.stand_still = True
    calls.call("DeleteTable", TableName="table")
    calls.engine.propagator.drain()
    calls.create(tables.table("other"))
    calls.put("other", {"pk": S("x")})
    lose_the_leader(calls, followers)
    write(calls, "new")
    assert in_index(calls) == ["kept", "new"]
    assert calls.engine.propagator.is_needed


def test_who_waits_for_an_index_when_changes_are_lost_waits_no_longer_than_for_what_is_left(
    calls: Streaming, followers: Followers
) -> None:
    prepare(calls, followers, "kept")
    followers.stand_still = True
    write(calls, "lost-1", "lost-2")
    pending = calls.engine.store.last_logged()
    lose_the_leader(calls, followers)
    calls.engine.propagator.wait(pending)
    assert in_index(calls) == ["kept"]


def test_other_processes_do_not_read_an_index_that_changes_were_lost_from(
    calls: Streaming, followers: Followers, state: SharedState
) -> None:
    prepare(calls, followers)
    calls.engine.propagator.pause()
    write(calls, "kept")
    followers.catch_up(replicas_of(calls))
    followers.stand_still = True
    calls.engine.propagator.resume()
    write(calls, "lost-1", "lost-2", "lost-3")
    calls.engine.propagator.drain()
    calls.engine.propagator.pause()
    lose_the_leader(calls, followers)
    assert not state.is_log_passed
    calls.engine.propagator.resume()
    calls.engine.propagator.drain()
    assert state.is_log_passed
    assert in_index(calls) == ["kept"]


def test_an_iterator_that_has_read_lost_changes_misses_none_that_come_after(
    calls: Streaming, followers: Followers
) -> None:
    prepare(calls, followers, "kept")
    (shard,) = calls.shards(calls.arn())
    followers.stand_still = True
    write(calls, "lost-1", "lost-2", "lost-3")
    page = calls.call("GetRecords", ShardIterator=calls.iterator(calls.arn(), shard))
    assert len(page["Records"]) == 4
    seen = page["Records"][-1]["dynamodb"]["SequenceNumber"]
    lose_the_leader(calls, followers)
    write(calls, "new")
    behind = calls.iterator(calls.arn(), shard, "AFTER_SEQUENCE_NUMBER", SequenceNumber=seen)
    for iterator in (page["NextShardIterator"], behind):
        records = [record for records, _ in calls.record_pages(iterator) for record in records]
        assert [record["dynamodb"]["Keys"] for record in records] == [{"pk": S("new")}]
        assert int(records[0]["dynamodb"]["SequenceNumber"]) > int(seen)
