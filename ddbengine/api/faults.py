"""Faults on demand at the connection: answers that come late, and connections that are dropped in place of an answer.

What befalls a request is decided by ``engine.faults``.  A late request is begun late, by the event loop's own timer,
so that other requests are served meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ddbengine.engine.faults import Strike
from ddbengine.errors import ApiError
from ddbengine.storage.errors import StoreError
from ddbengine.storage.store import Outcome

__all__ = ["Dropped", "suffer"]

Run = Callable[[], bytes | Future[Any]]
"""Carries out the request: a body, the future of an outcome, or ApiError or StoreError raised."""


class Dropped(Exception):
    """The connection is to be dropped without an answer."""


def suffer(strike: Strike, run: Run) -> bytes | Future[Any]:
    """Carry out a request as a strike has it; raise Dropped, or have it as the future's exception.

    To be called in the event loop.
    """
    if strike.latency <= 0:
        return _dropped_or_run(strike.drop, run)
    late: Future[Any] = Future()
    late.set_running_or_notify_cancel()
    asyncio.get_running_loop().call_later(strike.latency, _begin, strike.drop, run, late)
    return late


def _begin(drop: str | None, run: Run, late: Future[Any]) -> None:
    try:
        answer = _dropped_or_run(drop, run)
    except Exception as error:
        late.set_exception(error)
        return
    if isinstance(answer, bytes):
        late.set_result(Outcome(answer))
    else:
        answer.add_done_callback(lambda done: _pass_on(done, late))


def _dropped_or_run(drop: str | None, run: Run) -> bytes | Future[Any]:
    if drop is None:
        return run()
    if drop == "before":
        raise Dropped
    try:
        answer = run()
    except (ApiError, StoreError):
        raise Dropped from None
    if isinstance(answer, bytes):
        raise Dropped
    dropped: Future[Any] = Future()
    dropped.set_running_or_notify_cancel()
    answer.add_done_callback(lambda done: dropped.set_exception(Dropped()))
    return dropped


def _pass_on(done: Future[Any], late: Future[Any]) -> None:
    error = done.exception()
    if error is None:
        late.set_result(done.result())
    else:
        late.set_exception(error)
