"""What is taken without the parser is taken as the parser would take it; anything odd is left to the parser."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import plain_post

HEAD = 16_384
BODY = 1 << 20
REQUEST = (
    b"POST / HTTP/1.1\r\nHost: localhost:8000\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Length: 4\r\n"
    b"User-Agent:Boto3/1.40 md/Botocore#1.40\r\nConnection: Keep-Alive\r\n\r\n{ab}"
)


class Parsed:
    """What the parser makes of a request."""

    def __init__(self, data: bytes) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.url = self.body = b""
        self.ends = 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method = parser.get_method()
        self.version = parser.get_http_version()
        self.keep_alive = parser.should_keep_alive()
        self.upgrade = parser.should_upgrade()

    def on_header(self, name: bytes, value: bytes) -> None:
        assert name.lower() not in self.headers
        self.headers[name.lower()] = value

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ends += 1


def test_what_clients_send_is_taken() -> None:
    assert plain_post(REQUEST, HEAD, BODY) == (
        {
            b"host": b"localhost:8000",
            b"x-amz-target": b"DynamoDB_20120810.GetItem",
            b"content-length": b"4",
            b"user-agent": b"Boto3/1.40 md/Botocore#1.40",
            b"connection": b"Keep-Alive",
        },
        b"{ab}",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"POST", b"GET"),
        (b"POST / ", b"POST /x "),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Keep-Alive", b"close"),
        (b"Keep-Alive", b"keep-alive, upgrade"),
        (b"Content-Length: 4\r\n", b""),
        (b"Content-Length: 4", b"Content-Length: 3"),
        (b"Content-Length: 4", b"Content-Length: 5"),
        (b"Content-Length: 4", b"Content-Length: +4"),
        (b"Content-Length: 4", b"Content-Length: 4, 4"),
        (b"Content-Length: 4", b"Content-Length:"),
        (b"Content-Length: 4", b"Content-Length: 4294967300"),
        (b"Content-Length: 4", b"Content-Length: 4\r\ncontent-length: 4"),
        (b"Content-Length: 4", b"Content-Length : 4"),
        (b"Host", b"Transfer-Encoding: chunked\r\nHost"),
        (b"Host", b"Expect: 100-continue\r\nHost"),
        (b"Host", b"Upgrade: h2c\r\nHost"),
        (b"Host", b"h\xc3\xb6st"),
        (b"Host", b""),
        (b"Host", b"n" * 100),
        (b"Host: ", b"Host: a\r\n folded: "),
        (b":8000", b":8000 "),
        (b"localhost", b"local\0host"),
        (b"localhost", b"local\nhost"),
        (b"localhost", b"local\rhost"),
        (b"localhost", b"local\xffhost"),
        (b"\r\n\r\n{ab}", b"\r\n"),
        (b"\r\n\r\n{ab}", b"\r\n\r"),
        (b"\r\n\r\n{ab}", b"\r\n\r{ab}"),
        (b"{ab}", b"{ab}POST"),
    ],
)
def test_anything_odd_is_left_to_the_parser(old: bytes, new: bytes) -> None:
    assert old in REQUEST
    assert plain_post(REQUEST.replace(old, new), HEAD, BODY) is None


@pytest.mark.parametrize("size", range(len(REQUEST)))
def test_no_part_of_a_request_is_taken_for_a_whole_one(size: int) -> None:
    assert plain_post(REQUEST[:size], HEAD, BODY) is None


def test_a_head_or_a_body_over_the_limit_is_left_to_the_parser() -> None:
    head = REQUEST.index(b"\r\n\r\n") + 2
    assert plain_post(REQUEST, head, 4) is not None
    assert plain_post(REQUEST, head - 1, 4) is None
    assert plain_post(REQUEST, head, 3) is None


LINES = st.lists(
    st.one_of(
        st.sampled_from([b"Host: a", b"connection: keep-alive", b"Connection: close", b"Content-Length: 2", b"TE: x"]),
        st.builds(
            lambda name, space, value: name + b":" + space + value,
            st.from_regex(rb"[A-Za-z_-]{1,5}", fullmatch=True),
            st.sampled_from([b"", b" ", b"  ", b"\t"]),
            st.binary(max_size=6),
        ),
        st.binary(max_size=8),
    ),
    max_size=5,
)


@given(lines=LINES, body=st.binary(max_size=4), length=st.integers(0, 5))
def test_what_is_taken_the_parser_takes_for_the_same(lines: list[bytes], body: bytes, length: int) -> None:
    head = b"".join(line + b"\r\n" for line in [b"POST / HTTP/1.1", b"Content-Length: %d" % length, *lines])
    data = head + b"\r\n" + body
    taken = plain_post(data, HEAD, BODY)
    if taken is None:
        return
    parsed = Parsed(data)
    assert (parsed.headers, parsed.body) == taken
    assert (parsed.method, parsed.url, parsed.version, parsed.ends) == (b"POST", b"/", "1.1", 1)
    assert parsed.keep_alive
    assert not parsed.upgrade


@given(position=st.integers(0, len(REQUEST) - 1), byte=st.binary(min_size=1, max_size=1))
def test_a_request_with_a_changed_byte_is_taken_as_the_parser_takes_it_or_not_at_all(
    position: int, byte: bytes
) -> None:
    data = REQUEST[:position] + byte + REQUEST[position + 1 :]
    taken = plain_post(data, HEAD, BODY)
    if taken is not None:
        parsed = Parsed(data)
        assert (parsed.headers, parsed.body) == taken
        assert parsed.ends == 1
        assert parsed.keep_alive
