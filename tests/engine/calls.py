"""An engine called as a client would: requests are checked as on the wire, and answers are parsed JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import orjson

from ddbengine.api.requests import check
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.errors import ApiError

CALLER = Caller("AKIATEST", "us-east-1")


@dataclass(frozen=True)
class Refusal:
    """What a client sees of an error."""

    code: str
    message: str | None
    members: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Calls:
    engine: Engine

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """The answer to a request; raise ApiError.  A shortcut of a read says the same or nothing, one of a write is
        taken by half of all requests."""
        sent = orjson.dumps(request)
        if operation == "PutItem" and crc32(sent) & 1:
            return self._put_shortly(sent, request)
        return self._call(operation, sent)

    def _put_shortly(self, sent: bytes, request: dict[str, Any]) -> dict[str, Any]:
        shortcut = self.engine.shortcut("PutItem", CALLER)
        assert shortcut is not None
        found = shortcut.answer(sent)
        if found is None or isinstance(found, dict):
            assert found in (None, request)
            return self._call("PutItem", sent)
        answer: dict[str, Any] = orjson.loads(found if isinstance(found, bytes) else found.result().body)
        return answer

    def _call(self, operation: str, sent: bytes) -> dict[str, Any]:
        early = self._short_answer(operation, sent)
        try:
            body = self.engine.execute(operation, check(operation, orjson.loads(sent)), CALLER)
        except ApiError:
            assert None in (early, self._short_answer(operation, sent)), "a shortcut answers what is refused"
            raise
        if early not in (None, body):  # somebody may have written meanwhile
            assert self._short_answer(operation, sent) in (None, body), "a shortcut answers otherwise"
        answer: dict[str, Any] = orjson.loads(body)
        return answer

    def _short_answer(self, operation: str, body: bytes) -> bytes | None:
        shortcut = self.engine.shortcut(operation, CALLER) if operation in ("GetItem", "Query") else None
        answer = None if shortcut is None else shortcut.answer(body)
        return answer if isinstance(answer, bytes) else None

    def error(self, operation: str, **request: Any) -> ApiError | None:
        """The error a request is answered with, None if it succeeds."""
        try:
            self.call(operation, **request)
        except ApiError as error:
            return error
        return None

    def refusal(self, operation: str, **request: Any) -> Refusal:
        """The error a request is answered with, as a client sees it; AssertionError if it succeeds."""
        error = self.error(operation, **request)
        assert error is not None, f"{operation} was to be refused: {request}"
        return Refusal(error.code, error.message, orjson.loads(orjson.dumps(error.members)))

    def invalid(self, operation: str, **request: Any) -> str | None:
        """The message of the ValidationException a request is answered with."""
        refusal = self.refusal(operation, **request)
        assert refusal.code == "ValidationException", refusal
        return refusal.message

    def create(self, request: dict[str, Any]) -> str:
        """Create a table from a request of tests.tables; return its name."""
        self.call("CreateTable", **request)
        name: str = request["TableName"]
        return name

    def put(self, table: str, *items: dict[str, Any]) -> None:
        for item in items:
            self.call("PutItem", TableName=table, Item=item)

    def get(self, table: str, **key: Any) -> dict[str, Any] | None:
        """The item at a key, read consistently; None when there is none."""
        return self.call("GetItem", TableName=table, Key=key, ConsistentRead=True).get("Item")

    def pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        """The answers of a Query or Scan, page by page to the end."""
        while True:
            page = self.call(operation, **request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            assert page["LastEvaluatedKey"] != request.get("ExclusiveStartKey"), "a page makes progress"
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def items(self, operation: str, **request: Any) -> list[dict[str, Any]]:
        """The items of all pages of a Query or Scan."""
        return [item for page in self.pages(operation, **request) for item in page["Items"]]
