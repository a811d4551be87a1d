"""What the SDK raises, sorted by what a consumer does about it: wait and try again, or stop and say why.

Every exception of botocore that has a meaning here is named here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from ddbengine.consumer.errors import AccessDenied, ConsumerError, CredentialsMissing, EndpointUnreachable

__all__ = ["code_of", "explained", "is_throttling", "is_transient", "translated"]

_THROTTLING = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
    }
)
_SERVER = frozenset({"InternalServerError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException"})
_DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_NOT_REACHED = (HTTPClientError, ConnectionError)
"""The latter is botocore's own: refused, or timed out, before there was a connection."""
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, ProfileNotFound, TokenRetrievalError)


def code_of(error: BaseException) -> str:
    """The service's name for an error, empty if it is not one of the service's."""
    if not isinstance(error, ClientError):
        return ""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def is_throttling(error: BaseException) -> bool:
    return code_of(error) in _THROTTLING


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well succeed later: throttling, a server's fault, a connection that broke."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return is_throttling(error) or code_of(error) in _SERVER or status >= 500
    return isinstance(error, _NOT_REACHED)


def translated(error: BaseException) -> ConsumerError:
    """The error to end a consumer with."""
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialsMissing(f"no usable AWS credentials: {error}")
    if isinstance(error, NoRegionError):
        return CredentialsMissing(f"no AWS region is set: {error}")
    if isinstance(error, _NOT_REACHED):
        return EndpointUnreachable(f"cannot reach the endpoint: {error}")
    if code_of(error) in _DENIED:
        return AccessDenied(str(error))
    return ConsumerError(str(error))


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the SDK raises inside into a ConsumerError."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise translated(error) from error


def is_code(code: str) -> Callable[[Any], bool]:
    return lambda error: code_of(error) == code
