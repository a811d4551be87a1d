"""Requests of a kind that was seen before are answered as if they were the first."""

from __future__ import annotations

import json
import logging
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import PostReader, Shortcut
from ddbengine.api import dispatch
from ddbengine.api.dispatch import Dispatcher
from ddbengine.api.frame import Answer, Request
from tests.api.door import AUTHORIZATION, FakeEngine

HEAD = 16_384
BODY = 1 << 20
OTHER_CALLER = AUTHORIZATION.replace("key/", "other/")


def as_sent(_: str, members: object) -> dict[str, Any]:
    assert isinstance(members, dict)
    return members


class Asked:
    """A dispatcher with the memory for kinds of requests that a server has."""

    def __init__(self, engine: FakeEngine | None = None) -> None:
        self.dispatcher = Dispatcher(engine or FakeEngine(), as_sent)
        self.reader = PostReader(HEAD, BODY)

    def read(self, data: bytes) -> Request:
        taken = self.reader.read(data)
        assert taken is not None
        return taken


def request(
    target: str = "DynamoDB_20120810.GetItem",
    authorization: str = AUTHORIZATION,
    content_type: str = "application/x-amz-json-1.0",
    date: str = "X-Amz-Date: 20261001T000000Z\r\n",
    further: str = "",
    body: bytes = b'{"a": 1}',
) -> bytes:
    head = (
        f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: {target}\r\nContent-Type: {content_type}\r\n{date}"
        f"Authorization: {authorization}\r\n{further}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def answered(by: Asked, data: bytes) -> object:
    answer = by.dispatcher.answer(by.read(data))
    assert not isinstance(answer, Future)
    return (answer.status, answer.body) if isinstance(answer, Answer) else answer


REQUESTS = st.builds(
    request,
    target=st.sampled_from(["DynamoDB_20120810.GetItem", "DynamoDBStreams_20120810.ListStreams", "DynamoDB.GetItem"]),
    authorization=st.sampled_from(
        [
            AUTHORIZATION,
            AUTHORIZATION[:-2] + "ab",
            OTHER_CALLER,
            "Basic abc, Signature=00",
            AUTHORIZATION + ", Credential=third/20261001/eu-west-1/dynamodb/aws4_request",
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00",
        ]
    ),
    content_type=st.sampled_from(["application/x-amz-json-1.0", "application/json; charset=utf-8", "text/plain"]),
    date=st.sampled_from(["X-Amz-Date: 1\r\n", "X-Amz-Date: 2\r\n", "Date: 1\r\n", ""]),
    further=st.sampled_from(["", "Content-Encoding: identity\r\n", "Content-Encoding: br\r\n", "Origin: a\r\n"]),
    body=st.sampled_from([b'{"a": 1}', b'{"b": 2}', b"", b"{", b"{}"]),
)


@given(st.lists(REQUESTS, max_size=12))
def test_what_was_asked_before_makes_no_difference(requests: list[bytes]) -> None:
    one = Asked()
    for data in requests:
        assert answered(one, data) == answered(Asked(), data)


def test_the_caller_is_that_of_each_request() -> None:
    one = Asked()
    for header, key in ((AUTHORIZATION, "key"), (OTHER_CALLER, "other"), (AUTHORIZATION, "key")):
        body = answered(one, request(authorization=header))
        assert isinstance(body, bytes)
        assert json.loads(body)["Key"] == key


def test_an_empty_body_is_refused_when_the_kind_is_known() -> None:
    one = Asked()
    assert isinstance(answered(one, request()), bytes)
    assert answered(one, request(body=b"")) == answered(Asked(), request(body=b""))


class Short(Shortcut):
    def answer(self, body: bytes) -> bytes | None:
        return b"short"


def test_the_first_request_of_a_kind_finds_its_shortcut() -> None:
    one = Asked(FakeEngine(shortcuts={"GetItem": Short()}))
    assert answered(one, request()) == answered(Asked(), request())
    for data, found in ((request(), True), (request(target="DynamoDB_20120810.Scan"), False)):
        answered(one, data)
        kind = one.read(data).kind
        assert kind is not None
        assert (kind.shortcut is not None) is found


def test_a_request_that_is_refused_before_its_operation_is_known_finds_none() -> None:
    one = Asked(FakeEngine(shortcuts={"GetItem": Short()}))
    for data in (request(body=b""), request(body=b"{"), request(authorization="Basic abc, Signature=00")):
        answered(one, data)
        kind = one.read(data).kind
        assert kind is not None
        assert kind.shortcut is None


def test_where_calls_are_logged_each_is(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=dispatch.__name__):
        one = Asked(FakeEngine(shortcuts={"GetItem": Short()}))
        for _ in range(3):
            assert answered(one, request()) != b"short"
            kind = one.read(request()).kind
            assert kind is not None
            assert kind.shortcut is None
    assert len(caplog.records) == 3
