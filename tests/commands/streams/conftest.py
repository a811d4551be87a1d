"""A server whose tables have streams, and the command line pointed at it."""

from __future__ import annotations

import itertools
import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from ddbengine.__main__ import main
from tests import servers
from tests.servers import Server

LOCAL = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
Streams = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="package")
def stream_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Tables have two partitions, and so their streams two shards."""
    options = ("--in-memory", "--partitions", "2", "--adjustable-partitions")
    with servers.ddbengine(tmp_path_factory.mktemp("streams") / "log", *options) as running:
        yield running


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of AWS is configured, and nothing says what terminal it is."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
            monkeypatch.delenv(name)
    nowhere = tmp_path_factory.mktemp("aws") / "none"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def streams(stream_server: Server, capsys: pytest.CaptureFixture[str]) -> Streams:
    """Runs ``ddbengine streams`` here; exit code, output and errors."""

    def run(*arguments: str, endpoint: str | None = stream_server.url) -> tuple[int, str, str]:
        where = [] if endpoint is None else ["--endpoint-url", endpoint]
        code = main(["streams", *arguments, *where])
        out, err = capsys.readouterr()
        return code, out, err

    return run


class Table:
    """A table with a stream."""

    def __init__(self, client: Any, url: str, name: str, view: str | None) -> None:
        self.client = client
        self.name = name
        self._url = url
        settings = {"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False}
        described = client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=settings,
        )
        self.stream_arn: str = described["TableDescription"].get("LatestStreamArn", "")

    def put(self, key: str, **attributes: Any) -> None:
        self.client.put_item(TableName=self.name, Item={"pk": {"S": key}, **attributes})

    def count_up(self, keys: int, times: int, first: int = 0) -> dict[str, list[int]]:
        """Write each item so many times, with a number that grows; the numbers by item."""
        numbers = range(first, first + times)
        for number in numbers:
            for key in range(keys):
                self.put(f"item-{key}", number={"N": str(number)})
        return {f"item-{key}": list(numbers) for key in range(keys)}

    def delete(self, key: str) -> None:
        self.client.delete_item(TableName=self.name, Key={"pk": {"S": key}})

    def split(self) -> None:
        body = json.dumps({"TableName": self.name}).encode()
        request = urllib.request.Request(
            f"{self._url}/_ddbengine/partitions", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            answer.read()

    def switch_off(self) -> None:
        self.client.update_table(TableName=self.name, StreamSpecification={"StreamEnabled": False})


@pytest.fixture(scope="package")
def client(stream_server: Server) -> Iterator[Any]:
    made = boto3.client("dynamodb", endpoint_url=stream_server.url, **LOCAL)
    yield made
    made.close()


_numbers = itertools.count(1)


@pytest.fixture
def new_table(client: Any, stream_server: Server) -> Callable[..., Table]:
    """Makes tables, with a stream of both images unless told otherwise."""
    return lambda view="NEW_AND_OLD_IMAGES": Table(client, stream_server.url, f"table-{next(_numbers)}", view)


@pytest.fixture
def table(new_table: Callable[..., Table]) -> Table:
    return new_table()
