"""A test suite, as a program's developers would have it, on several engines: how long the whole pytest run takes.

Each test has two tables of its own, puts an item into each and reads both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TABLES: list[dict[str, Any]] = [
    {
        "TableName": name,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    for name in ("users", "orders")
]

TESTS = """\
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_two_tables(client, number):
    for table in ("users", "orders"):
        client.put_item(TableName=table, Item={{"pk": {{"S": str(number)}}}})
        assert client.get_item(TableName=table, Key={{"pk": {{"S": str(number)}}}})["Item"]
        assert client.scan(TableName=table)["Count"] == 1
"""

OURS = """\
import pytest

@pytest.fixture
def client(dynamodb_client):
    return dynamodb_client
"""

MOTO = """\
import json, pathlib
import boto3, pytest
from moto import mock_aws

TABLES = json.loads(pathlib.Path(__file__).with_name("tables.json").read_text())

@pytest.fixture
def client():
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        for table in TABLES:
            client.create_table(**table)
        yield client
"""

SERVER = """\
import json, pathlib
import boto3, pytest

TABLES = json.loads(pathlib.Path(__file__).with_name("tables.json").read_text())

@pytest.fixture(scope="session")
def connected():
    return boto3.client("dynamodb", region_name="us-east-1", endpoint_url="%s",
                        aws_access_key_id="suite", aws_secret_access_key="none")

@pytest.fixture
def client(connected):
    for table in TABLES:
        connected.create_table(**table)
    yield connected
    for table in TABLES:
        connected.delete_table(TableName=table["TableName"])
"""

ROOT = Path(__file__).parents[1]
QUIET = ("-q", "-p", "no:cacheprovider")
OUR_PLUGIN = ("-p", "no:ddbengine", "-p", "ddbengine.pytest_plugin")
ENVIRONMENT = os.environ | {"AWS_ACCESS_KEY_ID": "suite", "AWS_SECRET_ACCESS_KEY": "none"}
"""What moto's clients want to find."""


def seconds(directory: Path, conftest: str, tests: int, python: str = sys.executable, *arguments: str) -> float:
    """How long the suite takes, from starting pytest to its end.  RuntimeError when a test fails."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tables.json").write_text(json.dumps(TABLES))
    (directory / "conftest.py").write_text(conftest)
    (directory / "test_suite.py").write_text(TESTS.format(tests=tests))
    (directory / "pytest.ini").write_text("[pytest]\n" + ("dynamodb_tables = tables.json\n" if arguments else ""))
    command = [python, "-m", "pytest", *QUIET, *arguments]
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    took = time.perf_counter() - start
    if ran.returncode or f"{tests} passed" not in ran.stdout:
        raise RuntimeError(f"the suite failed:\n{ran.stdout}{ran.stderr}")
    return took
