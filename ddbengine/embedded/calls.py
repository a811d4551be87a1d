"""Carrying out one request in the caller's thread, or for a coroutine that waits for it.

Faults on demand that happen at a connection over HTTP happen here: a late request makes its caller wait, and a dropped
connection is botocore's ConnectionClosedError, which boto3's clients retry.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from typing import Any

from ddbengine.embedded.answers import answer_of, exception_of
from ddbengine.embedded.requests import checked, refuse_if_not_sent
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.faults import Strike
from ddbengine.errors import ApiError, SerializationException
from ddbengine.storage.store import Outcome

__all__ = ["ENDPOINT_URL", "call", "call_async", "carry_out"]

ENDPOINT_URL = "http://ddbengine.invalid"
"""What clients without a socket call their endpoint: a name that can never be looked up."""

_READ_IN_PLACE = "GetItem"
"""The operation whose answer is made without JSON: the one that is called most, and whose time is mostly that."""


def call(engine: Engine, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request, in DynamoDB JSON.

    Raise ServiceError, ParamValidationError, ConnectionClosedError; StoreError when the store fails or is closed.
    """
    try:
        members = checked(operation, request)
        if engine.faults is None:
            if operation == _READ_IN_PLACE:
                return engine.get_item(members, caller)
            answer = engine.answer(operation, members, caller)
            body = answer if type(answer) is bytes else answer.result().body  # type: ignore[union-attr]
        else:
            body = carry_out(engine, caller, operation, members)
    except ApiError as error:
        raise exception_of(error, operation) from None
    except (TypeError, UnicodeEncodeError) as error:
        _refuse_no_json(error, operation, request)
        raise
    return answer_of(body)


async def call_async(engine: Engine, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """As ``call``, leaving the event loop to others while a write becomes durable."""
    try:
        members = checked(operation, request)
        if engine.faults is None:
            if operation == _READ_IN_PLACE:
                return engine.get_item(members, caller)
            body = await _body_async(engine.answer(operation, members, caller))
        else:
            strike = engine.faults.strike(operation, members)
            if strike is not None and strike.latency > 0:
                await asyncio.sleep(strike.latency)
            _drop_if(strike, "before")
            body = await _body_async(engine.answer_struck(operation, members, caller, strike))
            _drop_if(strike, "after")
    except ApiError as error:
        raise exception_of(error, operation) from None
    except (TypeError, UnicodeEncodeError) as error:
        _refuse_no_json(error, operation, request)
        raise
    return answer_of(body)


def carry_out(engine: Engine, caller: Caller, operation: str, members: dict[str, Any]) -> bytes:
    """The response body to a checked request, with the faults that befall it.

    Raise ApiError, ConnectionClosedError, StoreError.
    """
    if engine.faults is None:
        return engine.execute(operation, members, caller)
    strike = engine.faults.strike(operation, members)
    if strike is not None and strike.latency > 0:
        time.sleep(strike.latency)
    _drop_if(strike, "before")
    answer = engine.answer_struck(operation, members, caller, strike)
    body: bytes = answer if isinstance(answer, bytes) else answer.result().body
    _drop_if(strike, "after")
    return body


async def _body_async(answer: bytes | Future[Outcome]) -> bytes:
    if isinstance(answer, bytes):
        return answer
    if answer.done():
        return answer.result().body
    return (await asyncio.wrap_future(answer)).body


def _drop_if(strike: Strike | None, when: str) -> None:
    if strike is not None and strike.drop == when:
        from botocore.exceptions import ConnectionClosedError

        raise ConnectionClosedError(endpoint_url=ENDPOINT_URL)


def _refuse_no_json(error: Exception, operation: str, request: dict[str, Any]) -> None:
    """Where the engine met something that is no JSON: raise what boto3 would, if it refuses to send that, and what the
    service would, for text that is no Unicode.  Any other error is a bug, and the caller's to raise."""
    refuse_if_not_sent(operation, request)
    if isinstance(error, UnicodeEncodeError):
        raise exception_of(SerializationException(), operation) from None
