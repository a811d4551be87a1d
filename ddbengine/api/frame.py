"""How an answer looks on the wire: status line, headers and body (FACTS 1.1)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

from ddbengine._core import AnswerWriter, Frame, Request
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

Parts = tuple[bytes] | tuple[bytes, bytes]
"""What to send: head and body in one, or one after the other."""


@dataclass(slots=True)
class Answer:
    """What to say, not yet how.  ``json`` tells whether it has a content type; ``lines`` are further header lines."""

    status: int
    body: bytes
    json: bool = True
    lines: bytes = b""


class Framer:
    """Makes frames and answers of one server.  ``now`` gives seconds since the epoch."""

    def __init__(self, cors: Cors, now: Callable[[], float] = time.time) -> None:
        self._cors = cors
        self._now = now
        self.writer = AnswerWriter(os.urandom(_SEED_BYTES))
        self._parts = self.writer.parts
        self.refresh()

    def refresh(self) -> None:
        """Bring the Date header up to date; called about once a second."""
        self.writer.standing = b"Server: ddbengine\r\nDate: %b\r\n" % formatdate(self._now(), usegmt=True).encode()

    def frame(self, request: Request, keep_alive: bool) -> Frame:
        kind = request.kind
        if kind is None or not keep_alive:
            return self._make_frame(request, keep_alive)
        frame = kind.frame
        if frame is None:
            frame = kind.frame = self._make_frame(request, keep_alive)
        return frame

    def _make_frame(self, request: Request, keep_alive: bool) -> Frame:
        get = request.headers.get
        plain = b"Connection: keep-alive\r\n" if keep_alive else b"Connection: close\r\n"
        plain += self._cors.lines(get(b"origin"))
        media_type = get(b"content-type", b"").partition(b";")[0].strip().lower()
        json = b"Content-Type: %b\r\n" % (_JSON_1_0 if media_type == _JSON_1_0 else b"application/json")
        packed = accepts_gzip(get(b"accept-encoding"))
        whole_bytes = WORTH_PACKING_BYTES - 1 if packed else sys.maxsize
        return Frame(plain, json + plain, whole_bytes, request.method == b"HEAD")

    def render(self, answer: Answer | bytes, frame: Frame) -> Parts:
        """What to send.  Bytes are the body of a success.  The checksum is of the body as sent, so of the packed bytes,
        as clients of the service check it."""
        if isinstance(answer, bytes) and len(answer) <= frame.whole_bytes:
            return self._parts(_OK, frame.json, answer, _JOINED_BYTES)
        return self._render_other(Answer(200, answer) if isinstance(answer, bytes) else answer, frame)

    def _render_other(self, answer: Answer, frame: Frame) -> Parts:
        body = answer.body
        lines = (frame.json if answer.json else frame.plain) + answer.lines
        if len(body) > frame.whole_bytes:
            body = pack(body)
            lines += b"Content-Encoding: gzip\r\n"
        # Of an answer whose body is not sent the head is a part of its own.
        parts = self._parts(_STATUS_LINES[answer.status], lines, body, -1 if frame.bodiless else _JOINED_BYTES)
        return (parts[0],) if frame.bodiless else parts
