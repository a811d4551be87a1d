"""A server per test module, over an engine that each test gets fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.server import RunningServer, start_server
from tests.api.door import Client, FakeEngine, any_members

try:
    from uvloop import new_event_loop as new_uvloop
except ImportError:  # Windows
    new_uvloop = asyncio.new_event_loop

LOOPS = {"uvloop": new_uvloop, "asyncio": asyncio.new_event_loop}
QUICK = {"sweep_seconds": 0.02, "grace_seconds": 2.0}


class Door:
    """A running server and its engine."""

    def __init__(self, loop: str, **options: Any) -> None:
        self.engine = FakeEngine()
        limits = ConnectionLimits(**{**QUICK, **options.pop("limits", {})})
        self.server: RunningServer = start_server(
            self.engine, check=any_members, limits=limits, new_event_loop=LOOPS[loop], **options
        )

    def client(self) -> Client:
        return Client(self.server.port)


@pytest.fixture(params=sorted(LOOPS))
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """``@pytest.mark.parametrize("options", ...)`` is not needed: a test marks itself with ``door_options``."""
    options = getattr(request.function, "door_options", {})
    door = Door(request.param, **options)
    yield door
    door.server.close()
    for write in door.engine.writes:
        write.cancel()


@pytest.fixture
def client(door: Door) -> Iterator[Client]:
    with door.client() as client:
        yield client
