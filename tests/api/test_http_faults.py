"""Faults on demand as a client of HTTP meets them: late answers and dropped connections."""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from typing import Any

import pytest

from ddbengine.engine.fault_rules import fault_rules
from ddbengine.engine.faults import Faults
from ddbengine.errors import ConditionalCheckFailedException
from ddbengine.storage.errors import StoreError
from tests.api.conftest import Door
from tests.api.door import Body, Client, eventually, request

LATENCY_SECONDS = 0.15
TIMER_SECONDS = 0.01
"""How coarse the loop's timers may be."""


def suffer(door: Door, *rules: dict[str, Any]) -> None:
    door.engine.faults = Faults(fault_rules(list(rules)))


def is_dropped(client: Client) -> bool:
    """Whether the server broke the connection off without another byte."""
    try:
        return client.rest() == b""
    except ConnectionResetError:
        return True


def test_no_fault_leaves_answers_as_they_are(door: Door, client: Client) -> None:
    suffer(door, {"drop": "before", "operation": "PutItem"})
    assert client.ask(request()).status == 200


def test_a_dropped_request_has_not_begun(door: Door, client: Client) -> None:
    suffer(door, {"drop": "before"})
    client.send(request())
    assert is_dropped(client)
    assert door.engine.calls == []


@pytest.mark.parametrize("operation", ["GetItem", "Scan"])
def test_a_connection_dropped_after_a_read_has_had_it_done(door: Door, client: Client, operation: str) -> None:
    suffer(door, {"drop": "after"})
    client.send(request(b"{}", operation))
    assert is_dropped(client)
    assert [call[0] for call in door.engine.calls] == [operation]


def test_a_connection_dropped_after_a_write_waits_for_it(door: Door, client: Client) -> None:
    suffer(door, {"drop": "after", "operation": "PutItem"})
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    assert client.is_silent()
    door.engine.writes[0].set_result(Body(b"{}"))
    assert is_dropped(client)


def test_a_write_that_fails_is_dropped_just_the_same(door: Door, client: Client) -> None:
    suffer(door, {"drop": "after", "operation": "PutItem"})
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    door.engine.writes[0].set_exception(RuntimeError("no room"))
    assert is_dropped(client)


def test_a_write_that_is_done_at_once_is_dropped_after(door: Door, client: Client) -> None:
    done: Future[Body] = Future()
    done.set_result(Body(b"{}"))
    door.engine.scan = lambda request: done
    suffer(door, {"drop": "after"})
    client.send(request(b"{}", "Scan"))
    assert is_dropped(client)


@pytest.mark.parametrize("error", [ConditionalCheckFailedException("no"), StoreError("no room")])
def test_a_write_that_is_refused_at_once_is_dropped_just_the_same(door: Door, client: Client, error: Exception) -> None:
    def refuse(request: dict[str, Any]) -> bytes:
        raise error

    door.engine.scan = refuse
    suffer(door, {"drop": "after"})
    client.send(request(b"{}", "Scan"))
    assert is_dropped(client)


def test_another_connection_is_not_dropped(door: Door, client: Client) -> None:
    suffer(door, {"drop": "before", "first": 1})
    client.send(request())
    assert is_dropped(client)
    with door.client() as other:
        assert other.ask(request()).status == 200


def test_what_was_sent_behind_a_dropped_request_is_not_begun(door: Door, client: Client) -> None:
    suffer(door, {"drop": "before", "first": 1})
    client.send(request() + request(b"{}", "Scan"))
    assert is_dropped(client)
    assert door.engine.calls == []
    eventually(lambda: door.server.connections == 0)


def test_a_late_request_is_answered_late(door: Door, client: Client) -> None:
    suffer(door, {"latency": LATENCY_SECONDS})
    before = time.monotonic()
    assert client.ask(request()).status == 200
    assert time.monotonic() - before >= LATENCY_SECONDS - TIMER_SECONDS


def test_a_late_write_is_begun_late_and_answered_when_it_is_done(door: Door, client: Client) -> None:
    suffer(door, {"latency": LATENCY_SECONDS, "operation": "PutItem"})
    client.send(request(b"{}", "PutItem"))
    assert door.engine.writes == []
    door.engine.await_writes(1)
    door.engine.writes[0].set_result(Body(b'{"Late":true}'))
    assert client.reply().json == {"Late": True}


def test_others_are_served_while_a_request_is_late(door: Door, client: Client) -> None:
    suffer(door, {"latency": 3600, "operation": "Scan"})
    client.send(request(b"{}", "Scan"))
    with door.client() as other:
        assert other.ask(request()).status == 200
    assert client.is_silent()


def test_answers_keep_their_order_behind_a_late_one(door: Door, client: Client) -> None:
    suffer(door, {"latency": LATENCY_SECONDS, "operation": "Scan"})
    client.send(request(b"{}", "Scan") + request(b'{"Key":1}'))
    assert client.reply().body == b"{}"
    assert client.reply().json["Echo"] == {"Key": 1}


def test_a_late_failure_is_an_answer_too(door: Door, client: Client) -> None:
    def failing(members: dict[str, Any]) -> bytes:
        raise RuntimeError("broken")

    door.engine.scan = failing
    suffer(door, {"latency": LATENCY_SECONDS})
    reply = client.ask(request(b"{}", "Scan"))
    assert (reply.status, reply.json["__type"].rpartition("#")[2]) == (500, "InternalServerError")


def test_a_client_may_leave_before_its_late_answer(door: Door) -> None:
    suffer(door, {"latency": LATENCY_SECONDS})
    client = door.client()
    client.send(request())
    eventually(lambda: door.server.connections == 1)
    client.socket.shutdown(socket.SHUT_RDWR)
    client.close()
    eventually(lambda: len(door.engine.calls) == 1)
    with door.client() as other:
        assert other.ask(request()).status == 200


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_late_request_may_be_dropped(door: Door, client: Client, drop: str) -> None:
    suffer(door, {"latency": LATENCY_SECONDS}, {"drop": drop})
    before = time.monotonic()
    client.send(request())
    assert is_dropped(client)
    assert time.monotonic() - before >= LATENCY_SECONDS - TIMER_SECONDS
    assert len(door.engine.calls) == (1 if drop == "after" else 0)
