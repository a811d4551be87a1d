"""Faults on demand met by boto3: the example of docs/faults.md does what the page says, retries and all."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests import servers
from tests.clients.conftest import CONFIG, CREDENTIALS, definition

pytestmark = pytest.mark.clients

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def blocks(language: str) -> list[str]:
    """The page's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def client_of(server: servers.Server, config: Config = CONFIG) -> Any:
    return boto3.client("dynamodb", endpoint_url=server.url, config=config, **CREDENTIALS)


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    rules, program, printed = blocks("json")[1], blocks("python")[0], blocks("text")[0]
    with servers.ddbengine(tmp_path / "log", "--in-memory", "--faults", rules) as server:
        script = tmp_path / "example.py"
        script.write_text(program.replace("http://127.0.0.1:8000", server.url), encoding="utf-8")
        ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (ran.stdout, ran.stderr) == (printed, "")


def test_the_rules_of_the_page_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(blocks("json")[0], encoding="utf-8")
    with (
        servers.ddbengine(tmp_path / "log", "--in-memory", "--faults", str(file)) as server,
        closing(client_of(server)) as client,
    ):
        client.create_table(**definition("orders"))
        with pytest.raises(ConnectionClosedError):
            client.delete_item(TableName="orders", Key={"pk": {"S": "a"}})
        client.delete_item(TableName="orders", Key={"pk": {"S": "a"}})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("TransactionConflictException", 400),
        ("InternalServerError", 500),
    ],
)
def test_an_error_is_known_to_the_client_by_its_name(tmp_path: Path, error: str, status: int) -> None:
    rules = f'[{{"operation":"GetItem","error":"{error}"}}]'
    with (
        servers.ddbengine(tmp_path / "log", "--in-memory", "--faults", rules) as server,
        closing(client_of(server)) as client,
    ):
        client.create_table(**definition("table"))
        with pytest.raises(ClientError) as raised:
            client.get_item(TableName="table", Key={"pk": {"S": "a"}})
    assert raised.value.response["Error"]["Code"] == error
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_write_whose_answer_was_lost_took_effect(tmp_path: Path) -> None:
    rules = '[{"operation":"PutItem","drop":"after","table":"table"}]'
    with (
        servers.ddbengine(tmp_path / "log", "--db-path", str(tmp_path / "data"), "--faults", rules) as server,
        closing(client_of(server)) as client,
    ):
        client.create_table(**definition("table"))
        with pytest.raises(ConnectionClosedError):
            client.put_item(TableName="table", Item={"pk": {"S": "a"}})
        assert client.get_item(TableName="table", Key={"pk": {"S": "a"}}, ConsistentRead=True)["Item"]
