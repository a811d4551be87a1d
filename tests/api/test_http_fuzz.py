"""Any bytes, in any pieces: no status 500, no hang, and the server answers the next client.

Strategies: arbitrary bytes; requests that are valid but for a few bytes; several requests cut at arbitrary points.
Not covered: time-outs, concurrent connections, and TLS.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Door
from tests.api.door import eventually, request

SAMPLES = [
    request(b'{"TableName":"t"}'),
    request(b"", Content_Length=None, Transfer_Encoding="chunked") + b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
    request(b"{}", Connection="Upgrade", Upgrade="h2c"),
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS / HTTP/1.1\r\nOrigin: a\r\n\r\n",
    b"GET /_ddbengine/health HTTP/1.1\r\nHost: a\r\n\r\n",
]
FRAGMENTS = [
    b"POST / HTTP/1.1\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: application/json\r\n",
    b"X-Amz-Target: DynamoDB_20120810.GetItem\r\n",
    b"Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    b"\r\n",
    b"0\r\n\r\n",
    b"5\r\nabcde\r\n",
]


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def fuzzed(request: pytest.FixtureRequest) -> Iterator[Door]:
    door = Door(request.param)
    yield door
    eventually(lambda: door.server.connections == 0)
    door.server.close()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, len(data) - 1))
        data[position : position + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
        if not data:
            break
    return bytes(data)


def answers(door: Door, parts: list[bytes]) -> bytes:
    """Everything the server says to a client that sends these parts and ends."""
    with door.client() as client:
        try:
            client.send(*parts)
            client.end()
            return client.rest()
        except (ConnectionResetError, BrokenPipeError):
            return b""


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300) | damaged() | st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join),
    tail=st.sampled_from([b"", SAMPLES[0]]),
)
def test_no_bytes_are_a_fault_of_ours(fuzzed: Door, caplog: pytest.LogCaptureFixture, data: bytes, tail: bytes) -> None:
    said = answers(fuzzed, [data + tail])
    assert not re.search(rb"^HTTP/1.1 5\d\d", said, re.MULTILINE)
    ours = [record for record in caplog.records if record.name.startswith("ddbengine")]
    assert [record for record in ours if record.levelno >= logging.ERROR] == []
    with fuzzed.client() as other:
        assert other.ask(request()).status == 200


@settings(max_examples=100)
@given(
    requests=st.lists(st.sampled_from(SAMPLES[:5]), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 3000), max_size=8),
)
def test_where_the_bytes_are_cut_makes_no_difference(fuzzed: Door, requests: list[bytes], cuts: list[int]) -> None:
    data = b"".join(requests)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    parts = [data[start:end] for start, end in pairwise(places)]
    with fuzzed.client() as client:
        client.send(*parts)
        cut = [client.reply() for _ in requests]
    whole = []
    for sent in requests:
        with fuzzed.client() as client:
            whole.append(client.ask(sent))
    assert [(reply.status, reply.body) for reply in cut] == [(reply.status, reply.body) for reply in whole]
