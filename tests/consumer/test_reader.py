"""Reading a shard from any place, and what is mended on the way."""

from __future__ import annotations

import logging

import pytest
from botocore.exceptions import ClientError

from ddbengine.consumer.positions import (
    AT_SEQUENCE_NUMBER,
    AT_TIMESTAMP,
    CLOCK_SKEW_SECONDS,
    LATEST,
    SHARD_END,
    TRIM_HORIZON,
    Where,
)
from ddbengine.consumer.reader import ShardReader
from ddbengine.consumer.stream_api import Position
from tests.consumer.fake_stream import FakeShard, FakeStream, error, number, record


def reader_of(stream: FakeStream, where: Where) -> ShardReader:
    return ShardReader(stream, "shard-1", where)


def numbers(reader: ShardReader, limit: int = 1000) -> list[str]:
    return [one["dynamodb"]["SequenceNumber"] for one in reader.read(limit).records]


def stream_of(count: int, **members: bool | int) -> FakeStream:
    return FakeStream(FakeShard(records=[record(at) for at in range(1, count + 1)], **members))  # type: ignore[arg-type]


def test_a_shard_is_read_page_by_page_to_its_end() -> None:
    reader = reader_of(stream_of(5, is_closed=True), Where(TRIM_HORIZON))
    first, second = reader.read(3), reader.read(3)
    assert (first.last, first.newest, first.is_end) == (number(3), 1_000_000.0, False)
    assert (len(second.records), second.is_end) == (2, True)
    assert reader.where.checkpoint == SHARD_END
    assert reader.read().is_end


def test_reading_goes_on_after_a_checkpoint() -> None:
    assert numbers(reader_of(stream_of(5), Where(number(3)))) == [number(4), number(5)]


def test_an_expired_iterator_is_opened_anew_after_the_last_record() -> None:
    stream = stream_of(5)
    reader = reader_of(stream, Where(TRIM_HORIZON))
    reader.read(2)
    stream.expire()
    assert numbers(reader) == [number(3), number(4), number(5)]
    assert reader.expired == 1


def test_trimmed_data_is_told_counted_and_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    reader = reader_of(stream_of(5, trimmed=3), Where(number(1)))
    with caplog.at_level(logging.ERROR):
        assert numbers(reader) == [number(4), number(5)]
    assert reader.trimmed == 1
    assert "DATA LOST" in caplog.text


def test_a_shard_that_is_gone_ends(caplog: pytest.LogCaptureFixture) -> None:
    reader = reader_of(FakeStream(), Where(number(1)))
    with caplog.at_level(logging.ERROR):
        assert reader.read().is_end
    assert reader.trimmed == 1
    assert "is gone" in caplog.text


def test_what_passes_by_itself_is_raised_and_costs_nothing() -> None:
    stream = stream_of(2)
    reader = reader_of(stream, Where(TRIM_HORIZON))
    stream.errors.append(error("ThrottlingException"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        reader.read()
    assert numbers(reader) == [number(1), number(2)]


def test_a_service_that_never_stops_saying_expired_is_not_asked_forever() -> None:
    stream = stream_of(2)
    stream.errors.extend(error("ExpiredIteratorException") for _ in range(100))
    with pytest.raises(ClientError, match="ExpiredIteratorException"):
        reader_of(stream, Where(TRIM_HORIZON)).read()
    assert len(stream.errors) > 90


def test_a_start_in_time_is_opened_there() -> None:
    stream = FakeStream(FakeShard(records=[record(at, created=100.0 + at) for at in range(1, 6)]))
    reader = reader_of(stream, Where(AT_TIMESTAMP, time=103.9))
    assert numbers(reader, 2) == [number(3), number(4)]
    assert stream.positions == [Position.since(103)]


def test_a_start_in_time_leaves_out_what_is_older_where_iterators_know_no_time() -> None:
    stream = FakeStream(FakeShard(records=[record(at, created=100.0 + at) for at in range(1, 6)]))
    stream.knows_times = False
    reader = reader_of(stream, Where(AT_TIMESTAMP, time=103.9))
    reading = reader.read(2)
    assert (reading.records, reading.last) == ([], number(2))
    assert numbers(reader) == [number(3), number(4), number(5)], "records know whole seconds only"


def test_a_start_at_a_number_opens_there() -> None:
    stream = stream_of(5)
    assert numbers(reader_of(stream, Where(AT_SEQUENCE_NUMBER, number=number(4)))) == [number(4), number(5)]
    assert stream.positions == [Position.at(number(4))]


def test_a_start_at_the_number_of_another_shard_leaves_out_what_is_lower() -> None:
    stream = FakeStream(FakeShard(records=[record(at) for at in (1, 3, 7, 9)]))
    assert numbers(reader_of(stream, Where(AT_SEQUENCE_NUMBER, number=number(5)))) == [number(7), number(9)]


def test_latest_goes_on_from_the_iterator_of_the_beginning_whatever_the_clocks_say() -> None:
    stream = stream_of(2)
    where = Where(LATEST, time=9_999_999.0, iterator=stream.iterator("shard-1", Position(LATEST)))
    stream.shards["shard-1"].records += [record(3), record(4)]
    reader = reader_of(stream, where)
    assert numbers(reader, 1) == [number(3)]
    assert numbers(reader) == [number(4)]
    assert reader.where == Where(number(4))


def test_latest_without_its_iterator_reads_all_that_may_have_come_since() -> None:
    began = 1000.0
    times = [began - CLOCK_SKEW_SECONDS - 1, began - CLOCK_SKEW_SECONDS, began + 1]
    stream = FakeStream(FakeShard(records=[record(at, created) for at, created in enumerate(times)]))
    where = Where(LATEST, time=began, iterator=stream.iterator("shard-1", Position(LATEST)))
    stream.expire()
    assert numbers(reader_of(stream, where)) == [number(1), number(2)]
