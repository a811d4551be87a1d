"""How a command ends when it cannot do what it was asked: one line for the person, one exit code for the script."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from ddbengine.consumer.errors import (
    AccessDenied,
    BadOption,
    ConsumerError,
    CredentialsMissing,
    EndpointUnreachable,
    StreamMissing,
    TableMissing,
)
from ddbengine.consumer.failures import code_of, is_throttling, translated

__all__ = [
    "CREDENTIALS",
    "DONE",
    "FAILED",
    "MISSING",
    "THROTTLED",
    "TRIMMED",
    "UNREACHABLE",
    "USAGE",
    "Failure",
    "failure_of",
]

DONE, FAILED, USAGE, MISSING, UNREACHABLE, CREDENTIALS, TRIMMED, THROTTLED = range(8)
_CODES: dict[type[ConsumerError], int] = {
    TableMissing: MISSING,
    StreamMissing: MISSING,
    EndpointUnreachable: UNREACHABLE,
    CredentialsMissing: CREDENTIALS,
    AccessDenied: CREDENTIALS,
    BadOption: USAGE,
}
_TRIMMED = "TrimmedDataAccessException"


class Failure(Exception):
    """The message is for a person, one line; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(" ".join(message.split()))
        self.code = code


def failure_of(error: Exception) -> Failure:
    """What an error of the consumer or of boto3 means to the person.  Any other error is a bug, and raised again."""
    if isinstance(error, Failure):
        return error
    origin = error.__cause__ or error
    if is_throttling(origin):
        return Failure(f"throttled for too long: {error}", THROTTLED)
    if code_of(origin) == _TRIMMED:
        return Failure(f"the records asked for are trimmed: {error}", TRIMMED)
    if code_of(origin) == "ResourceNotFoundException" and not isinstance(error, ConsumerError):
        return Failure(str(error), MISSING)
    if isinstance(error, BotoCoreError | ClientError):
        error = translated(error)
    if isinstance(error, ConsumerError):
        return Failure(str(error), next((code for kind, code in _CODES.items() if isinstance(error, kind)), FAILED))
    raise error
