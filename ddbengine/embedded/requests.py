"""Checking what a Python program passes as a request: as the HTTP door checks, and before that as boto3 does.

A request of plain dicts, lists and strings in DynamoDB JSON goes through the door's own check and is done.  Any other
is first made plain where that loses nothing (bytes to base64 text, tuples to lists, times to seconds, other mappings to
dicts); what boto3 would not send raises the ParamValidationError that boto3 raises.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from ddbengine.api.requests import check
from ddbengine.errors import ApiError, SerializationException

if TYPE_CHECKING:
    from botocore.model import ServiceModel, StructureShape

__all__ = ["checked", "refuse_if_not_sent"]

_SERVICES = ("dynamodb", "dynamodbstreams")
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def checked(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The checked request (``api.requests.check``).

    Raise ParamValidationError for what boto3 would not send, ApiError for what the service would refuse.
    """
    try:
        # Anything else than the very same dict means that a null or an unknown member was dropped.
        if check(operation, request) is request:
            return request
    except (ApiError, TypeError, ValueError, RecursionError):
        pass
    # Behind the block, so that no traceback shows what was tried first.
    return _checked_unusual(operation, request)


def refuse_if_not_sent(operation: str, request: dict[str, Any]) -> None:
    """Raise ParamValidationError, in boto3's words, if boto3 would refuse to send the request."""
    from botocore.validate import validate_parameters

    # A request too deep for boto3 to look at is the service's to refuse.
    with suppress(RecursionError):
        validate_parameters(request, _input_shape(operation))


def _checked_unusual(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """As ``checked``, of a request that the door does not take as it is."""
    try:
        plain = orjson.loads(orjson.dumps(request, _plain, _OPTIONS))
    except orjson.JSONEncodeError:
        refuse_if_not_sent(operation, request)
        raise SerializationException from None
    refusal: ApiError | None = None
    try:
        members = check(operation, plain)
    except ApiError as error:
        refusal = error
    if refusal is not None:
        refuse_if_not_sent(operation, request)
        raise refusal
    if members is not plain:
        refuse_if_not_sent(operation, request)
    return members


def _plain(value: object) -> object:
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON type")


@lru_cache(maxsize=len(_SERVICES))
def _service(name: str) -> ServiceModel:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(name, "service-2"))


def _input_shape(operation: str) -> StructureShape:
    for name in _SERVICES:
        service = _service(name)
        if operation in service.operation_names:
            return service.operation_model(operation).input_shape
    raise KeyError(operation)
