"""The errors the service answers with, each declared once.

A class per error carries its wire identity: the prefix of ``__type``, the HTTP status and how the
message member is spelled (FACTS 1.3).  Any module may raise them; only ``api.envelope`` turns one
into bytes.  A fault of our own (a bug, a broken disk) is not in this family: it reaches the client
as ``InternalServerError`` and the log with its traceback.
"""

from __future__ import annotations

from typing import Any, ClassVar

_VALIDATE = "com.amazon.coral.validate"
_SERVICE = "com.amazon.coral.service"
_DYNAMODB = "com.amazonaws.dynamodb.v20120810"


class ApiError(Exception):
    """One answer of the service that is not a success.

    ``message`` is None where the service sends no message member at all.  ``members`` are further
    members of the body, already in wire form (``Item``, ``CancellationReasons``).
    """

    prefix: ClassVar[str] = _DYNAMODB
    status: ClassVar[int] = 400
    message_member: ClassVar[str] = "message"

    def __init__(self, message: str | None = None, members: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.members = members or {}

    @property
    def code(self) -> str:
        """The name clients switch on, such as ``ResourceNotFoundException``."""
        return type(self).__name__

    @property
    def wire_type(self) -> str:
        """The full ``__type``: prefix, ``#``, name."""
        return f"{self.prefix}#{self.code}"


class ValidationException(ApiError):
    prefix = _VALIDATE


def enveloped(error: ValidationException) -> ValidationException:
    """The same error in the envelope that the service's newer validation layer puts around it."""
    return ValidationException(f"1 validation error detected: {error.message}")


class SerializationException(ApiError):
    prefix = _SERVICE
    message_member = "Message"


class UnknownOperationException(ApiError):
    prefix = _SERVICE
    message_member = "Message"


class MissingAuthenticationTokenException(ApiError):
    prefix = _SERVICE
    message_member = "Message"


class IncompleteSignatureException(ApiError):
    prefix = _SERVICE
    message_member = "Message"


class InvalidSignatureException(ApiError):
    prefix = _SERVICE
    message_member = "Message"


class AccessDeniedException(ApiError):
    prefix = _SERVICE
    message_member = "Message"


class ResourceNotFoundException(ApiError):
    """``Requested resource not found`` on the data plane; control-plane messages name the table."""


class ResourceInUseException(ApiError):
    pass


class TableNotFoundException(ApiError):
    """ResourceNotFoundException by another name, from operations of backups."""


class BackupNotFoundException(ApiError):
    pass


class BackupInUseException(ApiError):
    pass


class TableAlreadyExistsException(ApiError):
    pass


class InvalidExportTimeException(ApiError):
    pass


class ExportConflictException(ApiError):
    """A client token comes again with other parameters."""


class ExportNotFoundException(ApiError):
    pass


class ImportConflictException(ApiError):
    """A client token comes again with another table."""


class ImportNotFoundException(ApiError):
    pass


class TableInUseException(ApiError):
    pass


class InvalidRestoreTimeException(ApiError):
    """A time that a table cannot be restored to."""


class PointInTimeRecoveryUnavailableException(ApiError):
    """Of a table whose history is not kept."""


class GlobalTableNotFoundException(ApiError):
    pass


class PolicyNotFoundException(ApiError):
    pass


class ConditionalCheckFailedException(ApiError):
    pass


class TransactionCanceledException(ApiError):
    """Carries CancellationReasons, one for each action in order."""

    message_member = "Message"


class DuplicateItemException(ApiError):
    """An INSERT statement names the key of an item that exists."""


class TransactionConflictException(ApiError):
    """Another transaction is under way on the item; only faults on demand raise it, since here writes wait in line."""


class TransactionInProgressException(ApiError):
    """A transaction with the same token is under way; see ``engine.request_tokens`` for why nothing here raises it."""


class IdempotentParameterMismatchException(ApiError):
    pass


class ExpiredIteratorException(ApiError):
    """A shard iterator was given out longer ago than it is valid."""


class TrimmedDataAccessException(ApiError):
    """A shard iterator leads to where records have been trimmed."""


class ItemCollectionSizeLimitExceededException(ApiError):
    pass


class LimitExceededException(ApiError):
    pass


class ProvisionedThroughputExceededException(ApiError):
    """This and the two below come from faults on demand only: throughput is not enforced."""


class ThrottlingException(ApiError):
    prefix = "com.amazon.coral.availability"


class RequestLimitExceeded(ApiError):
    pass


class InternalServerError(ApiError):
    status = 500
