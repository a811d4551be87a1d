"""What was acknowledged is there again: after a restart, after the process is killed, and after both at once."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import servers
from tests.clients.conftest import CONFIG, CREDENTIALS, definition, index

pytestmark = pytest.mark.clients

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.PutItem",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=clients/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=00",
}
WRITES_BEFORE_KILL = 300
WRITERS = 4


@contextmanager
def client_of(server: servers.Server) -> Iterator[Any]:
    with closing(boto3.client("dynamodb", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)) as client:
        yield client


def indexed_table() -> dict[str, Any]:
    by_colour = index("by-colour", "colour")
    return definition("kept", attributes={"colour": "S"}, GlobalSecondaryIndexes=[by_colour])


def test_tables_items_and_indexes_survive_a_restart(tmp_path: Path) -> None:
    options = ("--db-path", str(tmp_path / "data"))
    with servers.ddbengine(tmp_path / "first.log", *options) as server, client_of(server) as client:
        client.create_table(**indexed_table())
        for number in range(20):
            item = {"pk": {"S": f"{number}"}, "colour": {"S": "red" if number % 2 else "blue"}}
            client.put_item(TableName="kept", Item=item)
        before = client.describe_table(TableName="kept")["Table"]
        scanned = client.scan(TableName="kept")["Items"]
    with servers.ddbengine(tmp_path / "second.log", *options) as server, client_of(server) as client:
        assert client.describe_table(TableName="kept")["Table"] == before
        assert client.scan(TableName="kept")["Items"] == scanned
        assert client.scan(TableName="kept", IndexName="by-colour")["Count"] == 20
        client.put_item(TableName="kept", Item={"pk": {"S": "one more"}})
        assert client.describe_table(TableName="kept")["Table"]["ItemCount"] == 21


def test_nothing_survives_in_memory(tmp_path: Path) -> None:
    for log in ("first.log", "second.log"):
        with servers.ddbengine(tmp_path / log, "--in-memory") as server, client_of(server) as client:
            assert client.list_tables()["TableNames"] == []
            client.create_table(**definition("kept"))


def test_a_server_asked_to_end_exits_with_zero(tmp_path: Path) -> None:
    server = servers.start_ddbengine(tmp_path / "log", "--db-path", str(tmp_path / "data"))
    assert server.stop() == 0


def test_every_acknowledged_write_survives_a_kill(tmp_path: Path) -> None:
    options = ("--db-path", str(tmp_path / "data"))
    acknowledged: set[str] = set()
    for life in range(3):
        server = servers.start_ddbengine(tmp_path / f"{life}.log", *options)
        with client_of(server) as client:
            if life == 0:
                client.create_table(**indexed_table())
            assert acknowledged <= stored_keys(client)
        acknowledged |= write_until_killed(server, life)
    with servers.ddbengine(tmp_path / "last.log", *options) as server, client_of(server) as client:
        found = stored_keys(client)
        assert acknowledged <= found
        assert client.describe_table(TableName="kept")["Table"]["ItemCount"] == len(found)
        assert stored_keys(client, IndexName="by-colour") == found


def stored_keys(client: Any, **members: Any) -> set[str]:
    pages = client.get_paginator("scan").paginate(TableName="kept", ConsistentRead=not members, **members)
    return {item["pk"]["S"] for page in pages for item in page["Items"]}


def write_until_killed(server: servers.Server, life: int) -> set[str]:
    """Write from several connections at once, kill the server in the midst of it; return what it acknowledged."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
            for number in range(1_000_000):
                key = f"{life}.{writer}.{number}"
                item = {"pk": {"S": key}, "colour": {"S": "red"}}
                try:
                    connection.request("POST", "/", json.dumps({"TableName": "kept", "Item": item}), HEADERS)
                    response = connection.getresponse()
                    response.read()
                except (OSError, http.client.HTTPException):
                    return
                if response.status != 200:
                    return
                acknowledged.append(key)
                if len(acknowledged) >= WRITES_BEFORE_KILL:
                    enough.set()

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in writers:
        thread.start()
    in_time = enough.wait(60)
    server.kill()
    for thread in writers:
        thread.join()
    assert in_time, "the server did not take the writes"
    return set(acknowledged)
