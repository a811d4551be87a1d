"""What a Python program catches: the service's errors as ``botocore`` knows them, and what can be wrong with a store.

An error of the service is a ``ClientError``, so that code written for boto3 catches it as it is: ``response["Error"]``
has ``Code`` and ``Message``, further members of the answer (``CancellationReasons``, ``Item``) are beside it, and
``response["ResponseMetadata"]["HTTPStatusCode"]`` is the status.  The classes are named by their codes, as the
attributes of a boto3 client's ``exceptions`` are; what boto3 has no class for has one here too.

A request that no client would send, because a member is unknown, missing or of the wrong type, raises botocore's
``ParamValidationError`` like there.  ``ConnectionClosedError`` comes from faults on demand only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionClosedError, ParamValidationError

from ddbengine.engine.bulk_load import ItemRefused
from ddbengine.engine.fault_rules import BadFaultRules
from ddbengine.engine.opening import CannotOpen
from ddbengine.storage.errors import StoreBusy, StoreClosed, StoreError, StoreFormat, StoreFull, StoreUnusable

if TYPE_CHECKING:
    from ddbengine.api.server import CannotServe
    from ddbengine.exchange.documents import SchemaFileError


class ServiceError(ClientError):  # type: ignore[misc]  # botocore has no types
    """An error that the service answers with; base of those below, and raised itself for codes that have no class."""

    response: dict[str, Any]
    operation_name: str

    def __reduce__(self) -> tuple[type[ClientError], tuple[Any, ...]]:
        return type(self), (self.response, self.operation_name)


class AccessDeniedException(ServiceError):
    pass


class BackupInUseException(ServiceError):
    pass


class BackupNotFoundException(ServiceError):
    pass


class ConditionalCheckFailedException(ServiceError):
    """``response["Item"]`` is there if the request had ReturnValuesOnConditionCheckFailure ALL_OLD."""


class DuplicateItemException(ServiceError):
    pass


class ExpiredIteratorException(ServiceError):
    pass


class ExportConflictException(ServiceError):
    pass


class ExportNotFoundException(ServiceError):
    pass


class GlobalTableNotFoundException(ServiceError):
    pass


class IdempotentParameterMismatchException(ServiceError):
    pass


class ImportConflictException(ServiceError):
    pass


class ImportNotFoundException(ServiceError):
    pass


class IncompleteSignatureException(ServiceError):
    pass


class InternalServerError(ServiceError):
    """From faults on demand only: a fault of the engine itself is raised as what it is."""


class InvalidExportTimeException(ServiceError):
    pass


class InvalidRestoreTimeException(ServiceError):
    pass


class InvalidSignatureException(ServiceError):
    pass


class ItemCollectionSizeLimitExceededException(ServiceError):
    pass


class LimitExceededException(ServiceError):
    pass


class MissingAuthenticationTokenException(ServiceError):
    pass


class PointInTimeRecoveryUnavailableException(ServiceError):
    pass


class PolicyNotFoundException(ServiceError):
    pass


class ProvisionedThroughputExceededException(ServiceError):
    pass


class RequestLimitExceeded(ServiceError):
    pass


class ResourceInUseException(ServiceError):
    pass


class ResourceNotFoundException(ServiceError):
    pass


class SerializationException(ServiceError):
    pass


class TableAlreadyExistsException(ServiceError):
    pass


class TableInUseException(ServiceError):
    pass


class TableNotFoundException(ServiceError):
    pass


class ThrottlingException(ServiceError):
    pass


class TransactionCanceledException(ServiceError):
    """``response["CancellationReasons"]`` has one for each action in order."""


class TransactionConflictException(ServiceError):
    pass


class TransactionInProgressException(ServiceError):
    pass


class TrimmedDataAccessException(ServiceError):
    pass


class UnknownOperationException(ServiceError):
    pass


class ValidationException(ServiceError):
    pass


_BY_CODE: dict[str, type[ServiceError]] = {error.__name__: error for error in ServiceError.__subclasses__()}


def class_of(code: str) -> type[ServiceError]:
    """The class of an error code; ServiceError for one that is not known."""
    return _BY_CODE.get(code, ServiceError)


def __getattr__(name: str) -> Any:
    # They come with the whole server, and with YAML, which few programs have in them.
    if name == "CannotServe":
        from ddbengine.api.server import CannotServe

        return CannotServe
    if name == "SchemaFileError":
        from ddbengine.exchange.documents import SchemaFileError

        return SchemaFileError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BadFaultRules",
    "CannotOpen",
    "CannotServe",
    "ClientError",
    "ConnectionClosedError",
    "ItemRefused",
    "InvalidRestoreTimeException",
    "ParamValidationError",
    "PointInTimeRecoveryUnavailableException",
    "SchemaFileError",
    "ServiceError",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreFormat",
    "StoreFull",
    "StoreUnusable",
    *_BY_CODE,
]
