"""Requests that a shortcut answers look to their clients like any other, and keep their place."""

from __future__ import annotations

import pytest

from ddbengine._core import Shortcut
from tests.api.conftest import Door
from tests.api.door import Body, Client, Reply, request

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
