"""The bundled load generator counts what it sent, keeps its rate, and does not take refusals for answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.load import LoadFailed, bundled, drive, drive_at_rate, drive_through, write_requests
from ddbengine.api.server import RunningServer, start_server
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine
from tests.prerequisites import missing


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    try:
        bundled()
    except LoadFailed as reason:
        missing(str(reason))
    engine: Engine = open_engine(None)
    running = start_server(engine)
    yield running
    running.close()
    engine.close()


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    path = tmp_path / "requests"
    write_requests(path, "ListTables", [{"Limit": number} for number in range(1, 101)])
    return path


def test_a_load_is_answered_and_measured(server: RunningServer, requests: Path) -> None:
    measured = drive(server.port, requests, 0.2, 4)
    assert measured.rate > 0
    assert 0 < measured.p50 <= measured.p99 <= measured.max


def test_a_paced_load_keeps_its_rate_as_long_as_it_is_answered(server: RunningServer, requests: Path) -> None:
    measured = drive_at_rate(server.port, requests, 0.5, 4, 200)
    assert measured.rate <= 210


def test_each_request_can_be_sent_once(server: RunningServer, tmp_path: Path) -> None:
    table = {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    path = tmp_path / "tables"
    write_requests(path, "CreateTable", [{"TableName": f"table{number}", **table} for number in range(5)])
    drive_through(server.port, path, connections=2)
    with pytest.raises(LoadFailed, match="ResourceInUseException"):
        drive_through(server.port, path, connections=1)


def test_a_load_of_nothing_but_refusals_fails(server: RunningServer, tmp_path: Path) -> None:
    path = tmp_path / "requests"
    write_requests(path, "GetItem", [{"TableName": "missing", "Key": {"pk": {"S": "a"}}}])
    with pytest.raises(LoadFailed, match="ResourceNotFoundException"):
        drive_at_rate(server.port, path, 0.1, 1, 100)


def test_a_server_that_is_not_there_is_a_failure_with_a_reason(requests: Path) -> None:
    with pytest.raises(LoadFailed, match="Connection refused"):
        drive_at_rate(1, requests, 0.1, 1, 100)
