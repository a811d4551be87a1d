"""``Engine.aio``: the operations awaitable.

Reads are answered at once, as by the server, for they take microseconds; a write on disk leaves the event loop to
others until it is durable.
"""

from __future__ import annotations

from typing import Any

from ddbengine.embedded.async_operations import AsyncOperations
from ddbengine.embedded.calls import call_async
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine

__all__ = ["AsyncEngine"]


class AsyncEngine(AsyncOperations):
    """May be used from any event loop, and from several."""

    def __init__(self, engine: Engine, caller: Caller) -> None:
        self._engine = engine
        self._caller = caller

    async def _call(self, operation: str, request: Any) -> dict[str, Any]:
        return await call_async(self._engine, self._caller, operation, request)
