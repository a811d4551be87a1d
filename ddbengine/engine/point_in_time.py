"""RestoreTableToPointInTime: a new table with the items that another one had at some second (FACTS 5.16).

The request finds out which change was the last one of that second, makes the table, and begins a copy of the source as
of that change (``engine.undoing``, ``engine.backup_copying``), out of which the table is filled (``engine.restoring``).
All of that follows: the table is CREATING until it is done, and the source is in use all the while.

A time is taken to the second, as the service says it has it: everything that was acknowledged up to the end of that
second is there.  UseLatestRestorableTime is the LatestRestorableDateTime that DescribeContinuousBackups shows, five
minutes ago or when recovery was switched on; a RestoreDateTime may be as late as now.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_copying import begin_copy_as_of
from ddbengine.engine.backup_rows import PASSING, Backup, Restoring, new_backup_id, restoring_put, restorings
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.history import Recovery, recovery_of
from ddbengine.engine.index_register import reregistered
from ddbengine.engine.restores import check_region, creation, restored_table
from ddbengine.engine.tables import described
from ddbengine.errors import (
    InvalidRestoreTimeException,
    PointInTimeRecoveryUnavailableException,
    TableAlreadyExistsException,
    TableInUseException,
    ValidationException,
)
from ddbengine.schema import arns, stored
from ddbengine.schema.describe import shown_second
from ddbengine.schema.refusals import not_our_account
from ddbengine.schema.restored import check_overrides
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import with_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes


@dataclass(frozen=True, slots=True)
class Source:
    """The table that a request names, in a namespace that need not be the caller's: another region's."""

    namespace: str
    table_name: str


@dataclass(frozen=True, slots=True)
class RestoreTableToPointInTime:
    surroundings: Surroundings
    caller: Caller
    source: Source
    request: Mapping[str, Any]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        source = surroundings.catalog.undeleted_table(txn, self.source.namespace, self.source.table_name)
        recovery = recovery_of(txn, source)
        if recovery is None:
            raise PointInTimeRecoveryUnavailableException(
                f"Point in time recovery is not enabled for table '{source.name}'"
            )
        second = self._second(recovery, now)
        check_overrides(source, self.request)
        self._check_free(txn)
        first = catalogs.next_number(txn)
        schema, taken = restored_table(surroundings, self.caller, source, self.request, first)
        until = now + surroundings.transient_seconds
        transition = creation(schema, _summary(source, second), until)
        backup = _passing_backup(source, first + taken, now, txn)
        copy, copied = begin_copy_as_of(backup, source, recovery.lsn_at(txn, second, now), txn)
        row = restoring_put(schema.number, Restoring(schema.namespace, schema.name, backup.key, b"", until))
        changes = [
            catalogs.taken_numbers(first, taken + 1),
            catalogs.save(with_transition(schema, replace(transition, until=math.inf))),
            *reregistered(None, schema, txn),
            copy,
            catalogs.save(copied),
            Writes(puts=[row]),
        ]
        return Outcome(described(schema, txn, now, transition), changes)

    def _second(self, recovery: Recovery, now: float) -> int:
        """The second to restore to; raise InvalidRestoreTimeException."""
        earliest, latest = recovery.earliest(now), recovery.latest(now)
        if "RestoreDateTime" not in self.request:
            return latest
        wanted: int = math.floor(self.request["RestoreDateTime"])
        if not earliest <= wanted <= max(latest, int(now)):
            raise InvalidRestoreTimeException(
                f"RestoreDateTime '{shown_second(wanted)}' must be within EarliestRestorableDateTime "
                f"'{shown_second(earliest)}' and LatestRestorableDateTime '{shown_second(latest)}'"
            )
        return wanted

    def _check_free(self, txn: ReadTxn) -> None:
        name = self.request["TargetTableName"]
        existing = self.surroundings.catalog.find(txn, self.surroundings.namespace(self.caller), name)
        if existing is None:
            return
        if existing.number in restorings(txn):
            raise TableInUseException(f"Table: {name} is already being restored")
        raise TableAlreadyExistsException(f"Table already exists: {name}")


def _summary(source: TableSchema, second: int) -> dict[str, Any]:
    return {"SourceTableArn": source.arn, "RestoreDateTime": float(second), "RestoreInProgress": True}


def _passing_backup(source: TableSchema, number: int, now: float, txn: ReadTxn) -> Backup:
    return Backup(
        namespace=source.namespace,
        id=new_backup_id(txn, source.namespace, now, uuid.uuid4().hex[:8]),
        number=number,
        name="",
        table_name=source.name,
        created=now,
        items=0,
        size=0,
        schema_row=stored.encode(source),
        is_copying=True,
        type=PASSING,
    )


def restore_table_to_point_in_time(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    _check_time(request)
    return RestoreTableToPointInTime(surroundings, caller, _source(surroundings, caller, request), request)


def _check_time(request: Mapping[str, Any]) -> None:
    is_latest = request.get("UseLatestRestorableTime", False)
    if is_latest and "RestoreDateTime" in request:
        raise ValidationException(
            "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time "
            "restore request. Please specify either RestoreDateTime time or UseLatestRestorableTime"
        )
    if not is_latest and "RestoreDateTime" not in request:
        raise ValidationException(
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
        )


def _source(surroundings: Surroundings, caller: Caller, request: Mapping[str, Any]) -> Source:
    name, text = request.get("SourceTableName"), request.get("SourceTableArn")
    if name is not None and text is not None:
        raise ValidationException("Must provide exactly one of: sourceTableArn, sourceTableName")
    namespace = surroundings.namespace(caller)
    if text is None:
        if name is None:
            raise ValidationException("The parameter 'TableName' is required but was not present in the request")
        return Source(namespace, surroundings.catalog.plain_name(namespace, name))
    arn = arns.parse(text)
    kind, _, table_name = ("", "", "") if arn is None else arn.resource.partition("/")
    if arn is None or (arn.partition, arn.service, kind) != ("aws", "dynamodb", "table") or "/" in table_name:
        raise ValidationException("sourceTableArn is not a valid ARN")
    if arn.account_id != surroundings.account_id:
        raise not_our_account()
    check_region(surroundings, caller, text, request)
    return Source(surroundings.namespace(replace(caller, region=arn.region)), table_name)
