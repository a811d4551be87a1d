"""Requests that a shortcut answers, now or later, look to their clients like any other, and keep their place."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import Any

import pytest

from ddbengine._core import Shortcut
from ddbengine.errors import ConditionalCheckFailedException
from tests.api.conftest import Door
from tests.api.door import Body, Client, Reply, eventually, request

LARGE = b'{"large":"%b"}' % (b"x" * 100_000)


class Answers(Shortcut):
    """Answers b"{}" short and b"[1]" at length, breaks at b"[]", and leaves all else."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def answer(self, body: bytes) -> bytes | None:
        self.asked.append(body)
        if body == b"[]":
            raise RuntimeError
        return {b"{}": b'{"short":true}', b"[1]": LARGE}.get(body)


@pytest.fixture
def shortcut(door: Door, client: Client) -> Answers:
    """The one that GetItem has; its kind of request has been seen."""
    found = Answers()
    door.engine.shortcuts["GetItem"] = found
    client.ask(request(b'{"first":1}'))
    assert found.asked == []
    return found


def looks(reply: Reply) -> tuple[int, dict[str, str]]:
    changing = ("content-length", "x-amz-crc32", "x-amzn-requestid", "date")
    return reply.status, {name: value for name, value in reply.headers.items() if name not in changing}


def test_an_answer_of_a_shortcut_looks_like_any_other(door: Door, client: Client, shortcut: Answers) -> None:
    long_way = client.ask(request(b'{"n":1}'))
    short = client.ask(request(b"{}"))
    assert short.json == {"short": True}
    assert looks(short) == looks(long_way)
    assert short.headers.keys() == long_way.headers.keys()
    assert [call[1] for call in door.engine.calls] == [{"first": 1}, {"n": 1}]


@pytest.mark.door(cors="http://a")
def test_it_has_the_headers_that_its_request_asks_for(client: Client, shortcut: Answers) -> None:
    asked = request(b"{}", Origin="http://a", Content_Type="application/json")
    client.ask(request(b'{"n":1}', Origin="http://a", Content_Type="application/json"))
    reply = client.ask(asked)
    assert reply.json == {"short": True}
    assert reply.headers["access-control-allow-origin"] == "http://a"
    assert reply.headers["content-type"] == "application/json"


def test_a_long_answer_is_sent_whole_or_packed_as_its_client_likes(client: Client, shortcut: Answers) -> None:
    assert client.ask(request(b"[1]")).body == LARGE
    client.ask(request(b'{"n":1}', Accept_Encoding="gzip"))
    assert client.ask(request(b"{}", Accept_Encoding="gzip")).json == {"short": True}
    before = len(shortcut.asked)
    reply = client.ask(request(b"[1]", Accept_Encoding="gzip"))
    assert len(shortcut.asked) == before + 1
    assert "content-encoding" not in reply.headers, "the way of all others has another, short answer for it"


def test_what_breaks_a_shortcut_is_answered_all_the_same(door: Door, client: Client, shortcut: Answers) -> None:
    assert client.ask(request(b"[]")).status == 200
    assert shortcut.asked == [b"[]"]


def test_an_answer_of_a_shortcut_does_not_overtake_a_write(door: Door, client: Client, shortcut: Answers) -> None:
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    client.send(request(b"{}"))
    assert client.is_silent()
    door.engine.writes[0].set_result(Body(b'{"written":true}'))
    assert client.reply().json == {"written": True}
    assert client.reply().status == 200
    assert client.ask(request(b"{}")).json == {"short": True}


def test_pipelined_requests_with_and_without_one_are_answered_in_order(client: Client, shortcut: Answers) -> None:
    client.send(b"".join(request(b'{"n":%d}' % n) for n in range(50)))
    assert [client.reply().json["Echo"]["n"] for _ in range(50)] == list(range(50))
    assert client.ask(request(b"{}")).json == {"short": True}


class Begins(Shortcut):
    """Answers all bodies later, but for those it has read and gives back."""

    def __init__(self) -> None:
        self.begun: list[Future[Body]] = []

    def answer(self, body: bytes) -> Any:
        members = json.loads(body)
        if members:
            return members
        self.begun.append(Future())
        return self.begun[-1]


@pytest.fixture
def later(door: Door, client: Client) -> Begins:
    """The shortcut that Scan has; its kind of request has been seen."""
    found = Begins()
    door.engine.shortcuts["Scan"] = found
    client.ask(request(b"{}", "Scan"))
    assert found.begun == []
    return found


def test_what_a_shortcut_has_begun_is_answered_when_it_has_finished(client: Client, later: Begins) -> None:
    client.send(request(b"{}", "Scan"))
    eventually(lambda: later.begun)
    assert client.is_silent()
    later.begun[0].set_result(Body(b'{"later":true}'))
    assert client.reply().json == {"later": True}


def test_what_a_shortcut_has_begun_may_fail(client: Client, later: Begins) -> None:
    client.send(request(b"{}", "Scan"))
    eventually(lambda: later.begun)
    later.begun[0].set_exception(ConditionalCheckFailedException("The conditional request failed"))
    reply = client.reply()
    assert (reply.status, reply.json["message"]) == (400, "The conditional request failed")


def test_what_is_asked_after_it_waits_for_it(door: Door, client: Client, shortcut: Answers, later: Begins) -> None:
    client.send(request(b"{}", "Scan"))
    eventually(lambda: later.begun)
    client.send(request(b"{}"), request(b"{}", "Scan"))
    assert client.is_silent()
    later.begun[0].set_result(Body(b'{"first":true}'))
    assert client.reply().json == {"first": True}
    assert client.reply().json == {"Echo": {}, "Key": "key", "Region": "eu-west-1"}
    assert client.reply().json == {}
    assert len(later.begun) == 1, "behind others a request goes the way of all"


def test_what_a_shortcut_has_read_is_not_read_again(door: Door, client: Client, later: Begins) -> None:
    asked: list[dict[str, Any]] = []

    def scan(members: dict[str, Any]) -> bytes:
        asked.append(members)
        return b'{"scanned":true}'

    door.engine.scan = scan
    assert client.ask(request(b'{"n": 1, "n": 2}', "Scan")).json == {"scanned": True}
    assert asked == [{"n": 2}]
