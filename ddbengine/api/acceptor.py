"""What the connections of one listening server share: the dispatcher, the limits, and one sweep that watches times."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ddbengine._core import PostReader
from ddbengine.api.completions import Completions
from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.dispatch import Dispatcher
from ddbengine.api.frame import Framer
from ddbengine.api.http import Connection

__all__ = ["Acceptor"]

OpenPages = Callable[[], Awaitable[asyncio.Protocol]]
"""Makes the protocol that takes over a connection on which pages are asked for."""


class Acceptor:
    """Makes a connection for each client, keeps the open ones, and closes them all."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        dispatcher: Dispatcher,
        framer: Framer,
        limits: ConnectionLimits,
        open_pages: OpenPages,
    ) -> None:
        self.loop = loop
        self.dispatcher = dispatcher
        self.framer = framer
        self.limits = limits
        self.posts = PostReader(limits.head_bytes, limits.body_bytes)
        self.open_pages = open_pages
        self.completions = Completions(loop)
        self.connections: set[Connection] = set()
        self.handovers: set[asyncio.Task[None]] = set()
        self.now = loop.time()
        """Seconds on the loop's clock as of the last sweep: near enough for timing out, and free."""
        self.draining = False
        self._sweeper = loop.call_later(limits.sweep_seconds, self._sweep)

    def __call__(self) -> Connection:
        return Connection(self)

    def _sweep(self) -> None:
        self.now = self.loop.time()
        self.framer.refresh()
        for connection in list(self.connections):
            connection.expire()
        self._sweeper = self.loop.call_later(self.limits.sweep_seconds, self._sweep)

    async def close(self) -> None:
        """Let requests under way be answered, for as long as the limits allow; then close every connection."""
        self.draining = True
        for connection in list(self.connections):
            connection.drain()
        deadline = self.loop.time() + self.limits.grace_seconds
        while self.connections and self.loop.time() < deadline:
            await asyncio.sleep(0.01)
        self._sweeper.cancel()
        for connection in list(self.connections):
            connection.abort()
        for task in list(self.handovers):
            task.cancel()
        await asyncio.sleep(0)
