"""What can be done to a lease, and what cannot any more once somebody else was faster: in the table and in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ddbengine.consumer.errors import LeaseTableUnusable
from ddbengine.consumer.lease_table import KEY, LeaseTable, create_table
from ddbengine.consumer.leases import Beginning, Lease, LeaseStore
from ddbengine.consumer.positions import AT_TIMESTAMP, LATEST, SHARD_END, TRIM_HORIZON, Start, Where
from tests import servers
from tests.consumer.memory_leases import MemoryLeases
from tests.consumer.streaming import dynamodb, table_with_stream

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-01-01T00:00:00.000"
OTHER_ARN = ARN.replace("table/T", "table/U")
NEW = Lease("shard-1", "shard-0", Where(TRIM_HORIZON))

_tables = itertools.count(1)


@pytest.fixture
def client(server: servers.Server) -> Any:
    return dynamodb(server.url)


@pytest.fixture
def table(client: Any) -> str:
    name = f"Leases-{next(_tables)}"
    create_table(client, name, (KEY,))
    return name


@pytest.fixture(params=["table", "memory"])
def store(request: pytest.FixtureRequest) -> LeaseStore:
    if request.param == "memory":
        return MemoryLeases()
    return LeaseTable(request.getfixturevalue("client"), request.getfixturevalue("table"), ARN)


def only(store: LeaseStore) -> Lease:
    (lease,) = store.leases()
    return lease


def taken(store: LeaseStore, worker: str = "a") -> Lease:
    store.add(NEW)
    lease = store.take(NEW, worker)
    assert lease is not None
    return lease


def test_a_lease_is_added_once(store: LeaseStore) -> None:
    assert store.add(NEW)
    assert not store.add(replace(NEW, parent=None))
    assert only(store) == NEW


@pytest.mark.parametrize(
    "where",
    [
        Where(TRIM_HORIZON),
        Where(LATEST, time=1_700_000_000.25, iterator="iterator"),
        Where(AT_TIMESTAMP, time=12.5),
        Where("AT_SEQUENCE_NUMBER", number="100000000000000000001"),
    ],
)
def test_a_lease_keeps_where_its_shard_begins(store: LeaseStore, where: Where) -> None:
    lease = Lease("shard-1", None, where)
    store.add(lease)
    assert only(store) == lease


def test_a_free_lease_is_taken_by_one(store: LeaseStore) -> None:
    store.add(NEW)
    lease = store.take(NEW, "a")
    assert lease == replace(NEW, owner="a", counter=1, takes=1)
    assert store.take(NEW, "b") is None
    assert only(store) == lease


def test_a_lease_that_stands_still_is_taken_and_one_that_moved_is_not(store: LeaseStore) -> None:
    lease = taken(store)
    renewed = store.renew(lease)
    assert renewed == replace(lease, counter=2)
    assert store.take(lease, "b") is None
    assert renewed is not None
    assert store.take(renewed, "b") == replace(renewed, owner="b", counter=3, takes=2)


def test_an_owner_that_lost_its_lease_changes_nothing(store: LeaseStore) -> None:
    lease = taken(store)
    theirs = store.take(lease, "b")
    assert theirs is not None
    assert store.renew(lease) is None
    assert not store.advance(lease, Where("5"))
    assert not store.release(lease)
    assert only(store) == theirs


def test_a_lease_lost_and_taken_again_is_another_one(store: LeaseStore) -> None:
    before = taken(store)
    theirs = store.take(before, "b")
    assert theirs is not None
    again = store.take(theirs, "a")
    assert again is not None
    assert not store.advance(before, Where("5"))
    assert store.advance(again, Where("6"))


def test_a_checkpoint_is_kept_and_leaves_the_beginning_behind(store: LeaseStore) -> None:
    where = Where(LATEST, time=100.0, iterator="iterator")
    store.add(Lease("shard-1", None, where))
    lease = store.take(only(store), "a")
    assert lease is not None
    assert store.advance(lease, where.moved_to("7"))
    assert only(store).where == Where("7")


def test_a_checkpoint_keeps_the_time_it_starts_from(store: LeaseStore) -> None:
    where = Where(AT_TIMESTAMP, time=100.5)
    store.add(Lease("shard-1", None, where))
    lease = store.take(only(store), "a")
    assert lease is not None
    store.advance(lease, where.moved_to("7"))
    assert only(store).where == Where("7", time=100.5)


def test_a_shard_at_its_end_is_nobodys_and_cannot_be_taken(store: LeaseStore) -> None:
    lease = taken(store)
    assert store.advance(lease, Where(SHARD_END), ended=1_700_000_000.5)
    ended = only(store)
    assert (ended.owner, ended.is_ended, ended.ended) == (None, True, 1_700_000_000.5)
    assert store.take(ended, "b") is None


def test_only_a_finished_lease_is_removed(store: LeaseStore) -> None:
    lease = taken(store)
    assert not store.remove(only(store))
    store.advance(lease, Where(SHARD_END), ended=1.0)
    assert store.remove(only(store))
    assert list(store.leases()) == []


def test_a_released_lease_is_free_at_once(store: LeaseStore) -> None:
    lease = taken(store)
    assert store.release(lease)
    assert only(store).owner is None
    assert store.take(only(store), "b") is not None


def test_one_worker_asks_for_a_lease_and_the_owner_sees_it(store: LeaseStore) -> None:
    lease = taken(store)
    assert store.ask_for(lease, "b")
    assert not store.ask_for(lease, "c")
    renewed = store.renew(lease)
    assert renewed is not None
    assert renewed.wanted_by == "b"


def test_a_lease_is_handed_to_the_worker_that_asked(store: LeaseStore) -> None:
    lease = taken(store)
    store.ask_for(lease, "b")
    assert store.release(lease, "b")
    handed = only(store)
    assert (handed.owner, handed.wanted_by, handed.takes) == ("b", None, lease.takes)
    assert handed.counter > lease.counter, "it does not look as if it had stood still"
    assert store.take(handed, "b") is not None


def test_a_lease_is_not_handed_to_a_worker_that_asks_no_more(store: LeaseStore) -> None:
    lease = taken(store)
    store.ask_for(lease, "b")
    assert not store.withdraw(lease, "c")
    assert store.withdraw(lease, "b")
    assert not store.release(lease, "b")
    assert only(store).owner == "a"


def test_the_first_beginning_is_kept(store: LeaseStore) -> None:
    assert store.beginning() is None
    first = Beginning(Start(LATEST, time=1_700_000_000.125), ("shard-1",), ("shard-0",))
    assert store.begin(first) == first
    assert store.begin(Beginning(Start(TRIM_HORIZON), (), ())) == first
    assert store.beginning() == first


# --- the table alone -------------------------------------------------------------------------------------------------


def test_streams_share_a_table_and_see_their_own_leases(client: Any, table: str) -> None:
    one, other = LeaseTable(client, table, ARN), LeaseTable(client, table, OTHER_ARN)
    one.add(NEW)
    other.add(replace(NEW, shard_id="shard-2"))
    assert [lease.shard_id for lease in one.leases()] == ["shard-1"]
    assert [lease.shard_id for lease in other.leases()] == ["shard-2"]


def test_a_shard_of_another_stream_with_the_same_name_is_refused(client: Any, table: str) -> None:
    LeaseTable(client, table, ARN).add(NEW)
    with pytest.raises(LeaseTableUnusable, match="of another stream"):
        LeaseTable(client, table, OTHER_ARN).add(NEW)


def test_leases_are_listed_page_by_page(client: Any, table: str) -> None:
    store = LeaseTable(client, table, ARN)
    iterator = "x" * 20_000
    names = {f"shard-{number}" for number in range(60)}
    for name in names:
        store.add(Lease(name, None, Where(LATEST, time=1.0, iterator=iterator)))
    assert {lease.shard_id for lease in store.leases()} == names


def test_a_lease_table_is_made_once(client: Any, table: str) -> None:
    create_table(client, table, (KEY,))
    assert client.describe_table(TableName=table)["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_table_with_another_key_is_no_lease_table(client: Any) -> None:
    name = table_with_stream(client)
    with pytest.raises(LeaseTableUnusable, match="its key is not leaseKey"):
        create_table(client, name, (KEY,))


class Creating:
    """A client whose table becomes ACTIVE when it has been waited for so often."""

    def __init__(self, polls: int) -> None:
        self._polls = polls

    def describe_table(self, **_: str) -> Any:
        self._polls -= 1
        status = "ACTIVE" if self._polls < 0 else "CREATING"
        return {"Table": {"KeySchema": [{"AttributeName": KEY, "KeyType": "HASH"}], "TableStatus": status}}


def test_a_table_is_waited_for_but_not_forever() -> None:
    waits: list[float] = []
    sleep: Callable[[float], None] = waits.append
    create_table(Creating(3), "Leases", (KEY,), sleep)
    assert len(waits) == 3
    with pytest.raises(LeaseTableUnusable, match="has not become ACTIVE within 60 seconds"):
        create_table(Creating(10_000), "Leases", (KEY,), sleep)
