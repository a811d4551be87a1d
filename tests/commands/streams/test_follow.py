"""Following all shards of a stream: each record once, in order for each item, whatever the shards do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.commands.streams.failures import TRIMMED, Failure
from ddbengine.commands.streams.follow import Follower
from ddbengine.commands.streams.patience import Patience
from ddbengine.consumer.events import Record, sequence_number
from ddbengine.consumer.positions import Start, start_from
from tests.commands.streams.stream_model import START, ModelStream, client_error, number

LATEST, TRIM_HORIZON = start_from("latest"), start_from("trim-horizon")


@contextmanager
def following(stream: ModelStream, start: Start) -> Iterator[Iterator[list[Record]]]:
    """The rounds of a follower that never waits."""
    patience = Patience(lambda line: None, clock=lambda: 0.0, wait=lambda seconds: False)
    ticks = iter(range(0, 10**9, 5))
    follower = Follower(stream, start, patience, clock=lambda: float(next(ticks)), wall_clock=lambda: START)
    with closing(follower.rounds()) as rounds:
        yield rounds


def read_to_end(stream: ModelStream, start: Start) -> list[Record]:
    """What is told of a stream that is switched off."""
    stream.switch_off()
    with following(stream, start) as rounds:
        return [record for records in rounds for record in records]


def next_records(rounds: Iterator[list[Record]], count: int) -> list[Record]:
    """That many records; an endless loop if there are fewer, which the test's time limit would end."""
    found: list[Record] = []
    while len(found) < count:
        found += next(rounds)
    return found


def key_of(record: Record) -> str:
    key: str = record["dynamodb"]["Keys"]["pk"]["N"]
    return key


def by_key(records: list[Record]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in records:
        found.setdefault(key_of(record), []).append(sequence_number(record))
    return found


steps = st.lists(
    st.tuples(st.sampled_from(["write", "write", "write", "split", "roll_over", "read"]), st.integers(0, 7)),
    max_size=60,
)


@given(steps)
def test_every_record_is_told_once_and_in_order_for_its_item(taken: list[tuple[str, int]]) -> None:
    """Shards split and roll over between rounds; nothing fails here."""
    stream, told = ModelStream(), []
    with following(stream, TRIM_HORIZON) as rounds:
        for step, key in taken:
            if step == "read":
                told += next(rounds)
            else:
                getattr(stream, step)(key)
        stream.switch_off()
        told += [record for records in rounds for record in records]
    assert by_key(told) == by_key(stream.written)


@given(steps)
def test_from_latest_all_that_is_written_later_is_told_and_nothing_else(taken: list[tuple[str, int]]) -> None:
    stream, told = ModelStream(), []
    for key in range(8):
        stream.write(key)
    stream.split(0)
    stream.write(0)
    before = len(stream.written)
    with following(stream, LATEST) as rounds:
        next(rounds)
        for step, key in taken:
            if step == "read":
                told += next(rounds)
            else:
                getattr(stream, step)(key)
        stream.switch_off()
        told += [record for records in rounds for record in records]
    assert by_key(told) == by_key(stream.written[before:])


def lineage() -> ModelStream:
    """Ten records in five shards."""
    stream = ModelStream(keys=2)
    for key in (0, 1):
        stream.write(key)
    stream.split(0)
    for key in (0, 1, 0, 1):
        stream.write(key)
    stream.roll_over(0)
    stream.roll_over(1)
    for key in (0, 1, 0, 1):
        stream.write(key)
    return stream


def test_records_of_different_shards_are_told_in_the_order_of_their_times() -> None:
    assert [sequence_number(record) for record in read_to_end(lineage(), TRIM_HORIZON)] == [
        number(place) for place in range(10)
    ]


@pytest.mark.parametrize("place", range(10))
def test_from_a_sequence_number_that_record_and_later_ones_are_told(place: int) -> None:
    found = read_to_end(lineage(), start_from(number(place)))
    assert [sequence_number(record) for record in found] == [number(later) for later in range(place, 10)]


def test_from_a_moment_what_was_written_then_or_later_is_told() -> None:
    start = start_from(datetime.fromtimestamp(START + 6.5, timezone.utc))
    assert [sequence_number(record) for record in read_to_end(lineage(), start)] == [
        number(place) for place in range(6, 10)
    ]


def test_a_number_older_than_all_there_is_ends_as_trimmed() -> None:
    stream = lineage()
    stream.forget(3)
    with pytest.raises(Failure, match="is trimmed") as failed:
        read_to_end(stream, start_from(number(0)))
    assert failed.value.code == TRIMMED


def test_shards_whose_parents_are_gone_are_read() -> None:
    stream = lineage()
    stream.forget(3)
    assert len(read_to_end(stream, TRIM_HORIZON)) == 4


@pytest.mark.parametrize("code", ["ExpiredIteratorException", "ThrottlingException", "InternalServerError"])
def test_what_passes_costs_no_record(code: str) -> None:
    stream = lineage()
    stream.failures = [client_error(code)]
    assert len(read_to_end(stream, TRIM_HORIZON)) == 10


def test_a_follower_waits_for_records_of_an_enabled_stream() -> None:
    stream = ModelStream()
    with following(stream, LATEST) as rounds:
        assert [next(rounds) for _ in range(5)] == [[]] * 5
        written = stream.write(3)
        assert next_records(rounds, 1) == [written]


def test_an_error_that_will_not_pass_is_raised() -> None:
    stream = lineage()
    stream.failures = [client_error("AccessDeniedException")]
    with pytest.raises(Exception, match="AccessDeniedException"):
        read_to_end(stream, TRIM_HORIZON)
