"""Which leases there should be, for shards that were there and shards that came."""

from __future__ import annotations

from dataclasses import replace

from ddbengine.consumer.discovery import (
    FORGET_AFTER_SECONDS,
    begin_with,
    first_leases,
    forgettable,
    missing_leases,
    start_iterators,
)
from ddbengine.consumer.leases import Beginning, Lease
from ddbengine.consumer.positions import AT_TIMESTAMP, LATEST, SHARD_END, TRIM_HORIZON, Start, Where
from ddbengine.consumer.stream_api import Position
from tests.consumer.fake_stream import FakeShard, FakeStream

NOW = 1_700_000_000.0


def family() -> FakeStream:
    """A closed shard and its two open children, listed before it."""
    return FakeStream(FakeShard("l", "p"), FakeShard("r", "p"), FakeShard("p", "gone", is_closed=True))


def missing(stream: FakeStream, beginning: Beginning, *present: str) -> list[Lease]:
    return missing_leases(stream.describe(), beginning, present)


def test_from_the_trim_horizon_every_shard_is_read_parents_first() -> None:
    stream = family()
    leases = missing(stream, begin_with(stream.describe(), Start(TRIM_HORIZON), NOW))
    assert leases[0] == Lease("p", "gone", Where(TRIM_HORIZON))
    assert {lease.shard_id for lease in leases[1:]} == {"l", "r"}


def test_from_the_latest_only_open_shards_are_read() -> None:
    stream = family()
    beginning = begin_with(stream.describe(), Start(LATEST), NOW)
    assert beginning == Beginning(Start(LATEST, time=NOW), ("l", "r"), ("p",))
    assert [lease.shard_id for lease in missing(stream, beginning)] == ["l", "r"]


def test_the_moment_of_latest_is_held_by_iterators() -> None:
    stream = family()
    beginning = begin_with(stream.describe(), Start(LATEST), NOW)
    iterators = start_iterators(stream, beginning)
    assert stream.positions == [Position(LATEST)] * 2
    leases = first_leases(missing(stream, beginning), iterators)
    assert [lease.where for lease in leases] == [Where(LATEST, NOW, None, iterators[shard]) for shard in ("l", "r")]


def test_no_other_start_needs_iterators() -> None:
    stream = family()
    assert start_iterators(stream, begin_with(stream.describe(), Start(TRIM_HORIZON), NOW)) == {}
    assert stream.positions == []


def test_a_shard_that_came_later_is_read_from_its_first_record() -> None:
    stream = family()
    for start in (Start(LATEST), Start(AT_TIMESTAMP, time=NOW)):
        beginning = begin_with(stream.describe(), start, NOW)
        later = FakeStream(*stream.shards.values(), FakeShard("ll", "l"))
        assert missing(later, beginning, "p", "l", "r") == [Lease("ll", "l", Where(TRIM_HORIZON))]


def test_a_shard_that_closed_before_its_lease_was_made_is_read_all_the_same() -> None:
    stream = family()
    beginning = begin_with(stream.describe(), Start(LATEST), NOW)
    stream.shards["l"].is_closed = True
    assert [lease.shard_id for lease in missing(stream, beginning)] == ["l", "r"]


def test_a_finished_shard_is_forgotten_when_it_has_left_the_stream_for_good() -> None:
    stream = family().describe()
    ended = Lease("x", None, Where(SHARD_END), ended=NOW)
    listed, unfinished = replace(ended, shard_id="p"), replace(ended, where=Where("5"))
    later = NOW + FORGET_AFTER_SECONDS
    assert forgettable(stream, [ended, listed], later) == [ended]
    assert forgettable(stream, [ended], later - 1) == []
    assert forgettable(stream, [unfinished], later) == []
