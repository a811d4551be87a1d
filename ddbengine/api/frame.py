"""How an answer looks on the wire: status line, headers and body (FACTS 1.1)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import NamedTuple

from ddbengine._core import AnswerWriter, Request
from ddbengine.api.codings import WORTH_PACKING_BYTES, accepts_gzip, pack
from ddbengine.api.cors import Cors

__all__ = ["Answer", "Frame", "Framer", "Parts", "Request"]

_OK = b"HTTP/1.1 200 OK\r\n"
_STATUS_LINES = {
    200: _OK,
    400: b"HTTP/1.1 400 Bad Request\r\n",
    404: b"HTTP/1.1 404 Not Found\r\n",
    413: b"HTTP/1.1 413 Payload Too Large\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
    500: b"HTTP/1.1 500 Internal Server Error\r\n",
}
_JSON_1_0 = b"application/x-amz-json-1.0"
_JOINED_BYTES = 64 * 1024
"""Up to here a copy that makes one buffer of head and body is cheaper than handing over two."""
_SEED_BYTES = 32
_FRAMES_MAX = 1024

Parts = tuple[bytes] | tuple[bytes, bytes]
"""What to send: head and body in one, or one after the other."""


@dataclass(slots=True)
class Answer:
    """What to say, not yet how.  ``json`` tells whether it has a content type; ``lines`` are further header lines."""

    status: int
    body: bytes
    json: bool = True
    lines: bytes = b""


class Frame(NamedTuple):
    """What the answer to a request has in common whatever it says: known, and made into bytes, from its headers."""

    plain: bytes
    """Header lines that do not depend on the answer."""
    json: bytes
    """The same with the content type."""
    packed: bool
    bodiless: bool


class Framer:
    """Makes frames and answers of one server.  ``now`` gives seconds since the epoch."""

    def __init__(self, cors: Cors, now: Callable[[], float] = time.time) -> None:
        self._cors = cors
        self._now = now
        self._parts = AnswerWriter(os.urandom(_SEED_BYTES)).parts
        self._frames: dict[bytes | None, Frame] = {}
        """Of connections that are kept alive, by the kind of request; never by None."""
        self.refresh()

    def refresh(self) -> None:
        """Bring the Date header up to date; called about once a second."""
        self._standing = b"Server: ddbengine\r\nDate: %b\r\n" % formatdate(self._now(), usegmt=True).encode()

    def frame(self, request: Request, keep_alive: bool) -> Frame:
        frame = self._frames.get(request.kind) if keep_alive else None
        return self._frame_anew(request, keep_alive) if frame is None else frame

    def _frame_anew(self, request: Request, keep_alive: bool) -> Frame:
        get = request.headers.get
        frame = self._make_frame(
            get(b"content-type"), get(b"accept-encoding"), get(b"origin"), keep_alive, request.method == b"HEAD"
        )
        if keep_alive and request.kind is not None:
            if len(self._frames) >= _FRAMES_MAX:
                self._frames.clear()
            self._frames[request.kind] = frame
        return frame

    def _make_frame(
        self, content_type: bytes | None, encodings: bytes | None, origin: bytes | None, keep_alive: bool, head: bool
    ) -> Frame:
        plain = b"Connection: keep-alive\r\n" if keep_alive else b"Connection: close\r\n"
        plain += self._cors.lines(origin)
        media_type = (content_type or b"").partition(b";")[0].strip().lower()
        json = b"Content-Type: %b\r\n" % (_JSON_1_0 if media_type == _JSON_1_0 else b"application/json")
        return Frame(plain, json + plain, accepts_gzip(encodings), head)

    def render(self, answer: Answer | bytes, frame: Frame) -> Parts:
        """What to send.  Bytes are the body of a success.  The checksum is of the body as sent, so of the packed bytes,
        as clients of the service check it."""
        if isinstance(answer, bytes) and not (frame.packed and len(answer) >= WORTH_PACKING_BYTES):
            return self._parts(_OK, self._standing, frame.json, answer, _JOINED_BYTES)
        return self._render_other(Answer(200, answer) if isinstance(answer, bytes) else answer, frame)

    def _render_other(self, answer: Answer, frame: Frame) -> Parts:
        body = answer.body
        lines = (frame.json if answer.json else frame.plain) + answer.lines
        if frame.packed and len(body) >= WORTH_PACKING_BYTES:
            body = pack(body)
            lines += b"Content-Encoding: gzip\r\n"
        # Of an answer whose body is not sent the head is a part of its own.
        parts = self._parts(
            _STATUS_LINES[answer.status], self._standing, lines, body, -1 if frame.bodiless else _JOINED_BYTES
        )
        return (parts[0],) if frame.bodiless else parts
