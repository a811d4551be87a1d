"""How a connection behaves: order, framing, protocol versions, endings (RFC 9112)."""

from __future__ import annotations

import logging
import socket
import struct
from concurrent.futures import Future
from typing import Any

import pytest

from ddbengine.errors import ConditionalCheckFailedException
from tests.api.conftest import Door
from tests.api.door import Body, Client, eventually, request


def numbered(number: int, operation: str = "GetItem") -> bytes:
    return request(b'{"n":%d}' % number, operation)


def finish(write: Future[Body], number: int) -> None:
    write.set_result(Body(b'{"Echo":{"n":%d}}' % number))


def numbers(client: Client, count: int) -> list[int]:
    return [client.reply().json["Echo"]["n"] for _ in range(count)]


# --- order -----------------------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(client: Client) -> None:
    client.send(b"".join(numbered(n) for n in range(300)))
    assert numbers(client, 300) == list(range(300))


def test_an_answer_waits_for_the_write_before_it(door: Door, client: Client) -> None:
    client.send(numbered(0, "PutItem"), numbered(1), numbered(2, "PutItem"), numbered(3))
    door.engine.await_writes(2)
    finish(door.engine.writes[1], 2)
    assert client.is_silent()
    finish(door.engine.writes[0], 0)
    assert numbers(client, 4) == [0, 1, 2, 3]


def test_writes_that_finish_backwards_are_answered_forwards(door: Door, client: Client) -> None:
    client.send(b"".join(numbered(n, "PutItem") for n in range(20)))
    door.engine.await_writes(20)
    for n in reversed(range(20)):
        finish(door.engine.writes[n], n)
    assert numbers(client, 20) == list(range(20))


def test_a_write_that_has_finished_is_answered_at_once(door: Door, client: Client) -> None:
    def scan(request: dict[str, Any]) -> Future[Body]:
        future: Future[Body] = Future()
        future.set_result(Body(b'{"done":true}'))
        return future

    door.engine.scan = scan
    assert client.ask(request(b"{}", "Scan")).json == {"done": True}


def test_a_write_may_fail_after_it_was_taken(door: Door, client: Client) -> None:
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    door.engine.writes[0].set_exception(ConditionalCheckFailedException("The conditional request failed"))
    reply = client.reply()
    assert reply.status == 400
    assert reply.json["message"] == "The conditional request failed"


def test_other_connections_do_not_wait(door: Door, client: Client) -> None:
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    with door.client() as other:
        assert other.ask(request()).status == 200


@pytest.mark.door(limits={"waiting_requests": 4})
def test_no_more_requests_are_taken_than_may_wait(door: Door, client: Client) -> None:
    client.send(b"".join(numbered(n, "PutItem") for n in range(10)))
    door.engine.await_writes(4)
    with door.client() as other:
        assert other.ask(request()).status == 200
    assert len(door.engine.writes) == 4
    for n in range(10):
        door.engine.await_writes(n + 1)
        finish(door.engine.writes[n], n)
        assert len(door.engine.writes) <= n + 5
    assert numbers(client, 10) == list(range(10))
    assert client.ask(numbered(10)).status == 200


# --- framing ---------------------------------------------------------------------------------------------------------


def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.send(*(bytes([byte]) for byte in numbered(7)))
    assert numbers(client, 1) == [7]


def test_a_chunked_body_is_put_together(client: Client) -> None:
    head = request(b"", Content_Length=None, Transfer_Encoding="chunked")
    client.send(head, b"1\r\n{\r\n", b'6;name=value\r\n"n":42\r\n', b"1\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n")
    assert numbers(client, 1) == [42]
    assert client.ask(numbered(1)).headers["connection"] == "keep-alive"


def test_a_client_that_expects_it_is_told_to_continue(client: Client) -> None:
    head, _, body = request(b'{"n":5}', Expect="100-continue").partition(b"\r\n\r\n")
    assert client.ask(head + b"\r\n\r\n").status == 100
    client.send(body)
    assert numbers(client, 1) == [5]


def test_the_word_to_continue_waits_for_its_turn(door: Door, client: Client) -> None:
    head, _, body = request(b'{"n":1}', Expect="100-continue").partition(b"\r\n\r\n")
    client.send(numbered(0, "PutItem"), head + b"\r\n\r\n")
    door.engine.await_writes(1)
    finish(door.engine.writes[0], 0)
    assert numbers(client, 1) == [0]
    assert client.reply().status == 100
    client.send(body)
    assert numbers(client, 1) == [1]


def test_empty_header_values_and_blank_lines_before_a_request_are_let_pass(client: Client) -> None:
    assert client.ask(b"\r\n\r\n" + request(X_Nothing="")).status == 200


@pytest.mark.parametrize("zeros", [10, 5000])
def test_leading_zeros_of_a_length_are_nothing(client: Client, zeros: int) -> None:
    length = b"Content-Length: "
    assert client.ask(request().replace(length, length + b"0" * zeros)).status == 200


@pytest.mark.parametrize("body", [b"{}", b""])
def test_an_offer_to_upgrade_is_declined(client: Client, body: bytes) -> None:
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2_Settings": "AAMAAABkAARAAAAAAAIAAAAA"}
    status = 200 if body else 400
    client.send(request(body, **upgrade) + request(body, **upgrade) + numbered(9))
    assert [client.reply().status for _ in range(2)] == [status, status]
    assert numbers(client, 1) == [9]


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_bad_request_and_the_end(client: Client, sent: bytes) -> None:
    reply = client.ask(sent)
    assert (reply.status, reply.headers["connection"]) == (400, "close")
    client.end()
    assert client.at_end()


def test_a_bad_request_is_refused_after_the_answers_before_it(door: Door, client: Client) -> None:
    client.send(numbered(0, "PutItem") + numbered(1) + b"nonsense\r\n\r\n")
    door.engine.await_writes(1)
    finish(door.engine.writes[0], 0)
    assert numbers(client, 2) == [0, 1]
    assert client.reply().status == 400


# --- endings ---------------------------------------------------------------------------------------------------------


def test_a_connection_is_closed_when_the_client_asks(client: Client) -> None:
    reply = client.ask(request(Connection="close") + request())
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert client.at_end()


def test_http_1_0_is_closed_unless_it_asks_to_stay(client: Client) -> None:
    reply = client.ask(request(version="HTTP/1.0", Connection="keep-alive"))
    assert (reply.status, reply.headers["connection"]) == (200, "keep-alive")
    reply = client.ask(request(version="HTTP/1.0"))
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert client.at_end()


def test_a_client_that_has_ended_its_side_gets_its_answers(door: Door, client: Client) -> None:
    client.send(numbered(0, "PutItem") + numbered(1))
    client.end()
    door.engine.await_writes(1)
    finish(door.engine.writes[0], 0)
    assert numbers(client, 2) == [0, 1]
    assert client.at_end()


def test_a_request_that_is_cut_short_is_a_bad_request(door: Door, client: Client) -> None:
    client.send(numbered(0)[:-1])
    client.end()
    assert client.reply().status == 400
    assert client.at_end()
    assert door.engine.calls == []


def test_a_client_that_vanishes_leaves_nothing_behind(
    door: Door, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.send(numbered(0, "PutItem"))
    door.engine.await_writes(1)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    eventually(lambda: door.server.connections == 0)
    finish(door.engine.writes[0], 0)
    with door.client() as other:
        assert other.ask(request()).status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_closed_connections_are_forgotten(door: Door) -> None:
    for _ in range(20):
        with door.client() as client:
            assert client.ask(request()).status == 200
    eventually(lambda: door.server.connections == 0)
