"""Requests that are repeated, and those that are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import EndpointConnectionError

from ddbengine.commands.streams.patience import LIMIT_SECONDS, Patience, Stopped
from tests.commands.streams.stream_model import client_error

REFUSED = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
THROTTLED = client_error("ProvisionedThroughputExceededException")


class World:
    """A clock that waiting moves, and what was said."""

    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.patience = Patience(self.said.append, clock=lambda: self.now, wait=self.wait)

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


def failing(*errors: Exception) -> Callable[[], str]:
    """A call that raises these one after another, and then answers."""
    pending = list(errors)

    def call() -> str:
        if pending:
            raise pending.pop(0)
        return "answer"

    return call


def test_throttling_is_waited_out_and_told_once() -> None:
    world = World()
    assert world.patience(failing(*[THROTTLED] * 5)) == "answer"
    assert world.said == ["throttled, slowing down"]
    assert world.now > 0


def test_trouble_that_comes_again_is_told_again() -> None:
    world = World()
    world.patience(failing(THROTTLED))
    world.patience(failing(THROTTLED))
    assert len(world.said) == 2


def test_throttling_without_end_is_raised_after_the_limit() -> None:
    world = World()
    with pytest.raises(type(THROTTLED)):
        world.patience(failing(*[THROTTLED] * 1_000))
    assert LIMIT_SECONDS / 2 < world.now <= LIMIT_SECONDS


def test_an_endpoint_that_never_answered_is_not_waited_for() -> None:
    world = World()
    with pytest.raises(EndpointConnectionError):
        world.patience(failing(REFUSED))
    assert (world.now, world.said) == (0.0, [])


def test_an_endpoint_that_answered_before_is_waited_for() -> None:
    world = World()
    world.patience(failing())
    assert world.patience(failing(REFUSED, REFUSED)) == "answer"
    assert len(world.said) == 1
    assert world.said[0].endswith("; trying again")


def test_what_will_not_pass_is_raised_at_once() -> None:
    world = World()
    with pytest.raises(Exception, match="ValidationException"):
        world.patience(failing(client_error("ValidationException")))
    assert world.now == 0


def test_a_stop_ends_the_waiting() -> None:
    patience = Patience(lambda line: None)
    patience.stop()
    with pytest.raises(Stopped):
        patience(failing(THROTTLED))
