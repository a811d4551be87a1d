"""Pages on the service's port: connections that change hands."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ddbengine import __version__
from ddbengine.errors import ResourceNotFoundException
from ddbengine.storage.status import FAILED, StoreStatus
from tests.api.conftest import Door
from tests.api.door import STORE, Body, Client, request


def get(path: str, method: str = "GET", host: str = "example:8000") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def page(client: Client, *parts: bytes) -> tuple[bytes, bytes]:
    """Head and body of a page, after which the connection ends."""
    client.send(*parts)
    head, _, body = client.rest().partition(b"\r\n\r\n")
    return head, body


def test_health_is_json(client: Client) -> None:
    head, body = page(client, get("/_ddbengine/health"))
    health = json.loads(body)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close" in head
    assert (health["status"], health["version"]) == ("ok", __version__)
    assert health["uptime_seconds"] >= 0


def lost(*names: str, writable: bool = True) -> StoreStatus:
    """The store after it has lost these replicas."""
    replicas = tuple(
        replace(replica, state=FAILED, fault="its directory is gone") if replica.name in names else replica
        for replica in STORE.replicas
    )
    return replace(STORE, replicas=replicas, writable=writable)


def test_health_tells_of_the_store(client: Client) -> None:
    _, body = page(client, get("/_ddbengine/health"))
    store = json.loads(body)["store"]
    assert (store["durability"], store["writable"], store["commits"]["commits"]) == ("quorum", True, 7)
    assert [(replica["name"], replica["state"]) for replica in store["replicas"]] == [
        ("az1", "leading"),
        ("az2", "following"),
        ("az3", "following"),
    ]


def test_health_is_degraded_when_a_replica_is_lost(door: Door, client: Client) -> None:
    door.engine.store = lost("az3")
    head, body = page(client, get("/_ddbengine/health"))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body)["status"] == "degraded"
    assert json.loads(body)["store"]["replicas"][2]["fault"] == "its directory is gone"


def test_health_is_degraded_when_a_damaged_replica_leads_for_want_of_another(door: Door, client: Client) -> None:
    leader = replace(STORE.replicas[0], fault="what it holds is damaged")
    door.engine.store = replace(STORE, replicas=(leader,))
    _, body = page(client, get("/_ddbengine/health"))
    assert json.loads(body)["status"] == "degraded"


def test_health_is_bad_when_nothing_can_be_written(door: Door, client: Client) -> None:
    door.engine.store = lost("az2", "az3", writable=False)
    head, body = page(client, get("/_ddbengine/health"))
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body)["status"] == "read-only"


def test_metrics_are_what_prometheus_reads(client: Client) -> None:
    head, body = page(client, get("/_ddbengine/metrics"))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8" in head
    assert b'\nddbengine_replica_lsn{replica="az3"} 9\n' in body


def test_the_landing_page_shows_the_address_it_was_reached_at(client: Client) -> None:
    head, body = page(client, get("/_ddbengine/"))
    assert b"text/html" in head
    assert b"endpoint_url=&quot;" not in body
    assert b'endpoint_url="http://example:8000"' in body


def test_the_landing_page_does_not_trust_the_host(client: Client) -> None:
    _, body = page(client, get("/_ddbengine/", host='"><script>alert(1)</script>'))
    assert b"<script>" not in body


def test_the_landing_page_is_found_without_its_slash(client: Client) -> None:
    head, _ = page(client, get("/_ddbengine"))
    assert head.startswith(b"HTTP/1.1 301 ")
    assert b"Location: /_ddbengine/" in head


@pytest.mark.parametrize("sent", [get("/favicon.ico"), get("/_ddbengine/nope"), get("/nope?a=b")])
def test_a_page_that_does_not_exist_is_not_found(client: Client, sent: bytes) -> None:
    head, _ = page(client, sent)
    assert head.startswith(b"HTTP/1.1 404 ")


def test_other_methods_elsewhere_are_the_services_not_found(client: Client) -> None:
    reply = client.ask(get("/nope", "PUT"))
    assert (reply.status, reply.body) == (404, b"<UnknownOperationException/>\n")


def test_a_page_may_be_asked_for_after_calls_on_the_same_connection(client: Client) -> None:
    assert client.ask(request()).status == 200
    assert client.ask(get("/")).status == 200
    head, _ = page(client, get("/_ddbengine/health"))
    assert head.startswith(b"HTTP/1.1 200 ")


def test_a_page_may_be_asked_for_in_pieces(client: Client) -> None:
    client.send(*(bytes([byte]) for byte in get("/_ddbengine/health")))
    assert client.rest().startswith(b"HTTP/1.1 200 ")


def test_a_page_behind_other_requests_is_left_for_another_connection(door: Door, client: Client) -> None:
    client.send(request(b"{}", "PutItem") + get("/_ddbengine/health"))
    door.engine.await_writes(1)
    door.engine.writes[0].set_result(Body(b"{}"))
    assert client.reply().status == 200
    assert client.at_end()


def advance(body: bytes, content_type: str = "application/json", method: str = "POST") -> bytes:
    head = f"{method} /_ddbengine/clock HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class AdjustableClock:
    """Starts at 1000, and knows by what it was put forward."""

    def __init__(self) -> None:
        self.advances: list[float] = []

    def __call__(self, seconds: float) -> float:
        if seconds < 0:
            raise ValueError("not back")
        self.advances.append(seconds)
        return 1000 + sum(self.advances)


CLOCK = AdjustableClock()


@pytest.mark.door(advance_clock=CLOCK)
def test_the_clock_can_be_put_forward(client: Client) -> None:
    CLOCK.advances.clear()
    head, body = page(client, advance(b'{"advance": 86400.5}'))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body) == {"now": 87400.5}
    assert CLOCK.advances == [86400.5]


def test_the_clock_cannot_be_put_forward_unless_that_was_allowed(client: Client) -> None:
    head, _ = page(client, advance(b'{"advance": 1}'))
    assert head.startswith(b"HTTP/1.1 404 ")


@pytest.mark.door(advance_clock=CLOCK)
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (advance(b'{"advance": 1}', "text/plain"), "the content type is to be application/json, not text/plain"),
        (advance(b"{"), "not JSON"),
        (advance(b"[]"), "an object with one member is needed"),
        (advance(b'{"advance": 1, "back": 1}'), "an object with one member is needed"),
        (advance(b'{"advance": "1"}'), "advance is a number of seconds"),
        (advance(b'{"advance": true}'), "advance is a number of seconds"),
        (advance(b'{"advance": -1}'), "not back"),
    ],
)
def test_what_is_no_advance_is_refused(client: Client, sent: bytes, said: str) -> None:
    CLOCK.advances.clear()
    head, body = page(client, sent)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert said in json.loads(body)["message"]
    assert CLOCK.advances == []


@pytest.mark.door(advance_clock=CLOCK)
def test_the_clock_is_not_moved_by_looking(client: Client) -> None:
    head, _ = page(client, advance(b"", method="GET"))
    assert head.startswith(b"HTTP/1.1 405 ")


def split(body: bytes, content_type: str = "application/json") -> bytes:
    head = f"POST /_ddbengine/partitions HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def split_partition(table_name: str, at: int | None) -> bytes:
    if table_name == "absent":
        raise ResourceNotFoundException("Requested resource not found: Table: absent not found")
    return json.dumps({"TableName": table_name, "At": at}).encode()


@pytest.mark.door(split_partition=split_partition)
@pytest.mark.parametrize("members", [{"TableName": "table", "At": None}, {"TableName": "table", "At": 7}])
def test_a_partition_can_be_split(client: Client, members: dict[str, object]) -> None:
    head, body = page(client, split(json.dumps({name: value for name, value in members.items() if value}).encode()))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body) == members


def test_a_partition_cannot_be_split_unless_that_was_allowed(client: Client) -> None:
    head, _ = page(client, split(b'{"TableName": "table"}'))
    assert head.startswith(b"HTTP/1.1 404 ")


@pytest.mark.door(split_partition=split_partition)
@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (split(b'{"TableName": "table"}', "text/plain"), "the content type is to be application/json, not text/plain"),
        (split(b"{"), "not JSON"),
        (split(b"[]"), "an object like"),
        (split(b'{"At": 1}'), "an object like"),
        (split(b'{"TableName": "table", "By": 1}'), "an object like"),
        (split(b'{"TableName": 1}'), "TableName is a string"),
        (split(b'{"TableName": "table", "At": "1"}'), "At is a whole number"),
        (split(b'{"TableName": "table", "At": true}'), "At is a whole number"),
        (split(b'{"TableName": "absent"}'), "Requested resource not found: Table: absent not found"),
    ],
)
def test_what_is_no_split_is_refused(client: Client, sent: bytes, said: str) -> None:
    head, body = page(client, sent)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert said in json.loads(body)["message"]


def test_many_connections_can_ask_for_the_first_page_at_once(door: Door) -> None:
    clients = [door.client() for _ in range(10)]
    for client in clients:
        client.send(get("/_ddbengine/health"))
    for client in clients:
        assert client.rest().startswith(b"HTTP/1.1 200 ")
        client.close()
