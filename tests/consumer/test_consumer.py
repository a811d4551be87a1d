"""A consumer from end to end, against a started server of ours: no fakes, and nothing but its public names."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from ddbengine.consumer.errors import (
    AccessDenied,
    CredentialsMissing,
    EndpointUnreachable,
    LeaseTableUnusable,
    StreamMissing,
    TableMissing,
)
from ddbengine.consumer.failures import translated
from ddbengine.consumer.options import Options
from ddbengine.consumer.positions import LATEST, Start, start_from
from ddbengine.streams import Consumer
from tests import servers
from tests.consumer.fake_stream import error
from tests.consumer.streaming import dynamodb, put, session, table_with_stream

WAIT_SECONDS = 30


@pytest.fixture
def client(server: servers.Server) -> Any:
    return dynamodb(server.url)


class Sink:
    """A handler that keeps what it is given, and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def __call__(self, event: dict[str, Any]) -> None:
        # As a handler of JSON would get it: nothing that JSON cannot say.
        self.events.put(json.loads(json.dumps(event)))

    def take(self, count: int) -> list[dict[str, Any]]:
        """The next records, at least so many."""
        records: list[dict[str, Any]] = []
        while len(records) < count:
            records += self.events.get(timeout=WAIT_SECONDS)["Records"]
        return records

    def keys(self, count: int) -> list[str]:
        return [record["dynamodb"]["Keys"]["key"]["S"] for record in self.take(count)]


def consumer_of(server: servers.Server, table: str, handler: Any, **options: Any) -> Consumer:
    settings = Options(**{"lease_seconds": 2.0, "poll_seconds": 0.02, "discovery_seconds": 0.5, **options})
    return Consumer(table, handler, options=settings, session=session(), endpoint_url=server.url)


@contextmanager
def running(*consumers: Consumer) -> Iterator[None]:
    """Run them in threads; what one raises is raised at the end."""
    failures: list[BaseException] = []

    def run(consumer: Consumer) -> None:
        try:
            consumer.run()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(consumer,)) for consumer in consumers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for consumer in consumers:
            consumer.stop()
        for thread in threads:
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()
    if failures:
        raise failures[0]


def leases(client: Any, table: str) -> list[dict[str, Any]]:
    return [row for row in client.scan(TableName=f"{table}-consumer")["Items"] if "streamArn" in row]


def test_a_handler_gets_changes_in_lambdas_event_shape(server: servers.Server, client: Any) -> None:
    table, sink = table_with_stream(client), Sink()
    client.put_item(TableName=table, Item={"key": {"S": "a"}, "n": {"N": "1.50"}, "b": {"B": b"\x00\xff"}})
    client.put_item(TableName=table, Item={"key": {"S": "a"}, "set": {"BS": [b"x"]}})
    client.delete_item(TableName=table, Key={"key": {"S": "a"}})
    with running(consumer_of(server, table, sink)):
        insert, modify, remove = sink.take(3)
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    assert [record["eventName"] for record in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
    assert {record["eventSourceARN"] for record in (insert, modify, remove)} == {arn}
    assert (insert["eventSource"], insert["awsRegion"]) == ("aws:dynamodb", "us-east-1")
    change = insert["dynamodb"]
    assert change["Keys"] == {"key": {"S": "a"}}
    assert change["NewImage"] == {"key": {"S": "a"}, "n": {"N": "1.5"}, "b": {"B": "AP8="}}
    assert isinstance(change["ApproximateCreationDateTime"], int)
    assert modify["dynamodb"]["OldImage"] == change["NewImage"]
    assert modify["dynamodb"]["NewImage"]["set"] == {"BS": ["eA=="]}
    assert "NewImage" not in remove["dynamodb"]


def test_another_run_goes_on_where_the_first_stopped(server: servers.Server, client: Any) -> None:
    table, sink = table_with_stream(client), Sink()
    put(client, table, "first")
    with running(consumer_of(server, table, sink)):
        assert sink.keys(1) == ["first"]
    (lease,) = leases(client, table)
    assert "leaseOwner" not in lease
    put(client, table, "second")
    with running(consumer_of(server, table, sink)):
        assert sink.keys(1) == ["second"]


def test_applications_read_independently(server: servers.Server, client: Any) -> None:
    table, one, other = table_with_stream(client), Sink(), Sink()
    put(client, table, "x")
    consumers = [
        consumer_of(server, table, sink, application=f"{table}-{name}") for name, sink in (("1", one), ("2", other))
    ]
    with running(*consumers):
        assert one.keys(1) == other.keys(1) == ["x"]


def test_latest_begins_with_what_is_written_after_the_consumer_began(server: servers.Server, client: Any) -> None:
    table, sink = table_with_stream(client), Sink()
    put(client, table, "before")
    ready = threading.Event()
    consumer = consumer_of(server, table, sink, start=Start(LATEST))
    waiting = logging.Handler()
    waiting.emit = lambda record: ready.set() if "took shard" in record.msg else None  # type: ignore[method-assign]
    log = logging.getLogger("ddbengine.consumer")
    log.addHandler(waiting)
    log.setLevel(logging.INFO)
    try:
        with running(consumer):
            assert ready.wait(WAIT_SECONDS)
            put(client, table, "after")
            assert sink.keys(1) == ["after"]
    finally:
        log.removeHandler(waiting)
        log.setLevel(logging.NOTSET)


def test_a_consumer_starts_at_a_sequence_number_or_a_time(server: servers.Server, client: Any) -> None:
    table, all_of_it = table_with_stream(client), Sink()
    for key in "abcd":
        put(client, table, key)
    with running(consumer_of(server, table, all_of_it)):
        records = all_of_it.take(4)
    number, moment = records[2]["dynamodb"]["SequenceNumber"], records[0]["dynamodb"]["ApproximateCreationDateTime"]
    for start, expected in ((number, ["c", "d"]), (moment, ["a", "b", "c", "d"])):
        sink = Sink()
        name = f"{table}-{start}"
        with running(consumer_of(server, table, sink, application=name, start=start_from(start))):
            assert sink.keys(len(expected)) == expected


def test_filters_choose_what_is_handled(server: servers.Server, client: Any) -> None:
    table, sink = table_with_stream(client), Sink()
    for key in ("order-1", "user-1", "order-2"):
        put(client, table, key)
    pattern = {"dynamodb": {"Keys": {"key": {"S": [{"prefix": "order-"}]}}}}
    with running(consumer_of(server, table, sink, filters=[json.dumps(pattern)])):
        assert sink.keys(2) == ["order-1", "order-2"]


def test_records_that_always_fail_go_to_a_table(server: servers.Server, client: Any) -> None:
    table, sink = table_with_stream(client), Sink()
    for key in "abcd":
        put(client, table, key)

    def handle(event: dict[str, Any]) -> None:
        if any(record["dynamodb"]["Keys"]["key"]["S"] == "c" for record in event["Records"]):
            raise ValueError("no c, please")
        sink(event)

    dead = f"{table}-dead"
    options = {"attempts_max": 2, "bisect": True, "dead_letter_table": dead, "retry_seconds": 0.001}
    with running(consumer_of(server, table, handle, **options)):
        assert sink.keys(3) == ["a", "b", "d"]
    (letter,) = client.scan(TableName=dead)["Items"]
    assert letter["error"] == {"S": "ValueError: no c, please"}
    assert letter["attempts"] == {"N": "2"}
    assert json.loads(letter["record"]["S"])["dynamodb"]["Keys"] == {"key": {"S": "c"}}


def owners(consumers: Sequence[Consumer]) -> list[int]:
    return sorted(len(consumer.progress().shards) for consumer in consumers)


def test_workers_share_the_shards_and_a_stopped_ones_are_taken_over(tmp_path: Any) -> None:
    with servers.ddbengine(tmp_path / "log", "--in-memory", "--partitions", "4") as server:
        client = dynamodb(server.url)
        table, sink = table_with_stream(client), Sink()
        consumers = [consumer_of(server, table, sink) for _ in range(2)]
        with running(consumers[1]):
            with running(consumers[0]):
                wait_for(lambda: owners(consumers) == [2, 2])
            wait_for(lambda: owners(consumers) == [0, 4])
            for number in range(40):
                put(client, table, f"key-{number}")
            assert len(set(sink.keys(40))) == 40


def wait_for(holds: Any) -> None:
    for _ in range(WAIT_SECONDS * 50):
        if holds():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come to be")


def test_a_stream_that_is_switched_off_is_read_to_its_end_and_the_next_from_its_beginning(
    server: servers.Server, client: Any
) -> None:
    table, sink = table_with_stream(client), Sink()
    put(client, table, "a")
    with running(consumer_of(server, table, sink)):
        assert sink.keys(1) == ["a"]
    put(client, table, "b")
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    put(client, table, "not in a stream")
    specification = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    client.update_table(TableName=table, StreamSpecification=specification)
    put(client, table, "c")
    with running(consumer_of(server, table, sink, start=Start(LATEST))):
        assert sink.keys(2) == ["b", "c"]


def test_run_returns_when_a_stream_that_is_switched_off_has_been_read(server: servers.Server, client: Any) -> None:
    table, sink = table_with_stream(client), Sink()
    put(client, table, "a")
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    consumer = consumer_of(server, table, sink)
    consumer.run()
    assert sink.keys(1) == ["a"]
    assert consumer.progress().counters.shards_finished == 1


def test_run_returns_when_the_table_is_deleted_and_its_stream_has_been_read(
    server: servers.Server, client: Any
) -> None:
    table, sink = table_with_stream(client), Sink()
    put(client, table, "a")
    consumer = consumer_of(server, table, sink)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    assert sink.keys(1) == ["a"]
    put(client, table, "b")
    client.delete_table(TableName=table)
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
    assert sink.keys(1) == ["b"]


def test_stop_before_run_runs_nothing(server: servers.Server, client: Any) -> None:
    table, sink = table_with_stream(client), Sink()
    consumer = consumer_of(server, table, sink)
    consumer.stop()
    consumer.run()
    assert sink.events.empty()


# --- what is wrong, in words -----------------------------------------------------------------------------------------


def test_a_missing_table_is_told(server: servers.Server) -> None:
    with pytest.raises(
        TableMissing, match=r"there is no table 'Nothing' at http://127\.0\.0\.1:\d+ \(region us-east-1\)"
    ):
        consumer_of(server, "Nothing", Sink()).run()


def test_a_table_without_a_stream_is_told_with_the_remedy(server: servers.Server, client: Any) -> None:
    client.create_table(
        TableName="Streamless",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(StreamMissing, match="table 'Streamless' has no stream; switch one on with UpdateTable"):
        consumer_of(server, "Streamless", Sink()).run()


def test_a_stream_that_is_gone_is_told(server: servers.Server, client: Any) -> None:
    table = table_with_stream(client)
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"][:-3] + "999"
    with pytest.raises(StreamMissing, match="is not there, or no longer"):
        consumer_of(server, arn, Sink()).run()


def test_an_endpoint_where_nobody_listens_is_told() -> None:
    url = f"http://127.0.0.1:{servers.free_port()}"
    consumer = Consumer("T", Sink(), session=session(), endpoint_url=url)
    with pytest.raises(EndpointUnreachable, match="cannot reach the endpoint"):
        consumer.run()


def test_missing_credentials_and_regions_are_told(server: servers.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(CredentialsMissing, match="no AWS region"):
        Consumer("T", Sink(), session=boto3.Session())
    with pytest.raises(CredentialsMissing, match="no usable AWS credentials"):
        Consumer("T", Sink(), session=boto3.Session(), endpoint_url=server.url, region="us-east-1").run()


def test_credentials_that_are_refused_are_told() -> None:
    assert isinstance(translated(error("UnrecognizedClientException")), AccessDenied)


def test_a_lease_table_that_is_none_is_told(server: servers.Server, client: Any) -> None:
    table, other = table_with_stream(client), table_with_stream(client)
    with pytest.raises(LeaseTableUnusable, match="its key is not leaseKey"):
        consumer_of(server, table, Sink(), application=other).run()
