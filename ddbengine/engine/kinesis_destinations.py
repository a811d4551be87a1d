"""Enable-, Disable-, Update- and DescribeKinesisStreamingDestination, as settings (FACTS 5.16).

A destination is kept with its table and goes through the service's states.  No record is sent: there is no Kinesis here
to send it to.  So a stream is never looked for, and only its ARN can be wrong: that is told as the service tells it,
by a destination that becomes ENABLE_FAILED.

A table has at most one destination that is ENABLING, ACTIVE, UPDATING or DISABLING; those that were disabled or failed
stay listed until they are enabled again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.errors import ValidationException
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import DELETING, running_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_SETTING = "KinesisDestinations"
_PRECISION = "ApproximateCreationDateTimePrecision"
_MILLISECOND = "MILLISECOND"
_AT_REST = ("DISABLED", "ENABLE_FAILED")
_STREAM = re.compile(r"arn:aws[a-z-]*:kinesis:(?P<region>[^:]+):\d+:stream/[a-zA-Z0-9_.-]+")
_NOT_VALID = "Table is not in a valid state to enable Kinesis Streaming Destination: "

Destination = Mapping[str, Any]
"""StreamArn; Status and, if there is one, Description, which it has from Settled (seconds since the epoch) on; until
then its status is Meanwhile; Precision if it was ever given."""


def _status(destination: Destination, now: float) -> str:
    return str(destination["Meanwhile"] if now < destination["Settled"] else destination["Status"])


def _described(destination: Destination, now: float) -> dict[str, str]:
    status = _status(destination, now)
    described = {"StreamArn": destination["StreamArn"], "DestinationStatus": status}
    if "Description" in destination and status == destination["Status"]:
        described["DestinationStatusDescription"] = destination["Description"]
    if "Precision" in destination:
        described[_PRECISION] = destination["Precision"]
    return described


@dataclass(frozen=True, slots=True)
class _Change:
    """What the three requests that change a destination have in common."""

    surroundings: Surroundings
    namespace: str
    table_name: str
    stream_arn: str
    configuration: Mapping[str, str]
    region: str
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def _table(self, txn: ReadTxn) -> tuple[TableSchema, Sequence[Destination]]:
        schema = self.surroundings.catalog.established_table(txn, self.namespace, self.table_name)
        return schema, schema.settings.get(_SETTING, ())

    def _saved(self, schema: TableSchema, old: Sequence[Destination], new: Destination) -> Any:
        others = [destination for destination in old if destination["StreamArn"] != self.stream_arn]
        settings = {**schema.settings, _SETTING: [new, *others]}
        return catalogs.save(replace(schema, settings=settings))

    def _settled(self) -> float:
        return self.surroundings.clock() + self.surroundings.transient_seconds

    def _found(self, destinations: Sequence[Destination]) -> Destination | None:
        return next((each for each in destinations if each["StreamArn"] == self.stream_arn), None)

    def _answer(self, schema: TableSchema, status: str, member: str) -> bytes:
        return orjson.dumps(
            {
                "TableName": schema.name,
                "StreamArn": self.stream_arn,
                "DestinationStatus": status,
                member: dict(self.configuration),
            }
        )


class EnableKinesisStreamingDestination(_Change):
    def run(self, txn: ReadTxn) -> Outcome:
        schema, destinations = self._table(txn)
        now = self.surroundings.clock()
        running = running_transition(schema, now)
        is_deleted = running is not None and running.status == DELETING
        if is_deleted or any(_status(each, now) not in _AT_REST for each in destinations):
            raise ValidationException(
                f"{_NOT_VALID}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED "
                "to perform ENABLE operation."
            )
        new = {"StreamArn": self.stream_arn, "Meanwhile": "ENABLING", "Settled": self._settled(), **self._outcome()}
        if _PRECISION in self.configuration:
            new["Precision"] = self.configuration[_PRECISION]
        body = self._answer(schema, "ENABLING", "EnableKinesisStreamingConfiguration")
        return Outcome(body, [self._saved(schema, destinations, new)])

    def _outcome(self) -> dict[str, str]:
        stream = _STREAM.fullmatch(self.stream_arn)
        if stream is None:
            return {"Status": "ENABLE_FAILED", "Description": "User does not have a permission to use kinesis stream"}
        if stream["region"] != self.region:
            problem = "belongs to a stream which is not in the current region"
            return {
                "Status": "ENABLE_FAILED",
                "Description": f"The kinesis Arn used to enable kinesis replication {problem}",
            }
        return {"Status": "ACTIVE"}


class DisableKinesisStreamingDestination(_Change):
    def run(self, txn: ReadTxn) -> Outcome:
        schema, destinations = self._table(txn)
        found = self._found(destinations)
        status = None if found is None else _status(found, self.surroundings.clock())
        if found is None or status not in ("ACTIVE", "DISABLING"):
            raise ValidationException(
                f"{_NOT_VALID}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."
            )
        body = self._answer(schema, "DISABLING", "EnableKinesisStreamingConfiguration")
        if status == "DISABLING":
            return Outcome(body)
        new = {"StreamArn": self.stream_arn, "Meanwhile": "DISABLING", "Settled": self._settled(), "Status": "DISABLED"}
        return Outcome(body, [self._saved(schema, destinations, new)])


class UpdateKinesisStreamingDestination(_Change):
    def run(self, txn: ReadTxn) -> Outcome:
        schema, destinations = self._table(txn)
        found = self._found(destinations)
        if found is None:
            raise ValidationException(
                f"{_NOT_VALID}No streaming destination with streamArn: {self.stream_arn} "
                f"found for table with tableName: {schema.name}"
            )
        if _status(found, self.surroundings.clock()) != "ACTIVE":
            raise ValidationException(
                f"{_NOT_VALID}Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
                f"TableName: {schema.name}, kdsArn: {self.stream_arn}"
            )
        precision = self.configuration[_PRECISION]
        if found.get("Precision", _MILLISECOND) == precision:
            raise ValidationException(
                f"Invalid Request: Precision is already set to the desired value of {precision} "
                f"for tableId: {schema.id}, kdsArn: {self.stream_arn}"
            )
        new = {**found, "Meanwhile": "UPDATING", "Settled": self._settled(), "Precision": precision}
        body = self._answer(schema, "UPDATING", "UpdateKinesisStreamingConfiguration")
        return Outcome(body, [self._saved(schema, destinations, new)])


def enable_kinesis_streaming_destination(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    configuration = request.get("EnableKinesisStreamingConfiguration", {})
    return EnableKinesisStreamingDestination(*_common(surroundings, caller, request), configuration, caller.region)


def disable_kinesis_streaming_destination(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    if request.get("EnableKinesisStreamingConfiguration"):
        raise ValidationException("Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters")
    return DisableKinesisStreamingDestination(*_common(surroundings, caller, request), {}, caller.region)


def update_kinesis_streaming_destination(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    configuration = request.get("UpdateKinesisStreamingConfiguration")
    if not configuration:
        raise ValidationException(
            "Streaming destination cannot be updated with given parameters: "
            "UpdateKinesisStreamingConfiguration cannot be null or contain only null values"
        )
    return UpdateKinesisStreamingDestination(*_common(surroundings, caller, request), configuration, caller.region)


def _common(
    surroundings: Surroundings, caller: Caller, request: Mapping[str, Any]
) -> tuple[Surroundings, str, str, str]:
    return surroundings, surroundings.namespace(caller), request["TableName"], request["StreamArn"]


@dataclass(frozen=True, slots=True)
class DescribeKinesisStreamingDestination:
    surroundings: Surroundings
    namespace: str
    table_name: str
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.established_table(txn, self.namespace, self.table_name)
        now = self.surroundings.clock()
        described = [_described(destination, now) for destination in schema.settings.get(_SETTING, ())]
        return Outcome(orjson.dumps({"TableName": schema.name, "KinesisDataStreamDestinations": described}))


def describe_kinesis_streaming_destination(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DescribeKinesisStreamingDestination(surroundings, surroundings.namespace(caller), request["TableName"])
