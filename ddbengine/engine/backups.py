"""CreateBackup, DescribeBackup, ListBackups and DeleteBackup (FACTS 5.16).

A backup is a copy of a table's items as of the moment of CreateBackup (``engine.backup_copying``), with what is needed
to make the table anew.  It outlives its table.  A name need not be unique: what names a backup is its ARN.

| BackupArn | answer |
| --- | --- |
| not ``...:table/<table>/backup/<id>`` | ValidationException ``Invalid Backup ARN`` |
| of another partition or service | ValidationException ``Invalid Request: BackupArn is not valid`` |
| of another account | AccessDeniedException ``Access is denied`` |
| of what is not there | BackupNotFoundException ``Backup not found: <as sent>`` |
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.account import FixedAnswer
from ddbengine.engine.backup_copying import begin_copy
from ddbengine.engine.backup_rows import (
    SYSTEM,
    USER,
    Backup,
    backup_key,
    backups_after,
    find_backup,
    new_backup_id,
    restorings,
)
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.purge import garbage_of_backup
from ddbengine.engine.tables import counter_of
from ddbengine.errors import (
    AccessDeniedException,
    BackupInUseException,
    BackupNotFoundException,
    ValidationException,
)
from ddbengine.limits import LIST_BACKUPS_MAX
from ddbengine.schema import arns, stored
from ddbengine.schema.backed_up import backup_arn, describe_features, describe_source
from ddbengine.schema.describe import shown_second, wire_time
from ddbengine.schema.refusals import invalid
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes

_AVAILABLE = "AVAILABLE"
_NO_BACKUPS = FixedAnswer(orjson.dumps({"BackupSummaries": []}))
"""Of any other type: nobody else makes backups here."""
_LISTED = {USER: {USER}, SYSTEM: {SYSTEM}, "ALL": {USER, SYSTEM}}
"""By BackupType."""


@dataclass(frozen=True, slots=True)
class BackupName:
    """A backup that a request names by ARN."""

    namespace: str
    arn: str
    table_name: str
    id: str

    def find(self, txn: ReadTxn) -> Backup:
        """Raise BackupNotFoundException."""
        backup = find_backup(txn, backup_key(self.namespace, self.id))
        if backup is None or backup.table_name != self.table_name or not backup.is_seen:
            raise BackupNotFoundException(f"Backup not found: {self.arn}")
        return backup


def backup_name(surroundings: Surroundings, caller: Caller, text: str) -> BackupName:
    """The backup that an ARN names; raise ValidationException or AccessDeniedException."""
    arn = arns.parse(text)
    parts = [] if arn is None else arn.resource.split("/")
    if arn is None or len(parts) != 4 or (parts[0], parts[2]) != ("table", "backup"):
        raise ValidationException("Invalid Backup ARN")
    if arn.partition != "aws" or arn.service != "dynamodb":
        raise ValidationException("Invalid Request: BackupArn is not valid")
    if arn.account_id != surroundings.account_id:
        raise AccessDeniedException("Access is denied")
    return BackupName(surroundings.namespace(caller), text, parts[1], parts[3])


def _details(backup: Backup, arn: str, status: str) -> dict[str, Any]:
    details = {
        "BackupArn": arn,
        "BackupName": backup.name,
        "BackupSizeBytes": backup.size,
        "BackupStatus": status,
        "BackupType": backup.type,
        "BackupCreationDateTime": wire_time(backup.created),
    }
    if backup.expires is not None:
        details["BackupExpiryDateTime"] = wire_time(backup.expires)
    return details


def _status(backup: Backup) -> str:
    return "CREATING" if backup.is_copying else _AVAILABLE


def _description(backup: Backup, arn: str, status: str) -> bytes:
    schema = backup.schema
    description = {
        "BackupDetails": _details(backup, arn, status),
        "SourceTableDetails": describe_source(schema, backup.items, backup.size),
        "SourceTableFeatureDetails": {} if backup.type == SYSTEM else describe_features(schema),
    }
    return orjson.dumps({"BackupDescription": description})


@dataclass(frozen=True, slots=True)
class CreateBackup:
    surroundings: Surroundings
    namespace: str
    table_name: str
    name: str
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        schema = surroundings.catalog.undeleted_table(txn, self.namespace, self.table_name)
        items, size = counter_of(txn)(schema.number)
        number = catalogs.next_number(txn)
        backup = Backup(
            namespace=self.namespace,
            id=new_backup_id(txn, self.namespace, now, uuid.uuid4().hex[:8]),
            number=number,
            name=self.name,
            table_name=schema.name,
            created=int(now * 1000) / 1000,
            items=items,
            size=size,
            schema_row=stored.encode(schema),
            is_copying=True,
        )
        details = _details(backup, backup_arn(schema, backup.id), "CREATING")
        writes, copied = begin_copy(backup, schema, txn)
        changes = [catalogs.taken_numbers(number, 1), writes]
        if copied is not schema:
            changes.append(catalogs.save(copied))
        return Outcome(orjson.dumps({"BackupDetails": details}), changes)


def create_backup(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    namespace = surroundings.namespace(caller)
    return CreateBackup(surroundings, namespace, request["TableName"], request["BackupName"])


@dataclass(frozen=True, slots=True)
class DescribeBackup:
    name: BackupName
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        backup = self.name.find(txn)
        return Outcome(_description(backup, self.name.arn, _status(backup)))


def describe_backup(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DescribeBackup(backup_name(surroundings, caller, request["BackupArn"]))


@dataclass(frozen=True, slots=True)
class DeleteBackup:
    """Takes the backup's row away; the purge takes its items."""

    name: BackupName
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        backup = self.name.find(txn)
        if backup.expires is not None:
            raise ValidationException(
                f"Invalid Request: User is not allowed to delete the system backup with arn {self.name.arn}. "
                f"It will automatically expire on {shown_second(backup.expires)}"
            )
        if backup.is_copying:
            raise BackupInUseException(f"Backup is being created: {self.name.arn}")
        if any(restoring.backup_key == backup.key for restoring in restorings(txn).values()):
            raise BackupInUseException(f"Backup is being used to restore table: {self.name.arn}")
        gone = Writes(deletes=[backup.key], puts=[garbage_of_backup(backup.number)])
        return Outcome(_description(backup, self.name.arn, "DELETED"), [gone])


def delete_backup(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DeleteBackup(backup_name(surroundings, caller, request["BackupArn"]))


@dataclass(frozen=True, slots=True)
class ListBackups:
    namespace: str
    table_name: str | None
    types: Collection[str]
    after: str
    """The id of a backup, which need not be there any more; empty for the first page."""
    since: float
    """Seconds since the epoch: created then or later."""
    until: float
    """Created before."""
    limit: int
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        found = (backup for backup in backups_after(txn, self.namespace, self.after) if self._wants(backup))
        page = list(islice(found, self.limit + 1))
        members: dict[str, Any] = {"BackupSummaries": [_summary(backup) for backup in page[: self.limit]]}
        if len(page) > self.limit:
            members["LastEvaluatedBackupArn"] = members["BackupSummaries"][-1]["BackupArn"]
        return Outcome(orjson.dumps(members))

    def _wants(self, backup: Backup) -> bool:
        is_asked_for = self.table_name in (None, backup.table_name) and backup.type in self.types
        return is_asked_for and self.since <= backup.created < self.until


def _summary(backup: Backup) -> dict[str, Any]:
    schema = backup.schema
    return {
        "TableName": schema.name,
        "TableId": schema.id,
        "TableArn": schema.arn,
        **_details(backup, backup_arn(schema, backup.id), _status(backup)),
    }


def list_backups(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    since = float(request.get("TimeRangeLowerBound", 0.0))
    until = float(request.get("TimeRangeUpperBound", "inf"))
    if since > until:
        raise invalid("Time range lower bound must be less than or equal to upper bound")
    namespace = surroundings.namespace(caller)
    name = request.get("TableName")
    plain = None if name is None else surroundings.catalog.plain_name(namespace, name)
    start = _start(surroundings, caller, request)
    types = _LISTED.get(request.get("BackupType", USER))
    if types is None:
        return _NO_BACKUPS
    return ListBackups(namespace, plain, types, start, since, until, request.get("Limit", LIST_BACKUPS_MAX))


def _start(surroundings: Surroundings, caller: Caller, request: Mapping[str, Any]) -> str:
    if "ExclusiveStartBackupArn" not in request:
        return ""
    start = backup_name(surroundings, caller, request["ExclusiveStartBackupArn"])
    arn = arns.parse(start.arn)
    if arn is not None and arn.region != caller.region and not surroundings.shared:
        raise ValidationException("Invalid Request: The supplied ExclusiveStartBackupArn does not match the region")
    return start.id
