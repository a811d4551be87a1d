"""A server whose global indexes are late, as boto3 sees it: an old answer, then the new one, without waiting."""

from __future__ import annotations

import json
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import servers
from tests.clients.conftest import CONFIG, CREDENTIALS, definition, index

pytestmark = pytest.mark.clients


def colours(client: Any) -> dict[str, str]:
    page = client.scan(TableName="late", IndexName="by-colour")
    return {item["pk"]["S"]: item["colour"]["S"] for item in page["Items"]}


def wait_until_shown(client: Any, due: dict[str, str]) -> None:
    deadline = time.monotonic() + 30
    while (found := colours(client)) != due:
        assert time.monotonic() < deadline, f"the index shows {found}"
        time.sleep(0.02)


def page(server: servers.Server, name: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/_ddbengine/{name}", timeout=30) as response:
        return response.read().decode()


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_an_index_shows_the_old_item_and_then_the_new_one(tmp_path: Path, where: str) -> None:
    options = ("--in-memory",) if where == "memory" else ("--db-path", str(tmp_path / "data"))
    with (
        servers.ddbengine(tmp_path / "log", "--gsi-lag", "500", *options) as server,
        closing(boto3.client("dynamodb", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)) as client,
    ):
        client.create_table(
            **definition("late", attributes={"colour": "S"}, GlobalSecondaryIndexes=[index("by-colour", "colour")])
        )
        client.put_item(TableName="late", Item={"pk": {"S": "a"}, "colour": {"S": "red"}})
        assert colours(client) == {}
        status = json.loads(page(server, "indexes"))
        assert (status["state"], [one["index"] for one in status["indexes"]]) == ("running", ["by-colour"])
        assert 'ddbengine_index_lag_changes{namespace="clients/us-east-1",table="late",index="by-colour"} ' in page(
            server, "metrics"
        )
        wait_until_shown(client, {"a": "red"})
        client.put_item(TableName="late", Item={"pk": {"S": "a"}, "colour": {"S": "blue"}})
        assert colours(client) == {"a": "red"}
        assert client.get_item(TableName="late", Key={"pk": {"S": "a"}})["Item"]["colour"] == {"S": "blue"}
        wait_until_shown(client, {"a": "blue"})
