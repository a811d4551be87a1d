"""The data path: HTTP/1.x connections, each a protocol on the httptools parser, without a task or a future per request.

A request that arrives alone and as clients of the service send it is read by ``_core`` and never seen by the parser,
and if there is a shortcut for it, answered there too.
A request is answered in the callback that ends it.  The answer is written at once unless an earlier request of the
same connection still waits for its write to be durable; then it takes its place in the queue, since answers leave in
the order of their requests.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import httptools

from ddbengine._core import Frame
from ddbengine.api.dispatch import TOO_LARGE
from ddbengine.api.faults import Dropped
from ddbengine.api.frame import Answer, Parts, Request

if TYPE_CHECKING:
    from ddbengine.api.acceptor import Acceptor

__all__ = ["Connection"]

_log = logging.getLogger(__name__)

_BAD_REQUEST = Answer(400, b"", json=False)
_HEAD_TOO_LARGE = Answer(431, b"", json=False)
_CONTINUE: Parts = (b"HTTP/1.1 100 Continue\r\n\r\n",)

_AT_ONCE = (bytes, Answer)
"""Types of answers that wait for nothing."""
_PAGES = b"/_ddbengine"


class Phase(enum.IntEnum):
    IDLE = 0
    """Between requests."""
    HEAD = 1
    BODY = 2
    LEAVING = 3
    """Nothing more is read; the connection closes when what was asked has been answered."""
    HANDED_OVER = 4
    """The connection belongs to the pages, or will when they are open."""


_IDLE, _HEAD, _BODY, _LEAVING, _HANDED_OVER = Phase


class _Stop(Exception):
    """Raised in a parser callback to make it take no more."""


@dataclass(slots=True, eq=False)
class _Turn:
    """A place in a connection's order of answers: asked (request), then answered (rendered)."""

    request: Request | None = None
    frame: Frame | None = None
    rendered: Parts | None = None


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, acceptor: Acceptor) -> None:
        self._acceptor = acceptor
        self._answer = acceptor.dispatcher.answer
        self._frame = acceptor.framer.frame
        self._render = acceptor.framer.render
        self._writer = acceptor.framer.writer
        self._limits = acceptor.limits
        self._transport: Any = None
        self._tls = False
        self._phase: Phase = _IDLE
        self._since = acceptor.now
        """When the phase began, or when a slow reader last took something."""

        # The request being read.  The parser puts headers straight into the dict, without a Python frame for each.
        self._raw_headers: dict[bytes, bytes] = {}
        self.on_header = self._raw_headers.__setitem__
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: bytes | bytearray = b""
        self._keep_alive = True
        self._upgrade_ignored = False
        self._received: list[bytes] | None = None
        """What came since the request's first byte; None when that byte was not the first of a read."""
        self._read_size = 0
        self._overhead = 0
        """Bytes read since a request began, or since its last body byte, without its head or its trailer ending."""
        self._stopped = False

        # Requests not yet given to the engine, then those that wait for their answer; together in order.
        self._backlog: deque[_Turn] = deque()
        self._waiting: deque[_Turn] = deque()
        self._congested = False
        self._paused = False
        """Whether nothing is read until what was read has been worked off."""
        self._unsent = 0
        self._linger = False
        self._parser: Any = httptools.HttpRequestParser(self)

    # --- the transport ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._tls = transport.get_extra_info("sslcontext") is not None
        self._acceptor.connections.add(self)
        if self._acceptor.draining:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._acceptor.connections.discard(self)
        self._transport = None
        self._phase = _LEAVING
        self._backlog.clear()
        self._waiting.clear()
        self._parser = None
        self._received = None
        self._body = b""

    def data_received(self, data: bytes) -> None:
        phase = self._phase
        if phase is _IDLE:
            if self._receive_plain(data):
                return
            self._received = [data]
        elif phase is _LEAVING:
            return
        elif self._received is not None:
            self._received.append(data)
            if phase is _HANDED_OVER:
                return
        self._read_size = len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_upgraded(data, upgrade)
        except httptools.HttpParserError as error:
            self._parser_stopped(error)
        if self._phase is _HEAD or self._phase is _BODY:
            self._bound_overhead()

    def _receive_plain(self, data: bytes) -> bool:
        """Take what is exactly one request as clients send them; False when it is anything else."""
        acceptor = self._acceptor
        if self._waiting or self._backlog or self._congested or acceptor.draining:
            request = acceptor.posts.read(data)
            if request is None:
                return False
            self._take(request, keep_alive=True)
            return True
        taken = acceptor.posts.take(data, self._writer)
        if taken is None:
            return False
        self._since = acceptor.now
        if isinstance(taken, bytes):
            self._transport.write(taken)
        elif taken.begun is None:
            self._serve(taken, self._frame(taken, True))
        else:
            self._await(taken.begun, self._frame(taken, True))
        return True

    def eof_received(self) -> bool:
        """The client has said all it will.  It may still listen, unless TLS ties the two directions together."""
        if self._phase is _HEAD or self._phase is _BODY:
            self._refuse(_BAD_REQUEST)
        self._phase = _LEAVING
        self._linger = False
        return bool(self._waiting or self._backlog) and not self._tls

    def pause_writing(self) -> None:
        self._congested = self._paused = True
        self._since = self._acceptor.now
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._congested = False
        self._work_off()

    # --- the parser ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._phase is _LEAVING:
            self._stop()
        self._phase = _HEAD
        self._since = self._acceptor.now
        self._url = b""
        self._overhead = -1
        self._raw_headers.clear()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_headers_complete(self) -> None:
        raw = self._raw_headers
        self._headers = headers = {name.lower(): value for name, value in raw.items()}
        self._keep_alive = self._parser.should_keep_alive()
        self._phase = _BODY
        if self._overhead >= 0 or self._read_size > self._limits.head_bytes:
            self._bound_finished_head()
        if self._url != b"/" and self._is_for_pages():
            self._begin_handover()
        self._received = None
        self._overhead = -1
        if self._parser.should_upgrade():
            self._begin_ignoring_upgrade()
        length = headers.get(b"content-length")
        if length is not None and len(length) > 7 and int(b"0" + length.lstrip(b"0")) > self._limits.body_bytes:
            self._refuse(TOO_LARGE)
            self._stop()
        if b"expect" in headers and headers[b"expect"].lower() == b"100-continue":
            self._say_in_turn(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        if not self._body:
            self._body = part
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += part
        self._overhead = -1
        if len(self._body) > self._limits.body_bytes:
            self._refuse(TOO_LARGE)
            self._stop()

    def on_message_complete(self) -> None:
        if self._upgrade_ignored:
            return
        body, self._body = bytes(self._body), b""
        self._take(Request(self._parser.get_method(), self._url, self._headers, body), self._keep_alive)

    def _take(self, request: Request, keep_alive: bool) -> None:
        """Serve a request that was read completely, or keep it until it can be served."""
        acceptor = self._acceptor
        self._since = acceptor.now
        if acceptor.draining:
            keep_alive = False
        self._phase = _IDLE if keep_alive else _LEAVING
        frame = self._frame(request, keep_alive)
        if self._congested or self._backlog or len(self._waiting) >= acceptor.limits.waiting_requests:
            self._backlog.append(_Turn(request, frame))
            self._paused = True
            self._transport.pause_reading()
        else:
            self._serve(request, frame)

    def _stop(self) -> NoReturn:
        """Leave the parser from within one of its callbacks; it is not fed again."""
        self._stopped = True
        raise _Stop

    def _parser_stopped(self, error: Exception) -> None:
        if self._stopped:
            if self._phase is _HANDED_OVER:
                self._hand_over()
        elif isinstance(error, httptools.HttpParserCallbackError):
            _log.error("a connection failed", exc_info=error.__context__ or error)
            self._transport.abort()
        elif self._phase is not _LEAVING:
            self._refuse(_BAD_REQUEST)

    # --- answering -------------------------------------------------------------------------------

    def _serve(self, request: Request, frame: Frame) -> None:
        try:
            answer = self._answer(request)
        except Dropped:
            self._drop()
            return
        self._say(answer, frame)

    def _say(self, answer: bytes | Answer | Future[Any], frame: Frame) -> None:
        """Send an answer when it is there and its turn has come."""
        if not isinstance(answer, _AT_ONCE):
            if self._waiting or not answer.done():
                self._await(answer, frame)
                return
            settled = self._settled(answer)
            if settled is None:
                return
            answer = settled
        rendered = self._render(answer, frame)
        if self._waiting:
            self._waiting.append(_Turn(rendered=rendered))
            return
        self._write(rendered)
        if self._phase is _LEAVING and not self._backlog:
            self._depart()

    def _await(self, future: Future[Any], frame: Frame) -> None:
        turn = _Turn(frame=frame)
        self._waiting.append(turn)
        self._acceptor.completions.watch(future, partial(self._finish, turn, frame))

    def _finish(self, turn: _Turn, frame: Frame, future: Future[Any]) -> None:
        settled = self._settled(future)
        if settled is not None:
            turn.rendered = self._render(settled, frame)
            self._flush()

    def _settled(self, future: Future[Any]) -> bytes | Answer | None:
        """The answer of a finished future; None when the connection was dropped in its place."""
        try:
            return self._acceptor.dispatcher.settle(future)
        except Dropped:
            self._drop()
            return None

    def _drop(self) -> None:
        """Break off, whatever else was asked on this connection."""
        self._phase = _LEAVING
        self._backlog.clear()
        self._waiting.clear()
        self.abort()

    def _write(self, rendered: Parts) -> None:
        if len(rendered) == 1:
            self._transport.write(rendered[0])
        else:
            self._transport.writelines(rendered)

    def _flush(self) -> None:
        """Write what is answered, up to the first that is not; then take on what could not be taken before."""
        waiting = self._waiting
        while waiting and (rendered := waiting[0].rendered) is not None:
            waiting.popleft()
            self._write(rendered)
        if self._transport is not None:
            acceptor = self._acceptor
            self._since = acceptor.now
            if self._paused or self._phase is _LEAVING or acceptor.draining:
                self._work_off()

    def _work_off(self) -> None:
        """Serve the backlog as far as the client's reading and the queue allow, and read on when nothing is left."""
        backlog = self._backlog
        most = self._limits.waiting_requests
        while backlog and not self._congested and len(self._waiting) < most:
            turn = backlog.popleft()
            if turn.request is not None and turn.frame is not None:
                self._serve(turn.request, turn.frame)
            elif turn.rendered is not None:
                self._say_after_waiting(turn.rendered)
        if backlog or self._congested or self._transport is None:
            return
        if not self._waiting and (self._phase is _LEAVING or (self._acceptor.draining and self._phase is _IDLE)):
            self._depart()
        elif len(self._waiting) < most and self._phase is not _HANDED_OVER:
            self._paused = False
            self._transport.resume_reading()

    def _say_in_turn(self, rendered: Parts) -> None:
        """Send something that needs no engine when all that was asked before it has been answered."""
        if self._backlog:
            self._backlog.append(_Turn(rendered=rendered))
        else:
            self._say_after_waiting(rendered)

    def _say_after_waiting(self, rendered: Parts) -> None:
        if self._waiting:
            self._waiting.append(_Turn(rendered=rendered))
        else:
            self._write(rendered)

    # --- refusing and leaving --------------------------------------------------------------------

    def _refuse(self, answer: Answer) -> None:
        """Answer a request that was not read to its end, and leave."""
        method, headers = (self._parser.get_method(), self._headers) if self._phase is _BODY else (b"", {})
        frame = self._frame(Request(method, self._url, headers, b""), False)
        self._phase = _LEAVING
        self._since = self._acceptor.now
        self._linger = True
        self._body = b""
        self._say_in_turn(self._render(answer, frame))
        if not self._backlog and not self._waiting:
            self._depart()

    def _depart(self) -> None:
        """Close, once what was written has gone out.

        To close a socket with unread bytes resets it, which can destroy the refusal on its way to a client that is
        still sending.  So the end is only announced, and what comes is thrown away for a while.
        """
        self._phase = _LEAVING
        transport = self._transport
        if self._linger and transport.can_write_eof():
            transport.write_eof()
            transport.resume_reading()
        else:
            transport.close()

    def drain(self) -> None:
        """The server stops: close now if nothing is under way, else after the answer to it."""
        if self._phase in (_IDLE, _LEAVING) and not self._waiting and not self._backlog:
            self._linger = False
            self._depart()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def expire(self) -> None:
        """Close the connection if its client has taken longer than it may."""
        limits = self._limits
        now = self._acceptor.now
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent = unsent
            self._since = now
        if unsent:
            allowed = limits.stalled_seconds
        elif self._waiting or self._backlog:
            return
        elif self._phase is _HEAD:
            allowed = limits.head_seconds
        elif self._phase is _BODY:
            allowed = limits.request_seconds
        elif self._phase is _LEAVING:
            allowed = limits.linger_seconds
        else:
            allowed = limits.idle_seconds
        if now - self._since > allowed:
            self._transport.abort()

    # --- the bound on heads and trailers ---------------------------------------------------------

    def _bound_overhead(self) -> None:
        """Only ``head_bytes`` may follow the read in which a request began, or in which body bytes last came, until
        its head or its trailer ends.  The read itself is bounded by the transport."""
        if self._overhead < 0:
            self._overhead = 0
            return
        self._overhead += self._read_size
        if self._overhead > self._limits.head_bytes:
            self._refuse(_HEAD_TOO_LARGE)

    def _bound_finished_head(self) -> None:
        size = len(self._url) + sum(len(name) + len(value) for name, value in self._raw_headers.items())
        if size > self._limits.head_bytes:
            self._refuse(_HEAD_TOO_LARGE)
            self._stop()

    # --- protocols that are not ours -------------------------------------------------------------

    def _begin_ignoring_upgrade(self) -> None:
        """The parser takes an Upgrade for the end of HTTP, and CONNECT as well.  We offer nothing to upgrade to, and
        some clients ask for HTTP/2 with every first request: it is to be answered as if they had not asked."""
        if self._parser.get_method() == b"CONNECT":
            self._refuse(_BAD_REQUEST)
            self._stop()
        self._upgrade_ignored = True

    def _feed_upgraded(self, data: bytes, upgrade: Exception) -> None:
        """Parse again a head that asked for an upgrade, without that, and then what follows it."""
        rest = memoryview(data)
        while True:
            rest = rest[upgrade.args[0] :]
            head = self._head_without_upgrade()
            self._upgrade_ignored = False
            self._parser = httptools.HttpRequestParser(self)
            try:
                self._parser.feed_data(head)
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as another:
                upgrade = another
                continue
            except httptools.HttpParserError as error:
                self._parser_stopped(error)
            return

    def _head_without_upgrade(self) -> bytes:
        dropped = (b"upgrade", b"connection", b"http2-settings")
        lines = [b"%b: %b\r\n" % line for line in self._headers.items() if line[0] not in dropped]
        start = b"%b %b HTTP/%b\r\n" % (
            self._parser.get_method(),
            self._url,
            self._parser.get_http_version().encode(),
        )
        connection = b"Connection: %b\r\n\r\n" % (b"keep-alive" if self._keep_alive else b"close")
        return b"".join([start, *lines, connection])

    # --- pages -----------------------------------------------------------------------------------

    def _is_for_pages(self) -> bool:
        """Anything a browser opens, but the service's own path; its calls are taken on any path."""
        path = self._url.partition(b"?")[0]
        if path == b"/" or b"x-amz-target" in self._headers:
            return False
        return path.startswith(_PAGES) or (path.startswith(b"/") and self._parser.get_method() in (b"GET", b"HEAD"))

    def _begin_handover(self) -> None:
        """Stop parsing here.  A connection can be handed over only from where a read began and with nothing owed;
        otherwise it closes after what is owed, and the client asks again on another, as HTTP lets it."""
        if self._received is not None and not self._waiting and not self._backlog:
            self._phase = _HANDED_OVER
        else:
            self._phase = _LEAVING
            if not self._waiting and not self._backlog:
                self._depart()
        self._stop()

    def _hand_over(self) -> None:
        self._transport.pause_reading()
        task = self._acceptor.loop.create_task(self._open_pages())
        self._acceptor.handovers.add(task)
        task.add_done_callback(self._acceptor.handovers.discard)

    async def _open_pages(self) -> None:
        try:
            pages = await self._acceptor.open_pages()
        except Exception:
            _log.exception("the pages could not be opened")
            self.abort()
            return
        transport, received = self._transport, self._received
        if transport is None or received is None:
            return
        self._acceptor.connections.discard(self)
        transport.set_protocol(pages)
        pages.connection_made(transport)
        pages.data_received(b"".join(received))
        transport.resume_reading()
