"""Requests passed on from one server process to another: frames of msgpack over a Unix socket.

A frame is its length, 4 bytes, and a list: a request [number, operation, access key id, region, checked members as
JSON], or its answer [number, kind, ...].  Answers come in any order.  Both ends are processes of one server, and the
socket is in a directory that nobody else may enter.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import msgpack
import orjson

from ddbengine import errors
from ddbengine.api.completions import Completions
from ddbengine.api.envelope import as_is
from ddbengine.api.faults import Dropped
from ddbengine.engine.context import Caller
from ddbengine.errors import ApiError
from ddbengine.storage.errors import StoreError
from ddbengine.storage.store import Outcome

__all__ = ["RelayClient", "RelayServer"]

_log = logging.getLogger(__name__)

_BODY, _REFUSED, _FAILED, _DROPPED = range(4)
_LENGTH_BYTES = 4
_RETRY_SECONDS = 0.02

CarryOut = Callable[[str, dict[str, Any], Caller], "bytes | Future[Any]"]
"""As ``Dispatcher.carry_out``."""

_ERRORS = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ApiError)
}


class _Frames(asyncio.Protocol):
    """A connection that carries frames both ways."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        start = 0
        while len(received) - start >= _LENGTH_BYTES:
            begin = start + _LENGTH_BYTES
            end = begin + int.from_bytes(received[start:begin], "big")
            if len(received) < end:
                break
            self.frame(msgpack.unpackb(memoryview(received)[begin:end]))
            start = end
        del received[:start]

    def frame(self, members: list[Any]) -> None:
        raise NotImplementedError

    def send(self, members: tuple[Any, ...]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            packed: bytes = msgpack.packb(members)
            self._transport.write(len(packed).to_bytes(_LENGTH_BYTES, "big") + packed)


class RelayServer(_Frames):
    """The writer's end: carries out what comes."""

    def __init__(self, carry_out: CarryOut, completions: Completions, lost: Callable[[], None]) -> None:
        """``lost`` is called when the other process is gone."""
        super().__init__()
        self._carry_out = carry_out
        self._completions = completions
        self._lost = lost

    def frame(self, members: list[Any]) -> None:
        number, operation, access_key_id, region, body = members
        try:
            answer = self._carry_out(operation, orjson.loads(body), Caller(access_key_id, region))
        except Exception as error:
            self.send((number, *_failure(operation, error)))
            return
        if isinstance(answer, bytes):
            self.send((number, _BODY, answer))
        else:
            self._completions.watch(answer, partial(self._settle, number, operation))

    def _settle(self, number: int, operation: str, done: Future[Any]) -> None:
        try:
            self.send((number, _BODY, done.result().body))
        except Exception as error:
            self.send((number, *_failure(operation, error)))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._lost()


def _failure(operation: str, error: Exception) -> tuple[Any, ...]:
    if isinstance(error, ApiError):
        return _REFUSED, error.code, error.message, orjson.dumps(error.members, default=as_is)
    if isinstance(error, Dropped):
        return (_DROPPED,)
    if not isinstance(error, StoreError):
        _log.error("%s failed", operation, exc_info=error)
    return _FAILED, str(error)


class RelayClient:
    """A reader's end.  All of it runs in the event loop's thread.

    While the writer is away, because it died and another one is starting, requests wait; those that it had got when it
    died fail, since nobody knows what came of them.
    """

    def __init__(self, path: Path, patience_seconds: float) -> None:
        """``path`` of the writer's socket.  A request waits so long for a writer at most."""
        self._path = path
        self._patience_seconds = patience_seconds
        self._connection: _Answers | None = None
        self._waiting: deque[tuple[float, tuple[Any, ...], Future[Outcome]]] = deque()
        self._number = 0
        self._connecting: asyncio.Task[None] | None = None

    def __call__(self, operation: str, request: dict[str, Any], caller: Caller) -> Future[Outcome]:
        """See ``engine.reader.Relay``."""
        self._number += 1
        members = (self._number, operation, caller.access_key_id, caller.region, orjson.dumps(request))
        future: Future[Outcome] = Future()
        if self._connection is not None:
            self._connection.ask(members, future)
            return future
        loop = asyncio.get_running_loop()
        self._waiting.append((loop.time() + self._patience_seconds, members, future))
        self._connect_soon(loop)
        return future

    def _connect_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._connecting is None:
            self._connecting = loop.create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, connection = await loop.create_unix_connection(lambda: _Answers(self._lost), str(self._path))
                break
            except OSError:
                self._give_up_late(loop.time())
                await asyncio.sleep(_RETRY_SECONDS)
        self._connecting, self._connection = None, connection
        while self._waiting:
            _, members, future = self._waiting.popleft()
            connection.ask(members, future)

    def _give_up_late(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] < now:
            self._waiting.popleft()[2].set_exception(StoreError("no process writes to the store"))

    def _lost(self) -> None:
        self._connection = None

    async def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()


class _Answers(_Frames):
    """One connection of a RelayClient."""

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__()
        self._lost = lost
        self._asked: dict[int, Future[Outcome]] = {}

    def ask(self, members: tuple[Any, ...], future: Future[Outcome]) -> None:
        self._asked[members[0]] = future
        self.send(members)

    def frame(self, members: list[Any]) -> None:
        number, kind, *rest = members
        future = self._asked.pop(number)
        if kind == _BODY:
            future.set_result(Outcome(rest[0]))
        elif kind == _REFUSED:
            code, message, others = rest
            future.set_exception(_ERRORS[code](message, orjson.loads(others)))
        elif kind == _DROPPED:
            future.set_exception(Dropped())
        else:
            future.set_exception(StoreError(rest[0]))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._lost()
        asked, self._asked = self._asked, {}
        for future in asked.values():
            future.set_exception(StoreError("the process that writes to the store died; the write may be kept or not"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
