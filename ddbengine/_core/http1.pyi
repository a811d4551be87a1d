"""Requests of HTTP/1.1 on the wire."""

from typing import Any

from ddbengine._core.answers import AnswerWriter, Frame
from ddbengine._core.shortcuts import Shortcut

class Request:
    """One HTTP request, read completely.  ``target`` is the request target as sent, header names are in lower case."""

    @property
    def method(self) -> bytes: ...
    @property
    def target(self) -> bytes: ...
    @property
    def headers(self) -> dict[bytes, bytes]: ...
    @property
    def body(self) -> bytes: ...
    begun: Any
    """What a shortcut has begun for it, None without one: a future."""
    members: dict[str, Any] | None
    """What the body says, if a shortcut has found out."""
    @property
    def kind(self) -> Kind | None:
        """None for a head that is not as clients of the service write it, and of a request that no PostReader read."""

    def __init__(self, method: bytes, target: bytes, headers: dict[bytes, bytes], body: bytes) -> None: ...

class Kind:
    """All that a head says about how to answer: one for all requests to a PostReader with the same content type, target
    header, signer (the Authorization header up to its signature, and that there is a date), accepted encodings and
    origin, and without a content coding.

    Who finds out something about it may leave it here.
    """

    @property
    def text(self) -> bytes:
        """What tells it from others."""
    route: Any
    """What is asked for; None until it is known."""
    frame: Frame | None
    """Of answers on a connection that is kept alive."""
    shortcut: Shortcut | None

class PostReader:
    """Reads requests in the one form that clients of the service send: exactly one, POST / in HTTP/1.1, no header
    twice, names of letters, digits, - and _, values of printable ASCII, a Content-Length, nothing about transfer
    codings, upgrades, expectations or the end of the connection.
    """

    def __init__(self, most_head: int, most_body: int) -> None:
        """How many bytes the two may have."""

    @property
    def kinds_known(self) -> int:
        """How many are remembered; no more than 1,024."""

    def read(self, data: bytes) -> Request | None:
        """The request that ``data`` is.  None for anything else, well-formed or not, and for more than is allowed:
        whoever gets None knows nothing yet."""

    def take(self, data: bytes, writer: AnswerWriter) -> bytes | Request | None:
        """As ``read``, of a connection on which nothing else is under way; or what to send, when the request's kind has
        a shortcut and a frame, and the shortcut an answer that the frame allows to be sent as it is.  An answer that is
        to come later is with the request (``begun``)."""
