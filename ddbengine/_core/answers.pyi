"""Answers of HTTP/1.1 on the wire."""

class Frame:
    """What the answer to a request has in common whatever it says: known, and made into bytes, from its headers."""

    def __init__(self, plain: bytes, json: bytes, whole_bytes: int, bodiless: bool) -> None: ...
    @property
    def plain(self) -> bytes:
        """Header lines that do not depend on the answer."""
    @property
    def json(self) -> bytes:
        """The same with the content type."""
    @property
    def whole_bytes(self) -> int:
        """Up to here a body is sent as it is; a longer one is packed."""
    @property
    def bodiless(self) -> bool: ...

class AnswerWriter:
    """Makes the bytes of answers, each with a request id of its own: 52 characters of [0-9A-Z], like the service's."""

    standing: bytes
    """Header lines of every answer."""

    def __init__(self, seed: bytes) -> None:
        """``seed`` of the ids: 32 bytes that are not all zero."""

    def parts(self, start: bytes, lines: bytes, body: bytes, joined_bytes: int) -> tuple[bytes] | tuple[bytes, bytes]:
        """What to send: the status line, the standing header lines, ``lines``, those that are the answer's own
        (Content-Length, x-amzn-RequestId, and x-amz-crc32 of the body), and the body.  A body of up to ``joined_bytes``
        is in one buffer with its head, a longer one is the second part."""
