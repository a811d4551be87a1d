"""From an HTTP request to the engine and back: the checks before an operation runs, in the service's order.

FACTS 1.2: body size, method and content type; JSON; target; authentication; an empty body; then types and constraints
of the service model (``check``), and everything else in the engine.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple, Protocol

import orjson

from ddbengine import limits
from ddbengine._core import Shortcut
from ddbengine.api import codings
from ddbengine.api.authentication import caller_of
from ddbengine.api.cors import Cors
from ddbengine.api.envelope import error_answer, fault_answer
from ddbengine.api.faults import Dropped, suffer
from ddbengine.api.frame import Answer, Request
from ddbengine.engine.context import Caller
from ddbengine.engine.faults import Faults, Strike
from ddbengine.engine.index_status import IndexesStatus
from ddbengine.engine.operations import STREAM_OPERATIONS
from ddbengine.errors import ApiError, SerializationException, UnknownOperationException
from ddbengine.storage.errors import StoreError
from ddbengine.storage.status import StoreStatus

__all__ = ["NOT_FOUND", "TOO_LARGE", "Check", "Dispatcher", "Operator", "Watched"]

Check = Callable[[str, object], dict[str, Any]]
"""Checks an operation's members against the service model; returns the checked request or raises ApiError."""

NOT_FOUND = Answer(404, b"<UnknownOperationException/>\n", json=False)
TOO_LARGE = Answer(413, b"", json=False)
_HEALTHY = Answer(200, b"healthy: dynamodb.us-east-1.amazonaws.com ", json=False)

_TARGET_PREFIX = "DynamoDB_20120810."
_STREAMS_TARGET_PREFIX = "DynamoDBStreams_20120810."
_CONTENT_TYPES = frozenset((b"application/x-amz-json-1.0", b"application/json"))

_log = logging.getLogger(__name__)


class Operator(Protocol):
    """What is asked of an engine: its operations, and an answer now or later.

    An answer is a body, or the future of an outcome with a ``body``; ApiError is raised, or is the future's exception.
    """

    @property
    def operations(self) -> Mapping[str, Any]: ...

    @property
    def faults(self) -> Faults | None: ...

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Any]: ...

    def answer_struck(
        self, operation: str, request: dict[str, Any], caller: Caller, strike: Strike | None
    ) -> bytes | Future[Any]: ...

    def shortcut(self, operation: str, caller: Caller) -> Shortcut | None: ...


class Watched(Operator, Protocol):
    """An engine that also tells how its store and its global indexes are."""

    def status(self) -> StoreStatus: ...

    def index_status(self) -> IndexesStatus: ...


class _Route(NamedTuple):
    """What the head of a request asks for; kept with its kind, of a request that came with a body."""

    operation: str
    caller: Caller


class Dispatcher:
    """Answers requests.  It raises nothing but Dropped: what is not the client's fault is logged, and answered with
    status 500."""

    def __init__(
        self,
        engine: Operator,
        check: Check,
        cors: Cors | None = None,
        body_bytes: int = limits.REQUEST_BODY_MAX_BYTES,
    ) -> None:
        self._engine = engine
        self._answer = engine.answer
        self._check = check
        self._cors = cors or Cors()
        self._body_bytes = body_bytes
        self._logs_calls = _log.isEnabledFor(logging.DEBUG)
        self._operations: dict[bytes | None, str] = {_target(name): name for name in engine.operations}

    def answer(self, request: Request) -> bytes | Answer | Future[Any]:
        """The body of a success, another answer, or the future that ``settle`` makes one of those of.

        Raise Dropped for a fault on demand.
        """
        try:
            if request.method == b"POST":
                return self._call(request)
            return self._other_method(request)
        except ApiError as error:
            _log.info("%s refused: %s: %s", _name(request), error.code, error.message)
            return error_answer(error)
        except StoreError as error:
            return _store_failed(error)
        except Dropped:
            raise
        except Exception:
            _log.exception("%s failed", _name(request))
            return fault_answer()

    def settle(self, future: Future[Any]) -> bytes | Answer:
        """What a finished future stands for: the body of a success, or another answer.  Raise Dropped for a fault on
        demand."""
        try:
            body: bytes = future.result().body
            return body
        except ApiError as error:
            _log.info("a write refused: %s: %s", error.code, error.message)
            return error_answer(error)
        except StoreError as error:
            return _store_failed(error)
        except Dropped:
            raise
        except Exception:
            _log.exception("a write failed")
            return fault_answer()

    def _call(self, request: Request) -> bytes | Answer | Future[Any]:
        kind = request.kind
        if kind is None or kind.route is None:
            return self._call_anew(request)
        members: object = request.members
        if members is None:
            if not request.body:
                raise SerializationException
            try:
                members = orjson.loads(request.body)
            except orjson.JSONDecodeError:
                raise SerializationException from None
        return self._run(kind.route, members)

    def _call_anew(self, request: Request) -> bytes | Answer | Future[Any]:
        """As ``_call``, of a request that is not of a kind that was seen before."""
        headers = request.headers
        body = request.body
        members = None
        if body:
            content_type = headers.get(b"content-type")
            if content_type not in _CONTENT_TYPES and not _is_known(content_type):
                return NOT_FOUND
            if b"content-encoding" in headers:
                try:
                    body = self._unpacked(body, headers[b"content-encoding"])
                except codings.Oversized:
                    return TOO_LARGE
            if body:
                try:
                    members = orjson.loads(body)
                except orjson.JSONDecodeError:  # also of lone surrogates and bottomless nesting, as for the service
                    raise SerializationException from None
        operation = self._operations.get(headers.get(b"x-amz-target"))
        if operation is None:
            raise UnknownOperationException
        caller = caller_of(request.target, headers)
        if not body:
            raise SerializationException
        route = _Route(operation, caller)
        kind = request.kind
        if kind is not None:
            kind.route = route
            kind.shortcut = None if self._logs_calls else self._engine.shortcut(operation, caller)
        return self._run(route, members)

    def _run(self, route: _Route, members: object) -> bytes | Future[Any]:
        operation, caller = route
        if self._logs_calls:
            _log.debug("%s by %s in %s", operation, caller.access_key_id, caller.region)
        checked = self._check(operation, members)
        if self._engine.faults is None:
            return self._answer(operation, checked, caller)
        return self.carry_out(operation, checked, caller)

    def carry_out(self, operation: str, checked: dict[str, Any], caller: Caller) -> bytes | Future[Any]:
        """What the engine answers to a checked request, with the faults on demand.  Raise ApiError or Dropped."""
        faults = self._engine.faults
        if faults is None:
            return self._answer(operation, checked, caller)
        strike = faults.strike(operation, checked)
        run = partial(self._engine.answer_struck, operation, checked, caller, strike)
        return run() if strike is None else suffer(strike, run)

    def _other_method(self, request: Request) -> Answer:
        if request.method == b"GET":
            return _HEALTHY
        if request.method == b"OPTIONS" and self._cors.allows(request.headers.get(b"origin")):
            return Answer(200, b"", json=False, lines=self._cors.preflight_lines(request.headers))
        return NOT_FOUND

    def _unpacked(self, body: bytes, coding: bytes) -> bytes:
        coding = coding.strip().lower()
        if coding == b"identity":
            return body
        if coding not in (b"gzip", b"x-gzip"):
            raise SerializationException
        try:
            return codings.unpack(body, self._body_bytes)
        except zlib.error:
            raise SerializationException from None


def _store_failed(error: StoreError) -> Answer:
    """Not a bug but the state of a disk, which may be the same for every request until somebody sees to it."""
    _log.error("the store failed: %s", error)
    return fault_answer()


def _name(request: Request) -> str:
    return request.headers.get(b"x-amz-target", b"a request without a target").decode("latin-1")


def _target(operation: str) -> bytes:
    """What a request for an operation has in its target header."""
    prefix = _STREAMS_TARGET_PREFIX if operation in STREAM_OPERATIONS else _TARGET_PREFIX
    return (prefix + operation).encode()


def _is_known(content_type: bytes | None) -> bool:
    return content_type is not None and content_type.partition(b";")[0].strip().lower() in _CONTENT_TYPES
