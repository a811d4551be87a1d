"""Amazon Resource Names of tables, indexes and streams: built, and taken where a table name may be.

| form | example |
| --- | --- |
| table | ``arn:aws:dynamodb:us-east-1:000000000000:table/Music`` |
| index | the table's ARN, ``/index/`` and the index name |
| stream | the table's ARN, ``/stream/`` and the time the stream was enabled |

A request member that holds a table name takes a table ARN instead.  An ARN of another region, account or kind of
resource is refused as the service refuses it (observed on us-west-2, October 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ddbengine.errors import AccessDeniedException, ValidationException, enveloped

ARN_START = "arn:"

_RESOURCE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_FORMAT = (
    "Valid ARN format is 'arn:<awsPartition>:<vendor>:<region>:<subscriber>:resourceType/resourceName', "
    "where Resource name must have length less than or equal to 255, Resource name must have length greater than "
    "or equal to 3, Resource name must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
)


def table_arn(region: str, account_id: str, table_name: str) -> str:
    return f"arn:aws:dynamodb:{region}:{account_id}:table/{table_name}"


def index_arn(of_table: str, index_name: str) -> str:
    return f"{of_table}/index/{index_name}"


def stream_arn(of_table: str, label: str) -> str:
    return f"{of_table}/stream/{label}"


class StreamName(NamedTuple):
    """What tells the streams of a namespace apart."""

    table_name: str
    label: str


_STREAM_ARN = re.compile(
    r"arn:aws[a-z-]*:dynamodb:[^:]*:\d*:table/(?P<table_name>[a-zA-Z0-9_.-]{3,255})/stream/(?P<label>[0-9T:.-]+)"
)


def stream_name(arn: str) -> StreamName | None:
    """The table and label of a stream's ARN, None when the text is not one."""
    found = _STREAM_ARN.fullmatch(arn)
    return None if found is None else StreamName(**found.groupdict())


@dataclass(frozen=True, slots=True)
class Arn:
    """The six fields of an ARN, without its leading ``arn``."""

    partition: str
    service: str
    region: str
    account_id: str
    resource: str


def parse(text: str) -> Arn | None:
    """The fields of an ARN, None when the text is not one."""
    fields = text.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        return None
    return Arn(*fields[1:])


def table_name(name_or_arn: str, region: str | None, account_id: str) -> str:
    """The table name that a request names plainly or by ARN.

    ``region`` is the caller's, None where every region sees the same tables.  Raise ValidationException or
    AccessDeniedException for an ARN that is not a table of this region and account.
    """
    return _table_of(name_or_arn, region, account_id) if name_or_arn.startswith(ARN_START) else name_or_arn


@lru_cache(maxsize=1024)
def _table_of(text: str, region: str | None, account_id: str) -> str:
    arn = parse(text)
    if arn is None or arn.service != "dynamodb":
        raise _malformed(text)
    if arn.partition != "aws":
        raise enveloped(ValidationException(f"Invalid AWS partition in '{text}'"))
    if region is not None and arn.region != region:
        raise enveloped(ValidationException(f"Invalid AWS region in '{text}'"))
    kind, _, name = arn.resource.partition("/")
    if kind != "table" or "/" in name:
        raise enveloped(ValidationException(f"Invalid resource type in '{text}'"))
    if not _RESOURCE_NAME.fullmatch(name):
        raise _malformed(text)
    if arn.account_id != account_id:
        raise AccessDeniedException("Access is denied")
    return name


def _malformed(text: str) -> ValidationException:
    return enveloped(ValidationException(f"Value '{text}' at 'tableName' failed to satisfy constraint: {_FORMAT}"))
