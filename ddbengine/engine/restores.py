"""RestoreTableFromBackup: a new table with the items of a backup (FACTS 5.16).

``schema.restored`` says what the table is; ``engine.restoring`` puts the items in.  Until they are all there it is
CREATING and shows a RestoreSummary, and the backup can neither be deleted nor feed another table.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_rows import Backup, Restoring, restoring_put, restorings
from ddbengine.engine.backups import BackupName, backup_name
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.index_register import reregistered
from ddbengine.engine.restoring import first_items
from ddbengine.engine.tables import described
from ddbengine.errors import (
    BackupInUseException,
    TableAlreadyExistsException,
    TableInUseException,
    ValidationException,
)
from ddbengine.schema import arns
from ddbengine.schema.create import TableIdentity
from ddbengine.schema.describe import billing_members, wire_time
from ddbengine.schema.restored import check_overrides, restored_schema
from ddbengine.schema.table import TableSchema
from ddbengine.schema.throughput import ON_DEMAND
from ddbengine.schema.transition import CREATING, Transition, with_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes


@dataclass(frozen=True, slots=True)
class RestoreTableFromBackup:
    surroundings: Surroundings
    caller: Caller
    backup_name: BackupName
    request: Mapping[str, Any]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        backup = self.backup_name.find(txn)
        source = backup.schema
        check_overrides(source, self.request)
        self._check_free(txn)
        self._check_backup(backup, txn)
        first = catalogs.next_number(txn)
        schema, taken = restored_table(surroundings, self.caller, source, self.request, first)
        transition = creation(schema, self._summary(backup), now + surroundings.transient_seconds)
        body = described(schema, txn, now, transition)
        items, restored_to = first_items(schema, backup, txn)
        until = now + surroundings.transient_seconds
        shown: Transition | None = transition
        rest: list[Any] = []
        if restored_to is not None:
            shown = replace(transition, until=math.inf)
            row = Restoring(schema.namespace, schema.name, backup.key, restored_to, until)
            rest = [Writes(puts=[restoring_put(schema.number, row)])]
        elif surroundings.transient_seconds == 0:
            shown = None
        numbers = catalogs.taken_numbers(first, taken)
        saved = catalogs.save(with_transition(schema, shown))
        return Outcome(body, [numbers, saved, *reregistered(None, schema, txn), *items, *rest])

    def _check_free(self, txn: ReadTxn) -> None:
        """The service tells a table that is being restored from any other that has the name."""
        name = self.request["TargetTableName"]
        existing = self.surroundings.catalog.find(txn, self.backup_name.namespace, name)
        if existing is None:
            return
        if existing.number in restorings(txn):
            raise TableInUseException(f"Table: {name} is already being restored from backup: {self.backup_name.arn}")
        raise TableAlreadyExistsException(f"Table already exists: {name}")

    def _check_backup(self, backup: Backup, txn: ReadTxn) -> None:
        if backup.is_copying:
            raise BackupInUseException(f"Backup is being created: {self.backup_name.arn}")
        if any(other.backup_key == backup.key for other in restorings(txn).values()):
            raise BackupInUseException(f"Backup is being used to restore another table: {self.backup_name.arn}")

    def _summary(self, backup: Backup) -> dict[str, Any]:
        return {
            "SourceBackupArn": self.backup_name.arn,
            "SourceTableArn": backup.schema.arn,
            "RestoreDateTime": wire_time(backup.created),
            "RestoreInProgress": True,
        }


def restored_table(
    surroundings: Surroundings, caller: Caller, source: TableSchema, request: Mapping[str, Any], first: int
) -> tuple[TableSchema, int]:
    """The table that a request makes of a source, and how many numbers it takes from the first on."""
    name, region, account_id = request["TargetTableName"], caller.region, surroundings.account_id
    arn, now = arns.table_arn(region, account_id, name), surroundings.clock()
    namespace = surroundings.namespace(caller)
    identity = TableIdentity(name, namespace, arn, str(uuid.uuid4()), region, account_id, now)
    schema, taken = restored_schema(source, request, identity, first)
    cuts = surroundings.streams.first_cuts(schema)
    if cuts:
        schema = replace(schema, settings={**schema.settings, "PartitionCuts": cuts})
    return schema, taken


def creation(schema: TableSchema, summary: Mapping[str, Any], until: float) -> Transition:
    """What a table shows while it is being restored."""
    table: dict[str, Any] = {"WarmThroughput": None, "RestoreSummary": summary}
    if schema.settings["BillingMode"] == ON_DEMAND:
        table |= billing_members(ON_DEMAND, {})
    indexes = {index.name: {"IndexStatus": None, "WarmThroughput": None} for index in schema.global_indexes}
    indexes |= {index.name: {"IndexStatus": None} for index in schema.vector_indexes}
    return Transition(CREATING, until, table, indexes)


def check_region(surroundings: Surroundings, caller: Caller, arn: str, request: Mapping[str, Any]) -> None:
    """Raise ValidationException for a source in another region without an encryption of the target."""
    found = arns.parse(arn)
    is_elsewhere = found is not None and found.region != caller.region and not surroundings.shared
    if is_elsewhere and "SSESpecificationOverride" not in request:
        raise ValidationException(
            "Invalid Request: sseSpecificationOverride must be provided for cross-region restores"
        )


def restore_table_from_backup(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    name = backup_name(surroundings, caller, request["BackupArn"])
    check_region(surroundings, caller, name.arn, request)
    return RestoreTableFromBackup(surroundings, caller, name, request)
