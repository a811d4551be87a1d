"""What a connection may not do: send too much, take too long, read too slowly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ddbengine.api.acceptor import Acceptor
from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.cors import Cors
from ddbengine.api.dispatch import Dispatcher
from ddbengine.api.frame import Framer
from ddbengine.api.pages import Pages
from tests.api.conftest import Door
from tests.api.door import Body, Client, FakeEngine, any_members, eventually, request

MIB = 1024 * 1024


# --- sizes -----------------------------------------------------------------------------------------------------------


def test_a_body_of_sixteen_mebibytes_is_taken(client: Client) -> None:
    body = b'{"a":"%b"}' % (b"x" * (16 * MIB - 8))
    assert len(body) == 16 * MIB
    reply = client.ask(request(body))
    assert reply.status == 200


def test_a_larger_body_is_refused_by_its_announced_length(door: Door, client: Client) -> None:
    reply = client.ask(request(b"", Content_Length=str(16 * MIB + 1)))
    assert (reply.status, reply.body, reply.headers["connection"]) == (413, b"", "close")
    assert door.engine.calls == []


def test_a_client_that_waits_for_the_word_is_refused_without_it(client: Client) -> None:
    reply = client.ask(request(b"", Content_Length=str(17 * MIB), Expect="100-continue"))
    assert reply.status == 413


def test_a_refused_client_can_send_to_the_end_and_read_why(client: Client) -> None:
    sender = threading.Thread(target=client.send, args=(request(b"x" * (24 * MIB)),))
    sender.start()
    reply = client.reply()
    assert (reply.status, reply.headers["connection"]) == (413, "close")
    assert client.at_end()
    sender.join()


@pytest.mark.door(limits={"body_bytes": 1000})
def test_a_chunked_body_is_refused_when_it_grows_too_large(door: Door, client: Client) -> None:
    head = request(b"", Content_Length=None, Transfer_Encoding="chunked")
    reply = client.ask(head, b"258\r\n%b\r\n" % (b"x" * 600), b"258\r\n%b\r\n" % (b"x" * 600))
    assert reply.status == 413
    assert door.engine.calls == []


@pytest.mark.door(limits={"head_bytes": 2000})
@pytest.mark.parametrize(
    "head",
    [
        request(X_Long="x" * 3000),
        request(target="/" + "x" * 3000),
        b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 100_000,
        b"POST / HTTP/1.1\r\nA: " + b"x" * 600_000,
        b"POST /" + b"x" * 600_000,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: " + b"x" * 600_000,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 600_000,
    ],
    ids=["header", "target", "headers", "endless header", "endless target", "endless trailer", "endless extension"],
)
def test_a_head_that_is_too_long_is_refused(client: Client, head: bytes) -> None:
    sender = threading.Thread(target=client.send, args=(head,))
    sender.start()
    reply = client.reply()
    assert (reply.status, reply.headers["connection"]) == (431, "close")
    sender.join()


def test_a_long_head_within_the_limit_is_taken(client: Client) -> None:
    assert client.ask(request(X_Amz_Security_Token="x" * 60_000)).status == 200


# --- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.door(limits={"head_seconds": 0.1})
def test_a_head_that_does_not_end_is_not_waited_for(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\n")
    assert ends(client)


@pytest.mark.door(limits={"head_seconds": 0.1})
def test_a_head_that_drips_is_not_waited_for(door: Door, client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\n")
    send_until_refused(client, b"A: b\r\n", lambda: door.server.connections == 0)


@pytest.mark.door(limits={"request_seconds": 0.1})
def test_a_body_that_does_not_come_is_not_waited_for(client: Client) -> None:
    client.send(request(b"", Content_Length="5"))
    assert ends(client)


@pytest.mark.door(limits={"idle_seconds": 0.1})
@pytest.mark.parametrize("sent", [b"", b"\r\n", request()], ids=["nothing", "blank line", "a request"])
def test_an_idle_connection_is_closed(client: Client, sent: bytes) -> None:
    client.send(sent)
    if len(sent) > 2:
        assert client.reply().status == 200
    assert ends(client)


@pytest.mark.door(limits={"idle_seconds": 0.05, "head_seconds": 0.05, "request_seconds": 0.05})
def test_a_write_under_way_is_not_idleness(door: Door, client: Client) -> None:
    client.send(request(b"{}", "PutItem"))
    door.engine.await_writes(1)
    with door.client() as idle:
        assert ends(idle)
    door.engine.writes[0].cancel()
    assert client.reply().status == 500


@pytest.mark.door(limits={"linger_seconds": 0.1})
def test_a_refused_client_that_stays_is_cut_off(door: Door, client: Client) -> None:
    assert client.ask(b"nonsense\r\n\r\n").status == 400
    send_until_refused(client, b"more", lambda: door.server.connections == 0)


# --- slow readers ----------------------------------------------------------------------------------------------------


def test_a_client_that_does_not_read_is_not_served_on(door: Door, client: Client) -> None:
    """What is in the socket buffers is out of our hands; beyond it a bounded number of answers is made."""
    body = b'"%b"' % (b"x" * MIB)
    door.engine.scan = lambda request: body
    client.send(request(b"{}", "Scan") * 200)
    with door.client() as other:
        for _ in range(20):
            assert other.ask(request()).status == 200
    made = sum(call[0] == "Scan" for call in door.engine.calls)
    assert 0 < made < 50
    for _ in range(200):
        assert client.reply().body == body
    assert client.ask(request()).status == 200


@pytest.mark.door(limits={"stalled_seconds": 0.2})
def test_a_client_that_never_reads_is_cut_off(door: Door, client: Client) -> None:
    door.engine.scan = lambda request: b'"%b"' % (b"x" * MIB)
    client.send(request(b"{}", "Scan") * 50)
    eventually(lambda: door.server.connections == 0)


class SlowlyReadTransport(asyncio.Transport):
    """Holds as many unsent bytes as the test says."""

    unsent = 0
    aborted = False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True


class PausedTransport(asyncio.Transport):
    """Takes everything and knows whether it is to be read from."""

    paused = False

    def write(self, data: Any) -> None:
        pass

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


def acceptor_of(engine: FakeEngine, loop: asyncio.AbstractEventLoop, **limits: Any) -> Acceptor:
    pages = Pages(engine.status, engine.index_status, tls=False)
    dispatcher = Dispatcher(engine, any_members)
    return Acceptor(loop, dispatcher, Framer(Cors()), ConnectionLimits(**limits), pages.protocol)


def test_a_client_that_could_not_read_is_read_from_again_when_its_write_is_answered() -> None:
    loop = asyncio.new_event_loop()
    engine = FakeEngine()
    transport = PausedTransport()
    connection = acceptor_of(engine, loop, waiting_requests=1)()
    connection.connection_made(transport)
    connection.data_received(request(b"{}", "PutItem"))
    connection.pause_writing()
    assert transport.paused
    connection.resume_writing()
    assert transport.paused, "as many requests wait as may"
    engine.writes[0].set_result(Body(b"{}"))
    loop.run_until_complete(asyncio.sleep(0))
    assert not transport.paused
    loop.close()


def test_a_client_that_reads_slowly_is_waited_for_as_long_as_it_reads() -> None:
    loop = asyncio.new_event_loop()
    acceptor = acceptor_of(FakeEngine(), loop, stalled_seconds=60.0)
    transport = SlowlyReadTransport()
    connection = acceptor()
    connection.connection_made(transport)
    transport.unsent = 1000
    for _ in range(20):
        connection.expire()
        acceptor.now += 59.0
        transport.unsent -= 1
    connection.expire()
    assert not transport.aborted
    acceptor.now += 61.0
    connection.expire()
    assert transport.aborted
    loop.close()


def ends(client: Client) -> bool:
    """The server closes the connection, with or without a reset."""
    try:
        return client.at_end()
    except ConnectionResetError:
        return True


def send_until_refused(client: Client, data: bytes, gone: Callable[[], bool]) -> None:
    """Send a little now and then, until the server has dropped the connection."""

    def dropped() -> bool:
        try:
            client.send(data)
        except OSError:
            return True
        return gone()

    eventually(dropped)
    eventually(gone)
