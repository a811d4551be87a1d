"""What the HTTP tests share: an engine that needs no store, and a client that speaks in raw bytes."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from ddbengine._core import Shortcut
from ddbengine.engine.context import Caller
from ddbengine.engine.faults import Faults, Strike
from ddbengine.engine.index_status import IndexesStatus
from ddbengine.storage.status import (
    FOLLOWING,
    LEADING,
    CommitStatus,
    LogStatus,
    ReplicaStatus,
    StoreStatus,
)

TIMEOUT_SECONDS = 10.0
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=key/20261001/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"
)


STORE = StoreStatus(
    durability="quorum",
    writable=True,
    term=2,
    acknowledged_lsn=9,
    replicas=tuple(
        ReplicaStatus(name, f"d/{name}", state, 2, lsn, lsn, 10 - lsn, 0.0, None, 0, 0, 1 << 36, 8192)
        for name, state, lsn in [("az1", LEADING, 10), ("az2", FOLLOWING, 10), ("az3", FOLLOWING, 9)]
    ),
    log=LogStatus(first_lsn=4, last_lsn=10, entries=5),
    commits=CommitStatus(commits=7, plans=30, groups=8, largest_group=12, commit_seconds=0.125, failovers=1),
)

INDEXES = IndexesStatus("running", None, passed_lsn=0, lag_lsns=0, lag_seconds=0.0, indexes=())


@dataclass(frozen=True, slots=True)
class Body:
    """An outcome, as far as the API looks at it."""

    body: bytes


@dataclass(slots=True)
class FakeEngine:
    """GetItem and ListStreams echo request and caller, PutItem finishes when the test says so, Scan does as told."""

    operations: Mapping[str, Any] = field(
        default_factory=lambda: dict.fromkeys(("GetItem", "PutItem", "Scan", "ListStreams"))
    )
    writes: list[Future[Body]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any], Caller]] = field(default_factory=list)
    scan: Callable[[dict[str, Any]], bytes | Future[Body]] = field(default=lambda request: b"{}")
    store: StoreStatus = STORE
    indexes: IndexesStatus = INDEXES
    faults: Faults | None = None
    shortcuts: dict[str, Shortcut] = field(default_factory=dict)

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Any]:
        self.calls.append((operation, request, caller))
        if operation == "PutItem":
            future: Future[Body] = Future()
            self.writes.append(future)
            return future
        if operation == "Scan":
            return self.scan(request)
        return json.dumps({"Echo": request, "Key": caller.access_key_id, "Region": caller.region}).encode()

    def status(self) -> StoreStatus:
        return self.store

    def index_status(self) -> IndexesStatus:
        return self.indexes

    def answer_struck(
        self, operation: str, request: dict[str, Any], caller: Caller, strike: Strike | None
    ) -> bytes | Future[Any]:
        return self.answer(operation, request, caller)

    def shortcut(self, operation: str, caller: Caller) -> Shortcut | None:
        return self.shortcuts.get(operation)

    def await_writes(self, count: int) -> None:
        eventually(lambda: len(self.writes) >= count)


def any_members(operation: str, members: object) -> dict[str, Any]:
    """A check that lets every object pass."""
    return members if isinstance(members, dict) else {}


def eventually(condition: Callable[[], object]) -> None:
    """Return when the condition holds; fail when it has not within the time-out."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("the condition never came true")
        time.sleep(0.002)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(
    body: bytes = b"{}",
    operation: str = "GetItem",
    *,
    method: str = "POST",
    target: str = "/",
    version: str = "HTTP/1.1",
    **headers: str | None,
) -> bytes:
    """The bytes of a request that is in order, but for what is given.  A header is named with underscores; None drops
    it."""
    fields: dict[str, str | None] = {
        "Host": "localhost",
        "Content_Type": "application/x-amz-json-1.0",
        "X_Amz_Target": f"DynamoDB_20120810.{operation}",
        "X_Amz_Date": "20261001T000000Z",
        "Authorization": AUTHORIZATION,
        "Content_Length": str(len(body)),
    }
    fields.update(headers)
    lines = [f"{method} {target} {version}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Client:
    """A socket, and the replies that come out of it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.socket.sendall(part)

    def reply(self, *, bodiless: bool = False) -> Reply:
        """The next reply; its checksum, length and request id are checked."""
        status_line = self._stream.readline()
        if not status_line:
            raise EOFError
        status = int(status_line.split()[1])
        headers: dict[str, str] = {}
        while (line := self._stream.readline().rstrip(b"\r\n")) != b"":
            name, _, value = line.decode("latin-1").partition(": ")
            assert name.lower() not in headers
            headers[name.lower()] = value
        if status == 100:
            return Reply(status, headers, b"")
        body = b"" if bodiless else self._stream.read(int(headers["content-length"]))
        assert bodiless or len(body) == int(headers["content-length"])
        assert bodiless or crc32(body) == int(headers["x-amz-crc32"])
        assert len(headers["x-amzn-requestid"]) == 52
        assert set(headers["x-amzn-requestid"]) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return Reply(status, headers, body)

    def ask(self, *parts: bytes) -> Reply:
        self.send(*parts)
        return self.reply()

    def is_silent(self) -> bool:
        """Whether nothing arrives for a moment."""
        return select.select([self.socket], [], [], 0.05)[0] == []

    def end(self) -> None:
        """Say that nothing more will be sent; what comes can still be read."""
        self.socket.shutdown(socket.SHUT_WR)

    def rest(self) -> bytes:
        """Everything until the server closes."""
        return self._stream.read()

    def at_end(self) -> bool:
        """Wait for the server to close; True when it sent nothing more."""
        return self._stream.read(1) == b""
