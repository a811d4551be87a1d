"""Tables that are made, changed and deleted on DynamoDB Local and on us are described alike at every step.

``DDBENGINE_DIFFERENTIAL`` and ``DDBENGINE_SEED`` say how many and which, see ``test_differential``.
Not covered are settings the emulator does not know: encryption, table classes, warm and on-demand throughput, tags.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests import prerequisites, servers
from tests.differential.comparison import Difference, judge
from tests.differential.peers import Answer, Peer, Request
from tests.differential.table_lives import Life
from tests.differential.test_differential import REQUESTS, SEED

pytestmark = pytest.mark.differential

LIVES = max(REQUESTS // 1000, 3)  # An index takes the emulator seconds.
POLL_SECONDS = 0.02
TIMEOUT_SECONDS = 60.0

Sides = tuple[Peer, Peer]


@pytest.fixture(scope="module")
def sides(server: servers.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    prerequisites.program("java")
    package = prerequisites.npm_package(Path(__file__).parent, servers.DYNAMODB_LOCAL_PACKAGE)
    log = tmp_path_factory.mktemp("dynamodb-local") / "log"
    with (
        servers.dynamodb_local(package, log) as local,
        Peer(local.port, is_emulator=True) as emulator,
        Peer(server.port) as ours,
    ):
        yield emulator, ours


def settled(peer: Peer, name: str) -> None:
    """Return when no index of the table is under way."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        table: dict[str, Any] = peer.send(Request("DescribeTable", {"TableName": name})).body.get("Table", {})
        if all(index["IndexStatus"] == "ACTIVE" for index in table.get("GlobalSecondaryIndexes", ())):
            return
        time.sleep(POLL_SECONDS)
    pytest.fail(f"an index of {name} is still under way")


def test_limits_are_the_same(sides: Sides) -> None:
    emulated, ours = (peer.send(Request("DescribeLimits", {})).body for peer in sides)
    assert ours == emulated


def test_tables_live_alike(sides: Sides) -> None:
    found: list[Difference] = []
    answers: list[Answer] = []
    for number in range(LIVES):
        name = f"life-{SEED}-{number}"
        for request in Life(Random(name), name).requests():
            emulated, ours = (peer.send(request) for peer in sides)
            difference = judge(request, emulated, ours)
            if difference is not None:
                found.append(difference)
            answers.append(ours)
            if "GlobalSecondaryIndexUpdates" in request.input:
                for peer in sides:
                    settled(peer, name)
    assert not found, f"seed {SEED}: {len(found)} different answers\n" + "\n".join(map(str, found[:25]))
    assert {answer.status for answer in answers} == {200, 400}
