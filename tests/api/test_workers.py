"""``--workers``: several processes on one port answer as one."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests import servers
from tests.tables import global_index, local_index, table, vector_index

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or not hasattr(socket, "SO_REUSEPORT"), reason="workers need fork and SO_REUSEPORT"
)

CONNECTIONS = 12
"""So many that the system spreads them over all processes, for all we need."""
DEADLINE_SECONDS = 30


_PREFIXES = dict.fromkeys(
    ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"), "DynamoDBStreams_20120810"
)


class Connections:
    """Connections to one server, used in turn."""

    def __init__(self, server: servers.Server, number: int = CONNECTIONS) -> None:
        self.server = server
        self._open = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(number)]
        self._next = 0

    def call(self, operation: str, **members: Any) -> tuple[int, Any]:
        """Status and body of a request over the next connection; a dead one is opened again."""
        self._next = (self._next + 1) % len(self._open)
        return self.over(self._next, operation, **members)

    def over(self, place: int, operation: str, **members: Any) -> tuple[int, Any]:
        connection = self._open[place]
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{_PREFIXES.get(operation, 'DynamoDB_20120810')}.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=workers/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=00",
        }
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                connection.request("POST", "/", orjson.dumps(members), headers)
                response = connection.getresponse()
                return response.status, json.loads(response.read())
            except OSError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
            except http.client.HTTPException:
                connection.close()

    def good(self, operation: str, **members: Any) -> Any:
        status, body = self.call(operation, **members)
        assert status == 200, body
        return body

    def page(self, path: str) -> tuple[int, bytes]:
        self._next = (self._next + 1) % len(self._open)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        for connection in self._open:
            connection.close()


@pytest.fixture(scope="module", params=["memory", "disk"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connections]:
    with Running(tmp_path_factory.mktemp("workers"), request.param) as found:
        yield found


@pytest.fixture
def connections(shared: Connections) -> Iterator[Connections]:
    """Of a server that has no tables."""
    yield shared
    for name in shared.good("ListTables")["TableNames"]:
        shared.good("DeleteTable", TableName=name)


class Running(ExitStack):
    """A server of three workers, and connections to it."""

    def __init__(self, tmp_path: Path, kind: str, *options: str) -> None:
        super().__init__()
        where = ["--in-memory"] if kind == "memory" else ["--db-path", str(tmp_path / "data")]
        server = self.enter_context(servers.ddbengine(tmp_path / "log", *where, "--workers", "3", *options))
        self._connections = Connections(server)
        self.callback(self._connections.close)

    def __enter__(self) -> Connections:  # type: ignore[override]
        return self._connections


def children(server: servers.Server) -> list[int]:
    """The processes of a server, the writer first."""
    pid = server.process.pid
    return sorted(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def item(number: int, **members: Any) -> dict[str, Any]:
    return {"pk": {"S": f"{number:04}"}, "n": {"N": str(number)}, **members}


def key(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"{number:04}"}}


def test_a_write_over_one_connection_is_read_over_every_other(connections: Connections) -> None:
    connections.good("CreateTable", **table())
    for number in range(60):
        connections.good("PutItem", TableName="table", Item=item(number))
        for _ in range(3):
            read = connections.good("GetItem", TableName="table", Key=key(number), ConsistentRead=True)
            assert read["Item"]["n"]["N"] == str(number)
    assert connections.good("Scan", TableName="table")["Count"] == 60


def test_a_table_created_over_one_connection_is_there_for_all(connections: Connections) -> None:
    for number in range(6):
        connections.good("CreateTable", **table(f"table-{number}"))
        for _ in range(CONNECTIONS):
            assert connections.good("DescribeTable", TableName=f"table-{number}")["Table"]["TableStatus"] == "ACTIVE"
        connections.good("DeleteTable", TableName=f"table-{number}")
        for _ in range(CONNECTIONS):
            status, body = connections.call("DescribeTable", TableName=f"table-{number}")
            assert (status, body["__type"].partition("#")[2]) == (400, "ResourceNotFoundException")


def test_indexes_show_every_acknowledged_write_to_all(connections: Connections) -> None:
    connections.good(
        "CreateTable",
        **table(sort="S", local=[local_index("local", "n:N")], global_=[global_index("global", "colour", "n:N")]),
    )
    for number in range(30):
        connections.good("PutItem", TableName="table", Item=item(number, sk={"S": "s"}, colour={"S": "red"}))
        found = connections.good(
            "Query",
            TableName="table",
            IndexName="global",
            KeyConditionExpression="colour = :c",
            ExpressionAttributeValues={":c": {"S": "red"}},
        )
        assert found["Count"] == number + 1
    statement = 'SELECT * FROM "table"."global" WHERE colour = \'red\''
    assert len(connections.good("ExecuteStatement", Statement=statement)["Items"]) == 30


def test_a_stream_has_every_acknowledged_write_for_all(connections: Connections) -> None:
    streamed = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    created = connections.good("CreateTable", **table(), StreamSpecification=streamed)
    arn = created["TableDescription"]["LatestStreamArn"]
    assert all(connections.good("ListStreams")["Streams"][-1]["StreamArn"] == arn for _ in range(CONNECTIONS))
    [shard] = connections.good("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
    of_shard = {"StreamArn": arn, "ShardId": shard["ShardId"]}
    latest = connections.good("GetShardIterator", **of_shard, ShardIteratorType="LATEST")["ShardIterator"]
    for number in range(30):
        connections.good("PutItem", TableName="table", Item=item(number))
        answer = connections.good("GetRecords", ShardIterator=latest)
        assert [record["dynamodb"]["NewImage"] for record in answer["Records"]] == [item(number)]
        latest = answer["NextShardIterator"]
    oldest = connections.good("GetShardIterator", **of_shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    for place in range(CONNECTIONS):
        assert len(connections.over(place, "GetRecords", ShardIterator=oldest)[1]["Records"]) == 30


def test_a_long_read_of_a_stream_is_the_same_over_every_connection(connections: Connections) -> None:
    streamed = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    arn = connections.good("CreateTable", **table(), StreamSpecification=streamed)["TableDescription"][
        "LatestStreamArn"
    ]
    for first in range(0, 250, 25):
        requests = [{"PutRequest": {"Item": item(number)}} for number in range(first, first + 25)]
        connections.good("BatchWriteItem", RequestItems={"table": requests})
    [shard] = connections.good("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
    oldest = connections.good(
        "GetShardIterator", StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    answers = [connections.over(place, "GetRecords", ShardIterator=oldest)[1] for place in range(CONNECTIONS)]
    assert len(answers[0]["Records"]) == 250
    assert all(answer["Records"] == answers[0]["Records"] for answer in answers)
    status, body = connections.call("GetRecords", ShardIterator=oldest[:-1])
    assert (status, body["__type"].partition("#")[2]) == (400, "ValidationException")


def test_with_a_lag_of_indexes_every_connection_sees_the_past(tmp_path: Path) -> None:
    with Running(tmp_path, "memory", "--gsi-lag", "100000") as connections:
        connections.good("CreateTable", **table(global_=[global_index("global", "colour")]))
        connections.good("PutItem", TableName="table", Item=item(1, colour={"S": "red"}))
        for place in range(CONNECTIONS):
            assert connections.over(place, "Scan", TableName="table", IndexName="global")[1]["Count"] == 0


def test_vector_indexes_show_every_acknowledged_write_to_all(connections: Connections) -> None:
    connections.good("CreateTable", **table(vector=[vector_index("near", distance="EUCLIDEAN")]))
    for number in range(30):
        vector = [{"N": str(number)}, {"N": "1"}, {"N": "0"}]
        connections.good("PutItem", TableName="table", Item=item(number, v={"L": vector}))
        found = connections.good("SearchVectors", TableName="table", IndexName="near", SearchVector=vector, TopK=100)
        assert len(found["SearchResults"]) == number + 1
        assert (found["SearchResults"][0]["Item"]["n"], found["SearchResults"][0]["Score"]) == ({"N": str(number)}, 0.0)


def test_refusals_are_the_same_over_every_connection(connections: Connections) -> None:
    connections.good("CreateTable", **table())
    connections.good("PutItem", TableName="table", Item=item(1))
    exists = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    requests: list[tuple[str, dict[str, Any]]] = [
        ("PutItem", {"TableName": "table", "Item": item(1), **exists}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "table", "Item": item(1), **exists}}]}),
        ("PutItem", {"TableName": "nowhere", "Item": item(1)}),
        ("PutItem", {"TableName": "table", "Item": {}}),
        ("GetItem", {"TableName": "nowhere", "Key": key(1)}),
        ("CreateTable", table()),
        (
            "DescribeStream",
            {"StreamArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"},
        ),
        ("ExecuteStatement", {"Statement": "INSERT INTO \"table\" VALUE {'pk': '0001'}"}),
    ]
    for operation, members in requests:
        answers = [connections.over(place, operation, **members) for place in range(CONNECTIONS)]
        assert answers[0][0] == 400
        assert answers.count(answers[0]) == CONNECTIONS


def test_the_pages_are_the_same_over_every_connection(connections: Connections) -> None:
    for _ in range(CONNECTIONS):
        status, body = connections.page("/_ddbengine/health")
        assert (status, json.loads(body)["status"]) == (200, "ok")
    assert connections.page("/_ddbengine/nowhere")[0] == 404


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_no_acknowledged_write_is_lost_when_the_writer_is_killed(kind: str, tmp_path: Path) -> None:
    with Running(tmp_path, kind) as connections:
        connections.good("CreateTable", **table())
        acknowledged = set()
        for number in range(120):
            if number in (40, 80):
                os.kill(writer_of(connections), signal.SIGKILL)
            status, _ = connections.call("PutItem", TableName="table", Item=item(number))
            assert status in (200, 500)
            if status == 200:
                acknowledged.add(f"{number:04}")
        found = {kept["pk"]["S"] for kept in connections.good("Scan", TableName="table", ConsistentRead=True)["Items"]}
        assert acknowledged <= found
        assert len(acknowledged) >= 110
        assert connections.server.stop() == 0


def writer_of(connections: Connections) -> int:
    """The process that names itself in the store's lock, or has mapped the data of a store in memory to write."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = children(connections.server)
        writers = [pid for pid in found if _writes(pid)]
        if len(found) == 3 and len(writers) == 1:
            return writers[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _writes(pid: int) -> bool:
    """Whether a process has the writer's threads or maps."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
        locked = Path(f"/proc/{pid}/fd")
        files = [os.readlink(file) for file in locked.iterdir()]
    except OSError:
        return False
    mapped = any("data.mdb" in line and " rw-s " in f" {line.split()[1]} " for line in maps.splitlines())
    return mapped or any(file.endswith("ddbengine.lock") for file in files)


def test_another_reader_takes_the_place_of_one_that_dies(tmp_path: Path) -> None:
    with Running(tmp_path, "memory") as connections:
        connections.good("CreateTable", **table())
        connections.good("PutItem", TableName="table", Item=item(1))
        before = children(connections.server)
        os.kill(before[1], signal.SIGKILL)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(children(connections.server)) < 3 or before[1] in children(connections.server):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for _ in range(CONNECTIONS):
            assert connections.good("GetItem", TableName="table", Key=key(1))["Item"] == item(1)


def test_all_processes_end_with_the_first_one(tmp_path: Path) -> None:
    with Running(tmp_path, "memory") as connections:
        pids = children(connections.server)
        connections.server.kill()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_what_many_relayed_at_once_is_all_answered(connections: Connections) -> None:
    connections.good("CreateTable", **table())
    requests = [{"PutRequest": {"Item": item(number, filler={"S": "x" * 3000})}} for number in range(25)]
    for _ in range(CONNECTIONS):
        assert connections.good("BatchWriteItem", RequestItems={"table": requests})["UnprocessedItems"] == {}
    assert connections.good("Scan", TableName="table", Select="COUNT")["Count"] == 25


def test_faults_on_demand_befall_requests_over_every_connection(tmp_path: Path) -> None:
    rules = '{"rules": [{"operation": "GetItem", "error": "ThrottlingException"}]}'
    with Running(tmp_path, "memory", "--faults", rules) as connections:
        connections.good("CreateTable", **table())
        answers = [connections.over(place, "GetItem", TableName="table", Key=key(1)) for place in range(CONNECTIONS)]
        assert {body["__type"].partition("#")[2] for _, body in answers} == {"ThrottlingException"}


def test_a_clock_put_forward_is_so_for_all(tmp_path: Path) -> None:
    with Running(tmp_path, "memory", "--adjustable-clock", "--delay-transient-statuses") as connections:
        connections.good("CreateTable", **table())
        connection = http.client.HTTPConnection("127.0.0.1", connections.server.port)
        connection.request("POST", "/_ddbengine/clock", b'{"advance": 100}', {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200
        for _ in range(CONNECTIONS):
            assert connections.good("DescribeTable", TableName="table")["Table"]["TableStatus"] == "ACTIVE"


def test_a_port_that_another_program_has_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(servers.ServerDidNotStart, match="another program has it"):
            servers.start_ddbengine(tmp_path / "log", "--in-memory", "--workers", "2", port=port)


def test_a_store_that_cannot_be_opened_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(servers.ServerDidNotStart, match="ddbengine: cannot create"):
        servers.start_ddbengine(tmp_path / "log", "--db-path", str(tmp_path / "a" / "b"), "--workers", "2")
