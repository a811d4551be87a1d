"""Time to live as boto3 sees it: switched on, waited for by way of the adjustable clock, and there after a restart."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import servers
from tests.clients.conftest import CONFIG, CREDENTIALS, definition, index

pytestmark = pytest.mark.clients


def client_of(server: servers.Server) -> Any:
    return boto3.client("dynamodb", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)


def advance(server: servers.Server, seconds: float) -> float:
    body = json.dumps({"advance": seconds}).encode()
    request = urllib.request.Request(f"{server.url}/_ddbengine/clock", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        now: float = json.load(response)["now"]
    return now


def wait_until_left(client: Any, keys: set[str], **members: Any) -> None:
    deadline = time.monotonic() + 30
    while True:
        found = {item["pk"]["S"] for item in client.scan(TableName="sessions", **members)["Items"]}
        if found == keys:
            return
        assert time.monotonic() < deadline, f"still there: {found}"
        time.sleep(0.02)


def sessions(client: Any, *names: str) -> None:
    expires = int(time.time()) + 3600
    for name in names:
        item = {"pk": {"S": name}, "colour": {"S": "red"}, "expires": {"N": str(expires)}}
        client.put_item(TableName="sessions", Item=item)


def test_sessions_expire_when_their_hour_has_passed(tmp_path: Path) -> None:
    options = ("--in-memory", "--adjustable-clock", "--ttl-interval", "0.05")
    with servers.ddbengine(tmp_path / "log", *options) as server, closing(client_of(server)) as client:
        by_colour = index("by-colour", "colour")
        client.create_table(**definition("sessions", attributes={"colour": "S"}, GlobalSecondaryIndexes=[by_colour]))
        specification = {"Enabled": True, "AttributeName": "expires"}
        updated = client.update_time_to_live(TableName="sessions", TimeToLiveSpecification=specification)
        assert updated["TimeToLiveSpecification"] == specification
        described = client.describe_time_to_live(TableName="sessions")["TimeToLiveDescription"]
        assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
        sessions(client, "a", "b")
        client.put_item(TableName="sessions", Item={"pk": {"S": "kept"}})
        assert advance(server, 3700) > time.time() + 3600
        wait_until_left(client, {"kept"})
        wait_until_left(client, set(), IndexName="by-colour")


def test_a_restart_neither_forgets_nor_hurries(tmp_path: Path) -> None:
    options = ("--db-path", str(tmp_path / "data"), "--adjustable-clock", "--ttl-interval", "0.05")
    with servers.ddbengine(tmp_path / "first.log", *options) as server, closing(client_of(server)) as client:
        client.create_table(**definition("sessions"))
        specification = {"Enabled": True, "AttributeName": "expires"}
        client.update_time_to_live(TableName="sessions", TimeToLiveSpecification=specification)
        sessions(client, "a", "b")
    with servers.ddbengine(tmp_path / "second.log", *options) as server, closing(client_of(server)) as client:
        assert client.describe_time_to_live(TableName="sessions")["TimeToLiveDescription"]["AttributeName"] == "expires"
        assert client.scan(TableName="sessions")["Count"] == 2
        advance(server, 3700)
        wait_until_left(client, set())


def test_the_clock_stands_firm_unless_it_was_made_adjustable(server: servers.Server) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        advance(server, 1)
