"""What an answer becomes in Python: the body a dict, an error of the service an exception."""

from __future__ import annotations

from random import Random, SystemRandom
from typing import Any

import orjson

from ddbengine.api.envelope import error_answer
from ddbengine.api.model import load
from ddbengine.errors import ApiError, SerializationException

__all__ = ["answer_of", "exception_of", "new_request_id"]

_EMPTY = b"{}"
_REQUEST_ID_BITS = 208
_random_bits = Random(SystemRandom().getrandbits(256)).getrandbits


def new_request_id() -> str:
    """52 characters, as the service's."""
    return f"{_random_bits(_REQUEST_ID_BITS):052X}"


def answer_of(body: bytes) -> dict[str, Any]:
    """The members of a response body."""
    if body == _EMPTY:
        return {}
    answer: dict[str, Any] = orjson.loads(body)
    return answer


def exception_of(error: ApiError, operation: str) -> Exception:
    """A ``ddbengine.exceptions.ServiceError`` with the ``response`` that boto3 makes of the same answer: the members
    that the service model gives this error are at its top, the code and the message in ``Error``."""
    # Not at the top: who meets no error need not import botocore for one.
    from ddbengine.exceptions import class_of

    try:
        answer = error_answer(error)
    except TypeError:
        # It quotes text that is no Unicode, which no request can bring over a connection.
        error = SerializationException()
        answer = error_answer(error)
    body: dict[str, Any] = orjson.loads(answer.body)
    response: dict[str, Any] = {
        "Error": {"Message": error.message or "", "Code": error.code},
        "ResponseMetadata": {
            "RequestId": new_request_id(),
            "HTTPStatusCode": answer.status,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        },
    }
    shape = load().shapes.get(error.code)
    if shape is not None:
        response |= {name: body[name] for name in shape.members if name in body}
    return class_of(error.code)(response, operation)
