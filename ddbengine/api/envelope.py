"""The JSON body of an error: ``__type``, the message under its prefix's spelling, further members (FACTS 1.3)."""

from __future__ import annotations

from typing import Any

import orjson

from ddbengine.api.frame import Answer
from ddbengine.errors import ApiError, InternalServerError

__all__ = ["as_is", "error_answer", "fault_answer"]

_FAULT = InternalServerError("The server encountered an internal error trying to fulfill the request.")


def error_answer(error: ApiError) -> Answer:
    body: dict[str, Any] = {"__type": error.wire_type}
    if error.message is not None:
        body[error.message_member] = error.message
    body.update(error.members)
    return Answer(error.status, orjson.dumps(body, default=as_is))


def fault_answer() -> Answer:
    """The answer when the fault is ours: it tells the client nothing but that."""
    return error_answer(_FAULT)


def as_is(member: object) -> orjson.Fragment:
    """Members may hold DynamoDB JSON that the core has rendered already."""
    if isinstance(member, bytes):
        return orjson.Fragment(member)
    raise TypeError(f"an error member of type {type(member).__name__}")
