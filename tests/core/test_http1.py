"""What is taken without the parser is taken as the parser would take it; anything odd is left to the parser.

Answers are what a parser reads back.
"""

from __future__ import annotations

from zlib import crc32

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import AnswerWriter, Frame, Kind, PostReader, Request, Shortcut

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
    taken = PostReader(HEAD, BODY).read(REQUEST)
    assert taken is not None
    assert (taken.method, taken.target, taken.body) == (b"POST", b"/", b"{ab}")
    assert taken.headers == {
        b"host": b"localhost:8000",
        b"x-amz-target": b"DynamoDB_20120810.GetItem",
        b"content-length": b"4",
        b"user-agent": b"Boto3/1.40 md/Botocore#1.40",
        b"connection": b"Keep-Alive",
    }


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
    assert PostReader(HEAD, BODY).read(REQUEST.replace(old, new)) is None


@pytest.mark.parametrize("size", range(len(REQUEST)))
def test_no_part_of_a_request_is_taken_for_a_whole_one(size: int) -> None:
    assert PostReader(HEAD, BODY).read(REQUEST[:size]) is None


def test_a_head_or_a_body_over_the_limit_is_left_to_the_parser() -> None:
    head = REQUEST.index(b"\r\n\r\n") + 2
    assert PostReader(head, 4).read(REQUEST) is not None
    assert PostReader(head - 1, 4).read(REQUEST) is None
    assert PostReader(head, 3).read(REQUEST) is None


def test_more_headers_than_clients_send_are_left_to_the_parser() -> None:
    lines = b"".join(b"x-%d: y\r\n" % number for number in range(100))
    assert PostReader(HEAD, BODY).read(REQUEST.replace(b"Host", lines + b"Host")) is None


# --- the kind of a request -------------------------------------------------------------------------------------------

SIGNED = (
    b"POST / HTTP/1.1\r\nHost: localhost:8000\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n"
    b"Content-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20260101T000000Z\r\nAccept-Encoding: identity\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/dynamodb/aws4_request, "
    b"SignedHeaders=host;x-amz-date, Signature=00ff\r\nContent-Length: 4\r\n\r\n{ab}"
)


READER = PostReader(HEAD, BODY)


def kind_of(data: bytes) -> Kind | None:
    taken = READER.read(data)
    assert taken is not None
    return taken.kind


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"00ff", b"aB01"),
        (b"20260101T000000Z", b"20260101T000001Z"),
        (b"localhost", b"127.0.0.1"),
        (b"{ab}", b"{cd}"),
        (b"X-Amz-Target", b"x-amz-target"),
        (b"Host", b"amz-sdk-invocation-id: 1\r\nHost"),
    ],
)
def test_requests_that_are_answered_alike_are_of_one_kind(old: bytes, new: bytes) -> None:
    assert kind_of(SIGNED) is not None
    assert kind_of(SIGNED.replace(old, new)) is kind_of(SIGNED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"GetItem", b"PutItem"),
        (b"json-1.0", b"json-1.1"),
        (b"Content-Type: application/x-amz-json-1.0\r\n", b""),
        (b"identity", b"gzip"),
        (b"Accept-Encoding: identity", b"Origin: identity"),
        (b"key/", b"other/"),
        (b"us-east-1", b"us-east-2"),
        (b"Host", b"Origin: http://a\r\nHost"),
        (b"Host", b"Origin:\r\nHost"),
    ],
)
def test_requests_that_are_answered_differently_are_of_different_kinds(old: bytes, new: bytes) -> None:
    changed = kind_of(SIGNED.replace(old, new))
    assert changed is not None
    assert changed is not kind_of(SIGNED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Authorization", b"Authority"),
        (b"X-Amz-Date", b"Date"),
        (b"20260101T000000Z", b""),
        (b"Signature=00ff", b"Signature="),
        (b"Signature=00ff", b"Signature=00ff, Credential=other/20260101/us-east-1/dynamodb/aws4_request"),
        (b", Signature=00ff", b""),
        (b", Signature", b",Signature"),
        (b"Host", b"Content-Encoding: gzip\r\nHost"),
        (b"key/", b"k" * 2000 + b"/"),
    ],
)
def test_a_request_that_has_to_be_looked_at_is_of_no_kind(old: bytes, new: bytes) -> None:
    assert old in SIGNED
    assert kind_of(SIGNED.replace(old, new)) is None


def test_a_request_made_of_its_parts_is_of_no_kind() -> None:
    assert Request(b"POST", b"/", {b"host": b"a"}, b"").kind is None


@given(st.lists(st.tuples(st.sampled_from([b"Origin", b"Accept-Encoding", b"Content-Type"]), st.binary(max_size=3))))
def test_a_kind_says_which_header_has_which_value(lines: list[tuple[bytes, bytes]]) -> None:
    """Whatever the values: none can look like the end of one and the beginning of the next."""
    base = SIGNED.replace(b"Content-Type: application/x-amz-json-1.0\r\n", b"").replace(
        b"Accept-Encoding: identity\r\n", b""
    )
    head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
    taken = PostReader(HEAD, BODY).read(base.replace(b"Host", head + b"Host"))
    if taken is not None and taken.kind is not None:
        wanted = [b"content-type", b"x-amz-target", b"authorization", b"accept-encoding", b"origin"]
        values = [taken.headers.get(name) for name in wanted]
        values[2] = values[2] and values[2].removesuffix(b", Signature=00ff")
        assert taken.kind.text == b"".join(b"\0" if value is None else b"\1" + value + b"\0" for value in values)


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
    taken = PostReader(HEAD, BODY).read(data)
    if taken is None:
        return
    parsed = Parsed(data)
    assert (parsed.headers, parsed.body) == (taken.headers, taken.body)
    assert (parsed.method, parsed.url, parsed.version, parsed.ends) == (taken.method, taken.target, "1.1", 1)
    assert parsed.keep_alive
    assert not parsed.upgrade


@given(position=st.integers(0, len(REQUEST) - 1), byte=st.binary(min_size=1, max_size=1))
def test_a_request_with_a_changed_byte_is_taken_as_the_parser_takes_it_or_not_at_all(
    position: int, byte: bytes
) -> None:
    data = REQUEST[:position] + byte + REQUEST[position + 1 :]
    taken = PostReader(HEAD, BODY).read(data)
    if taken is not None:
        parsed = Parsed(data)
        assert (parsed.headers, parsed.body) == (taken.headers, taken.body)
        assert parsed.ends == 1
        assert parsed.keep_alive


SEED = bytes(range(32))
JOINED_BYTES = 1000


class Answered:
    """What the parser makes of an answer."""

    def __init__(self, data: bytes) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.ends = 0
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(data)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name] = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ends += 1


@given(body=st.one_of(st.binary(max_size=50), st.integers(0, 3000).map(bytes)))
def test_a_client_reads_an_answer_as_it_was_meant(body: bytes) -> None:
    writer = AnswerWriter(SEED)
    writer.standing = b"Server: x\r\n"
    parts = writer.parts(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", body, JOINED_BYTES)
    assert len(parts) == (1 if len(body) <= JOINED_BYTES else 2)
    answered = Answered(b"".join(parts))
    assert (answered.status, answered.body, answered.ends) == (200, body, 1)
    request_id = answered.headers.pop(b"x-amzn-RequestId")
    assert answered.headers == {
        b"Server": b"x",
        b"A": b"b",
        b"Content-Length": b"%d" % len(body),
        b"x-amz-crc32": b"%d" % crc32(body),
    }
    assert len(request_id) == 52
    assert request_id.isalnum()
    assert request_id.isupper()


def test_ten_thousand_answers_have_as_many_request_ids_and_none_looks_like_another() -> None:
    writer = AnswerWriter(SEED)
    ids = [Answered(writer.parts(b"HTTP/1.1 200 OK\r\n", b"", b"", 0)[0]).headers for _ in range(10_000)]
    texts = [headers[b"x-amzn-RequestId"] for headers in ids]
    assert len({text[:12] for text in texts}) == len(texts)
    assert all(len({text[place] for text in texts}) == 32 for place in range(52))


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(32), bytes(33), bytes(range(33))])
def test_a_seed_is_32_bytes_that_are_not_all_zero(seed: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AnswerWriter(seed)


def test_nothing_but_bytes_makes_an_answer_or_a_request() -> None:
    writer = AnswerWriter(SEED)
    for place in range(3):
        arguments: list[object] = [b"a", b"b", b"c"]
        arguments[place] = None
        with pytest.raises(TypeError):
            writer.parts(*arguments, 0)  # type: ignore[arg-type,call-arg]
    with pytest.raises(TypeError):
        writer.standing = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        Request(b"POST", b"/", {}, None)  # type: ignore[arg-type]


# --- shortcuts -------------------------------------------------------------------------------------------------------


class Echo(Shortcut):
    """Answers all bodies but b"{no}"; breaks at b"{!!}"."""

    def answer(self, body: bytes) -> bytes | None:
        if body == b"{!!}":
            raise RuntimeError
        return None if body == b"{no}" else b"<%b>" % body


def reader_with_shortcut(whole_bytes: int = 100, *, frame: bool = True, shortcut: bool = True) -> PostReader:
    """One that knows all about the kind of SIGNED."""
    reader = PostReader(HEAD, BODY)
    taken = reader.read(SIGNED)
    assert taken is not None
    assert taken.kind is not None
    taken.kind.frame = Frame(b"", b"A: b\r\n", whole_bytes, False) if frame else None
    taken.kind.shortcut = Echo() if shortcut else None
    return reader


def writer() -> AnswerWriter:
    made = AnswerWriter(SEED)
    made.standing = b"Server: x\r\n"
    return made


def test_a_request_with_a_shortcut_is_answered_as_any_other_would_be() -> None:
    sent = reader_with_shortcut().take(SIGNED, writer())
    assert sent == writer().parts(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", b"<{ab}>", 100)[0]


@pytest.mark.parametrize(
    ("reader", "data"),
    [
        (PostReader(HEAD, BODY), SIGNED),
        (reader_with_shortcut(frame=False), SIGNED),
        (reader_with_shortcut(shortcut=False), SIGNED),
        (reader_with_shortcut(), SIGNED.replace(b"GetItem", b"PutItem")),
        (reader_with_shortcut(), SIGNED.replace(b"X-Amz-Date", b"Date")),
        (reader_with_shortcut(), SIGNED.replace(b"{ab}", b"{no}")),
        (reader_with_shortcut(), SIGNED.replace(b"{ab}", b"{!!}")),
        (reader_with_shortcut(whole_bytes=5), SIGNED),
    ],
)
def test_a_request_without_an_answer_of_a_shortcut_is_given_back_to_be_answered(
    reader: PostReader, data: bytes
) -> None:
    taken = reader.take(data, writer())
    assert isinstance(taken, Request)
    assert taken.body == data[-4:]
    assert taken.headers[b"x-amz-target"].startswith(b"DynamoDB_20120810.")


def test_what_is_not_taken_is_left_to_the_parser_with_a_shortcut_too() -> None:
    assert reader_with_shortcut().take(SIGNED[:-1], writer()) is None


def test_whoever_only_reads_asks_no_shortcut() -> None:
    assert isinstance(reader_with_shortcut().read(SIGNED), Request)


def test_no_more_kinds_are_remembered_than_clients_have() -> None:
    reader = PostReader(HEAD, BODY)
    for number in range(2500):
        assert reader.read(SIGNED.replace(b"key/", b"key%d/" % number)) is not None
        assert reader.kinds_known <= 1024


def test_a_kind_keeps_nothing_but_frames_and_shortcuts_as_such() -> None:
    kind = kind_of(SIGNED)
    assert kind is not None
    with pytest.raises(TypeError):
        kind.frame = b""  # type: ignore[assignment]
    with pytest.raises(TypeError):
        kind.shortcut = len  # type: ignore[assignment]
