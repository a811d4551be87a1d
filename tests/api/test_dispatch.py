"""Requests of a kind that was seen before are answered as if they were the first."""

from __future__ import annotations

import json
import logging
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import plain_post
from ddbengine.api import dispatch
from ddbengine.api.dispatch import Dispatcher
from ddbengine.api.frame import Answer, Request
from ddbengine.engine.fault_rules import FaultRules
from ddbengine.engine.faults import Faults
from tests.api.door import AUTHORIZATION, FakeEngine

HEAD = 16_384
BODY = 1 << 20
OTHER_CALLER = AUTHORIZATION.replace("key/", "other/")


def as_sent(_: str, members: object) -> dict[str, Any]:
    assert isinstance(members, dict)
    return members


def dispatcher() -> Dispatcher:
    return Dispatcher(FakeEngine(), as_sent)


def request(
    target: str = "DynamoDB_20120810.GetItem",
    authorization: str = AUTHORIZATION,
    content_type: str = "application/x-amz-json-1.0",
    date: str = "X-Amz-Date: 20261001T000000Z\r\n",
    further: str = "",
    body: bytes = b'{"a": 1}',
) -> Request:
    head = (
        f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: {target}\r\nContent-Type: {content_type}\r\n{date}"
        f"Authorization: {authorization}\r\n{further}Content-Length: {len(body)}\r\n\r\n"
    )
    taken = plain_post(head.encode() + body, HEAD, BODY)
    assert taken is not None
    return taken


def answered(by: Dispatcher, asked: Request) -> object:
    answer = by.answer(asked)
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
def test_what_was_asked_before_makes_no_difference(requests: list[Request]) -> None:
    one = dispatcher()
    for asked in requests:
        assert answered(one, asked) == answered(dispatcher(), asked)


def test_the_caller_is_that_of_each_request() -> None:
    one = dispatcher()
    for header, key in ((AUTHORIZATION, "key"), (OTHER_CALLER, "other"), (AUTHORIZATION, "key")):
        body = answered(one, request(authorization=header))
        assert isinstance(body, bytes)
        assert json.loads(body)["Key"] == key


def test_an_empty_body_is_refused_when_the_kind_is_known() -> None:
    one = dispatcher()
    assert isinstance(answered(one, request()), bytes)
    assert answered(one, request(body=b"")) == answered(dispatcher(), request(body=b""))


def test_no_more_kinds_are_remembered_than_clients_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_ROUTES_MAX", 4)
    one = dispatcher()
    for number in range(20):
        assert isinstance(answered(one, request(authorization=AUTHORIZATION.replace("key/", f"key{number}/"))), bytes)
        assert len(one._routes) <= 4


def short(body: bytes) -> bytes | None:
    return b"short" if body == b'{"a": 1}' else None


def test_a_request_of_a_known_kind_takes_the_shortcut_there_is() -> None:
    engine = FakeEngine(shortcuts={"GetItem": short})
    one = Dispatcher(engine, as_sent)
    assert answered(one, request()) == answered(dispatcher(), request())
    assert answered(one, request()) == b"short"
    for other in (request(body=b'{"a": 2}'), request(target="DynamoDB_20120810.Scan"), request(body=b"{")):
        assert answered(one, other) == answered(dispatcher(), other)


def test_no_shortcut_passes_by_the_faults_on_demand() -> None:
    engine = FakeEngine(shortcuts={"GetItem": short})
    one = Dispatcher(engine, as_sent)
    answered(one, request())
    engine.faults = Faults(FaultRules(0, ()))
    assert answered(one, request()) == answered(dispatcher(), request())
    engine.faults = None
    assert answered(one, request()) == b"short"


def test_where_calls_are_logged_each_is(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=dispatch.__name__):
        one = Dispatcher(FakeEngine(shortcuts={"GetItem": short}), as_sent)
        for _ in range(3):
            assert answered(one, request()) != b"short"
    assert len(caplog.records) == 3
