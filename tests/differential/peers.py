"""One side of a comparison: a server spoken to in plain HTTP, one request at a time on one kept connection."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any

from ddbengine.engine.operations import STREAM_OPERATIONS

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=differential/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "0" * 64,
    "X-Amz-Date": "20260101T000000Z",
}
"""Neither side checks the signature; both want its form."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to both sides.  ``body`` is an operation's input, or bytes that are sent as they are."""

    operation: str
    body: dict[str, Any] | bytes

    @property
    def input(self) -> dict[str, Any]:
        """The operation's input; empty for a raw body."""
        return self.body if isinstance(self.body, dict) else {}

    def __str__(self) -> str:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False)
        return f"{self.operation} {body!s}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.  ``error`` is the name without its prefix, empty for a success."""

    status: int
    error: str
    message: str
    body: Any

    def __str__(self) -> str:
        return f"{self.status} {json.dumps(self.body, ensure_ascii=False)}"


class Peer:
    """A connection to one server.  Closed at the end of ``with``."""

    def __init__(self, port: int, is_emulator: bool = False) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._object_hook = _with_plain_numbers if is_emulator else None

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, request: Request) -> Answer:
        body = request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()
        service = "DynamoDBStreams" if request.operation in STREAM_OPERATIONS else "DynamoDB"
        headers = HEADERS | {"X-Amz-Target": f"{service}_20120810.{request.operation}"}
        self._connection.request("POST", "/", body, headers)
        response = self._connection.getresponse()
        text = response.read()
        return _answer(response.status, json.loads(text, object_hook=self._object_hook) if text else None)


def _with_plain_numbers(members: dict[str, Any]) -> dict[str, Any]:
    """Numbers as the service reads them back (FACTS 2.1); the emulator gives many as they were sent."""
    for name, value in members.items():
        if name == "N" and isinstance(value, str):
            members[name] = _plain(value)
        elif name == "NS" and isinstance(value, list):
            members[name] = [_plain(number) for number in value]
    return members


def _plain(number: str) -> str:
    digits = f"{Decimal(number):f}"
    plain = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if plain == "-0" else plain


def _answer(status: int, body: Any) -> Answer:
    if not isinstance(body, dict) or "__type" not in body:
        return Answer(status, "", "", body)
    message = body.get("message", body.get("Message")) or ""
    return Answer(status, body["__type"].rpartition("#")[2], message, body)
