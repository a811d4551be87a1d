"""Records and events in the shape that Lambda hands to a function.

That is the very JSON of GetRecords (binary as base64, numbers as strings, the time of creation in seconds), with the
stream's ARN on each record and, where the service itself deleted an expired item, ``userIdentity`` in Lambda's lower
case.  So records are kept as they came from the wire: botocore's own reading of them, which makes bytes and datetimes,
would only have to be undone, and takes ten times as long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Record", "created", "event_of", "keep_raw_records", "lambda_record", "sequence_number"]

Record = dict[str, Any]
"""A record in Lambda's event shape."""

_EVENT_SOURCE = "aws:dynamodb"


def sequence_number(record: Mapping[str, Any]) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def created(record: Mapping[str, Any]) -> float:
    """When the item was written, in seconds since the epoch; the service gives whole seconds."""
    seconds: float = record["dynamodb"]["ApproximateCreationDateTime"]
    return seconds


def lambda_record(wire: Mapping[str, Any], stream_arn: str) -> Record:
    """A record as GetRecords answers it in JSON, in Lambda's event shape."""
    record = {"eventSource": _EVENT_SOURCE, **wire, "eventSourceARN": stream_arn}
    change = record["dynamodb"]
    seconds = change["ApproximateCreationDateTime"]
    if isinstance(seconds, float) and seconds.is_integer():
        record["dynamodb"] = {**change, "ApproximateCreationDateTime": int(seconds)}
    identity = wire.get("userIdentity")
    if identity is not None:
        record["userIdentity"] = {name[:1].lower() + name[1:]: value for name, value in identity.items()}
    return record


def event_of(records: Sequence[Record]) -> dict[str, Any]:
    """What a handler is called with."""
    return {"Records": list(records)}


def keep_raw_records(client: Any) -> None:
    """Have a boto3 ``dynamodbstreams`` client answer GetRecords with the records' JSON as it came."""
    client.meta.events.register("before-parse.dynamodb-streams.GetRecords", _take_records)


def _take_records(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] != 200:
        return
    body = json.loads(response_dict["body"])
    customized_response_dict["Records"] = body.pop("Records", [])
    response_dict["body"] = json.dumps(body).encode()
