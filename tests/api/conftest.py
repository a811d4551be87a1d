"""A server for each test, on both kinds of event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.server import RunningServer, new_event_loop, start_server
from tests.api.door import Client, FakeEngine, any_members

LOOPS = {"uvloop": new_event_loop, "asyncio": asyncio.new_event_loop}
QUICK = {"sweep_seconds": 0.02, "grace_seconds": 2.0}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "door(limits, cors, tls): how the server of the door fixture is to be")


class Door:
    """A running server and its engine."""

    def __init__(self, loop: str, **options: Any) -> None:
        self.engine = FakeEngine()
        limits = ConnectionLimits(**{**QUICK, **options.pop("limits", {})})
        self.server: RunningServer = start_server(
            self.engine, check=any_members, limits=limits, loop_factory=LOOPS[loop], **options
        )

    def client(self) -> Client:
        return Client(self.server.port)


@pytest.fixture(params=sorted(LOOPS))
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """A server on each kind of event loop; ``@pytest.mark.door(limits={...})`` says how it is to be."""
    marker = request.node.get_closest_marker("door")
    door = Door(request.param, **(marker.kwargs if marker else {}))
    yield door
    for write in door.engine.writes:
        write.cancel()
    door.server.close()


@pytest.fixture
def client(door: Door) -> Iterator[Client]:
    with door.client() as client:
        yield client
